"""From a configuration to a running engine: the way in for the command line and for programs."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import attrs
import trio

from livetrio.app.account_lock import account_locks, lock_folder
from livetrio.app.config import Config, LiveTradingConfig
from livetrio.app.engine import LiveTradingEngine
from livetrio.app.report import EngineReport
from livetrio.app.watching import WatchedEngine
from livetrio.app.wiring import network_dial
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.errors import LiveTradingError
from livetrio.journal.aside import set_aside
from livetrio.operations.alerts.trial import tell_failed_start
from livetrio.operations.http.listen import listening
from livetrio.operations.http.plain import plain
from livetrio.operations.look import look_at
from livetrio.operations.service import Operations
from livetrio.operations.systemd import Systemd
from livetrio.operations.terminal.live import LiveView
from livetrio.operations.terminal.render import Style
from livetrio.operations.terminal.screen import Screen
from livetrio.strategy.loader import load_strategy
from livetrio.subscription import Overflow
from livetrio.supervision.dial import Dial
from livetrio.supervision.nursery import ServiceNursery, lone_leaf, open_service_nursery
from livetrio.venues.registry import VENUES
from livetrio.venues.trading import TradingVenue


@attrs.frozen(kw_only=True)
class RunOutcome:
    """How a run ended."""

    report: EngineReport
    failure: LiveTradingError | None
    """Why it failed, or None."""


@asynccontextmanager
async def open_engine(
    config: Config | LiveTradingConfig, *, clock: Clock | None = None, dial: Dial | None = None
) -> AsyncIterator[LiveTradingEngine]:
    """Run an engine while the block runs: started when the block begins, stopped when it has been left.

    With a whole `Config` its venues and strategies are set up, and the local exchange if a venue wants it.

    Raises:
      ConfigError: a strategy cannot be loaded, the recording cannot be read, or the page's address cannot be
        had.
      Whatever `LiveTradingEngine.run` raises; the block is cancelled then.
    """
    whole = Config(engine=config) if isinstance(config, LiveTradingConfig) else config
    import_ahead(whole)
    failure: BaseException | None = None
    try:
        with listening(whole.operations.http, str(whole.source or "Config")) as sockets:
            async with open_service_nursery() as services:
                venues = [await _open_venue(name, whole, services) for name in whole.venues]
                engine = make_engine(whole, venues, clock=clock, dial=dial, sockets=sockets)
                async with running(engine):
                    yield engine
    except BaseExceptionGroup as group:
        failure = lone_leaf(group)
    if failure is not None:
        raise failure  # outside the handler, so that the group does not become its context


@asynccontextmanager
async def running(engine: LiveTradingEngine) -> AsyncIterator[LiveTradingEngine]:
    """Run an engine while the block runs: its strategies have started when the block begins.

    Raises:
      Whatever `LiveTradingEngine.run` raises; the block is cancelled then.
    """
    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(engine.run)
            try:
                yield engine
            finally:
                if engine.is_running:
                    engine.stop()
    except BaseExceptionGroup as group:
        failure = lone_leaf(group)
    if failure is not None:
        raise failure  # outside the handler, so that the group does not become its context


async def run_config(
    config: Config,
    *,
    duration: float | None = None,
    forgive: bool = False,
    warnings: Iterable[str] = (),
    screen: Screen | None = None,
    prepare: Callable[[LiveTradingEngine], object] = lambda _engine: None,
) -> RunOutcome:
    """Run what a configuration says, until it ends, a signal comes, or ``duration`` seconds have passed.

    With ``forgive`` halts and entry locks of earlier runs are ended, and drawdowns count from now.
    ``warnings`` are the last lines of the log that matter, to be shown beside it. What the engine does is
    shown on the ``screen``, if there is one. ``prepare`` is given the engine just before it runs.

    Raises:
      ConfigError: as `open_engine`.
      AccountInUse: another engine trades the account, so there was no run.
      What a run fails of is in the outcome instead, beside the report.
    """
    error: BaseException
    import_ahead(config)
    try:
        with listening(config.operations.http, str(config.source or "Config")) as sockets:
            async with open_service_nursery() as services:
                venues = [await _open_venue(name, config, services) for name in config.venues]
                engine = make_engine(config, venues, forgive=forgive, warnings=warnings, sockets=sockets)
                if screen is not None:
                    _show(engine, config, warnings, screen)
                freeze_garbage_collector()
                with account_locks(venues, lock_folder(os.environ)):
                    await trio.lowlevel.checkpoint()  # a Ctrl+C that trio has kept back is raised here
                    prepare(engine)
                    failure = await _run_for(engine, config, duration)
                return RunOutcome(report=_report(engine, config), failure=failure)
    except BaseExceptionGroup as group:
        error = lone_leaf(group)
    raise error  # outside the handler, so that the group does not become its context


def make_engine(
    config: Config,
    venues: list[TradingVenue],
    *,
    clock: Clock | None = None,
    dial: Dial | None = None,
    forgive: bool = False,
    warnings: Iterable[str] = (),
    sockets: Sequence[socket.socket] = (),
) -> LiveTradingEngine:
    """An engine with venues and the configuration's strategies, not yet running.

    ``warnings`` are the last lines of the log that matter, to be shown beside it; ``sockets`` those that
    listen on the page's address, if there is one.

    Raises:
      ConfigError: a strategy cannot be loaded.
    """
    engine = LiveTradingEngine(MessageBus(), Cache(config.cache), config.engine, clock=clock, dial=dial)
    for venue in venues:
        engine.add_venue(venue)
    takes_orders = any(venue.trading is not None for venue in venues)
    if takes_orders:
        engine.take_orders(
            config.journal_path,
            sync=config.journal.sync,
            execution=config.execution,
            risk=config.risk,
            forgive=forgive,
        )
    for settings in config.strategies:
        engine.add_strategy(
            load_strategy(settings, config.base),
            name=settings.name,
            on_error=settings.on_error,
            capacity=settings.queue,
            overflow=Overflow(settings.overflow),
        )
    operations = Operations(
        config.operations,
        WatchedEngine(engine),
        warnings,
        settings=plain(config),
        sockets=sockets,
        name=config.name,
        dial=dial or network_dial(config.engine),
    )
    if config.operations.is_on:
        engine.add_service("operations", operations.run)
    systemd = Systemd.of_environment(os.environ, WatchedEngine(engine))
    if systemd is not None:
        engine.add_service("systemd", systemd.run)
    if takes_orders:
        engine.add_service("control socket", operations.run_control)
    return engine


def import_ahead(config: Config) -> None:
    """Import what this configuration needs and others do not: it takes tens of milliseconds, for which
    nothing should have to wait that runs already."""
    if any(each.wants_local_exchange for each in config.venues.values()):
        import_module("livetrio.app.local_exchange")
    if config.operations.http is not None:
        import_module("livetrio.operations.metrics")


def _show(engine: LiveTradingEngine, config: Config, warnings: Iterable[str], screen: Screen) -> None:
    """Let the engine be seen on a terminal while it runs."""
    style = Style(colours="NO_COLOR" not in os.environ, old_after=config.risk.max_price_age_ms / 1000)
    look = partial(look_at, WatchedEngine(engine), warnings)
    engine.add_service("live view", LiveView(screen, look, style).run)


async def _open_venue(name: str, config: Config, services: ServiceNursery) -> TradingVenue:
    """The venue of a section of the configuration; starts the local exchange if it wants that."""
    factory = VENUES[name].load()
    settings: Any = config.venues[name]
    if not settings.wants_local_exchange:
        return factory.make(settings)
    from livetrio.app.local_exchange import start_local_exchange  # see import_ahead

    set_aside(config.journal_path)  # it is about the exchange of another run, which is gone
    base_url, key = await start_local_exchange(config, services)
    return factory.make(settings, base_url=base_url, key=key)


def _report(engine: LiveTradingEngine, config: Config) -> EngineReport:
    report = engine.report()
    if report.trading is None or not any(each.wants_local_exchange for each in config.venues.values()):
        return report
    return attrs.evolve(report, trading=attrs.evolve(report.trading, is_resumed=False))


async def _run_for(
    engine: LiveTradingEngine, config: Config, duration: float | None
) -> LiveTradingError | None:
    """Run it, for so many seconds at the most; what it failed of."""
    failure: LiveTradingError | None = None
    async with trio.open_nursery() as nursery:
        if duration is not None:
            nursery.start_soon(_stop_after, engine, duration)
        try:
            await engine.run()
        except LiveTradingError as exc:
            failure = exc
            await _tell_failed_start(config, engine, exc)
        nursery.cancel_scope.cancel()
    return failure


async def _tell_failed_start(config: Config, engine: LiveTradingEngine, failure: LiveTradingError) -> None:
    """Tell people, if they want to be told, of a failure before anything ran that could tell of it."""
    if engine.current is None or engine.current.connections is None:
        dial = network_dial(config.engine)
        now = engine.clock.now()
        await tell_failed_start(config.operations, dial, failure, engine=config.name, now=now)


async def _stop_after(engine: LiveTradingEngine, seconds: float) -> None:
    await trio.sleep(seconds)
    if engine.is_running:
        engine.stop(f"the {seconds:g} s are over")


def freeze_garbage_collector() -> None:
    """Let the garbage collector pass over what is there for the whole run, and look less often.

    Books of forty levels make many short-lived objects, none of them in cycles; with the collector's
    usual thresholds it walks the whole engine over and over while they come.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
