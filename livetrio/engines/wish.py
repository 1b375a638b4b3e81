"""Wish: a new order, or a change of one, as the limits look at it."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.engines.market_price import MarketPrice
from livetrio.model import Order


@attrs.define(kw_only=True, eq=False)
class Wish:
    """What shall leave."""

    order: Order
    quantity: Decimal
    """The whole size that it shall have."""
    price: Decimal | None
    """Its limit. A market order has none, even if a worst price is sent with it."""
    trigger_price: Decimal | None
    """None of a change where it is not told."""
    left: Decimal
    """What of it would be open."""
    more: Decimal
    """By how much that is more than what is counted for the order already."""
    is_new: bool
    market: MarketPrice | str
    """What the instrument costs now, or why that is not known."""

    @property
    def grows(self) -> bool:
        """Whether the order itself is new, or gets larger."""
        return self.is_new or self.quantity > self.order.quantity

    @property
    def only_shrinks(self) -> bool:
        """Whether an order gets smaller, or stays, and is otherwise as it was."""
        if self.is_new or self.more > 0:
            return False
        order = self.order
        return self.price == order.price and self.trigger_price in (None, order.trigger_price)

    @property
    def is_unlimited_exit(self) -> bool:
        """Whether the engine or its operator closes something, which no limit may hold up."""
        return self.order.strategy is None and self.order.reduce_only

    @property
    def notional(self) -> Decimal | None:
        """What the whole is worth: at its price, else at what sets it off, else at what it would be filled
        at; None where that is not known."""
        price = self.price or self.trigger_price or self.order.trigger_price
        if price is None and isinstance(self.market, MarketPrice):
            price = self.market.touch(self.order.side)
        return None if price is None else self.quantity * price
