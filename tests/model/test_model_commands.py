"""Commands: what is of the wrong type is told at once, to whoever made it."""

from decimal import Decimal

import pytest

from livetrio.errors import UsageError
from livetrio.model import (
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    OrderFilter,
    OrderSide,
    OrderStatus,
    OrderType,
    QueryOrder,
    SubmitOrder,
)

ONE = Decimal(1)


def submit(**changes):
    values = {"instrument_id": "BTC-USD-PERP.HYPERLIQUID", "side": OrderSide.BUY, "quantity": ONE}
    return SubmitOrder(**values | changes)


def test_an_order_is_what_its_prices_make_it_unless_it_says():
    assert submit().order_type is OrderType.MARKET
    assert submit(price=ONE).order_type is OrderType.LIMIT
    stop = submit(order_type=OrderType.STOP_MARKET, trigger_price=ONE)
    assert stop.order_type is OrderType.STOP_MARKET


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"instrument_id": None}, "instrument_id: expected text, found None"),
        ({"side": "buy"}, "side: expected an OrderSide, found 'buy'"),
        ({"quantity": 0.5}, "quantity: expected a Decimal, found 0.5"),
        ({"quantity": 1}, "quantity: expected a Decimal, found 1"),
        ({"quantity": None}, "quantity: expected a Decimal, found None"),
        ({"price": "100"}, "price: expected a Decimal, found '100'"),
        ({"trigger_price": 100.0}, "trigger_price: expected a Decimal, found 100.0"),
        ({"order_type": "limit"}, "order_type: expected an OrderType, found 'limit'"),
        ({"time_in_force": "ioc"}, "time_in_force: expected a TimeInForce, found 'ioc'"),
        ({"post_only": None}, "post_only: expected True or False, found None"),
        ({"reduce_only": 1}, "reduce_only: expected True or False, found 1"),
        ({"strategy": 7}, "strategy: expected text, found 7"),
    ],
)
def test_what_is_of_the_wrong_type_never_becomes_an_order(changes, words):
    with pytest.raises(UsageError) as caught:
        submit(**changes)

    assert str(caught.value) == words


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: CancelOrder(client_order_id=None), "client_order_id: expected text, found None"),
        (lambda: QueryOrder(client_order_id=1), "client_order_id: expected text, found 1"),
        (lambda: ModifyOrder(client_order_id="a", price=1), "price: expected a Decimal, found 1"),
        (lambda: ModifyOrder(client_order_id="a", quantity=0.5), "quantity: expected a Decimal, found 0.5"),
        (lambda: OrderFilter(side="buy"), "side: expected an OrderSide, found 'buy'"),
        (lambda: OrderFilter(status="open"), "status: expected an OrderStatus, found 'open'"),
        (lambda: OrderFilter(strategy=OrderStatus.FILLED), "strategy: expected text, found"),
        (lambda: CancelAllOrders(filter="BTC"), "filter: expected an OrderFilter, found 'BTC'"),
        (lambda: CancelAllOrders(filter=None), "filter: expected an OrderFilter, found None"),
    ],
)
def test_a_filter_that_would_fit_nothing_by_mistake_is_told_as_all_else_is(make, words):
    with pytest.raises(UsageError) as caught:
        make()

    assert str(caught.value).startswith(words)
