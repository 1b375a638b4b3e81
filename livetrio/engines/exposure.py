"""Exposure: what working orders could still do to positions, kept up to date order by order.

All that is not over counts whole: what is in flight, what is UNKNOWN, what is being canceled. Only the
venue's word sets it free.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.model import Order, OrderSide

ZERO = Decimal(0)


@attrs.define
class Open:
    """What may still be filled, of one instrument, for one owner."""

    buys: Decimal = ZERO
    sells: Decimal = ZERO
    orders: int = 0

    def of(self, side: OrderSide) -> Decimal:
        """Of one side, base units."""
        return self.buys if side is OrderSide.BUY else self.sells


class Exposure:
    """Of all working orders. An owner is a strategy, or ``None``: all together."""

    def __init__(self) -> None:
        self.orders: dict[str | None, int] = {}
        """How many are working, by owner."""
        self._open: dict[tuple[str, str | None], Open] = {}
        self._reserved: dict[str, tuple[Order, Decimal]] = {}

    def update(self, order: Order, extra: Decimal = ZERO) -> None:
        """An order has changed; ``extra``: by how much a modification that is under way may make it
        larger."""
        key = order.client_order_id
        known = self._reserved.get(key)
        left = max(ZERO, order.remaining_quantity) + extra if order.is_working else ZERO
        before = ZERO if known is None else known[1]
        count = order.is_working - (known is not None)
        if order.is_working:
            self._reserved[key] = order, left
        elif known is not None:
            del self._reserved[key]
        if left == before and not count:
            return
        for owner in {order.strategy, None}:
            open = self.open(order.instrument_id, owner)
            if order.side is OrderSide.BUY:
                open.buys += left - before
            else:
                open.sells += left - before
            open.orders += count
            self.orders[owner] = self.orders.get(owner, 0) + count

    def open(self, instrument_id: str, owner: str | None) -> Open:
        """What may still be filled of an instrument."""
        found = self._open.get((instrument_id, owner))
        if found is None:
            found = self._open[instrument_id, owner] = Open()
        return found

    def reserved(self, order: Order) -> Decimal:
        """What is counted for an order."""
        known = self._reserved.get(order.client_order_id)
        return ZERO if known is None else known[1]

    def instruments(self) -> set[str]:
        """Those of which orders are working."""
        return {
            instrument for (instrument, owner), open in self._open.items() if owner is None and open.orders
        }
