"""One strategy from start to stop, and what becomes of its errors."""

from __future__ import annotations

from itertools import pairwise

import attrs
import msgspec
import pytest
import trio
from strategy_world import BTC, Stage
from structlog.testing import capture_logs

from livetrio import topics
from livetrio.errors import SlowConsumerError
from livetrio.model import (
    ConnectionEvent,
    ConnectionState,
    Feed,
    FeedEvent,
    FeedKind,
    FeedState,
    ShutdownEvent,
    ShutdownReason,
    TickEvent,
)
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import HANDLERS, StrategyState
from livetrio.testing import within


@attrs.define
class Recorder(Strategy):
    """Notes every call."""

    calls: list = attrs.field(factory=list)

    def on_start(self):
        self.calls.append("start")
        self.ctx.subscribe_trades(BTC)

    def on_trade(self, trade):
        self.calls.append(trade.trade_id)

    def on_tick(self, tick):
        self.calls.append(f"tick {tick.tick_number}")

    def on_stop(self):
        self.calls.append("stop")


async def run_for(runner, seconds, *then):
    """Run, and cancel after a while; ``then`` are functions to call first, half a second apart."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run)
        for step in then:
            await trio.sleep(0.5)
            step()
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()


@within(60)
async def test_start_then_events_in_order_then_stop(autojump_clock):
    stage = Stage()
    strategy = Recorder()
    runner = stage.runner(strategy)
    assert runner.state is StrategyState.WAITING

    await run_for(
        runner,
        1,
        lambda: stage.market(*[f"trade {BTC} 100 1 {n}" for n in range(3)]),
        lambda: stage.bus.publish(topics.TICK, TickEvent(timestamp=1, tick_number=1)),
        lambda: stage.market(f"trade {BTC} 100 1 3"),
    )

    assert strategy.calls == ["start", "0", "1", "2", "tick 1", "3", "stop"]
    assert runner.state is StrategyState.ENDED
    assert (runner.events, runner.counts().received, runner.errors, runner.error) == (5, 5, 0, None)
    assert stage.bus.subscriptions == ()
    assert stage.client.asked == []


@within(60)
async def test_async_handlers_are_waited_for_one_at_a_time(autojump_clock):
    stage = Stage()
    calls = []

    class Slow(Strategy):
        async def on_start(self):
            await trio.sleep(1)
            self.ctx.subscribe_trades(BTC)
            calls.append(("start", trio.current_time()))

        async def on_trade(self, trade):
            await trio.sleep(2)
            calls.append((trade.trade_id, trio.current_time()))

        async def on_stop(self):
            await trio.sleep(3)
            calls.append(("stop", trio.current_time()))

    def trade_thrice():
        stage.market(*[f"trade {BTC} 100 1 {n}" for n in range(3)])

    runner = stage.runner(Slow())
    await run_for(runner, 10, lambda: None, lambda: None, trade_thrice)

    assert calls == [("start", 1), ("0", 3.5), ("1", 5.5), ("2", 7.5), ("stop", 14.5)]
    assert runner.events == 3
    assert runner.time_spent == 6, "what a handler waits counts"


@within(60)
async def test_only_handlers_that_are_written_are_called_and_counted(autojump_clock):
    stage = Stage()
    seen = []

    class Few(Strategy):
        def on_start(self):
            self.ctx.subscribe_trades(BTC)
            self.ctx.subscribe_quotes(BTC)

        def on_quote(self, quote):
            seen.append(quote)

    runner = stage.runner(Few())
    await run_for(runner, 1, lambda: stage.market(f"trade {BTC} 100 1 1", f"quote {BTC} 99 1 101 1"))

    assert len(seen) == runner.events == 1


@within(60)
async def test_every_kind_of_event_has_its_handler(autojump_clock):
    stage = Stage()
    called = []
    handlers = {
        name: lambda self, event, name=name: called.append((name, event)) for name in HANDLERS.values()
    }
    everything = type("Everything", (Strategy,), handlers)
    made = [blank(kind) for kind in HANDLERS]

    await run_for(
        stage.runner(everything()), 1, lambda: [stage.bus.publish(topics.CONNECTED, each) for each in made]
    )

    assert [name for name, _ in called] == [HANDLERS[type(each)] for each in made]
    assert all(event is each for (_, event), each in zip(called, made, strict=True))


def blank(kind):
    """An event of this kind with nothing in it."""
    if issubclass(kind, msgspec.Struct):
        return kind(*[None] * len(kind.__struct_fields__))
    return kind.__new__(kind)


@within(60)
async def test_a_burst_lets_others_have_their_turn(autojump_clock, monkeypatch):
    monkeypatch.setattr("livetrio.strategy.runner.BATCH", 512)
    stage = Stage()
    turns = []

    class Counting(Strategy):
        seen = 0

        def on_start(self):
            self.ctx.subscribe_trades(BTC)

        def on_trade(self, trade):
            self.seen += 1

    strategy = Counting()

    async def other():
        while True:
            await trio.lowlevel.checkpoint()
            if not turns or strategy.seen != turns[-1]:
                turns.append(strategy.seen)
            if strategy.seen >= 2000:
                return

    runner = stage.runner(strategy)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run)
        await trio.sleep(1)
        stage.market(*[f"trade {BTC} 100 1 {n}" for n in range(2000)])
        await other()
        nursery.cancel_scope.cancel()

    steps = [later - earlier for earlier, later in pairwise(turns)]
    assert max(steps) <= 2 * 512  # one turn at the end of a round, one at the beginning of the next
    assert runner.events == 2000


async def test_what_a_reader_hands_over_turn_after_turn_is_never_lost(autojump_clock):
    """64 KiB of the shortest quotes are some 700; a fast venue fills every turn of the loop with them."""
    stage = Stage()

    class Counting(Strategy):
        def on_start(self):
            self.ctx.subscribe_trades(BTC)

        def on_trade(self, trade):
            pass

    runner = stage.runner(Counting())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.run)
        await trio.sleep(1)
        for turn in range(20):
            stage.market(*[f"trade {BTC} 100 1 {turn}-{n}" for n in range(700)])
            await trio.lowlevel.checkpoint()
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert runner.context.events.dropped == 0
    assert runner.events == 20 * 700


# Errors.


class Failing(Recorder):
    """Raises where it is told to."""

    where = "on_trade"

    def on_start(self):
        super().on_start()
        if self.where == "on_start":
            raise ValueError("in on_start")

    def on_trade(self, trade):
        super().on_trade(trade)
        if self.where == "on_trade":
            raise ValueError("in on_trade")

    def on_stop(self):
        super().on_stop()
        if self.where == "on_stop":
            raise ValueError("in on_stop")


@within(60)
@pytest.mark.parametrize("where", ["on_start", "on_trade", "on_stop"])
async def test_what_it_raises_is_told_logged_and_followed_by_on_stop(autojump_clock, where):
    stage = Stage()
    strategy = Failing()
    strategy.where = where
    runner = stage.runner(strategy)

    with capture_logs() as logs:
        await run_for(runner, 1, lambda: stage.market(f"trade {BTC} 100 1 1", f"trade {BTC} 100 1 2"))

    assert [str(error) for error in stage.failures] == [f"in {where}"]
    assert runner.error is stage.failures[0]
    assert (runner.state, runner.errors) == (StrategyState.FAILED, 1)
    assert strategy.calls.count("stop") == 1
    assert strategy.calls[-1] == "stop"
    (logged,) = [each for each in logs if each["event"] == "strategy failed"]
    assert logged["exc_info"] is runner.error
    assert stage.bus.subscriptions == ()


@within(60)
async def test_it_may_fail_twice_and_the_first_error_counts(autojump_clock):
    class Twice(Strategy):
        def on_start(self):
            raise ValueError("first")

        def on_stop(self):
            raise KeyError("second")

    stage = Stage()
    runner = stage.runner(Twice())

    await runner.run()

    assert [type(error) for error in stage.failures] == [ValueError, KeyError]
    assert runner.errors == 2
    assert str(runner.error) == "first"


@within(60)
async def test_of_a_strategy_with_a_nursery_of_its_own_the_lone_error_is_told(autojump_clock):
    async def strategy(ctx):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raise_after, 1, ValueError("bug"))
            await trio.sleep_forever()

    stage = Stage()

    await stage.runner(strategy).run()

    assert [str(error) for error in stage.failures] == ["bug"]


@within(60)
async def test_of_several_errors_at_once_the_group_is_told(autojump_clock):
    async def strategy(ctx):
        raise ExceptionGroup("both", [ValueError(), KeyError()])

    stage = Stage()

    await stage.runner(strategy).run()

    (error,) = stage.failures
    assert isinstance(error, ExceptionGroup)
    assert len(error.exceptions) == 2


@within(60)
async def test_an_error_while_it_is_cancelled_is_told_too(autojump_clock):
    """In a nursery of its own an error comes together with Cancelled, in one group."""

    async def strategy(ctx):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail_when_cancelled)
            await trio.sleep_forever()

    stage = Stage()
    runner = stage.runner(strategy, on_error="isolate")

    await run_for(runner, 1)

    assert [str(error) for error in stage.failures] == ["in the clean-up"]
    assert runner.state is StrategyState.FAILED


async def fail_when_cancelled():
    try:
        await trio.sleep_forever()
    finally:
        raise ValueError("in the clean-up")


async def raise_after(seconds, error):
    await trio.sleep(seconds)
    raise error


@within(60)
async def test_on_stop_is_cut_short_at_its_limit(autojump_clock):
    class Slow(Strategy):
        finished = False

        async def on_stop(self):
            await trio.sleep(100)
            self.finished = True

    stage = Stage()
    strategy = Slow()
    runner = stage.runner(strategy, stop_timeout=5.0)

    with capture_logs() as logs:
        await run_for(runner, 1)

    assert trio.current_time() == 6
    assert not strategy.finished
    assert runner.errors == 1
    assert any(each["event"] == "on_stop was cut short" for each in logs)


@within(60)
@pytest.mark.parametrize(("hurry_at", "ended_at"), [(0.5, 1), (3, 3)], ids=["before", "meanwhile"])
async def test_hurry_cuts_on_stop_short(autojump_clock, hurry_at, ended_at):
    class Slow(Strategy):
        async def on_stop(self):
            await trio.sleep(100)

    runner = Stage().runner(Slow(), stop_timeout=5.0)

    async def hurry():
        await trio.sleep_until(hurry_at)
        runner.hurry()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hurry)
        await run_for(runner, 1)

    assert runner.state is StrategyState.ENDED
    assert trio.current_time() == ended_at


@within(60)
async def test_a_strategy_that_does_not_keep_up_with_certain_events_is_told_so(autojump_clock):
    class Busy(Strategy):
        seen = 0

        async def on_connection(self, event):
            self.seen += 1
            if self.seen == 1:
                await trio.sleep(10)

    event = ConnectionEvent(
        connection="x", endpoint="y", state=ConnectionState.CONNECTED, generation=1, timestamp=1
    )
    stage = Stage(capacity=5)
    other = stage.bus.subscribe(topics.CONNECTED, capacity=100)
    strategy = Busy()
    runner = stage.runner(strategy)

    await run_for(runner, 30, lambda: [stage.bus.publish(topics.CONNECTED, event) for _ in range(50)])

    (error,) = stage.failures
    assert isinstance(error, SlowConsumerError)
    assert runner.state is StrategyState.FAILED
    assert 5 < strategy.seen < 50, "what it held is delivered first"
    assert other.statistics().waiting == 50, "nobody else notices"


@within(60)
async def test_market_data_that_it_is_too_slow_for_is_dropped_and_counted(autojump_clock):
    class Slow(Strategy):
        seen = ()

        def on_start(self):
            self.ctx.subscribe_trades(BTC)

        async def on_trade(self, trade):
            await trio.sleep(1)
            self.seen += (trade.trade_id,)

    stage = Stage(capacity=10)
    strategy = Slow()

    await run_for(
        stage.runner(strategy), 30, lambda: stage.market(*[f"trade {BTC} 100 1 {n}" for n in range(100)])
    )

    assert strategy.seen == ("0", *(str(n) for n in range(90, 100)))
    assert stage.context.events.dropped == 89


# Functions.


@within(60)
async def test_a_function_reads_its_events_from_the_context(autojump_clock):
    seen = []

    async def strategy(ctx):
        ctx.subscribe_trades(BTC)
        async for event in ctx.events:
            seen.append(event.trade_id)
            if len(seen) == 2:
                return

    stage = Stage()
    runner = stage.runner(strategy)

    await run_for(runner, 1, lambda: stage.market(f"trade {BTC} 100 1 1", f"trade {BTC} 100 1 2"))

    assert seen == ["1", "2"]
    assert runner.state is StrategyState.ENDED
    assert (runner.events, runner.counts().received) == (0, 2)
    assert runner.context is stage.context


@within(60)
async def test_events_without_a_handler_do_no_harm(autojump_clock):
    stage = Stage()
    strategy = Recorder()

    await run_for(
        stage.runner(strategy),
        1,
        lambda: stage.bus.publish(
            topics.CONNECTED, ShutdownEvent(reason=ShutdownReason.SIGNAL, timestamp=1, message=None)
        ),
        lambda: stage.bus.publish(
            topics.FEED, FeedEvent(feed=Feed(FeedKind.MIDS, "FAKE"), state=FeedState.STALE, timestamp=1)
        ),
    )

    assert strategy.calls == ["start", "stop"]
