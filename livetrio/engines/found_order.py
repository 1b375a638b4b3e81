"""order_found: an order that rests at a venue and that we did not know, as one of ours from here on."""

from __future__ import annotations

from decimal import Decimal

from livetrio.model import Order, OrderReport, OrderSide, OrderStatus, OrderType, TimeInForce


def order_found(
    report: OrderReport, side: OrderSide, quantity: Decimal, client_order_id: str, strategy: str | None
) -> Order:
    """As the venue tells of it; what it leaves out is a plain limit order's. It is UNKNOWN, and nothing of it
    is filled: the report has yet to be taken."""
    return Order(
        client_order_id=client_order_id,
        venue_order_id=report.venue_order_id,
        instrument_id=report.instrument_id,
        strategy=strategy,
        side=side,
        order_type=report.order_type or OrderType.LIMIT,
        quantity=quantity,
        price=report.price,
        trigger_price=report.trigger_price,
        time_in_force=report.time_in_force or TimeInForce.GTC,
        post_only=bool(report.post_only),
        reduce_only=bool(report.reduce_only),
        status=OrderStatus.UNKNOWN,
        revision=report.revision,
        ts_init=report.ts_init,
        ts_event=report.ts_event,
    )
