"""Rate and Rates: so many a second on the average, and so many at once."""

from __future__ import annotations

from decimal import Decimal

from livetrio.engines.risk_config import RiskConfig

SECOND = 1_000_000_000


class Rate:
    """A bucket of tokens that is full at first, kept as one instant: when it will be full again.

    So it needs no timer and no fractions (the *generic cell rate algorithm* of ATM networks).
    """

    def __init__(self, per_second: Decimal, burst: int) -> None:
        self._interval = max(1, int(SECOND / per_second))
        self._depth = (burst - 1) * self._interval
        self._full_at = 0

    def is_free(self, now: int) -> bool:
        """Whether `take` would find one."""
        return self._full_at - now <= self._depth

    def take(self, now: int) -> bool:
        """Take one; False if there is none (``now``: UTC nanoseconds, which may go back)."""
        if not self.is_free(now):
            # A clock that was set back by more than the whole bucket starts it afresh, empty.
            self._full_at = min(self._full_at, now + self._depth + self._interval)
            return False
        self._full_at = max(self._full_at, now) + self._interval
        return True


class Rates:
    """Of the orders of an account, and within it of those strategies that have a limit."""

    def __init__(self, config: RiskConfig) -> None:
        self._all = Rate(config.max_order_rate, config.order_rate_burst)
        self._most = f"more than {config.max_order_rate:f} orders a second"
        self._own = {
            name: (Rate(most, limits.order_rate_burst or max(1, int(2 * most))), f"{most:f}")
            for name, limits in config.strategies.items()
            if (most := limits.max_order_rate) is not None
        }

    def take(self, strategy: str | None, now: int) -> str | None:
        """Count an order; if that is one too many, in words by which limit."""
        own = None if strategy is None else self._own.get(strategy)
        if own is not None and not own[0].is_free(now):
            return f"more than {own[1]} orders a second of {strategy}"
        if not self._all.take(now):
            return self._most
        if own is not None:
            own[0].take(now)
        return None
