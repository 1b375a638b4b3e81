"""What an account did and what was done to it, on the wire: the page's samples, and fills put together."""

import pytest
from feed_world import ALICE, BOB, START, Market
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.views import (
    fill_view,
    fill_views,
    funding_view,
    ledger_view,
    liquidation_view,
    nested_funding_view,
)
from livetrio.exchange.chain.events import Fill, FundingPaid, LedgerUpdate, Liquidated
from livetrio.exchange.chain.order import Builder, NewOrder
from livetrio.exchange.chain.placing import place

CLOID = "0x50663504b0f4fedea00080176229d94f"


@pytest.fixture
def market():
    return Market()


# Fills.


def test_a_fill_has_the_keys_of_the_pages_sample_in_their_order(market):
    market.trade(91_000, 0.01)
    fill = market.bob.fills[0]

    assert list(fill_view(market.ledger, fill).items()) == [
        ("coin", "BTC"),
        ("px", "91000.0"),
        ("sz", "0.01"),
        ("side", "A"),
        ("time", START),
        ("startPosition", "0.0"),
        ("dir", "Open Short"),
        ("closedPnl", "0.0"),
        ("hash", fill.tx),
        ("oid", fill.order.oid),
        ("crossed", False),
        ("fee", "0.1365"),
        ("tid", fill.tid),
        ("feeToken", "USDC"),
        ("twapId", None),
    ]


def test_all_that_may_be_missing_has_its_place(market):
    market.ledger.liquidating = market.bob
    market.place(market.bob, "sell", 91_000, 0.01)
    new = NewOrder(instrument=market.ledger.listing.perps[0], is_buy=True, px=910_000, sz=1_000, cloid=CLOID)
    place(market.ledger, market.alice, new, Builder(BOB, 10))
    view = fill_view(market.ledger, market.alice.fills[0])

    assert list(view)[11:] == ["fee", "builderFee", "tid", "cloid", "liquidation", "feeToken", "twapId"]
    assert (view["fee"], view["builderFee"], view["cloid"]) == ("0.5005", "0.091", CLOID)
    assert view["liquidation"] == {"liquidatedUser": BOB, "markPx": "91374.0", "method": "market"}


def test_both_sides_of_a_liquidation_are_told_of_it(market):
    market.ledger.liquidating = market.bob
    market.trade()
    views = [fill_view(market.ledger, each.fills[0]) for each in (market.alice, market.bob)]

    assert [each["liquidation"]["liquidatedUser"] for each in views] == [BOB, BOB]
    assert views[0]["tid"] == views[1]["tid"]


def test_a_take_over_by_the_liquidator_is_called_a_backstop(market):
    market.trade()
    fill = market.alice.fills[0]
    told = {each: getattr(fill, each) for each in fill.__struct_fields__}
    backstop = Fill(**{**told, "liquidated": market.alice, "liquidation_mark": 905_000, "is_backstop": True})

    assert fill_view(market.ledger, backstop)["liquidation"] == {
        "liquidatedUser": ALICE,
        "markPx": "90500.0",
        "method": "backstop",
    }


def test_on_spot_the_fee_is_in_what_was_received_and_in_its_decimals(market):
    market.trade(0.18125, 100, coin="PURR/USDC")
    bought, sold = (fill_view(market.ledger, each.fills[0]) for each in (market.alice, market.bob))

    assert (bought["coin"], bought["dir"], bought["sz"]) == ("PURR/USDC", "Buy", "100.0")
    assert (bought["fee"], bought["feeToken"]) == ("0.07", "PURR")
    assert (sold["fee"], sold["feeToken"], sold["dir"]) == ("0.00725", "USDC", "Sell")
    assert bought["startPosition"] == "1000000.0"


def test_losses_are_told_before_fees_and_with_a_sign(market):
    market.trade(91_000, 0.01)
    market.place(market.alice, "sell", 90_000, 0.01)
    market.place(market.bob, "buy", 90_000, 0.01)
    lost, won = (fill_view(market.ledger, each.fills[-1]) for each in (market.alice, market.bob))

    assert (lost["closedPnl"], lost["dir"], lost["startPosition"]) == ("-10.0", "Close Long", "0.01")
    assert (won["closedPnl"], won["dir"], won["startPosition"]) == ("10.0", "Close Short", "-0.01")


# Fills put together.


def sweep(market, *levels, side="buy"):
    """Alice takes several of Bob's orders at once."""
    other = "sell" if side == "buy" else "buy"
    for px, sz in levels:
        market.place(market.bob, other, px, sz)
    total = sum(round(sz * 100_000) for _, sz in levels) / 100_000
    return market.place(market.alice, side, levels[-1][0], total)


def test_matches_of_one_order_in_one_block_become_one(market):
    order = sweep(market, (91_000, 0.01), (91_003, 0.02))
    fills = list(market.alice.fills)
    (view,) = fill_views(market.ledger, fills, aggregate=True)

    assert (view["oid"], view["px"], view["sz"], view["crossed"]) == (order.oid, "91002.0", "0.03", True)
    assert view["fee"] == "1.228527"
    assert view["tid"] == fills[0].tid
    assert view["startPosition"] == "0.0"
    assert list(view) == list(fill_view(market.ledger, fills[0]))


def test_it_is_the_same_whichever_comes_first(market):
    sweep(market, (91_000, 0.01), (91_003, 0.02))
    fills = list(market.alice.fills)

    assert fill_views(market.ledger, fills, aggregate=True) == fill_views(
        market.ledger, fills[::-1], aggregate=True
    )


def test_other_orders_and_other_blocks_stay_apart(market):
    sweep(market, (91_000, 0.01), (91_001, 0.01))
    sweep(market, (91_002, 0.01), (91_003, 0.01))
    market.block()
    sweep(market, (91_004, 0.01))
    views = fill_views(market.ledger, list(reversed(market.alice.fills)), aggregate=True)

    assert [each["px"] for each in views] == ["91004.0", "91002.5", "91000.5"]


def test_a_resting_order_that_was_matched_twice_in_a_block_is_one_too(market):
    market.place(market.bob, "sell", 91_000, 0.03)
    market.place(market.alice, "buy", 91_000, 0.01)
    market.place(market.alice, "buy", 91_000, 0.02)
    (view,) = fill_views(market.ledger, list(market.bob.fills), aggregate=True)

    assert (view["sz"], view["crossed"]) == ("0.03", False)


@pytest.mark.parametrize("side, label", [("sell", "Long > Short"), ("buy", "Short > Long")])
def test_an_order_that_turned_a_position_over_says_so(market, side, label):
    market.place(market.bob, side, 91_000, 0.01)
    market.place(market.alice, "buy" if side == "sell" else "sell", 91_000, 0.01)
    market.alice.fills.clear()
    sweep(market, (91_000, 0.01), (91_000, 0.01), side=side)

    assert [each["dir"] for each in fill_views(market.ledger, market.alice.fills, aggregate=True)] == [label]


def test_builders_fees_are_added_up_too(market):
    for px in (91_000, 91_001):
        market.place(market.bob, "sell", px, 0.01)
    new = NewOrder(instrument=market.ledger.listing.perps[0], is_buy=True, px=910_010, sz=2_000)
    place(market.ledger, market.alice, new, Builder(BOB, 10))
    (view,) = fill_views(market.ledger, list(market.alice.fills), aggregate=True)

    assert view["builderFee"] == "0.182001"


@given(st.lists(st.tuples(st.integers(91_000, 91_020), st.integers(11, 999)), min_size=1, max_size=8))
def test_nothing_is_lost_when_fills_are_put_together(raw):
    market = Market()
    for px, sz in sorted(raw):
        sweep(market, (px, sz / 100_000))
    fills = list(market.alice.fills)
    plain = fill_views(market.ledger, fills)
    merged = fill_views(market.ledger, fills, aggregate=True)

    def total(views, key):
        return round(sum(float(each[key]) for each in views), 9)

    assert len(merged) == len({each["oid"] for each in plain})
    assert total(merged, "sz") == total(plain, "sz")
    assert total(merged, "fee") == total(plain, "fee")
    assert {each["tid"] for each in merged} <= {each["tid"] for each in plain}


# Money.


def test_funding_is_flat_on_the_socket_and_nested_in_an_answer(market):
    paid = FundingPaid(market.alice, market.ledger.listing.perps[1], -3_625_312, 491_477, 417_000, START)

    assert list(funding_view(paid).items()) == [
        ("time", START),
        ("coin", "ETH"),
        ("usdc", "-3.625312"),
        ("szi", "49.1477"),
        ("fundingRate", "0.0000417"),
        ("nSamples", None),
    ]
    assert nested_funding_view(paid) == {
        "time": START,
        "hash": "0x" + "0" * 64,
        "delta": {
            "type": "funding",
            "coin": "ETH",
            "usdc": "-3.625312",
            "szi": "49.1477",
            "fundingRate": "0.0000417",
            "nSamples": None,
        },
    }
    assert next(iter(nested_funding_view(paid)["delta"])) == "type"


def test_a_transfer_is_told_as_the_chain_told_it(market):
    delta = {"type": "deposit", "usdc": "10.0"}

    assert list(ledger_view(LedgerUpdate(market.alice, delta, START, "0xab")).items()) == [
        ("time", START),
        ("hash", "0xab"),
        ("delta", delta),
    ]


def test_a_liquidation_is_written_in_snake_case(market):
    news = Liquidated(
        account=market.alice,
        liquidation_id=7,
        liquidator=BOB,
        ntl=12_500_000,
        account_value=-1_000_000,
        time=START,
    )

    assert liquidation_view(news) == {
        "lid": 7,
        "liquidator": BOB,
        "liquidated_user": ALICE,
        "liquidated_ntl_pos": "12.5",
        "liquidated_account_value": "-1.0",
    }
