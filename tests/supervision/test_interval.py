"""A period that may be changed while somebody waits for it."""

from __future__ import annotations

import pytest
import trio

from livetrio.supervision.interval import Interval
from livetrio.testing import within


@within(60)
async def test_wait_until_waits_for_the_moment(autojump_clock):
    interval = Interval(5.0)

    assert await interval.wait_until(3.0) is True
    assert trio.current_time() == 3.0


@within(60)
async def test_a_change_ends_the_wait_at_once(nursery, autojump_clock):
    interval = Interval(5.0)

    async def change():
        await trio.sleep(2)
        interval.set(1.0)

    nursery.start_soon(change)

    assert await interval.wait_until(50.0) is False
    assert trio.current_time() == 2
    assert interval.seconds == 1.0


@within(60)
async def test_a_change_from_never_wakes_whoever_waits_for_one(nursery, autojump_clock):
    interval = Interval(None)

    async def change():
        await trio.sleep(2)
        interval.set(1.0)

    nursery.start_soon(change)
    await interval.wait_changed()

    assert trio.current_time() == 2


@within(60)
async def test_a_change_before_the_wait_is_no_change(autojump_clock):
    interval = Interval(5.0)
    interval.set(2.0)

    assert await interval.wait_until(1.0) is True


@pytest.mark.parametrize("seconds", [0, -1, -0.001])
def test_an_interval_is_positive(seconds):
    interval = Interval(5.0)

    with pytest.raises(ValueError, match="longer than 0 s"):
        interval.set(seconds)
    assert interval.seconds == 5.0
