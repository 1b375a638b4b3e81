"""From a configuration to a running engine. Real loopback sockets, where the local exchange is in it."""

from __future__ import annotations

import gc
import os
import signal
import socket

import attrs
import pytest
import run_strategies
import trio
from engine_world import Recorder, Rig
from run_strategies import whole
from structlog.testing import capture_logs

from livetrio import (
    EngineState,
    LiveTradingConfig,
    LiveTradingEngine,
    MessageBus,
    StrategyConfig,
    WebSocketEndpoint,
    open_engine,
)
from livetrio.app.account_lock import account_locks, lock_folder
from livetrio.app.config import ExchangeConfig, JournalConfig
from livetrio.app.run import make_engine, run_config, running
from livetrio.clock import Clock
from livetrio.errors import AccountInUse, AllConnectionsFailed, ConfigError, JournalError, StrategyFailed
from livetrio.model import ConnectionState, ShutdownReason
from livetrio.secrets import Secret
from livetrio.testing import MemoryNetwork, WebSocketPeer, within
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

# run_config, by the real loopback.


@within(30)
async def test_a_configuration_runs_until_its_strategy_has_enough(collector):
    outcome = await run_config(
        whole(StrategyConfig(path="run_strategies:Watcher", params={"stop_after": 5}, name="w"))
    )

    assert outcome.failure is None
    assert outcome.report.reason == "w: seen enough"
    (strategy,) = run_strategies.MADE
    assert sum(strategy.seen.values()) >= 5
    connection, account = outcome.report.connections
    assert account.name == "hyperliquid/account"
    assert (connection.name, connection.sessions, connection.faults) == ("hyperliquid/market", 1, {})
    assert gc.get_freeze_count() > 0
    assert not outcome.report.trading.is_resumed  # its exchange is gone


@within(30)
async def test_who_may_not_trade_an_account_is_told_who_does(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("A_KEY", "0x" + "11" * 32)
    settings = HyperliquidConfig(network="testnet", key=Secret("env:A_KEY"))
    venue = HyperliquidVenue(settings, key="11" * 32)

    with account_locks([venue], lock_folder(os.environ)):
        with pytest.raises(AccountInUse, match=f"is traded by process {os.getpid()}; two engines"):
            await run_config(whole("Watcher", venues={"hyperliquid": settings}))

    assert not run_strategies.MADE or not run_strategies.MADE[0].seen


@within(30)
async def test_it_stops_by_itself_after_the_duration(collector):
    outcome = await run_config(whole("Watcher"), duration=0.3)

    assert outcome.failure is None
    assert outcome.report.reason == "the 0.3 s are over"
    assert 0.3 <= outcome.report.duration < 10


@within(30)
async def test_a_venue_elsewhere_is_dialed_where_it_is(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("A_KEY", "0x" + "11" * 32)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings = HyperliquidConfig(
        network="local", base_url=f"http://127.0.0.1:{port}", key=Secret("env:A_KEY")
    )

    outcome = await run_config(whole(venues={"hyperliquid": settings}), duration=0.3)

    assert outcome.failure is None
    assert outcome.report.trading.is_resumed
    connection, _account = outcome.report.connections
    assert connection.endpoint == f"ws://127.0.0.1:{port}/ws"
    assert connection.sessions == 0
    assert "does not accept connections" in connection.last_error


@within(30)
async def test_a_duration_longer_than_the_run_does_not_hold_it_up(collector):
    config = whole(StrategyConfig(path="run_strategies:Watcher", params={"stop_after": 1}))

    outcome = await run_config(config, duration=20)

    assert outcome.report.duration < 10


@within(30)
async def test_what_the_run_fails_of_is_in_the_outcome(collector):
    outcome = await run_config(whole("Broken"))

    assert isinstance(outcome.failure, StrategyFailed)
    assert isinstance(outcome.failure.__cause__, ValueError)
    assert outcome.report.strategies[0].state == "failed"
    assert outcome.report.reason == f"error: {outcome.failure}"


@within(30)
async def test_a_bug_comes_out_of_run_config_as_it_is(collector, monkeypatch):
    async def explode(self, **_):
        raise KeyError("bug")

    monkeypatch.setattr(LiveTradingEngine, "run", explode)

    with pytest.raises(KeyError, match="bug"):
        await run_config(whole())


@within(30)
@pytest.mark.parametrize("run", ["run_config", "open_engine"])
async def test_a_recording_that_cannot_be_read_is_an_error_of_the_configuration(run, collector):
    config = whole(exchange=ExchangeConfig(replay="missing.gz"))

    async def open_and_leave():
        async with open_engine(config):
            pytest.fail("not reached")

    with pytest.raises(ConfigError, match=r"exchange\.replay: .*missing\.gz"):
        await (run_config(config) if run == "run_config" else open_and_leave())


@within(30)
async def test_a_strategy_that_refuses_its_parameters_is_an_error_of_the_configuration(collector):
    config = whole(StrategyConfig(path="run_strategies:Picky", params={"size": 0}))

    with pytest.raises(ConfigError, match="size must be at least 1"):
        await run_config(config)


# Signals, real ones.


@within(30)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_in_order(nursery, collector, number):
    shutdowns = []

    async def kill():
        # The configuration makes the strategy, so there is nothing to wait on before.
        while not run_strategies.MADE or not run_strategies.MADE[0].seen:  # noqa: ASYNC110
            await trio.sleep(0.01)
        run_strategies.MADE[0].ctx.bus.subscribe("system.shutdown", shutdowns.append)
        os.kill(os.getpid(), number)

    nursery.start_soon(kill)
    outcome = await run_config(whole("Watcher", handle_signals=True))

    assert outcome.failure is None
    assert outcome.report.reason == f"signal {number.name}"
    assert [(event.reason, event.message) for event in shutdowns] == [(ShutdownReason.SIGNAL, number.name)]


@within(30)
async def test_a_run_that_ends_before_it_has_begun_says_why_in_its_report(collector, tmp_path):
    config = attrs.evolve(whole("Watcher"), journal=JournalConfig(path="/proc/no/journal"))

    outcome = await run_config(config)

    assert isinstance(outcome.failure, JournalError)
    assert outcome.report.reason == f"error: {outcome.failure}"


@within(30)
async def test_a_second_signal_hurries(nursery):
    rig = Rig(nursery, handle_signals=True, stop_timeout_ms=25_000)
    stopping = trio.Event()

    class Slow(Recorder):
        async def on_stop(self):
            stopping.set()
            await trio.sleep(20)

    rig.engine.add_strategy(Slow())
    await rig.start()
    begun = trio.current_time()
    with capture_logs() as logs:
        os.kill(os.getpid(), signal.SIGTERM)
        await stopping.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await rig.engine.wait_stopped()

    assert trio.current_time() - begun < 10
    assert any("not waiting for the clean-up" in each["event"] for each in logs)
    assert rig.engine.report().strategies[0].errors == 1


# open_engine and make_engine, in memory and in virtual time.


@within(3600)
async def test_open_engine_runs_while_the_block_runs(nursery, autojump_clock):
    network = MemoryNetwork(nursery)
    peer = WebSocketPeer()
    network.listen("raw.test", 443, peer.serve)
    config = LiveTradingConfig(
        ws_endpoints=[WebSocketEndpoint(url="wss://raw.test/ws")], handle_signals=False
    )

    async with open_engine(config, clock=Clock.simulated(), dial=network.dial) as engine:
        await trio.sleep(10)
        assert engine.state is EngineState.RUNNING
        assert engine.connection_status()[0].state is ConnectionState.CONNECTED

    assert engine.state is EngineState.STOPPED
    assert engine.report().duration == 10
    await trio.sleep(1)
    assert peer.session.close_code == 1000


@within(3600)
async def test_what_the_block_raises_comes_out_bare_and_the_engine_stops(nursery, autojump_clock):
    network = MemoryNetwork(nursery)

    with pytest.raises(ValueError, match="mine"):
        async with open_engine(LiveTradingConfig(handle_signals=False), dial=network.dial) as engine:
            raise ValueError("mine")

    assert engine.state is EngineState.STOPPED


@within(3600)
async def test_what_the_engine_fails_of_cancels_the_block_and_comes_out(nursery, autojump_clock):
    network = MemoryNetwork(nursery)
    config = LiveTradingConfig(
        ws_endpoints=[WebSocketEndpoint(url="wss://raw.test/ws")],
        max_reconnect_attempts=2,
        handle_signals=False,
    )

    with pytest.raises(AllConnectionsFailed):
        async with open_engine(config, dial=network.dial):
            await trio.sleep_forever()

    assert trio.current_time() == pytest.approx(3)


@within(3600)
async def test_stopping_inside_the_block_is_well(nursery, autojump_clock):
    rig = Rig(nursery)

    async with running(rig.engine):
        await trio.sleep(5)
        rig.engine.stop()
        await rig.engine.wait_stopped()

    assert rig.engine.state is EngineState.STOPPED


@within(3600)
async def test_the_block_is_cancelled_from_outside_and_strategies_clean_up(nursery, autojump_clock):
    rig = Rig(nursery)
    strategy = Recorder()
    rig.engine.add_strategy(strategy)

    with trio.move_on_after(5) as scope:
        async with running(rig.engine):
            await trio.sleep_forever()

    assert scope.cancelled_caught
    assert strategy.calls[-1] == "stop"
    assert rig.engine.state is EngineState.STOPPED


@within(3600)
async def test_a_failure_in_the_block_and_one_of_a_strategy_are_both_told(nursery, autojump_clock):
    rig = Rig(nursery)

    class Bad(Recorder):
        def on_stop(self):
            raise ValueError("in on_stop")

    rig.engine.add_strategy(Bad())

    with pytest.RaisesGroup(AssertionError, StrategyFailed, flatten_subgroups=True):
        async with running(rig.engine):
            raise AssertionError("mine")


@within(3600)
async def test_a_failure_in_on_start_comes_before_the_block(nursery, autojump_clock):
    rig = Rig(nursery)

    class Bad(Recorder):
        def on_start(self):
            raise ValueError("bug")

    rig.engine.add_strategy(Bad())

    with pytest.raises(StrategyFailed):
        async with running(rig.engine):
            pytest.fail("not reached")


async def test_make_engine_takes_strategies_as_configured():
    engine = make_engine(
        whole(
            StrategyConfig(path="run_strategies:Watcher", name="one", queue=7, overflow="latest"),
            StrategyConfig(path="run_strategies:Watcher", on_error="isolate"),
            venues={},
        ),
        [],
    )
    engine._strategies.prepare(Clock.simulated(), engine.data, None, stop=print, fail=print)
    runners = engine._strategies.runners

    assert [runner.name for runner in runners] == ["one", "Watcher"]
    assert runners[0].context.events.capacity == 7
    assert runners[0].context.events.overflow.value == "latest"
    assert [runner.on_error for runner in runners] == ["stop", "isolate"]
    assert isinstance(engine.bus, MessageBus)
