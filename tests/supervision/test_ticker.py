"""Ticks, over hours of virtual time."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from connection_world import drain

from livetrio.bus import MessageBus
from livetrio.clock import SIMULATED_EPOCH, Clock
from livetrio.supervision.interval import Interval
from livetrio.supervision.ticker import Ticker
from livetrio.testing import within
from livetrio.topics import TICK


class Listener:
    """Reads every tick at once, and notes when it came."""

    def __init__(self, bus):
        self.ticks = []
        self.times = []
        self.subscription = bus.subscribe(TICK)

    async def run(self):
        async for tick in self.subscription:
            self.ticks.append(tick)
            self.times.append(trio.current_time())


@pytest.fixture
async def ticking(nursery, mock_clock):
    """A ticker with the interval given, and its listener."""

    def start(seconds, clock=None):
        bus = MessageBus()
        ticker = Ticker(bus, clock or Clock.simulated(), Interval(seconds))
        listener = Listener(bus)
        nursery.start_soon(ticker.run)
        nursery.start_soon(listener.run)
        return ticker, listener

    return start


@within(60)
async def test_three_ticks_in_350_ms_at_100_ms(ticking, mock_clock):
    mock_clock.autojump_threshold = 0
    _, listener = ticking(0.1)

    await trio.sleep(0.35)

    assert [tick.tick_number for tick in listener.ticks] == [1, 2, 3]
    assert [tick.missed for tick in listener.ticks] == [0, 0, 0]


@within(90_000)
@pytest.mark.parametrize("seconds", [0.7, 1.0, 1.1])
async def test_hours_without_drift(ticking, mock_clock, seconds):
    mock_clock.autojump_threshold = 0
    await trio.sleep(0.123456789)
    clock = Clock(1_700_000_000_123_456_789)
    started = clock.now()
    _, listener = ticking(seconds, clock)

    await trio.sleep(3 * 3600 + 0.05)

    count = int((3 * 3600 + 0.05) / seconds)
    assert [tick.tick_number for tick in listener.ticks] == list(range(1, count + 1))
    assert all(tick.missed == 0 for tick in listener.ticks)
    period = round(seconds * 1e9)
    assert [tick.timestamp for tick in listener.ticks] == [
        started + number * period for number in range(1, count + 1)
    ], "to the nanosecond"
    late = [time - 0.123456789 - n * seconds for n, time in enumerate(listener.times, start=1)]
    assert max(map(abs, late)) < 1e-6


@within(7200)
async def test_missed_ticks_are_said_and_not_made_up_for(ticking, mock_clock):
    ticker, listener = ticking(1.0)
    await trio.testing.wait_all_tasks_blocked()

    for jump in (1, 1, 7.5, 0.5, 1, 3600, 1):
        mock_clock.jump(jump)
        await trio.testing.wait_all_tasks_blocked()

    told = [(tick.tick_number, tick.missed) for tick in listener.ticks]
    assert told == [(1, 0), (2, 0), (9, 6), (10, 0), (11, 0), (3611, 3599), (3612, 0)]
    assert all((tick.timestamp - SIMULATED_EPOCH) % 10**9 == 0 for tick in listener.ticks)
    assert ticker.number == 3612


@within(3600)
async def test_a_late_tick_does_not_shift_the_next(ticking, mock_clock):
    _, listener = ticking(1.0)
    await trio.testing.wait_all_tasks_blocked()

    mock_clock.jump(1.9)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(0.1)
    await trio.testing.wait_all_tasks_blocked()

    assert listener.times == [1.9, 2.0]
    assert [tick.tick_number for tick in listener.ticks] == [1, 2]


@within(3600)
async def test_the_interval_can_be_changed_stopped_and_begun_again(ticking, mock_clock):
    mock_clock.autojump_threshold = 0
    ticker, listener = ticking(1.0)
    await trio.sleep(2.5)

    ticker.interval.set(0.1)
    await trio.sleep(0.35)
    ticker.interval.set(None)
    await trio.sleep(100)
    ticker.interval.set(10)
    await trio.sleep(25)

    assert [tick.tick_number for tick in listener.ticks] == [1, 2, 3, 4, 5, 6, 7]
    assert listener.times == pytest.approx([1, 2, 2.6, 2.7, 2.8, 112.85, 122.85])


@within(3600)
async def test_without_an_interval_there_are_no_ticks_but_those_by_hand(ticking, mock_clock):
    mock_clock.autojump_threshold = 0
    ticker, listener = ticking(None)
    await trio.sleep(100)
    assert listener.ticks == []

    ticker.tick()
    await trio.sleep(1)

    (tick,) = listener.ticks
    assert (tick.tick_number, tick.missed) == (1, 0)
    assert tick.timestamp == SIMULATED_EPOCH + 100 * 10**9


@within(3600)
async def test_ticks_never_bunch_for_a_reader_that_was_busy(nursery, autojump_clock):
    bus = MessageBus()
    ticker = Ticker(bus, Clock.simulated(), Interval(1.0))
    reader = bus.subscribe(TICK)
    nursery.start_soon(ticker.run)

    await trio.sleep(60.5)

    (tick,) = drain(reader)
    assert tick.tick_number == 60
