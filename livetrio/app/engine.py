"""LiveTradingEngine: nests the tasks and says in which order everything starts and stops.

    run
    └── services                    outlive their users
        ├── handlers                 calls the functions given to MessageBus.subscribe
        ├── orders                   journal, limits, and of each account: sender, patrol, dead man's switch
        ├── connection …             one task each; a child nursery for each of its sessions
        ├── ticker                   system.tick
        ├── bar closer               closes bars whose period has ended
        ├── signals                  SIGINT, SIGTERM, SIGHUP → stop; the second one hurries
        ├── (added)                  what `add_service` was given: page, metrics, alerts, …
        └── (body) strategies        one task each

Start: services first; strategies when every connection has either come up or failed once, and every account
is reconciled or has had its time, so that they find prices and instruments, and a venue that is down delays
nobody longer than its first attempt.

Stop, for whatever reason, is the nesting read backwards: only what reduces risk may be ordered from now on;
``system.shutdown`` is published; strategies are cancelled and clean up while their connections are still
there; our orders are canceled, and the venue is asked whether they are gone; handlers finish what they have
been sent; connections say goodbye and end; the journal is sealed. Every step has a limit, so a stop always
ends.

What the end of a service or of a strategy means is said in `services` and `strategies`.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Literal

import trio

from livetrio.app.config import LiveTradingConfig
from livetrio.app.connections import Connections, ExecutionHandler
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.engine_run import EngineRun
from livetrio.app.engine_run import EngineState as EngineState
from livetrio.app.order_desk import OrderDesk
from livetrio.app.report import EngineReport
from livetrio.app.services import Services
from livetrio.app.strategies import Strategies
from livetrio.app.wiring import network_dial
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import AlreadyRunning, ConfigError, NotRunning, Problem
from livetrio.journal.journal import Journal
from livetrio.model import ShutdownReason
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction
from livetrio.subscription import DEFAULT_CAPACITY, Overflow
from livetrio.supervision.bar_closer import close_bars
from livetrio.supervision.connection import Connection
from livetrio.supervision.dial import Dial
from livetrio.supervision.http import HttpClient
from livetrio.supervision.interval import Interval
from livetrio.supervision.nursery import lone_leaf, open_service_nursery
from livetrio.supervision.signals import watch_signals
from livetrio.supervision.status import ConnectionStatus
from livetrio.supervision.ticker import Ticker
from livetrio.venues.trading import TradingVenue
from livetrio.version import __version__


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
        self._clock = clock
        self._dial: Dial = dial or network_dial(self.config)
        self._rng = rng or random.Random()
        self._heartbeat = Interval(self.config.heartbeat_interval_ms / 1000)
        tick = self.config.tick_interval_ms
        self._tick_interval = Interval(None if tick is None else tick / 1000)
        self._venues: list[TradingVenue] = []
        self._handler: ExecutionHandler | None = None
        self._open_desk: Callable[[EngineRun, Clock], OrderDesk] | None = None
        self._strategies = Strategies(
            bus=bus,
            cache=cache,
            stop_timeout=self.config.stop_timeout_ms / 1000,
        )
        self._services: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        self._current: EngineRun | None = None

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
        self._open_desk = lambda run, clock: OrderDesk(
            self.bus,
            self.cache,
            Journal.open(journal, now=clock.now(), sync=sync, version=__version__),
            clock=clock,
            execution=execution or ExecutionConfig(),
            risk=risk or RiskConfig(),
            forgive=forgive,
            strategies=self._strategies.names,
            fail=run.fail,
        )

    @property
    def desk(self) -> OrderDesk | None:
        """What takes care of orders in this run, or in the last one; None without `take_orders`."""
        return None if self._current is None else self._current.desk

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

    def add_service(self, name: str, service: Callable[[], Awaitable[object]]) -> None:
        """Run an async function beside the connections, in each run. Before `run`.

        It begins before the first connection, and is cancelled when the strategies have left and their
        orders have been seen to. What it raises is a bug: it stops the engine, and comes out of `run`.
        """
        self._require_stopped("add_service")
        self._services.append((name, service))

    def _require_stopped(self, what: str) -> None:
        if self.is_running:
            raise AlreadyRunning(f"{what}() is for before run(); the engine is {self.state.value}")

    # Its life.

    @property
    def state(self) -> EngineState:
        """Where it is in its life; how the last run has ended."""
        return EngineState.STOPPED if self._current is None else self._current.state

    @property
    def current(self) -> EngineRun | None:
        """The run that is under way, or the last one; None: there was none."""
        return self._current

    @property
    def is_running(self) -> bool:
        """Whether `run` is under way, in whichever state."""
        return self._current is not None and self._current.is_running

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
        clock = self._clock = self._clock or Clock.live()
        self._current = run = EngineRun(
            bus=self.bus,
            config=self.config,
            clock=clock,
            strategies=self._strategies,
            ticker=Ticker(self.bus, clock, self._tick_interval),
        )
        error: BaseException | None = None
        try:
            run.desk = None if self._open_desk is None else self._open_desk(run, clock)
            stop = partial(run.begin_stop, ShutdownReason.USER_REQUEST)
            self._strategies.prepare(clock, self.data, self.execution, stop=stop, fail=run.fail)
            await self._run_in_order(run, clock, task_status)
        except BaseExceptionGroup as group:
            error = lone_leaf(group)
        except BaseException as exc:  # noqa: ASYNC103  # raised below, when all is cleaned up
            error = exc
        run.end(error)  # outside the handlers, so that the group does not become its context

    async def _run_in_order(self, run: EngineRun, clock: Clock, task_status: trio.TaskStatus[None]) -> None:
        """Start everything, wait for its end, and stop it: in the order that is drawn above."""
        async with HttpClient(self._dial) as http, open_service_nursery() as nursery:
            run.connections = connections = self._make_connections(run, http, clock)
            run.services = services = Services(
                nursery, connections, stop=partial(run.begin_stop, ShutdownReason.ERROR), fail=run.fail
            )
            try:
                if self.config.handle_signals:
                    services.start_soon(watch_signals, run.take_signal, name="signals")
                for name, service in self._services:
                    services.start_soon(service, name=name)
                await services.start_handlers(self.bus)
                connections.add_all(self._venues, self.config.ws_endpoints)
                if run.desk is not None:
                    await services.start(run.desk.run, name="orders")
                for connection in connections:
                    services.start_connection(connection)
                services.start_soon(close_bars, self.data, clock, name="bar closer")
                await run.wait_settled()
                services.start_soon(run.ticker.run, name="ticker")
                await run.run_strategies(task_status)
            finally:
                run.begin_stop(ShutdownReason.USER_REQUEST, "cancelled from outside")
                if run.desk is not None:
                    with run.cleaning_up():
                        await run.desk.wind_down()
                with run.cleaning_up():
                    await self.bus.finish_handlers()

    # Connections.

    def _make_connections(self, run: EngineRun, http: HttpClient, clock: Clock) -> Connections:
        return Connections(
            config=self.config,
            data=self.data,
            cache=self.cache,
            execution=self._handler,
            desk=run.desk,
            clock=clock,
            dial=self._dial,
            http=http,
            heartbeat=self._heartbeat,
            rng=self._rng,
        )

    async def connect_websocket(self, endpoint: WebSocketEndpoint) -> Connection:
        """Connect to one more endpoint while the engine runs.

        Returns when the first attempt has succeeded or failed; after a failure it goes on trying. Where
        this raises, or is cancelled, there is no such connection.

        Raises:
          NotRunning: the engine does not run, or stopped meanwhile.
          ConnectionFailed: the first attempt failed and ``auto_reconnect`` is off.
        """
        if self._current is None or self._current.services is None:
            raise NotRunning("connect_websocket() needs the running engine; before, put it into ws_endpoints")
        return await self._current.services.connect(endpoint)

    def disconnect_websocket(self, connection: Connection) -> None:
        """End one connection and forget it."""
        connection.disconnect()
        if self._current is not None and self._current.connections is not None:
            self._current.connections.remove(connection)

    async def send_websocket_message(self, connection: Connection, message: str | bytes) -> None:
        """Send a text message by a connection, as it is; see `Connection.send`."""
        await connection.send(message)

    def restart(self) -> None:
        """End every connection's session and begin a new one at once.

        Those that wait for their next attempt have it now, and those given up are tried again.
        """
        if self._current is not None and self._current.services is not None:
            self._current.services.restart_connections()

    def connection_status(self) -> list[ConnectionStatus]:
        """Every connection as it is now."""
        return [connection.status() for connection in self.connections]

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections of this run, or of the last one."""
        return () if self._current is None else tuple(self._current.connections or ())

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
        if self._current is None or not self.is_running:
            raise NotRunning("tick() needs the running engine")
        self._current.ticker.tick()

    # The end.

    def stop(self, message: str | None = None) -> None:
        """Stop in order; returns at once, and `run` returns when everything has ended.

        Raises:
          NotRunning: it does not run.
        """
        if self._current is None or not self.is_running:
            raise NotRunning(f"the engine is {self.state.value}, there is nothing to stop")
        self._current.begin_stop(ShutdownReason.USER_REQUEST, message)

    async def wait_stopped(self) -> None:
        """Wait until the engine does not run (any more)."""
        while self._current is not None and self._current.is_running:
            await self._current.ending.done.wait()

    def hurry(self) -> None:
        """Cut a stop short that is under way: its step of now ends, and those after it have a second."""
        if self._current is not None:
            self._current.hurry()

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

    def report(self) -> EngineReport:
        """What the run did, so far or in all; connections are in the state in which a stop found them.
        Raises NotRunning where there was no run yet."""
        if self._current is None:
            raise NotRunning("report() tells of a run, and there was none yet")
        return self._current.report(refused=self.data.refused)

    def __repr__(self) -> str:
        return f"<LiveTradingEngine {self.state.value}, {len(self.connections)} connections>"
