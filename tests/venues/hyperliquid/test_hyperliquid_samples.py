"""Frames as the venue sent them, and what each means; the other tests take them from here.

Captured from testnet 2026-07-28 where nothing else is said.
"""

import json
from decimal import Decimal

import pytest

from livetrio.model import (
    AggressorSide,
    Bar,
    BookLevel,
    Feed,
    FeedKind,
    MarketContext,
    MidPrices,
    OrderBook,
    Quote,
    Trade,
)
from livetrio.venues.base import Pong, SubscriptionAck, VenueNotice
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

BTC = "BTC-USD-PERP.HYPERLIQUID"
HYPE_SPOT = "HYPE-USDC-SPOT.HYPERLIQUID"
PURR_SPOT = "PURR-USDC-SPOT.HYPERLIQUID"
MS = 1_000_000
NOW = 1_785_260_000_000 * MS
"""Our time in these tests."""

META = b"""{"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40,"marginTableId":56},
{"szDecimals":1,"name":"LOOM","maxLeverage":3,"marginTableId":3,"isDelisted":true,"onlyIsolated":true,
"marginMode":"strictIsolated"},{"szDecimals":4,"name":"ETH","maxLeverage":25,"marginTableId":55}],
"marginTables":[[56,{"description":"","marginTiers":[{"lowerBound":"0.0","maxLeverage":40}]}]],
"collateralToken":0}"""
SPOT_META = b"""{"universe":[{"tokens":[1,0],"name":"PURR/USDC","index":0,"isCanonical":true},
{"tokens":[150,0],"name":"@107","index":107,"isCanonical":false}],"tokens":[
{"name":"HYPE","szDecimals":2,"weiDecimals":8,"index":150,"tokenId":"0x0d","isCanonical":false},
{"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0,"tokenId":"0x6d1e7cde53ba9467b783cb7c530ce054",
"isCanonical":true,"evmContract":null,"fullName":null,"deployerTradingFeeShare":"0.0"},
{"name":"PURR","szDecimals":0,"weiDecimals":5,"index":1,"tokenId":"0xc1","isCanonical":true}]}"""
"""Shapes of the docs; the tokens are not in the order of their index, as live ones need not be."""

BBO = (
    b'{"channel":"bbo","data":{"coin":"BTC","time":1785251522090,"bbo":'
    b'[{"px":"63457.0","sz":"0.00028","n":1},{"px":"63488.0","sz":"0.01246","n":2}]}}'
)
L2BOOK = (
    b'{"channel":"l2Book","data":{"coin":"BTC","time":1785251521889,"levels":'
    b'[[{"px":"63460.0","sz":"0.02666","n":2},{"px":"63457.0","sz":"0.00028","n":1}],'
    b'[{"px":"63488.0","sz":"0.01246","n":2}]],"fast":true}}'
)
TRADES = (
    b'{"channel":"trades","data":[{"coin":"BTC","side":"B","px":"63719.0","sz":"0.00016",'
    b'"time":1785251456343,"hash":"0x6685d005","tid":447757798903687,"users":["0x1260641d","0x8691315c"]}]}'
)
CANDLE = (
    b'{"channel":"candle","data":{"t":1681923600000,"T":1681924499999,"s":"BTC","i":"15m","o":"29295.0",'
    b'"c":"29258.0","h":"29309.0","l":"29250.0","v":"0.98639","n":189}}'
)
PERP_CONTEXT = (
    b'{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"-0.0000015186","openInterest":'
    b'"27353.17682","prevDayPx":"76317.0","dayNtlVlm":"1516669192.19","premium":"-0.0005927453",'
    b'"oraclePx":"77605.0","markPx":"77562.0","midPx":"77558.5","impactPxs":["77558.0","77559.0"],'
    b'"dayBaseVlm":"19707.77457"}}}'
)
SPOT_CONTEXT = (
    b'{"channel":"activeSpotAssetCtx","data":{"coin":"@107","ctx":{"prevDayPx":"45.104","dayNtlVlm":'
    b'"2049134.5","markPx":"44.912","midPx":null,"circulatingSupply":"333928180.9","coin":"@107",'
    b'"totalSupply":"998835301.1","dayBaseVlm":"45210.3"}}}'
)
ALL_MIDS = (
    b'{"channel":"allMids","data":{"mids":{"BTC":"80868.5","PURR/USDC":"0.067131","@107":"44.9","@142":'
    b'"80907.5","#10":"0.5","ETH":"0.0"}}}'
)
ACK = (
    b'{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book","coin":'
    b'"BTC","nSigFigs":null,"mantissa":null,"fast":false}}}'
)
PONG = b'{"channel":"pong"}'
UNPARSED = (
    b'{"channel":"error","data":"Error parsing JSON into valid websocket request: '
    b'{\\"method\\":\\"subscribe\\",\\"subscription\\":{\\"type\\":\\"bbos\\",\\"coin\\":\\"BTC\\"}}"}'
)

FRAMES = {
    "bbo": BBO,
    "l2Book": L2BOOK,
    "trades": TRADES,
    "candle": CANDLE,
    "activeAssetCtx": PERP_CONTEXT,
    "activeSpotAssetCtx": SPOT_CONTEXT,
    "allMids": ALL_MIDS,
    "subscriptionResponse": ACK,
    "pong": PONG,
    "error": UNPARSED,
}
"""By channel."""


def loaded_venue(**settings):
    """A venue that knows its instruments."""
    venue = HyperliquidVenue(HyperliquidConfig(**settings))
    venue.load_instruments([META, SPOT_META])
    return venue


def loaded_codec(generation=3):
    """A codec of a venue that knows its instruments."""
    return loaded_venue().open_codec("market", generation)


def decode_one(frame, codec=None):
    """The one message of a frame."""
    (message,) = (codec or loaded_codec()).decode(frame, NOW)
    return message


def test_bbo_is_a_quote():
    assert decode_one(BBO) == Quote(
        BTC,
        Decimal("63457.0"),
        Decimal("0.00028"),
        Decimal("63488.0"),
        Decimal("0.01246"),
        1785251522090 * MS,
        NOW,
        3,
    )


@pytest.mark.parametrize("side", [0, 1])
def test_a_side_that_nobody_quotes_is_none(side):
    frame = json.loads(BBO)
    frame["data"]["bbo"][side] = None

    quote = decode_one(json.dumps(frame).encode())

    prices = [quote.bid_price, quote.ask_price]
    assert prices[side] is None
    assert prices[1 - side] is not None
    assert [quote.bid_size, quote.ask_size][side] is None


def test_l2book_is_a_whole_book_best_prices_first():
    book = decode_one(L2BOOK)

    assert isinstance(book, OrderBook)
    assert book.instrument_id == BTC
    assert book.bids == (
        BookLevel(Decimal("63460.0"), Decimal("0.02666"), 2),
        BookLevel(Decimal("63457.0"), Decimal("0.00028"), 1),
    )
    assert book.asks == (BookLevel(Decimal("63488.0"), Decimal("0.01246"), 2),)
    assert (book.ts_event, book.ts_init, book.generation) == (1785251521889 * MS, NOW, 3)


def test_an_empty_book_of_a_delisted_coin_is_an_empty_book():
    book = decode_one(b'{"channel":"l2Book","data":{"coin":"LOOM","time":1,"levels":[[],[]]}}')

    assert book.best_bid is book.best_ask is None


def test_trades_are_trades_with_the_aggressors_side():
    assert decode_one(TRADES) == Trade(
        BTC,
        Decimal("63719.0"),
        Decimal("0.00016"),
        AggressorSide.BUYER,
        "447757798903687",
        1785251456343 * MS,
        NOW,
        3,
        is_history=True,
    )
    assert decode_one(TRADES.replace(b'"B"', b'"A"')).aggressor_side is AggressorSide.SELLER


def test_candle_is_a_bar_that_is_not_closed_and_has_our_time():
    assert decode_one(CANDLE) == Bar(
        BTC,
        "15m",
        Decimal("29295.0"),
        Decimal("29309.0"),
        Decimal("29250.0"),
        Decimal("29258.0"),
        Decimal("0.98639"),
        189,
        1681923600000 * MS,
        1681924500000 * MS,
        NOW,
        NOW,
        3,
        is_closed=False,
    )


def test_context_of_a_perpetual_has_all_and_our_time():
    assert decode_one(PERP_CONTEXT) == MarketContext(
        BTC,
        mark_price=Decimal("77562.0"),
        oracle_price=Decimal("77605.0"),
        mid_price=Decimal("77558.5"),
        funding_rate=Decimal("-0.0000015186"),
        open_interest=Decimal("27353.17682"),
        day_notional_volume=Decimal("1516669192.19"),
        previous_day_price=Decimal("76317.0"),
        ts_event=NOW,
        ts_init=NOW,
        generation=3,
    )


def test_context_of_a_spot_pair_has_no_oracle_funding_or_open_interest():
    assert decode_one(SPOT_CONTEXT) == MarketContext(
        HYPE_SPOT,
        mark_price=Decimal("44.912"),
        oracle_price=None,
        mid_price=None,
        funding_rate=None,
        open_interest=None,
        day_notional_volume=Decimal("2049134.5"),
        previous_day_price=Decimal("45.104"),
        ts_event=NOW,
        ts_init=NOW,
        generation=3,
    )


def test_mids_are_of_what_is_listed_and_has_a_price():
    assert decode_one(ALL_MIDS) == MidPrices(
        "HYPERLIQUID",
        {BTC: Decimal("80868.5"), PURR_SPOT: Decimal("0.067131"), HYPE_SPOT: Decimal("44.9")},
        NOW,
        NOW,
        3,
    )


def test_ack_names_the_feed_whatever_defaults_the_venue_fills_in():
    book = Feed(FeedKind.BOOK, "HYPERLIQUID", BTC)

    assert decode_one(ACK) == SubscriptionAck(book, active=True)
    assert decode_one(ACK.replace(b'"subscribe"', b'"unsubscribe"')) == SubscriptionAck(book, active=False)


def test_pong_has_no_data():
    assert decode_one(PONG) == Pong()


def test_error_is_a_notice_in_the_venues_words():
    text = json.loads(UNPARSED)["data"]

    assert decode_one(UNPARSED) == VenueNotice(text, feed=None)
