"""LiveTradingEngine: nests the tasks and says in which order everything starts and stops.

    run
    └── services                    outlive their users
        ├── handlers                 calls the functions given to MessageBus.subscribe
        ├── orders                   journal, limits, and of each account: sender, patrol, dead man's switch
        ├── connection …             one task each; a child nursery for each of its sessions
        ├── ticker                   system.tick
        ├── bar closer               closes bars whose period has ended
        ├── signals                  SIGINT, SIGTERM → stop; the second one hurries
        └── (body) strategies        one task each

Start: services first; strategies when every connection has either come up or failed once, and every account
is reconciled or has had its time, so that they find prices and instruments, and a venue that is down delays
nobody longer than its first attempt.

Stop, for whatever reason, is the nesting read backwards: only what reduces risk may be ordered from now on;
``system.shutdown`` is published; strategies are cancelled and clean up while their connections are still
there; our orders are canceled, and the venue is asked whether they are gone; handlers finish what they have
been sent; connections say goodbye and end; the journal is sealed. Every step has a limit, so a stop always
ends.

Policies: a connection that ends is tried again by itself (see `connection`); one that is given up is
logged, and when the last one is, the engine fails. A strategy's error stops the engine or ends that
strategy alone, as configured. An error anywhere else is a bug, and ends the engine with its traceback.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Literal

import attrs
import structlog
import trio

from livetrio.app.config import LiveTradingConfig
from livetrio.app.connections import Connections, ExecutionHandler
from livetrio.app.ending import Ending
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.order_desk import OrderDesk
from livetrio.app.report import EngineReport, build_report
from livetrio.app.strategies import Strategies
from livetrio.app.wiring import network_dial
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import (
    AllConnectionsFailed,
    AlreadyRunning,
    ConfigError,
    ConnectionFailed,
    HandlerError,
    JournalFailed,
    LiveTradingError,
    NotRunning,
    Problem,
    SlowConsumerError,
)
from livetrio.journal.journal import Journal
from livetrio.model import ConnectionState, ShutdownEvent, ShutdownReason
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction
from livetrio.subscription import DEFAULT_CAPACITY, Overflow
from livetrio.supervision.bar_closer import close_bars
from livetrio.supervision.connection import Connection
from livetrio.supervision.dial import Dial
from livetrio.supervision.http import HttpClient
from livetrio.supervision.interval import Interval
from livetrio.supervision.nursery import ServiceNursery, lone_leaf, open_service_nursery
from livetrio.supervision.signals import watch_signals
from livetrio.supervision.status import ConnectionStatus
from livetrio.supervision.ticker import Ticker
from livetrio.topics import SHUTDOWN
from livetrio.venues.trading import TradingVenue
from livetrio.version import __version__

log = structlog.get_logger()


class EngineState(Enum):
    """Where the engine is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


class LiveTradingEngine:
    """Runs connections and strategies on one bus and one cache.

    Make it, add what is to run, and ``await engine.run()`` (or ``await nursery.start(engine.run)``, which
    goes on when every strategy's ``on_start`` is done). ``stop()`` from anywhere lets ``run`` return.
    """

    def __init__(
        self,
        bus: MessageBus,
        cache: Cache,
        config: LiveTradingConfig | None = None,
        *,
        clock: Clock | None = None,
        dial: Dial | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.bus = bus
        self.cache = cache
        self.config = config or LiveTradingConfig()
        self.data: DataEngine = DataEngine(bus, cache)
        self.desk: OrderDesk | None = None
        """What takes care of orders in this run, or in the last one; None without `take_orders`."""
        self.state = EngineState.STOPPED
        self._clock = clock
        self._dial: Dial = dial or network_dial(self.config)
        self._rng = rng or random.Random()
        self._heartbeat = Interval(self.config.heartbeat_interval_ms / 1000)
        tick = self.config.tick_interval_ms
        self._tick_interval = Interval(None if tick is None else tick / 1000)
        self._venues: list[TradingVenue] = []
        self._handler: ExecutionHandler | None = None
        self._open_desk: Callable[[Clock], OrderDesk] | None = None
        self._connections: Connections | None = None
        """Those of this run, or of the last one."""
        self._connecting: set[Connection] = set()
        """Those that `connect_websocket` is waiting for."""
        self._strategies = Strategies(
            bus=bus,
            cache=cache,
            stop_timeout=self.config.stop_timeout_ms / 1000,
            stop=self._stop_for_strategies,
            fail=self._fail,
        )
        self._services: ServiceNursery | None = None
        self._ticker: Ticker | None = None
        self._ending = Ending()
        """Of this run, or of the last one."""
        self._finishing: trio.CancelScope | None = None
        self._started_at = 0

    # What is to run.

    def set_data_engine(self, engine: DataEngine) -> None:
        """Let another data engine take in market data. Before `run`."""
        self._require_stopped("set_data_engine")
        self.data = engine

    def set_execution_engine(self, engine: ExecutionHandler) -> None:
        """Let somebody else hear what market data is not, instead of `take_orders`. Before `run`."""
        self._require_stopped("set_execution_engine")
        self._handler = engine

    def take_orders(
        self,
        journal: Path,
        *,
        sync: Literal["process", "power"] = "process",
        execution: ExecutionConfig | None = None,
        risk: RiskConfig | None = None,
        forgive: bool = False,
    ) -> None:
        """Let strategies place orders, at the venues that have an account. Before `run`.

        Args:
          journal: the file that remembers them; made if it is not there. One engine at a time may use it.
          sync: what it survives: the death of the process, or that of the machine, which costs a wait for
            the disk with each request.
          execution: how orders are sent, waited for and asked about.
          risk: the limits.
          forgive: end halts and entry locks of earlier runs, and let drawdowns count from now.

        Raises:
          ConfigError: recovery is off, so that no order could leave.
        """
        self._require_stopped("take_orders")
        if not self.config.enable_recovery:
            message = "expected true where orders are to be taken, found false"
            raise ConfigError([Problem("enable_recovery", message)], source="LiveTradingConfig")

        def open_desk(clock: Clock) -> OrderDesk:
            return OrderDesk(
                self.bus,
                self.cache,
                Journal.open(journal, now=clock.now(), sync=sync, version=__version__),
                clock=clock,
                execution=execution or ExecutionConfig(),
                risk=risk or RiskConfig(),
                forgive=forgive,
                strategies=self._strategies.names,
                fail=self._fail,
            )

        self._open_desk = open_desk

    @property
    def execution(self) -> ExecutionEngine | None:
        """What takes orders in this run, or in the last one."""
        return None if self.desk is None else self.desk.execution

    def add_venue(self, venue: TradingVenue) -> None:
        """Connect to a venue. Before `run`."""
        self._require_stopped("add_venue")
        self._venues.append(venue)

    def add_strategy(
        self,
        strategy: Strategy | StrategyFunction,
        *,
        name: str | None = None,
        on_error: Literal["stop", "isolate"] = "stop",
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> None:
        """Run a strategy: an object of a `Strategy` class, or an async function of one context. Before `run`.

        Args:
          name: in logs and report; by default the class's or function's.
          on_error: what an error in it ends: the engine, in order, or this strategy alone.
          capacity: events that wait for it before ``overflow`` applies.
        """
        self._require_stopped("add_strategy")
        self._strategies.add(strategy, name=name, on_error=on_error, capacity=capacity, overflow=overflow)

    def _require_stopped(self, what: str) -> None:
        if self.is_running:
            raise AlreadyRunning(f"{what}() is for before run(); the engine is {self.state.value}")

    # Its life.

    @property
    def is_running(self) -> bool:
        """Whether `run` is under way, in whichever state."""
        return self.state in (EngineState.STARTING, EngineState.RUNNING, EngineState.STOPPING)

    @property
    def clock(self) -> Clock:
        """The engine's clock.

        Raises:
          NotRunning: there is none before the first `run`, unless one was given.
        """
        if self._clock is None:
            raise NotRunning("the engine's clock is made by run()")
        return self._clock

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop`, a signal, or a failure; return when everything has ended.

        Raises:
          AlreadyRunning: it runs.
          StrategyFailed: a strategy raised; what, is the ``__cause__``.
          AllConnectionsFailed: every connection was given up.
          HandlerError: a handler given to the bus raised, and the bus has no ``on_handler_error``.
          BaseExceptionGroup: one of these, and a bug or a cancellation besides.
        """
        if self.is_running:
            raise AlreadyRunning(f"the engine is {self.state.value} already")
        self.state = EngineState.STARTING
        self._ending = ending = Ending()
        self._finishing = None
        self._clock = self._clock or Clock.live()
        self._started_at = self._clock.now()
        error: BaseException | None = None
        try:
            self.desk = None if self._open_desk is None else self._open_desk(self._clock)
            self._strategies.prepare(self._clock, self.data, self.execution)
            await self._run_services(self._clock, task_status)
        except BaseExceptionGroup as group:
            error = lone_leaf(group)
        except BaseException as exc:  # noqa: ASYNC103  # raised below, when all is cleaned up
            error = exc
        self._services = None
        self._strategies.close()
        if self.desk is not None:
            error = self._close_desk(self.desk, error)
        self.state = EngineState.FAILED if ending.has_failed(error) else EngineState.STOPPED
        ending.done.set()
        ending.raise_all(error)  # outside the handlers, so that the group does not become its context

    def _close_desk(self, desk: OrderDesk, error: BaseException | None) -> BaseException | None:
        """Seal the journal; the error that the run has ended with."""
        try:
            desk.close(self._ending.shutdown.reason.value if self._ending.shutdown else "failed")
        except JournalFailed as failure:
            if error is None and not isinstance(self._ending.failure, JournalFailed):  # or it is told already
                return failure
        return error

    async def _run_services(self, clock: Clock, task_status: trio.TaskStatus[None]) -> None:
        self._ticker = Ticker(self.bus, clock, self._tick_interval)
        async with HttpClient(self._dial) as http, open_service_nursery() as services:
            self._services = services
            try:
                await self._run_parts(services, http, clock, self._ticker)
                await self._run_strategies(task_status)
            finally:
                self._begin_stop(ShutdownReason.USER_REQUEST, "cancelled from outside")
                with trio.move_on_after(self.config.stop_timeout_ms / 1000, shield=True) as self._finishing:
                    if self.desk is not None:
                        await self.desk.wind_down()
                with trio.move_on_after(self.config.stop_timeout_ms / 1000, shield=True) as self._finishing:
                    await self.bus.finish_handlers()

    async def _run_parts(
        self, services: ServiceNursery, http: HttpClient, clock: Clock, ticker: Ticker
    ) -> None:
        """Start everything that strategies rely on."""
        if self.config.handle_signals:
            services.start_soon(watch_signals, self._take_signal, name="signals")
        await services.start(self._run_handlers, name="handlers")
        connections = self._make_connections(http, clock)
        if self.desk is not None:
            await services.start(self._run_part_started, self.desk.run, name="orders")
        for connection in connections:
            self._start_connection(services, connection)
        services.start_soon(self._run_part, close_bars, self.data, clock, name="bar closer")
        await self._wait_settled()
        services.start_soon(self._run_part, ticker.run, name="ticker")

    async def _run_part_started(
        self, part: Callable[..., Awaitable[object]], *, task_status: trio.TaskStatus[None]
    ) -> None:
        """`_run_part` of a service that says when it has started."""
        await self._run_part(partial(part, task_status=task_status))

    async def _run_part(self, part: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Run a service. An error in one is a bug: it is told as the reason of the stop, and let pass."""
        try:
            await part(*args)
        except Exception as error:
            cause = lone_leaf(error)
            self._begin_stop(ShutdownReason.ERROR, f"{type(cause).__name__}: {cause}")
            raise

    async def _wait_settled(self) -> None:
        """Wait until every connection has come up or failed once, or the engine is to stop."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_stopping, nursery.cancel_scope)
            for connection in self.connections:
                await connection.settled.wait()
            if self.desk is not None:
                with trio.move_on_after(self.config.connect_timeout_ms / 1000):
                    await self.desk.wait_recovered()
            nursery.cancel_scope.cancel()

    async def _run_strategies(self, task_status: trio.TaskStatus[None]) -> None:
        has_started = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_stopping, nursery.cancel_scope)
            if not self._ending.begun.is_set():
                self.state = EngineState.RUNNING
                runners = self._strategies.runners
                log.info("engine runs", strategies=len(runners), connections=len(self.connections))
                await self._strategies.start(nursery)
                if self._ending.failure is None:
                    task_status.started()
                    has_started = True
        if not has_started and self._ending.failure is None:
            task_status.started()  # it ends well, though early

    async def _cancel_when_stopping(self, scope: trio.CancelScope) -> None:
        await self._ending.begun.wait()
        scope.cancel("the engine stops")

    # Its parts, and what becomes of their ends.

    def _start_connection(self, services: ServiceNursery, connection: Connection) -> None:
        services.start_soon(
            self._run_part, self._run_connection, connection, name=f"connection {connection.name}"
        )

    async def _run_connection(self, connection: Connection) -> None:
        await connection.run()
        if connection in self._connecting:
            return  # whoever is waiting for it is told, and that is all
        others = self.connections
        if others and all(each.state is ConnectionState.FAILED for each in others):
            failures = "; ".join(str(each.failure()) for each in others)
            self._fail(AllConnectionsFailed(f"every connection was given up: {failures}"))

    async def _run_handlers(self, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            await self.bus.run_handlers(task_status=task_status)
        except* (HandlerError, SlowConsumerError) as group:
            error = lone_leaf(group)
            if not isinstance(error, LiveTradingError):
                error = HandlerError(f"several handlers raised: {error}")
                error.__cause__ = group
            self._fail(error)

    # Connections.

    def _make_connections(self, http: HttpClient, clock: Clock) -> Connections:
        self._connections = Connections(
            config=self.config,
            data=self.data,
            cache=self.cache,
            execution=self._handler,
            desk=self.desk,
            clock=clock,
            dial=self._dial,
            http=http,
            heartbeat=self._heartbeat,
            rng=self._rng,
        )
        for venue in self._venues:
            self._connections.add_venue(venue)
        for endpoint in self.config.ws_endpoints:
            self._connections.add_endpoint(endpoint)
        return self._connections

    async def connect_websocket(self, endpoint: WebSocketEndpoint) -> Connection:
        """Connect to one more endpoint while the engine runs.

        Returns when the first attempt has succeeded or failed; after a failure it goes on trying. Where
        this raises, or is cancelled, there is no such connection.

        Raises:
          NotRunning: the engine does not run, or stopped meanwhile.
          ConnectionFailed: the first attempt failed and ``auto_reconnect`` is off.
        """
        if self._services is None or self._connections is None:
            raise NotRunning("connect_websocket() needs the running engine; before, put it into ws_endpoints")
        connection = self._connections.add_endpoint(endpoint)
        self._connecting.add(connection)
        self._start_connection(self._services, connection)
        try:
            await connection.settled.wait()
            if connection.state is ConnectionState.FAILED:
                raise ConnectionFailed(f"{connection.name}: {connection.last_error}")
            if connection.state is ConnectionState.DISCONNECTED:
                raise NotRunning(f"{connection.name}: disconnected before it was up")
        except BaseException:
            self.disconnect_websocket(connection)
            raise
        finally:
            self._connecting.discard(connection)
        return connection

    def disconnect_websocket(self, connection: Connection) -> None:
        """End one connection and forget it."""
        connection.disconnect()
        if self._connections is not None:
            self._connections.remove(connection)

    async def send_websocket_message(self, connection: Connection, message: str | bytes) -> None:
        """Send a text message by a connection, as it is; see `Connection.send`."""
        await connection.send(message)

    def restart(self) -> None:
        """End every connection's session and begin a new one at once.

        Those that wait for their next attempt have it now, and those given up are tried again.
        """
        for connection in self.connections:
            connection.restart()
            if connection.state is ConnectionState.FAILED and self._services is not None:
                self._start_connection(self._services, connection)

    def connection_status(self) -> list[ConnectionStatus]:
        """Every connection as it is now."""
        return [connection.status() for connection in self.connections]

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections of this run."""
        return tuple(self._connections or ())

    # Time.

    def set_tick_interval(self, milliseconds: int | None) -> None:
        """Tick this often from now on; None: no more."""
        self._tick_interval.set(None if milliseconds is None else milliseconds / 1000)

    def set_heartbeat_interval(self, milliseconds: int) -> None:
        """Send heartbeats this often from now on, on every connection."""
        self._heartbeat.set(milliseconds / 1000)

    def tick(self) -> None:
        """Publish one tick now, beside those of the clock.

        Raises:
          NotRunning: the engine does not run.
        """
        if self._ticker is None or not self.is_running:
            raise NotRunning("tick() needs the running engine")
        self._ticker.tick()

    # The end.

    def stop(self, message: str | None = None) -> None:
        """Stop in order; returns at once, and `run` returns when everything has ended.

        Raises:
          NotRunning: it does not run.
        """
        if not self.is_running:
            raise NotRunning(f"the engine is {self.state.value}, there is nothing to stop")
        self._begin_stop(ShutdownReason.USER_REQUEST, message)

    async def wait_stopped(self) -> None:
        """Wait until the engine does not run (any more)."""
        while self.is_running:
            await self._ending.done.wait()

    def hurry(self) -> None:
        """Cut short the clean-up of strategies and handlers, if a stop is under way."""
        if not self._ending.begun.is_set():
            return
        self._strategies.hurry()
        if self._finishing is not None:
            self._finishing.cancel("hurry")

    def _stop_for_strategies(self, reason: str) -> None:
        self._begin_stop(ShutdownReason.USER_REQUEST, reason)

    def halt(self, reason: str, *, flatten: bool = False) -> None:
        """The kill switch: let nothing leave any more, cancel all orders of the account, and close all
        positions if asked to. The engine goes on, and stays halted in its next runs until one is told to
        forgive.

        Raises:
          NotRunning: it does not run, or takes no orders.
        """
        if self.desk is None or not self.is_running:
            raise NotRunning("halt() needs the running engine, and one that takes orders")
        self.desk.halt(reason, flatten=flatten)

    def _take_signal(self, name: str) -> None:
        if name in ("SIGUSR1", "SIGUSR2"):
            if self.desk is None:
                log.warning("nothing to halt: this engine takes no orders", signal=name)
            else:
                self.desk.halt(f"signal {name}", flatten=name == "SIGUSR2")
        elif self._ending.begun.is_set():
            log.warning("second signal, not waiting for strategies any longer", signal=name)
            self.hurry()
        else:
            self._begin_stop(ShutdownReason.SIGNAL, name)

    def _fail(self, failure: LiveTradingError) -> None:
        self._ending.fail(failure)
        self._begin_stop(ShutdownReason.ERROR, str(failure))

    def _begin_stop(self, reason: ShutdownReason, message: str | None) -> None:
        shutdown = ShutdownEvent(reason=reason, timestamp=self.clock.now(), message=message)
        if not self._ending.begin(shutdown, {each.name: each.state for each in self.connections}):
            return
        self.state = EngineState.STOPPING
        if self.desk is not None:
            self.desk.begin_stop()
        log.info("engine stops", reason=reason.value, message=message)
        self.bus.publish(SHUTDOWN, shutdown)
        # Strategies will give up their feeds one by one. Venues need not hear of that: a message in
        # mid-send would only be in the way of the connection's goodbye.
        if self._connections is not None:
            self._connections.release_feeds()
        self._ending.begun.set()

    def report(self) -> EngineReport:
        """What the run did, so far or in all; connections are in the state in which a stop found them."""
        states = self._ending.states
        return build_report(
            shutdown=self._ending.shutdown,
            started=self._started_at,
            now=self.clock.now(),
            connections=[
                attrs.evolve(each, state=states.get(each.name, each.state))
                for each in self.connection_status()
            ],
            runners=self._strategies.runners,
            bus=self.bus,
            refused=self.data.refused,
            desk=self.desk,
        )

    def __repr__(self) -> str:
        return f"<LiveTradingEngine {self.state.value}, {len(self.connections)} connections>"
