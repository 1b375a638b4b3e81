"""Measures: all that is counted of a running engine only while somebody wants to know it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from livetrio.operations.collector_pauses import CollectorPauses
from livetrio.operations.handler_times import HandlerTimes
from livetrio.operations.loop_times import LoopTimes
from livetrio.operations.order_delays import OrderDelays
from livetrio.operations.slow import SlowCalls
from livetrio.operations.watched import Watched


class Measures:
    """Of one run of an engine. Make it inside `trio.run`; it measures while `attached`."""

    def __init__(self, engine: Watched, *, slow: float) -> None:
        """``slow``: the seconds that nothing should hold the loop for."""
        self._engine = engine
        self.slow = SlowCalls(engine.bus, engine.clock, limit=slow)
        self.handlers = HandlerTimes(engine.clock, self.slow)
        self.loop = LoopTimes(engine.clock, self.slow, self.handlers)
        self.collector = CollectorPauses(engine.clock)
        self.delays = OrderDelays()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Measure while the block runs. To be entered before strategies and connections start."""
        engine, desk = self._engine, self._engine.desk
        engine.bus.timing = self.handlers
        if desk is not None:
            desk.tracker.times = self.delays
        trio.lowlevel.add_instrument(self.loop)
        try:
            with self.collector.watching():
                yield
        finally:
            trio.lowlevel.remove_instrument(self.loop)
            engine.bus.timing = None
            if desk is not None:
                desk.tracker.times = None

    async def run(self) -> None:
        """Look how late the loop is, until cancelled."""
        await self.loop.run()
