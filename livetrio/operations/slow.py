"""SlowCalls: names what has held the loop for too long: in the log, on the bus, and in counts."""

from __future__ import annotations

from collections import Counter

import structlog

from livetrio.bus import MessageBus
from livetrio.clock import Clock
from livetrio.model import SlowEvent
from livetrio.topics import SLOW

log = structlog.get_logger()

LOG_INTERVAL = 10.0
"""Seconds for which the same thing is not logged again; how often it happened meanwhile is told then."""

MOST = 1_000
"""Different things that are told apart."""

OTHERS = ("others", "others")


class SlowCalls:
    """Of one engine."""

    def __init__(self, bus: MessageBus, clock: Clock, *, limit: float) -> None:
        """``limit``: the seconds that nothing should hold the loop for."""
        self.limit = limit
        self.counts: Counter[tuple[str, str]] = Counter()
        """How often, by owner and what."""
        self.seconds: dict[tuple[str, str], float] = {}
        """For how long all together."""
        self.last: SlowEvent | None = None
        self._bus = bus
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}
        """When each was logged last, and how often it had happened by then."""

    def name(self, owner: str, what: str, seconds: float) -> None:
        """It has held the loop for longer than the limit."""
        key = (owner, what)
        if key not in self.counts and len(self.counts) >= MOST:
            key = OTHERS
        self.counts[key] += 1
        self.seconds[key] = self.seconds.get(key, 0.0) + seconds
        self.last = SlowEvent(owner=owner, what=what, seconds=seconds, timestamp=self._clock.now())
        self._log(key, owner, what, seconds)
        if owner != f"handler of {SLOW}":  # or it would be called again, because it was slow
            self._bus.publish(SLOW, self.last)

    def _log(self, key: tuple[str, str], owner: str, what: str, seconds: float) -> None:
        now = self._clock.now() / 1e9
        told = self._told.get(key)
        if told is not None and now - told[0] < LOG_INTERVAL:
            return
        unsaid = self.counts[key] - 1 - (told[1] if told is not None else 0)
        more = {"unsaid": unsaid} if unsaid else {}
        self._told[key] = now, self.counts[key]
        log.warning(
            "nothing else could run for too long",
            owner=owner,
            what=what,
            ms=round(seconds * 1000, 1),
            limit_ms=round(self.limit * 1000, 1),
            **more,
        )
