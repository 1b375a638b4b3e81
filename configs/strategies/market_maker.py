"""MarketMaker: quotes both sides around the middle, and leans against what it holds.

It goes by the clock: at each tick it looks where its two orders should be. One that is not far from there
stays, because it would lose its place in the queue. Both are post-only: it never pays for a trade.

When it stops it cancels both, waits until the venue has proved them gone, and only then closes what it holds:
before, an order might still fill.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import Instrument, Order, OrderFilled, OrderSide, OrderStatus, Quote, TickEvent

BPS = Decimal(10_000)
NANOSECONDS = 1_000_000_000


@attrs.define
class MarketMaker(Strategy):
    """Works one instrument, anew at each tick."""

    instrument: str
    size: Decimal
    """Of each order, in the base currency."""
    half_spread_bps: Decimal = Decimal("1.5")
    """From the middle to each order while it holds nothing."""
    skew_bps: Decimal = Decimal(1)
    """How far both orders move away for each `size` that it holds too much."""
    requote_bps: Decimal = Decimal("0.5")
    """How far an order may be from where it should be."""
    max_position: Decimal | None = None
    """Beyond it, only the side that reduces is quoted. Default: ten orders' size."""
    max_age: float = 10
    """Seconds; around an older quote it does not quote."""
    every: int = 10
    """Ticks from one line in the log to the next."""
    orders: dict[OrderSide, Order] = attrs.field(init=False, factory=dict)
    """The last of each side."""
    fills: int = attrs.field(init=False, default=0)

    def on_start(self) -> None:
        self.ctx.subscribe_quotes(self.instrument)

    def on_tick(self, tick: TickEvent) -> None:
        wanted = self._wanted_prices()
        for side in OrderSide:
            self._work(side, wanted.get(side))
        if tick.tick_number % self.every == 0:
            self.ctx.log.info(
                "quoting",
                bid=wanted.get(OrderSide.BUY),
                ask=wanted.get(OrderSide.SELL),
                position=self.ctx.position(self.instrument),
                fills=self.fills,
                closed=self.ctx.why_closed(self.instrument, post_only=True),
            )

    def on_fill(self, event: OrderFilled) -> None:
        self.fills += 1

    async def on_stop(self) -> None:
        self.ctx.cancel_all(self.instrument)
        for order in self.orders.values():
            await self.ctx.wait_closed(order)
        held = self.ctx.position(self.instrument)
        if held:
            side = OrderSide.SELL if held > 0 else OrderSide.BUY
            order = self.ctx.submit_order(self.instrument, side, abs(held), reduce_only=True)
            await self.ctx.wait_closed(order)
        self.ctx.log.info("stopped", fills=self.fills, position=self.ctx.position(self.instrument))

    def _wanted_prices(self) -> dict[OrderSide, Decimal]:
        """Where orders should be now; a side that is not to be quoted is not mentioned."""
        quote = self.ctx.cache.get_quote(self.instrument)
        if quote is None or self.ctx.why_closed(self.instrument, post_only=True) is not None:
            return {}
        if self.ctx.now() - quote.ts_init > self.max_age * NANOSECONDS:
            return {}
        held = self.ctx.position(self.instrument)
        limit = 10 * self.size if self.max_position is None else self.max_position
        prices = quote_prices(
            self.ctx.instrument(self.instrument),
            quote,
            half_spread_bps=self.half_spread_bps,
            lean_bps=self.skew_bps * held / self.size,
        )
        return {side: price for side, price in prices.items() if held * side.sign < limit}

    def _work(self, side: OrderSide, price: Decimal | None) -> None:
        """Bring one side's order to where it should be; None: nowhere."""
        order = self.orders.get(side)
        if order is None or order.is_closed:
            if price is not None:
                self._place(side, price)
        elif not order.is_open or order.is_canceling:
            pass  # on its way: what becomes of it will be seen at the next tick
        elif price is None:
            self.ctx.cancel_order(order)
        elif order.price is None or abs(order.price - price) * BPS > price * self.requote_bps:
            self.ctx.modify_order(order, price=price)

    def _place(self, side: OrderSide, price: Decimal) -> None:
        last = self.orders.get(side)
        order = self.ctx.submit_order(self.instrument, side, self.size, price=price, post_only=True)
        if order.status is OrderStatus.DENIED and (last is None or last.reason != order.reason):
            self.ctx.log.warning("not quoting", side=side.value, reason=order.reason)
        self.orders[side] = order


def quote_prices(
    instrument: Instrument, quote: Quote, *, half_spread_bps: Decimal, lean_bps: Decimal
) -> dict[OrderSide, Decimal]:
    """A price for each side, on the instrument's grid and never through the market.

    Args:
      instrument: for its grid.
      quote: with one side alone, there is no middle, and there are no prices.
      half_spread_bps: from the middle to each price.
      lean_bps: how far below the middle both are shifted, because something is held.
    """
    mid = quote.mid_price
    if mid is None or quote.bid_price is None or quote.ask_price is None:
        return {}
    lean, width = mid * lean_bps / BPS, mid * half_spread_bps / BPS
    step = instrument.tick_size(mid)
    return {
        OrderSide.BUY: min(instrument.round_price_down(mid - width - lean), quote.ask_price - step),
        OrderSide.SELL: max(instrument.round_price_up(mid + width - lean), quote.bid_price + step),
    }
