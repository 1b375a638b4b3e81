"""Funding: premiums are sampled, hours are paid, and what longs pay shorts get."""

import pytest
from chain_world import START, World
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.chain import funding
from livetrio.exchange.chain.account import Leverage
from livetrio.exchange.chain.events import FundingPaid, FundingRate
from livetrio.exchange.chain.order import Tif
from livetrio.exchange.chain.units import RATE

ORACLE = 913_740
HOUR = 3_600_000


@pytest.fixture
def world():
    return World()


def quote(world, bid, ask, sz=10):
    """Deep quotes of BTC by the third account."""
    world.place(world.accounts[2], "buy", bid, sz)
    world.place(world.accounts[2], "sell", ask, sz)


def trade(world, buyer, seller, sz, px=91_374):
    world.place(seller, "sell", px, sz)
    world.place(buyer, "buy", px, sz, Tif.IOC)
    world.take_events()


def run(world, until, step=5_000):
    while world.ledger.time < until:
        world.ledger.time = min(world.ledger.time + step, until)
        funding.advance(world.ledger, world.ledger.time)


# The premium.


def test_there_is_no_premium_in_an_empty_book(world):
    assert funding.impact_prices(world.ledger, world.btc) == (None, None)
    assert funding.premium(world.ledger, world.btc) == 0


def test_there_is_no_premium_while_the_oracle_is_within_the_spread(world):
    quote(world, 91_300, 91_400)

    assert funding.impact_prices(world.ledger, world.btc) == (913_000, 914_000)
    assert funding.premium(world.ledger, world.btc) == 0


def test_bids_above_the_oracle_are_a_premium(world):
    world.ledger.oracles[0] = 100_000
    quote(world, 10_100, 10_110, sz=100)  # the page's own example: 1 %

    assert funding.premium(world.ledger, world.btc) == RATE // 100


def test_asks_below_the_oracle_are_a_discount(world):
    world.ledger.oracles[0] = 950_000
    quote(world, 91_300, 91_400)

    assert funding.premium(world.ledger, world.btc) == -(36_000 * RATE // 950_000)


def test_the_impact_price_is_the_average_of_what_a_market_order_would_get(world):
    first, second = world.accounts[:2]
    world.place(first, "buy", 91_000, "0.1")  # 9,100 USD
    world.place(second, "buy", 90_000, 1)  # the other 10,900 of 20,000 USD
    size = 0.1 + 10_900 / 90_000
    bid, ask = funding.impact_prices(world.ledger, world.btc)

    assert bid / 10 == pytest.approx(20_000 / size, abs=0.1)
    assert ask is None


def test_a_side_that_is_too_thin_has_no_impact_price(world):
    world.place(world.accounts[0], "buy", 95_000, "0.21")
    world.place(world.accounts[0], "buy", 3_500, "1.7", instrument=world.eth)
    hype = world.ledger.listing.perps[3]
    world.place(world.accounts[0], "buy", 40, 150, instrument=hype)

    assert funding.impact_prices(world.ledger, world.btc) == (None, None)
    assert funding.premium(world.ledger, world.eth) == 0
    assert funding.impact_prices(world.ledger, hype) == (400_000, None)  # 6,000 USD do for the others


# The rate.


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        (0, 125_000),  # 0.01 % in 8 hours: 0.00125 % an hour
        (RATE // 20_000, 125_000),
        (-4_000_000, 125_000),
        (RATE // 100, (RATE // 100 - 5_000_000) // 8),  # the page's example: 0.95 % in 8 hours
        (-RATE // 100, -((RATE // 100 - 5_000_000) // 8)),
        (RATE, 400_000_000),
        (-RATE, -400_000_000),
    ],
)
def test_the_rate_of_an_hour_follows_from_the_premium(premium, rate):
    assert funding.hourly_rate(premium) == rate


@given(premium=st.integers(-RATE, RATE))
def test_the_rate_grows_with_the_premium_and_is_never_more_than_the_cap(premium):
    assert funding.hourly_rate(premium) <= funding.hourly_rate(premium + 1)
    assert abs(funding.hourly_rate(premium)) <= 4 * RATE // 100


def test_the_current_rate_is_that_of_the_samples_so_far(world):
    quote(world, 91_300, 91_400)
    before = funding.current_rate(world.ledger, world.btc)
    run(world, START + 60_000)
    world.ledger.oracles[0] = 904_000  # a hundredth below
    at_once = funding.premium(world.ledger, world.btc)
    run(world, START + 120_000)

    assert before == 125_000
    # The first sample would have been at START itself, had anybody been there: 11 are without a premium.
    assert funding.average_premium(world.ledger, world.btc) == at_once * 12 // world.ledger.premiums.count
    assert funding.current_rate(world.ledger, world.btc) == funding.hourly_rate(
        funding.average_premium(world.ledger, world.btc)
    )


# When.


def test_samples_are_due_each_five_seconds_of_the_clock(world):
    world.ledger.time = START + 1
    first = funding.next_due(world.ledger)
    funding.advance(world.ledger, START + 4_999)
    second = funding.next_due(world.ledger)
    funding.advance(world.ledger, START + 5_000)

    assert (first, second, funding.next_due(world.ledger)) == (START + 5_000, START + 5_000, START + 10_000)
    assert world.ledger.premiums.count == 1


def test_an_hour_is_paid_when_it_is_full_and_not_before(world):
    trade(world, world.accounts[0], world.accounts[1], 1)
    run(world, START + HOUR - 1)
    early = world.take_events()
    run(world, START + HOUR + 70)

    assert early == []
    rates = [each for each in world.ledger.events if isinstance(each, FundingRate)]
    assert [(each.perp.coin, each.rate, each.premium) for each in rates] == [
        (coin, 125_000, 0) for coin in ("BTC", "ETH", "SOL", "HYPE")
    ]
    assert {each.time for each in rates} == {START + HOUR + 70}  # the block's
    assert world.ledger.premiums.count == 0


@given(steps=st.lists(st.integers(1, 7_200_000), min_size=1, max_size=12))
def test_no_sample_and_no_hour_is_left_out_however_time_jumps(steps):
    world = World()
    funding.advance(world.ledger, world.ledger.time)
    for step in steps:
        world.ledger.time += step
        funding.advance(world.ledger, world.ledger.time)

    passed = sum(steps)
    paid = [each.time for each in world.ledger.events if isinstance(each, FundingRate)]
    assert len(paid) == passed // HOUR * 4
    assert paid == sorted(paid)
    assert all(0 <= each - START - (index // 4 + 1) * HOUR < HOUR for index, each in enumerate(paid))
    assert world.ledger.premiums.count == passed % HOUR // 5_000
    assert funding.next_due(world.ledger) > world.ledger.time


# Payment.


def test_longs_pay_shorts_by_the_oracles_price_and_both_hear_of_it(world):
    long, short = world.accounts[:2]
    trade(world, long, short, 1)
    world.ledger.marks[0], world.ledger.oracles[0] = ORACLE + 50_000, ORACLE + 1
    before = [long.cash, short.cash]
    run(world, START + HOUR)
    due = 100_000 * (ORACLE + 1) * 125_000 // RATE

    paid = [each for each in world.take_events() if isinstance(each, FundingPaid)]
    assert [(each.account, each.usdc, each.szi, each.rate) for each in paid] == [
        (long, -due - 1, 100_000, 125_000),  # rounded up
        (short, due, -100_000, 125_000),  # rounded down
    ]
    assert [long.cash - before[0], short.cash - before[1]] == [-due - 1, due]
    assert list(long.fundings) == paid[:1]


def test_shorts_pay_longs_when_the_rate_is_below_zero(world):
    long, short = world.accounts[:2]
    trade(world, long, short, 1)
    quote(world, 91_300, 91_400)
    world.ledger.oracles[0] = 920_000
    run(world, START + HOUR)

    assert long.fundings[0].usdc > 0 > short.fundings[0].usdc


def test_an_isolated_position_pays_from_its_own_cash(world):
    long, short = world.accounts[:2]
    long.leverages[0] = Leverage(10, is_cross=False)
    trade(world, long, short, 1)
    position, cash, own = long.positions[0], long.cash, long.positions[0].cash
    run(world, START + HOUR)

    assert long.cash == cash
    assert position.cash == own + long.fundings[0].usdc


def test_what_was_paid_is_counted_in_all_and_since_the_position_was_opened_and_changed(world):
    long, short = world.accounts[:2]
    trade(world, long, short, 1)
    run(world, START + HOUR)
    trade(world, long, short, 1)
    run(world, START + 2 * HOUR)
    trade(world, short, long, 3)
    position = long.positions[0]
    first, second = (-each.usdc for each in long.fundings)

    assert position.funding_all_time == first + second
    assert (position.funding_since_open, position.funding_since_change) == (0, 0)
    other = short.positions[0]
    assert other.funding_all_time == -sum(each.usdc for each in short.fundings)


def test_the_house_pays_and_is_not_told(world):
    long, house = world.accounts[:2]
    house.is_house = True
    trade(world, long, house, 1)
    cash = house.cash
    run(world, START + HOUR)

    assert house.cash > cash
    assert {each.account for each in world.ledger.events if isinstance(each, FundingPaid)} == {long}
    assert not house.fundings


@given(
    trades=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(11, 300)), max_size=8),
    oracle=st.integers(800_000, 1_000_000),
    isolated=st.booleans(),
)
def test_funding_loses_nothing_and_the_treasury_never_pays_for_rounding(trades, oracle, isolated):
    world = World()
    world.accounts[0].leverages[0] = Leverage(5, is_cross=not isolated)
    for buyer, seller, sz in trades:
        if buyer != seller:
            trade(world, world.accounts[buyer], world.accounts[seller], f"0.{sz:05}".rstrip("0"))
    quote(world, 91_300, 91_400)
    world.ledger.oracles[0] = oracle
    cash, treasury = world.ledger.total_cash(), world.ledger.treasury.cash
    world.ledger.time += 3 * HOUR
    funding.advance(world.ledger, world.ledger.time)

    assert world.ledger.total_cash() == cash
    assert 0 <= world.ledger.treasury.cash - treasury <= 3 * 3
