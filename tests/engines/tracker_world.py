"""A tracker and an execution engine without a venue: its client notes what it is given."""

from decimal import Decimal

import attrs

from livetrio.bus import MessageBus
from livetrio.cache import Cache, CacheConfig
from livetrio.engines.client_ids import ClientOrderIds
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.gate import Gate
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.portfolio import Portfolio
from livetrio.engines.risk import RiskEngine
from livetrio.engines.risk_config import RiskConfig
from livetrio.engines.tracker import OrderTracker
from livetrio.model import (
    Fill,
    FundingPayment,
    Liquidity,
    Order,
    OrderReport,
    OrderSide,
    OrderStatus,
    OrderType,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
ID = "0x6c74" + "0" * 28


class Journal:
    """Remembers in lists."""

    def __init__(self):
        self.events, self.orders, self.fills, self.fundings, self.states = [], [], [], [], {}
        self.timelines = []

    def record_event(self, event):
        self.events.append(type(event).__name__)

    def record_order(self, order):
        self.orders.append(order.client_order_id)

    def record_timeline(self, timeline):
        self.timelines.append(timeline)

    def record_fill(self, fill, strategy):
        self.fills.append((fill.fill_id, strategy))

    def record_funding(self, payment):
        self.fundings.append(payment.payment_id)

    def put(self, kind, key, value):
        self.states[kind, key] = value


@attrs.define
class Client:
    gate: Gate = attrs.field(factory=Gate)
    needs_limit_for_market: bool = False
    sent: list = attrs.field(factory=list)

    def __attrs_post_init__(self):
        for each in list(self.gate._reasons):
            self.gate.open(each)

    def refusal(self, command):
        return None

    def submit(self, order):
        self.sent.append(("submit", order))

    def cancel(self, order):
        self.sent.append(("cancel", order))

    def modify(self, order, quantity, price, trigger):
        self.sent.append(("modify", order, quantity, price, trigger))


class World:
    """`began`: whether the account was looked at already."""

    def __init__(self, *, began=True, history=1000):
        self.now = 10**18
        self.bus = MessageBus()
        self.cache = Cache(CacheConfig(order_history_limit=history))
        self.journal = Journal()
        portfolio = Portfolio(self.cache, self.bus)
        risk = RiskEngine(
            RiskConfig(), self.cache, portfolio, now=lambda: self.now, on_breach=lambda _reason: None
        )
        self.tracker = OrderTracker(
            self.bus,
            self.cache,
            risk=risk,
            portfolio=portfolio,
            journal=self.journal,
            now=lambda: self.now,
            strategies=["mm"],
        )
        self.client = Client()
        self.execution = ExecutionEngine(
            self.bus,
            self.cache,
            self.tracker,
            config=ExecutionConfig(),
            now=lambda: self.now,
            ids=ClientOrderIds(bytes(3), 1),
        )
        self.execution.add_client("HYPERLIQUID", self.client)
        if began:
            self.tracker.begin_account("HYPERLIQUID", KnownFills(since=0))

    def order(self, status=OrderStatus.ACCEPTED, *, name=ID, instrument=BTC, strategy="mm", **more):
        order = Order(
            client_order_id=name, instrument_id=instrument, strategy=strategy, side=OrderSide.BUY,
            order_type=OrderType.LIMIT, quantity=Decimal(10), price=Decimal(100), status=status,
            venue_order_id="1", ts_event=0, **more,
        )  # fmt: skip
        self.tracker.publish(self.tracker.track(order), ())
        return order


def report(status=OrderStatus.ACCEPTED, *, name=ID, venue_id="1", quantity=Decimal(10), **more):
    values = {"side": OrderSide.BUY, "price": Decimal(100), "remaining_quantity": quantity} | more
    return OrderReport(
        client_order_id=name, venue_order_id=venue_id, instrument_id=BTC, status=status, quantity=quantity,
        revision=0, ts_event=1, ts_init=1, **values,
    )  # fmt: skip


def fill(number, quantity=1, *, name=ID, venue_id="1"):
    return Fill(
        fill_id=str(number), venue_order_id=venue_id, client_order_id=name, revision=0, instrument_id=BTC,
        side=OrderSide.BUY, price=Decimal(100), quantity=Decimal(quantity), fee=Decimal(0),
        fee_currency="USD", liquidity=Liquidity.MAKER, ts_event=number, ts_init=number,
    )  # fmt: skip


def payment(at):
    return FundingPayment(
        instrument_id=BTC, amount=Decimal(-1), currency="USD", rate=Decimal(0), quantity=Decimal(10),
        ts_event=at, ts_init=at,
    )  # fmt: skip
