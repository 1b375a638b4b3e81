"""The whole engine: states, start, handlers, bugs, time, parts that can be exchanged. In virtual time."""

from __future__ import annotations

import pytest
import trio
from engine_world import BTC, ETH, HOUR, Fails, Recorder, Rig

from livetrio import (
    Cache,
    EngineState,
    LiveTradingConfig,
    LiveTradingEngine,
    MessageBus,
    Strategy,
    WebSocketEndpoint,
)
from livetrio.engines.data import DataEngine
from livetrio.errors import (
    AlreadyRunning,
    ConfigError,
    HandlerError,
    NotRunning,
    StrategyFailed,
    UnknownInstrument,
)
from livetrio.model import ConnectionState, FeedKind, FeedState, ShutdownReason
from livetrio.testing import FakeVenue, within
from livetrio.testing.venue import FakeCodec
from livetrio.topics import CONNECTED

# States.


@within(HOUR)
async def test_from_stopped_by_starting_and_running_to_stopped(nursery, autojump_clock):
    rig = Rig(nursery)
    engine = rig.engine
    states = []
    engine.add_strategy(Recorder())
    rig.site.latency = 0.5
    assert (engine.state, engine.is_running) == (EngineState.STOPPED, False)
    nursery.start_soon(engine.run)
    await trio.sleep(0.1)
    states.append(engine.state)
    await trio.sleep(10)
    states.append(engine.state)
    engine.stop()
    states.append(engine.state)
    assert engine.is_running

    await engine.wait_stopped()

    assert states == [EngineState.STARTING, EngineState.RUNNING, EngineState.STOPPING]
    assert (engine.state, engine.is_running) == (EngineState.STOPPED, False)
    assert repr(engine) == "<LiveTradingEngine stopped, 1 connections>"


@within(HOUR)
async def test_run_while_it_runs_is_an_error_of_the_caller(nursery, autojump_clock):
    rig = Rig(nursery)
    await rig.start()

    with pytest.raises(AlreadyRunning, match="running already"):
        await rig.engine.run()
    for call in (
        lambda: rig.engine.add_venue(FakeVenue()),
        lambda: rig.engine.add_strategy(Recorder()),
        lambda: rig.engine.set_data_engine(DataEngine(rig.bus, rig.cache)),
        lambda: rig.engine.set_execution_engine(Execution()),
    ):
        with pytest.raises(AlreadyRunning, match="before run"):
            call()
    assert rig.engine.state is EngineState.RUNNING
    await rig.stop()


async def test_what_needs_a_running_engine_says_so():
    engine = LiveTradingEngine(MessageBus(), Cache())

    with pytest.raises(NotRunning, match="nothing to stop"):
        engine.stop()
    with pytest.raises(NotRunning):
        engine.tick()
    with pytest.raises(NotRunning):
        _ = engine.clock
    with pytest.raises(NotRunning):
        await engine.connect_websocket(WebSocketEndpoint(url="wss://x.test/ws"))
    engine.restart()
    engine.hurry()
    await engine.wait_stopped()


@within(HOUR)
async def test_an_engine_without_anything_runs_until_it_is_stopped(nursery, autojump_clock):
    rig = Rig(nursery, venues=())
    await rig.start()
    await trio.sleep(1000)
    assert rig.engine.state is EngineState.RUNNING

    await rig.stop()

    assert rig.engine.report().duration == 1000


@within(HOUR)
async def test_it_can_run_twice_in_a_row(nursery, autojump_clock):
    rig = Rig(nursery, tick_interval_ms=1000)
    strategy = Recorder()
    rig.engine.add_strategy(strategy)

    for number in (1, 2):
        strategy.calls.clear()
        await rig.start()
        await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")
        await rig.server.send(f"trade {BTC} 100 1 {number}")
        await trio.sleep(2.5)
        await rig.stop()
        assert strategy.calls == ["start", "connected", f"trade {number}", "tick 1", "tick 2", "stop"]
        assert rig.engine.state is EngineState.STOPPED

    assert len(rig.server.peer.sessions) == 2
    assert rig.bus.subscriptions == (rig.everything,)
    assert rig.engine.data.feeds == ()


@within(HOUR)
async def test_it_can_run_again_after_a_failure(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.engine.add_strategy(Fails("on_start"))
    with pytest.raises(StrategyFailed):
        await rig.engine.run()
    assert rig.engine.state is EngineState.FAILED

    with pytest.raises(StrategyFailed):
        await rig.engine.run()


# Start.


@within(HOUR)
async def test_strategies_start_when_connections_are_up_and_instruments_there(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.site.latency = 0.5
    found = []

    class Eager(Strategy):
        def on_start(self):
            found.append(self.ctx.instrument(BTC).base)
            found.append(self.ctx.now())

    rig.engine.add_strategy(Eager())
    await rig.start()

    assert found[0] == "BTC"
    assert rig.engine.connection_status()[0].state is ConnectionState.CONNECTED
    await rig.stop()


@within(HOUR)
async def test_a_venue_that_is_down_delays_strategies_by_one_attempt_only(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"), connect_timeout_ms=10_000)
    rig.sites["OTHER"].dial_hole = True
    strategy = Recorder()
    rig.engine.add_strategy(strategy)

    await rig.start()

    assert trio.current_time() == pytest.approx(10)
    assert strategy.calls == ["start", "connected", "reconnecting"]
    await rig.stop()


@within(HOUR)
async def test_instruments_that_cannot_be_had_do_not_keep_strategies_from_starting(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.server.status = 503
    strategy = Recorder()
    unknown = Recorder("NO-SUCH.FAKE")
    rig.engine.add_strategy(strategy)
    rig.engine.add_strategy(unknown)

    await rig.start()
    await trio.sleep(2)
    assert strategy.calls == ["start", "reconnecting", "reconnecting"] or strategy.calls[0] == "start"
    rig.server.status = 200
    await trio.sleep(10)
    await rig.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(1)

    assert "trade 1" in strategy.calls
    assert "refused trades NO-SUCH.FAKE" in unknown.calls, "known only now"
    assert rig.server.peer.session.received == [f"subscribe trades {BTC}"]
    await rig.stop()


@within(HOUR)
async def test_an_unknown_instrument_fails_the_strategy_that_asks_for_it(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.engine.add_strategy(Recorder("BTC-USD-PREP.FAKE"))

    with pytest.raises(StrategyFailed, match=r"does not list BTC-USD-PREP\.FAKE") as caught:
        await rig.engine.run()

    assert isinstance(caught.value.__cause__, UnknownInstrument)


@within(HOUR)
async def test_a_venue_that_this_engine_has_not_is_unknown(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.engine.add_strategy(Recorder("BTC-USD-PERP.FAKES"))

    with pytest.raises(StrategyFailed, match="did you mean FAKE"):
        await rig.engine.run()


# Handlers.


@within(HOUR)
async def test_an_error_in_a_handler_stops_the_engine(nursery, autojump_clock):
    rig = Rig(nursery)

    def broken(event):
        raise ValueError("bug")

    rig.bus.subscribe("trade.*", broken)
    strategy = Recorder()
    rig.engine.add_strategy(strategy)

    async def play():
        await (await rig.server.peer.wait_session(1)).wait_received(f"subscribe trades {BTC}")
        await rig.server.send(f"trade {BTC} 100 1 1")

    nursery.start_soon(play)
    with pytest.raises(HandlerError, match=r"broken.*raised ValueError") as caught:
        await rig.engine.run()

    assert isinstance(caught.value.__cause__, ValueError)
    assert strategy.calls[-1] == "stop"
    assert rig.told("ShutdownEvent")[0].reason is ShutdownReason.ERROR


@within(HOUR)
async def test_errors_in_several_handlers_at_once_stop_the_engine_too(nursery, autojump_clock):
    rig = Rig(nursery)

    def broken(event):
        raise ValueError("bug")

    for _ in range(2):
        rig.bus.subscribe(CONNECTED, broken)

    with pytest.raises(HandlerError):
        await rig.engine.run()

    assert rig.engine.state is EngineState.FAILED


@within(HOUR)
async def test_with_an_error_callback_handlers_go_on(nursery, autojump_clock):
    rig = Rig(nursery)
    told = []
    rig.bus.on_handler_error = lambda pattern, event, error: told.append((pattern, str(error)))
    seen = []

    def broken(trade):
        seen.append(trade.trade_id)
        raise ValueError("bug")

    rig.bus.subscribe("trade.*", broken)
    rig.engine.add_strategy(Recorder())
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")

    await rig.server.send(f"trade {BTC} 100 1 1", f"trade {BTC} 100 1 2")
    await trio.sleep(1)

    assert seen == ["1", "2"]
    assert told == [("trade.*", "bug")] * 2
    assert rig.engine.state is EngineState.RUNNING
    await rig.stop()


# Bugs.


@within(HOUR)
async def test_a_bug_in_a_codec_ends_the_engine_with_its_own_error(nursery, autojump_clock):
    class Broken(FakeCodec):
        def decode(self, frame, ts_init):
            if frame.startswith(b"trade"):
                return {}["bug"]
            return super().decode(frame, ts_init)

    class BrokenVenue(FakeVenue):
        def open_codec(self, stream, generation):
            return Broken(self, generation)

    rig = Rig(nursery, venues=())
    rig.engine.add_venue(BrokenVenue())
    from livetrio.testing import FakeVenueServer

    server = FakeVenueServer(BTC)
    site = rig.network.listen("fake.test", 443, server.serve)
    strategy = Recorder()
    rig.engine.add_strategy(strategy)

    async def play():
        await (await server.peer.wait_session(1)).wait_received(f"subscribe trades {BTC}")
        await server.send(f"trade {BTC} 100 1 1")

    nursery.start_soon(play)
    with pytest.raises(KeyError, match="bug"):
        await rig.engine.run()

    assert rig.engine.state is EngineState.FAILED
    assert len(server.peer.sessions) == 1
    assert strategy.calls == ["start", "connected", "disconnected", "stop"] or strategy.calls[-1] == "stop"
    (shutdown,) = rig.told("ShutdownEvent")
    assert (shutdown.reason, shutdown.message) == (ShutdownReason.ERROR, "KeyError: 'bug'")
    assert len([at for at in site.dials if at > 1]) == 0


@within(HOUR)
async def test_of_a_failure_and_a_bug_neither_is_lost(nursery, autojump_clock):
    rig = Rig(nursery)

    class Bomb(Fails):
        def on_stop(self):
            rig.engine._current.ticker.run = None
            rig.engine.set_tick_interval(1)
            rig.engine._current.services.start_soon(explode)

    async def explode():
        raise KeyError("bug")

    rig.engine.add_strategy(Bomb("on_start"))

    with pytest.RaisesGroup(StrategyFailed, KeyError):
        await rig.engine.run()

    assert rig.engine.state is EngineState.FAILED


# Time.


@within(HOUR)
async def test_ticks_and_heartbeats_can_be_set_meanwhile(nursery, autojump_clock):
    rig = Rig(nursery)
    strategy = Recorder()
    rig.engine.add_strategy(strategy)
    await rig.start()
    await trio.sleep(10)
    assert "tick 1" not in strategy.calls

    rig.engine.set_tick_interval(1000)
    rig.engine.set_heartbeat_interval(2000)
    await trio.sleep(3.5)
    rig.engine.set_tick_interval(None)
    rig.engine.tick()
    await trio.sleep(10)

    assert [call for call in strategy.calls if call.startswith("tick")] == [f"tick {n}" for n in range(1, 5)]
    assert rig.server.peer.session.received.count("ping") == 6
    with pytest.raises(ValueError, match="longer than 0 s"):
        rig.engine.set_tick_interval(0)
    await rig.stop()


@within(HOUR)
async def test_bars_close_by_the_clock(nursery, autojump_clock):
    rig = Rig(nursery)
    looked = []
    rig.engine.data.close_bars = looked.append
    await trio.sleep(0.3)
    await rig.start()

    await trio.sleep(300)

    minute = 60 * 10**9
    assert [now % minute for now in looked] == [2 * 10**9] * 5
    await rig.stop()


# The parts that can be exchanged.


class Execution:
    """Takes whatever is not market data."""

    def __init__(self):
        self.events = []
        self.states = []

    def process(self, event):
        self.events.append(event)

    def on_connection(self, event):
        self.states.append(event.state)


@within(HOUR)
async def test_an_execution_engine_gets_what_is_no_market_data(nursery, autojump_clock):
    class Account(FakeCodec):
        def decode(self, frame, ts_init):
            return [("fill", frame)] if frame == b"fill" else super().decode(frame, ts_init)

    rig = Rig(nursery)
    rig.venues["FAKE"].open_codec = lambda _stream, generation: Account(rig.venues["FAKE"], generation)
    execution = Execution()
    rig.engine.set_execution_engine(execution)
    await rig.start()

    await rig.server.send("fill")
    await trio.sleep(1)

    assert execution.events == [("fill", b"fill")]
    assert ConnectionState.CONNECTED in execution.states
    await rig.stop()
    assert execution.states[-1] is ConnectionState.DISCONNECTED


@within(HOUR)
async def test_without_one_such_events_are_counted(nursery, autojump_clock):
    class Account(FakeCodec):
        def decode(self, frame, ts_init):
            return [("fill", frame)] if frame == b"fill" else super().decode(frame, ts_init)

    rig = Rig(nursery)
    rig.venues["FAKE"].open_codec = lambda _stream, generation: Account(rig.venues["FAKE"], generation)
    await rig.start()

    await rig.server.send("fill", "fill")
    await trio.sleep(1)

    assert rig.engine.connection_status()[0].faults == {"unhandled tuple": 2}
    await rig.stop()


@within(HOUR)
async def test_another_data_engine_can_be_set(nursery, autojump_clock):
    rig = Rig(nursery)
    data = DataEngine(rig.bus, rig.cache)
    rig.engine.set_data_engine(data)
    rig.engine.add_strategy(Recorder())
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")

    await rig.server.send(f"trade {BTC} 100 1 1", f"trade {BTC} 100 1 1")
    await trio.sleep(1)

    assert data.refused == {"duplicate": 1}
    assert [feed.kind for feed in data.feeds] == [FeedKind.TRADES]
    await rig.stop()


@within(HOUR)
async def test_a_silent_feed_reaches_the_strategy(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.venues["FAKE"].silence[FeedKind.TRADES] = 5.0
    strategy = Recorder()
    rig.engine.add_strategy(strategy)
    rig.engine.add_strategy(Recorder(ETH))
    await rig.start()
    for number in range(10):
        await trio.sleep(1)
        await rig.server.send(f"trade {ETH} 9 1 {number}")
    await rig.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(2)

    feed = f"trades {BTC}"
    assert [call for call in strategy.calls if feed in call] == [
        f"{FeedState.STALE.value} {feed}",
        f"{FeedState.RECOVERED.value} {feed}",
    ]
    await rig.stop()


def test_an_engine_without_recovery_takes_no_orders(tmp_path):
    engine = LiveTradingEngine(MessageBus(), Cache(), LiveTradingConfig(enable_recovery=False))

    with pytest.raises(ConfigError, match="enable_recovery: expected true where orders are to be taken"):
        engine.take_orders(tmp_path / "orders.journal")
