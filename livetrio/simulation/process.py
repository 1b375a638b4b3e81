"""Process: one life of the engine's process: started on a journal, ended by itself, by a signal or by a kill.

A process that is killed leaves its journal as the disk has it at that instant, and nothing that its tasks do
while they end reaches the world: their links are cut, they cannot dial, and their journal is a copy that
nobody reads.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import trio

from livetrio.app.engine import LiveTradingEngine
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.errors import ConnectionFailed
from livetrio.simulation.subject import Subject
from livetrio.simulation.trace import Trace, TracedBus
from livetrio.simulation.way import HOST, Way
from livetrio.supervision.dial import Address
from livetrio.venues.hyperliquid import HyperliquidVenue

JOURNAL = "orders.journal"


class Process:
    """One life."""

    def __init__(
        self,
        subject: Subject,
        *,
        number: int,
        folder: Path,
        clock: Clock,
        way: Way,
        key: str,
        trace: Trace,
        draw: Random,
        without: int = 0,
    ) -> None:
        """Make the engine, whose journal is in the folder; leave out so many of the strategies."""
        self.number = number
        self.folder = folder
        self.is_killed = False
        self.ended = trio.Event()
        """It has ended, or was killed."""
        self.failure: Exception | None = None
        """What it ended of, if it was not told to."""
        self._way = way
        self._trace = trace
        self._scope = trio.CancelScope()
        self._far_side: trio.Nursery | None = None
        subject.on_start()
        self.engine = LiveTradingEngine(
            TracedBus(trace, number),
            Cache(subject.cache),
            subject.engine,
            clock=clock,
            dial=self._dial,
            rng=draw,
        )
        venue = HyperliquidVenue(subject.venue, base_url=f"http://{HOST}", key=key)
        self.engine.add_venue(venue)
        self.engine.take_orders(
            self.journal, sync=subject.sync, execution=subject.execution, risk=subject.risk
        )
        for add in subject.strategies[: len(subject.strategies) - without]:
            add(self.engine)

    @property
    def journal(self) -> Path:
        """Its file."""
        return self.folder / JOURNAL

    async def run(self, far_side: trio.Nursery) -> None:
        """Live. Links are served in the nursery."""
        self._far_side = far_side
        self._trace.note(f"engine {self.number}: starts")
        with self._scope:
            try:
                await self.engine.run()
            except Exception as error:  # whoever watches over the process decides what it means
                if not self.is_killed:  # of a dead process nothing is heard
                    self.failure = error
        if not self.is_killed:
            words = "" if self.failure is None else f": {type(self.failure).__name__}: {self.failure}"
            self._trace.note(f"engine {self.number}: ended{words}")
            self.ended.set()

    def stop(self, reason: str) -> None:
        """Tell it to stop, as a signal does."""
        if self.engine.is_running:
            self.engine.stop(reason)

    def kill(self, heir: Path, draw: Random | None) -> None:
        """End it at once, and leave what is on its disk to the heir's folder.

        Args:
          draw: says how much of the tail of the journal's log is lost; None: nothing is.
        """
        if self.ended.is_set():
            return
        self.is_killed = True
        self._trace.note(f"engine {self.number}: killed")
        shutil.copytree(self.folder, heir, dirs_exist_ok=True)
        log = heir / f"{JOURNAL}-wal"
        if draw is not None and log.exists() and (size := log.stat().st_size):
            with log.open("r+b") as file:
                file.truncate(size - draw.randrange(min(size, 4_096)))
        self._way.reset()
        self._scope.cancel()
        self.ended.set()

    async def _dial(self, address: Address) -> trio.abc.Stream:
        if self.is_killed:
            raise ConnectionFailed("the process is dead")
        assert self._far_side is not None
        return await self._way.dial(address, self._far_side)
