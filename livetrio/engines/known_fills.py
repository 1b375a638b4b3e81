"""KnownFills: which fills and payments were counted already, so that none is counted twice.

Venues tell them again after every reconnect. What was there before the account was first looked at is part of
what was found then: it counts as known, too.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_KNOWN = 50_000
"""Ids that are remembered; venues tell at most some thousands again. Those before count as known."""


class KnownFills:
    """Of one account. `since` must be set before anything can be told apart."""

    def __init__(self, ids: Iterable[str] = (), *, since: int | None = None) -> None:
        self.since = since
        """The instant of the venue's clock, UTC nanoseconds, at which the account was first looked at, or a
        later one: what is not younger is known. None: it has not been looked at yet."""
        self._ids: dict[str, int] = dict.fromkeys(ids, 0)

    def add(self, fill_id: str, ts_event: int) -> bool:
        """Note one; False if it was known."""
        assert self.since is not None, "nothing can be told apart before the account was looked at"
        if ts_event <= self.since or fill_id in self._ids:
            return False
        self._ids[fill_id] = ts_event
        if len(self._ids) > MAX_KNOWN:
            oldest = next(iter(self._ids))
            self.since = max(self.since, self._ids.pop(oldest))
        return True

    def __contains__(self, fill_id: str) -> bool:
        return fill_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)
