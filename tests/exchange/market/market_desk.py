"""A desk with nothing but books and a market around it, for the tests of markets."""

from __future__ import annotations

import hashlib

from livetrio.exchange.chain.events import Fill, PublicTrade
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.matching import end
from livetrio.exchange.chain.order import NewOrder, Status, Tif
from livetrio.exchange.chain.placing import place
from livetrio.exchange.chain.prices import update_marks
from livetrio.exchange.chain.reserves import reserve
from livetrio.exchange.chain.units import parse_units

START = 1_767_225_600_000
"""2026-01-01, ms."""

BLOCK = 70
"""ms."""

CLIENT = "0x" + "c" * 40


class TradingDesk:
    """Makes blocks: quotes, what a test does, takes. Counts what the market does."""

    def __init__(self, market, listing=None, time=START, seed=0):
        self.ledger = Ledger(listing or default_listing(), seed=seed, time=time)
        self.market = market
        self.placed = []
        self.canceled = 0
        self.oracles = []
        self.trades = []
        self.fills = []
        self.client = self.ledger.account(CLIENT)
        self.client.exists = True
        self.client.cash = 10**6 * 10**6
        for token in self.ledger.listing.tokens:
            self.client.balances[token.index] = 10**6 * 10**token.wei_decimals
        market.start(self)
        self._collect()

    # The desk.

    def open_account(self, name):
        account = self.ledger.account("0x" + hashlib.blake2b(name.encode(), digest_size=20).hexdigest())
        account.is_house = account.exists = True
        return account

    def place(self, account, new):
        self.ledger.begin_tx()
        order = place(self.ledger, account, new).order
        self.placed.append((self.ledger.time, account, new))
        return order if order.is_resting else None

    def cancel(self, order):
        if order.is_resting:
            self.canceled += 1
            end(self.ledger, order, Status.CANCELED)

    def reduce(self, order, sz):
        assert 0 < sz < order.sz
        self.ledger.books[order.instrument.asset].reduce(order, sz)
        reserve(order, -sz)
        order.orig_sz -= sz

    def set_oracle(self, asset, px):
        self.ledger.oracles[asset] = px
        self.oracles.append((self.ledger.time, asset, px))

    # Blocks.

    def block(self, time=None, act=None):
        """One block; by default the next in the rhythm. ``act`` trades between quotes and takers."""
        ledger = self.ledger
        ledger.time = ledger.time + BLOCK if time is None else time
        ledger.height += 1
        self.market.quote(self)
        if act is not None:
            act()
        self.market.take(self)
        update_marks(ledger, ledger.books)
        self._collect()

    def run(self, seconds, each=None):
        """Blocks for so long, those in which the market has nothing to do left out."""
        until = self.ledger.time + round(seconds * 1000)
        while True:
            due = self.market.next_due()
            blocks = 1 if due is None else max(-(-(due - self.ledger.time) // BLOCK), 1)
            time = self.ledger.time + blocks * BLOCK
            if due is None or time > until:
                return
            self.block(time)
            if each is not None:
                each()

    def _collect(self):
        events, self.ledger.events = self.ledger.events, []
        self.trades += [each for each in events if isinstance(each, PublicTrade)]
        self.fills += [each for each in events if isinstance(each, Fill)]

    # A client.

    def trade(self, coin, side, px, sz, tif=Tif.GTC):
        """The client's order, its numbers as texts; what became of it."""
        instrument = self.ledger.listing.by_coin[coin]
        new = NewOrder(
            instrument=instrument,
            is_buy=side == "buy",
            px=px if isinstance(px, int) else parse_units(px, instrument.px_decimals),
            sz=sz if isinstance(sz, int) else parse_units(sz, instrument.sz_decimals),
            tif=tif,
        )
        placement = place(self.ledger, self.client, new)
        assert placement.error is None, placement.error
        return placement.order

    def cancel_client(self, order):
        end(self.ledger, order, Status.CANCELED)

    # What is to see.

    def book(self, coin):
        return self.ledger.books[self.ledger.listing.by_coin[coin].asset]

    def levels(self, coin):
        """Both sides as lists of (price, size) in units."""
        book = self.book(coin)
        return tuple([(level.px, level.sz) for level in side.levels()] for side in (book.bids, book.asks))
