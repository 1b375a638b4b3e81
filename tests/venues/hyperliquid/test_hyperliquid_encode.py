"""What we send is what the docs say (websocket/subscriptions, 2026-08-22)."""

import json

import pytest
from test_hyperliquid_samples import (
    ACK,
    BTC,
    HYPE_SPOT,
    META,
    NOW,
    PURR_SPOT,
    SPOT_META,
    loaded_codec,
    loaded_venue,
)

from livetrio.errors import UnknownInstrument
from livetrio.model import BAR_INTERVALS, Feed, FeedKind
from livetrio.venues.base import SubscriptionAck
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

VENUE = "HYPERLIQUID"
SUBSCRIPTIONS = [
    (Feed(FeedKind.QUOTES, VENUE, BTC), {"type": "bbo", "coin": "BTC"}),
    (Feed(FeedKind.TRADES, VENUE, BTC), {"type": "trades", "coin": "BTC"}),
    (Feed(FeedKind.BOOK, VENUE, BTC), {"type": "l2Book", "coin": "BTC", "fast": True}),
    (Feed(FeedKind.CONTEXT, VENUE, BTC), {"type": "activeAssetCtx", "coin": "BTC"}),
    (Feed(FeedKind.CONTEXT, VENUE, HYPE_SPOT), {"type": "activeAssetCtx", "coin": "@107"}),
    (Feed(FeedKind.QUOTES, VENUE, PURR_SPOT), {"type": "bbo", "coin": "PURR/USDC"}),
    (Feed(FeedKind.MIDS, VENUE), {"type": "allMids"}),
    *(
        (Feed(FeedKind.BARS, VENUE, BTC, each), {"type": "candle", "coin": "BTC", "interval": each})
        for each in BAR_INTERVALS
    ),
]


@pytest.mark.parametrize(("feed", "subscription"), SUBSCRIPTIONS, ids=str)
def test_a_feed_is_asked_for_and_ended_by_the_same_object(feed, subscription):
    codec = loaded_codec()

    assert json.loads(codec.subscribe(feed)) == {"method": "subscribe", "subscription": subscription}
    assert json.loads(codec.unsubscribe(feed)) == {"method": "unsubscribe", "subscription": subscription}


@pytest.mark.parametrize(("feed", "subscription"), SUBSCRIPTIONS, ids=str)
def test_the_venues_ack_of_what_we_ask_names_the_feed_we_asked_for(feed, subscription):
    codec = loaded_codec()
    echo = json.loads(codec.subscribe(feed))

    answer = json.dumps({"channel": "subscriptionResponse", "data": echo}).encode()

    assert codec.decode(answer, NOW) == [SubscriptionAck(feed, active=True)]
    assert codec.decode(ACK, NOW) == [SubscriptionAck(Feed(FeedKind.BOOK, VENUE, BTC), active=True)]


def test_slow_books_are_asked_for_without_fast():
    codec = loaded_venue(fast_books=False).open_codec("market", 1)

    subscription = json.loads(codec.subscribe(Feed(FeedKind.BOOK, VENUE, BTC)))["subscription"]

    assert subscription == {"type": "l2Book", "coin": "BTC"}


def test_without_instruments_the_coin_is_read_off_the_id():
    codec = HyperliquidVenue(HyperliquidConfig()).open_codec("market", 1)

    def coin(name):
        return json.loads(codec.subscribe(Feed(FeedKind.QUOTES, VENUE, name)))["subscription"]["coin"]

    assert coin("SOL-USD-PERP.HYPERLIQUID") == "SOL"
    assert coin("PURR-USDC-SPOT.HYPERLIQUID") == "PURR/USDC"
    assert coin("@107-SPOT.HYPERLIQUID") == "@107"


def test_the_heartbeat_is_the_venues_own_ping():
    assert json.loads(loaded_codec().heartbeat()) == {"method": "ping"}


@pytest.mark.parametrize("name", ["DOGE-USD-PERP.HYPERLIQUID", None])
def test_what_is_not_listed_is_never_asked_for_as_it_would_end_the_socket(name):
    with pytest.raises(UnknownInstrument):
        loaded_codec().subscribe(Feed(FeedKind.QUOTES, VENUE, name))


def test_what_was_asked_for_before_the_list_was_there_can_be_ended_after():
    venue = HyperliquidVenue(HyperliquidConfig())
    codec, feed = venue.open_codec("market", 1), Feed(FeedKind.QUOTES, VENUE, "@107-SPOT.HYPERLIQUID")
    asked = json.loads(codec.subscribe(feed))["subscription"]
    venue.load_instruments([META, SPOT_META])

    assert json.loads(codec.unsubscribe(feed))["subscription"] == asked
    with pytest.raises(UnknownInstrument):
        codec.subscribe(feed)
