"""25 seconds of mainnet, 2025-01-26, as they were received: every frame is understood."""

import gzip
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from test_hyperliquid_samples import BTC, loaded_codec, loaded_venue

from livetrio.model import AggressorSide, OrderBook, Trade
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

REPOSITORY = Path(__file__).parents[3]
RECORDING = REPOSITORY / "../shared/data/hyperliquid_btc_20250126.gz"

# Worked out from the file with json and Decimal, without livetrio.
TOTAL_TRADED = "0.92773"
TOTAL_PAID = "97461.505840"
TOTAL_BID = "2058.44583"
TOTAL_ASKED = "876.69067"
TOTAL_ORDERS = 10228
SIDES = {AggressorSide.BUYER: 23, AggressorSide.SELLER: 41}

pytestmark = pytest.mark.skipif(not RECORDING.exists(), reason="the recording is not part of the project")


def recorded_frames():
    """Each frame with the nanoseconds at which it was received."""
    with gzip.open(RECORDING) as lines:
        for line in lines:
            received, _, frame = line.rstrip(b"\n").partition(b" ")
            yield int(received), frame


def decoded(codec):
    return [message for received, frame in recorded_frames() for message in codec.decode(frame, received)]


@pytest.fixture
def messages():
    return decoded(loaded_codec())


def test_all_55_frames_are_understood_and_no_trade_or_book_is_lost(messages):
    assert len(list(recorded_frames())) == 55
    assert Counter(type(each) for each in messages) == {OrderBook: 46, Trade: 64}
    assert {each.instrument_id for each in messages} == {BTC}


def test_totals_are_exact(messages):
    trades = [each for each in messages if isinstance(each, Trade)]
    books = [each for each in messages if isinstance(each, OrderBook)]

    assert sum(each.size for each in trades) == Decimal(TOTAL_TRADED)
    assert sum(each.price * each.size for each in trades) == Decimal(TOTAL_PAID)
    assert sum(level.size for book in books for level in book.bids) == Decimal(TOTAL_BID)
    assert sum(level.size for book in books for level in book.asks) == Decimal(TOTAL_ASKED)
    assert sum(level.orders for book in books for level in book.bids + book.asks) == TOTAL_ORDERS
    assert Counter(each.aggressor_side for each in trades) == SIDES


def test_the_first_30_trades_are_history_oldest_first_and_the_rest_is_news(messages):
    trades = [each for each in messages if isinstance(each, Trade)]

    assert [each.is_history for each in trades] == [True] * 30 + [False] * 34
    assert all(one.ts_event <= other.ts_event for one, other in pairwise(trades))
    assert len({each.trade_id for each in trades}) == 64


def test_books_are_whole_sorted_and_uncrossed_down_to_the_last_level(messages):
    for book in (each for each in messages if isinstance(each, OrderBook)):
        assert len(book.bids) == len(book.asks) == 20
        assert all(one.price > other.price for one, other in pairwise(book.bids))
        assert all(one.price < other.price for one, other in pairwise(book.asks))
        assert book.bids[0].price < book.asks[0].price


def test_every_recorded_price_is_on_the_grid_that_we_work_out(messages):
    instrument = loaded_venue().instruments[BTC]

    for book in (each for each in messages if isinstance(each, OrderBook)):
        assert all(instrument.is_valid_price(level.price) for level in book.bids + book.asks)
        assert all(instrument.is_valid_size(level.size) for level in book.bids + book.asks)


def test_without_instruments_it_means_the_same(messages):
    bare = decoded(HyperliquidVenue(HyperliquidConfig()).open_codec("market", 3))

    assert [each for each in bare if isinstance(each, Trade)] == [
        each for each in messages if isinstance(each, Trade)
    ]
    assert [(each.bids, each.asks) for each in bare if isinstance(each, OrderBook)] == [
        (each.bids, each.asks) for each in messages if isinstance(each, OrderBook)
    ]
