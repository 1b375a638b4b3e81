"""Outbox: what makes risk smaller goes first, and nothing is lost."""

from decimal import Decimal

import trio

from livetrio.model import Order, OrderSide, OrderStatus, OrderType
from livetrio.supervision.outbox import Outbox
from livetrio.venues.trading import Cancel, Modify, ScheduleCancel, Submit


def order(name):
    return Order(
        client_order_id=name, instrument_id="BTC-USD-PERP.HYPERLIQUID", side=OrderSide.BUY,
        order_type=OrderType.LIMIT, quantity=Decimal(1), price=Decimal(100), status=OrderStatus.PENDING,
        ts_event=0,
    )  # fmt: skip


def modify(name, revision=1):
    return Modify(order=order(name), revision=revision, quantity=Decimal(1), price=Decimal(99))


def test_cancellations_leave_first_then_the_switch_then_modifications_then_new_orders():
    outbox = Outbox()
    commands = [Submit(order("a")), modify("b"), ScheduleCancel(5), Cancel(order("c")), Submit(order("d"))]
    for each in commands:
        outbox.put(each)

    assert len(outbox) == 5
    assert outbox.take() == [commands[3], commands[2], commands[1], commands[0], commands[4]]
    assert len(outbox) == 0
    assert outbox.take() == []


def test_a_second_wish_about_an_order_takes_the_place_of_the_first():
    outbox = Outbox()
    for each in (Cancel(order("a")), Cancel(order("a")), modify("b"), modify("b", 2), ScheduleCancel(1)):
        outbox.put(each)
    outbox.put(ScheduleCancel(None))

    taken = outbox.take()
    assert [type(each).__name__ for each in taken] == ["Cancel", "ScheduleCancel", "Modify"]
    assert taken[1].at is None
    assert taken[2].revision == 2


def test_a_new_order_can_be_taken_out_again_until_it_has_left():
    outbox = Outbox()
    early, late = order("a"), order("b")
    outbox.put(Submit(early))

    assert outbox.remove(early)
    assert not outbox.remove(early)
    assert outbox.take() == []
    outbox.put(Submit(late))
    outbox.take()
    assert not outbox.remove(late)


async def test_who_waits_is_woken_by_the_first_command_and_waits_again_once_it_is_taken(autojump_clock):
    outbox = Outbox()
    taken = []

    async def sender():
        while True:
            await outbox.wait()
            taken.append((trio.current_time() - began, outbox.take()))

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sender)
        for number in range(3):
            await trio.sleep(1)
            outbox.put(ScheduleCancel(number))
            outbox.put(ScheduleCancel(number))
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert taken == [(1 + number, [ScheduleCancel(number)]) for number in range(3)]


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
