"""Commands: what may be asked of the execution engine, by a strategy or over the bus.

What is of the wrong type (the text ``"buy"`` for a side, a float for a price) is a mistake in a program, and
raises UsageError as the command is made; so none of it ever gets to an order, the limits or the journal.

``order.submit`` takes `SubmitOrder`, ``order.cancel`` `CancelOrder`, ``order.modify`` `ModifyOrder`,
``order.query`` `QueryOrder`, ``order.cancel_all`` `CancelAllOrders`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from livetrio.errors import UsageError
from livetrio.model.identifiers import InstrumentId
from livetrio.model.order import Order, OrderSide, OrderStatus, OrderType, TimeInForce


def _is(kind: type, *, optional: bool = False) -> Callable[[Any, attrs.Attribute[Any], object], None]:
    """A validator: the value is of this type, or None if that may be."""

    def check(_: object, field: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind) and not (optional and value is None):
            expected = _NAMES.get(kind) or f"an {kind.__name__}"
            raise UsageError(f"{field.name}: expected {expected}, found {value!r}")

    return check


_NAMES = {
    str: "text",
    bool: "True or False",
    Decimal: "a Decimal",
    TimeInForce: "a TimeInForce",
}
"""Of types, in messages; an `OrderSide` is what its name says."""


@attrs.frozen(kw_only=True)
class SubmitOrder:
    """A new order. Without ``order_type`` it is what its prices make it: limit with a price, else market."""

    instrument_id: InstrumentId = attrs.field(validator=_is(str))
    side: OrderSide = attrs.field(validator=_is(OrderSide))
    quantity: Decimal = attrs.field(validator=_is(Decimal))
    """Base units."""
    price: Decimal | None = attrs.field(default=None, validator=_is(Decimal, optional=True))
    """Limit."""
    order_type: OrderType = attrs.field(validator=_is(OrderType))
    trigger_price: Decimal | None = attrs.field(default=None, validator=_is(Decimal, optional=True))
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, validator=_is(TimeInForce))
    post_only: bool = attrs.field(default=False, validator=_is(bool))
    reduce_only: bool = attrs.field(default=False, validator=_is(bool))
    strategy: str | None = attrs.field(default=None, validator=_is(str, optional=True))

    @order_type.default
    def _order_type(self) -> OrderType:
        return OrderType.MARKET if self.price is None else OrderType.LIMIT

    @classmethod
    def closing(
        cls, instrument_id: InstrumentId, quantity: Decimal, *, reduce_only: bool = True
    ) -> SubmitOrder:
        """What closes, at the market, so much of a position: negative of a short one."""
        return cls(
            instrument_id=instrument_id,
            side=OrderSide.SELL if quantity > 0 else OrderSide.BUY,
            quantity=abs(quantity),
            reduce_only=reduce_only,
        )


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Cancel an order."""

    client_order_id: str = attrs.field(validator=_is(str))


@attrs.frozen(kw_only=True)
class ModifyOrder:
    """Change an order's price, quantity or trigger price; what is None stays."""

    client_order_id: str = attrs.field(validator=_is(str))
    quantity: Decimal | None = attrs.field(default=None, validator=_is(Decimal, optional=True))
    """The whole, what is filled already included."""
    price: Decimal | None = attrs.field(default=None, validator=_is(Decimal, optional=True))
    trigger_price: Decimal | None = attrs.field(default=None, validator=_is(Decimal, optional=True))


@attrs.frozen(kw_only=True)
class OrderFilter:
    """Which orders; what is None does not matter."""

    instrument_id: InstrumentId | None = attrs.field(default=None, validator=_is(str, optional=True))
    side: OrderSide | None = attrs.field(default=None, validator=_is(OrderSide, optional=True))
    status: OrderStatus | None = attrs.field(default=None, validator=_is(OrderStatus, optional=True))
    strategy: str | None = attrs.field(default=None, validator=_is(str, optional=True))

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

    filter: OrderFilter = attrs.field(factory=OrderFilter, validator=_is(OrderFilter))


@attrs.frozen(kw_only=True)
class QueryOrder:
    """Ask for an order as it stands."""

    client_order_id: str = attrs.field(validator=_is(str))
