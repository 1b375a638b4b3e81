"""Rate: so many a second on the average, and so many at once."""

from __future__ import annotations

SECOND = 1_000_000_000


class Rate:
    """A bucket of tokens, by the instants that it is told."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._filled = 0

    def take(self, now: int) -> bool:
        """Take one; False if there is none (``now``: UTC nanoseconds)."""
        if self._filled:
            self._tokens = min(
                float(self._burst), self._tokens + max(0, now - self._filled) / SECOND * self._per_second
            )
        self._filled = max(now, self._filled)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
