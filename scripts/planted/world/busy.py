"""Strategies that do all that can be done with orders: one in a hurry, drawn from the time of its start, and
one that leaves what it has placed where it is."""

from __future__ import annotations

import random
from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import Order, OrderSide, OrderType, TickEvent, TimeInForce

BPS = Decimal(10_000)


@attrs.define
class Busy(Strategy):
    """At each tick a few orders are placed, changed and canceled."""

    instruments: dict[str, Decimal]
    """The size of an order in each."""
    most: int = 12
    """Orders at once."""

    def on_start(self) -> None:
        """Any start is another sequence of draws, and in a simulated world always the same."""
        self.random = random.Random(self.ctx.clock.now())
        for instrument in self.instruments:
            self.ctx.subscribe_quotes(instrument)

    def on_tick(self, tick: TickEvent) -> None:
        """Do something, or nothing."""
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 4))):
            self._act()

    def _act(self) -> None:
        orders = self.ctx.orders()
        resting = [each for each in orders if each.is_open]
        draw = self.random.random()
        if resting and draw < 0.3:
            self.ctx.cancel_order(self.random.choice(resting))
        elif resting and draw < 0.45:
            self._change(self.random.choice(resting))
        elif draw < 0.47:
            self.ctx.cancel_all(self.random.choice([None, *self.instruments]))
        elif len(orders) < self.most:
            self._place(self.random.choice(list(self.instruments)))

    def _change(self, order: Order) -> None:
        if order.price is None or order.order_type is not OrderType.LIMIT:
            return
        quantity = order.quantity * self.random.choice((1, 1, 2))
        self.ctx.modify_order(order, price=order.price * self._away(order.side, 10), quantity=quantity)

    def _place(self, instrument: str) -> None:
        quote = self.ctx.cache.get_quote(instrument)
        if quote is None or quote.mid_price is None:
            return
        size, held = self.instruments[instrument], self.ctx.position(instrument)
        side = self.random.choice(list(OrderSide))
        if abs(held) > 5 * size:
            side = OrderSide.SELL if held > 0 else OrderSide.BUY
        price = quote.mid_price * self._away(side, 40)
        match self.random.choice(("market", "limit", "limit", "limit", "post", "ioc", "stop", "batch")):
            case "market":
                self.ctx.submit_order(instrument, side, size)
            case "limit":
                self.ctx.submit_order(instrument, side, size, price=price)
            case "post":
                self.ctx.submit_order(instrument, side, size, price=price, post_only=True)
            case "ioc":
                self.ctx.submit_order(instrument, side, size, price=price, time_in_force=TimeInForce.IOC)
            case "stop":
                trigger = quote.mid_price / self._away(side, 40)
                self.ctx.submit_order(
                    instrument, side, size, order_type=OrderType.STOP_MARKET, trigger_price=trigger
                )
            case _:
                self.ctx.submit_orders(
                    self.ctx.command(instrument, side, size, price=price * (1 - number / BPS))
                    for number in range(3)
                )

    def _away(self, side: OrderSide, most: int) -> Decimal:
        """By what to multiply a price for one that is a little better for us, or sometimes worse."""
        return 1 - side.sign * Decimal(self.random.randint(-5, most)) / BPS


@attrs.define
class Patient(Strategy):
    """Orders far from the market rest for as long as they are let."""

    instrument: str
    size: Decimal
    count: int = 4

    def on_start(self) -> None:
        """What was placed before stays."""
        self.ctx.subscribe_quotes(self.instrument)

    def on_tick(self, tick: TickEvent) -> None:
        """Place what is missing."""
        quote = self.ctx.cache.get_quote(self.instrument)
        if quote is None or quote.mid_price is None or not self.ctx.is_open(self.instrument):
            return
        for number in range(len(self.ctx.orders()), self.count):
            side = OrderSide.SELL if number % 2 else OrderSide.BUY
            price = quote.mid_price * (1 - side.sign * (500 + 10 * number) / BPS)
            self.ctx.submit_order(self.instrument, side, self.size, price=price)
