"""An account's budget of actions: what it has, what it may do without, and what it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.budget import (
    PACE,
    STALE_COST,
    charge,
    charge_stale,
    rate_limit_view,
    request_cap,
)

TIME = 1764000000000
USD = 10**6


def an_account(**fields):
    return Account("0x" + "11" * 20, exists=True, **fields)


def order(account, *, time=TIME, count=1):
    return charge(account, time, count, is_cancel=False)


def cancel(account, *, time=TIME, count=1):
    return charge(account, time, count, is_cancel=True)


def test_a_new_account_has_ten_thousand_actions_and_one_more_for_each_dollar_traded():
    account = an_account()

    assert request_cap(account) == 10_000
    account.volume = 2_854_574_593578
    assert request_cap(account) == 2_864_574


def test_every_order_of_a_batch_counts():
    account = an_account()

    assert order(account, count=40) is None
    assert order(account) is None
    assert account.requests_used == 41


@pytest.mark.parametrize(
    ("used", "volume", "text"),
    [
        # Captured from the venue, each an order of one: a bug report, and the probe of 2026-10-08.
        (37_986, 437_92 * 10**4, "(37986 > 10436) for cumulative volume traded $437.92."),
        (97_460, 87457_46 * 10**4, "(97460 > 97456) for cumulative volume traded $87457.46."),
        (15_401, 4643 * USD, "(15401 > 14642) for cumulative volume traded $4643."),
        (10_000, 0, "(10000 > 9999) for cumulative volume traded $0."),
    ],
)
def test_whoever_has_used_it_up_is_told_in_the_venues_words(used, volume, text):
    account = an_account(requests_used=used, volume=volume, last_paced=TIME)

    assert order(account, time=TIME + 1) == (
        f"Too many cumulative requests sent {text} Place taker orders to free up 1 request per USDC traded."
    )


def test_one_action_in_ten_seconds_is_left_and_refused_ones_do_not_make_the_wait_longer():
    account = an_account(requests_used=10_000)
    passed = [second for second in range(46) if order(account, time=TIME + second * 1000) is None]

    assert passed == [0, 10, 20, 30, 40]
    assert account.requests_used == 10_005


def test_a_batch_beyond_the_budget_is_refused_whole_and_does_not_take_the_turn():
    account = an_account(requests_used=9_990)

    assert order(account, count=11) is not None
    assert order(account, count=10) is None
    assert order(account, count=2) is not None
    assert order(account) is None
    assert order(account, time=TIME + PACE, count=2) is not None


def test_trading_frees_requests():
    account = an_account(requests_used=10_000, last_paced=TIME)

    assert order(account) is not None
    account.volume += 2 * USD
    assert order(account) is None
    assert order(account) is None
    assert order(account) is not None


def test_cancels_pass_when_orders_do_not_up_to_twice_the_cap():
    account = an_account(requests_used=10_000, last_paced=TIME)

    assert order(account) is not None
    assert cancel(account, count=10_000) is None
    assert cancel(account) is not None


def test_of_a_large_account_cancels_have_a_hundred_thousand_more():
    account = an_account(volume=10**6 * USD, last_paced=TIME)
    account.requests_used = 1_109_999

    assert cancel(account) is None
    assert cancel(account) is not None


def test_bought_requests_come_on_top():
    account = an_account(requests_used=10_000, requests_bought=3, last_paced=TIME)

    assert [order(account) is None for _ in range(4)] == [True, True, True, False]


def test_an_action_that_came_too_late_costs_five():
    account = an_account(requests_used=9_999)
    charge_stale(account)

    assert account.requests_used == 9_999 + STALE_COST
    assert STALE_COST == 5


def test_the_house_has_no_budget():
    house = an_account(is_house=True, requests_used=10**9)
    charge_stale(house)

    assert order(house, count=1000) is None
    assert house.requests_used == 10**9


def test_the_answer_to_user_rate_limit_is_the_docs_example():
    account = an_account(volume=2_854_574_593578, requests_used=2890)

    assert rate_limit_view(account) == {
        "cumVlm": "2854574.593578",
        "nRequestsUsed": 2890,
        "nRequestsCap": 2864574,
        "nRequestsSurplus": 0,
    }


def test_what_was_bought_is_used_first_and_the_rest_of_it_is_the_surplus():
    account = an_account(requests_used=100, requests_bought=500)

    assert rate_limit_view(account) == {
        "cumVlm": "0.0",
        "nRequestsUsed": 0,
        "nRequestsCap": 10_000,
        "nRequestsSurplus": 400,
    }


@given(st.lists(st.tuples(st.integers(1, 3000), st.booleans(), st.integers(0, 4000)), max_size=60))
def test_no_more_than_the_budget_and_one_in_ten_seconds_ever_passes(steps):
    account = an_account()
    time = TIME
    for count, is_cancel, elapsed in steps:
        time += elapsed
        charge(account, time, count, is_cancel=is_cancel)
    paced = 1 + (time - TIME) // PACE

    assert account.requests_used <= 20_000 + paced
