"""An engine that is watched, at the local exchange in virtual time, for the tests in this folder."""

from __future__ import annotations

from decimal import Decimal

import trio

from livetrio import Strategy
from livetrio.app.watching import WatchedEngine
from livetrio.model import OrderSide

BTC = "BTC-USD-PERP.HYPERLIQUID"
ETH = "ETH-USD-PERP.HYPERLIQUID"
BUY, SELL = OrderSide.BUY, OrderSide.SELL
SIZE = Decimal("0.01")


class Hands(Strategy):
    """Knows prices, and does nothing by itself: a test is its hands."""

    async def on_start(self):
        for instrument in (BTC, ETH):
            self.ctx.subscribe_quotes(instrument)
        await until(lambda: all(self.ctx.cache.get_quote(each) for each in (BTC, ETH)))

    def rest(self, times="0.9", instrument=BTC, side=BUY):
        """An order far from the market, at so many times its middle."""
        price = self.ctx.cache.get_quote(instrument).mid_price * Decimal(times)
        return self.ctx.submit_order(instrument, side, SIZE, price=price)

    async def buy(self):
        """Have a position."""
        await self.ctx.wait_closed(self.ctx.submit_order(BTC, BUY, SIZE))

    def sell(self):
        """Ask to be out of it."""
        return self.ctx.submit_order(BTC, SELL, SIZE)


async def rest_two(hands):
    """Two orders that rest, one of each instrument."""
    orders = [hands.rest(), hands.rest(instrument=ETH)]
    await until(lambda: all(each.is_open for each in orders))
    return orders


def watch(run):
    """The engine of a run, as it is looked at."""
    return WatchedEngine(run.engine)


async def until(holds, limit=10):
    """Wait until it holds."""
    with trio.fail_after(limit):
        while not holds():  # noqa: ASYNC110  # anything may be waited for here
            await trio.sleep(0.01)
