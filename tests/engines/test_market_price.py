"""MarketPrice: what is fresh, and what may still be counted by."""

from decimal import Decimal

import attrs
from risk_desk import BTC, SECOND, Desk

from livetrio.engines.market_price import MarketPrice, find_fresh_price, find_known_price
from livetrio.model import BookLevel, MidPrices, OrderBook, OrderSide, Position, Quote

D = Decimal


def fresh(desk):
    return find_fresh_price(desk.cache, BTC, desk.now, 10_000)


def test_the_price_is_the_middle_of_the_quote_and_the_touch_its_near_side():
    price = fresh(Desk())

    assert price == MarketPrice(D(100), D(99), D(101))
    assert (price.touch(OrderSide.BUY), price.touch(OrderSide.SELL)) == (101, 99)


def test_where_the_quote_is_old_the_mark_will_do():
    desk = Desk()
    desk.now += 11 * SECOND
    desk.mark(BTC, 90)

    assert fresh(desk) == MarketPrice(D(90), D(90), D(90))


def book(desk, bid, ask):
    """With one level on each side; None: with none."""

    def side(price):
        return [] if price is None else [Level(price)]

    desk.cache.update_book(OrderBook(BTC, side(bid), side(ask), desk.now, desk.now))


@attrs.frozen
class Level:
    price: int

    def level(self):
        return BookLevel(D(self.price), D(1), 1)


def test_where_the_quote_is_old_the_book_will_do():
    desk = Desk()
    desk.now += 11 * SECOND
    book(desk, 88, 94)
    desk.mark(BTC, 90)

    assert fresh(desk) == MarketPrice(D(91), D(88), D(94))
    assert find_known_price(desk.cache, BTC) == 100


def test_a_book_with_one_side_is_no_price():
    desk = Desk()
    desk.now += 11 * SECOND
    book(desk, 88, None)

    assert "11.0 s old" in fresh(desk)


def test_where_nothing_else_is_known_the_mid_price_will_do():
    desk = Desk()
    desk.now += 11 * SECOND
    desk.cache.update_mids(MidPrices("FAKE", {BTC: D(93)}, desk.now, desk.now))

    assert fresh(desk).price == 93
    desk.cache.update_mids(MidPrices("FAKE", {}, desk.now, desk.now))
    assert "11.0 s old" in fresh(desk)


def test_where_the_quote_has_one_side_the_mark_will_do():
    desk = Desk()
    desk.cache.update_quote(Quote(BTC, D(99), D(1), None, None, desk.now, desk.now))
    assert "no price of" in fresh(desk)

    desk.mark(BTC, 90)
    assert fresh(desk).price == 90


def test_where_both_are_old_the_younger_age_is_told():
    desk = Desk()
    desk.now += 5 * SECOND
    desk.mark(BTC, 90)
    desk.now += 12 * SECOND

    assert fresh(desk) == f"the last price of {BTC} is 12.0 s old, the limit is 10 s"


def test_a_price_is_fresh_up_to_its_limit():
    desk = Desk()
    desk.now += 10 * SECOND
    assert isinstance(fresh(desk), MarketPrice)

    desk.now += 1
    assert isinstance(fresh(desk), str)


def test_the_known_price_is_the_best_there_is_however_old():
    desk = Desk()
    desk.now += 3600 * SECOND
    position = {"instrument_id": "ETH", "quantity": D(1), "entry_price": D(7), "ts_event": 0}
    assert find_known_price(desk.cache, BTC) == 100
    assert find_known_price(desk.cache, "ETH") is None

    desk.cache.update_position(Position(**position))
    assert find_known_price(desk.cache, "ETH") == 7
    desk.cache.update_position(Position(**position, mark_price=D(8)))
    assert find_known_price(desk.cache, "ETH") == 8
    desk.mark("ETH", 9)
    assert find_known_price(desk.cache, "ETH") == 9
    desk.quote("ETH", 10)
    assert find_known_price(desk.cache, "ETH") == 10
