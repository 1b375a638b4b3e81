"""Ticker: publishes ``system.tick``, for strategies that act by the clock.

Ticks are due at whole multiples of the interval from the start, so they do not drift. A tick that comes
late because the program was busy is published when it can be; those that fell due meanwhile are not made
up for, but counted in ``missed``, and the number jumps accordingly. So ticks never bunch.
"""

from __future__ import annotations

import trio

from livetrio.bus import MessageBus
from livetrio.clock import NANOSECONDS, Clock
from livetrio.model import TickEvent
from livetrio.supervision.interval import Interval
from livetrio.topics import TICK


class Ticker:
    """Publishes a `TickEvent` every interval while it runs; none while the interval is None."""

    def __init__(self, bus: MessageBus, clock: Clock, interval: Interval) -> None:
        self.interval = interval
        self.number = 0
        """Of the last tick."""
        self._bus = bus
        self._clock = clock

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            seconds = self.interval.seconds
            if seconds is None:
                await self.interval.wait_changed()
            else:
                await self._tick_every(seconds)

    async def _tick_every(self, seconds: float) -> None:
        """Tick until the interval is changed."""
        origin = trio.current_time()
        start, period = self._clock.at(origin), round(seconds * NANOSECONDS)
        step = 1
        while await self.interval.wait_until(origin + step * seconds):
            due = int((trio.current_time() - origin) / seconds)
            missed = max(0, due - step)
            step += missed
            self.number += missed
            self.tick(start + step * period, missed=missed)
            step += 1

    def tick(self, timestamp: int | None = None, *, missed: int = 0) -> None:
        """Publish one tick now."""
        self.number += 1
        self._bus.publish(
            TICK,
            TickEvent(
                timestamp=self._clock.now() if timestamp is None else timestamp,
                tick_number=self.number,
                missed=missed,
            ),
        )
