"""Process: one life of the engine's process: started on a journal, ended by itself, by a signal or by a kill.

A process that is killed leaves its journal as the disk has it at that instant, and nothing that its tasks do
while they end reaches the world: their links are cut, they cannot dial, and their journal is a copy that
nobody reads. What had left before arrives, however.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import trio

from livetrio.app.engine_run import EngineRun
from livetrio.app.order_desk import OrderDesk
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.gate import Gate
from livetrio.errors import AllConnectionsFailed, ConnectionFailed, JournalFailed
from livetrio.model import ConnectionEvent, Order, Position
from livetrio.simulation.desk_watch import DeskWatch
from livetrio.simulation.disk import Disk
from livetrio.simulation.invariants import Broken, Watch
from livetrio.simulation.mischief import Mischief, PlannedError, SpoiledEngine
from livetrio.simulation.reach import Reach
from livetrio.simulation.sessions import Sessions, WatchedVenue
from livetrio.simulation.subject import Subject
from livetrio.simulation.trace import Trace, TracedBus
from livetrio.simulation.way import HOST, Way
from livetrio.supervision.dial import Address


class Process:
    """One life."""

    def __init__(
        self,
        subject: Subject,
        *,
        number: int,
        disk: Disk,
        clock: Clock,
        way: Way,
        key: str,
        trace: Trace,
        watch: Watch,
        mischief: Mischief,
        draw: Random,
        strategies: int,
    ) -> None:
        """Make the engine, whose journal is on the disk, with so many of the strategies."""
        self.number = number
        self.disk = disk
        self.is_killed = False
        self.ended = trio.Event()
        """It has ended, or was killed."""
        self.buried = trio.Event()
        """Its last task has ended, too."""
        self.failure: Exception | None = None
        """What it ended of, if it was not told to."""
        self.stopping_since: float | None = None
        """When it was told to stop first."""
        self.reach = Reach()
        """Whether it is in a state to trade."""
        self._way = way
        self._trace = trace
        self._scope = trio.CancelScope()
        self._far_side: trio.Nursery | None = None
        self._watch = watch
        self._sessions = Sessions(self._accuse)
        self._desk_watch: DeskWatch | None = None
        subject.on_start()
        self.engine = SpoiledEngine(
            TracedBus(trace, self, watch),
            Cache(subject.cache),
            subject.engine,
            clock=clock,
            dial=self._dial,
            rng=draw,
        )
        self.engine.mischief = mischief
        venue = WatchedVenue(subject.venue, base_url=f"http://{HOST}", key=key)
        venue.sessions = self._sessions
        self.engine.add_venue(venue)
        self.engine.take_orders(
            self.journal, sync=subject.sync, execution=subject.execution, risk=subject.risk
        )
        self._put_on_disk()
        for add in subject.strategies[:strategies]:
            add(self.engine)

    def _put_on_disk(self) -> None:
        open_desk = self.engine._open_desk
        assert open_desk is not None

        def open_on_disk(run: EngineRun, clock: Clock) -> OrderDesk:
            self.disk.check()
            desk = open_desk(run, clock)
            self.disk.watch(desk.keeper.journal)
            self._desk_watch = DeskWatch(self, desk, self._watch)
            return desk

        self.engine._open_desk = open_on_disk

    @property
    def journal(self) -> Path:
        """Its file."""
        return self.disk.journal

    @property
    def gate(self) -> Gate | None:
        """Of its account."""
        desk = self.engine.desk
        return None if desk is None or not desk.accounts else desk.accounts[0].link.gate

    @property
    def now(self) -> int:
        """By its clock."""
        return self.engine.clock.now()

    @property
    def why_not(self) -> str | None:
        """Why no order may leave, as seen from outside of it."""
        return self.reach.why_not(self.engine.desk)

    @property
    def run_number(self) -> int | None:
        """Which run of its journal it is; None: it has not opened it."""
        return None if self.engine.desk is None else self.engine.desk.keeper.journal.run

    @property
    def left(self) -> Sequence[Order]:
        """Orders that it names as left."""
        return () if self.engine.desk is None else self.engine.desk.left()

    # What is looked at while it lives.

    def hear(self, event: object) -> None:
        """Its engine tells of a position, or of a connection."""
        if isinstance(event, ConnectionEvent):
            self._sessions.hear(event)
            self.reach.hear(event, self.engine.desk)
        elif isinstance(event, Position) and self._desk_watch is not None:
            self._desk_watch.hear(event)

    def look(self) -> None:
        """Look at what it believes now."""
        if self._desk_watch is not None:
            self._desk_watch.look()

    def _accuse(self, broken: Broken) -> None:
        if not self.is_killed:
            self._watch.accuse(broken)

    # Its life.

    async def run(self, far_side: trio.Nursery) -> None:
        """Live. Links are served in the nursery."""
        self._far_side = far_side
        self._trace.note(f"engine {self.number}: starts")
        try:
            with self._scope:  # inside, so that the kill's own cancellations are taken out of a group
                await self.engine.run()
        except Exception as error:  # whoever watches over the process decides what it means
            if not self.is_killed:  # of a dead process nothing is heard
                self.failure = error
        if not self.is_killed:
            words = "" if self.failure is None else f": {type(self.failure).__name__}: {self.failure}"
            self._trace.note(f"engine {self.number}: ended{words}")
            self.ended.set()
        self.buried.set()

    def stop(self, reason: str) -> None:
        """Tell it to stop, as a signal does."""
        if self.engine.is_running:
            if self.stopping_since is None:
                self.stopping_since = trio.current_time()
            self.engine.stop(reason)

    def hurry(self) -> None:
        """Tell it again, as a second signal does."""
        self.engine.hurry()

    def kill(self, heir: Path, draw: Random | None) -> None:
        """End it at once, and leave what is on its disk to the heir's folder.

        Args:
          draw: says how much of the tail of the journal's log is lost, with the power; None: nothing is.
        """
        if self.ended.is_set():
            return
        self.is_killed = True
        lost = self.disk.survive(heir, draw)
        words = "killed" if draw is None else f"loses its power, and its journal {lost} bytes"
        self._trace.note(f"engine {self.number}: {words}")
        self._way.let_go(is_told=draw is None)
        self._scope.cancel("killed")
        self.ended.set()

    async def _dial(self, address: Address) -> trio.abc.Stream:
        if self.is_killed:
            raise ConnectionFailed("the process is dead")
        assert self._far_side is not None
        return await self._way.dial(address, self._far_side)


def is_expected(failure: Exception) -> bool:
    """Whether a process may end of it because of the faults. Anything else is a bug, or a strategy's own."""
    if isinstance(failure, ExceptionGroup):
        return all(map(is_expected, failure.exceptions))
    return isinstance(failure, AllConnectionsFailed | JournalFailed) or isinstance(
        failure.__cause__, PlannedError
    )
