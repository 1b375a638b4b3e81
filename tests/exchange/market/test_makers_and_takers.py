"""Single participants of the living market, each alone at a desk."""

from random import Random

import pytest
from market_desk import START, TradingDesk

from livetrio.exchange.chain.listing import Listing, default_listing, perp
from livetrio.exchange.chain.order import NewOrder, Tif
from livetrio.exchange.market.agenda import Agenda
from livetrio.exchange.market.climates import CLIMATES
from livetrio.exchange.market.flow import LivingMarket
from livetrio.exchange.market.makers import STYLES, Maker, holding
from livetrio.exchange.market.profiles import OTHER_PERP, PAIR, profile_of
from livetrio.exchange.market.references import References
from livetrio.exchange.market.sizes import lots_for, usd_scale
from livetrio.exchange.market.snipers import Sniper


class Nobody:
    def start(self, desk):
        pass

    def next_due(self):
        return None

    def quote(self, desk):
        pass

    take = quote


class Stage:
    """One instrument, and a reference that the test moves."""

    def __init__(self, coin="BTC", style=STYLES[0]):
        self.desk = TradingDesk(Nobody())
        self.instrument = self.desk.ledger.listing.by_coin[coin]
        self.references = References(1, CLIMATES["calm"], [self.instrument], START)
        self.price = self.references.prices[self.instrument.asset]
        self.price.value = float(self.instrument.reference)
        self.account = self.desk.open_account("maker")
        self.other = self.desk.open_account("other")
        self.style = style
        self.maker = Maker(
            Random("maker"),
            style,
            account=self.account,
            profile=profile_of(self.instrument),
            climate=CLIMATES["calm"],
            price=self.price,
            references=self.references,
        )
        self.maker.start(self.desk, START)

    def look(self):
        return self.maker.act(self.desk, START)

    def quotes(self):
        return {order.oid: order.px for order in self.account.orders.values()}

    def place(self, side, px, sz, tif=Tif.GTC):
        new = NewOrder(instrument=self.instrument, is_buy=side == "buy", px=px, sz=sz, tif=tif)
        return self.desk.place(self.other, new)

    @property
    def book(self):
        return self.desk.book(self.instrument.coin)


def test_quotes_that_are_in_their_place_are_left_alone():
    stage = Stage()
    quotes = stage.quotes()
    stage.look()

    assert stage.quotes() == quotes
    assert len(quotes) == 2 * len(STYLES[0].offsets)


def test_only_what_is_out_of_place_is_replaced():
    stage = Stage(style=STYLES[2])
    quotes = stage.quotes()
    stage.price.value *= 1.0001
    stage.look()
    kept = quotes.keys() & stage.quotes().keys()

    assert 0 < len(kept) < len(quotes)


def test_quotes_that_are_too_close_go_at_once_and_others_when_there_are_hands():
    stage = Stage(style=STYLES[1])
    stage.price.value *= 1.01
    stage.look()
    asks = [order for order in stage.account.orders.values() if not order.is_buy]
    bids = [order for order in stage.account.orders.values() if order.is_buy]

    assert len(asks) == STYLES[1].hands
    assert all(order.px > stage.price.value for order in asks)
    assert len(bids) == len(STYLES[1].offsets)
    assert sum(order.px > stage.instrument.reference for order in bids) == STYLES[1].hands


def test_a_maker_never_takes():
    stage = Stage()
    lots = 10**5
    stage.price.value *= 1.01
    wall = stage.place("sell", round(stage.instrument.reference * 1.004) // 10 * 10, lots)
    for _ in range(5):
        stage.look()

    assert wall.sz == lots
    assert stage.book.best_bid == wall.px - 10
    stage.price.value /= 1.02
    stage.desk.cancel(wall)
    floor = stage.place("buy", round(stage.instrument.reference * 0.996) // 10 * 10, lots)
    for _ in range(5):
        stage.look()

    assert floor.sz == lots
    assert stage.book.best_ask == floor.px + 10


def test_a_maker_under_a_wall_at_the_lowest_price_has_no_place_for_its_bids():
    stage = Stage()
    stage.price.value = 1.0
    wall = stage.place("sell", 1, 10**8, Tif.GTC)
    for _ in range(3):
        stage.look()

    assert wall is None or not wall.sz or stage.book.best_bid is None
    assert all(order.px > 0 for order in stage.account.orders.values())


@pytest.mark.parametrize("coin", ["BTC", "@107"])
def test_who_holds_much_quotes_lower(coin):
    stage = Stage(coin)
    middle = (stage.book.best_bid + stage.book.best_ask) / 2
    for _ in range(12):
        everything = sum(level.sz for level in stage.book.bids.levels())
        stage.place("sell", list(stage.book.bids.levels())[-1].px, everything, Tif.IOC)
        stage.look()
        stage.look()

    assert holding(stage.account, stage.instrument) > 0
    assert (stage.book.best_bid + stage.book.best_ask) / 2 < middle


def test_an_order_that_is_nearly_used_up_is_replaced():
    stage = Stage()
    order = stage.book.asks.first()
    stage.place("buy", order.px, order.sz * 9 // 10, Tif.IOC)
    stage.look()

    assert order.oid not in stage.quotes()
    assert len(stage.quotes()) == 2 * len(STYLES[0].offsets)


def test_who_has_no_nerve_leaves_in_a_fall_and_comes_back():
    stage = Stage()
    stage.references._stresses.appendleft(0.9)
    stage.look()
    left = stage.quotes()
    stage.references._stresses.appendleft(0.1)
    stage.look()

    assert left == {}
    assert stage.quotes()


def test_a_sniper_takes_what_is_wrong_and_nothing_else():
    stage = Stage()
    sniper = Sniper(
        Random("sniper"),
        account=stage.other,
        profile=profile_of(stage.instrument),
        price=stage.price,
        references=stage.references,
    )
    sniper.act(stage.desk, START)
    alone = len(stage.desk.placed)
    stage.price.value *= 1.001
    sniper.act(stage.desk, START)
    stage.price.value *= 0.998
    due = sniper.act(stage.desk, START)
    sides = [new.is_buy for _, account, new in stage.desk.placed[alone:] if account is stage.other]

    assert sides == [True, False]
    assert due > START


def test_nothing_is_taken_from_an_empty_book():
    market = LivingMarket(1, "calm")
    desk = TradingDesk(market)
    desk.run(5)
    for order in list(desk.ledger.orders.values()):
        desk.cancel(order)
    placed = len(desk.placed)
    for _ in range(200):
        desk.ledger.time += 70
        market._takes.perform(desk)

    assert len(desk.placed) == placed


def test_an_agenda_goes_by_time_and_then_by_when_it_was_noted():
    agenda, done = Agenda(), []
    desk = TradingDesk(Nobody())
    for name, due in (("b", 5), ("c", 5), ("a", 3), ("d", 9)):
        agenda.add(START + due, lambda desk, time, name=name: done.append((name, time - START)))
    desk.ledger.time = START + 8
    agenda.perform(desk)

    assert done == [("a", 3), ("b", 5), ("c", 5)]
    assert agenda.next_due == START + 9


def test_who_comes_back_within_a_block_acts_twice_in_it():
    agenda, done = Agenda(), []
    desk = TradingDesk(Nobody())

    def act(desk, time):
        done.append(time - START)
        return time + 30

    agenda.add(START + 10, act)
    desk.ledger.time = START + 70
    agenda.perform(desk)

    assert done == [10, 40, 70]
    assert agenda.next_due == START + 100


def test_sizes_are_worth_what_they_should_and_never_too_little():
    listing = default_listing()
    btc, purr = listing.by_coin["BTC"], listing.by_coin["PURR/USDC"]

    assert lots_for(usd_scale(btc), 9137.4, 913_740) == 10_000
    assert lots_for(usd_scale(btc), 1.0, 913_740) == 13
    assert lots_for(usd_scale(purr), 18.125, 18_125_000) == 100


def test_instruments_that_nobody_described_are_traded_all_the_same():
    listing = Listing([perp(0, "NEW", 0, 5, "0.04321")], [], [default_listing().usdc])
    market = LivingMarket(1, "calm")
    desk = TradingDesk(market, listing)
    desk.run(120)

    assert profile_of(listing.perps[0]) is OTHER_PERP
    assert profile_of(default_listing().spots[0]) is PAIR
    assert desk.trades
    assert desk.book("NEW").best_bid < desk.book("NEW").best_ask


def test_an_instrument_of_very_coarse_prices_is_traded_too():
    listing = Listing([perp(0, "DUST", 0, 5, "0.000012")], [], [default_listing().usdc])
    desk = TradingDesk(LivingMarket(1, "crash"), listing)
    desk.run(300)
    found = desk.book("DUST")

    assert found.best_bid is None or found.best_ask is None or found.best_bid < found.best_ask
    assert desk.placed
