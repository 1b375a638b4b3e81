"""Locks: entries that are not allowed for a time, because of what has happened.

They are fed with round trips: a strategy's position that has come back to zero, or has turned, and what it
has brought (`Protection` says what follows). A lock ends by itself. What makes a position smaller always
passes.

The journal has the locks that hold and the round trips that still count, so that a restart ends none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from livetrio.engines.risk_config import Protection
from livetrio.model import InstrumentId

MILLISECOND = 1_000_000
SECOND = 1_000_000_000

MAX_TRIPS = 10_000
"""Round trips that are remembered, if so many fall within the longest window."""

Remember = Callable[[str, str, Mapping[str, object] | None], None]
"""Called with a kind, a key and a small state for the journal; None: it is over."""

LOCK, TRIP = "lock", "trip"
"""The journal's kinds of state."""


@attrs.frozen(kw_only=True)
class Lock:
    """Entries are not allowed: in an instrument, by a strategy, or (both None) at all."""

    instrument_id: InstrumentId | None = None
    strategy: str | None = None
    reason: str
    until: int
    """UTC nanoseconds."""


@attrs.frozen
class RoundTrip:
    """A position that has come back to zero, or has turned."""

    instrument_id: InstrumentId
    pnl: Decimal
    """What it has brought, fees and funding included; quote currency."""
    ts: int
    """When it ended, UTC nanoseconds."""


class Locks:
    """Of one account."""

    def __init__(
        self,
        protections: Sequence[Protection] = (),
        *,
        remember: Remember = lambda _kind, _key, _value: None,
    ) -> None:
        self._protections = protections
        self._remember = remember
        self._window = max((each.window_ms * MILLISECOND for each in protections), default=0)
        self._trips: deque[RoundTrip] = deque()
        self._first = 0
        """The number of the first of them; by it the journal knows a trip."""
        self._locks: dict[tuple[InstrumentId | None, str | None], Lock] = {}

    def restore(self, states: Mapping[str, Mapping[str, Mapping[str, Any]]], now: int) -> None:
        """Take back what was remembered, by kind and key, as far as it still counts."""
        for key, value in states.get(LOCK, {}).items():
            instrument, _, strategy = key.partition("|")
            lock = Lock(
                instrument_id=InstrumentId(instrument) if instrument else None,
                strategy=strategy or None,
                reason=value["reason"],
                until=value["until"],
            )
            if lock.until > now:
                self._locks[lock.instrument_id, lock.strategy] = lock
            else:
                self._remember(LOCK, key, None)
        for key, value in sorted(states.get(TRIP, {}).items()):
            if not self._trips:
                self._first = int(key)
            self._trips.append(
                RoundTrip(InstrumentId(value["instrument_id"]), Decimal(value["pnl"]), value["ts"])
            )
        self._forget_trips(now)

    def take_trip(self, trip: RoundTrip) -> list[Lock]:
        """A round trip has ended; returns what is locked by it and was not before."""
        if not self._protections:
            return []
        self._trips.append(trip)
        self._remember(
            TRIP,
            _trip_key(self._first + len(self._trips) - 1),
            {"instrument_id": trip.instrument_id, "pnl": str(trip.pnl), "ts": trip.ts},
        )
        self._forget_trips(trip.ts)
        return [lock for each in self._protections if (lock := self._apply(each, trip)) is not None]

    def _forget_trips(self, now: int) -> None:
        while self._trips and (self._trips[0].ts <= now - self._window or len(self._trips) > MAX_TRIPS):
            self._trips.popleft()
            self._remember(TRIP, _trip_key(self._first), None)
            self._first += 1

    def _apply(self, protection: Protection, trip: RoundTrip) -> Lock | None:
        start = trip.ts - protection.window_ms * MILLISECOND
        instrument = None if protection.everywhere else trip.instrument_id
        seen = [each for each in self._trips if each.ts > start and instrument in (None, each.instrument_id)]
        reason = _RULES[protection.kind](protection, seen)
        if reason is None:
            return None
        until = trip.ts + protection.lock_ms * MILLISECOND
        lock = Lock(instrument_id=instrument, reason=reason, until=until)
        return lock if self.add(lock, trip.ts) else None

    def add(self, lock: Lock, now: int) -> bool:
        """Lock; False if that was locked already. A longer lock that holds already stays as it is."""
        key = (lock.instrument_id, lock.strategy)
        known = self._locks.get(key)
        if known is None or known.until < lock.until:
            self._locks[key] = lock
            self._remember(LOCK, _lock_key(lock), {"reason": lock.reason, "until": lock.until})
        return known is None or known.until <= now

    def reason(self, instrument_id: InstrumentId, strategy: str | None, now: int) -> str | None:
        """Why a strategy may not enter an instrument now, or None: it may."""
        if not self._locks:
            return None
        for key in ((None, None), (instrument_id, None), (None, strategy)):
            lock = self._locks.get(key)
            if lock is not None and lock.until > now:
                return f"{lock.reason} (for {(lock.until - now) / SECOND:.0f} s more)"
        return None

    def active(self, now: int) -> tuple[Lock, ...]:
        """Those that hold, in the order in which they began."""
        for key, lock in list(self._locks.items()):
            if lock.until <= now:
                del self._locks[key]
                self._remember(LOCK, _lock_key(lock), None)
        return tuple(self._locks.values())

    def clear(self) -> None:
        """End all locks, and forget the round trips."""
        for lock in self._locks.values():
            self._remember(LOCK, _lock_key(lock), None)
        self._locks.clear()
        for number in range(self._first, self._first + len(self._trips)):
            self._remember(TRIP, _trip_key(number), None)
        self._first += len(self._trips)
        self._trips.clear()


def _lock_key(lock: Lock) -> str:
    return f"{lock.instrument_id or ''}|{lock.strategy or ''}"


def _trip_key(number: int) -> str:
    return f"{number:012d}"


def _cooldown(_: Protection, trips: Sequence[RoundTrip]) -> str | None:
    return f"cooling down after a round trip in {trips[-1].instrument_id}"


def _losing_streak(rule: Protection, trips: Sequence[RoundTrip]) -> str | None:
    last = trips[-rule.trips :]
    if len(last) == rule.trips and all(each.pnl < 0 for each in last):
        return f"{rule.trips} losing round trips in a row"
    return None


def _low_profit(rule: Protection, trips: Sequence[RoundTrip]) -> str | None:
    total = sum((each.pnl for each in trips), Decimal(0))
    if len(trips) >= rule.trips and total < rule.amount:
        return f"the last {len(trips)} round trips have brought {total:f}, less than {rule.amount:f}"
    return None


def _max_drawdown(rule: Protection, trips: Sequence[RoundTrip]) -> str | None:
    total = best = Decimal(0)
    for each in trips:
        total += each.pnl
        best = max(best, total)
    if len(trips) >= rule.trips and best - total > rule.amount:
        return f"round trips have lost {best - total:f} from their best, more than {rule.amount:f}"
    return None


_RULES: Mapping[str, Callable[[Protection, Sequence[RoundTrip]], str | None]] = {
    "cooldown": _cooldown,
    "losing_streak": _losing_streak,
    "low_profit": _low_profit,
    "max_drawdown": _max_drawdown,
}
"""By kind: why entries are to be locked, seeing the round trips within the window, the last one included."""
