"""Snipers: those of the house that take quotes which are no longer right, before their owners move them.

They keep the book near what the instrument is worth, whoever quotes it: a maker's stale quotes go, and so do
those of a client that stands still, or that bids more than it should.
"""

from __future__ import annotations

from random import Random

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.order import NewOrder, Tif
from livetrio.exchange.chain.units import round_to_tick
from livetrio.exchange.market.profiles import Profile
from livetrio.exchange.market.references import Price, References
from livetrio.exchange.market.sizes import lots_for, usd_scale
from livetrio.exchange.market.tide import BPS

_EDGE = 1.0
"""How many half spreads a quote must be worth taking."""

_ORDERS = 4.0
"""What one takes at most at a time, in makers' orders."""

_GREED = 8.0
"""In a fall so many times more, on top."""

_INTERVAL = 800
"""ms from one look to the next, on average."""


class Sniper:
    """One of them in one instrument."""

    def __init__(
        self, random: Random, *, account: Account, profile: Profile, price: Price, references: References
    ) -> None:
        self._random = random
        self._account = account
        self._instrument = price.instrument
        self._price = price
        self._references = references
        self._edge = profile.half_spread_bps * BPS * _EDGE
        self._usd = profile.order_usd * _ORDERS
        self._interval = _INTERVAL * profile.pace

    def act(self, desk: Desk, time: int) -> int:
        """Look at the touch, and take what is wrong; when the next look is due."""
        book = desk.ledger.books[self._instrument.asset]
        value = self._price.value
        highest, lowest = value * (1.0 - self._edge), value * (1.0 + self._edge)
        ask, bid = book.best_ask, book.best_bid
        if ask is not None and ask <= highest:
            self._take(desk, int(highest), is_buy=True)
        elif bid is not None and bid >= lowest:
            self._take(desk, int(lowest) + 1, is_buy=False)
        return self.next(time)

    def next(self, time: int) -> int:
        """When the next look is due, ms."""
        return time + 1 + int(self._interval * (0.5 + 0.5 * self._random.expovariate(1.0)))

    def _take(self, desk: Desk, limit: int, *, is_buy: bool) -> None:
        instrument = self._instrument
        px = round_to_tick(limit, instrument.px_decimals, up=not is_buy)
        usd = self._usd * self._random.uniform(0.3, 1.0) * (1.0 + _GREED * self._references.stress)
        sz = lots_for(usd_scale(instrument), usd, px)
        desk.place(self._account, NewOrder(instrument=instrument, is_buy=is_buy, px=px, sz=sz, tif=Tif.IOC))
