"""Stories of frames that need more than their own bytes, and of frames that are refused."""

import json

import pytest
from test_hyperliquid_samples import (
    ACK,
    BBO,
    BTC,
    CANDLE,
    FRAMES,
    L2BOOK,
    MS,
    NOW,
    PERP_CONTEXT,
    TRADES,
    decode_one,
    loaded_codec,
)

from livetrio.errors import FrameError
from livetrio.model import Feed, FeedKind, OrderBook
from livetrio.venues.base import SubscriptionAck, VenueNotice
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

VENUE = "HYPERLIQUID"
TRADES_ACK = ACK.replace(b"l2Book", b"trades")


def changed(frame, *path, to):
    """The frame with one value changed."""
    content = json.loads(frame)
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(content, separators=(",", ":")).encode()


def trades_frame(*trades, coin="BTC"):
    """A frame of trades, each a time in ms and a trade id."""
    first = json.loads(TRADES)["data"][0]
    data = [first | {"time": time, "tid": tid, "coin": coin} for time, tid in trades]
    return json.dumps({"channel": "trades", "data": data}).encode()


def ids_and_history(codec, frame):
    return [(trade.trade_id, trade.is_history) for trade in codec.decode(frame, NOW)]


def comparable(messages):
    """Messages that can be compared: a book is equal to none but itself."""
    return [
        (each.instrument_id, each.bids, each.asks, each.ts_event, each.ts_init, each.generation)
        if isinstance(each, OrderBook)
        else each
        for each in messages
    ]


# ------------------------------------------------------------------ form


@pytest.mark.parametrize("channel", FRAMES)
def test_the_order_of_keys_does_not_matter(channel):
    def backwards(value):
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return [backwards(each) for each in value] if isinstance(value, list) else value

    frame = FRAMES[channel]
    turned = json.dumps(backwards(json.loads(frame)), separators=(",", ":")).encode()

    assert turned.startswith(b'{"data"') or channel == "pong"
    assert comparable(loaded_codec().decode(turned, NOW)) == comparable(loaded_codec().decode(frame, NOW))


@pytest.mark.parametrize("channel", FRAMES)
def test_white_space_does_not_matter(channel):
    frame = FRAMES[channel]
    spaced = b" \n" + json.dumps(json.loads(frame), indent=2).encode() + b"\t"

    assert comparable(loaded_codec().decode(spaced, NOW)) == comparable(loaded_codec().decode(frame, NOW))


@pytest.mark.parametrize("channel", FRAMES)
def test_unknown_fields_are_no_fault(channel):
    def with_more(value):
        if isinstance(value, dict):
            more = {key: with_more(each) for key, each in value.items()}
            return more if channel == "allMids" and "BTC" in value else more | {"new": [None, {"px": "NaN"}]}
        return [with_more(each) for each in value] if isinstance(value, list) else value

    frame = FRAMES[channel]
    more = json.dumps(with_more(json.loads(frame))).encode()

    assert comparable(loaded_codec().decode(more, NOW)) == comparable(loaded_codec().decode(frame, NOW))


def test_the_greeting_of_older_servers_means_nothing():
    assert list(loaded_codec().decode(b"Websocket connection established.", NOW)) == []


# ------------------------------------------------------------------ trades that are no news


def test_the_first_trades_of_a_coin_are_history_and_the_next_are_news():
    codec = loaded_codec()

    assert ids_and_history(codec, trades_frame((1000, 1), (1001, 2))) == [("1", True), ("2", True)]
    assert ids_and_history(codec, trades_frame((1002, 3))) == [("3", False)]


def test_each_coin_has_its_own_first_frame():
    codec = loaded_codec()
    codec.decode(trades_frame((1000, 1)), NOW)

    assert ids_and_history(codec, trades_frame((1000, 2), coin="ETH")) == [("2", True)]
    assert ids_and_history(codec, trades_frame((1001, 3))) == [("3", False)]


def test_a_new_session_has_its_own_first_frame():
    venue = HyperliquidVenue(HyperliquidConfig())
    venue.open_codec("market", 1).decode(trades_frame((1000, 1)), NOW)

    assert ids_and_history(venue.open_codec("market", 2), trades_frame((1001, 2))) == [("2", True)]


def test_a_subscription_anew_brings_history_anew_but_only_once_it_is_acknowledged():
    codec = loaded_codec()
    codec.decode(trades_frame((1000, 1)), NOW)
    codec.unsubscribe(Feed(FeedKind.TRADES, VENUE, BTC))
    codec.subscribe(Feed(FeedKind.TRADES, VENUE, BTC))

    assert ids_and_history(codec, trades_frame((1001, 2))) == [("2", False)]
    codec.decode(TRADES_ACK, NOW)
    assert ids_and_history(codec, trades_frame((1000, 1), (1001, 2))) == [("1", True), ("2", True)]
    assert ids_and_history(codec, trades_frame((1002, 3))) == [("3", False)]


def test_a_second_subscription_that_the_venue_does_not_take_brings_no_history():
    codec = loaded_codec()
    codec.decode(trades_frame((1000, 1)), NOW)
    codec.decode(error_frame('Already subscribed: {"type":"trades","coin":"BTC"}'), NOW)

    assert ids_and_history(codec, trades_frame((1001, 2))) == [("2", False)]


def test_history_that_comes_newest_first_is_turned_equal_times_included():
    frame = trades_frame((1002, 4), (1001, 3), (1001, 2), (1000, 1))

    assert [name for name, _ in ids_and_history(loaded_codec(), frame)] == ["1", "2", "3", "4"]


def test_news_keep_the_venues_order():
    codec = loaded_codec()
    codec.decode(trades_frame((1000, 1)), NOW)

    assert [name for name, _ in ids_and_history(codec, trades_frame((1002, 3), (1001, 2)))] == ["3", "2"]


def test_no_trades_are_no_messages():
    assert list(loaded_codec().decode(b'{"channel":"trades","data":[]}', NOW)) == []


# ------------------------------------------------------------------ refusals by the venue


def error_frame(text):
    return json.dumps({"channel": "error", "data": text}).encode()


QUOTED_FEEDS = {
    '{"type":"bbo","coin":"BTC"}': Feed(FeedKind.QUOTES, VENUE, BTC),
    '{"type":"allMids","dex":""}': Feed(FeedKind.MIDS, VENUE),
    '{"type":"candle","coin":"BTC","interval":"1m"}': Feed(FeedKind.BARS, VENUE, BTC, "1m"),
    '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":true}': Feed(
        FeedKind.BOOK, VENUE, BTC
    ),
    '{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}': Feed(FeedKind.TRADES, VENUE, BTC),
}


@pytest.mark.parametrize("quoted", QUOTED_FEEDS)
def test_a_refused_subscription_is_a_notice_about_its_feed(quoted):
    text = f"Invalid subscription {quoted}"

    assert decode_one(error_frame(text)) == VenueNotice(text, QUOTED_FEEDS[quoted])


@pytest.mark.parametrize("quoted", QUOTED_FEEDS)
def test_already_subscribed_is_an_ack(quoted):
    assert decode_one(error_frame(f"Already subscribed: {quoted}")) == SubscriptionAck(
        QUOTED_FEEDS[quoted], active=True
    )


def test_already_unsubscribed_is_an_ack_of_the_end():
    quoted = '{"type":"bbo","coin":"BTC"}'

    assert decode_one(error_frame(f"Already unsubscribed: {quoted}")) == SubscriptionAck(
        QUOTED_FEEDS[quoted], active=False
    )


@pytest.mark.parametrize(
    "text",
    [
        "Cannot track more than 15 total users.",
        "too many pending post requests id=7",
        "Already subscribed: {",
        'Already subscribed: {"type":"bbo","coin":"NOPE"}',
        'Invalid subscription {"type":"userFills","user":"0x00"}',
        'Invalid subscription {"type":"bbo"}',
        "",
    ],
)
def test_words_that_name_no_feed_of_ours_are_a_notice_and_no_more(text):
    assert decode_one(error_frame(text)) == VenueNotice(text, feed=None)


def test_an_ack_of_something_else_is_a_notice():
    frame = changed(ACK, "data", "subscription", to={"type": "webData3", "user": "0x00"})

    assert decode_one(frame) == VenueNotice("subscribe webData3: taken, but not a feed of ours")


# ------------------------------------------------------------------ faults

LONG = "9" * 29
FAULTS = [
    ("bad-json", b""),
    ("bad-json", b"{"),
    ("bad-json", b"Websocket connection established"),
    ("bad-json", BBO[:-1]),
    ("bad-json", BBO + b"x"),
    ("bad-json", b'{"channel":"pong","data":' + b"[" * 100_000),
    ("bad-utf8", b"\xff\xfe"),
    ("bad-utf8", BBO.replace(b"BTC", b"B\xffC")),
    ("bad-utf8", BBO.replace(b'"n"', b'"\xffn"')),  # a name that nobody reads
    ("null", b"null"),
    ("null", b" null\n"),
    ("null", changed(BBO, "data", to=None)),
    ("wrong-types", b"[]"),
    ("wrong-types", b"7"),
    ("wrong-types", b"{}"),
    ("wrong-types", b'{"channel":"bbo"}'),
    ("wrong-types", changed(BBO, "data", to=[])),
    ("wrong-types", changed(BBO, "data", "coin", to=None)),
    ("wrong-types", changed(BBO, "data", "coin", to="")),
    ("wrong-types", changed(BBO, "data", "coin", to="B" * 1000)),
    ("wrong-types", changed(BBO, "data", "bbo", to=[])),
    ("wrong-types", changed(BBO, "data", "bbo", 0, "px", to=63457.0)),
    ("wrong-types", changed(BBO, "data", "bbo", 0, "n", to=-1)),
    ("wrong-types", changed(BBO, "data", "time", to="1785251522090")),
    ("wrong-types", changed(BBO, "data", "time", to=-1)),
    ("wrong-types", changed(BBO, "data", "time", to=10**30)),
    ("wrong-types", changed(TRADES, "data", 0, "side", to="C")),
    ("wrong-types", changed(TRADES, "data", 0, "tid", to=None)),
    ("wrong-types", changed(CANDLE, "data", "i", to="1M")),
    ("wrong-types", changed(PERP_CONTEXT, "data", "ctx", "funding", to="--1")),
    ("wrong-types", changed(ACK, "data", "method", to="post")),
    ("unknown-channel", b'{"channel":"notification","data":{"notification":"hello"}}'),
    ("unknown-channel", BBO.replace(b"bbo", b"bbq", 1)),
    ("unknown-channel", b'{"data":7,"channel":""}'),
    ("unknown-instrument", changed(BBO, "data", "coin", to="DOGE")),
    ("unknown-instrument", changed(TRADES, "data", 0, "coin", to="btc")),
    ("unknown-instrument", changed(L2BOOK, "data", "coin", to="xyz:TSLA")),
    ("unknown-instrument", changed(CANDLE, "data", "s", to="@1")),
    ("unknown-instrument", changed(PERP_CONTEXT, "data", "coin", to="#10")),
    ("crossed-book", changed(BBO, "data", "bbo", 0, "px", to="63488.0")),
    ("crossed-book", changed(BBO, "data", "bbo", 0, "px", to="99999.0")),
    ("crossed-book", changed(L2BOOK, "data", "levels", 0, 0, "px", to="63489.0")),
    ("crossed-bar", changed(CANDLE, "data", "l", to="29258.5")),
    ("crossed-bar", changed(CANDLE, "data", "h", to="29294.0")),
    ("crossed-bar", changed(CANDLE, "data", "T", to=0)),
    ("negative-size", changed(BBO, "data", "bbo", 1, "sz", to="-0.1")),
    ("negative-size", changed(TRADES, "data", 0, "sz", to="-1.0")),
    ("negative-size", changed(L2BOOK, "data", "levels", 0, 1, "sz", to="-1.0")),
    ("negative-size", changed(CANDLE, "data", "v", to="-1.0")),
    ("negative-size", changed(PERP_CONTEXT, "data", "ctx", "openInterest", to="-1.0")),
    ("off-tick", changed(BBO, "data", "bbo", 0, "px", to="63457.5")),
    ("off-tick", changed(BBO, "data", "bbo", 0, "px", to="0.0")),
    ("off-tick", changed(BBO, "data", "bbo", 0, "px", to="-63457.0")),
    ("off-tick", changed(TRADES, "data", 0, "px", to="63719.01")),
    ("off-tick", changed(L2BOOK, "data", "levels", 1, 0, "px", to="63488.7")),
    ("off-tick", changed(L2BOOK, "data", "levels", 0, 1, "px", to="-1.0")),
    ("off-tick", changed(CANDLE, "data", "l", to="0.0")),
]


@pytest.mark.parametrize(("kind", "frame"), FAULTS, ids=lambda each: str(each)[:60])
def test_a_frame_that_makes_no_sense_is_refused_by_name(kind, frame):
    with pytest.raises(FrameError) as refused:
        loaded_codec().decode(frame, NOW)

    assert refused.value.kind == kind
    assert 0 < len(refused.value.detail) <= 250


NOT_NUMBERS = ["", ".", "-", "+1.0", "1.2.3", "NaN", "Infinity", "-Infinity", "1e5", "1E5", "1_000.0"]
NOT_NUMBERS += [" 1.0", "1.0\n", "0x10", "١.٠", "１.０", "1,5", "\x00", "--1.0", "1-", "1.-5", LONG]
NUMBER_PLACES = {
    "bid price": (BBO, "data", "bbo", 0, "px"),
    "ask size": (BBO, "data", "bbo", 1, "sz"),
    "trade price": (TRADES, "data", 0, "px"),
    "trade size": (TRADES, "data", 0, "sz"),
    "best ask of a book": (L2BOOK, "data", "levels", 1, 0, "px"),
    "deeper bid of a book": (L2BOOK, "data", "levels", 0, 1, "px"),
    "deeper size of a book": (L2BOOK, "data", "levels", 0, 1, "sz"),
    "open of a bar": (CANDLE, "data", "o"),
    "volume of a bar": (CANDLE, "data", "v"),
    "mark price": (PERP_CONTEXT, "data", "ctx", "markPx"),
    "mid price": (PERP_CONTEXT, "data", "ctx", "midPx"),
    "funding": (PERP_CONTEXT, "data", "ctx", "funding"),
    "a mid": (FRAMES["allMids"], "data", "mids", "@142"),
}


@pytest.mark.parametrize("place", NUMBER_PLACES)
@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_not_a_decimal_number_is_refused_wherever_it_stands(place, text):
    frame, *path = NUMBER_PLACES[place]
    codec = loaded_codec()
    codec.decode(frame, NOW)  # so that what is remembered of good frames cannot let it pass

    with pytest.raises(FrameError) as refused:
        codec.decode(changed(frame, *path, to=text), NOW)

    assert refused.value.kind == "wrong-types"


def test_one_bad_trade_refuses_the_whole_frame_and_the_history_is_still_to_come():
    codec = loaded_codec()
    first = json.loads(TRADES)["data"][0]
    bad = {"channel": "trades", "data": [first, first | {"sz": "-1.0"}]}

    with pytest.raises(FrameError, match="negative-size"):
        codec.decode(json.dumps(bad).encode(), NOW)
    assert decode_one(TRADES, codec).is_history


@pytest.mark.parametrize(("kind", "frame"), FAULTS, ids=lambda each: str(each)[:60])
def test_after_a_refusal_the_codec_decodes_as_if_it_had_not_been(kind, frame):
    frames = [TRADES, BBO, L2BOOK, TRADES_ACK, TRADES, TRADES]
    untouched, shaken = loaded_codec(), loaded_codec()
    for good in frames:
        with pytest.raises(FrameError):
            shaken.decode(frame, NOW)

        assert comparable(shaken.decode(good, NOW)) == comparable(untouched.decode(good, NOW))


def test_the_message_says_what_was_wanted_and_what_was_found():
    with pytest.raises(FrameError) as refused:
        loaded_codec().decode(changed(BBO, "data", "bbo", 0, "px", to="63457.5"), NOW)

    assert str(refused.value) == f"off-tick: {BTC}: price 63457.5 is not a multiple of 1"


# ------------------------------------------------------------------ without a list of instruments


@pytest.mark.parametrize(
    ("coin", "expected"),
    [
        ("BTC", "BTC-USD-PERP.HYPERLIQUID"),
        ("kPEPE", "kPEPE-USD-PERP.HYPERLIQUID"),
        ("PURR/USDC", "PURR-USDC-SPOT.HYPERLIQUID"),
        ("@107", "@107-SPOT.HYPERLIQUID"),
        ("xyz:TSLA", "xyz:TSLA-USD-PERP.HYPERLIQUID"),
    ],
)
def test_without_instruments_a_coin_is_named_by_its_form_and_prices_have_no_grid(coin, expected):
    codec = HyperliquidVenue(HyperliquidConfig()).open_codec("market", 1)
    frame = changed(changed(BBO, "data", "coin", to=coin), "data", "bbo", 0, "px", to="63457.123456")

    assert decode_one(frame, codec).instrument_id == expected


@pytest.mark.parametrize("coin", ["#10", "A B", "/USDC", "PURR/", "Ä", "."])
def test_a_coin_without_a_form_of_ours_is_unknown(coin):
    codec = HyperliquidVenue(HyperliquidConfig()).open_codec("market", 1)

    with pytest.raises(FrameError, match="unknown-instrument"):
        codec.decode(changed(BBO, "data", "coin", to=coin), NOW)


def test_times_are_milliseconds_on_the_wire_and_nanoseconds_here():
    assert decode_one(changed(BBO, "data", "time", to=1)).ts_event == MS
