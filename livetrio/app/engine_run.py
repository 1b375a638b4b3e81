"""EngineRun: one run of the engine: where it is in its life, what it waits for, and how it is asked to end.

The order in which everything starts and stops is `LiveTradingEngine`'s; each step of it is here, or in
`services` and `strategies`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from enum import Enum

import attrs
import structlog
import trio

from livetrio.app.config import LiveTradingConfig
from livetrio.app.connections import Connections
from livetrio.app.ending import Ending
from livetrio.app.order_desk import OrderDesk
from livetrio.app.report import EngineReport, build_report
from livetrio.app.services import Services
from livetrio.app.strategies import Strategies
from livetrio.bus import MessageBus
from livetrio.clock import Clock
from livetrio.errors import JournalFailed, LiveTradingError
from livetrio.model import ShutdownEvent, ShutdownReason
from livetrio.strategy.runner import StrategyRunner
from livetrio.supervision.ticker import Ticker
from livetrio.topics import SHUTDOWN

log = structlog.get_logger()

HURRIED = 1.0
"""Seconds: how long a step of the clean-up may take that begins when somebody is in a hurry already. Orders
are canceled all the same, and a venue that is well has answered by then."""


class EngineState(Enum):
    """Where the engine is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


class EngineRun:
    """From its start to its end, and what is to be known of it afterwards."""

    def __init__(
        self,
        *,
        bus: MessageBus,
        config: LiveTradingConfig,
        clock: Clock,
        strategies: Strategies,
        ticker: Ticker,
    ) -> None:
        self.state = EngineState.STARTING
        self.ending = Ending()
        self.started_at = clock.now()
        self.ticker = ticker
        self.desk: OrderDesk | None = None
        """What takes care of orders, if anybody does."""
        self.connections: Connections | None = None
        """None until they are made."""
        self.services: Services | None = None
        """None before the first is started, and when the last has ended."""
        self._bus = bus
        self._config = config
        self._clock = clock
        self._strategies = strategies
        self._is_hurried = False
        self._limit: trio.CancelScope | None = None
        """Of the clean-up that is under way."""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.state in (EngineState.STARTING, EngineState.RUNNING, EngineState.STOPPING)

    @property
    def is_hurried(self) -> bool:
        """Whether somebody does not want to wait for the clean-up."""
        return self._is_hurried

    @property
    def runners(self) -> Sequence[StrategyRunner]:
        """What runs its strategies."""
        return self._strategies.runners

    # Its steps.

    async def wait_settled(self) -> None:
        """Wait until every connection has come up or failed once, or the engine is to stop."""
        async with self._until_stop() as nursery:
            for connection in self.connections or ():
                await connection.settled.wait()
            if self.desk is not None:
                with trio.move_on_after(self._config.connect_timeout_ms / 1000):
                    await self.desk.wait_recovered()
            nursery.cancel_scope.cancel()

    async def run_strategies(self, task_status: trio.TaskStatus[None]) -> None:
        """Run them until all have ended, or the engine is to stop."""
        has_started = False
        async with self._until_stop() as nursery:
            if not self.ending.begun.is_set():
                self.state = EngineState.RUNNING
                connections = 0 if self.connections is None else len(self.connections)
                log.info("engine runs", strategies=len(self._strategies.runners), connections=connections)
                await self._strategies.start(nursery)
                if self.ending.failure is None:
                    task_status.started()
                    has_started = True
        if not has_started and self.ending.failure is None:
            task_status.started()  # it ends well, though early

    @contextmanager
    def cleaning_up(self) -> Iterator[None]:
        """Let the block end in order even if all is cancelled; but not longer than is configured, or than
        somebody is in no `hurry`."""
        seconds = self._config.stop_timeout_ms / 1000
        seconds = min(seconds, HURRIED) if self._is_hurried else seconds
        with trio.move_on_after(seconds, shield=True) as self._limit:
            yield

    @asynccontextmanager
    async def _until_stop(self) -> AsyncIterator[trio.Nursery]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_stopping, nursery.cancel_scope)
            yield nursery

    async def _cancel_when_stopping(self, scope: trio.CancelScope) -> None:
        await self.ending.begun.wait()
        scope.cancel("the engine stops")

    # Its end.

    def begin_stop(self, reason: ShutdownReason, message: str | None) -> None:
        """Let everything end in order; nothing if it does already. Returns at once."""
        shutdown = ShutdownEvent(reason=reason, timestamp=self._clock.now(), message=message)
        if not self.ending.begin(shutdown, {each.name: each.state for each in self.connections or ()}):
            return
        self.state = EngineState.STOPPING
        if self.desk is not None:
            self.desk.begin_stop()
        log.info("engine stops", reason=reason.value, message=message)
        self._bus.publish(SHUTDOWN, shutdown)
        # Strategies will give up their feeds one by one. Venues need not hear of that: a message in
        # mid-send would only be in the way of the connection's goodbye.
        if self.connections is not None:
            self.connections.release_feeds()
        self.ending.begun.set()

    def fail(self, failure: LiveTradingError) -> None:
        """Stop because of a failure, which is what the run ends with."""
        self.ending.fail(failure)
        self.begin_stop(ShutdownReason.ERROR, str(failure))

    def hurry(self) -> None:
        """Cut the clean-up short, if a stop is under way: end its step of now, shorten the next."""
        if not self.ending.begun.is_set():
            return
        self._is_hurried = True
        self._strategies.hurry()
        if self._limit is not None:
            self._limit.cancel("hurry")

    def take_signal(self, name: str) -> None:
        """Do what a signal of the system asks for."""
        if name in ("SIGUSR1", "SIGUSR2"):
            if self.desk is None:
                log.warning("nothing to halt: this engine takes no orders", signal=name)
            else:
                self.desk.halt(f"signal {name}", flatten=name == "SIGUSR2")
        elif self.ending.begun.is_set():
            log.warning("not waiting for the clean-up any longer", signal=name)
            self.hurry()
        else:
            self.begin_stop(ShutdownReason.SIGNAL, name)

    def end(self, error: BaseException | None) -> None:
        """Everything has ended, with an error or without: clean up, and raise what is to be raised."""
        if error is not None:
            self.begin_stop(ShutdownReason.ERROR, str(error))  # where it failed before anything was started
        self.services = None
        self._strategies.close()
        if self.desk is not None:
            error = self._close_desk(self.desk, error)
        self.state = EngineState.FAILED if self.ending.has_failed(error) else EngineState.STOPPED
        self.ending.done.set()
        self.ending.raise_all(error)

    def _close_desk(self, desk: OrderDesk, error: BaseException | None) -> BaseException | None:
        """Seal the journal; the error that the run has ended with."""
        try:
            desk.close(self.ending.shutdown.reason.value if self.ending.shutdown else "failed")
        except JournalFailed as failure:
            if error is None and not isinstance(self.ending.failure, JournalFailed):  # or it is told already
                return failure
        return error

    # What is to be known of it.

    def report(self, *, refused: Mapping[str, int]) -> EngineReport:
        """See `LiveTradingEngine.report`; ``refused`` is what market data was not fit to be used, by kind."""
        states = self.ending.states
        statuses = [connection.status() for connection in self.connections or ()]
        return build_report(
            shutdown=self.ending.shutdown,
            started=self.started_at,
            now=self._clock.now(),
            connections=[attrs.evolve(each, state=states.get(each.name, each.state)) for each in statuses],
            runners=self._strategies.runners,
            bus=self._bus,
            refused=refused,
            desk=self.desk,
        )
