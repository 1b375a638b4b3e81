"""The limits of an IP address: reached exactly, free again after a minute, given back when things end."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.limits import SLOT, Caps, Limits
from livetrio.exchange.weights import action_weight, info_weight, items_weight


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.time = 1_000_000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limits(clock):
    return Limits(clock)


def how_many(take, most=5000):
    """How often in a row something is let through."""
    return next((count for count in range(most) if take() not in (True, None)), most)


def user(number):
    return f"0x{number:040x}"


# REST.


def test_a_minute_holds_twelve_hundred_of_weight_and_the_next_one_too(limits, clock):
    assert how_many(partial(limits.take_rest, 20)) == 60
    assert not limits.take_rest(1)

    clock.time += 60 + SLOT
    assert how_many(partial(limits.take_rest, 2)) == 600


def test_the_minute_slides_so_that_what_was_taken_late_counts_longer(limits, clock):
    limits.take_rest(1000)
    clock.time += 40
    limits.take_rest(200)
    clock.time += 20 + SLOT

    assert limits.take_rest(1000)
    assert not limits.take_rest(1)


def test_a_refused_request_does_not_count(limits):
    limits.take_rest(1190)

    assert not limits.take_rest(20)
    assert limits.take_rest(10)


def test_what_an_answer_weighs_on_top_counts_beyond_the_limit(limits, clock):
    limits.take_rest(1199)
    limits.charge(100)

    assert not limits.take_rest(1)
    clock.time += 60 + SLOT
    assert limits.take_rest(1200)


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 400)), max_size=80))
def test_no_sixty_seconds_ever_hold_more_than_the_limit(steps):
    clock = Clock()
    limits = Limits(clock)
    taken = []
    for elapsed, weight in steps:
        clock.time += elapsed
        if limits.take_rest(weight):
            taken.append((clock.time, weight))

    for start, _ in taken:
        assert sum(weight for time, weight in taken if start <= time < start + 60) <= 1200


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=100))
def test_however_many_requests_come_the_memory_of_them_is_bounded(steps):
    clock = Clock()
    limits = Limits(clock, Caps(messages=10**9))
    for elapsed in steps:
        clock.time += elapsed
        for _ in range(5):
            limits.take_message()

    assert len(limits._messages._slots) <= min(len(steps), 60 / SLOT + 2)


# WebSockets.


def test_ten_connections_live_at_one_time(limits):
    assert how_many(limits.connect) == 10

    limits.disconnect()
    assert how_many(limits.connect) == 1


def test_thirty_connections_a_minute_are_let_in_however_short_they_live(limits, clock):
    def come_and_go():
        is_in = limits.connect()
        if is_in:
            limits.disconnect()
        return is_in

    assert how_many(come_and_go) == 30
    clock.time += 60 + SLOT
    assert how_many(come_and_go) == 30


def test_a_connection_that_is_refused_for_the_many_others_is_not_a_new_one(limits):
    how_many(limits.connect)
    for _ in range(100):
        limits.connect()
    for _ in range(10):
        limits.disconnect()

    assert how_many(limits.connect) == 10


def test_two_thousand_messages_a_minute_are_read(limits, clock):
    assert how_many(limits.take_message) == 2000
    assert limits.messages_text == "Cannot send more than 2000 messages per minute."

    clock.time += 60 + SLOT
    assert how_many(limits.take_message) == 2000


def test_the_thousand_and_first_subscription_is_refused_until_one_ends(limits):
    subscribe = partial(limits.subscribe, None)

    assert how_many(subscribe) == 1000
    assert subscribe() == "Cannot subscribe to more than 1000 channels."
    limits.unsubscribe(None)
    assert subscribe() is None


def test_fourteen_users_are_tracked_and_the_fifteenth_is_refused(limits):
    for number in range(14):
        assert limits.subscribe(user(number)) is None

    assert limits.subscribe(user(14)) == "Cannot track more than 15 total users."
    assert limits.subscribe(user(3)) is None
    assert limits.subscribe(None) is None


def test_a_user_is_let_go_with_its_last_subscription_whatever_the_case_of_its_letters(limits):
    for number in range(13):
        limits.subscribe(user(number))
    limits.subscribe("0x" + "Ab" * 20)
    limits.subscribe("0x" + "aB" * 20)
    limits.unsubscribe("0x" + "AB" * 20)

    assert limits.subscribe(user(99)) is not None
    limits.unsubscribe("0x" + "ab" * 20)
    assert limits.subscribe(user(99)) is None


def test_a_hundred_posts_may_wait_for_their_answers(limits):
    assert how_many(partial(limits.begin_post, 7)) == 100
    assert limits.begin_post(256) == "too many pending post requests id=256"

    limits.end_post()
    assert limits.begin_post(256) is None


def test_an_address_without_limits_has_none(clock):
    limits = Limits(clock, None)
    takes = [
        partial(limits.take_rest, 1200),
        limits.connect,
        limits.take_message,
        partial(limits.subscribe, None),
        partial(limits.begin_post, 1),
    ]
    limits.charge(10**6)

    assert [how_many(take, 3000) for take in takes] == [3000] * 5
    assert all(limits.subscribe(user(number)) is None for number in range(50))
    assert limits.messages_text


def test_an_address_may_be_forgotten_once_nothing_of_it_counts(limits, clock):
    assert limits.is_idle
    limits.connect()
    clock.time += 120
    assert not limits.is_idle
    limits.disconnect()
    assert limits.is_idle
    limits.take_rest(1)
    assert not limits.is_idle


# Weights.


def test_requests_weigh_what_the_page_says():
    names = ["l2Book", "orderStatus", "userRole", "meta", "userFees", "recentTrades", "whatever"]

    assert [info_weight(name) for name in names] == [2, 2, 60, 20, 20, 20, 20]


@pytest.mark.parametrize(
    ("request_type", "count", "weight"),
    [
        ("userFills", 2000, 100),
        ("candleSnapshot", 5000, 84),
        ("recentTrades", 0, 0),
        ("recentTrades", 1, 1),
        ("userNonFundingLedgerUpdates", 40, 2),
        ("openOrders", 1000, 0),
    ],
)
def test_the_items_of_an_answer_weigh_on_top(request_type, count, weight):
    assert items_weight(request_type, count) == weight


@pytest.mark.parametrize(("length", "weight"), [(1, 1), (39, 1), (40, 2), (79, 2), (80, 3)])
def test_a_batch_weighs_by_its_forties(length, weight):
    assert action_weight(length) == weight
