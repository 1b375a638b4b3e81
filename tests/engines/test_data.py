"""DataEngine: what is news, in which order it is told, how bars close, who is asked for feeds."""

from decimal import Decimal

import attrs
import msgspec
import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import wait_all_tasks_blocked

from livetrio import topics
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.data import BAR_GRACE, ORDER_WINDOW, SEEN_TRADES, DataEngine, feed_of
from livetrio.errors import UnknownInstrument
from livetrio.model import (
    AggressorSide,
    Bar,
    Feed,
    FeedKind,
    MarketContext,
    MidPrices,
    OrderBook,
    Quote,
    TickEvent,
    Trade,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
ETH = "ETH-USD-PERP.HYPERLIQUID"
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
ONE = Decimal(1)


@pytest.fixture
def engine():
    return DataEngine(MessageBus(), Cache())


def quote(at, *, init=None, bid=1):
    return Quote(BTC, Decimal(bid), ONE, Decimal(2), ONE, at, at if init is None else init)


def book(at, *, init=None):
    return OrderBook(BTC, (), (), at, at if init is None else init)


def context(at, *, init=None):
    return MarketContext(BTC, ONE, None, None, None, None, None, None, at, at if init is None else init)


def trade(number, *, instrument=BTC, at=0, is_history=False):
    return Trade(instrument, ONE, ONE, AggressorSide.BUYER, str(number), at, at, 0, is_history)


def bar(minute, close="1", *, interval="1m", instrument=BTC):
    start = minute * MINUTE
    return Bar(
        instrument, interval, ONE, ONE, ONE, Decimal(close), ONE, 1, start, start + MINUTE, start, start
    )


def drain(subscription):
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except trio.WouldBlock:
            return events


# What comes in goes to the cache, then to the bus.

EVENTS = {
    "quote": (quote(5), topics.quotes(BTC), lambda cache: cache.get_quote(BTC)),
    "trade": (trade(5), topics.trades(BTC), lambda cache: cache.get_trade(BTC)),
    "book": (book(5), topics.books(BTC), lambda cache: cache.get_book(BTC)),
    "context": (context(5), topics.contexts(BTC), lambda cache: cache.get_context(BTC)),
    "mids": (
        MidPrices("HYPERLIQUID", {}, 5, 5),
        topics.mids("HYPERLIQUID"),
        lambda cache: cache.get_mids("HYPERLIQUID"),
    ),
}


@pytest.mark.parametrize("event, topic, cached", EVENTS.values(), ids=EVENTS)
def test_an_event_is_cached_before_it_is_published(event, topic, cached):
    found = []

    class Watching(MessageBus):
        def publish(self, topic, event):
            found.append(cached(engine.cache))
            super().publish(topic, event)

    engine = DataEngine(Watching(), Cache())
    subscription = engine.bus.subscribe(topic)
    assert engine.process(event)

    assert found == [event]
    assert drain(subscription) == [event]


async def test_a_woken_subscriber_finds_the_cache_at_least_as_new(engine, nursery):
    ages = []

    def compare(event):
        ages.append(engine.cache.get_quote(BTC).ts_event - event.ts_event)

    async def watch():
        with engine.bus.subscribe(topics.quotes(BTC)) as quotes:
            async for event in quotes:
                compare(event)

    nursery.start_soon(watch)
    await wait_all_tasks_blocked()
    for at in range(20):
        engine.process(quote(at))
        if at % 7 == 0:
            await wait_all_tasks_blocked()
    await wait_all_tasks_blocked()

    assert len(ages) == 20
    assert min(ages) == 0


def test_what_is_no_market_data_is_left_to_others(engine):
    everything = engine.bus.subscribe("*")

    assert not engine.process(TickEvent(timestamp=1, tick_number=1))
    assert not engine.process(b"raw")
    assert drain(everything) == []


def test_what_is_refused_was_market_data_all_the_same(engine):
    for at in (2, 1):
        assert engine.process(quote(at))

    assert engine.refused == {"out-of-order": 1}


# Order.


@pytest.mark.parametrize("make", [quote, book, context])
def test_what_is_older_than_the_last_is_refused_and_named_once(engine, make):
    everything = engine.bus.subscribe("*")
    events = [make(10), make(9), make(10), make(8), make(11)]
    with capture_logs() as logs:
        for event in events:
            engine.process(event)

    assert [each.ts_event for each in drain(everything)] == [10, 10, 11]
    assert engine.refused == {"out-of-order": 2}
    [line] = logs
    assert (line["event"], line["reason"], line["log_level"]) == (
        "market data refused",
        "out-of-order",
        "warning",
    )
    assert line["example"].endswith(f" of {BTC}")
    assert (line["ts_event"], line["newest"]) == (9, 10)


@pytest.mark.parametrize("make", [quote, book, context])
def test_one_with_a_time_far_ahead_blocks_the_others_for_a_while_only(engine, make):
    far = 1_000_000 * SECOND
    everything = engine.bus.subscribe("*")
    with capture_logs():
        engine.process(make(far, init=0))
        engine.process(make(5, init=ORDER_WINDOW - 1))
        assert len(drain(everything)) == 1
        engine.process(make(6, init=ORDER_WINDOW))
        engine.process(make(7, init=ORDER_WINDOW + 1))

    assert [each.ts_event for each in drain(everything)] == [6, 7]
    assert engine.refused == {"out-of-order": 1}


def test_instruments_do_not_stand_in_each_others_way(engine):
    engine.process(quote(10))
    other = msgspec.structs.replace(quote(5), instrument_id=ETH)
    engine.process(other)

    assert engine.cache.get_quote(ETH) is other
    assert not engine.refused


# Trades that come again.


def test_trades_repeated_after_a_reconnect_are_published_once(engine):
    trades = engine.bus.subscribe(topics.trades("*"))
    with capture_logs() as logs:
        for number in range(30):
            engine.process(trade(number))
        for number in range(20, 35):  # the venue repeats the last ones
            engine.process(trade(number, is_history=True))

    assert [int(each.trade_id) for each in drain(trades)] == list(range(35))
    assert engine.refused == {"duplicate": 10}
    assert logs == []  # expected, so not worth a line


def test_as_many_trades_as_stated_are_remembered_and_not_all_for_ever(engine):
    for number in range(5 * SEEN_TRADES):
        engine.process(trade(number))
    last = 5 * SEEN_TRADES - 1
    for number in range(last - SEEN_TRADES + 1, last + 1):
        engine.process(trade(number))
    assert engine.refused["duplicate"] == SEEN_TRADES

    engine.process(trade(0))
    assert engine.refused["duplicate"] == SEEN_TRADES


def test_trade_ids_are_unique_for_their_instrument_only(engine):
    engine.process(trade(1))
    engine.process(trade(1, instrument=ETH))

    assert not engine.refused


# Bars.


def test_a_bar_is_published_once_when_the_next_one_comes(engine):
    bars = engine.bus.subscribe("candle.*")
    for event in (bar(0, "1"), bar(0, "2"), bar(0, "3")):
        engine.process(event)
    assert drain(bars) == []
    assert engine.get_current_bar(BTC, "1m").close == 3
    engine.process(bar(1))

    [closed] = drain(bars)
    assert (closed.close, closed.is_closed, closed.ts_open) == (3, True, 0)
    assert engine.get_historical_bars(BTC, "1m") == [closed]
    assert engine.get_current_bar(BTC, "1m") == bar(1)


def test_a_bar_closes_by_the_timer_after_its_grace(engine):
    bars = engine.bus.subscribe(topics.bars(BTC, "1m"))
    engine.process(bar(0))
    engine.close_bars(MINUTE + BAR_GRACE - 1)
    assert drain(bars) == []
    engine.close_bars(MINUTE + BAR_GRACE)
    engine.close_bars(MINUTE + BAR_GRACE + 1)

    assert [each.is_closed for each in drain(bars)] == [True]
    assert engine.get_current_bar(BTC, "1m").is_closed


def test_a_bar_closed_by_the_timer_is_not_closed_again_by_the_next(engine):
    bars = engine.bus.subscribe("candle.*")
    engine.process(bar(0))
    engine.close_bars(10 * MINUTE)
    engine.process(bar(7))
    engine.process(bar(8))

    assert [each.ts_open // MINUTE for each in drain(bars)] == [0, 7]


def test_a_late_update_of_a_closed_bar_is_refused_and_named_once(engine):
    bars = engine.bus.subscribe("candle.*")
    with capture_logs() as logs:
        engine.process(bar(0, "1"))
        engine.process(bar(1, "1"))
        engine.process(bar(0, "2"))
        engine.close_bars(10 * MINUTE)
        engine.process(bar(1, "2"))

    assert [each.close for each in drain(bars)] == [1, 1]
    assert engine.refused == {"late-bar": 2}
    assert [line["reason"] for line in logs] == ["late-bar"]


def test_a_venue_that_says_itself_that_a_bar_is_closed_is_believed(engine):
    bars = engine.bus.subscribe("candle.*")
    engine.process(bar(0))
    closed = attrs.evolve(bar(0, "2"), is_closed=True)
    engine.process(closed)
    engine.process(bar(1))

    assert drain(bars) == [closed]
    assert engine.get_historical_bars(BTC, "1m", 5) == [closed]


def test_series_close_each_for_itself(engine):
    bars = engine.bus.subscribe("candle.*")
    engine.process(bar(0))
    engine.process(bar(0, interval="5m"))
    engine.process(bar(0, instrument=ETH))
    engine.process(bar(1))

    assert [(each.instrument_id, each.interval) for each in drain(bars)] == [(BTC, "1m")]


# Pause.


def test_while_paused_the_cache_is_kept_and_nothing_published(engine):
    everything = engine.bus.subscribe("*")
    engine.pause()
    assert engine.is_paused
    for event, _, _ in EVENTS.values():
        engine.process(event)
    engine.process(bar(0))
    engine.process(bar(1))
    assert drain(everything) == []
    assert engine.cache.get_quote(BTC) == quote(5)
    assert engine.get_orderbook(BTC) is EVENTS["book"][0]

    engine.resume()
    engine.process(quote(6))
    assert not engine.is_paused
    assert drain(everything) == [quote(6)]


# Feeds.


class Client:
    """Remembers what it was asked for, and refuses some of it."""

    def __init__(self, *refused):
        self.refused = refused
        self.calls = []

    def subscribe(self, feed):
        if feed in self.refused:
            raise UnknownInstrument(f"no {feed}")
        self.calls.append(("+", feed))

    def unsubscribe(self, feed):
        self.calls.append(("-", feed))


QUOTES = feed_of(FeedKind.QUOTES, BTC)
TRADES = feed_of(FeedKind.TRADES, BTC)


def test_a_feed_belongs_to_the_instruments_venue():
    assert feed_of(FeedKind.BARS, BTC, "1m") == Feed(FeedKind.BARS, "HYPERLIQUID", BTC, "1m")


def test_the_venue_is_asked_by_the_first_and_told_by_the_last(engine):
    client = Client()
    engine.add_client("HYPERLIQUID", client)
    for _ in range(3):
        engine.subscribe(QUOTES)
    for _ in range(2):
        engine.unsubscribe(QUOTES)
    assert client.calls == [("+", QUOTES)]
    assert engine.feeds == (QUOTES,)

    engine.unsubscribe(QUOTES)
    engine.unsubscribe(QUOTES)  # nobody is left: no error
    assert client.calls == [("+", QUOTES), ("-", QUOTES)]
    assert engine.feeds == ()


def test_a_feed_that_was_ended_can_be_asked_for_again(engine):
    client = Client()
    engine.add_client("HYPERLIQUID", client)
    for _ in range(2):
        engine.subscribe(QUOTES)
        engine.unsubscribe(QUOTES)

    assert [sign for sign, _ in client.calls] == ["+", "-", "+", "-"]


def test_a_client_that_comes_later_is_asked_for_what_is_wanted_of_its_venue(engine):
    other = Feed(FeedKind.MIDS, "OTHER")
    for feed in (QUOTES, other, TRADES, QUOTES):
        engine.subscribe(feed)
    engine.unsubscribe(TRADES)
    client = Client()
    engine.add_client("HYPERLIQUID", client)

    assert client.calls == [("+", QUOTES)]
    assert engine.has_client("HYPERLIQUID")
    assert not engine.has_client("OTHER")
    assert engine.feeds == (QUOTES, other)


def test_who_has_gone_is_asked_no_more(engine):
    client = Client()
    engine.add_client("HYPERLIQUID", client)
    engine.subscribe(QUOTES)
    engine.remove_client("HYPERLIQUID")
    engine.remove_client("HYPERLIQUID")
    engine.unsubscribe(QUOTES)

    assert client.calls == [("+", QUOTES)]
    assert not engine.has_client("HYPERLIQUID")


def test_a_refused_feed_is_not_counted(engine):
    engine.add_client("HYPERLIQUID", Client(QUOTES))
    with pytest.raises(UnknownInstrument, match="no quotes"):
        engine.subscribe(QUOTES)

    assert engine.feeds == ()


@pytest.mark.parametrize("venue, hint", [("HYPERLIQID", "; did you mean HYPERLIQUID?"), ("ELSEWHERE", "")])
def test_a_venue_that_the_engine_has_not_is_named_with_those_it_has(engine, venue, hint):
    engine.add_client("HYPERLIQUID", Client())
    engine.add_client("FAKE", Client())
    with pytest.raises(UnknownInstrument) as caught:
        engine.subscribe(Feed(FeedKind.MIDS, venue))

    assert (
        str(caught.value)
        == f"mids {venue}: this engine has no venue {venue!r}, it has FAKE, HYPERLIQUID{hint}"
    )
    assert engine.feeds == ()


def test_several_feeds_of_an_instrument_at_once(engine):
    client = Client()
    engine.add_client("HYPERLIQUID", client)
    feeds = engine.subscribe_instrument(
        BTC, quotes=True, trades=True, book=True, context=True, bars=("1m", "1h")
    )

    assert [str(feed) for feed in feeds] == [
        f"quotes {BTC}",
        f"trades {BTC}",
        f"book {BTC}",
        f"context {BTC}",
        f"bars {BTC} 1m",
        f"bars {BTC} 1h",
    ]
    assert client.calls == [("+", feed) for feed in feeds]
    assert engine.subscribe_instrument(BTC) == []
    with pytest.raises(ValueError, match="expected an instrument id"):
        engine.subscribe_instrument("BTC", quotes=True)


def test_of_several_feeds_all_or_none_are_asked_for(engine):
    engine.add_client("HYPERLIQUID", Client(TRADES))
    engine.subscribe(QUOTES)
    with pytest.raises(UnknownInstrument):
        engine.subscribe_instrument(BTC, quotes=True, trades=True, book=True)

    assert engine.feeds == (QUOTES,)
    engine.unsubscribe(QUOTES)
    assert engine.feeds == ()


@pytest.mark.parametrize(
    "kind, event",
    [
        (FeedKind.QUOTES, quote(1, init=7)),
        (FeedKind.TRADES, trade(1, at=7)),
        (FeedKind.BOOK, book(1, init=7)),
        (FeedKind.CONTEXT, context(1, init=7)),
        (FeedKind.BARS, attrs.evolve(bar(0), ts_init=7)),
    ],
)
def test_a_feed_was_last_heard_of_when_it_brought_something(engine, kind, event):
    feed = feed_of(kind, BTC, "1m" if kind is FeedKind.BARS else None)
    assert engine.last_update(feed) is None
    engine.process(event)

    assert engine.last_update(feed) == 7


def test_a_feed_of_a_whole_venue_was_last_heard_of_too(engine):
    feed = Feed(FeedKind.MIDS, "HYPERLIQUID")
    assert engine.last_update(feed) is None
    engine.process(MidPrices("HYPERLIQUID", {}, 1, 7))

    assert engine.last_update(feed) == 7
    assert engine.last_update(Feed(FeedKind.MIDS, "OTHER")) is None


def test_what_was_refused_does_not_count_as_heard(engine):
    engine.process(quote(10, init=10))
    with capture_logs():
        engine.process(quote(9, init=11))

    assert engine.last_update(QUOTES) == 10


def test_a_bar_that_goes_by_another_clock_is_left_to_the_next_one(engine):
    """A recording is played: its minutes ended long ago by our clock, and are not over for all that."""
    bars = engine.bus.subscribe("candle.*")
    played = attrs.evolve(bar(0), ts_init=100 * MINUTE)
    engine.process(played)
    engine.close_bars(101 * MINUTE)
    assert drain(bars) == []
    engine.process(attrs.evolve(bar(1), ts_init=100 * MINUTE + 1))

    assert [each.ts_open for each in drain(bars)] == [0]
    assert not engine.refused
