"""What the engine believes now: look-ups, the indexes of orders, and what is forgotten."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from livetrio.cache import Cache, CacheConfig
from livetrio.model import (
    Account,
    AggressorSide,
    Bar,
    Instrument,
    InstrumentKind,
    MarketContext,
    MidPrices,
    Order,
    OrderBook,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    Quote,
    Trade,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
ETH = "ETH-USD-PERP.HYPERLIQUID"
SECOND = 1_000_000_000
ONE = Decimal(1)

PENDING, SUBMITTED, UNKNOWN = OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN
ACCEPTED, TRIGGERED = OrderStatus.ACCEPTED, OrderStatus.TRIGGERED
PARTIALLY_FILLED = OrderStatus.PARTIALLY_FILLED
FILLED, CANCELED = OrderStatus.FILLED, OrderStatus.CANCELED


@pytest.fixture
def cache():
    return Cache()


def quote(bid="99", ask="101", *, instrument=BTC, at=0):
    bid, ask = (None if each is None else Decimal(each) for each in (bid, ask))
    return Quote(instrument, bid, bid and ONE, ask, ask and ONE, at, at)


def order(name, status=PENDING, *, instrument=BTC, venue_order_id=None):
    return Order(
        client_order_id=name,
        venue_order_id=venue_order_id,
        instrument_id=instrument,
        side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        quantity=ONE,
        price=ONE,
        status=status,
        ts_event=0,
    )


def position(quantity, *, instrument=BTC, entry="100", mark=None):
    return Position(
        instrument_id=instrument,
        quantity=Decimal(quantity),
        entry_price=Decimal(entry),
        mark_price=None if mark is None else Decimal(mark),
        ts_event=0,
    )


def account(name="A", balance="10", profit="0"):
    return Account(
        account_id=name,
        currency="USDC",
        balance=Decimal(balance),
        available=Decimal(balance),
        unrealized_pnl=Decimal(profit),
        ts_event=0,
    )


def bar(minute, *, close="1", is_closed=False, interval="1m"):
    start = minute * 60 * SECOND
    return Bar(
        BTC, interval, ONE, ONE, ONE, Decimal(close), ONE, 1, start, start + 60 * SECOND, start, start,
        is_closed=is_closed,
    )  # fmt: skip


def names(orders):
    return [each.client_order_id for each in orders]


# Instruments.


def test_an_instrument_is_found_once_it_is_listed(cache):
    assert cache.get_instrument(BTC) is None
    instrument = Instrument(
        instrument_id=BTC,
        kind=InstrumentKind.PERPETUAL,
        base="BTC",
        quote="USD",
        venue_symbol="BTC",
        price_step=ONE,
        size_step=ONE,
    )
    cache.update_instrument(instrument)
    delisted = attrs.evolve(instrument, is_active=False)
    cache.update_instrument(delisted)

    assert cache.get_instrument(BTC) is delisted
    assert cache.get_all_instruments() == [delisted]


# Prices.


def test_nothing_known_is_none_and_never_zero(cache):
    for get in (cache.get_quote, cache.get_bid_ask, cache.get_mid_price, cache.get_book, cache.get_trade):
        assert get(BTC) is None
    assert cache.get_context(BTC) is None
    assert cache.get_mids("HYPERLIQUID") is None
    assert cache.get_current_bar(BTC, "1m") is None


def test_the_last_quote_gives_bid_ask_and_mid(cache):
    cache.update_quote(quote("98", "99"))
    last = quote("99", "102")
    cache.update_quote(last)

    assert cache.get_quote(BTC) is last
    assert cache.get_bid_ask(BTC) == (Decimal(99), Decimal(102))
    assert cache.get_mid_price(BTC) == Decimal("100.5")
    assert cache.get_quote(ETH) is None


@pytest.mark.parametrize("bid, ask", [(None, "101"), ("99", None), (None, None)])
def test_a_side_that_is_gone_is_gone(cache, bid, ask):
    cache.update_quote(quote())
    one_sided = quote(bid, ask)
    cache.update_quote(one_sided)

    assert cache.get_quote(BTC) is one_sided
    assert cache.get_bid_ask(BTC) is None
    assert cache.get_mid_price(BTC) is None


def test_an_old_quote_is_no_price_to_whoever_asks_for_a_fresh_one():
    cache = Cache(CacheConfig(quote_expiry_ms=1500))
    cache.update_quote(quote(at=10 * SECOND))
    limit = 10 * SECOND + 1_500_000_000

    assert cache.get_bid_ask(BTC, now=limit) == (Decimal(99), Decimal(101))
    assert cache.get_mid_price(BTC, now=limit) == 100
    assert cache.get_bid_ask(BTC, now=limit + 1) is None
    assert cache.get_mid_price(BTC, now=limit + 1) is None
    assert cache.get_mid_price(BTC) == 100
    assert cache.get_quote(BTC) is not None


def test_the_last_of_everything_else_is_kept_by_instrument_or_venue(cache):
    book = OrderBook(BTC, (), (), 1, 1)
    trade = Trade(BTC, ONE, ONE, AggressorSide.BUYER, "1", 1, 1)
    context = MarketContext(BTC, ONE, None, None, None, None, None, None, 1, 1)
    mids = MidPrices("HYPERLIQUID", {BTC: ONE}, 1, 1)
    cache.update_book(book)
    cache.update_trade(trade)
    cache.update_context(context)
    cache.update_mids(mids)

    assert cache.get_book(BTC) is book
    assert cache.get_trade(BTC) is trade
    assert cache.get_context(BTC) is context
    assert cache.get_mids("HYPERLIQUID") is mids


# Bars.


def test_the_running_bar_is_current_and_closed_ones_are_a_series():
    cache = Cache(CacheConfig(max_bars_per_series=3))
    for minute in range(5):
        cache.update_bar(bar(minute))
        cache.update_bar(bar(minute, close="2", is_closed=True))
    cache.update_bar(bar(5))
    cache.update_bar(bar(0, interval="5m"))

    assert [each.ts_open // (60 * SECOND) for each in cache.get_bars(BTC, "1m")] == [2, 3, 4]
    assert all(each.is_closed and each.close == 2 for each in cache.get_bars(BTC, "1m"))
    assert cache.get_current_bar(BTC, "1m") == bar(5)
    assert cache.get_current_bars() == [bar(5), bar(0, interval="5m")]
    assert cache.get_bars(BTC, "5m") == []


@pytest.mark.parametrize(
    "count, minutes", [(0, []), (1, [2]), (2, [1, 2]), (9, [0, 1, 2]), (None, [0, 1, 2])]
)
def test_the_last_bars_oldest_first(cache, count, minutes):
    for minute in range(3):
        cache.update_bar(bar(minute, is_closed=True))

    assert [each.ts_open // (60 * SECOND) for each in cache.get_bars(BTC, "1m", count)] == minutes


# Orders.


def test_an_order_is_found_by_either_id(cache):
    cache.update_order(order("a"))
    cache.update_order(order("a", ACCEPTED, venue_order_id="17"))

    assert cache.get_order("a") is cache.get_order("17")
    assert cache.get_order("a").status is ACCEPTED
    assert cache.get_order("18") is None


def test_a_modified_order_is_found_by_each_venue_id_that_it_has_had(cache):
    live = order("a", ACCEPTED, venue_order_id="17")
    cache.update_order(live)
    live.venue_order_id = "18"
    cache.update_order(live)

    assert cache.get_order("17") is live
    assert cache.get_order("18") is live


def test_a_snapshot_keeps_orders_as_they_stood(cache):
    live = order("a", ACCEPTED)
    cache.update_order(live)
    snapshot = cache.take_snapshot(1)
    live.status = OrderStatus.CANCELED
    cache.update_order(live)
    cache.restore_from_snapshot(snapshot)

    assert names(cache.get_open_orders()) == ["a"]
    assert cache.get_order("a") is not snapshot.orders[0]


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_open_in_flight_or_closed(cache, status):
    cache.update_order(order("a", status))

    assert names(cache.get_open_orders()) == (
        ["a"] if status in (ACCEPTED, TRIGGERED, PARTIALLY_FILLED) else []
    )
    in_flight = status in (PENDING, SUBMITTED, UNKNOWN)
    assert names(cache.get_inflight_orders()) == (["a"] if in_flight else [])
    assert cache.open_order_count == len(cache.get_open_orders())
    assert cache.order_count == 1


def test_orders_of_one_instrument(cache):
    cache.update_orders_batch(
        [
            order("a"),
            order("b", instrument=ETH),
            order("c", ACCEPTED),
            order("d", ACCEPTED, instrument=ETH),
            order("e", FILLED),
        ]
    )

    assert names(cache.get_orders_by_instrument(BTC)) == ["a", "c", "e"]
    assert names(cache.get_open_orders(ETH)) == ["d"]
    assert names(cache.get_inflight_orders(BTC)) == ["a"]
    assert cache.get_orders_by_instrument("SOL-USD-PERP.HYPERLIQUID") == []


def test_a_partial_fill_moves_no_order_behind_younger_ones(cache):
    cache.update_orders_batch([order("old", ACCEPTED), order("young", ACCEPTED)])
    cache.update_order(order("old", PARTIALLY_FILLED))
    cache.update_orders_batch([order("sent first"), order("sent second")])
    cache.update_order(order("sent first", SUBMITTED))

    assert names(cache.get_open_orders()) == ["old", "young"]
    assert names(cache.get_inflight_orders()) == ["sent first", "sent second"]


def test_finished_orders_beyond_the_limit_are_forgotten_in_the_order_of_their_end():
    cache = Cache(CacheConfig(order_history_limit=2))
    for name in "abc":
        cache.update_order(order(name, ACCEPTED, venue_order_id=f"venue {name}"))
    for name in "cab":
        cache.update_order(order(name, CANCELED, venue_order_id=f"venue {name}"))
    cache.update_order(order("resting", ACCEPTED, instrument=ETH))

    assert names(cache.get_orders_by_instrument(BTC)) == ["a", "b"]
    assert cache.get_order("c") is None
    assert cache.get_order("venue c") is None
    assert cache.order_count == 3


def test_open_orders_are_never_forgotten():
    cache = Cache(CacheConfig(order_history_limit=0))
    cache.update_order(order("done", FILLED))
    cache.update_orders_batch(order(str(number), ACCEPTED) for number in range(50))

    assert cache.open_order_count == cache.order_count == 50
    assert cache.get_order("done") is None


# Positions and accounts.


def test_a_position_of_zero_is_no_position(cache):
    cache.update_position(position("2"))
    assert cache.has_position(BTC)
    cache.update_position(position("0"))

    assert not cache.has_position(BTC)
    assert cache.get_position(BTC) is None
    assert cache.get_position_value(BTC) == 0
    cache.remove_position(BTC)  # no error


def test_positions_are_worth_their_mark_without_sign(cache):
    cache.update_position(position("-2", mark="110"))
    cache.update_position(position("3", instrument=ETH, entry="10"))

    assert cache.get_position(BTC).quantity == -2
    assert cache.get_position_value(BTC) == 220
    assert cache.get_position_value(ETH) == 30
    assert cache.get_total_position_value() == 250
    assert len(cache.get_all_positions()) == 2


def test_the_first_account_is_the_default(cache):
    assert cache.get_default_account() is None
    assert cache.get_account_equity() is None
    cache.update_account(account("A", profit="-3"))
    cache.update_account(account("B", balance="20"))
    cache.update_account(account("A", balance="11", profit="-3"))

    assert cache.get_default_account().account_id == "A"
    assert cache.get_account_equity() == 8
    assert cache.get_account_equity("B") == 20
    assert cache.get_account("B").balance == 20
    assert cache.get_account("C") is cache.get_account_equity("C") is None


# Snapshots.


def test_a_snapshot_brings_orders_positions_and_accounts_back(cache):
    cache.update_orders_batch(
        [order("a", ACCEPTED, venue_order_id="1"), order("b"), order("c", FILLED), order("d", ACCEPTED)]
    )
    cache.update_position(position("2"))
    cache.update_account(account())
    cache.update_quote(quote())
    snapshot = cache.take_snapshot(17)
    cache.update_order(order("e"))
    cache.update_order(order("a", CANCELED, venue_order_id="1"))
    cache.update_position(position("0"))
    cache.update_account(account("B"))
    cache.restore_from_snapshot(snapshot)

    assert snapshot.timestamp == 17
    assert cache.take_snapshot(17) == snapshot
    assert names(cache.get_open_orders()) == ["a", "d"]
    assert names(cache.get_inflight_orders()) == ["b"]
    assert cache.get_order("1").client_order_id == "a"
    assert cache.get_order("e") is None
    assert cache.get_account("B") is None
    assert cache.get_quote(BTC) is not None


def test_a_snapshot_does_not_change_with_the_cache(cache):
    cache.update_order(order("a"))
    snapshot = cache.take_snapshot(0)
    cache.update_order(order("a", ACCEPTED))

    assert [each.status for each in snapshot.orders] == [PENDING]
    assert Cache().take_snapshot(0).orders == ()


def test_repr_counts(cache):
    cache.update_quote(quote())
    cache.update_order(order("a", ACCEPTED))

    assert repr(cache) == "<Cache 0 instruments, 1 quotes, 1 orders (1 open), 0 positions>"


# The indexes against a model of them: the orders in a plain dict, each index worked out anew.


class OrdersMachine(RuleBasedStateMachine):
    LIMIT = 3

    @initialize()
    def make(self):
        self.cache = Cache(CacheConfig(order_history_limit=self.LIMIT))
        self.orders = {}
        self.ended = []

    @rule(
        name=st.sampled_from("abcdefgh"),
        status=st.sampled_from(OrderStatus),
        has_venue_id=st.booleans(),
    )
    def update(self, name, status, has_venue_id):
        instrument = BTC if name < "e" else ETH
        after = order(
            name, status, instrument=instrument, venue_order_id="V" + name if has_venue_id else None
        )
        self.cache.update_order(after)
        before = self.orders.get(name)
        self.orders[name] = after
        if not after.is_closed and name in self.ended:
            self.ended.remove(name)
        if after.is_closed and (before is None or not before.is_closed):
            self.ended.append(name)
        while len(self.ended) > self.LIMIT:
            del self.orders[self.ended.pop(0)]

    @rule()
    def snapshot_and_restore(self):
        before = self.cache.take_snapshot(0)
        self.cache.restore_from_snapshot(before)
        self.orders = {name: self.cache.get_order(name) for name in self.orders}
        assert before.orders == tuple(self.orders.values())
        self.ended = [name for name, each in self.orders.items() if each.is_closed]

    @invariant()
    def every_index_agrees(self):
        cache, orders = self.cache, self.orders
        assert cache.take_snapshot(0).orders == tuple(orders.values())
        assert cache.order_count == len(orders)
        assert cache.open_order_count == sum(each.is_open for each in orders.values())
        for instrument in (None, BTC, ETH):
            mine = [each for each in orders.values() if instrument in (None, each.instrument_id)]
            assert sorted(names(cache.get_open_orders(instrument))) == sorted(
                names(each for each in mine if each.is_open)
            )
            assert sorted(names(cache.get_inflight_orders(instrument))) == sorted(
                names(each for each in mine if each.is_inflight)
            )
            if instrument is not None:
                assert cache.get_orders_by_instrument(instrument) == mine
        for name in "abcdefgh":
            assert cache.get_order(name) is orders.get(name)
            if name not in orders:
                assert cache.get_order("V" + name) is None
            elif orders[name].venue_order_id is not None:
                assert cache.get_order("V" + name) is orders[name]


TestOrdersMachine = OrdersMachine.TestCase
TestOrdersMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("limit", ["order_history_limit", "max_bars_per_series", "quote_expiry_ms"])
@pytest.mark.parametrize("value", [-1, True, 1.5, "3"])
def test_a_limit_that_makes_no_sense_is_refused_in_words(limit, value):
    with pytest.raises(ValueError, match=f"{limit}: expected a whole number ≥ [01], found "):
        CacheConfig(**{limit: value})
