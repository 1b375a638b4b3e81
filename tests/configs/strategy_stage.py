"""A strategy's context without an engine: a venue that does at once what it is asked, or what a test says."""

from __future__ import annotations

import functools
import sys
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import structlog
import trio

from livetrio.app.config import StrategyConfig
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.model import Instrument, InstrumentKind, Order, OrderSide, OrderStatus, OrderType, Quote
from livetrio.strategy.loader import load_strategy

CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"

NAME = "BTC-USD-PERP.FAKE"

INSTRUMENT = Instrument(
    instrument_id=NAME, kind=InstrumentKind.PERPETUAL, base="BTC", quote="USD", venue_symbol="BTC",
    price_step=Decimal("0.1"), size_step=Decimal("0.01"),
)  # fmt: skip


def load(path, **params):
    """An example strategy."""
    return load_strategy(
        StrategyConfig(path=f"strategies/{path}", params={"instrument": NAME, **params}), CONFIGS
    )


def module_of(strategy):
    """The module that an example is from, for its plain functions."""
    made_by = strategy.func if isinstance(strategy, functools.partial) else type(strategy)
    return sys.modules[made_by.__module__]


class Stage:
    """Stands for the context: it has what the examples use of it."""

    def __init__(self):
        self.cache, self.bus = Cache(), MessageBus()
        self.cache.update_instrument(INSTRUMENT)
        self.log = structlog.get_logger()
        self.orders = []
        self.asked = []
        """What was asked of orders: (what, order)."""
        self.held = Decimal(0)
        self.closed = None
        self.refuse = {}
        """By order type: the status that orders get instead."""
        self.cancel_fills = False
        """Whether an order is filled before its cancellation arrives."""
        self.time = 0
        self._news = trio.Event()

    # What a strategy sees.

    def subscribe_quotes(self, instrument):
        pass

    def subscribe_bars(self, instrument, interval):
        pass

    def now(self):
        return self.time

    def instrument(self, instrument):
        return INSTRUMENT

    def position(self, instrument):
        return self.held

    def why_closed(self, instrument, *, post_only=False):
        return self.closed

    def is_open(self, instrument):
        return self.closed is None

    def quotes(self, instrument):
        return self.bus.subscribe(f"market_data.{instrument}")

    # What it does.

    def submit_order(self, instrument, side, quantity, *, price=None, order_type=None, trigger_price=None,
                     post_only=False, reduce_only=False):  # fmt: skip
        if order_type is None:
            order_type = OrderType.MARKET if price is None else OrderType.LIMIT
        order = Order(
            client_order_id=str(len(self.orders)), instrument_id=instrument, side=side, order_type=order_type,
            quantity=quantity, price=price, trigger_price=trigger_price, post_only=post_only,
            reduce_only=reduce_only, status=OrderStatus.ACCEPTED, ts_event=0,
        )  # fmt: skip
        self.orders.append(order)
        if order_type in self.refuse:
            order.status, order.reason = self.refuse[order_type], "for a test"
        elif order_type is OrderType.MARKET:
            self.fill(order)
        return order

    def cancel_order(self, order):
        self.asked.append(("cancel", order))
        if self.cancel_fills:
            self.fill(order)
        elif order.is_working:
            order.status = OrderStatus.CANCELED

    def cancel_all(self, instrument):
        for order in self.working_orders():
            self.cancel_order(order)

    def modify_order(self, order, *, price=None):
        self.asked.append(("modify", order))
        order.price = price

    async def wait_closed(self, order):
        await trio.lowlevel.checkpoint()
        assert order.is_closed, "a test would wait for ever"

    @asynccontextmanager
    async def working(self, order):
        try:
            yield
        finally:
            if order.is_working:
                self.cancel_order(order)

    # What the venue does.

    def fill(self, order, quantity=None):
        """An order is filled, wholly unless it says how much."""
        done = order.remaining_quantity if quantity is None else Decimal(quantity)
        order.filled_quantity += done
        order.average_price = order.price or order.trigger_price or Decimal(100)
        order.status = OrderStatus.PARTIALLY_FILLED if order.remaining_quantity else OrderStatus.FILLED
        self.held += done * order.side.sign

    def quote(self, bid, ask):
        quote = Quote(
            NAME,
            None if bid is None else Decimal(bid),
            Decimal(1),
            Decimal(ask),
            Decimal(1),
            self.time,
            self.time,
        )
        self.cache.update_quote(quote)
        self.bus.publish(f"market_data.{NAME}", quote)

    def working_orders(self, side=None):
        return [each for each in self.orders if each.is_working and side in (None, each.side)]

    def prices(self):
        """Of the orders that work: the buys', the sells'."""
        return tuple([str(each.price) for each in self.working_orders(side)] for side in OrderSide)
