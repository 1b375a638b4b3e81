"""work_order: it pegs to the touch, trades no more than it should, and crosses in the end."""

from decimal import Decimal

import pytest
import trio
from strategy_stage import NAME, Stage, load, module_of
from structlog.testing import capture_logs
from trio.testing import wait_all_tasks_blocked

from livetrio.model import OrderSide, OrderStatus, OrderType

D = Decimal


@pytest.fixture
def stage():
    return Stage()


async def start(nursery, stage, side="buy", patience=60):
    work = load("work_order.py:work_order", side=side, quantity="3", patience=patience)
    nursery.start_soon(work, stage)
    await wait_all_tasks_blocked()


async def quote(stage, bid, ask):
    stage.quote(bid, ask)
    await wait_all_tasks_blocked()


@pytest.mark.parametrize("side, prices", [("buy", [100, 101]), ("sell", [102, 103])])
async def test_it_follows_the_touch_of_its_own_side(stage, side, prices, autojump_clock):
    async with trio.open_nursery() as nursery:
        await start(nursery, stage, side)
        await quote(stage, 100, 102)
        await quote(stage, 100, 102)
        await quote(stage, 101, 103)
        await quote(stage, 101, 103)
        nursery.cancel_scope.cancel()

    assert [order.price for order in stage.orders] == prices
    assert all(order.post_only and order.quantity == 3 for order in stage.orders)


async def test_what_is_filled_in_part_is_not_bought_again(stage, autojump_clock):
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            await start(nursery, stage)
            await quote(stage, 100, 102)
            stage.fill(stage.orders[0], "1")
            await quote(stage, 101, 102)
            await quote(stage, 101, 102)
            stage.fill(stage.orders[1])
            await quote(stage, 101, 103)

    assert [order.quantity for order in stage.orders] == [3, 2]
    assert stage.held == 3
    assert [(line["event"], line["filled"], line["wanted"]) for line in lines] == [("worked", 3, 3)]


async def test_when_its_patience_is_over_it_takes_what_is_missing(stage, autojump_clock):
    async with trio.open_nursery() as nursery:
        await start(nursery, stage)
        await quote(stage, 100, 102)
        stage.fill(stage.orders[0], "1")

    resting, crossing = stage.orders
    assert trio.current_time() == pytest.approx(60, abs=0.1)
    assert resting.status is OrderStatus.CANCELED
    assert (crossing.order_type, crossing.quantity, crossing.side) == (OrderType.MARKET, 2, OrderSide.BUY)
    assert stage.held == 3


async def test_a_fill_that_overtakes_the_cancellation_is_not_bought_twice(stage, autojump_clock):
    stage.cancel_fills = True
    async with trio.open_nursery() as nursery:
        await start(nursery, stage)
        await quote(stage, 100, 102)

    assert len(stage.orders) == 1
    assert stage.held == 3


async def test_without_a_price_it_waits_for_one(stage, autojump_clock):
    async with trio.open_nursery() as nursery:
        await start(nursery, stage, patience=5)
        await quote(stage, None, 102)

        assert stage.orders == []

    assert [order.order_type for order in stage.orders] == [OrderType.MARKET]


async def test_an_order_that_is_refused_is_tried_again_at_the_next_quote_only(stage, autojump_clock):
    stage.refuse[OrderType.LIMIT] = OrderStatus.DENIED
    async with trio.open_nursery() as nursery:
        await start(nursery, stage)
        await quote(stage, 100, 102)
        tried = len(stage.orders)
        await quote(stage, 100, 102)
        nursery.cancel_scope.cancel()

    assert (tried, len(stage.orders)) == (1, 2)


async def test_what_was_never_quoted_has_no_touch(stage):
    work = load("work_order.py:work_order", side="buy", quantity="3")

    assert module_of(work).touch(stage, NAME, OrderSide.BUY) is None
