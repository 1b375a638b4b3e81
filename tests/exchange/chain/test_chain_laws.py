"""Laws that hold whatever is asked of the exchange: nothing is lost or made, and nobody jumps the queue.

Three clients and the house trade a perpetual and a pair at a few prices, so that they meet often; they are
rich, and leverage is low, so that margin rarely refuses; one is poor, so that it does at times.
"""

from collections import Counter, defaultdict

from chain_world import World
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from livetrio.exchange.chain.events import Fill, OrderUpdate
from livetrio.exchange.chain.order import NewOrder, Status, Tif, Trigger
from livetrio.exchange.chain.placing import place
from livetrio.exchange.chain.prices import fire_triggers, update_marks

SIDES = st.booleans()
STEPS = st.integers(-6, 6)
SIZES = st.integers(1, 40)


class Exchange(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        world = self.world = World(accounts=4)
        self.ledger = world.ledger
        self.house = world.accounts[3]
        self.house.is_house = True
        world.accounts[2].cash = 3_000 * 10**6
        self.cash = self.ledger.total_cash()
        self.balances = {
            each.index: self.ledger.total_balance(each.index) for each in self.ledger.listing.tokens
        }
        self.trades_seen = 0
        self.filled = Counter()
        self.orders = {}
        self.arrival = {}
        self.last_status = defaultdict(list)

    # What clients do.

    @rule(who=st.integers(0, 3), is_buy=SIDES, step=STEPS, sz=SIZES, tif=st.sampled_from([*Tif][:3]),
          reduce_only=st.sampled_from([False, False, False, True]), spot=st.booleans())  # fmt: skip
    def place(self, who, is_buy, step, sz, tif, reduce_only, spot):
        instrument, px, lots = self.scaled(spot, step, sz)
        new = NewOrder(
            instrument=instrument, is_buy=is_buy, px=px, sz=lots, tif=tif,
            reduce_only=reduce_only and not spot,
        )  # fmt: skip
        expected = self.queue(instrument, is_buy, px)
        place(self.ledger, self.world.accounts[who], new)
        self.take_news(expected)

    @rule(who=st.integers(0, 2), is_buy=SIDES, step=STEPS, sz=SIZES, at=STEPS, market=st.booleans(),
          tp=st.booleans())  # fmt: skip
    def place_trigger(self, who, is_buy, step, sz, at, market, tp):
        instrument, px, lots = self.scaled(False, step, sz)
        trigger = Trigger(px=instrument.reference + at * 10, is_market=market, is_take_profit=tp)
        new = NewOrder(instrument=instrument, is_buy=is_buy, px=px, sz=lots, trigger=trigger)
        place(self.ledger, self.world.accounts[who], new)
        self.take_news([])

    @rule(who=st.integers(0, 3), pick=st.integers(0, 10**6))
    def cancel(self, who, pick):
        orders = list(self.world.accounts[who].orders.values())
        if orders:
            self.world.cancel(orders[pick % len(orders)])
            self.take_news([])

    @rule(step=STEPS)
    def time_passes(self, step):
        self.ledger.time += 70
        self.ledger.oracles[0] = self.world.btc.reference + step * 10
        marked = update_marks(self.ledger, [0, self.world.purr.asset])
        fire_triggers(self.ledger, marked)
        self.take_news([])

    def scaled(self, spot, step, sz):
        """An instrument, a price near its reference, and a size that is worth more than the least."""
        if spot:
            return self.world.purr, self.world.purr.reference + step * 10**3, sz * 100
        return self.world.btc, self.world.btc.reference + step * 10, sz * 100

    def queue(self, instrument, is_buy, px):
        """Whom a taker at this price must meet, in this order: by price, then by arrival."""
        resting = [
            each
            for each in self.ledger.orders.values()
            if each.is_resting and each.instrument is instrument and each.is_buy != is_buy
            and (each.px <= px if is_buy else each.px >= px)
        ]  # fmt: skip
        sign = 1 if is_buy else -1
        resting.sort(key=lambda each: (each.px * sign, self.arrival[each.oid]))
        return [(each, each.sz) for each in resting]

    # What is seen of it.

    def take_news(self, expected):
        events = self.world.take_events()
        for each in events:
            if isinstance(each, Fill):
                self.filled[each.order.oid] += each.sz
                self.orders[each.order.oid] = each.order
            elif isinstance(each, OrderUpdate):
                self.last_status[each.order.oid].append(each.status)
                self.orders[each.order.oid] = each.order
        for order in self.ledger.orders.values():
            if order.is_resting:
                self.arrival.setdefault(order.oid, len(self.arrival))
        self.check_priority(expected)

    def check_priority(self, expected):
        """Whoever stood before the last one that traded is gone: filled, or canceled on the way."""
        traded = [index for index, (order, sz) in enumerate(expected) if order.sz != sz]
        self.trades_seen += len(traded)
        for order, _ in expected[: max(traded, default=0)]:
            assert not order.is_resting, "somebody was jumped"

    @invariant()
    def money_is_conserved_to_the_last_digit(self):
        assert self.ledger.total_cash() == self.cash
        for token, total in self.balances.items():
            assert self.ledger.total_balance(token) == total

    @invariant()
    def positions_are_two_sides_of_the_same(self):
        positions = [account.positions.get(0) for account in self.ledger.accounts.values()]
        sizes = [position.szi for position in positions if position is not None]

        assert sum(sizes) == 0
        assert sum(size for size in sizes if size > 0) == self.ledger.open_interest[0]
        assert all(position.entry_ntl >= 0 for position in positions if position is not None)
        assert all(
            position.entry_ntl == 0 for position in positions if position is not None and position.szi == 0
        )

    @invariant()
    def the_book_is_what_its_orders_are_and_never_crossed(self):
        for asset in (0, self.world.purr.asset):
            book = self.ledger.books[asset]
            for side in (book.bids, book.asks):
                for level in side.levels():
                    assert level.sz == sum(order.sz for order in level.orders.values()) > 0
                assert side.order_count == sum(1 for _ in side.orders())
            if book.best_bid is not None and book.best_ask is not None:
                assert book.best_bid < book.best_ask

    @invariant()
    def every_live_order_is_known_everywhere_or_nowhere(self):
        live = set(self.ledger.orders)
        assert live == {oid for each in self.ledger.accounts.values() for oid in each.orders}
        resting = {order.oid for book in self.ledger.books.values() for side in (book.bids, book.asks)
                   for order in side.orders()}  # fmt: skip
        waiting = {oid for table in self.ledger.triggers.values() for oid in table}
        assert live == resting | waiting
        assert not resting & waiting

    @invariant()
    def sizes_are_conserved(self):
        for oid, order in self.orders.items():
            assert self.filled[oid] == order.orig_sz - order.sz >= 0
            statuses = self.last_status[oid]
            if order.sz == 0 and statuses:
                assert statuses[-1] is Status.FILLED
            ends = [each for each in statuses if not each.is_live]
            assert len(ends) <= 1, "an order ended twice"
            assert (oid in self.ledger.orders) == (not ends)

    @invariant()
    def what_orders_hold_is_the_sum_of_them(self):
        for account in self.world.accounts:
            holds = Counter()
            sums = Counter()
            for order in account.orders.values():
                if order.is_resting and order.instrument is self.world.purr:
                    if order.is_buy:
                        holds[0] += order.px * order.sz * self.world.purr.quote_scale
                    else:
                        holds[1] += order.sz * self.world.purr.base_scale
                elif order.is_resting and not order.reduce_only and not account.is_house:
                    sums[order.is_buy] += order.sz
            resting = account.resting.get(0)

            assert all(account.holds.get(token, 0) == holds[token] for token in (0, 1))
            assert account.reducers == sum(order.reduce_only for order in account.orders.values())
            if not account.is_house:
                assert account.balances[0] >= account.holds.get(0, 0) >= 0
                assert (resting is None and not sums) or (
                    (resting.bid_sz, resting.ask_sz) == (sums[True], sums[False])
                )


Exchange.TestCase.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
TestExchange = Exchange.TestCase


def test_the_laws_are_tried_on_real_trades():
    exchange = Exchange()
    for step in range(200):
        exchange.place(
            step % 4, step % 3 == 0, step % 7 - 3, step % 40 + 1, Tif.GTC, step % 11 == 0, step % 5 == 0
        )
        exchange.money_is_conserved_to_the_last_digit()

    assert exchange.trades_seen > 50
