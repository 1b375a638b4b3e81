"""The table of an order's life: what holds of every row."""

from itertools import product

import pytest

from livetrio.model import TRANSITIONS, Happening, OrderStatus, next_status
from livetrio.model.order import CLOSED_STATUSES, INFLIGHT_STATUSES, OPEN_STATUSES

FILLS = {Happening.FILL, Happening.FILL_PART}


def test_each_status_is_in_flight_open_or_closed():
    assert set(OrderStatus) == INFLIGHT_STATUSES | OPEN_STATUSES | CLOSED_STATUSES
    assert len(INFLIGHT_STATUSES) + len(OPEN_STATUSES) + len(CLOSED_STATUSES) == len(OrderStatus)


@pytest.mark.parametrize("status, happening", list(product(sorted(CLOSED_STATUSES, key=str), Happening)))
def test_a_closed_status_is_never_left_and_its_fills_still_count(status, happening):
    assert next_status(status, happening) is (status if happening in FILLS else None)


@pytest.mark.parametrize("status", OrderStatus)
def test_fills_count_from_every_status(status):
    assert next_status(status, Happening.FILL) is not None
    assert next_status(status, Happening.FILL_PART) is not None


@pytest.mark.parametrize("status", sorted(OPEN_STATUSES | {OrderStatus.UNKNOWN}, key=str))
def test_an_order_that_may_rest_can_end_in_every_way_that_a_venue_has(status):
    ends = {next_status(status, each) for each in Happening} & CLOSED_STATUSES

    assert ends >= {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED}


def test_only_what_never_left_is_denied_and_only_what_left_is_unknown():
    assert {now for now, happening in TRANSITIONS if happening is Happening.DENY} == {OrderStatus.PENDING}
    assert {now for now, happening in TRANSITIONS if happening is Happening.LOSE} == {OrderStatus.SUBMITTED}


def test_nothing_leads_back_in_an_orders_life():
    rank = {
        OrderStatus.PENDING: 0,
        OrderStatus.SUBMITTED: 1,
        OrderStatus.UNKNOWN: 2,
        OrderStatus.ACCEPTED: 3,
        OrderStatus.TRIGGERED: 4,
        OrderStatus.PARTIALLY_FILLED: 5,
    } | dict.fromkeys(CLOSED_STATUSES, 6)

    assert all(rank[after] >= rank[now] for (now, _), after in TRANSITIONS.items())


def test_a_late_acceptance_does_not_open_what_is_partly_filled():
    assert next_status(OrderStatus.PARTIALLY_FILLED, Happening.ACCEPT) is None
    assert next_status(OrderStatus.PARTIALLY_FILLED, Happening.TRIGGER) is None
