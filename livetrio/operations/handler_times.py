"""HandlerTimes: how long each function that is called with events holds the loop, and who is too slow.

It takes the place of the functions themselves (`livetrio.bus.Timing`), so that what is not measured costs
nothing. Of an ``async def`` only what it does before it first waits is seen here; `LoopTimes` sees the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from livetrio.clock import NANOSECONDS, Clock
from livetrio.operations.histogram import Histogram
from livetrio.operations.slow import SlowCalls
from livetrio.strategy.context import waits_since

SAMPLE_INTERVAL = 0.001
"""Seconds, at the least, between two looks at how long an event has waited for its handler."""


class HandlerTimes:
    """A `livetrio.bus.Timing`."""

    def __init__(self, clock: Clock, slow: SlowCalls) -> None:
        self.times: dict[tuple[str, str], Histogram] = {}
        """Seconds in each function, by owner and name."""
        self.waits: dict[str, Histogram] = {}
        """Seconds from the arrival of an event's frame to its handler, by owner. At most one each ms is
        looked at, for it costs as much as a handler that does little."""
        self.last_waits: dict[str, tuple[int, int]] = {}
        """When an owner was last called with an event that was looked at, and how long that had waited; in
        nanoseconds."""
        self.is_named = False
        """Whether something was named as slow; whoever looks sets it back."""
        self._clock = clock
        self._slow = slow

    def timed(self, owner: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function, with its time taken."""
        what = getattr(function, "__qualname__", type(function).__name__)
        times = self.times.setdefault((owner, what), Histogram())
        waits = self.waits.setdefault(owner, Histogram())
        stopwatch, now, slow, last_waits = self._clock.stopwatch, self._clock.now, self._slow, self.last_waits
        # The histogram's own `add` would be a third of what this costs, and this is done for each event.
        counts, bounds, limit, place_of = times.counts, times.bounds, slow.limit, bisect_left
        due = stopwatch()

        def call(event: Any) -> Any:
            nonlocal due
            began = stopwatch()
            if began >= due:
                due = began + SAMPLE_INTERVAL
                arrival = waits_since(event)
                if arrival is not None:
                    called = now()
                    waits.add((called - arrival) / NANOSECONDS)
                    last_waits[owner] = called, called - arrival
            try:
                return function(event)
            finally:
                took = stopwatch() - began
                counts[place_of(bounds, took)] += 1
                times.total += took
                if took > limit:
                    self.is_named = True
                    slow.name(owner, what, took)

        return call
