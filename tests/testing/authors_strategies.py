"""Strategies as authors write them, and what they want to hold; in a module, so that workers find them."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import OrderSide

BTC = "BTC-USD-PERP.HYPERLIQUID"


@attrs.define
class Buyer(Strategy):
    """Buys a little every second."""

    size: Decimal = Decimal("0.001")
    ticks: int = attrs.field(init=False, default=0)

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)

    def on_tick(self, tick):
        self.ticks += 1
        quote = self.ctx.cache.get_quote(BTC)
        if quote is not None and quote.ask_price is not None and not self.ctx.orders():
            self.ctx.submit_order(BTC, OrderSide.BUY, self.size, price=quote.ask_price)


@attrs.define
class Watcher(Strategy):
    """Looks on."""

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)


class Faulty(Strategy):
    """Fails after some seconds."""

    def on_tick(self, tick):
        if tick.tick_number > 10:
            raise LookupError("no such thing")


async def waits(ctx, seconds=3600):
    """A strategy as a function."""
    with ctx.quotes(BTC) as quotes:
        async for _ in quotes:
            pass


def holds_little(world):
    return world.position(BTC) <= Decimal("0.01")


def returns_nothing():
    return None
