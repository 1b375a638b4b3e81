"""Feeds that fall silent although their socket answers."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from connection_world import BOOK, ETH_BOOK, TRADES, drain
from hypothesis import given
from hypothesis import strategies as st
from test_session import Desk

from livetrio.bus import MessageBus
from livetrio.clock import Clock
from livetrio.errors import ConnectionLost, FeedsSilent
from livetrio.model import FeedState
from livetrio.supervision.liveness import QUIET, Liveness
from livetrio.supervision.stall import GRACE
from livetrio.testing import within
from livetrio.topics import FEED

STALE, RECOVERED = FeedState.STALE, FeedState.RECOVERED


class Watch:
    """A session's feeds, and what is made of their silence."""

    def __init__(self, limits, *, subscribe_timeout=10.0, stale=None, clock=None):
        self.desk = Desk()
        self.session = self.desk.session
        self.session.open()
        self.limits = limits
        self.updates = {}
        self.clock = clock or Clock.simulated()
        self.bus = MessageBus()
        self.events = self.bus.subscribe(FEED)
        self.stale = {} if stale is None else stale
        self.liveness = Liveness(
            session=self.session,
            max_silence=limits.get,
            last_update=self.updates.get,
            stale=self.stale,
            subscribe_timeout=subscribe_timeout,
            bus=self.bus,
            clock=self.clock,
        )

    def ask(self, *feeds):
        for feed in feeds:
            self.session.request(feed)
            self.session.take([f"subscribed {feed}".encode()])

    def update(self, *feeds):
        for feed in feeds:
            self.updates[feed] = self.clock.now()

    def told(self):
        return [(event.feed, event.state) for event in drain(self.events)]


@within(3600)
async def test_a_feed_that_speaks_is_not_named(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0})
    watch.ask(BOOK)
    nursery.start_soon(watch.liveness.run)

    for _ in range(100):
        await trio.sleep(4.9)
        watch.update(BOOK)

    assert watch.told() == []


@within(3600)
async def test_a_silent_feed_is_named_once_with_its_age_and_named_again_when_it_speaks(
    nursery, autojump_clock
):
    watch = Watch({BOOK: 5.0, ETH_BOOK: 5.0})
    watch.ask(BOOK, ETH_BOOK)
    nursery.start_soon(watch.liveness.run)

    for second in range(60):
        watch.update(ETH_BOOK)
        if second < 10 or second >= 40:
            watch.update(BOOK)
        await trio.sleep(1)

    stale, recovered = drain(watch.events)
    assert (stale.feed, stale.state, stale.age) == (BOOK, STALE, 5.0)
    assert stale.timestamp == watch.clock.at(14)
    assert (recovered.feed, recovered.state, recovered.age) == (BOOK, RECOVERED, None)
    assert watch.clock.at(40) <= recovered.timestamp <= watch.clock.at(41.1)
    assert watch.stale == {}


@within(3600)
async def test_all_silent_ends_the_session(autojump_clock):
    watch = Watch({BOOK: 5.0, ETH_BOOK: 7.0})
    watch.ask(BOOK, ETH_BOOK)

    with pytest.raises(FeedsSilent, match="2 feeds fell silent"):
        await watch.liveness.run()

    assert trio.current_time() == 7
    assert watch.told() == [(BOOK, STALE), (ETH_BOOK, STALE)]


@within(3600)
async def test_a_feed_that_may_be_quiet_speaks_for_its_session_for_a_while(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0})
    watch.ask(BOOK, TRADES)

    async def trade():
        for _ in range(10):
            watch.update(TRADES)
            await trio.sleep(20)

    nursery.start_soon(trade)
    with pytest.raises(FeedsSilent, match="1 feeds fell silent"):
        await watch.liveness.run()

    assert trio.current_time() == pytest.approx(180 + QUIET, abs=1)


@within(3600)
async def test_feeds_that_may_be_quiet_are_never_named(nursery, autojump_clock):
    watch = Watch({})
    watch.ask(TRADES)
    nursery.start_soon(watch.liveness.run)

    await trio.sleep(3000)

    assert watch.told() == []


@within(3600)
async def test_a_subscription_that_nobody_answers_ends_the_session(autojump_clock):
    watch = Watch({}, subscribe_timeout=10.0)
    watch.ask(TRADES)
    await trio.sleep(3)
    watch.session.request(BOOK)

    with pytest.raises(ConnectionLost, match="had no answer for 10 s"):
        await watch.liveness.run()

    assert trio.current_time() == 13


@within(3600)
async def test_a_feed_that_is_asked_for_later_is_watched_from_then(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0, ETH_BOOK: 5.0})
    nursery.start_soon(watch.liveness.run)
    await trio.sleep(100)

    watch.ask(BOOK, ETH_BOOK)
    await trio.sleep(4)
    watch.update(ETH_BOOK)
    await trio.sleep(1.5)

    assert watch.told() == [(BOOK, STALE)]


@within(3600)
async def test_a_feed_that_is_wanted_no_more_is_watched_no_more(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0})
    watch.ask(BOOK, TRADES)
    nursery.start_soon(watch.liveness.run)
    await trio.sleep(3)

    watch.session.withdraw(BOOK)
    await trio.sleep(1000)

    assert watch.told() == []


@within(3600)
async def test_a_feed_that_was_refused_is_not_watched(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0})
    watch.session.request(BOOK)
    watch.session.take([f"refused {BOOK}".encode()])
    nursery.start_soon(watch.liveness.run)

    await trio.sleep(1000)

    assert watch.told() == []


@within(3600)
async def test_a_feed_that_was_refused_is_passed_over_when_others_are_looked_at(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0, ETH_BOOK: 5.0})
    watch.ask(ETH_BOOK, TRADES)
    watch.session.request(BOOK)
    watch.session.take([f"refused {BOOK}".encode()])
    nursery.start_soon(watch.liveness.run)

    for _ in range(20):
        watch.update(TRADES)
        await trio.sleep(1)

    assert watch.told() == [(ETH_BOOK, STALE)]


@within(3600)
async def test_a_new_session_does_not_name_again_what_is_named(nursery, autojump_clock):
    watch = Watch({BOOK: 5.0, ETH_BOOK: 5.0}, stale={BOOK: 0})
    watch.ask(BOOK, ETH_BOOK)
    nursery.start_soon(watch.liveness.run)

    for _ in range(20):
        watch.update(ETH_BOOK)
        await trio.sleep(1)
    assert watch.told() == []
    watch.update(BOOK)
    await trio.sleep(1.1)

    assert watch.told() == [(BOOK, RECOVERED)]


@within(3600)
async def test_after_a_stall_the_backlog_is_read_before_feeds_are_judged(nursery, mock_clock):
    watch = Watch({BOOK: 5.0})
    watch.session.request(TRADES)
    watch.ask(BOOK)
    nursery.start_soon(watch.liveness.run)
    await trio.testing.wait_all_tasks_blocked()

    async def read_backlog():
        await trio.sleep_until(60)
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        watch.update(BOOK)
        watch.session.take([f"subscribed {TRADES}".encode()])

    nursery.start_soon(read_backlog)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(60)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(GRACE)
    await trio.testing.wait_all_tasks_blocked()

    assert watch.told() == []


@given(
    epoch=st.integers(1, 2 * 10**18),
    start=st.floats(0, 1e6),
    limit=st.floats(0.001, 100),
    pause=st.floats(0.0001, 0.5),
)
def test_no_rounding_lets_time_stand_still(epoch, start, limit, pause):
    """Deadlines are floats and updates are whole nanoseconds; they must agree on what is overdue."""

    async def scenario():
        clock = Clock(epoch)
        await trio.sleep(start)
        watch = Watch({BOOK: limit, ETH_BOOK: limit * 1.7}, clock=clock)

        @within(1e6)
        async def watched():
            watch.ask(BOOK)
            await trio.sleep(pause)
            watch.ask(ETH_BOOK)
            watch.update(BOOK)
            with pytest.raises(FeedsSilent):
                await watch.liveness.run()

        await watched()
        assert set(watch.told()) == {(BOOK, STALE), (ETH_BOOK, STALE)}

    trio.run(scenario, clock=trio.testing.MockClock(autojump_threshold=0))
