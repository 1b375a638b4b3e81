"""Fees and volumes on the wire."""

import pytest
from feed_world import ALICE, START, Market

from livetrio.exchange.api.candles import DAY, HOUR
from livetrio.exchange.api.views import portfolio, referral, user_fees
from livetrio.exchange.chain.account import Account


@pytest.fixture
def market():
    return Market()


def test_the_rates_are_fractions(market):
    market.alice.perp_maker_rate = -300_000
    fees = user_fees(market.ledger, market.records, market.alice)

    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "-0.00003")
    assert (fees["userSpotCrossRate"], fees["userSpotAddRate"]) == ("0.0007", "0.0004")
    assert fees["feeSchedule"]["add"] == "0.00015"


def test_there_are_all_keys_and_no_discounts(market):
    fees = user_fees(market.ledger, market.records, Account(ALICE))

    assert list(fees) == [
        "dailyUserVlm",
        "feeSchedule",
        "userCrossRate",
        "userAddRate",
        "userSpotCrossRate",
        "userSpotAddRate",
        "activeReferralDiscount",
        "trial",
        "feeTrialEscrow",
        "nextTrialAvailableTimestamp",
        "stakingLink",
        "activeStakingDiscount",
    ]
    assert list(fees["feeSchedule"]) == [
        "cross",
        "add",
        "spotCross",
        "spotAdd",
        "tiers",
        "referralDiscount",
        "stakingDiscountTiers",
    ]
    assert fees["feeSchedule"]["tiers"] == {"vip": [], "mm": []}


def test_volumes_are_told_by_day_taken_and_added_apart(market):
    market.trade(91_000, 0.01)  # Alice takes
    market.block(wait=DAY)
    market.place(market.alice, "sell", 92_000, 0.01)
    market.place(market.bob, "buy", 92_000, 0.01)
    market.trade(0.18, 1000, coin="PURR/USDC")
    market.block(wait=HOUR)
    days = user_fees(market.ledger, market.records, market.alice)["dailyUserVlm"]

    assert len(days) == 15
    assert days[-2:] == [
        {"date": "2026-01-01", "userCross": "910.0", "userAdd": "0.0", "exchange": "910.0"},
        {"date": "2026-01-02", "userCross": "180.0", "userAdd": "920.0", "exchange": "1100.0"},
    ]
    assert days[0] == {"date": "2025-12-19", "userCross": "0.0", "userAdd": "0.0", "exchange": "0.0"}


def test_fills_of_longer_ago_than_two_weeks_are_in_no_day(market):
    market.trade(91_000, 0.01)
    market.block(wait=20 * DAY)
    days = user_fees(market.ledger, market.records, market.alice)["dailyUserVlm"]

    assert {each["userCross"] for each in days} == {"0.0"}


# portfolio and referral


def test_a_portfolio_tells_what_there_is_now_by_period(market):
    market.trade(91_000, 0.01)
    market.trade(0.18, 1000, coin="PURR/USDC")
    market.block(wait=2 * DAY)
    found = dict(portfolio(market.ledger, market.records, market.alice))
    now = START + 2 * DAY

    assert list(found) == [
        "day",
        "week",
        "month",
        "allTime",
        "perpDay",
        "perpWeek",
        "perpMonth",
        "perpAllTime",
    ]
    assert list(found["day"]) == ["accountValueHistory", "pnlHistory", "vlm"]
    assert [found[each]["vlm"] for each in ("day", "week", "allTime", "perpWeek", "perpAllTime")] == [
        "0.0",
        "1090.0",
        "1090.0",
        "910.0",
        "910.0",
    ]
    ((time, value),) = found["perpDay"]["accountValueHistory"]
    ((_, both),) = found["day"]["accountValueHistory"]

    assert (time, value) == (now, "1000003.3305")
    assert float(both) > float(value)


def test_nobody_refers_anybody(market):
    market.trade(91_000, 0.01)
    view = referral(market.alice)

    assert (view["referredBy"], view["cumVlm"], view["rewardHistory"]) == (None, "910.0", [])
    assert view["referrerState"] == {"stage": "needToCreateCode"}
