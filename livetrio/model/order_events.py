"""OrderEvent: something has happened to an order. On ``order.{status}`` and to the strategy whose it is.

Each says what it changed (`previous`, `status`); `order` is the order itself and may have gone on since.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.model.fill import Fill
from livetrio.model.order import Order, OrderStatus


@attrs.frozen(kw_only=True, eq=False)
class OrderEvent:
    """Something has happened to an order."""

    order: Order = attrs.field(repr=lambda order: order.client_order_id)
    """The order as it stands now."""
    previous: OrderStatus
    """Its status before."""
    status: OrderStatus
    """Its status after."""
    reason: str | None = None
    """Why, in words for people."""
    ts_event: int
    """When, UTC nanoseconds: by the venue's clock where it tells."""
    ts_init: int
    """When we learned of it, UTC nanoseconds."""


class OrderInitialized(OrderEvent):
    """It was made, and is on its way out. (The seed's *pending*.)"""


class OrderDenied(OrderEvent):
    """It was refused here and never left; `reason` says by what."""


class OrderSubmitted(OrderEvent):
    """It left."""


class OrderUnknown(OrderEvent):
    """It left, or may have, and nothing proves what became of it. Its exposure stays reserved."""


class OrderAccepted(OrderEvent):
    """The venue has it."""


class OrderRejected(OrderEvent):
    """The venue refused it, or it is proved that it never arrived."""


class OrderTriggered(OrderEvent):
    """Its trigger price was reached."""


@attrs.frozen(kw_only=True, eq=False)
class OrderUpdated(OrderEvent):
    """Its price or quantity was changed, at our wish or by the venue."""

    quantity: Decimal
    price: Decimal | None
    trigger_price: Decimal | None = None


@attrs.frozen(kw_only=True, eq=False)
class OrderFilled(OrderEvent):
    """A trade: all of it or a part. It counts whatever the order's status, a canceled one's included."""

    fill: Fill


class OrderPendingCancel(OrderEvent):
    """Its cancellation was asked for. It may still fill."""


@attrs.frozen(kw_only=True, eq=False)
class OrderPendingUpdate(OrderEvent):
    """A modification was asked for."""

    quantity: Decimal
    """What shall be open once it is done; what is filled comes on top of it."""
    price: Decimal | None
    trigger_price: Decimal | None = None


class OrderCanceled(OrderEvent):
    """It is over: canceled at our wish or by the venue, which `reason` says."""


class OrderExpired(OrderEvent):
    """It is over: its time had come."""


class OrderCancelRejected(OrderEvent):
    """The venue did not cancel it. What has become of it is being asked for; if it still rests, it is
    canceled again."""


class OrderModifyRejected(OrderEvent):
    """The venue did not modify it; it is as it was, unless another event says otherwise."""


ORDER_EVENTS: tuple[type[OrderEvent], ...] = (
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
"""All there are."""
