"""What an account has, on the wire: the page's sample to the digit, and sums that agree with each other."""

from decimal import Decimal

import pytest
from feed_world import ALICE, START, Market
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.views import (
    active_asset_data,
    clearinghouse_state,
    perp_value,
    spot_state,
    spot_value,
)
from livetrio.exchange.chain.account import Account, Leverage, Position
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import USDC, Listing, perp

USD = 10**6


@pytest.fixture
def market():
    return Market()


@pytest.fixture
def account(market):
    """Alice, with nothing but what a test gives her."""
    market.alice.cash = 0
    market.alice.balances.clear()
    return market.alice


def state_of(market, account):
    return clearinghouse_state(market.ledger, account)


# clearinghouseState.


def test_an_isolated_position_is_told_as_in_the_pages_sample():
    """Long 0.0335 ETH at 2986.3, the mark at 2985.9; the sample's return has fewer decimals."""
    ledger = Ledger(Listing([perp(0, "ETH", 4, 50, "2985.9")], [], [USDC]), time=1_708_622_398_623)
    account = ledger.account(ALICE)
    account.leverages[0] = Leverage(20, is_cross=False)
    account.positions[0] = Position(szi=335, entry_ntl=335 * 298_630, cash=-95_059_824, is_cross=False)
    state = clearinghouse_state(ledger, account)
    (entry,) = state["assetPositions"]

    assert state["time"] == 1_708_622_398_623
    assert list(entry) == ["type", "position"]
    assert entry["type"] == "oneWay"
    assert list(entry["position"].items()) == [
        ("coin", "ETH"),
        ("szi", "0.0335"),
        ("leverage", {"type": "isolated", "value": 20, "rawUsd": "-95.059824"}),
        ("entryPx", "2986.3"),
        ("positionValue", "100.02765"),
        ("unrealizedPnl", "-0.0134"),
        ("returnOnEquity", "-0.0026789003"),
        ("liquidationPx", "2866.27"),
        ("marginUsed", "4.967826"),
        ("maxLeverage", 50),
        ("cumFunding", {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"}),
    ]


def test_the_state_has_the_keys_of_the_pages_sample_in_their_order(market, account):
    account.cash = 5_432_100_000
    state = state_of(market, account)

    assert list(state) == [
        "marginSummary",
        "crossMarginSummary",
        "crossMaintenanceMarginUsed",
        "withdrawable",
        "assetPositions",
        "time",
    ]
    assert list(state["marginSummary"].items()) == [
        ("accountValue", "5432.1"),
        ("totalNtlPos", "0.0"),
        ("totalRawUsd", "5432.1"),
        ("totalMarginUsed", "0.0"),
    ]
    assert state["crossMarginSummary"] == state["marginSummary"]
    assert (state["withdrawable"], state["time"]) == ("5432.1", START)


def test_an_address_without_account_has_nothing(market):
    state = state_of(market, Account(ALICE))

    assert state["assetPositions"] == []
    assert {*state["marginSummary"].values(), state["withdrawable"]} == {"0.0"}


def test_a_cross_position_has_no_money_of_its_own_and_a_short_one_only_a_sign(market, account):
    account.cash = 20_000 * USD
    account.positions[0] = Position(szi=-100_000, entry_ntl=92_000 * USD, funding_all_time=1_250_000)
    state = state_of(market, account)
    position = state["assetPositions"][0]["position"]

    assert (position["szi"], position["entryPx"]) == ("-1.0", "92000.0")
    assert position["leverage"] == {"type": "cross", "value": 20}
    assert (position["positionValue"], position["unrealizedPnl"]) == ("91374.0", "626.0")
    assert position["returnOnEquity"] == "0.1360869565"
    assert (position["marginUsed"], position["maxLeverage"]) == ("4568.7", 40)
    assert position["cumFunding"]["allTime"] == "1.25"
    assert state["crossMarginSummary"]["accountValue"] == "-71374.0"
    assert state["crossMaintenanceMarginUsed"] == "1142.175"


def test_where_no_price_would_liquidate_there_is_none(market, account):
    account.cash = 10**12
    account.positions[0] = Position(szi=1, entry_ntl=913_740)

    assert state_of(market, account)["assetPositions"][0]["position"]["liquidationPx"] is None


def test_an_entry_price_is_rounded_to_the_grids_decimals_half_to_even(market, account):
    account.cash = 10**12
    prices = []
    for entry_ntl in (2 * 910_000 + 1, 2 * 910_001 + 1, 2 * 910_002):
        account.positions[0] = Position(szi=2, entry_ntl=entry_ntl)
        prices.append(state_of(market, account)["assetPositions"][0]["position"]["entryPx"])

    assert prices == ["91000.0", "91000.2", "91000.2"]


def test_a_position_recorded_on_mainnet_is_told_with_the_same_figures():
    """An isolated long of 1000000 that cost 53751.452781 (2026-07-30)."""
    ledger = Ledger(Listing([perp(0, "CASHCAT", 0, 3, "0.04691")], [], [USDC]))
    account = ledger.account(ALICE)
    account.leverages[0] = Leverage(2, is_cross=False)
    account.positions[0] = Position(
        szi=1_000_000, entry_ntl=53_751_452_781, cash=-16_320_205_029, is_cross=False
    )
    position = clearinghouse_state(ledger, account)["assetPositions"][0]["position"]

    assert (position["entryPx"], position["positionValue"]) == ("0.053751", "46910.0")
    assert (position["unrealizedPnl"], position["returnOnEquity"]) == ("-6841.452781", "-0.2545588045")
    assert (position["marginUsed"], position["leverage"]["rawUsd"]) == ("30589.794971", "-16320.205029")


def test_what_is_flat_is_not_told_of_and_the_rest_stands_by_number(market, account):
    account.cash = 10**12
    account.positions = {
        3: Position(szi=1, entry_ntl=40_000),
        0: Position(),
        1: Position(szi=-1, entry_ntl=30_000),
    }

    assert [each["position"]["coin"] for each in state_of(market, account)["assetPositions"]] == [
        "ETH",
        "HYPE",
    ]


SIZES = st.integers(-1000, 1000).filter(bool)


@given(
    st.dictionaries(st.integers(0, 3), st.tuples(SIZES, st.booleans(), st.integers(1, 10**7)), max_size=4),
    st.integers(-(10**9), 10**12),
)
def test_the_sums_agree(positions, cash):
    market = Market()
    account, ledger = market.alice, market.ledger
    account.cash = cash
    for asset, (szi, is_cross, own) in positions.items():
        entry = abs(szi) * ledger.marks[asset]
        account.positions[asset] = Position(
            szi=szi,
            entry_ntl=entry,
            cash=0 if is_cross else own * 10 - szi * ledger.marks[asset],
            is_cross=is_cross,
        )
        account.leverages[asset] = Leverage(5, is_cross)
    state = state_of(market, account)
    every, cross = (
        {key: Decimal(text) for key, text in state[name].items()}
        for name in ("marginSummary", "crossMarginSummary")
    )
    told = [each["position"] for each in state["assetPositions"]]
    signed = sum(
        (Decimal(each["positionValue"]).copy_sign(Decimal(each["szi"])) for each in told), Decimal(0)
    )
    margins = sum((Decimal(each["marginUsed"]) for each in told), Decimal(0))

    assert every["accountValue"] == every["totalRawUsd"] + signed
    assert every["totalNtlPos"] == sum((Decimal(each["positionValue"]) for each in told), Decimal(0))
    assert every["totalMarginUsed"] == margins
    assert every["accountValue"] == Decimal(perp_value(ledger, account)) / USD
    assert cross["accountValue"] <= every["accountValue"]
    assert Decimal(state["withdrawable"]) <= max(cross["accountValue"], 0)


# activeAssetData.


def test_how_an_account_trades_is_told_as_in_the_pages_sample(market, account):
    account.cash = 37_019_438_020_000
    account.leverages[2] = Leverage(3)
    market.ledger.marks[2] = 44_716
    sol = market.ledger.listing.perps[2]

    assert list(active_asset_data(market.ledger, account, sol).items()) == [
        ("user", ALICE),
        ("coin", "SOL"),
        ("leverage", {"type": "cross", "value": 3}),
        ("maxTradeSzs", ["24836370.44", "24836370.44"]),
        ("availableToTrade", ["37019438.02", "37019438.02"]),
        ("markPx", "4.4716"),
    ]


def test_isolated_leverage_tells_the_money_of_the_position(market, account):
    btc = market.ledger.listing.perps[0]
    account.leverages[0] = Leverage(20, is_cross=False)
    without = active_asset_data(market.ledger, account, btc)["leverage"]
    account.positions[0] = Position(szi=1, entry_ntl=913_740, cash=-900_000, is_cross=False)

    assert without == {"type": "isolated", "value": 20, "rawUsd": "0.0"}
    assert active_asset_data(market.ledger, account, btc)["leverage"]["rawUsd"] == "-0.9"


def test_against_a_position_more_can_be_traded_than_with_it(market):
    market.trade(91_374, 1)
    data = active_asset_data(market.ledger, market.alice, market.ledger.listing.perps[0])
    buy, sell = (Decimal(each) for each in data["availableToTrade"])

    assert sell - buy == Decimal("9137.4")  # twice the margin of the position


# Spot.


def test_balances_have_the_keys_of_the_pages_sample(market, account):
    account.balances = {0: 1_462_548_500, 2: 10**8}
    account.holds = {0: 462_548_500}
    account.entry_ntls = {0: 5, 2: 3_845_000_000}

    assert spot_state(market.ledger, account) == {
        "balances": [
            {"coin": "USDC", "token": 0, "hold": "4.625485", "total": "14.625485", "entryNtl": "0.0"},
            {"coin": "HYPE", "token": 2, "hold": "0.0", "total": "1.0", "entryNtl": "38.45"},
        ]
    }
    assert list(spot_state(market.ledger, account)["balances"][0]) == [
        "coin",
        "token",
        "hold",
        "total",
        "entryNtl",
    ]


def test_usdc_is_told_of_as_soon_as_there_is_anything(market, account):
    account.balances = {0: 0, 1: 0}
    nothing = spot_state(market.ledger, account)["balances"]
    account.balances = {2: 10**8}
    usdc, hype = spot_state(market.ledger, account)["balances"]

    assert nothing == []
    assert usdc == {"coin": "USDC", "token": 0, "hold": "0.0", "total": "0.0", "entryNtl": "0.0"}
    assert hype["coin"] == "HYPE"


def test_what_open_orders_hold_is_told(market):
    market.place(market.alice, "buy", 0.18, 1000, coin="PURR/USDC")
    market.place(market.alice, "sell", 0.2, 500, coin="PURR/USDC")
    usdc, purr, _ = spot_state(market.ledger, market.alice)["balances"]

    assert (usdc["hold"], usdc["total"]) == ("180.0", "1000000.0")
    assert (purr["hold"], purr["total"]) == ("500.0", "1000000.0")


def test_balances_are_worth_what_the_marks_say(market, account):
    account.balances = {0: 100 * 10**8, 1: 1000 * 10**5, 2: 2 * 10**8}

    assert spot_value(market.ledger, account) == 100 * USD + 181_250_000 + 76_904_000
    assert spot_state(market.ledger, Account(ALICE)) == {"balances": []}
