"""The market on the wire: the page's samples, books at every coarseness, mids and contexts."""

import pytest
from feed_world import ALICE, BOB, START, Market
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.candles import DAY, HOUR
from livetrio.exchange.api.views import (
    bbo_view,
    book_view,
    mids,
    perp_context,
    predicted_fundings,
    spot_context,
    trade_view,
)


@pytest.fixture
def market():
    return Market()


@pytest.fixture
def btc(market):
    return market.ledger.listing.by_coin["BTC"]


# Trades and books.


def test_a_trade_has_the_keys_of_the_pages_sample_in_their_order(market, btc):
    market.place(market.bob, "buy", 63_719, 0.00016)
    market.place(market.alice, "sell", 63_719, 0.00016)
    market.block()
    (trade,) = market.records.trades(btc)

    assert list(trade_view(trade).items()) == [
        ("coin", "BTC"),
        ("side", "A"),
        ("px", "63719.0"),
        ("sz", "0.00016"),
        ("time", START),
        ("hash", trade.tx),
        ("tid", trade.tid),
        ("users", [BOB, ALICE]),
    ]


def test_a_side_of_the_touch_may_be_none(market, btc):
    empty = bbo_view(market.ledger, btc)
    market.place(market.alice, "buy", 63_457, 0.00028)
    market.place(market.bob, "buy", 63_457, 0.01)
    market.place(market.bob, "buy", 63_456, 1)

    assert empty == {"coin": "BTC", "time": START, "bbo": [None, None]}
    assert list(bbo_view(market.ledger, btc).items()) == [
        ("coin", "BTC"),
        ("time", START),
        ("bbo", [{"px": "63457.0", "sz": "0.01028", "n": 2}, None]),
    ]


def test_a_book_has_the_best_of_both_sides_first(market, btc):
    for i in range(25):
        market.place(market.alice, "buy", 91_000 - i, 0.01)
        market.place(market.bob, "sell", 91_001 + i, 0.02)
    view = book_view(market.ledger, btc)
    bids, asks = view["levels"]

    assert list(view) == ["coin", "time", "levels"]
    assert [each["px"] for each in bids] == [f"{91_000 - i}.0" for i in range(20)]
    assert [each["px"] for each in asks] == [f"{91_001 + i}.0" for i in range(20)]
    assert asks[0] == {"px": "91001.0", "sz": "0.02", "n": 1}
    assert [len(side) for side in book_view(market.ledger, btc, 5)["levels"]] == [5, 5]


@pytest.mark.parametrize(
    "figures, mantissa, bids, asks",
    [
        (5, None, ["123450.0", "123440.0"], ["123460.0", "123480.0"]),
        (5, 2, ["123440.0"], ["123460.0", "123480.0"]),
        (5, 5, ["123450.0", "123400.0"], ["123500.0"]),
        (4, None, ["123400.0"], ["123500.0"]),
        (3, None, ["123000.0"], ["124000.0"]),
        (2, None, ["120000.0"], ["130000.0"]),
    ],
)
def test_a_coarse_book_rounds_bids_down_and_asks_up(market, btc, figures, mantissa, bids, asks):
    for px in (123_455, 123_449):
        market.place(market.alice, "buy", px, 0.01)
    for px in (123_456, 123_471):
        market.place(market.bob, "sell", px, 0.01)
    view = book_view(market.ledger, btc, n_sig_figs=figures, mantissa=mantissa)

    assert [[each["px"] for each in side] for side in view["levels"]] == [bids, asks]
    assert [sum(each["n"] for each in side) for side in view["levels"]] == [2, 2]


def test_a_coarse_book_has_no_more_levels_than_a_fine_one(market, btc):
    for i in range(25):
        market.place(market.alice, "buy", 91_000 - 100 * i, 0.01)
    bids, _ = book_view(market.ledger, btc, n_sig_figs=3)["levels"]

    assert [each["px"] for each in bids] == [f"{91_000 - 100 * i}.0" for i in range(20)]


def test_a_price_is_never_coarser_than_was_asked_for(market):
    pair = market.ledger.listing.by_coin["PURR/USDC"]
    market.place(market.alice, "buy", 0.18127, 100, coin="PURR/USDC")
    fine, coarse = (
        book_view(market.ledger, pair, n_sig_figs=figures)["levels"][0][0]["px"] for figures in (5, 3)
    )

    assert (fine, coarse) == ("0.18127", "0.181")


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(111, 999)), min_size=1, max_size=30),
    st.sampled_from([(5, None), (5, 2), (5, 5), (4, None), (3, None), (2, None)]),
)
def test_a_coarse_book_has_all_there_is_in_order_and_never_nearer(raw, how):
    market = Market()
    btc = market.ledger.listing.by_coin["BTC"]
    for px, sz in raw:
        market.place(market.bob, "sell", 90_000 + px, sz / 100_000)
    (_, fine), (_, coarse) = (
        book_view(market.ledger, btc, 100, *options)["levels"] for options in ((None, None), how)
    )
    prices = [float(each["px"]) for each in coarse]

    assert prices == sorted(set(prices))
    assert sum(each["n"] for each in coarse) == len(raw)
    assert round(sum(float(each["sz"]) for each in coarse), 5) == round(
        sum(float(each["sz"]) for each in fine), 5
    )
    assert prices[0] >= float(fine[0]["px"])
    assert prices[-1] >= float(fine[-1]["px"])


# Mids.


def test_a_mid_lies_between_two_prices_with_half_a_step(market):
    market.place(market.alice, "buy", 0.18125, 100, coin="PURR/USDC")
    market.place(market.bob, "sell", 0.18126, 100, coin="PURR/USDC")

    assert mids(market.ledger)["PURR/USDC"] == "0.181255"


def test_without_a_side_the_mid_is_the_last_price_and_without_that_the_mark(market):
    market.trade(91_000)
    market.place(market.alice, "buy", 90_000, 0.01)
    found = mids(market.ledger)

    assert list(found) == ["BTC", "ETH", "SOL", "HYPE", "PURR/USDC", "@107"]
    assert (found["BTC"], found["ETH"], found["@107"]) == ("91000.0", "3118.2", "38.452")


# Contexts.


def quote(market):
    """A book deep enough for impact prices."""
    market.place(market.alice, "buy", 91_370, 1)
    market.place(market.bob, "sell", 91_380, 1)


def test_a_context_has_the_keys_of_the_pages_sample_in_their_order(market, btc):
    market.trade(91_000, 0.5)
    quote(market)
    market.block()

    assert list(perp_context(market.ledger, market.records, btc).items()) == [
        ("funding", "0.0000125"),
        ("openInterest", "0.5"),
        ("prevDayPx", "91000.0"),
        ("dayNtlVlm", "45500.0"),
        ("premium", "0.0"),
        ("oraclePx", "91374.0"),
        ("markPx", "91374.0"),
        ("midPx", "91375.0"),
        ("impactPxs", ["91370.0", "91380.0"]),
        ("dayBaseVlm", "0.5"),
    ]


def test_the_premium_says_how_far_the_book_is_from_the_oracle(market, btc):
    market.ledger.oracles[0] = 914_200
    quote(market)
    context = perp_context(market.ledger, market.records, btc)

    assert context["premium"] == "-0.000437541"
    assert context["funding"] == "0.0000078073"


def test_an_empty_book_has_no_mid_no_impact_prices_and_no_premium(market, btc):
    context = perp_context(market.ledger, market.records, btc)

    assert (context["midPx"], context["impactPxs"], context["premium"]) == (None, None, None)
    assert (context["prevDayPx"], context["dayNtlVlm"]) == ("91374.0", "0.0")


def test_one_deep_side_is_not_enough_for_impact_prices(market, btc):
    market.place(market.alice, "buy", 91_370, 1)

    assert perp_context(market.ledger, market.records, btc)["impactPxs"] is None


def test_yesterdays_price_is_that_of_a_day_ago(market, btc):
    market.trade(91_000)
    market.block(wait=DAY - HOUR)
    market.trade(92_000)
    market.block(wait=2 * HOUR)

    assert perp_context(market.ledger, market.records, btc)["prevDayPx"] == "91000.0"


def test_a_pairs_context_has_the_keys_of_the_page_in_their_order(market):
    pair = market.ledger.listing.by_coin["PURR/USDC"]
    market.trade(0.18, 1000, coin="PURR/USDC")
    market.block()

    assert list(spot_context(market.ledger, market.records, pair).items()) == [
        ("prevDayPx", "0.18"),
        ("dayNtlVlm", "180.0"),
        ("markPx", "0.18"),
        ("midPx", None),
        ("circulatingSupply", "2000000.0"),
        ("coin", "PURR/USDC"),
        ("totalSupply", "2000000.0"),
        ("dayBaseVlm", "1000.0"),
    ]


def test_fundings_are_predicted_for_this_venue_alone(market):
    found = predicted_fundings(market.ledger, START + HOUR)

    assert [coin for coin, _ in found] == ["BTC", "ETH", "SOL", "HYPE"]
    assert found[0][1] == [["HlPerp", {"fundingRate": "0.0000125", "nextFundingTime": START + HOUR}]]
