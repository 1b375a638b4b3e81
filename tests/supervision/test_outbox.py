"""The engine's outbox: what is taken out of it, in which order, and what stays."""

import trio

from livetrio.model import InstrumentId, Order, OrderSide, OrderStatus, OrderType
from livetrio.supervision.outbox import Outbox
from livetrio.venues.trading import Cancel, ScheduleCancel, Submit


def order(name):
    return Order(
        client_order_id=name,
        instrument_id=InstrumentId("BTC-USD-PERP.HYPERLIQUID"),
        side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        quantity=1,
        status=OrderStatus.PENDING,
        ts_event=0,
    )


async def test_of_more_than_may_leave_at_once_the_rest_stays_in_its_order(autojump_clock):
    outbox = Outbox()
    submits = [Submit(order(f"new {number}")) for number in range(3)]
    cancels = [Cancel(order(f"old {number}")) for number in range(2)]
    schedule = ScheduleCancel(1)
    for each in (*submits, *cancels, schedule):
        outbox.put(each)
    taken = [outbox.take(2)]
    while len(outbox):
        with trio.fail_after(1):
            await outbox.wait()
        taken.append(outbox.take(2))

    assert taken == [cancels, [schedule, submits[0]], submits[1:]]


async def test_with_all_taken_out_there_is_nothing_to_wait_for(autojump_clock):
    outbox = Outbox()
    outbox.put(Submit(order("new")))
    outbox.take()
    with trio.move_on_after(1) as scope:
        await outbox.wait()

    assert scope.cancelled_caught
    assert not outbox.take()
