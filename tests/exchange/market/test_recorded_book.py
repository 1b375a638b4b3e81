"""Recorded participants in the exchange's book: who stands where, and who trades with a client."""

import pytest
from market_desk import TradingDesk

from livetrio.exchange.chain.listing import Listing, perp
from livetrio.exchange.market.recorded_book import RecordedBook


class Nobody:
    def start(self, desk):
        pass

    def next_due(self):
        return None

    def quote(self, desk):
        pass

    take = quote


class Scene:
    """One perpetual: prices and sizes are whole numbers."""

    def __init__(self):
        self.coin = perp(0, "TEST", 6, 10, "100")
        self.desk = TradingDesk(Nobody(), Listing([self.coin], [], []))
        self.desk.ledger.lasts[0] = 100
        self.recorded = RecordedBook(
            self.coin, makers=self.desk.open_account("makers"), takers=self.desk.open_account("takers")
        )

    def show(self, bids, asks, depth=None):
        self.recorded.show(self.desk, bids, asks, depth)

    def trade(self, side, px, sz):
        self.recorded.trade(self.desk, side == "buy", px, sz)

    def client(self, side, px, sz):
        """The client rests an order far above the least worth."""
        return self.desk.trade("TEST", side, px, sz)

    def queue(self, side, px):
        """Who stands at a price, and with how much."""
        level = getattr(self.desk.book("TEST"), side).level_at(px)
        orders = [] if level is None else level.orders.values()
        return [("client" if each.account is self.desk.client else "recorded", each.sz) for each in orders]

    def trades(self):
        self.desk._collect()
        found = [(("sell", "buy")[each.is_buy], each.px, each.sz) for each in self.desk.trades]
        self.desk.trades.clear()
        return found

    def fills(self):
        self.desk._collect()
        found = [(each.px, each.sz, each.is_taker) for each in self.desk.fills]
        self.desk.fills.clear()
        return found


M = 10**6
"""A size that is worth enough: the coin's prices are in USD, its lots are millionths."""


@pytest.fixture
def scene():
    return Scene()


def test_the_book_is_what_the_frame_shows(scene):
    scene.show([(100, 5), (99, 3)], [(101, 4)])
    first = scene.desk.levels("TEST")
    scene.show([(98, 1)], [(99, 2), (103, 1)])

    assert first == ([(100, 5), (99, 3)], [(101, 4)])
    assert scene.desk.levels("TEST") == ([(98, 1)], [(99, 2), (103, 1)])
    assert scene.trades() == []


def test_a_side_that_is_gone_is_gone(scene):
    scene.show([(100, 5)], [(101, 4)])
    scene.show([], [(101, 4)])

    assert scene.desk.levels("TEST") == ([], [(101, 4)])


def test_a_frame_of_few_levels_leaves_what_is_deeper(scene):
    scene.show([(100, 5), (99, 3), (98, 1)], [(101, 4), (102, 2)])
    scene.show([(99, 2)], [(101, 4)], depth=1)

    assert scene.desk.levels("TEST") == ([(99, 2), (98, 1)], [(101, 4), (102, 2)])


def test_a_side_with_fewer_levels_than_a_frame_could_have_has_no_more(scene):
    scene.show([(100, 5), (99, 3), (98, 1)], [(101, 4), (102, 2)])
    scene.show([(100, 5), (99, 3)], [], depth=3)

    assert scene.desk.levels("TEST") == ([(100, 5), (99, 3)], [])


def test_a_level_without_clients_stays_one_order(scene):
    for sz in (5, 7, 6, 20):
        scene.show([(100, sz)], [])

        assert scene.queue("bids", 100) == [("recorded", sz)]


def test_a_level_grows_behind_the_client_and_shrinks_from_the_back(scene):
    scene.show([(100, 5)], [])
    scene.client("buy", 100, M)
    scene.show([(100, 8)], [])
    grown = scene.queue("bids", 100)
    scene.show([(100, 6)], [])
    shrunk = scene.queue("bids", 100)
    scene.show([(100, 4)], [])

    assert grown == [("recorded", 5), ("client", M), ("recorded", 3)]
    assert shrunk == [("recorded", 5), ("client", M), ("recorded", 1)]
    assert scene.queue("bids", 100) == [("recorded", 4), ("client", M)]


def test_a_client_moves_up_as_those_before_it_go(scene):
    scene.show([(100, 5)], [])
    scene.client("buy", 100, M)
    scene.show([(99, 5)], [])
    scene.show([(100, 7)], [])

    assert scene.queue("bids", 100) == [("client", M), ("recorded", 7)]


def test_a_level_that_comes_where_a_client_rests_takes_the_client_and_the_rest_rests(scene):
    scene.show([(100, 5)], [(105, 1)])
    scene.client("sell", 102, M)
    scene.show([(103, M + 2), (102, 9)], [(105, 1)])

    assert scene.fills() == [(102, M, False)]
    assert scene.trades() == [("buy", 102, M)]
    assert scene.desk.levels("TEST") == ([(103, 2), (102, 9)], [(105, 1)])


def test_what_a_client_took_is_there_again_with_the_next_frame(scene):
    scene.show([(100, 5)], [(101, 2 * M)])
    scene.client("buy", 101, M)
    left = scene.desk.levels("TEST")
    scene.show([(100, 5)], [(101, 2 * M)])

    assert left == ([(100, 5)], [(101, M)])
    assert scene.desk.levels("TEST") == ([(100, 5)], [(101, 2 * M)])


def test_a_recorded_trade_is_one_trade_at_its_price(scene):
    scene.show([(100, 5), (99, 3)], [(101, 4), (102, 6)])
    scene.trade("buy", 101, 3)
    scene.trade("sell", 100, 5)

    assert scene.trades() == [("buy", 101, 3), ("sell", 100, 5)]
    assert scene.desk.levels("TEST") == ([(99, 3)], [(101, 1), (102, 6)])


def test_what_a_trade_passed_over_was_gone(scene):
    scene.show([(100, 5)], [(101, 4), (102, 6)])
    scene.trade("buy", 102, 1)

    assert scene.trades() == [("buy", 102, 1)]
    assert scene.desk.levels("TEST") == ([(100, 5)], [(102, 5)])


def test_a_trade_that_the_book_knows_nothing_of_is_made_possible(scene):
    scene.show([(100, 5), (99, 2)], [(103, 4)])
    scene.trade("buy", 101, 7)
    scene.trade("sell", 100, 9)
    scene.trade("buy", 99, 1)

    assert scene.trades() == [("buy", 101, 7), ("sell", 100, 9), ("buy", 99, 1)]
    assert scene.desk.levels("TEST") == ([], [(103, 4)])


def test_a_client_at_a_better_price_is_filled_first(scene):
    scene.show([(100, 5)], [(103, 4)])
    scene.client("sell", 102, M)
    scene.trade("buy", 103, M + 3)

    assert scene.fills() == [(102, M, False)]
    assert scene.trades() == [("buy", 102, M), ("buy", 103, 3)]
    assert scene.desk.levels("TEST") == ([(100, 5)], [(103, 1)])


def test_a_client_waits_in_its_queue(scene):
    scene.show([(100, 5)], [(103, 4)])
    scene.client("sell", 103, M)
    scene.trade("buy", 103, 3)
    before = scene.fills()
    scene.trade("buy", 103, 11)

    assert before == []
    assert scene.fills() == [(103, 10, False)]
    assert scene.trades() == [("buy", 103, 3), ("buy", 103, 1), ("buy", 103, 10)]


def test_only_what_clients_do_not_offer_is_put_there_and_behind_them(scene):
    scene.show([(100, 5)], [])
    scene.client("sell", 102, M)
    scene.trade("buy", 102, M + 4)

    assert scene.fills() == [(102, M, False)]
    assert scene.desk.levels("TEST") == ([(100, 5)], [])


def test_a_client_on_the_takers_side_is_taken_by_whoever_comes_to_be_taken(scene):
    scene.show([], [(105, 1)])
    scene.client("buy", 103, M)
    scene.trade("buy", 102, 2 * M)

    assert scene.fills() == [(103, M, False)]
    assert scene.trades() == [("sell", 103, M), ("buy", 102, M)]
