"""Bar closer: closes bars by the clock, for a market that is silent when their period ends."""

from __future__ import annotations

import trio

from livetrio.clock import NANOSECONDS, Clock
from livetrio.engines.data import BAR_GRACE, DataEngine

BAR_TIMER = 60.0
"""Seconds between looks for bars to close: every interval is a multiple of it."""


async def close_bars(data: DataEngine, clock: Clock) -> None:
    """Close bars just after each full minute, once the grace has passed; until cancelled."""
    period = int(BAR_TIMER * NANOSECONDS)
    now = clock.now()
    while True:
        due = (now - BAR_GRACE) // period * period + period + BAR_GRACE
        await trio.sleep_until(clock.trio_time(due))
        now = max(due, clock.now())
        data.close_bars(now)
