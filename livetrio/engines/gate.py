"""Gate: whether orders may leave to a venue, and if not, why and since when."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

SECOND = 1_000_000_000


@attrs.frozen
class Closed:
    """One reason for which it is closed."""

    words: str
    """For people: ``the account's stream is down``."""
    since: int
    """UTC nanoseconds."""


class Gate:
    """Of one account. It is open when nobody has a reason to keep it closed; at first there is one."""

    def __init__(self, since: int = 0) -> None:
        """``since``: from when on it counts as not connected, UTC nanoseconds."""
        self._reasons: dict[str, Closed] = {"connection": Closed("not connected yet", since)}

    def close(self, key: str, words: str, now: int) -> None:
        """Keep it closed for a reason, until `open` is called with the same key.

        A reason that holds already goes on holding from when it began, in the new words.
        """
        known = self._reasons.get(key)
        self._reasons[key] = Closed(words, now if known is None else known.since)

    def open(self, key: str) -> None:
        """A reason does not hold any more; no error if it did not."""
        self._reasons.pop(key, None)

    @property
    def is_open(self) -> bool:
        """Whether orders may leave."""
        return not self._reasons

    @property
    def reasons(self) -> Mapping[str, Closed]:
        """All that keeps it closed, by key, the oldest first."""
        return MappingProxyType(self._reasons)

    def reason(self, now: int) -> str | None:
        """In words why it is closed and since when, by the oldest reason; None: it is open."""
        for closed in self._reasons.values():
            if not closed.since:
                return closed.words
            return f"{closed.words} (since {(now - closed.since) / SECOND:.1f} s)"
        return None

    def __repr__(self) -> str:
        return f"<Gate {'open' if self.is_open else 'closed: ' + ', '.join(self._reasons)}>"
