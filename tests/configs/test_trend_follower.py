"""TrendFollower: when it turns, what guards its position, and what it does where nothing does."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_stage import INSTRUMENT, NAME, Stage, load, module_of

from livetrio.errors import ConfigError
from livetrio.model import Bar, OrderCanceled, OrderRejected, OrderSide, OrderStatus, OrderType

EXAMPLE = module_of(load("trend_follower.py:TrendFollower", size="2"))

D = Decimal
ONE = D(1)

RISING = [100, 100, 100, 103]
FALLING = [100, 100, 100, 97]


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def follower(stage):
    follower = load("trend_follower.py:TrendFollower", size="2", fast=1, slow=3, stop_bps=100)
    follower.ctx = stage
    follower.on_start()
    return follower


async def bars(follower, closes):
    for close in closes:
        await follower.on_bar(Bar(NAME, "1m", ONE, ONE, ONE, D(close), ONE, 1, 0, 1, 0, 0))


async def told(follower, kind, order):
    event = kind(order=order, previous=OrderStatus.SUBMITTED, status=order.status, ts_event=0, ts_init=0)
    await follower.on_order(event)


@pytest.mark.parametrize(
    "closes, side, guard, trigger",
    [(RISING, OrderSide.BUY, OrderSide.SELL, 99), (FALLING, OrderSide.SELL, OrderSide.BUY, 101)],
)
async def test_it_follows_a_trend_with_a_stop_behind_it(stage, follower, closes, side, guard, trigger):
    await bars(follower, closes)

    entry, stop = stage.orders
    assert (entry.side, entry.order_type, entry.quantity, entry.reduce_only) == (
        side,
        OrderType.MARKET,
        2,
        False,
    )
    assert (stop.side, stop.order_type, stop.quantity) == (guard, OrderType.STOP_MARKET, 2)
    assert (stop.trigger_price, stop.reduce_only, stop.is_working) == (trigger, True, True)


async def test_it_knows_no_trend_before_it_has_seen_enough(stage, follower):
    await bars(follower, [100, 103])

    assert stage.orders == []


async def test_a_trend_that_goes_on_is_no_news(stage, follower):
    await bars(follower, [*RISING, 105, 107])

    assert len(stage.orders) == 2


async def test_when_the_trend_turns_the_position_does_and_gets_a_new_stop(stage, follower):
    await bars(follower, [*RISING, 90])

    assert stage.held == -2
    assert stage.orders[1].status is OrderStatus.CANCELED
    assert (stage.orders[2].side, stage.orders[2].quantity) == (OrderSide.SELL, 4)
    assert [order.side for order in stage.working_orders()] == [OrderSide.BUY]


async def test_a_stop_that_fires_while_it_is_canceled_counts(stage, follower):
    await bars(follower, RISING)
    stage.cancel_fills = True
    await bars(follower, [90])

    assert stage.held == -2
    assert stage.orders[2].quantity == 2


async def test_a_position_that_was_stopped_is_not_taken_again_until_the_trend_turns(stage, follower):
    await bars(follower, RISING)
    stage.fill(stage.orders[1])
    await told(follower, OrderCanceled, stage.orders[1])
    await bars(follower, [104])

    assert stage.held == 0
    assert len(stage.orders) == 2


@pytest.mark.parametrize(
    "kind, status", [(OrderRejected, OrderStatus.REJECTED), (OrderCanceled, OrderStatus.CANCELED)]
)
async def test_a_position_without_a_stop_is_closed(stage, follower, kind, status):
    await bars(follower, RISING)
    stop = stage.orders[1]
    stop.status = status
    await told(follower, kind, stop)

    assert stage.held == 0
    assert (stage.orders[2].side, stage.orders[2].reduce_only) == (OrderSide.SELL, True)
    assert len(stage.orders) == 3


async def test_news_of_other_orders_is_no_news_of_the_stop(stage, follower):
    await bars(follower, RISING)
    entry, stop = stage.orders
    entry.status = OrderStatus.CANCELED
    await told(follower, OrderCanceled, entry)
    await told(follower, OrderCanceled, stop)

    assert stage.held == 2


async def test_a_position_of_an_earlier_run_is_closed_with_the_first_bar(stage, follower):
    stage.held = D(-1)
    await bars(follower, [100])

    assert stage.held == 0


async def test_what_cannot_be_traded_now_is_traded_with_a_later_bar(stage, follower):
    stage.closed = "it is being reconciled"
    await bars(follower, RISING)
    stage.closed = None
    stage.refuse[OrderType.MARKET] = OrderStatus.REJECTED
    await bars(follower, [103])
    del stage.refuse[OrderType.MARKET]
    await bars(follower, [104])

    assert [order.status for order in stage.orders[:2]] == [OrderStatus.REJECTED, OrderStatus.FILLED]
    assert stage.held == 2


async def test_a_position_that_could_not_be_turned_has_a_stop_again(stage, follower):
    await bars(follower, RISING)
    stage.refuse[OrderType.MARKET] = OrderStatus.REJECTED
    await bars(follower, [90])

    (stop,) = stage.working_orders()
    assert stage.held == 2
    assert (stop.side, stop.trigger_price) == (OrderSide.SELL, D("89.1"))


async def test_it_ends_flat(stage, follower):
    await bars(follower, RISING)
    await follower.on_stop()

    assert stage.held == 0
    assert stage.working_orders() == []


async def test_where_nothing_can_be_closed_and_no_price_is_known_no_stop_is_made_up(stage, follower):
    stage.held = D(1)
    stage.refuse[OrderType.MARKET] = OrderStatus.REJECTED
    await follower.on_stop()

    assert len(stage.orders) == 1


@pytest.mark.parametrize("fast, slow", [(0, 3), (3, 3)])
def test_the_longer_average_is_the_longer_one(fast, slow):
    with pytest.raises(ConfigError, match=f"slow: expected more bars than fast .* found {slow}"):
        load("trend_follower.py:TrendFollower", size="2", fast=fast, slow=slow)


PRICES = st.decimals(1, 10**5, places=1)


@given(st.lists(PRICES, min_size=3, max_size=30), st.data())
def test_a_trend_upside_down_is_the_opposite(closes, data):
    slow = data.draw(st.integers(2, len(closes)))
    fast = data.draw(st.integers(1, slow - 1))
    trend = EXAMPLE.trend_of(closes, fast, slow)

    assert EXAMPLE.trend_of([-close for close in closes], fast, slow) == -trend
    assert EXAMPLE.trend_of([D(7)] * slow, fast, slow) == 0


@given(PRICES, st.sampled_from([1, -1]), st.integers(1, 5000))
def test_a_stop_is_on_the_grid_and_on_the_losing_side(price, held, stop_bps):
    stop = EXAMPLE.stop_price(INSTRUMENT, price, D(held), D(stop_bps))

    assert stop % INSTRUMENT.price_step == 0
    assert (price - stop) * held > 0
