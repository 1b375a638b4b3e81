"""Gate: whether orders may leave to a venue, and if not, why and since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

SECOND = 1_000_000_000


@attrs.frozen
class Closed:
    """One reason for which it is closed."""

    words: str
    """For people: ``the account's stream is down``."""
    since: int
    """UTC nanoseconds; 0: from the beginning."""
    passes_post_only: bool = False
    """Whether orders that can only rest may leave all the same."""


class Gate:
    """Of one account. It is open when nobody has a reason to keep it closed; at first there is one."""

    def __init__(self, since: int = 0, *, on_change: Callable[[bool], None] | None = None) -> None:
        """Make a gate that is closed.

        Args:
          since: from when on it counts as not connected, UTC nanoseconds.
          on_change: told when it has opened (True) or closed, after it has; not of each reason.
        """
        self.on_change = on_change
        self._reasons: dict[str, Closed] = {"connection": Closed("not connected yet", since)}
        self._on_trial: dict[str, Closed] = {}
        self.closed_since = since
        """Since when it is closed, or was the last time, for whatever reasons; UTC nanoseconds."""

    def close(self, key: str, words: str, now: int, *, passes_post_only: bool = False) -> None:
        """Keep it closed for a reason, until `open` is called with the same key.

        A reason that holds already goes on holding from when it began, in the new words. With
        ``passes_post_only`` it holds only for orders that may be filled at once.
        """
        was_open = self.is_open
        known = self._reasons.get(key) or self._on_trial.pop(key, None)
        since = now if known is None else known.since
        self._reasons[key] = Closed(words, since, passes_post_only)
        if was_open:
            self.closed_since = since
        self._tell_change(was_open)

    def open(self, key: str, *, on_trial: bool = False) -> None:
        """A reason does not hold any more; no error if it did not.

        With ``on_trial`` nobody knows yet: until `settle`, if it is closed again it has held all the while.
        """
        was_open = self.is_open
        known = self._reasons.pop(key, None)
        if on_trial and known is not None:
            self._on_trial[key] = known
        self._tell_change(was_open)

    def settle(self, key: str) -> None:
        """What was opened on trial is open."""
        self._on_trial.pop(key, None)

    def is_on_trial(self, key: str) -> bool:
        """Whether it was opened, and nobody knows yet whether the reason is gone."""
        return key in self._on_trial

    @property
    def is_open(self) -> bool:
        """Whether all orders may leave."""
        return not self._reasons

    @property
    def reasons(self) -> Mapping[str, Closed]:
        """All that keeps it closed, by key, the oldest first."""
        return MappingProxyType(self._reasons)

    def reason(self, now: int, *, post_only: bool = False) -> str | None:
        """In words why it is closed and since when, by the oldest reason; None: it is open.

        Args:
          now: UTC nanoseconds.
          post_only: whether for orders that can only rest.
        """
        for closed in self._reasons.values():
            if post_only and closed.passes_post_only:
                continue
            if not closed.since:
                return closed.words
            return f"{closed.words} (since {(now - closed.since) / SECOND:.1f} s)"
        return None

    def _tell_change(self, was_open: bool) -> None:
        if self.on_change is not None and self.is_open is not was_open:
            self.on_change(self.is_open)

    def __repr__(self) -> str:
        return f"<Gate {'open' if self.is_open else 'closed: ' + ', '.join(self._reasons)}>"
