"""A test that hangs fails."""

from __future__ import annotations

import pytest
import trio

from livetrio.testing import limits, within


async def test_waiting_for_ever_fails(autojump_clock):
    @within(60)
    async def hang():
        await trio.sleep_forever()

    with pytest.raises(trio.TooSlowError):
        await hang()

    assert trio.current_time() == 60


async def test_time_that_stands_still_fails(autojump_clock, monkeypatch):
    monkeypatch.setattr(limits, "MAX_STEPS", 1000)

    @within(60)
    async def spin():
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(trio.TooSlowError):
        await spin()

    assert trio.current_time() == 0


async def test_whoever_is_in_time_returns(autojump_clock):
    @within(60)
    async def add(a, b):
        await trio.sleep(1)
        return a + b

    assert await add(1, b=2) == 3
