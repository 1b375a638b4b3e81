"""Locks: entries that are not allowed for a time, because of what has happened (`Protection`).

They are fed with round trips: a strategy's position that has come back to zero, or has turned, and what it
has brought. A lock ends by itself. What makes a position smaller always passes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import attrs

from livetrio.engines.risk_config import Protection

MILLISECOND = 1_000_000

MAX_TRIPS = 10_000
"""Round trips that are remembered."""


@attrs.frozen
class Lock:
    """Entries are not allowed."""

    reason: str
    until: int
    """UTC nanoseconds."""


@attrs.frozen
class _Trip:
    instrument_id: str
    pnl: Decimal
    ts: int


class Locks:
    """Of one account."""

    def __init__(self, protections: Sequence[Protection]) -> None:
        self._protections = protections
        self._trips: deque[_Trip] = deque(maxlen=MAX_TRIPS)
        self._locks: dict[str | None, Lock] = {}
        """By instrument; None: all."""

    def take_trip(self, instrument_id: str, pnl: Decimal, ts: int) -> None:
        """A round trip has ended (``ts``: UTC nanoseconds)."""
        self._trips.append(_Trip(instrument_id, pnl, ts))
        for protection in self._protections:
            seen = [
                each
                for each in self._trips
                if each.ts > ts - protection.window_ms * MILLISECOND
                and (protection.everywhere or each.instrument_id == instrument_id)
            ]
            reason = _RULES[protection.kind](protection, seen)
            if reason is not None:
                self.lock(
                    None if protection.everywhere else instrument_id,
                    reason,
                    ts + protection.lock_ms * MILLISECOND,
                )

    def lock(self, instrument_id: str | None, reason: str, until: int) -> None:
        """Allow no entry until an instant; None: in no instrument. A longer lock that holds already stays."""
        known = self._locks.get(instrument_id)
        if known is None or known.until < until:
            self._locks[instrument_id] = Lock(reason, until)

    def reason(self, instrument_id: str, now: int) -> str | None:
        """Why an instrument may not be entered now, or None."""
        for key in (None, instrument_id):
            lock = self._locks.get(key)
            if lock is not None and lock.until > now:
                return f"{lock.reason} (for {(lock.until - now) / 1e9:.0f} s more)"
        return None

    def active(self, now: int) -> Mapping[str | None, Lock]:
        """Those that hold, by instrument; None: all instruments."""
        return {key: lock for key, lock in self._locks.items() if lock.until > now}


def _cooldown(_: Protection, trips: Sequence[_Trip]) -> str | None:
    return f"cooling down after a round trip in {trips[-1].instrument_id}"


def _losing_streak(rule: Protection, trips: Sequence[_Trip]) -> str | None:
    last = list(trips)[-rule.trips :]
    if len(last) == rule.trips and all(each.pnl < 0 for each in last):
        return f"{rule.trips} losing round trips in a row"
    return None


def _low_profit(rule: Protection, trips: Sequence[_Trip]) -> str | None:
    total = sum((each.pnl for each in trips), Decimal(0))
    if len(trips) >= rule.trips and total < rule.amount:
        return f"the last {len(trips)} round trips have brought {total:f}, less than {rule.amount}"
    return None


def _max_drawdown(rule: Protection, trips: Sequence[_Trip]) -> str | None:
    total = best = Decimal(0)
    for each in trips:
        total += each.pnl
        best = max(best, total)
    if len(trips) >= rule.trips and best - total > rule.amount:
        return f"round trips have lost {best - total:f} from their best, more than {rule.amount}"
    return None


_RULES: Mapping[str, Callable[[Protection, Sequence[_Trip]], str | None]] = {
    "cooldown": _cooldown,
    "losing_streak": _losing_streak,
    "low_profit": _low_profit,
    "max_drawdown": _max_drawdown,
}
