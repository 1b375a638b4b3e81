"""A strategy as there are many: prices and trades of two instruments, and an order each five seconds."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import OrderSide, TickEvent

INTERVAL = 5
"""Ticks of a second."""

AWAY = Decimal("0.0002")


@attrs.define
class Quoter(Strategy):
    """Quotes on the side that brings it back to nothing; the order before that is canceled."""

    instruments: tuple[str, ...]
    size: Decimal

    def on_start(self) -> None:
        self.ticks = 0
        for name in self.instruments:
            self.ctx.subscribe_quotes(name)
            self.ctx.subscribe_trades(name)

    def on_tick(self, tick: TickEvent) -> None:
        self.ticks += 1
        if self.ticks % INTERVAL:
            return
        for order in self.ctx.orders():
            if order.is_open:
                self.ctx.cancel_order(order)
        name = self.instruments[self.ticks // INTERVAL % len(self.instruments)]
        mid = self.ctx.cache.get_mid_price(name)
        if mid is not None:
            side = OrderSide.SELL if self.ctx.position(name) > 0 else OrderSide.BUY
            self.ctx.submit_order(name, side, self.size, price=mid * (1 - side.sign * AWAY))
