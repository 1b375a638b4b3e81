"""No limit is ever broken by what was allowed to leave, whatever becomes of it."""

from collections import Counter
from decimal import Decimal
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from risk_desk import BTC, BUY, ETH, SELL, Desk, perpetual

from livetrio.engines.exposure import Working
from livetrio.engines.risk_config import InstrumentLimits, StrategyLimits
from livetrio.model import Order, OrderSide, OrderStatus

D = Decimal
PRICES = {BTC: 100, ETH: 10}
STRATEGIES = ["a", "b"]
MOST, MOST_OPEN, MOST_GROSS = 5, 6, 320
"""Of BTC, base units; of orders; of all, quote currency."""


class Market(RuleBasedStateMachine):
    """Two strategies in two instruments. Orders are filled, lost, found, modified and ended in any order."""

    reduce_only = st.just(False)
    shares = MappingProxyType({"a": 4, "b": 1})
    """What each strategy may hold of an instrument, base units."""

    @initialize()
    def begin(self):
        self.desk = Desk(
            instruments={BTC: InstrumentLimits(max_position=D(MOST))},
            strategies={name: StrategyLimits(max_position=D(most)) for name, most in self.shares.items()},
            max_gross_exposure=D(MOST_GROSS),
            max_open_orders=MOST_OPEN,
        )
        self.desk.quote(ETH, 10)
        self.desk.cache.update_instrument(perpetual(BTC))
        self.working = []
        self.wanted = {}
        """By order: the size that a modification under way asks for, and what was to be open of it."""

    @rule(
        data=st.data(),
        side=st.sampled_from(OrderSide),
        quantity=st.integers(1, 6),
        instrument=st.sampled_from([BTC, BTC, ETH]),
        strategy=st.sampled_from(STRATEGIES),
    )
    def place(self, data, side, quantity, instrument, strategy):
        is_guarded = data.draw(self.reduce_only)
        more = {"instrument": instrument, "strategy": strategy, "reduce_only": is_guarded}
        order = self.desk.place(side, quantity, PRICES[instrument], **more)
        if isinstance(order, Order):
            self.working.append(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), quantity=st.integers(1, 6))
    def fill(self, data, quantity):
        order = data.draw(st.sampled_from(self.working))
        quantity = min(D(quantity), order.remaining_quantity)
        if order.reduce_only:  # by the account's position: the venue sees to it
            held = self.desk.holdings.quantity(order.instrument_id)
            quantity = min(quantity, max(D(0), -held * order.side.sign))
        if quantity:
            self.desk.fill(order, quantity)
            self.sort_out(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), status=st.sampled_from([OrderStatus.UNKNOWN, OrderStatus.ACCEPTED]))
    def change(self, data, status):
        order = data.draw(st.sampled_from(self.working))
        order.status = status
        order.is_canceling = data.draw(st.booleans())
        self.desk.tell(order)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def end(self, data):
        order = data.draw(st.sampled_from(self.working))
        self.desk.end(order)
        self.sort_out(order)

    @precondition(lambda self: any(each.client_order_id not in self.wanted for each in self.working))
    @rule(data=st.data(), more=st.integers(-2, 4))
    def modify(self, data, more):
        free = [each for each in self.working if each.client_order_id not in self.wanted]
        order = data.draw(st.sampled_from(free))
        quantity = order.quantity + more
        if quantity > order.filled_quantity and self.desk.modify(order, quantity) is None:
            self.wanted[order.client_order_id] = quantity, quantity - order.filled_quantity

    @precondition(lambda self: self.wanted)
    @rule(data=st.data(), is_done=st.booleans())
    def confirm(self, data, is_done):
        key = data.draw(st.sampled_from([*self.wanted]))
        (order,) = (each for each in self.working if each.client_order_id == key)
        wanted, _ = self.wanted.pop(key)
        self.desk.confirm(order, wanted if is_done and wanted > order.filled_quantity else order.quantity)

    def sort_out(self, order):
        if order.is_closed:
            self.working.remove(order)
            self.wanted.pop(order.client_order_id, None)

    @invariant()
    def positions_are_within_their_limits(self):
        assert abs(self.desk.holdings.quantity(BTC)) <= MOST

    @invariant()
    def nor_could_what_is_working_take_them_beyond(self):
        """But for what is filled of an order while its modification is under way."""
        if any(
            wanted - order.filled_quantity != open_then
            for order in self.working
            for wanted, open_then in [self.wanted.get(order.client_order_id, (D(0), -order.filled_quantity))]
        ):
            return
        working = self.desk.risk.exposure.working(BTC, None)
        assert working.largest(self.desk.holdings.quantity(BTC)) <= MOST
        assert self.desk.risk.exposure.gross(None) <= MOST_GROSS

    @invariant()
    def all_together_is_within_its_limit(self):
        worth = sum(abs(self.desk.holdings.quantity(each)) * price for each, price in PRICES.items())
        assert worth <= MOST_GROSS

    @invariant()
    def orders_are_no_more_than_may_be(self):
        assert len([each for each in self.working if not each.reduce_only]) <= MOST_OPEN

    @invariant()
    def what_is_counted_is_what_is_working(self):
        sums, counts = Counter(), Counter()
        for order in self.working:
            _, open_then = self.wanted.get(order.client_order_id, (None, D(0)))
            left = max(order.remaining_quantity, open_then)
            for owner in (order.strategy, None):
                sums[order.instrument_id, owner, order.side] += left
                counts[owner] += 1

        exposure, worth = self.desk.risk.exposure, D(0)
        for owner in (None, *STRATEGIES):
            assert exposure.orders(owner) == counts[owner]
            for instrument in PRICES:
                for side in OrderSide:
                    assert exposure.working(instrument, owner).of(side) == sums[instrument, owner, side]
        for instrument, price in PRICES.items():
            held = self.desk.holdings.quantity(instrument)
            worth += exposure.working(instrument, None).largest(held) * price
        assert exposure.gross(None) == worth


class PlainMarket(Market):
    """Of plain orders alone, the limits of shares hold, too: those that are working included."""

    @invariant()
    def shares_are_within_their_limits(self):
        for strategy, most in self.shares.items():
            for instrument in PRICES:
                held = self.desk.holdings.quantity(instrument, strategy)
                own = [
                    each
                    for each in self.working
                    if (each.strategy, each.instrument_id) == (strategy, instrument)
                ]
                buys = sum(each.remaining_quantity for each in own if each.side is BUY)
                sells = sum(each.remaining_quantity for each in own if each.side is SELL)

                assert held + buys <= most
                assert held - sells >= -most


class MixedMarket(Market):
    """Among the orders are such as only reduce."""

    reduce_only = st.booleans()
    shares = MappingProxyType({"a": 100, "b": 100})


class TestPlainMarket(PlainMarket.TestCase):
    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class TestMixedMarket(MixedMarket.TestCase):
    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


UNITS = st.integers(0, 4)


@given(st.data(), st.integers(-4, 4), UNITS, UNITS, UNITS, UNITS)
def test_no_order_of_fills_takes_a_position_beyond_its_reach(data, held, buys, sells, up, down):
    working = Working(*map(D, (buys, sells, up, down)))
    fills = [(1, False)] * buys + [(-1, False)] * sells + [(1, True)] * up + [(-1, True)] * down
    position = held
    for sign, reduces in data.draw(st.permutations(fills)):
        if not reduces or position * sign < 0:
            position += sign

        assert -working.reach(SELL, D(held)) <= position <= working.reach(BUY, D(held))


@given(st.integers(-4, 4), UNITS, UNITS, st.integers(0, 4), st.booleans())
def test_the_reach_is_no_farther_than_it_can_come_to(held, plain, guarded, more, reducing):
    """What only reduces is filled first, then the rest."""
    first, then = (guarded + more, plain) if reducing else (guarded, plain + more)
    position = min(held + first, max(held, 0)) + then
    working = {BUY: Working(buys=D(plain), reducing_buys=D(guarded)),
               SELL: Working(sells=D(plain), reducing_sells=D(guarded))}  # fmt: skip

    assert working[BUY].reach(BUY, D(held), D(more), reducing=reducing) == position
    assert working[SELL].reach(SELL, D(-held), D(more), reducing=reducing) == position
