"""Nonces: the numbers each signer has used up, so that no signed action counts twice (§5.10).

As the venue keeps them: of each signer (an account's own key, or an agent: each has its own) the highest
`KEPT`. A new one must be none of them, and once there are so many, above the lowest; so actions may arrive
out of order, but not by far. And it must lie near the block's time.
"""

from __future__ import annotations

from bisect import bisect_left

KEPT = 100
"""Nonces remembered of a signer."""

DAY = 86_400_000
"""ms."""

PAST = 2 * DAY
FUTURE = DAY
"""How far a nonce may lie before and after the block's time, both ends excluded; ms."""

MAX_SIGNERS = 10_000
"""Signers remembered; the exchange's own bound. Beyond it the one is forgotten whose last action is the
longest ago: its actions of the last two days could then be sent again."""


class Nonces:
    """What has been used, by signer."""

    def __init__(self, *, max_signers: int = MAX_SIGNERS) -> None:
        self._max_signers = max_signers
        self._used: dict[str, list[int]] = {}
        """Ascending; the signer that acted last stands last."""

    def __len__(self) -> int:
        """How many signers are remembered."""
        return len(self._used)

    def check_and_add(self, signer: str, nonce: int, time: int) -> str | None:
        """Use a nonce up at a block's time, both ms; or the text of why not, and nothing is changed.

        The text for a duplicate is the venue's. Those for the two others are not known: they are ours.
        """
        if not time - PAST < nonce < time + FUTURE:
            return f"Invalid nonce: nonce {nonce} is out of bounds, block time is {time}"
        used = self._used.get(signer)
        if used is None:
            used = []
        at = bisect_left(used, nonce)
        if at < len(used) and used[at] == nonce:
            return f"Invalid nonce: duplicate nonce {nonce}"
        if len(used) == KEPT:
            if at == 0:
                return f"Invalid nonce: nonce {nonce} is too low, the lowest remembered is {used[0]}"
            used.insert(at, nonce)
            del used[0]
        else:
            used.insert(at, nonce)
        self._touch(signer, used)
        return None

    def _touch(self, signer: str, used: list[int]) -> None:
        self._used.pop(signer, None)
        self._used[signer] = used
        if len(self._used) > self._max_signers:
            del self._used[next(iter(self._used))]
