"""The record of a world: orders and fills by the journal, positions and money by the exchange."""

from __future__ import annotations

import pickle

from busy_world import BTC, busy_world

from livetrio.model import OrderFilled, OrderStatus
from livetrio.simulation.checks import Check


def sum_of_fills(record):
    return sum(each.signed_quantity for each in record.fills)


def test_a_world_that_is_not_recorded_has_no_record():
    assert busy_world(seconds=5.0).record is None


def test_it_has_every_order_with_its_history_and_every_fill():
    outcome = busy_world("kill after 30s", seconds=120.0, is_recorded=True)
    record = outcome.record

    assert outcome.counts["starts"] == 2
    assert len({each.client_order_id[18:24] for each in record.orders}) == 2, "of both processes"
    assert len(record.orders) > 40
    assert record.events.keys() == {each.client_order_id for each in record.orders}
    for order in record.orders:
        events = record.events[order.client_order_id]
        assert events[0].status is OrderStatus.PENDING
        assert events[-1].status is order.status
        filled = [each.fill.quantity for each in events if isinstance(each, OrderFilled)]
        assert sum(filled) == order.filled_quantity
    assert len(record.fills) == outcome.counts["fills"] > 3
    assert sum_of_fills(record) == record.positions.get(BTC, 0)


def test_money_is_counted_to_the_last_digit():
    money = busy_world(seconds=120.0, is_recorded=True).record.money

    assert money.fees > 0
    assert money.equity == 200_000 + money.pnl
    assert money.pnl != 0


def test_a_world_that_ended_early_is_recorded_as_far_as_it_came():
    def filled(world):
        assert not world.positions

    outcome = busy_world(seconds=600.0, is_recorded=True, checks=(Check(filled, every=0.07),))

    assert outcome.violation.invariant == "check filled"
    assert outcome.violation.at < 300
    assert len(outcome.record.positions) == 1


def test_it_can_be_sent_to_another_process():
    outcome = busy_world(seconds=20.0, is_recorded=True)
    copy = pickle.loads(pickle.dumps(outcome)).record

    assert (copy.orders, copy.fills, copy.money) == (
        outcome.record.orders,
        outcome.record.fills,
        outcome.record.money,
    )
    assert copy.events.keys() == outcome.record.events.keys()
