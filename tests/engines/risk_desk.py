"""A risk engine, what it sees, and orders that leave by it."""

from __future__ import annotations

import json
from decimal import Decimal

import attrs

from livetrio.cache import Cache
from livetrio.engines.risk import RiskEngine
from livetrio.engines.risk_config import InstrumentLimits, RiskConfig
from livetrio.model import (
    Instrument,
    InstrumentKind,
    MarketContext,
    Order,
    OrderEvent,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    Quote,
)

D = Decimal
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
BTC, ETH = "BTC-USD-PERP.FAKE", "ETH-USD-PERP.FAKE"
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def perpetual(instrument):
    base = instrument.partition("-")[0]
    return Instrument(
        instrument_id=instrument, kind=InstrumentKind.PERPETUAL, base=base, quote="USD", venue_symbol=base,
        price_step=D(1), size_step=D("0.1"),
    )  # fmt: skip


@attrs.define
class Holdings:
    """What is held, and what it has brought, as a test says."""

    held: dict = attrs.field(factory=dict)
    results: dict = attrs.field(factory=dict)
    days: dict = attrs.field(factory=dict)
    priced: bool = True

    def quantity(self, instrument_id, strategy=None):
        return self.held.get((instrument_id, strategy), D(0))

    def pnl(self, strategy=None, instrument_id=None):
        return self.results.get(instrument_id or strategy, D(0))

    def day_pnl(self, strategy=None, instrument_id=None):
        return self.days.get(instrument_id or strategy, D(0))

    def is_priced(self, strategy=None, instrument_id=None):
        return self.priced


class Desk:
    """BTC costs 100 at first, and nothing is held."""

    def __init__(self, **limits):
        self.now = 100 * SECOND
        self.cache = Cache()
        self.holdings = Holdings()
        self.breaches = []
        self.on_breach = self.breaches.append
        self.limits = limits
        self.states = {}
        """What the journal has: by kind and key."""
        self.risk = self._make_risk()
        self.quote(BTC, 100)
        self.count = 0

    def _make_risk(self):
        return RiskEngine(
            RiskConfig(**self.limits),
            self.cache,
            self.holdings,
            now=lambda: self.now,
            on_breach=lambda words: self.on_breach(words),
            remember=self._remember,
        )

    def _remember(self, kind, key, value):
        if value is None:
            del self.states[kind][key]
        else:
            self.states.setdefault(kind, {})[key] = json.loads(json.dumps(value))

    def restart(self, **limits):
        """As the engine does, maybe with other limits."""
        self.limits |= limits
        states = {kind: dict(values) for kind, values in self.states.items()}
        self.risk = self._make_risk()
        self.risk.restore_states(states)

    # What is known.

    def quote(self, instrument, mid):
        self.cache.update_quote(Quote(instrument, D(mid) - 1, D(1), D(mid) + 1, D(1), self.now, self.now))

    def mark(self, instrument, price):
        self.cache.update_context(
            MarketContext(instrument, D(price), None, None, None, None, None, None, self.now, self.now)
        )

    def hold(self, quantity, *, instrument=BTC, strategy=None, entry_price=100):
        """The account has got so much, by somebody's trades."""
        for owner in {strategy, None}:
            key = (instrument, owner)
            self.holdings.held[key] = self.holdings.held.get(key, D(0)) + D(quantity)
        self.cache.update_position(
            Position(
                instrument_id=instrument, quantity=self.holdings.quantity(instrument),
                entry_price=D(entry_price), ts_event=0,
            )
        )  # fmt: skip

    # Orders.

    def order(self, side, quantity, price=100, *, instrument=BTC, strategy="mm", **more):
        self.count += 1
        values = {"order_type": OrderType.MARKET if price is None else OrderType.LIMIT}
        return Order(
            client_order_id=str(self.count), instrument_id=instrument, strategy=strategy, side=side,
            quantity=D(quantity), price=None if price is None else D(price), status=OrderStatus.PENDING,
            ts_event=0, **values | more,
        )  # fmt: skip

    def place(self, side, quantity, price=100, **more):
        """Check an order, and let it leave if it may; the order, or why not."""
        order = self.order(side, quantity, price, **more)
        reason = self.risk.check(order)
        if reason is not None:
            return reason
        order.status = OrderStatus.ACCEPTED
        self.tell(order)
        return order

    def tell(self, order):
        self.risk.on_order_event(
            OrderEvent(order=order, previous=order.status, status=order.status, ts_event=0, ts_init=0)
        )

    def fill(self, order, quantity=None):
        quantity = order.remaining_quantity if quantity is None else D(quantity)
        order.filled_quantity += quantity
        if order.is_working:
            is_over = order.remaining_quantity <= 0
            order.status = OrderStatus.FILLED if is_over else OrderStatus.PARTIALLY_FILLED
        self.hold(order.side.sign * quantity, instrument=order.instrument_id, strategy=order.strategy)
        self.tell(order)

    def end(self, order):
        order.status = OrderStatus.CANCELED
        self.tell(order)

    def modify(self, order, quantity, price=None):
        """Let a modification leave if it may; why not, or None."""
        reason = self.risk.check_modify(order, D(quantity), order.price if price is None else D(price))
        if reason is None:
            order.pending_revision = order.revision + 1
            self.tell(order)
        return reason

    def confirm(self, order, quantity):
        """The modification was done (or with the old size, refused)."""
        order.pending_revision = None
        order.quantity = D(quantity)
        self.tell(order)


def limited(**limits):
    """A desk with limits of BTC."""
    return Desk(instruments={BTC: InstrumentLimits(**limits)})
