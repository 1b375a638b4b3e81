"""The engine's strategies: what ends with one that ends, fails or is too slow. In virtual time."""

from __future__ import annotations

import functools

import pytest
import trio
from engine_world import BTC, ETH, HOUR, Fails, Recorder, Rig
from structlog.testing import capture_logs

from livetrio import EngineState, Overflow, Strategy
from livetrio.errors import SlowConsumerError, StrategyFailed
from livetrio.model import ShutdownReason
from livetrio.testing import within


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
