"""Laws of the limits: whatever a venue does with orders, and whenever it tells of it, what has left stays
within them."""

from __future__ import annotations

from decimal import Decimal

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from portfolio_world import BTC, perpetual

from livetrio.cache import Cache
from livetrio.engines.risk import RiskEngine
from livetrio.engines.risk_config import InstrumentLimits, RiskConfig, StrategyLimits
from livetrio.engines.tracked import TrackedOrder
from livetrio.model import (
    Fill,
    Liquidity,
    Order,
    OrderInitialized,
    OrderReport,
    OrderSide,
    OrderStatus,
    OrderType,
    Quote,
)

LIMIT = 5
SIDES = st.sampled_from(OrderSide)
SIZES = st.integers(1, 6)
ZERO = Decimal(0)


@attrs.define
class AtVenue:
    """An order as the venue has it."""

    tracked: TrackedOrder
    left: Decimal
    """May still be filled there."""
    filled: Decimal = ZERO
    """Of the present leg."""
    revision: int = 0
    size: Decimal = ZERO
    """Of the present leg."""
    is_over: bool = False

    @property
    def order(self):
        return self.tracked.order

    @property
    def is_open(self):
        """So far as we know."""
        return self.order.is_open and self.order.pending_revision is None


class Holdings:
    """By the fills that were told."""

    def __init__(self):
        self.held = {}

    def add(self, owner, quantity):
        for each in (None, owner):
            self.held[each] = self.held.get(each, ZERO) + quantity

    def quantity(self, instrument_id, strategy=None):
        return self.held.get(strategy, ZERO)

    def pnl(self, strategy=None, instrument_id=None):
        return ZERO

    def day_pnl(self, strategy=None, instrument_id=None):
        return ZERO


class Limited(RuleBasedStateMachine):
    """An engine that may hold 5, and a venue that fills, ends, changes and loses orders and tells of it late
    and in any order."""

    LIMITS = RiskConfig(instruments={BTC: InstrumentLimits(max_position=Decimal(LIMIT))})

    def __init__(self):
        super().__init__()
        self.now = 10**18
        self.cache = Cache()
        self.holdings = Holdings()
        self.risk = RiskEngine(
            attrs.evolve(self.LIMITS, max_order_rate=Decimal(10**6), order_rate_burst=10**6),
            self.cache,
            self.holdings,
            now=lambda: self.now,
            on_breach=lambda words: None,
        )
        self.cache.update_instrument(perpetual(BTC))
        self.cache.update_quote(
            Quote(BTC, Decimal(99), Decimal(1), Decimal(101), Decimal(1), self.now, self.now)
        )
        self.orders = []
        self.news = []
        self.position = ZERO
        """As the venue has it."""
        self.shares = {"a": ZERO, "b": ZERO}
        self.count = 0
        self.raced = dict.fromkeys(OrderSide, ZERO)
        """Filled and not known to be when a modification was asked for, or while it was under way: that makes
        the order afresh with all that was to be open."""

    @initialize(position=st.integers(-LIMIT, LIMIT), owner=st.sampled_from("ab"))
    def begin(self, position, owner):
        self.position = self.shares[owner] = Decimal(position)
        self.holdings.add(owner, self.position)

    # Ours.

    def publish(self, events):
        for event in events:
            self.risk.on_order_event(event)

    @rule(
        side=SIDES,
        size=SIZES,
        strategy=st.sampled_from("ab"),
        kind=st.sampled_from(["limit", "market", "reduce"]),
        is_told=st.booleans(),
    )
    def place(self, side, size, strategy, kind, is_told):
        self.count += 1
        order = Order(
            client_order_id=str(self.count), instrument_id=BTC, strategy=strategy, side=side,
            order_type=OrderType.MARKET if kind == "market" else OrderType.LIMIT,
            quantity=Decimal(size), price=None if kind == "market" else Decimal(100),
            reduce_only=kind == "reduce", status=OrderStatus.PENDING, ts_event=0,
        )  # fmt: skip
        if self.risk.check(order) is None:
            tracked = TrackedOrder(order)
            status = order.status
            self.publish(
                [OrderInitialized(order=order, previous=status, status=status, ts_event=0, ts_init=0)]
            )
            self.publish(tracked.submit(self.now, None))
            self.orders.append(AtVenue(tracked, Decimal(size), size=Decimal(size)))
            if is_told:
                self.publish(tracked.accept(0, None, None, self.now))

    def pick(self, data, **wanted):
        """One of the orders, rather one of which this is true."""
        fitting = [
            each
            for each in self.orders
            if all(getattr(each, name) == value for name, value in wanted.items())
        ]
        return data.draw(st.sampled_from(fitting or self.orders))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def wish_to_cancel(self, data):
        tracked = self.pick(data).tracked
        if tracked.order.is_working:
            self.publish(tracked.begin_cancel(self.now))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def lose(self, data):
        self.publish(self.pick(data).tracked.lose("no answer", self.now))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), more=st.integers(-2, 4), is_done=st.booleans())
    def modify(self, data, more, is_done):
        at_venue = self.pick(data, is_open=True)
        tracked, order = at_venue.tracked, at_venue.order
        size = order.quantity + more
        if not at_venue.is_open or size <= order.filled_quantity:
            return
        if self.risk.check_modify(order, size, order.price) is not None:
            return
        left = size - order.filled_quantity
        self.raced[order.side] += sum(
            (each[2] for each in self.news if each[0] == "fill" and each[1] is at_venue), ZERO
        )
        self.publish(tracked.begin_modification(left, order.price, None, self.now))
        self.news.append(("modify", at_venue, left, is_done))

    # The venue's.

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def fill(self, data):
        at_venue = self.pick(data, is_over=False)
        order, most = at_venue.order, at_venue.left
        if order.reduce_only:
            most = min(most, max(ZERO, -self.position * order.side.sign))
        if at_venue.is_over or most <= 0:
            return
        size = Decimal(data.draw(st.integers(1, int(most))))
        at_venue.left -= size
        at_venue.filled += size
        at_venue.is_over = not at_venue.left
        self.position += order.side.sign * size
        self.shares[order.strategy] += order.side.sign * size
        if any(kind == "modify" and each is at_venue for kind, each, *_ in self.news):
            self.raced[order.side] += size
        self.news.append(("fill", at_venue, size, at_venue.revision))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), status=st.sampled_from([OrderStatus.CANCELED, OrderStatus.EXPIRED]))
    def end(self, data, status):
        at_venue = self.pick(data, is_over=False)
        if not at_venue.is_over:
            at_venue.is_over, left = True, at_venue.left
            at_venue.left = ZERO
            self.news.append(("report", at_venue, status, at_venue.revision, at_venue.size, left))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def accept(self, data):
        at_venue = self.pick(data, is_over=False)
        if not at_venue.is_over:
            self.news.append(
                ("report", at_venue, OrderStatus.ACCEPTED, at_venue.revision, at_venue.size, at_venue.left)
            )

    @precondition(lambda self: self.news)
    @rule(data=st.data())
    def tell(self, data):
        kind, at_venue, *news = self.news.pop(data.draw(st.integers(0, len(self.news) - 1)))
        getattr(self, f"tell_{kind}")(at_venue, *news)

    def tell_fill(self, at_venue, size, revision):
        order = at_venue.order
        self.count += 1
        fill = Fill(
            fill_id=str(self.count), venue_order_id=None, client_order_id=order.client_order_id,
            revision=revision, instrument_id=BTC, side=order.side, price=Decimal(100), quantity=size,
            fee=ZERO, fee_currency="USD", liquidity=Liquidity.MAKER, ts_event=self.now, ts_init=self.now,
        )  # fmt: skip
        events = at_venue.tracked.take_fill(fill)
        self.holdings.add(order.strategy, fill.signed_quantity)
        self.publish(events)

    def tell_report(self, at_venue, status, revision, size, left):
        report = OrderReport(
            client_order_id=at_venue.order.client_order_id, revision=revision, venue_order_id=None,
            instrument_id=BTC, status=status, quantity=size, remaining_quantity=left,
            ts_event=self.now, ts_init=self.now,
        )  # fmt: skip
        self.publish(at_venue.tracked.take_report(report))

    def tell_modify(self, at_venue, left, is_done):
        """The venue does what was asked, or not, and its answer comes at once."""
        pending = at_venue.order.pending_revision
        if pending is None:
            return
        if at_venue.is_over or not is_done:
            self.publish(at_venue.tracked.end_modification("refused", self.now))
        else:
            at_venue.revision, at_venue.filled = pending, ZERO
            at_venue.left = at_venue.size = left
            self.tell_report(at_venue, OrderStatus.ACCEPTED, pending, left, left)

    # What must hold.

    def furthest(self, side):
        """How far the position could come to that side at the venue, if it filled all that it has."""
        there = [each for each in self.orders if each.order.side is side and not each.is_over]
        plain = sum((each.left for each in there if not each.order.reduce_only), ZERO)
        reducing = sum((each.left for each in there if each.order.reduce_only), ZERO)
        along = self.position * side.sign
        return (min(ZERO, along + reducing) if along < 0 else along) + plain

    @invariant()
    def what_may_come_of_it_is_within_the_limits(self):
        for side in OrderSide:
            assert self.furthest(side) <= LIMIT + self.raced[side]

    @precondition(lambda self: not self.news and all(each.order.is_closed for each in self.orders))
    @rule(side=SIDES)
    def when_nothing_is_working_as_much_may_leave_as_the_limit_leaves(self, side):
        most = LIMIT - self.furthest(side)
        order = Order(
            client_order_id="x", instrument_id=BTC, strategy="a", side=side, order_type=OrderType.LIMIT,
            quantity=most, price=Decimal(100), status=OrderStatus.PENDING, ts_event=0,
        )  # fmt: skip

        assert self.holdings.quantity(BTC) == self.position
        assert most <= 0 or self.risk.check(order) is None
        order.quantity = max(most, ZERO) + 1
        assert self.risk.check(order) is not None


class GrossLimited(Limited):
    """An engine of which all positions together may be worth 500, at a price of 100."""

    LIMITS = RiskConfig(max_gross_exposure=Decimal(500))


class ShareLimited(Limited):
    """A strategy that may hold 5, beside another one that may hold what it likes."""

    LIMITS = RiskConfig(strategies={"a": StrategyLimits(max_position=Decimal(LIMIT))})

    def furthest(self, side):
        """Of the strategy's share. Reduce-only orders make the account's position smaller, whatever the
        share, and are not its business."""
        there = [each for each in self.orders if each.order.side is side and not each.is_over]
        mine = [each for each in there if each.order.strategy == "a" and not each.order.reduce_only]
        return self.shares["a"] * side.sign + sum((each.left for each in mine), ZERO)


TestLimited = Limited.TestCase
TestGrossLimited = GrossLimited.TestCase
TestShareLimited = ShareLimited.TestCase
TestLimited.settings = TestGrossLimited.settings = TestShareLimited.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None
)
