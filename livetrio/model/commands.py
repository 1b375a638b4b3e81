"""Commands: what may be asked of the execution engine, by a strategy or over the bus.

``order.submit`` takes `SubmitOrder`, ``order.cancel`` `CancelOrder`, ``order.modify`` `ModifyOrder`,
``order.query`` `QueryOrder`, ``order.cancel_all`` `CancelAllOrders`.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.model.identifiers import InstrumentId
from livetrio.model.order import Order, OrderSide, OrderStatus, OrderType, TimeInForce


@attrs.frozen(kw_only=True)
class SubmitOrder:
    """A new order. Without ``order_type`` it is what its prices make it: limit with a price, else market."""

    instrument_id: InstrumentId
    side: OrderSide
    quantity: Decimal
    """Base units."""
    price: Decimal | None = None
    """Limit."""
    order_type: OrderType = attrs.field()
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    strategy: str | None = None

    @order_type.default
    def _order_type(self) -> OrderType:
        return OrderType.MARKET if self.price is None else OrderType.LIMIT


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Cancel an order."""

    client_order_id: str


@attrs.frozen(kw_only=True)
class ModifyOrder:
    """Change an order's price, quantity or trigger price; what is None stays."""

    client_order_id: str
    quantity: Decimal | None = None
    """The whole, what is filled already included."""
    price: Decimal | None = None
    trigger_price: Decimal | None = None


@attrs.frozen(kw_only=True)
class OrderFilter:
    """Which orders; what is None does not matter."""

    instrument_id: InstrumentId | None = None
    side: OrderSide | None = None
    status: OrderStatus | None = None
    strategy: str | None = None

    def fits(self, order: Order) -> bool:
        """Whether an order is meant."""
        return (
            self.instrument_id in (None, order.instrument_id)
            and self.side in (None, order.side)
            and self.status in (None, order.status)
            and self.strategy in (None, order.strategy)
        )


@attrs.frozen(kw_only=True)
class CancelAllOrders:
    """Cancel all orders that fit."""

    filter: OrderFilter = OrderFilter()


@attrs.frozen(kw_only=True)
class QueryOrder:
    """Ask for an order as it stands."""

    client_order_id: str
