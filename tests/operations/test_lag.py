"""How far behind a strategy is said to be: it is so, and one that keeps up is not."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
import trio
from operations_world import BTC, Stopwatch, operated

from livetrio import Strategy
from livetrio.bus import MessageBus
from livetrio.clock import SIMULATED_EPOCH, Clock
from livetrio.model import Bar, Quote, TickEvent
from livetrio.operations.handler_times import HandlerTimes
from livetrio.operations.lag import lag_of
from livetrio.operations.metrics import exposition
from livetrio.operations.slow import SlowCalls
from livetrio.testing import run_strategy, within


def lag(operations, name):
    [found] = [each for each in operations.look().strategies if each.name == name]
    return found.lag


class Thoughtful(Strategy):
    """Needs three seconds for one quote, and no time for the others."""

    def __init__(self):
        self.began = trio.Event()
        self.arrived = None

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)

    async def on_quote(self, quote):
        if self.arrived is None:
            self.arrived = quote.ts_init
            self.began.set()
            await trio.sleep(3)


@within(3600)
async def test_the_lag_is_the_age_of_the_oldest_news_that_waits_and_is_over_when_that_is_handled(
    autojump_clock,
):
    strategy = Thoughtful()
    async with operated(strategy) as (run, operations):
        await strategy.began.wait()
        await trio.sleep(2.9)
        events = run.engine.current.runners[0].context.events
        waiting = [*events.waiting()]
        behind, queued = lag(operations, "Thoughtful"), operations.look().strategies[0].queued
        metrics = exposition(operations.engine, operations.measures).decode()
        oldest = min(each.ts_init for each in waiting if isinstance(each, Quote))
        age = (run.engine.clock.now() - oldest) / 1e9
        await trio.sleep(1.5)
        caught_up = lag(operations, "Thoughtful")
        left = [*events.waiting()]

    assert queued == len(waiting) > 3
    assert 1 < behind <= 2.9
    assert behind == pytest.approx(age)
    assert f'livetrio_strategy_lag_seconds{{strategy="Thoughtful"}} {behind}' in metrics
    assert left == []
    assert caught_up == 0


BAR = Bar(
    instrument_id=BTC, interval="1m", open=Decimal(1), high=Decimal(1), low=Decimal(1), close=Decimal(1),
    volume=Decimal(1), count=1, ts_open=0, ts_close=60, ts_event=1, ts_init=1, is_closed=True,
)  # fmt: skip


@attrs.define
class Emptied:
    """A runner whose queue is empty, as is that of a strategy that computes whenever others run."""

    name = "Busy"
    context = property(lambda self: self)

    def oldest_waiting(self):
        return None


@within(3600)
async def test_the_wait_of_the_last_event_counts_for_a_second_where_handlers_are_measured(autojump_clock):
    stopwatch = Stopwatch()
    clock = Clock(SIMULATED_EPOCH, stopwatch=stopwatch)
    handlers = HandlerTimes(clock, SlowCalls(MessageBus(), clock, limit=1.0))
    call = handlers.timed("Busy", lambda tick: None)
    await trio.sleep(10)
    call(BAR)
    assert handlers.last_waits == {}  # it became news when its minute had ended, and not with its last trade
    stopwatch.time += 1  # at most one event each millisecond is looked at
    call(TickEvent(timestamp=clock.now() - 2_000_000_000, tick_number=1))
    lags = [lag_of(Emptied(), clock.now(), handlers)]
    await trio.sleep(0.9)
    lags.append(lag_of(Emptied(), clock.now(), handlers))
    await trio.sleep(0.2)
    lags.append(lag_of(Emptied(), clock.now(), handlers))

    assert lags == [2.0, 2.0, 0.0]
    assert lag_of(Emptied(), clock.now()) == 0.0


@within(3600)
async def test_what_a_function_opens_counts_and_a_queue_that_it_never_reads_does_not(autojump_clock):
    async def doze(ctx):
        with ctx.quotes(BTC) as quotes:
            await quotes.receive()
            await trio.sleep(5)
            async for _ in quotes:
                pass

    async with operated(doze) as (run, operations):
        await trio.sleep(4.5)
        asleep = lag(operations, "doze")
        await trio.sleep(5)
        awake = operations.look().strategies[0]

    assert asleep > 2
    assert [*run.engine.current.runners[0].context.events.waiting()] == []
    assert awake.lag == 0
    assert awake.queued == 0


@within(3600)
async def test_looking_takes_nothing_out(autojump_clock):
    strategy = Thoughtful()
    async with run_strategy(strategy) as run:
        await strategy.began.wait()
        await trio.sleep(2)
        events = run.engine.current.runners[0].context.events
        before, after = [*events.waiting()], [*events.waiting()]

    assert before == after != []
