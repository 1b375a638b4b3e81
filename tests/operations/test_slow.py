"""What holds the loop for too long is named: who, what, for how long; and not over and over again."""

from __future__ import annotations

import pytest
import trio
from operations_world import BTC, Stopwatch, operated
from structlog.testing import capture_logs

from livetrio import Strategy
from livetrio.bus import MessageBus
from livetrio.clock import Clock
from livetrio.operations.slow import LOG_INTERVAL, MOST, OTHERS, SlowCalls
from livetrio.testing import within
from livetrio.topics import SLOW


class Sleepy(Strategy):
    """Spends some time in each tick, and more in the third."""

    def __init__(self, stopwatch):
        self.stopwatch = stopwatch
        self.ticks = 0

    def on_tick(self, tick):
        self.ticks += 1
        self.stopwatch.time += 0.2 if self.ticks == 3 else 0.01


def told(lines):
    return [each for each in lines if each["event"] == "nothing else could run for too long"]


@within(3600)
async def test_a_slow_handler_is_named_in_the_log_on_the_bus_and_in_the_counts(autojump_clock):
    stopwatch = Stopwatch()
    with capture_logs() as lines:
        async with operated(Sleepy(stopwatch), stopwatch=stopwatch) as (run, operations):
            with run.engine.bus.subscribe(SLOW) as slow:
                event = await slow.receive()
            await trio.sleep(5)

    assert (event.owner, event.what) == ("Sleepy", "Sleepy.on_tick")
    assert event.seconds == pytest.approx(0.2)
    assert operations.measures.slow.counts == {("Sleepy", "Sleepy.on_tick"): 1}
    [line] = told(lines)
    assert (line["owner"], line["what"], line["ms"]) == ("Sleepy", "Sleepy.on_tick", 200.0)
    times = operations.measures.handlers.times["Sleepy", "Sleepy.on_tick"]
    assert times.count > 5
    assert times.total == pytest.approx(0.2 + (times.count - 1) * 0.01)


@within(3600)
async def test_a_strategy_that_is_a_function_is_named_with_the_place_where_it_waits(autojump_clock):
    stopwatch = Stopwatch()

    async def think(ctx):
        await trio.sleep(3)
        stopwatch.time += 0.3
        await trio.sleep_forever()

    async with operated(think, stopwatch=stopwatch) as (run, operations):
        with run.engine.bus.subscribe(SLOW) as slow:
            event = await slow.receive()

    assert event.owner == "strategy think"
    assert "think, line" in event.what
    assert operations.measures.loop.longest == pytest.approx(0.3)


@within(3600)
async def test_a_slow_handler_of_the_bus_and_a_slow_codec_are_named(autojump_clock):
    stopwatch = Stopwatch()
    waited = trio.Event()

    def handle(trade):
        stopwatch.time += 0.1
        waited.set()

    async def watch(ctx):
        with ctx.trades(BTC) as trades:
            async for _ in trades:
                pass

    async with operated(
        watch, stopwatch=stopwatch, prepare=lambda engine: engine.bus.subscribe("trade.*", handle)
    ) as (run, operations):
        await waited.wait()
        await trio.sleep(1)
        receive = run.engine.data.process

        def slowly(event):
            stopwatch.time += 0.1
            return receive(event)

        for connection in run.engine.connections:
            connection._receive = slowly
        run.engine.restart()
        await trio.sleep(5)

    named = set(operations.measures.slow.counts)
    assert any(owner == "handler of trade.*" and "handle" in what for owner, what in named)
    assert ("hyperliquid/market", "Session.take") in named


@within(3600)
async def test_where_no_time_is_spent_nothing_is_named_and_all_is_the_same_each_time(autojump_clock):
    with capture_logs() as lines:
        async with operated(Sleepy(Stopwatch())) as (_, operations):
            await trio.sleep(30)

    measures = operations.measures
    assert told(lines) == []
    assert measures.slow.counts == {}
    assert measures.loop.longest == measures.loop.steps.total == measures.loop.lags.total == 0
    assert measures.loop.lags.count >= 30


@within(3600)
async def test_switched_off_nothing_is_measured(autojump_clock):
    async with operated(Sleepy(Stopwatch())) as (run, operations):
        await trio.sleep(3)
        assert run.engine.bus.timing is operations.measures.handlers
    steps = operations.measures.loop.steps.count
    await trio.sleep(1)

    assert run.engine.bus.timing is None
    assert run.desk.tracker.times is None
    assert operations.measures.loop.steps.count == steps


def make(limit=0.05):
    clock = Clock.simulated()
    return SlowCalls(MessageBus(), clock, limit=limit)


async def test_the_same_thing_is_logged_now_and_then_with_how_often_it_was_not(autojump_clock):
    slow = make()
    with capture_logs() as lines:
        for _ in range(5):
            slow.name("mm", "on_quote", 0.1)
        slow.name("mm", "on_tick", 0.1)
        await trio.sleep(LOG_INTERVAL)
        slow.name("mm", "on_quote", 0.1)

    assert [(each["what"], each.get("unsaid")) for each in lines] == [
        ("on_quote", None),
        ("on_tick", None),
        ("on_quote", 4),
    ]
    assert slow.counts["mm", "on_quote"] == 6
    assert slow.seconds["mm", "on_quote"] == pytest.approx(0.6)


@within(3600)
async def test_a_slow_handler_of_what_is_slow_is_not_called_because_of_itself(autojump_clock):
    stopwatch = Stopwatch()
    calls = []

    def handle(event):
        calls.append(event.owner)
        stopwatch.time += 0.1

    async with operated(
        Sleepy(stopwatch), stopwatch=stopwatch, prepare=lambda engine: engine.bus.subscribe(SLOW, handle)
    ) as (_, operations):
        await trio.sleep(10)

    assert calls == ["Sleepy"]
    assert [owner for owner, _ in operations.measures.slow.counts] == ["Sleepy", "handler of system.slow"]


async def test_there_are_not_more_names_than_can_be_kept(autojump_clock):
    slow = make()
    with capture_logs():
        for number in range(MOST + 10):
            slow.name("mm", f"f{number}", 0.1)

    assert len(slow.counts) == MOST + 1
    assert slow.counts[OTHERS] == 10
