"""RiskEngine: what may leave, and that no limit is ever broken, whatever becomes of what has left."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from livetrio.cache import Cache
from livetrio.engines.risk import RiskEngine, TradingState
from livetrio.engines.risk_config import InstrumentLimits, Limits, Protection, RiskConfig
from livetrio.model import (
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
BTC, ETH = "BTC-USD-PERP.HYPERLIQUID", "ETH-USD-PERP.HYPERLIQUID"
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@attrs.define
class Holdings:
    held: dict = attrs.field(factory=dict)
    lost: dict = attrs.field(factory=dict)

    def quantity(self, instrument_id, strategy=None):
        return self.held.get((instrument_id, strategy), D(0))

    def pnl(self, strategy=None):
        return -self.lost.get(strategy, D(0))

    def day_pnl(self, strategy=None):
        return -self.lost.get(strategy, D(0))


class Desk:
    """A risk engine, what it sees, and orders that leave by it."""

    def __init__(self, **limits):
        self.now = 100 * SECOND
        self.cache = Cache()
        self.holdings = Holdings()
        self.breaches = []
        self.risk = RiskEngine(
            RiskConfig(**limits),
            self.cache,
            self.holdings,
            now=lambda: self.now,
            on_breach=self.breaches.append,
        )
        self.quote(BTC, 100)
        self.count = 0

    def quote(self, instrument, mid, at=None):
        at = self.now if at is None else at
        self.cache.update_quote(Quote(instrument, D(mid) - 1, D(1), D(mid) + 1, D(1), at, at))

    def order(self, side, quantity, price=100, *, instrument=BTC, strategy="mm", **more):
        self.count += 1
        return Order(
            client_order_id=str(self.count), instrument_id=instrument, strategy=strategy, side=side,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT, quantity=D(quantity),
            price=None if price is None else D(price), status=OrderStatus.PENDING, ts_event=0, **more,
        )  # fmt: skip

    def place(self, side, quantity, price=100, **more):
        """Check an order, and let it leave if it may; why not, or the order."""
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

    def fill(self, order, quantity):
        order.filled_quantity += D(quantity)
        order.status = OrderStatus.FILLED if order.remaining_quantity == 0 else OrderStatus.PARTIALLY_FILLED
        for owner in {order.strategy, None}:
            key = (order.instrument_id, owner)
            self.holdings.held[key] = self.holdings.held.get(key, D(0)) + order.side.sign * D(quantity)
        self.tell(order)

    def end(self, order):
        order.status = OrderStatus.CANCELED
        self.tell(order)


def limited(**limits):
    return Desk(instruments={BTC: InstrumentLimits(**limits)})


def test_within_the_limits_orders_leave():
    assert isinstance(Desk().place(BUY, 1), Order)


def test_a_size_above_the_limit_is_refused_with_figures():
    assert limited(max_order_size=D(2)).place(BUY, 3) == f"its size is 3, {BTC}'s limit is 2"


def test_an_order_that_is_worth_too_much_is_refused():
    assert Desk(max_order_notional=D(150)).place(BUY, 2) == "it is worth 200.00, the account's limit is 150"


def test_working_orders_count_towards_the_position():
    desk = limited(max_position=D(3))
    assert isinstance(desk.place(BUY, 2), Order)

    assert "the position would be 4" in desk.place(BUY, 2)
    assert isinstance(desk.place(BUY, 1), Order)
    assert isinstance(desk.place(SELL, 3), Order)


@pytest.mark.parametrize("status", [OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, OrderStatus.PENDING])
def test_what_is_in_flight_or_unknown_counts_whole(status):
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)
    order.status = status
    desk.tell(order)

    assert "the position would be 4" in desk.place(BUY, 2)


def test_a_wish_to_cancel_sets_nothing_free_and_the_venues_word_does():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 3)
    order.is_canceling = True
    desk.tell(order)
    assert "the position would be 4" in desk.place(BUY, 1)

    desk.end(order)
    assert isinstance(desk.place(BUY, 1), Order)


def test_what_reduces_passes_the_limits_on_positions():
    desk = limited(max_position=D(1))
    desk.holdings.held[BTC, None] = D(5)

    assert isinstance(desk.place(SELL, 4), Order)
    assert "the position would be" in desk.place(SELL, 4)  # with the other it would turn the position
    assert isinstance(desk.place(SELL, 4, reduce_only=True), Order)


def test_limits_of_a_strategy_count_its_own_orders_only():
    desk = Desk(strategies={"mm": Limits(max_open_orders=1)})
    assert isinstance(desk.place(BUY, 1, strategy="trend"), Order)
    assert isinstance(desk.place(BUY, 1), Order)

    assert desk.place(BUY, 1) == "it would be the 2th working order, mm's limit is 1"
    assert isinstance(desk.place(BUY, 1, strategy="trend"), Order)


def test_the_worth_of_a_position_is_limited_per_strategy():
    desk = Desk(strategies={"mm": Limits(max_position_notional=D(250))})
    desk.holdings.held[BTC, "mm"] = D(2)

    assert "would be worth 300.00, mm's limit is 250" in desk.place(BUY, 1)


def test_gross_exposure_counts_all_instruments_and_what_works_there():
    desk = Desk(max_gross_exposure=D(500))
    desk.quote(ETH, 10)
    desk.holdings.held[ETH, None] = D(-20)
    desk.cache.update_position(Position(instrument_id=ETH, quantity=D(-20), entry_price=D(10), ts_event=0))
    assert isinstance(desk.place(SELL, 10, 10, instrument=ETH), Order)

    assert desk.place(BUY, 3) == "gross exposure would be 600.00 with all that works, the limit is 500"
    assert isinstance(desk.place(BUY, 2), Order)


def test_gross_exposure_takes_the_price_that_is_known():
    desk = Desk(max_gross_exposure=D(500))
    desk.holdings.held[ETH, None] = D(1)
    desk.cache.update_position(Position(instrument_id=ETH, quantity=D(1), entry_price=D(450), ts_event=0))

    assert "would be 550.00" in desk.place(BUY, 1)


def test_a_price_far_beyond_the_market_is_refused_and_one_far_behind_is_not():
    desk = Desk()

    assert "its price 120 is 2000 basis points beyond the market at 100" in desk.place(BUY, 1, 120)
    assert "its price 80 is 2000 basis points beyond" in desk.place(SELL, 1, 80)
    assert isinstance(desk.place(BUY, 1, 50), Order)


def test_a_price_that_is_old_or_unknown_decides_nothing():
    desk = Desk()
    desk.now += 11 * SECOND

    assert desk.place(BUY, 1) == f"the last price of {BTC} is 11.0 s old, and 10 s is the limit"
    assert "no price of ETH-USD-PERP.HYPERLIQUID is known" in desk.place(BUY, 1, instrument=ETH)


def test_a_mark_price_will_do():
    desk = Desk()
    desk.cache.update_context(
        MarketContext(ETH, D(10), None, None, None, None, None, None, desk.now, desk.now)
    )

    assert isinstance(desk.place(BUY, 1, 10, instrument=ETH), Order)


def test_a_flood_is_refused():
    desk = Desk(max_order_rate=D(1), order_rate_burst=2)

    assert [type(desk.place(BUY, 1)) for _ in range(3)] == [Order, Order, str]
    desk.now += SECOND
    assert isinstance(desk.place(BUY, 1), Order)


def test_halted_nothing_leaves_and_reducing_only_what_reduces():
    desk = Desk()
    desk.holdings.held[BTC, None] = D(5)
    desk.risk.set_state(TradingState.REDUCING, "the engine stops")
    assert desk.place(BUY, 1) == "only what makes positions smaller may leave: the engine stops"
    assert isinstance(desk.place(SELL, 1), Order)

    desk.risk.set_state(TradingState.HALTED, "by hand")
    assert desk.place(SELL, 1) == "trading is halted: by hand"
    desk.risk.set_state(TradingState.ACTIVE)
    assert isinstance(desk.place(BUY, 1), Order)


def test_a_loss_halts_once_a_day():
    desk = Desk(max_daily_loss=D(10))
    desk.holdings.lost[None] = D("9.99")
    desk.risk.check_losses()
    assert desk.breaches == []

    desk.holdings.lost[None] = D(10)
    desk.risk.check_losses()
    desk.risk.check_losses()
    assert desk.breaches == ["10.00 lost today, the limit is 10"]


def test_a_drawdown_halts():
    desk = Desk(max_drawdown=D(10))
    desk.holdings.lost[None] = D(-30)
    desk.risk.check_losses()
    desk.holdings.lost[None] = D(-20)
    desk.risk.check_losses()

    assert desk.breaches == ["10.00 below the best, the limit is 10"]


def test_a_strategys_loss_locks_its_entries_only():
    desk = Desk(strategies={"mm": Limits(max_daily_loss=D(10))})
    desk.holdings.lost["mm"] = D(10)
    desk.risk.check_losses()

    assert "entries are locked: 10.00 lost today" in desk.place(BUY, 1)
    assert isinstance(desk.place(BUY, 1, strategy="trend"), Order)
    assert desk.breaches == []


def test_a_protection_locks_entries_after_round_trips():
    desk = Desk(protections=[Protection(kind="cooldown", lock_ms=5_000)])
    desk.holdings.held[BTC, None] = D(1)
    desk.risk.on_round_trip(BTC, "mm", D(3), desk.now)

    assert "entries are locked: cooling down" in desk.place(BUY, 1)
    assert isinstance(desk.place(SELL, 1), Order)
    assert list(desk.risk.locks()) == [BTC]
    desk.now += 5 * SECOND
    assert isinstance(desk.place(BUY, 1), Order)


def test_only_the_increase_of_a_modification_counts_and_it_counts_at_once():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)

    assert "the position would be 4" in desk.risk.check_modify(order, D(4), D(100))
    assert desk.risk.check_modify(order, D(3), D(100)) is None
    assert "the position would be 4" in desk.place(BUY, 1)


def test_orders_of_the_last_run_count():
    desk = limited(max_position=D(3))
    order = desk.order(BUY, 3)
    order.status = OrderStatus.UNKNOWN
    desk.risk.restore(order)

    assert "the position would be 4" in desk.place(BUY, 1)


class NeverAboveTheLimit(RuleBasedStateMachine):
    """Whatever leaves, fills, ends, is canceled late or is unknown: the position stays within its limit."""

    @initialize()
    def begin(self):
        self.desk = limited(max_position=D(5))
        self.working = []

    @rule(side=st.sampled_from(OrderSide), quantity=st.integers(1, 4), strategy=st.sampled_from("ab"))
    def place(self, side, quantity, strategy):
        order = self.desk.place(side, quantity, strategy=strategy)
        if isinstance(order, Order):
            self.working.append(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def fill(self, data):
        order = data.draw(st.sampled_from(self.working))
        self.desk.fill(order, data.draw(st.integers(1, int(order.remaining_quantity))))
        if order.is_closed:
            self.working.remove(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def end(self, data):
        order = data.draw(st.sampled_from(self.working))
        self.working.remove(order)
        self.desk.end(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), status=st.sampled_from([OrderStatus.UNKNOWN, OrderStatus.ACCEPTED]))
    def change(self, data, status):
        order = data.draw(st.sampled_from(self.working))
        order.status = status
        self.desk.tell(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), quantity=st.integers(1, 6))
    def modify(self, data, quantity):
        order = data.draw(st.sampled_from(self.working))
        if (
            quantity > order.filled_quantity
            and self.desk.risk.check_modify(order, D(quantity), D(100)) is None
        ):
            order.quantity = max(D(quantity), order.filled_quantity + 1)
            self.desk.tell(order)

    @invariant()
    def within(self):
        held = self.desk.holdings.quantity(BTC)
        buys = sum(each.remaining_quantity for each in self.working if each.side is BUY)
        sells = sum(each.remaining_quantity for each in self.working if each.side is SELL)
        assert held + buys <= 5
        assert held - sells >= -5
        open = self.desk.risk.exposure.open(BTC, None)
        assert (open.buys, open.sells, open.orders) == (buys, sells, len(self.working))


TestNeverAboveTheLimit = NeverAboveTheLimit.TestCase
TestNeverAboveTheLimit.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
