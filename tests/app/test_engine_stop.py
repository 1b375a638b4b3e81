"""The engine's stop: in order and within its limits, at whatever moment it comes. In virtual time."""

from __future__ import annotations

import attrs
import pytest
import trio
import trio.testing
from engine_world import BTC, HOUR, OTHER, Recorder, Rig, drain
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio import EngineState, Strategy
from livetrio.errors import ConnectionLost, NotRunning
from livetrio.model import ConnectionState, ShutdownReason
from livetrio.testing import within
from livetrio.topics import CONNECTED, SHUTDOWN


@attrs.define
class Sleeper(Strategy):
    """Takes its time to stop."""

    seconds: float = 1000.0

    async def on_stop(self):
        await trio.sleep(self.seconds)


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


@within(HOUR)
async def test_the_report_tells_in_which_state_the_stop_found_each_connection(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"))
    rig.sites["OTHER"].refuse = True
    await rig.start()
    await rig.stop()

    states = {each.name: each.state for each in rig.engine.report().connections}
    assert states == {"fake/market": "connected", "other/market": "reconnecting"}
    assert {each.state for each in rig.engine.connection_status()} == {ConnectionState.DISCONNECTED}
