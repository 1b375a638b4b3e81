"""Orders that the venue does not know are refused here, with the reason."""

from decimal import Decimal

import pytest
from order_samples import LISTING
from test_hyperliquid_samples import BTC, PURR_SPOT

from livetrio.model import OrderSide, OrderType, SubmitOrder, TimeInForce
from livetrio.venues.hyperliquid.order_rules import refusal


def wanted(instrument=BTC, **given):
    return SubmitOrder(
        **{
            "instrument_id": instrument,
            "side": OrderSide.BUY,
            "quantity": Decimal(1),
            "price": Decimal(5),
            **given,
        }
    )


def reason(order):
    return refusal(order, LISTING.instruments[order.instrument_id])


@pytest.mark.parametrize(
    "order",
    [
        wanted(),
        wanted(post_only=True, reduce_only=True),
        wanted(time_in_force=TimeInForce.IOC),
        wanted(price=None),
        wanted(price=None, time_in_force=TimeInForce.IOC),
        wanted(order_type=OrderType.STOP_MARKET, time_in_force=TimeInForce.IOC),
        *(wanted(order_type=each, reduce_only=True) for each in OrderType),
        wanted(PURR_SPOT, post_only=True),
        wanted(PURR_SPOT, price=None),
    ],
)
def test_an_order_that_it_knows_is_not_refused(order):
    assert reason(order) is None


@pytest.mark.parametrize(
    "order, words",
    [
        (wanted(time_in_force=TimeInForce.FOK), "it knows the times in force GTC and IOC, and not FOK"),
        (wanted(time_in_force=TimeInForce.DAY), "it knows the times in force GTC and IOC, and not DAY"),
        (wanted(price=None, post_only=True), "a market order takes, and so cannot be post-only"),
        (
            wanted(order_type=OrderType.STOP_LIMIT, post_only=True),
            "a stop_limit order cannot be post-only there",
        ),
        (
            wanted(post_only=True, time_in_force=TimeInForce.IOC),
            "an IOC order never rests, and so cannot be post-only",
        ),
        (
            wanted(order_type=OrderType.TAKE_PROFIT_LIMIT, time_in_force=TimeInForce.IOC),
            "a take_profit_limit order rests once it is triggered, and cannot be IOC there",
        ),
        (wanted(PURR_SPOT, order_type=OrderType.STOP_MARKET), "it has no stop_market orders on spot"),
        (
            wanted(PURR_SPOT, reduce_only=True),
            "spot has no positions to reduce, so an order cannot be reduce-only",
        ),
        (wanted("LOOM-USD-PERP.HYPERLIQUID"), "it is delisted"),
    ],
)
def test_an_order_that_it_does_not_know_is_refused_with_the_reason(order, words):
    assert reason(order) == f"{order.instrument_id}: {words}"
