"""The timeline of an order remembers what comes first, forgets in the middle, and says so."""

from decimal import Decimal

from livetrio.model import (
    Change,
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderPendingCancel,
    OrderSide,
    OrderStatus,
    OrderSubmitted,
    OrderType,
    Sending,
    Timeline,
)
from livetrio.model.timeline import KEPT

S = OrderStatus


def event(kind, status, at):
    order = Order(
        client_order_id="0x1", instrument_id="BTC-USD-PERP.HYPERLIQUID", side=OrderSide.BUY,
        order_type=OrderType.LIMIT, quantity=Decimal(1), status=status, ts_event=at,
    )  # fmt: skip
    return kind(order=order, previous=status, status=status, ts_event=at, ts_init=at)


def test_it_is_written_when_something_has_become_of_the_order_and_not_on_its_way_out():
    timeline = Timeline("0x1", decided=1)

    assert not timeline.note(event(OrderSubmitted, S.SUBMITTED, 2))
    assert timeline.note(event(OrderAccepted, S.ACCEPTED, 3))
    assert not timeline.note(event(OrderPendingCancel, S.ACCEPTED, 4))
    assert timeline.note(event(OrderCanceled, S.CANCELED, 5))
    assert (timeline.cancel_asked, timeline.closed) == (4, 5)


def test_of_an_order_that_somebody_else_has_made_nothing_is_written():
    assert not Timeline("0x1").note(event(OrderAccepted, S.ACCEPTED, 3))


def test_an_order_that_is_modified_for_ever_keeps_its_first_request_and_its_last_ones():
    timeline = Timeline("0x1", decided=1)
    for number in range(1000):
        timeline.add_request(number, Sending(kind="modify", signed=number))
    timeline.add_change(Change(1, None, 5, 6))

    revisions = [revision for revision, _ in timeline.requests]
    assert revisions == [0, *range(1000 - KEPT + 1, 1000)]
    assert timeline.left_out == 1000 - KEPT
    assert len(timeline.changes) == 1
