"""Wall time derived from trio's clock."""

import time

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from livetrio.clock import NANOSECONDS, SIMULATED_EPOCH, Clock, format_instant

DAY = 24 * 3600


def at_trio_time(seconds, function):
    """Call it inside a run whose clock says so."""
    clock = MockClock()
    clock.jump(seconds)

    async def main():
        return function()

    return trio.run(main, clock=clock)


async def test_simulated_time_begins_at_the_epoch_and_moves_exactly(autojump_clock):
    clock = Clock.simulated()
    assert clock.now() == SIMULATED_EPOCH

    for milliseconds in (1, 100, 570, 4_350, 86_400_000):
        before = clock.now()
        await trio.sleep(milliseconds / 1000)

        assert clock.now() - before == milliseconds * 1_000_000


async def test_simulated_time_can_begin_anywhere(autojump_clock):
    assert Clock.simulated(epoch=17).now() == 17


async def test_the_epoch_is_tied_to_the_moment_of_making(autojump_clock):
    await trio.sleep(1234.5678)

    assert Clock.simulated().now() == SIMULATED_EPOCH


async def test_live_time_is_the_systems_at_first():
    before = time.time_ns()
    clock = Clock.live()
    now = clock.now()
    after = time.time_ns()

    assert before - 1000 <= now <= after + 1000  # a float of trio's clock holds less than 1 µs of error


async def test_a_step_of_the_systems_clock_moves_nothing(monkeypatch, autojump_clock):
    clock = Clock.live()
    before = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    await trio.sleep(5)

    assert clock.now() - before == 5 * NANOSECONDS


async def test_live_code_is_timed_with_a_real_stopwatch_and_simulated_code_takes_no_time(autojump_clock):
    assert Clock.live().stopwatch is time.perf_counter
    stopwatch = Clock.simulated().stopwatch
    began = stopwatch()
    sum(range(1000))

    assert stopwatch() == began


@given(st.floats(0, 1e6), st.integers(0, 30 * DAY * NANOSECONDS))
def test_instants_and_trio_times_are_inverse_to_the_nanosecond(start, passed):
    # trio's own clock begins somewhere below a million seconds; seconds as floats hold nanoseconds for
    # 52 days in all.
    def there_and_back():
        clock = Clock.simulated()
        return clock.at(clock.trio_time(SIMULATED_EPOCH + passed))

    assert at_trio_time(start, there_and_back) == SIMULATED_EPOCH + passed


@given(st.lists(st.floats(0, 1e5), max_size=20), st.floats(0, 1e7))
def test_time_never_goes_backwards(steps, start):
    def walk():
        clock = Clock.simulated()
        times, at = [clock.now()], trio.current_time()
        for step in steps:
            at += step
            times.append(clock.at(at))
        return times

    times = at_trio_time(start, walk)

    assert times == sorted(times)
    assert times[0] == SIMULATED_EPOCH


async def test_sleeping_until_an_instant_wakes_then(autojump_clock):
    clock = Clock.simulated()
    due = SIMULATED_EPOCH + 12_345_678_901
    await trio.sleep_until(clock.trio_time(due))

    assert clock.now() == due


@pytest.mark.parametrize(
    "instant, text",
    [
        (SIMULATED_EPOCH, "2026-01-01T00:00:00.000Z"),
        (SIMULATED_EPOCH + 1_999_999, "2026-01-01T00:00:00.001Z"),
        (SIMULATED_EPOCH - 1, "2025-12-31T23:59:59.999Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (1_709_164_799_123_456_789, "2024-02-28T23:59:59.123Z"),
    ],
)
def test_an_instant_for_people(instant, text):
    assert format_instant(instant) == text


async def test_repr_tells_the_time(autojump_clock):
    assert repr(Clock.simulated()) == "<Clock 2026-01-01T00:00:00.000Z>"
