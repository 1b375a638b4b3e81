"""The fake venue: what it says is what is understood."""

from __future__ import annotations

from decimal import Decimal

import pytest

from livetrio.errors import FrameError, UnknownInstrument
from livetrio.model import Feed, FeedKind, InstrumentId
from livetrio.testing import FakeVenue, FakeVenueServer
from livetrio.venues.base import Pong, SubscriptionAck, VenueNotice

BTC = InstrumentId("BTC-USD-PERP.FAKE")
TRADES = Feed(FeedKind.TRADES, "FAKE", BTC)


def decode(line):
    codec = FakeVenue().open_codec("market", 3)
    (event,) = codec.decode(line if isinstance(line, bytes) else line.encode(), 5)
    return event


def test_market_data():
    quote = decode(f"quote {BTC} 99 1 101 2")
    book = decode(f"book {BTC} 99 1 101 2")
    trade = decode(f"trade {BTC} 100 0.5 17")

    assert (quote.bid_price, quote.ask_size, quote.generation) == (Decimal(99), Decimal(2), 3)
    assert (book.best_bid.price, book.asks[0].size, book.ts_init) == (Decimal(99), Decimal(2), 5)
    assert (trade.price, trade.size, trade.trade_id) == (Decimal(100), Decimal("0.5"), "17")


def test_answers():
    bars = Feed(FeedKind.BARS, "FAKE", BTC, "1m")

    assert decode("pong") == Pong()
    assert decode(f"subscribed {TRADES}") == SubscriptionAck(TRADES, True)
    assert decode(f"unsubscribed {bars}") == SubscriptionAck(bars, False)
    assert decode("subscribed mids FAKE") == SubscriptionAck(Feed(FeedKind.MIDS, "FAKE"), True)
    assert decode(f"refused {TRADES}") == VenueNotice(f"refused {TRADES}", TRADES)
    assert decode("notice at noon") == VenueNotice("at noon")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"\xff", "bad-utf8"),
        (b"  ", "empty"),
        (b"hello", "unknown-word"),
        (b"pong pong", "unknown-word"),
        (b"trade X.FAKE a 1 1", "wrong-types"),
        (b"quote X.FAKE 1 2", "wrong-types"),
        (b"subscribed nothing X.FAKE", "wrong-types"),
    ],
)
def test_nonsense(line, kind):
    with pytest.raises(FrameError) as caught:
        decode(line)
    assert caught.value.kind == kind


def test_what_is_listed():
    venue = FakeVenue("OTHER", host="other.test")
    name = InstrumentId("BTC-USD-PERP.OTHER")
    assert venue.streams[0].url == "wss://other.test/ws"
    assert venue.stream_for(Feed(FeedKind.TRADES, "OTHER", name)) == "market"

    (instrument,) = venue.load_instruments([str(name).encode()])

    assert (instrument.base, instrument.quote) == ("BTC", "USD")
    with pytest.raises(UnknownInstrument):
        venue.stream_for(Feed(FeedKind.TRADES, "OTHER", InstrumentId("X.OTHER")))
    assert venue.stream_for(Feed(FeedKind.MIDS, "OTHER")) == "market"


def test_the_server_answers_in_its_own_words():
    server = FakeVenueServer(BTC)
    server.unanswered.add("subscribe a")
    server.refused.add("b")

    def answer(text):
        return server._answer(None, text)

    assert [answer(text) for text in ("ping", "subscribe a", "subscribe b", "unsubscribe c")] == [
        ["pong"],
        [],
        ["refused b"],
        ["unsubscribed c"],
    ]
    server.quiet = True
    assert answer("ping") == []
