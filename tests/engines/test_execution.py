"""ExecutionEngine: what is refused before it leaves, and what is passed on."""

from decimal import Decimal

import pytest
from portfolio_world import perpetual
from tracker_world import BTC, ID, World, fill, payment, report

from livetrio.errors import OrderNotFound
from livetrio.model import OrderFilter, OrderSide, OrderStatus, SubmitOrder

S = OrderStatus
KRAKEN = "BTC-USD-PERP.KRAKEN"


def test_what_a_venue_says_is_taken_in_and_what_is_something_else_is_not():
    world = World()
    order = world.order()

    assert world.execution.process(fill(1))
    assert world.execution.process(payment(2))
    assert world.execution.process(report(S.CANCELED, remaining_quantity=Decimal(9)))
    assert not world.execution.process("something else")
    assert order.status is S.CANCELED
    assert order.filled_quantity == 1
    assert world.journal.fundings == [f"{BTC}:2"]


def test_an_order_of_an_instrument_that_is_not_listed_is_denied_and_not_sent():
    world = World()
    order = world.execution.submit_order(
        SubmitOrder(instrument_id=BTC, side=OrderSide.BUY, quantity=Decimal(1), price=Decimal(1))
    )

    assert order.status is S.DENIED
    assert order.reason == f"{BTC} is not listed by any venue that has answered"
    assert world.client.sent == []


@pytest.mark.parametrize("quantity", ["NaN", "sNaN", "Infinity", "-Infinity", "-5", "1E+50", "1E+999999"])
def test_an_order_with_an_impossible_size_is_denied_and_the_limits_never_count_it(quantity):
    world = World()
    world.cache.update_instrument(perpetual(BTC))
    resting = world.order()
    world.tracker.risk.restore(resting)
    order = world.execution.submit_order(
        SubmitOrder(instrument_id=BTC, side=OrderSide.BUY, quantity=Decimal(quantity), price=Decimal(1))
    )

    assert order.status is S.DENIED
    assert world.client.sent == []
    assert world.journal.events == ["OrderInitialized", "OrderDenied"]
    assert world.tracker.working() == [world.tracker.get(resting.client_order_id)]
    assert world.tracker.risk.exposure.working(BTC, None).buys == resting.quantity


def test_an_order_of_a_venue_that_is_not_there_any_more_cannot_be_canceled_and_is_counted():
    world = World()
    world.order(instrument=KRAKEN)

    with pytest.raises(OrderNotFound, match="no venue of this engine"):
        world.execution.cancel_order(ID)
    counts = world.execution.cancel_all_orders()
    assert (counts.canceled_count, counts.failed_count) == (0, 1)


async def test_a_cancellation_is_sent_once_however_often_it_is_wished():
    world = World()
    order = world.order()

    assert [world.execution.cancel_order(ID) for _ in range(3)] == [True, True, True]
    assert world.client.sent == [("cancel", order)]
    assert world.journal.events == ["OrderPendingCancel"]


async def test_nobodys_orders_are_canceled_only_where_their_instrument_is_named():
    world = World()
    order = world.order(strategy=None)
    first = world.execution.cancel_all_orders()
    second = world.execution.cancel_all_orders(OrderFilter(instrument_id=BTC))

    assert (first.canceled_count, second.canceled_count) == (0, 1)
    assert world.client.sent == [("cancel", order)]


@pytest.mark.parametrize(
    "change, reason",
    [
        ({}, "is not listed"),
        ({"gate": "the stream is down"}, "the stream is down"),
    ],
)
async def test_a_change_that_may_not_leave_is_refused_with_its_reason(change, reason):
    world = World()
    order = world.order()
    if "gate" in change:
        world.client.gate.close("test", change["gate"], world.now)
    refusal = world.execution.modify_order(ID, price=Decimal(99))

    assert reason in refusal
    assert world.journal.events == ["OrderModifyRejected"]
    assert order.price == 100
    assert world.client.sent == []
