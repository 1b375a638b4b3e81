"""The bar closer looks just after each full minute, wherever between two minutes it began."""

from __future__ import annotations

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.clock import Clock
from livetrio.supervision.bar_closer import close_bars


class Looks:
    """In place of a data engine: notes when it was to look."""

    def __init__(self):
        self.times = []

    def close_bars(self, now):
        self.times.append(now)


@given(epoch=st.integers(10**18, 2 * 10**18), start=st.floats(0, 1e5))
@settings(max_examples=20, deadline=None)
def test_bars_close_by_the_clock_whatever_its_rounding(epoch, start):
    async def run():
        await trio.sleep(start)
        looks = Looks()
        with trio.move_on_after(200):
            await close_bars(looks, Clock(epoch))
        return looks.times

    times = trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))

    assert len(times) in (3, 4)
    minute = 60 * 10**9
    assert len({each // minute for each in times}) == len(times)
    assert all(2 * 10**9 <= each % minute < 3 * 10**9 for each in times)
