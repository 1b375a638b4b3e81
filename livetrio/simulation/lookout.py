"""Lookout: looks at a world every so often, and at each process when it has ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import trio

from livetrio.exchange import LocalExchange
from livetrio.exchange.chain.order import Order as VenueOrder
from livetrio.simulation import invariants
from livetrio.simulation.ear import Ear
from livetrio.simulation.invariants import Broken, Grave, Watch
from livetrio.simulation.process import Process
from livetrio.simulation.subject import Subject
from livetrio.simulation.way import Way

CHECK_INTERVAL = 10.0
"""Seconds between two looks at what must not grow."""

STOP = 60.0
"""Seconds within which an engine must have stopped."""


class Lookout:
    """Of one world."""

    def __init__(
        self,
        exchange: LocalExchange,
        way: Way,
        watch: Watch,
        ear: Ear,
        subject: Subject,
        process: Callable[[], Process | None],
    ) -> None:
        """Take what there is to look at, and what says which process there is now."""
        self._exchange = exchange
        self._way = way
        self._watch = watch
        self._ear = ear
        self._subject = subject
        self._process = process
        self._graves: deque[Grave] = deque(maxlen=3)
        """Of the last processes that were killed."""

    def fail(self, broken: Broken) -> NoReturn:
        """Something is wrong, and ends the world."""
        self._watch.accuse(broken)
        raise broken

    def bury(self, run: int, journal: Path) -> None:
        """A process was killed, and has left that journal."""
        self._graves.append(Grave(run, journal))

    async def wait_broken(self) -> NoReturn:
        """Wait until something is wrong, and raise it."""
        await self._watch.found.wait()
        assert self._watch.broken is not None
        raise self._watch.broken

    async def look_often(self) -> NoReturn:
        """Look every so often, until cancelled."""
        while True:
            await trio.sleep(CHECK_INTERVAL)
            self._look()

    def _look(self) -> None:
        process = self._process()
        self._watch.look()
        for broken in (each for grave in self._graves for each in grave.look_at(self.placed())):
            self.fail(broken)
        desk = None if process is None else process.engine.desk
        for broken in (
            *invariants.is_bounded(desk, len(self._way.links)),
            *invariants.gives_up_the_dead(self._way.links),
        ):
            self.fail(broken)
        if process is None or process.ended.is_set():
            return
        process.look()
        if process.stopping_since is not None:
            waited = trio.current_time() - process.stopping_since
            if waited > STOP:
                self.fail(Broken(invariants.ALL_ENDED, f"engine {process.number} stops since {waited:g} s"))

    async def look_at_end(self, process: Process) -> None:
        """What must hold when a process has ended: at that very moment, and soon."""
        await process.ended.wait()
        if not process.is_killed:
            process.look()
            self._look_at_outputs(process)
            if process.failure is None and self._subject.execution.cancel_on_stop:
                account = self._watch.account
                for broken in invariants.nothing_left(account, process.left):
                    self.fail(broken)
        with trio.move_on_after(STOP):
            await process.buried.wait()
        if not process.buried.is_set():
            self.fail(Broken(invariants.ALL_ENDED, f"tasks of engine {process.number} live on after its end"))

    def _look_at_outputs(self, process: Process) -> None:
        self._ear.hear("what it ended of", () if process.failure is None else (process.failure,))
        if process.engine.current is not None:
            self._ear.hear("its report", (process.engine.report(),))
        for broken in (
            *invariants.placed_once(self.placed()),
            *invariants.no_secret(process.journal, self._exchange.keys[0].secret_hex),
        ):
            self.fail(broken)

    def placed(self) -> list[VenueOrder]:
        """All orders that the exchange has had of us."""
        account = self._watch.account
        return [*account.orders.values(), *(update.order for update in account.history)]
