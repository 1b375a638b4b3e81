"""What a strategy may see and do."""

from __future__ import annotations

import pytest
import trio
from strategy_world import BTC, ETH, Stage
from structlog.testing import capture_logs

from livetrio import topics
from livetrio.errors import UnknownInstrument
from livetrio.model import Feed, FeedEvent, FeedKind, FeedState, TickEvent
from livetrio.strategy.context import ReadCounts
from livetrio.testing import FakeVenue, within


def drain(subscription):
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except trio.WouldBlock:
            return events


async def test_what_is_subscribed_to_comes_into_the_queue_in_order():
    stage = Stage()
    stage.context.subscribe_trades(BTC)
    stage.context.subscribe_quotes(BTC)
    stage.context.subscribe_book(BTC)

    stage.market(
        f"quote {BTC} 99 1 101 1", f"trade {BTC} 100 1 1", f"book {BTC} 99 1 101 1", f"trade {ETH} 9 1 1"
    )

    assert [type(event).__name__ for event in drain(stage.context.events)] == ["Quote", "Trade", "OrderBook"]
    assert [feed.kind for feed in stage.client.asked] == [FeedKind.TRADES, FeedKind.QUOTES, FeedKind.BOOK]


async def test_each_kind_of_feed_can_be_asked_for_and_ended():
    stage = Stage()
    context = stage.context
    context.subscribe_bars(BTC, "1m")
    context.subscribe_bars(BTC, "5m")
    context.subscribe_context(BTC)
    context.subscribe_mids("FAKE")
    context.subscribe_trades(BTC)
    context.subscribe_trades(ETH)

    assert [str(feed) for feed in stage.client.asked] == [
        f"bars {BTC} 1m",
        f"bars {BTC} 5m",
        f"context {BTC}",
        "mids FAKE",
        f"trades {BTC}",
        f"trades {ETH}",
    ]
    context.unsubscribe(BTC)
    assert [str(feed) for feed in stage.client.asked] == ["mids FAKE", f"trades {ETH}"]
    context.unsubscribe("FAKE")
    assert [str(feed) for feed in stage.client.asked] == [f"trades {ETH}"]
    context.close()
    assert stage.client.asked == []
    assert stage.data.feeds == ()


async def test_after_unsubscribing_nothing_of_it_comes():
    stage = Stage()
    stage.context.subscribe_trades(BTC)
    stage.market(f"trade {BTC} 100 1 1")

    stage.context.unsubscribe(BTC)
    stage.market(f"trade {BTC} 100 1 2")

    assert [trade.trade_id for trade in drain(stage.context.events)] == ["1"]


async def test_asking_twice_is_asking_once():
    stage = Stage()
    for _ in range(3):
        stage.context.subscribe_trades(BTC)

    stage.market(f"trade {BTC} 100 1 1")

    assert len(drain(stage.context.events)) == 1
    stage.context.unsubscribe(BTC)
    assert stage.client.asked == []


async def test_ticks_connections_and_feeds_come_unasked():
    stage = Stage()
    feed = Feed(FeedKind.BOOK, "FAKE", BTC)

    stage.bus.publish(topics.TICK, TickEvent(timestamp=1, tick_number=1))
    stage.bus.publish(topics.FEED, FeedEvent(feed=feed, state=FeedState.STALE, timestamp=2, age=5.0))

    assert [type(event).__name__ for event in drain(stage.context.events)] == ["TickEvent", "FeedEvent"]


async def test_a_feed_that_cannot_be_had_leaves_nothing_behind():
    stage = Stage()
    stage.client.unknown.add(BTC)

    with pytest.raises(UnknownInstrument):
        stage.context.subscribe_trades(BTC)
    with pytest.raises(UnknownInstrument):
        stage.context.trades(BTC)

    assert stage.data.feeds == ()
    assert "trade" not in " ".join(stage.context.events.patterns)
    assert len(stage.bus.subscriptions) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda context: context.subscribe_bars(BTC, "7m"),
        lambda context: context.bars(BTC, "7m"),
        lambda context: context.subscribe_trades("nonsense"),
    ],
)
async def test_what_makes_no_sense_is_refused(ask):
    with pytest.raises(ValueError, match="expected"):
        ask(Stage().context)


@within(60)
async def test_channels_of_their_own_end_with_their_block(autojump_clock):
    stage = Stage()
    context = stage.context
    opened = [
        context.quotes(BTC),
        context.trades(BTC),
        context.books(BTC),
        context.bars(BTC, "1m"),
        context.contexts(BTC),
        context.mids("FAKE"),
    ]
    assert len(stage.client.asked) == 6

    with opened[1] as trades, context.ticks() as ticks:
        stage.market(f"trade {BTC} 100 1 1")
        stage.bus.publish(topics.TICK, TickEvent(timestamp=1, tick_number=1))
        assert (await trades.receive()).trade_id == "1"
        assert (await ticks.receive()).tick_number == 1
    assert len(stage.client.asked) == 5
    assert [type(event).__name__ for event in drain(context.events)] == ["TickEvent"], "not into the queue"


async def test_channels_that_nobody_closed_end_with_the_strategy():
    stage = Stage()
    stage.context.trades(BTC)
    stage.context.ticks()

    stage.context.close()
    stage.context.close()

    assert stage.bus.subscriptions == ()
    assert stage.client.asked == []


async def test_two_readers_share_a_feed_and_the_last_one_ends_it():
    stage = Stage()
    stage.context.subscribe_trades(BTC)

    with stage.context.trades(BTC):
        assert len(stage.client.asked) == 1
        stage.context.unsubscribe(BTC)
        assert len(stage.client.asked) == 1
    assert stage.client.asked == []


async def test_an_instrument_is_found_or_the_nearest_is_named():
    stage = Stage()
    with pytest.raises(UnknownInstrument, match=r"is not listed by any venue that has answered$"):
        stage.context.instrument(BTC)
    for instrument in FakeVenue().load_instruments([f"{BTC} {ETH}".encode()]):
        stage.cache.update_instrument(instrument)

    assert stage.context.instrument(BTC).base == "BTC"
    with pytest.raises(UnknownInstrument, match=f"did you mean {BTC}"):
        stage.context.instrument("BTC-USD-PREP.FAKE")


@within(60)
async def test_time_stop_and_log(autojump_clock):
    stage = Stage()
    await trio.sleep(3)

    assert stage.context.now() == stage.clock.now()
    stage.context.stop()
    stage.context.stop("enough")
    assert stage.stops == ["it: a strategy asked for it", "it: enough"]
    with capture_logs() as logs:
        stage.context.log.info("hello")
    assert logs == [{"event": "hello", "log_level": "info", "strategy": "it"}]
    assert repr(stage.context) == "<Context it>"


async def test_what_was_read_is_counted_over_all_channels_and_unread_queues_count_for_nothing(autojump_clock):
    stage = Stage()
    for number in range(3):
        stage.bus.publish(topics.TICK, TickEvent(timestamp=number, tick_number=number))
    with stage.context.trades(BTC) as trades:
        stage.market(*[f"trade {BTC} 100 1 {number}" for number in range(2)])
        await trades.receive()
        await trades.receive()
    with stage.context.quotes(BTC):
        stage.market(f"quote {BTC} 99 1 101 1")

    assert stage.context.counts() == ReadCounts(received=2)
    await stage.context.events.receive()
    assert stage.context.counts() == ReadCounts(received=3, conflated=2)
