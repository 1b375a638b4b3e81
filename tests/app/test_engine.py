"""The whole engine: states, start and stop, failures, connections at run time. In virtual time."""

from __future__ import annotations

import functools

import attrs
import pytest
import trio
import trio.testing
from engine_world import BTC, ETH, OTHER, Recorder, Rig, drain
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from livetrio import (
    Cache,
    EngineState,
    LiveTradingEngine,
    MessageBus,
    Overflow,
    Strategy,
    WebSocketEndpoint,
)
from livetrio.engines.data import DataEngine
from livetrio.errors import (
    AllConnectionsFailed,
    AlreadyRunning,
    ConnectionFailed,
    ConnectionLost,
    HandlerError,
    NotRunning,
    SlowConsumerError,
    StrategyFailed,
    UnknownInstrument,
)
from livetrio.model import ConnectionState, FeedKind, FeedState, ShutdownReason
from livetrio.supervision.connection import Connection
from livetrio.testing import FakeVenue, WebSocketPeer, within
from livetrio.testing.venue import FakeCodec
from livetrio.topics import CONNECTED, DISCONNECTED, SHUTDOWN

HOUR = 3600

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


# Stop.


@within(HOUR)
async def test_in_on_stop_a_strategy_can_still_send_by_its_connection(nursery, autojump_clock):
    rig = Rig(nursery)

    class Polite(Strategy):
        async def on_stop(self):
            await trio.sleep(1)
            (connection,) = rig.engine.connections
            await rig.engine.send_websocket_message(connection, "goodbye")

    rig.engine.add_strategy(Polite())
    await rig.start()
    await trio.sleep(5)
    await rig.stop()
    await trio.sleep(1)

    assert rig.server.peer.session.received == ["goodbye"]
    assert rig.server.peer.session.close_code == 1000
    assert rig.engine.report().strategies[0].errors == 0


@within(HOUR)
async def test_the_same_when_it_is_cancelled_from_outside(nursery, autojump_clock):
    rig = Rig(nursery)

    class Polite(Strategy):
        async def on_stop(self):
            await trio.sleep(1)
            await rig.engine.send_websocket_message(rig.engine.connections[0], "goodbye")

    rig.engine.add_strategy(Polite())
    with trio.move_on_after(5):
        await rig.engine.run()
    assert rig.engine.state is EngineState.STOPPED
    await trio.sleep(1)

    assert rig.server.peer.session.received == ["goodbye"]
    (shutdown,) = rig.told("ShutdownEvent")
    assert (shutdown.reason, shutdown.message) == (ShutdownReason.USER_REQUEST, "cancelled from outside")


@within(HOUR)
async def test_the_stop_says_goodbye_and_no_more(autojump_clock):
    """Not that each feed is given up: that would be in the way of the goodbye."""
    for _ in range(20):
        async with trio.open_nursery() as far_side:
            rig = Rig(far_side, venues=("FAKE", "OTHER"))
            rig.engine.add_strategy(Recorder(BTC), name="a")
            rig.engine.add_strategy(Recorder(OTHER), name="b")
            async with trio.open_nursery() as nursery:
                await nursery.start(rig.engine.run)
                await trio.sleep(1)
                rig.engine.stop()
            await trio.sleep(1)

            for server, name in zip(rig.servers.values(), (BTC, OTHER), strict=True):
                assert server.peer.session.received == [f"subscribe trades {name}"]
                assert server.peer.session.close_code == 1000
            far_side.cancel_scope.cancel()


@within(HOUR)
async def test_shutdown_is_published_first_and_handlers_hear_of_it(nursery, autojump_clock):
    rig = Rig(nursery)
    heard = []
    rig.bus.subscribe("system.*", lambda event: heard.append(event))

    class Last(Strategy):
        async def on_stop(self):
            await trio.sleep(1)
            rig.bus.publish("my.last.words", "bye")

    rig.bus.subscribe("my.*", heard.append)
    rig.engine.add_strategy(Last())
    await rig.start()
    await trio.sleep(1)
    drain(rig.everything)

    rig.engine.stop("enough")
    await rig.engine.wait_stopped()

    published = drain(rig.everything)
    assert published[0].message == "enough"
    assert published[0].reason is ShutdownReason.USER_REQUEST
    assert [type(event).__name__ for event in heard] == ["ConnectionEvent", "ShutdownEvent", "str"]


@within(HOUR)
async def test_the_first_reason_counts(nursery, autojump_clock):
    rig = Rig(nursery)
    await rig.start()

    rig.engine.stop("first")
    rig.engine.stop("second")
    await rig.engine.wait_stopped()

    assert rig.engine.report().reason == "first"
    assert len(rig.told("ShutdownEvent")) == 1


@within(HOUR)
async def test_a_slow_on_stop_is_cut_short_and_said(nursery, autojump_clock):
    rig = Rig(nursery, stop_timeout_ms=5000)
    rig.engine.add_strategy(Sleeper())
    await rig.start()

    await rig.stop()

    assert trio.current_time() == 5
    assert rig.engine.report().strategies[0].errors == 1
    assert rig.engine.state is EngineState.STOPPED


@within(HOUR)
async def test_hurry_cuts_strategies_and_handlers_short(nursery, autojump_clock):
    rig = Rig(nursery, stop_timeout_ms=5000)
    rig.engine.add_strategy(Sleeper())

    async def never_done(event):
        await trio.sleep_forever()

    rig.bus.subscribe(SHUTDOWN, never_done)
    await rig.start()
    rig.engine.hurry()
    await trio.sleep(1)
    assert rig.engine.state is EngineState.RUNNING, "without a stop there is nothing to hurry"

    rig.engine.stop()
    await trio.sleep(2)
    rig.engine.hurry()
    await trio.sleep(1)
    rig.engine.hurry()
    await rig.engine.wait_stopped()

    assert trio.current_time() <= 4


@within(HOUR)
async def test_a_handler_that_never_ends_does_not_keep_it_from_stopping(nursery, autojump_clock):
    rig = Rig(nursery, stop_timeout_ms=5000)

    async def never_done(event):
        await trio.sleep_forever()

    rig.bus.subscribe(CONNECTED, never_done)
    await rig.start()
    await trio.sleep(1)

    await rig.stop()

    assert trio.current_time() == 6


@within(HOUR)
@pytest.mark.parametrize("fault", ["half_open", "reads nothing"])
async def test_a_stuck_peer_does_not_keep_it_from_stopping(nursery, autojump_clock, fault):
    rig = Rig(nursery, stop_timeout_ms=5000)
    rig.engine.add_strategy(Recorder())
    await rig.start()
    await trio.sleep(1)
    if fault == "half_open":
        rig.site.half_open()
    else:
        rig.server.peer.session._stream.receive_some = trio.sleep_forever

        async def send_much():
            with pytest.raises((NotRunning, ConnectionLost)):
                await send_for_ever()

        async def send_for_ever():
            while True:
                await rig.engine.connections[0].send("x" * 60_000)

        nursery.start_soon(send_much)
        await trio.sleep(1)
    begun = trio.current_time()

    await rig.stop()

    assert trio.current_time() - begun <= 3


@within(HOUR)
async def test_stop_before_it_has_started_ends_it_without_strategies(nursery, autojump_clock):
    rig = Rig(nursery)
    strategy = Recorder()
    rig.engine.add_strategy(strategy)
    rig.site.dial_hole = True
    nursery.start_soon(rig.engine.run)
    await trio.sleep(3)
    assert rig.engine.state is EngineState.STARTING

    await rig.stop()

    assert trio.current_time() == 3
    assert strategy.calls == []
    assert rig.bus.subscriptions == (rig.everything,), "not even that of the strategy that never ran"
    assert rig.engine.data.feeds == ()


@within(HOUR)
async def test_when_all_strategies_have_ended_it_stops(nursery, autojump_clock):
    rig = Rig(nursery)

    async def five_seconds(ctx):
        await trio.sleep(5)

    async def eight_seconds(ctx):
        await trio.sleep(8)

    rig.engine.add_strategy(five_seconds)
    rig.engine.add_strategy(functools.partial(eight_seconds), name=None)

    await rig.engine.run()

    assert trio.current_time() == 8
    report = rig.engine.report()
    assert report.reason == "all strategies have ended"
    assert [each.name for each in report.strategies] == ["five_seconds", "eight_seconds"]


@within(HOUR)
async def test_a_strategy_can_ask_for_the_stop(nursery, autojump_clock):
    rig = Rig(nursery)

    class Enough(Strategy):
        def on_start(self):
            self.ctx.stop("enough")

    rig.engine.add_strategy(Enough())

    await rig.engine.run()

    assert rig.engine.report().reason == "Enough: enough"


def _scenario(moment, how):
    """Start everything, then end it at a moment, in one of the ways there are."""

    @within(HOUR)
    async def run():
        async with trio.open_nursery() as far_side:
            rig = Rig(far_side, venues=("FAKE", "OTHER"), tick_interval_ms=700, stop_timeout_ms=5000)
            rig.site.latency = 0.05
            rig.sites["OTHER"].latency = 0.2
            slow = Sleeper(0.5)
            rig.engine.add_strategy(slow)
            strategy = Recorder()
            rig.engine.add_strategy(strategy)
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(rig.engine.run)
                    await trio.sleep(moment)
                    await trio.testing.wait_all_tasks_blocked()
                    if how == "cancel":
                        scope.cancel()
                    elif how == "both":
                        rig.engine.stop()
                        await trio.sleep(0.3)
                        scope.cancel()  # in the middle of the stop
                    else:
                        rig.engine.stop()
            took = trio.current_time() - moment
            assert took <= 5 + 2 + 0.5
            assert rig.engine.state is EngineState.STOPPED
            assert strategy.calls.count("start") == strategy.calls.count("stop")
            assert rig.bus.subscriptions == (rig.everything,)
            assert rig.engine.data.feeds == ()
            assert all(each.state is ConnectionState.DISCONNECTED for each in rig.engine.connection_status())
            await trio.sleep(10)
            for server in rig.servers.values():
                assert all(session.ended.is_set() for session in server.peer.sessions)
            assert len(rig.told("ShutdownEvent")) == 1
            far_side.cancel_scope.cancel()

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


@settings(deadline=None, max_examples=60)
@given(
    moment=st.one_of(st.floats(0, 3), st.sampled_from([0.0, 0.1, 0.2, 0.7, 1.4])),
    how=st.sampled_from(["cancel", "stop", "both"]),
)
def test_ended_at_any_moment_in_any_way_it_ends_in_order(moment, how):
    _scenario(moment, how)


@within(HOUR)
async def test_cancelled_at_any_step_of_its_start_it_ends_in_order(autojump_clock):
    """Steps rather than times: much happens at one moment."""
    seen = set()
    for steps in range(1, 200, 2):
        async with trio.open_nursery() as far_side:
            rig = Rig(far_side)
            strategy = Recorder()
            rig.engine.add_strategy(strategy)
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(rig.engine.run)
                    for _ in range(steps):
                        await trio.lowlevel.checkpoint()
                    began = rig.engine.is_running
                    seen.add(rig.engine.state)
                    scope.cancel()
            assert rig.engine.state is EngineState.STOPPED
            assert len(rig.told("ShutdownEvent")) in (began, 1)
            assert rig.bus.subscriptions == (rig.everything,)
            assert strategy.calls.count("start") == strategy.calls.count("stop")
            far_side.cancel_scope.cancel()
    assert seen >= {EngineState.STARTING, EngineState.RUNNING}


@within(HOUR)
async def test_cancelled_at_any_step_of_its_stop_it_ends_in_order(autojump_clock):
    for steps in range(60):
        async with trio.open_nursery() as far_side:
            rig = Rig(far_side)
            strategy = Recorder()
            rig.engine.add_strategy(strategy)
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    await nursery.start(rig.engine.run)
                    await trio.sleep(1)
                    rig.engine.stop("enough")
                    for _ in range(steps):
                        await trio.lowlevel.checkpoint()
                    scope.cancel()
            assert rig.engine.state is EngineState.STOPPED
            assert rig.engine.report().reason == "enough"
            assert strategy.calls[-1] == "stop"
            await trio.sleep(3)
            assert rig.server.peer.session.close_code == 1000
            far_side.cancel_scope.cancel()


# Strategies that fail.


class Fails(Recorder):
    """Raises in the handler that is named."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def on_start(self):
        super().on_start()
        self._maybe("on_start")

    def on_trade(self, trade):
        super().on_trade(trade)
        self._maybe("on_trade")

    def on_stop(self):
        super().on_stop()
        self._maybe("on_stop")

    def _maybe(self, where):
        if where == self.where:
            raise ValueError(f"in {where}")


@attrs.define
class Sleeper(Strategy):
    """Takes its time to stop."""

    seconds: float = 1000.0

    async def on_stop(self):
        await trio.sleep(self.seconds)


@within(HOUR)
@pytest.mark.parametrize("where", ["on_start", "on_trade", "on_stop"])
async def test_what_a_strategy_raises_stops_the_engine_in_order(nursery, autojump_clock, where):
    rig = Rig(nursery)
    failing, other = Fails(where), Recorder()
    rig.engine.add_strategy(failing)
    rig.engine.add_strategy(other)

    async def play():
        await (await rig.server.peer.wait_session(1)).wait_received(f"subscribe trades {BTC}")
        await rig.server.send(f"trade {BTC} 100 1 1")
        await trio.sleep(5)
        if rig.engine.is_running:
            rig.engine.stop()

    nursery.start_soon(play)
    with pytest.raises(StrategyFailed, match=f"the strategy Fails raised ValueError: in {where}") as caught:
        await rig.engine.run()

    cause = caught.value.__cause__
    assert isinstance(cause, ValueError)
    assert cause.__traceback__ is not None
    assert rig.engine.state is EngineState.FAILED
    assert failing.calls[-1] == other.calls[-1] == "stop"
    (shutdown,) = rig.told("ShutdownEvent")
    if where == "on_stop":
        assert shutdown.reason is ShutdownReason.USER_REQUEST, "it was stopping already"
    else:
        assert (shutdown.reason, shutdown.message) == (ShutdownReason.ERROR, str(caught.value))


@within(HOUR)
async def test_an_isolated_strategy_ends_alone_and_loudly(nursery, autojump_clock):
    rig = Rig(nursery)
    failing, other = Fails("on_trade"), Recorder()
    rig.engine.add_strategy(failing, on_error="isolate", name="the bad one")
    rig.engine.add_strategy(other)
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")

    with capture_logs() as logs:
        await rig.server.send(f"trade {BTC} 100 1 1")
        await trio.sleep(1)
        await rig.server.send(f"trade {BTC} 100 1 2")
        await trio.sleep(1)

    assert failing.calls == ["start", "connected", "trade 1", "stop"]
    assert other.calls[-2:] == ["trade 1", "trade 2"]
    assert rig.server.peer.session.received == [f"subscribe trades {BTC}"], "the other still wants them"
    (logged,) = [each for each in logs if each["event"] == "strategy failed"]
    assert (logged["log_level"], str(logged["exc_info"])) == ("error", "in on_trade")
    states = {each.name: (each.state, each.errors) for each in rig.engine.report().strategies}
    assert states == {"the bad one": ("failed", 1), "Recorder": ("running", 0)}
    await rig.stop()
    assert rig.engine.state is EngineState.STOPPED


@within(HOUR)
async def test_the_report_tells_in_which_state_the_stop_found_each_connection(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"))
    rig.sites["OTHER"].refuse = True
    await rig.start()
    await rig.stop()

    states = {each.name: each.state for each in rig.engine.report().connections}
    assert states == {"fake/market": "connected", "other/market": "reconnecting"}
    assert {each.state for each in rig.engine.connection_status()} == {ConnectionState.DISCONNECTED}


@within(HOUR)
async def test_where_every_strategy_failed_isolated_or_not_the_run_has_failed(nursery, autojump_clock):
    rig = Rig(nursery)
    for name in ("one", "other"):
        rig.engine.add_strategy(Fails("on_trade"), on_error="isolate", name=name)

    async def play():
        await (await rig.server.peer.wait_session(1)).wait_received(f"subscribe trades {BTC}")
        await rig.server.send(f"trade {BTC} 100 1 1")

    nursery.start_soon(play)
    with pytest.raises(StrategyFailed, match="raised ValueError: in on_trade"):
        await rig.engine.run()

    assert rig.engine.state is EngineState.FAILED
    (shutdown,) = rig.told("ShutdownEvent")
    assert shutdown.reason is ShutdownReason.ERROR


@within(HOUR)
async def test_feeds_of_a_strategy_that_failed_are_given_up(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.engine.add_strategy(Fails("on_trade"), on_error="isolate")
    rig.engine.add_strategy(Recorder(ETH))
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")

    await rig.server.send(f"trade {BTC} 100 1 1")
    await rig.server.peer.session.wait_received(f"unsubscribe trades {BTC}")

    await rig.stop()


@within(HOUR)
async def test_a_strategy_too_slow_for_what_may_not_be_lost_fails_alone(nursery, autojump_clock):
    rig = Rig(nursery)

    class Slow(Strategy):
        async def on_connection(self, event):
            await trio.sleep(30)

    rig.engine.add_strategy(Slow(), on_error="isolate", capacity=2)
    other = Recorder()
    rig.engine.add_strategy(other)
    await rig.start()

    for _ in range(10):
        await trio.sleep(0.5)
        rig.engine.restart()
    await trio.sleep(300)

    slow, fast = rig.engine.report().strategies
    assert (slow.state, fast.state) == ("failed", "running")
    assert other.calls.count("connected") == 11
    assert isinstance(rig.engine._strategies.runners[0].error, SlowConsumerError)
    await rig.stop()


@within(HOUR)
async def test_market_data_that_a_strategy_is_too_slow_for_is_dropped_or_conflated(nursery, autojump_clock):
    rig = Rig(nursery)

    class Slow(Recorder):
        async def on_trade(self, trade):
            super().on_trade(trade)
            await trio.sleep(1)

    class SlowQuotes(Strategy):
        last = None

        def on_start(self):
            self.ctx.subscribe_quotes(BTC)

        async def on_quote(self, quote):
            self.last = quote
            await trio.sleep(1)

    slow, latest = Slow(), SlowQuotes()
    rig.engine.add_strategy(slow, capacity=5)
    rig.engine.add_strategy(latest, capacity=5, overflow=Overflow.LATEST)
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe quotes {BTC}")

    for number in range(100):
        await rig.server.send(f"trade {BTC} 100 1 {number}", f"quote {BTC} {number + 1} 1 1000 1")
        await trio.sleep(0.01)
    await trio.sleep(20)

    first, second = rig.engine.report().strategies
    assert slow.calls[-1] == "trade 99"
    assert first.dropped > 90 - 5
    assert second.conflated > 90
    assert latest.last.bid_price == 100
    assert rig.engine.report().dropped == first.dropped
    await rig.stop()


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
        def open_codec(self, generation):
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
            rig.engine._ticker.run = None
            rig.engine.set_tick_interval(1)
            rig.engine._services.start_soon(explode)

    async def explode():
        raise KeyError("bug")

    rig.engine.add_strategy(Bomb("on_start"))

    with pytest.RaisesGroup(StrategyFailed, KeyError):
        await rig.engine.run()

    assert rig.engine.state is EngineState.FAILED


# Connections.


@within(HOUR)
async def test_only_when_the_last_connection_is_given_up_the_engine_fails(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"), max_reconnect_attempts=3)
    rig.sites["OTHER"].refuse = True
    strategy = Recorder()
    rig.engine.add_strategy(strategy)
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")
    await trio.sleep(100)
    states = {each.name: each.state for each in rig.engine.connection_status()}
    assert states == {
        "fake/market": ConnectionState.CONNECTED,
        "other/market": ConnectionState.FAILED,
    }
    assert "failed" in strategy.calls
    await rig.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(1)
    assert strategy.calls[-1] == "trade 1", "one dead venue does not disturb the other"

    rig.engine.stop()
    await rig.engine.wait_stopped()
    rig.site.refuse = True
    begun = trio.current_time()
    with pytest.raises(AllConnectionsFailed, match=r"fake/market.*other/market") as caught:
        await rig.engine.run()

    assert trio.current_time() - begun == pytest.approx(7)
    assert rig.engine.state is EngineState.FAILED
    assert rig.engine.report().reason == f"error: {caught.value}"


@within(HOUR)
async def test_the_seed_s_three_attempts(nursery, autojump_clock):
    rig = Rig(nursery, max_reconnect_attempts=3)
    rig.site.refuse = True

    with pytest.raises(AllConnectionsFailed, match="given up after 3 attempts"):
        await rig.engine.run()

    (status,) = rig.engine.connection_status()
    assert (status.state, status.reconnect_attempts) == (ConnectionState.FAILED, 3)
    assert rig.site.dials == [0, 1, 3, 7]


@within(HOUR)
async def test_restart_renews_every_connection_and_revives_those_given_up(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"), max_reconnect_attempts=1)
    rig.sites["OTHER"].refuse = True
    await rig.start()
    await trio.sleep(10)
    assert [each.state.value for each in rig.engine.connection_status()] == ["connected", "failed"]
    rig.sites["OTHER"].refuse = False

    rig.engine.restart()
    await trio.sleep(1)

    assert [each.state.value for each in rig.engine.connection_status()] == ["connected", "connected"]
    assert [each.generation for each in rig.engine.connection_status()] == [2, 1]
    assert all(isinstance(each, Connection) for each in rig.engine.connections)
    await rig.stop()


RAW = WebSocketEndpoint(url="wss://raw.test/ws", subscriptions=("hello",))


@within(HOUR)
async def test_endpoints_by_hand_are_connected_and_their_messages_published(nursery, autojump_clock):
    rig = Rig(nursery, venues=(), endpoints=[RAW, RAW])
    peer = WebSocketPeer(on_message=lambda _session, text: [f"{text} yourself"])
    rig.network.listen("raw.test", 443, peer.serve)
    seen = []
    rig.bus.subscribe("websocket.*", seen.append)

    await rig.start()
    await trio.sleep(1)

    assert seen == [b"hello yourself"] * 2
    assert [each.name for each in rig.engine.connection_status()] == ["raw.test/ws", "raw.test/ws#2"]
    await rig.stop()


@within(HOUR)
async def test_an_endpoint_can_be_connected_and_disconnected_meanwhile(nursery, autojump_clock):
    rig = Rig(nursery)
    peer = WebSocketPeer()
    rig.network.listen("raw.test", 443, peer.serve)
    await rig.start()

    connection = await rig.engine.connect_websocket(RAW)
    await rig.engine.send_websocket_message(connection, "more")
    await trio.sleep(1)
    assert peer.session.received == ["hello", "more"]
    assert rig.engine.connections[-1] is connection
    rig.engine.disconnect_websocket(connection)
    await trio.sleep(1)

    assert peer.session.ended.is_set()
    assert len(rig.engine.connections) == 1
    assert connection.state is ConnectionState.DISCONNECTED
    rig.engine.disconnect_websocket(connection)
    with pytest.raises(NotRunning):
        await rig.engine.send_websocket_message(connection, "more")
    assert rig.engine.state is EngineState.RUNNING
    await rig.stop()


@within(HOUR)
async def test_an_endpoint_that_does_not_answer_is_tried_on(nursery, autojump_clock):
    rig = Rig(nursery)
    peer = WebSocketPeer()
    site = rig.network.listen("raw.test", 443, peer.serve)
    site.refuse = True
    await rig.start()

    connection = await rig.engine.connect_websocket(RAW)
    assert connection.state is ConnectionState.RECONNECTING
    site.refuse = False
    await trio.sleep(2)

    assert connection.state is ConnectionState.CONNECTED
    await rig.stop()


@within(HOUR)
@pytest.mark.parametrize("venues", [(), ("FAKE",)])
async def test_without_auto_reconnect_a_failed_connect_is_raised_and_that_is_all(
    nursery, autojump_clock, venues
):
    rig = Rig(nursery, venues=venues, auto_reconnect=False)
    await rig.start()

    with pytest.raises(ConnectionFailed, match="nobody listens"):
        await rig.engine.connect_websocket(RAW)
    await trio.sleep(10)

    assert rig.engine.state is EngineState.RUNNING
    assert len(rig.engine.connections) == len(venues)
    await rig.stop()


@within(HOUR)
async def test_a_connect_that_is_cancelled_leaves_nothing_behind(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.network.listen("raw.test", 443, WebSocketPeer().serve).dial_hole = True
    await rig.start()

    with trio.move_on_after(3):
        await rig.engine.connect_websocket(RAW)
    await trio.sleep(1)

    assert len(rig.engine.connections) == 1
    await rig.stop()


@within(HOUR)
async def test_a_connect_that_the_stop_overtakes_says_so(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.network.listen("raw.test", 443, WebSocketPeer().serve).dial_hole = True
    await rig.start()

    async def stop():
        await trio.sleep(3)
        rig.engine.stop()

    nursery.start_soon(stop)
    with pytest.raises(NotRunning, match="before it was up"):
        await rig.engine.connect_websocket(RAW)
    await rig.engine.wait_stopped()


@within(HOUR)
async def test_an_endpoint_of_a_venue_carries_its_feeds_in_every_run(nursery, autojump_clock):
    """Hyperliquid's, by its address: no venue of its own is configured."""
    endpoint = WebSocketEndpoint(url="wss://api.hyperliquid.xyz/ws")
    rig = Rig(nursery, venues=(), endpoints=[endpoint])
    peer = WebSocketPeer()
    rig.network.listen("api.hyperliquid.xyz", 443, peer.serve)
    rig.engine.add_strategy(Recorder("BTC-USD-PERP.HYPERLIQUID"))

    for number in (1, 2):
        await rig.start()
        await trio.sleep(1)
        await rig.stop()
        assert len(peer.sessions) == number
        assert (
            peer.session.received[0] == '{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}'
        )


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
    rig.venues["FAKE"].open_codec = lambda generation: Account(rig.venues["FAKE"], generation)
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
    rig.venues["FAKE"].open_codec = lambda generation: Account(rig.venues["FAKE"], generation)
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


@within(HOUR)
async def test_the_far_side_sees_two_venues_apart(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"))
    rig.engine.add_strategy(Recorder(BTC), name="a")
    rig.engine.add_strategy(Recorder(OTHER), name="b")
    await rig.start()
    await trio.sleep(1)

    assert rig.servers["FAKE"].peer.session.received == [f"subscribe trades {BTC}"]
    assert rig.servers["OTHER"].peer.session.received == [f"subscribe trades {OTHER}"]
    assert drain(rig.bus.subscribe(DISCONNECTED)) == []
    await rig.stop()
