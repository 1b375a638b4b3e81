"""From a configuration to a running engine. Real loopback sockets, where the local exchange is in it."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
import run_strategies
import trio
from engine_world import Recorder, Rig
from structlog.testing import capture_logs

from livetrio import (
    Config,
    EngineState,
    LiveTradingConfig,
    LiveTradingEngine,
    MessageBus,
    StrategyConfig,
    WebSocketEndpoint,
    open_engine,
)
from livetrio.app.config import ExchangeConfig
from livetrio.app.run import make_engine, run_config, running
from livetrio.clock import Clock
from livetrio.errors import AllConnectionsFailed, ConfigError, StrategyFailed
from livetrio.exchange import make_key, write_recording
from livetrio.model import ConnectionState, ShutdownReason
from livetrio.testing import MemoryNetwork, WebSocketPeer, within
from livetrio.venues.hyperliquid import HyperliquidConfig

HERE = Path(__file__).parent
LOCAL = {"hyperliquid": HyperliquidConfig(network="local")}


def whole(*strategies, venues=None, exchange=None, **engine):
    """A configuration; strategies by the name of their class in `run_strategies`."""
    return Config(
        engine=LiveTradingConfig(**{"handle_signals": False} | engine),
        venues=LOCAL if venues is None else venues,
        strategies=[
            each if isinstance(each, StrategyConfig) else StrategyConfig(path=f"run_strategies:{each}")
            for each in strategies
        ],
        exchange=exchange or ExchangeConfig(seed=0),
        source=HERE / "test.toml",
    )


BEGAN = 1_700_000_000_000_000_000


def a_trade(number):
    """A frame with one trade, the first of them from before the recording."""
    entry = {
        "coin": "BTC", "side": "BA"[number % 2], "px": "100.0", "sz": "0.5", "hash": "0x" + "0" * 64,
        "time": BEGAN // 10**6 + number * 100 - (number == 0), "tid": number,
        "users": ["0x" + "1" * 40, "0x" + "2" * 40],
    }  # fmt: skip
    return json.dumps({"channel": "trades", "data": [entry]})


@pytest.fixture
def collector():
    """The garbage collector as it was."""
    before = gc.get_threshold()
    run_strategies.MADE.clear()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


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
    (connection,) = outcome.report.connections
    assert (connection.name, connection.sessions, connection.faults) == ("hyperliquid/market", 1, {})
    assert gc.get_freeze_count() > 0


@within(30)
async def test_the_market_follows_the_recording_of_the_configuration_as_fast_as_it_says(collector, tmp_path):
    write_recording(tmp_path / "trades.gz", [(BEGAN + each * 10**8, a_trade(each)) for each in range(300)])
    config = whole(
        StrategyConfig(path="run_strategies:Watcher", params={"stop_after": 300}),
        exchange=ExchangeConfig(replay=str(tmp_path / "trades.gz"), speed=100),
    )

    outcome = await run_config(config)

    assert outcome.report.reason == "Watcher: seen enough"
    assert outcome.report.duration < 10, "of 30 recorded seconds"
    (strategy,) = run_strategies.MADE
    assert strategy.seen["history"] == 1, "the one from before the recording"
    assert strategy.seen["trade"] in range(280, 300), "and a few books"
    assert strategy.volume == (strategy.seen["trade"] + 1) * Decimal("0.5")


@within(30)
@pytest.mark.parametrize("seed", [None, 7])
async def test_the_log_tells_the_seed_and_the_account_of_the_local_exchange(collector, seed):
    with capture_logs() as logs:
        await run_config(whole(exchange=ExchangeConfig(seed=seed)), duration=0.1)

    (line,) = [each for each in logs if each["event"] == "local exchange"]
    assert line["address"].startswith("http://127.0.0.1:")
    assert line["account"] == make_key(line["seed"], 0).address, "which anybody can make again"
    if seed is not None:
        assert line["seed"] == seed


@within(30)
async def test_a_market_that_is_not_given_a_seed_is_another_one_each_time(collector):
    with capture_logs() as logs:
        for _ in range(2):
            await run_config(whole(exchange=ExchangeConfig()), duration=0.1)

    first, second = [each["seed"] for each in logs if each["event"] == "local exchange"]
    assert first != second


@within(30)
async def test_it_stops_by_itself_after_the_duration(collector):
    outcome = await run_config(whole("Watcher"), duration=0.3)

    assert outcome.failure is None
    assert outcome.report.reason == "the 0.3 s are over"
    assert 0.3 <= outcome.report.duration < 10


@within(30)
async def test_a_venue_elsewhere_is_dialed_where_it_is(collector):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    venues = {"hyperliquid": HyperliquidConfig(network="local", base_url=f"http://127.0.0.1:{port}")}

    outcome = await run_config(whole(venues=venues), duration=0.3)

    assert outcome.failure is None
    (connection,) = outcome.report.connections
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
async def test_a_recording_with_nothing_to_trade_is_an_error_of_the_configuration(collector, tmp_path):
    (tmp_path / "pongs").write_text('17 {"channel":"pong"}\n')
    config = whole(exchange=ExchangeConfig(replay=str(tmp_path / "pongs")))

    with pytest.raises(ConfigError, match=r"exchange\.replay: .*pongs: holds no price"):
        await run_config(config)


@within(30)
async def test_a_port_that_is_taken_is_an_error_of_the_configuration(collector):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = whole(exchange=ExchangeConfig(port=taken.getsockname()[1]))

        with pytest.raises(ConfigError, match=r"exchange\.port: expected a port that is free"):
            await run_config(config)


@within(30)
async def test_a_configuration_of_no_file_is_not_said_to_be_from_one(collector):
    config = attrs.evolve(whole(exchange=ExchangeConfig(replay="missing.gz")), source=None)

    with pytest.raises(ConfigError, match=r"^configuration: 1 problem\n  exchange\.replay: "):
        await run_config(config)


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
    assert any("second signal" in each["event"] for each in logs)
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
    engine._strategies.prepare(Clock.simulated(), engine.data)
    runners = engine._strategies.runners

    assert [runner.name for runner in runners] == ["one", "Watcher"]
    assert runners[0].context.events.capacity == 7
    assert runners[0].context.events.overflow.value == "latest"
    assert [runner.on_error for runner in runners] == ["stop", "isolate"]
    assert isinstance(engine.bus, MessageBus)
