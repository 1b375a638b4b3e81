"""Rate: so many a second on the average, and so many at once."""

from __future__ import annotations

from decimal import Decimal

SECOND = 1_000_000_000


class Rate:
    """A bucket of tokens that is full at first, kept as one instant: when it will be full again.

    So it needs no timer and no fractions (the *generic cell rate algorithm* of ATM networks).
    """

    def __init__(self, per_second: Decimal, burst: int) -> None:
        self._interval = max(1, int(SECOND / per_second))
        self._depth = (burst - 1) * self._interval
        self._full_at = 0

    def take(self, now: int) -> bool:
        """Take one; False if there is none (``now``: UTC nanoseconds, which may go back)."""
        if self._full_at - now > self._depth:
            # A clock that was set back by more than the whole bucket starts it afresh, empty.
            self._full_at = min(self._full_at, now + self._depth + self._interval)
            return False
        self._full_at = max(self._full_at, now) + self._interval
        return True
