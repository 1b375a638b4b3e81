"""A ledger with funded accounts, and short words to trade on it, for the tests of the chain."""

from __future__ import annotations

from livetrio.exchange.chain.events import Fill, OrderUpdate, PublicTrade
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.matching import end
from livetrio.exchange.chain.order import NewOrder, Status, Tif, Trigger
from livetrio.exchange.chain.placing import place
from livetrio.exchange.chain.units import parse_units

START = 1_767_225_600_000
"""2026-01-01, ms."""

USD = 10**6


def address(number):
    return f"0x{number:040x}"


class World:
    """BTC is at 91374, with sizes of five decimals; PURR/USDC at 0.18125, in whole PURR."""

    def __init__(self, accounts=3, usd=1_000_000):
        self.ledger = Ledger(default_listing(), time=START)
        self.accounts = [self.open_account(index + 1, usd) for index in range(accounts)]
        self.btc, self.eth = self.ledger.listing.perps[:2]
        self.purr = self.ledger.listing.spots[0]

    def open_account(self, number, usd=1_000_000):
        account = self.ledger.account(address(number))
        account.exists = True
        account.cash = usd * USD
        account.balances = {token.index: usd * 10**token.wei_decimals for token in self.ledger.listing.tokens}
        return account

    def new(self, instrument, side, px, sz, tif=Tif.GTC, **more):
        trigger = more.pop("trigger", None)
        if trigger is not None:
            kind, trigger_px, is_market = trigger
            trigger = Trigger(
                px=parse_units(str(trigger_px), instrument.px_decimals),
                is_market=is_market,
                is_take_profit=kind == "tp",
            )
        return NewOrder(
            instrument=instrument,
            is_buy=side == "buy",
            px=parse_units(str(px), instrument.px_decimals),
            sz=parse_units(str(sz), instrument.sz_decimals),
            tif=tif,
            trigger=trigger,
            **more,
        )

    def place(self, account, side, px, sz, tif=Tif.GTC, instrument=None, **more):
        return place(self.ledger, account, self.new(instrument or self.btc, side, px, sz, tif, **more))

    def cancel(self, order):
        end(self.ledger, order, Status.CANCELED)

    def take_events(self):
        events, self.ledger.events = self.ledger.events, []
        return events

    def statuses(self, order):
        """What its owner was told of an order, in order."""
        return [
            str(each.status)
            for each in self.ledger.events
            if isinstance(each, OrderUpdate) and each.order is order
        ]

    def fills(self, account):
        return [each for each in self.ledger.events if isinstance(each, Fill) and each.account is account]

    def trades(self):
        return [each for each in self.ledger.events if isinstance(each, PublicTrade)]

    def szi(self, account, instrument=None):
        position = account.positions.get((instrument or self.btc).asset)
        return 0 if position is None else position.szi

    def book(self, instrument=None):
        """Both sides as (price, size) texts are short to write: in units."""
        book = self.ledger.books[(instrument or self.btc).asset]
        return (
            [(level.px, level.sz) for level in book.bids.levels()],
            [(level.px, level.sz) for level in book.asks.levels()],
        )
