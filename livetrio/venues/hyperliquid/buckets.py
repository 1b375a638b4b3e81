"""TokenBucket: so much in any minute, and never more."""

from __future__ import annotations


class TokenBucket:
    """What may be spent. It begins full, and fills at a constant rate; times are seconds of any one clock.

    In no minute more than ``per_minute`` is spent: ``at_once`` of it after a pause, the rest as it comes in.
    """

    def __init__(self, per_minute: float, *, at_once: float) -> None:
        self.capacity = at_once
        self.rate = (per_minute - at_once) / 60
        """Per second."""
        self._level = at_once
        self._at: float | None = None

    def level(self, now: float) -> float:
        """What there is. Below zero: more was spent than there was, and it is being paid off."""
        if self._at is not None:
            self._level = min(self.capacity, self._level + max(0.0, now - self._at) * self.rate)
        self._at = now if self._at is None else max(self._at, now)
        return self._level

    def delay(self, amount: float, now: float, *, reserve: float = 0.0) -> float:
        """Seconds until so much may be spent and the reserve is left.

        What is more than the bucket can hold may be spent when it is full, and is paid off afterwards.
        """
        wanted = min(amount + reserve, self.capacity)
        return max(0.0, wanted - self.level(now)) / self.rate

    def spend(self, amount: float, now: float) -> None:
        """It is spent, whether or not it was there."""
        self._level = self.level(now) - amount
