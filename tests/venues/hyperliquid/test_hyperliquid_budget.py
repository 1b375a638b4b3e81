"""Nothing is sent that would be refused, and cancellations always find room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_samples import make_order, make_trading
from test_hyperliquid_samples import NOW

from livetrio.venues.base import HttpRequest
from livetrio.venues.hyperliquid.batches import ActionRequest
from livetrio.venues.hyperliquid.buckets import TokenBucket
from livetrio.venues.hyperliquid.budget import (
    ANSWER_HORIZON,
    EXHAUSTED_INTERVAL,
    MAX_IN_FLIGHT,
    MESSAGES_PER_MINUTE,
    ROUND_TRIP,
    WEIGHT_PER_MINUTE,
    HyperliquidBudget,
)
from livetrio.venues.trading import Cancel, Question, ScheduleCancel, SignedRequest, Submit

HTTP = HttpRequest(url="http://venue.test/exchange", body=b"{}")


class Requests:
    """Makes requests, each with an id of its own."""

    def __init__(self):
        self.count = 0

    def make(self, *commands, entries=None):
        self.count += 1
        given = {
            "request_id": self.count,
            "nonce": self.count,
            "commands": commands,
            "frame": b"",
            "http": HTTP,
            "expires": None,
        }
        return SignedRequest(**given) if entries is None else ActionRequest(**given, entries=entries)

    def orders(self, count=1):
        return self.make(*[Submit(make_order())] * count)

    def cancels(self, count=1):
        return self.make(*[Cancel(make_order())] * count)


def question(weight):
    return Question(requests=(HTTP,), weight=weight, read=lambda answers, ts_init: None)


@pytest.fixture
def requests():
    return Requests()


def send(budget, request, now):
    assert budget.delay(request, now) == 0
    budget.spend(request, now)


# Buckets.


@given(
    per_minute=st.integers(3, 2000),
    part=st.floats(0.1, 0.9),
    wishes=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), min_size=1, max_size=100),
)
def test_in_no_minute_more_is_spent_than_there_is(per_minute, part, wishes):
    bucket = TokenBucket(per_minute, at_once=per_minute * part)
    now, spent = 0.0, []
    for pause, amount in wishes:
        now += pause
        amount = min(amount, bucket.capacity)
        now += bucket.delay(amount, now)
        bucket.spend(amount, now)
        spent.append((now, amount))

    for start, _ in spent:
        in_a_minute = sum(amount for at, amount in spent if start <= at < start + 60)
        assert in_a_minute <= per_minute + 1e-6


def test_what_is_too_large_for_the_bucket_waits_until_it_is_full_and_is_paid_off_afterwards():
    bucket = TokenBucket(90, at_once=30)
    bucket.spend(30, 0.0)

    assert bucket.delay(100, 0.0) == pytest.approx(30.0)
    bucket.spend(100, 30.0)
    assert bucket.level(30.0) == pytest.approx(-70)
    assert bucket.delay(1, 30.0) == pytest.approx(71)


def test_a_clock_that_goes_back_fills_nothing():
    bucket = TokenBucket(60, at_once=20)
    bucket.spend(20, 100.0)

    assert bucket.level(50.0) == 0
    assert bucket.level(100.0) == 0
    assert bucket.level(101.5) == pytest.approx(1.0)


# Questions.


def test_questions_leave_a_fifth_of_the_weight_to_requests_over_http():
    budget = HyperliquidBudget()
    now, asked = 0.0, 0
    while True:
        now += budget.delay(question(20), now)
        if now >= 60:
            break
        budget.spend(question(20), now)
        asked += 20

    assert WEIGHT_PER_MINUTE * 0.7 < asked <= WEIGHT_PER_MINUTE * 0.8


def test_all_that_recovery_asks_is_asked_at_once():
    budget, trading = HyperliquidBudget(), make_trading(account="0x" + "ab" * 20)
    recovery = [
        trading.ask_identity(),
        trading.ask_time(),
        trading.ask_open_orders(),
        trading.ask_recent_orders(),
        trading.ask_fills(NOW),
        trading.ask_fundings(NOW),
        trading.ask_account(),
        trading.ask_usage(),
    ]
    delays = []
    for each in recovery:
        delays.append(budget.delay(each, 0.0))
        budget.spend(each, 0.0)

    assert delays == [0.0] * len(recovery)


def test_questions_do_not_hold_up_orders(requests):
    budget = HyperliquidBudget()
    budget.spend(question(5_000), 0.0)

    assert budget.delay(question(1), 0.0) > 60
    assert budget.delay(requests.orders(), 0.0) == 0


# Messages.


def test_orders_leave_a_fifth_of_the_messages_to_cancellations(requests):
    budget = HyperliquidBudget()
    sent = 0
    while budget.delay(requests.orders(), 0.0) == 0:
        order = requests.orders()
        budget.spend(order, 0.0)
        budget.take_answer(order)
        sent += 1
    canceled = 0
    while budget.delay(requests.cancels(), 0.0) == 0:
        cancel = requests.cancels()
        budget.spend(cancel, 0.0)
        budget.take_answer(cancel)
        canceled += 1

    assert 0 < budget.delay(requests.orders(), 0.0) < 10
    assert canceled == pytest.approx((sent + canceled) / 5, abs=1)
    assert sent + canceled < MESSAGES_PER_MINUTE


# Answers.


def test_so_many_requests_may_wait_for_their_answers_and_cancellations_more(requests):
    budget = HyperliquidBudget()
    orders = [requests.orders() for _ in range(MAX_IN_FLIGHT * 4 // 5)]
    for each in orders:
        send(budget, each, 0.0)

    assert budget.delay(requests.orders(), 1.0) == ROUND_TRIP
    for _ in range(MAX_IN_FLIGHT - len(orders)):
        send(budget, requests.cancels(), 1.0)
    assert budget.delay(requests.cancels(), 1.0) == ROUND_TRIP
    budget.take_answer(orders[0])
    assert budget.delay(requests.cancels(), 1.0) == 0


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(requests):
    budget = HyperliquidBudget()
    for _ in range(MAX_IN_FLIGHT * 4 // 5):
        send(budget, requests.orders(), 0.0)

    assert budget.delay(requests.orders(), ANSWER_HORIZON - 0.1) == ROUND_TRIP
    assert budget.delay(requests.orders(), ANSWER_HORIZON) == 0


# The account's number of actions.


def test_until_the_venue_has_told_how_many_actions_there_are_none_is_held_up(requests):
    budget = HyperliquidBudget()
    for second in range(1000):
        batch = requests.orders(39)
        send(budget, batch, float(second))
        budget.take_answer(batch)

    assert budget.used is None


def test_an_account_that_has_used_up_its_actions_sends_one_in_ten_seconds_and_cancels_at_once(requests):
    budget = HyperliquidBudget()
    budget.learn(used=9_999, cap=10_000)
    send(budget, requests.orders(), 0.0)

    assert budget.used == 10_000
    assert budget.delay(requests.orders(), 1.0) == EXHAUSTED_INTERVAL - 1
    assert budget.delay(requests.cancels(39), 1.0) == 0
    assert budget.delay(requests.make(ScheduleCancel(None)), 1.0) == 0
    send(budget, requests.orders(), EXHAUSTED_INTERVAL)
    assert budget.delay(requests.orders(), EXHAUSTED_INTERVAL) == EXHAUSTED_INTERVAL


@pytest.mark.parametrize("cap, most", [(10_000, 20_000), (500_000, 600_000)])
def test_cancellations_have_a_limit_of_their_own(requests, cap, most):
    budget = HyperliquidBudget()
    budget.learn(used=most - 39, cap=cap)
    send(budget, requests.cancels(39), 0.0)

    assert budget.delay(requests.cancels(), 0.0) == EXHAUSTED_INTERVAL


def test_each_entry_of_a_batch_counts(requests):
    budget = HyperliquidBudget()
    budget.learn(used=0, cap=10_000)
    budget.spend(requests.orders(5), 0.0)
    budget.spend(requests.make(Cancel(make_order()), Cancel(make_order()), entries=(2, 1)), 0.0)

    assert budget.used == 8


def test_a_batch_with_one_order_in_it_is_no_cancellation(requests):
    budget = HyperliquidBudget()
    budget.learn(used=10_000, cap=10_000)
    budget.spend(requests.cancels(), 0.0)

    assert budget.delay(requests.make(Cancel(make_order()), Submit(make_order())), 0.0) > 0


def test_a_refusal_tells_how_many_there_are():
    budget = HyperliquidBudget()
    budget.learn_from_refusal("Order has zero size.")
    before = budget.used
    budget.learn_from_refusal(
        "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92. Place taker"
        " orders to free up 1 request per USDC traded."
    )

    assert before is None
    assert (budget.used, budget.cap) == (37_986, 10_436)


def test_an_account_that_has_nearly_used_up_its_actions_sends_what_is_left_and_then_one_at_a_time():
    budget = HyperliquidBudget()
    sizes = [budget.entries_at_once()]
    for used in (0, 9_961, 9_990, 9_999, 10_000, 20_000):
        budget.learn(used, 10_000)
        sizes.append(budget.entries_at_once())

    assert sizes == [39, 39, 39, 10, 1, 1, 1]


def test_what_is_left_goes_down_with_what_is_spent():
    budget, requests = HyperliquidBudget(), Requests()
    before = budget.left(0.0)
    budget.spend(requests.make(Submit(make_order())), 0.0)
    after = budget.left(0.0)
    budget.learn(used=90, cap=100)

    assert set(before) == {"weight", "messages", "in_flight"}
    assert [before[each] - after[each] for each in ("weight", "messages", "in_flight")] == [0, 1, 1]
    assert budget.left(0.0)["actions"] == 10
