"""Order events as rows of the journal, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from livetrio.journal.schema import EVENT_NAMES, decoding
from livetrio.model import (
    Fill,
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderStatus,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    OrderUpdated,
)

KINDS: Mapping[str, type[OrderEvent]] = {
    each.__name__: each
    for each in (
        OrderInitialized,
        OrderDenied,
        OrderSubmitted,
        OrderUnknown,
        OrderAccepted,
        OrderRejected,
        OrderTriggered,
        OrderUpdated,
        OrderFilled,
        OrderPendingCancel,
        OrderPendingUpdate,
        OrderCanceled,
        OrderExpired,
        OrderCancelRejected,
        OrderModifyRejected,
    )
}
"""What may happen to an order, by the name that the journal has for it."""

SELECT_EVENTS = (
    f"SELECT {', '.join(EVENT_NAMES)} FROM order_events WHERE client_order_id = ? ORDER BY run, number"
)


def encode_event(event: OrderEvent, run: int, number: int) -> tuple[object, ...]:
    """The event as a row; an `OrderFilled` has but the id of its fill there."""
    quantity = price = trigger_price = fill_id = None
    if isinstance(event, OrderUpdated | OrderPendingUpdate):
        quantity, price, trigger_price = event.quantity, event.price, event.trigger_price
    elif isinstance(event, OrderFilled):
        fill_id = event.fill.fill_id
    return (
        event.order.client_order_id,
        run,
        number,
        type(event).__name__,
        event.previous._value_,
        event.status._value_,
        event.reason,
        _digits(quantity),
        _digits(price),
        _digits(trigger_price),
        fill_id,
        event.ts_event,
        event.ts_init,
    )


def decode_event(row: Sequence[Any], order: Order, fills: Mapping[str, Fill]) -> OrderEvent:
    """The event of a row; ``order`` is whose, as it stands now, and ``fills`` are its fills by their ids.

    Raises:
      BadRow: it is of none.
    """
    name, previous, status, reason, quantity, price, trigger_price, fill_id, ts_event, ts_init = row[3:]
    with decoding("order_events"):
        kind = KINDS[name]
        more: dict[str, Any] = {}
        if kind in (OrderUpdated, OrderPendingUpdate):
            more = {
                "quantity": Decimal(quantity),
                "price": _number(price),
                "trigger_price": _number(trigger_price),
            }
        elif kind is OrderFilled:
            more = {"fill": fills[fill_id]}
        return kind(
            order=order,
            previous=OrderStatus(previous),
            status=OrderStatus(status),
            reason=reason,
            ts_event=ts_event,
            ts_init=ts_init,
            **more,
        )


def _digits(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number(digits: str | None) -> Decimal | None:
    return None if digits is None else Decimal(digits)
