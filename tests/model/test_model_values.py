"""Values of the model: what they derive, and that they never change."""

from decimal import Decimal

import attrs
import pytest

from livetrio import model
from livetrio.model import (
    BAR_INTERVALS,
    Account,
    AggressorSide,
    BookLevel,
    Feed,
    FeedKind,
    Order,
    OrderBook,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    PositionSide,
    ProfitAndLoss,
    Quote,
    Trade,
)
from livetrio.model.order import CLOSED_STATUSES, INFLIGHT_STATUSES, OPEN_STATUSES

BTC = "BTC-USD-PERP.HYPERLIQUID"
ONE = Decimal(1)


class Level:
    """As a venue sent it; counts how often it was converted."""

    def __init__(self, price):
        self.price = price
        self.conversions = 0

    def level(self):
        self.conversions += 1
        return BookLevel(Decimal(self.price), ONE, 1)


def order(**changes):
    values = {
        "client_order_id": "a",
        "instrument_id": BTC,
        "side": OrderSide.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal(5),
        "status": OrderStatus.ACCEPTED,
        "ts_event": 0,
    }
    return Order(**values | changes)


# Prices.


@pytest.mark.parametrize("bid, ask, mid", [("99", "102", "100.5"), (None, "102", None), ("99", None, None)])
def test_the_mid_of_a_quote_needs_both_sides(bid, ask, mid):
    bid, ask, mid = (each and Decimal(each) for each in (bid, ask, mid))

    assert Quote(BTC, bid, ONE, ask, ONE, 1, 2).mid_price == mid


def test_a_book_has_its_best_levels_first():
    book = OrderBook(BTC, [Level("99"), Level("98")], [Level("101")], 1, 2)

    assert [level.price for level in book.bids] == [99, 98]
    assert [level.price for level in book.asks] == [101]
    assert (book.best_bid.price, book.best_ask.price, book.mid_price) == (99, 101, 100)


def test_a_books_levels_are_converted_when_asked_for_and_once():
    levels = [Level("99"), Level("98")]
    book = OrderBook(BTC, levels, [], 1, 2)
    assert [level.conversions for level in levels] == [0, 0]

    assert book.bids is book.bids
    assert [level.conversions for level in levels] == [1, 1]


@pytest.mark.parametrize("bids, asks", [([], [Level("1")]), ([Level("1")], []), ([], [])])
def test_a_side_that_is_empty_has_no_best_level_and_the_book_no_mid(bids, asks):
    book = OrderBook(BTC, bids, asks, 1, 2)

    assert (book.best_bid is None, book.best_ask is None) == (not bids, not asks)
    assert book.mid_price is None
    assert (len(book.bids), len(book.asks)) == (len(bids), len(asks))


def test_two_books_are_two_although_they_say_the_same():
    assert OrderBook(BTC, (), (), 1, 2) != OrderBook(BTC, (), (), 1, 2)


def test_intervals_are_what_their_names_say():
    seconds = {"m": 60, "h": 3600, "d": 86400, "w": 604800}

    assert {name: int(name[:-1]) * seconds[name[-1]] for name in BAR_INTERVALS} == BAR_INTERVALS


# Orders, positions, accounts.


def test_every_status_is_of_exactly_one_sort():
    sorts = [*OPEN_STATUSES, *INFLIGHT_STATUSES, *CLOSED_STATUSES]

    assert sorted(sorts, key=lambda status: status.value) == sorted(
        OrderStatus, key=lambda status: status.value
    )


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_of_the_sort_of_its_status(status):
    this = order(status=status)

    assert (this.is_open, this.is_inflight, this.is_closed) == (
        status in OPEN_STATUSES,
        status in INFLIGHT_STATUSES,
        status in CLOSED_STATUSES,
    )


def test_what_is_left_of_an_order():
    assert order().remaining_quantity == 5
    assert order(filled_quantity=Decimal("1.5")).remaining_quantity == Decimal("3.5")


@pytest.mark.parametrize(
    "quantity, mark, value", [("2", "110", "220"), ("-2", "110", "220"), ("-2", None, "200")]
)
def test_a_position_is_worth_its_mark_without_sign(quantity, mark, value):
    position = Position(
        instrument_id=BTC,
        quantity=Decimal(quantity),
        entry_price=Decimal(100),
        mark_price=mark and Decimal(mark),
        ts_event=0,
    )

    assert position.value == Decimal(value)


def test_a_mark_of_zero_is_a_mark():
    assert (
        Position(instrument_id=BTC, quantity=ONE, entry_price=ONE, mark_price=Decimal(0), ts_event=0).value
        == 0
    )


@pytest.mark.parametrize("quantity, side", [("2", "LONG"), ("-2", "SHORT"), ("0", "FLAT")])
def test_which_way_a_position_gains(quantity, side):
    position = Position(instrument_id=BTC, quantity=Decimal(quantity), entry_price=ONE, ts_event=0)

    assert position.side is PositionSide[side]


def test_what_came_of_something_is_all_of_it_together():
    pnl = ProfitAndLoss(realized=Decimal(10), unrealized=Decimal(-2), fees=Decimal(3), funding=Decimal("0.5"))

    assert pnl.net == Decimal("5.5")


def test_equity_is_balance_and_open_profit():
    account = Account(
        account_id="A",
        currency="USDC",
        balance=Decimal(10),
        available=ONE,
        unrealized_pnl=Decimal(-3),
        ts_event=0,
    )

    assert account.equity == 7


# All of them.


@pytest.mark.parametrize(
    "feed, text",
    [
        (Feed(FeedKind.QUOTES, "HYPERLIQUID", BTC), f"quotes {BTC}"),
        (Feed(FeedKind.BARS, "HYPERLIQUID", BTC, "1m"), f"bars {BTC} 1m"),
        (Feed(FeedKind.MIDS, "HYPERLIQUID"), "mids HYPERLIQUID"),
    ],
)
def test_a_feed_for_people(feed, text):
    assert str(feed) == text


VALUES = [
    getattr(model, name)
    for name in sorted({*model.__all__} - {"Order", "Sending", "Timeline"})  # an order is what it is now
    if attrs.has(getattr(model, name)) or hasattr(getattr(model, name), "__struct_fields__")
]


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_values_never_change(kind):
    names = [field.name for field in attrs.fields(kind)] if attrs.has(kind) else kind.__struct_fields__
    with attrs.validators.disabled():
        value = kind(**dict.fromkeys(names))
    for name in names:
        with pytest.raises((AttributeError, attrs.exceptions.FrozenInstanceError)):
            setattr(value, name, None)


def test_equal_values_are_equal_and_hash_alike():
    trades = [Trade(BTC, ONE, ONE, AggressorSide.SELLER, "1", 1, 2) for _ in range(2)]

    assert trades[0] == trades[1]
    assert len(set(trades)) == 1
    assert Feed(FeedKind.MIDS, "A") == Feed(FeedKind.MIDS, "A")


def test_public_names_of_the_model_are_sorted_and_there():
    assert sorted(model.__all__) == sorted(set(model.__all__))
    assert all(hasattr(model, name) for name in model.__all__)
