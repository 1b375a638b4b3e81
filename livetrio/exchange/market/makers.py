"""Makers: those of the house that quote both sides around what an instrument is worth.

Each looks at its quotes at its own pace. Between two looks they get stale, and whoever sees it first takes
them. At a look it cancels what is too close or too far from where it should be, and places again what is
missing, but no more than it has hands for. So the book is never made anew as a whole, and a side that was
taken away comes back in the makers' time, the closest quotes first.

Who holds more than it likes quotes lower, and who is short quotes higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import attrs

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.listing import Instrument, SpotPair
from livetrio.exchange.chain.order import NewOrder, Order, Tif
from livetrio.exchange.chain.units import round_to_tick
from livetrio.exchange.market.climates import Climate
from livetrio.exchange.market.profiles import Profile
from livetrio.exchange.market.references import Price, References
from livetrio.exchange.market.sizes import lots_for, usd_scale
from livetrio.exchange.market.tide import BPS


@attrs.frozen(kw_only=True)
class Style:
    """How a maker quotes. Distances are in half spreads of the instrument's profile."""

    name: str
    offsets: tuple[float, ...]
    """Of its quotes from the middle, on each side; ascending."""
    size: float
    """Of an order, in those of the profile; it grows with the distance."""
    interval: float
    """Seconds between two looks, on average."""
    patience: float
    """How far a quote may be from its place before it is replaced, as a part of its distance."""
    hands: int
    """How many orders it places on a side at one look."""
    lean: float
    """How far it moves its quotes at most because of what it holds."""
    nerve: float
    """It quotes as long as the stress is not above this; 1: whatever happens."""


STYLES: tuple[Style, ...] = (
    Style(
        name="close", offsets=(1.0, 1.8, 2.8, 4.0), size=0.5, interval=0.4, patience=0.5, hands=3,
        lean=0.8, nerve=0.6,
    ),
    Style(
        name="steady", offsets=(1.4, 2.3, 3.4, 4.8, 6.5, 8.5), size=1.0, interval=1.2, patience=0.45, hands=3,
        lean=1.0, nerve=1.0,
    ),
    Style(
        name="deep", offsets=(3.1, 5.2, 7.4, 9.8, 11.7, 13.6, 15.7, 17.8, 20.1, 22.6, 25.4, 28.4),
        size=2.0, interval=4.0,
        patience=0.35, hands=3, lean=1.5, nerve=1.0,
    ),
    Style(
        name="slow", offsets=(2.1, 4.4, 8.0, 13.0), size=0.7, interval=7.0, patience=0.4, hands=2, lean=0.5,
        nerve=0.5,
    ),
    Style(
        name="second", offsets=(1.6, 2.9, 4.6, 6.8, 9.2), size=0.8, interval=0.8, patience=0.45, hands=2,
        lean=1.0, nerve=0.8,
    ),
    Style(
        name="far", offsets=(6.1, 10.6, 14.2, 19.6, 24.4, 29.0, 36.0, 45.0, 60.0, 80.0), size=4.0,
        interval=9.0, patience=0.3, hands=3, lean=2.0, nerve=0.9,
    ),
)  # fmt: skip
"""The first makers of a profile quote its instrument; with the first four alone it is liquid."""

_WIDENING = 3.0
"""In a fall quotes go so many times further out, on top."""

_THINNING = 0.75
"""And so much of their size goes away."""

_ALARM = 0.7
"""And makers look that much more often: the time between two looks is shorter by this part."""

_FULL_AT = 15.0
"""Who holds so many of its usual orders' worth leans as far as it does at all."""

_USED_UP = 5
"""An order of which less than one part in so many is left is replaced."""


class Maker:
    """One maker in one instrument."""

    def __init__(
        self,
        random: Random,
        style: Style,
        *,
        account: Account,
        profile: Profile,
        climate: Climate,
        price: Price,
        references: References,
    ) -> None:
        self._random = random
        self._style = style
        self._account = account
        self._instrument = price.instrument
        self._scale = usd_scale(price.instrument)
        self._price = price
        self._references = references
        self._half = profile.half_spread_bps * BPS * climate.caution * random.uniform(0.9, 1.2)
        self._usd = profile.order_usd * style.size * random.uniform(0.8, 1.25)
        self._interval = style.interval * profile.pace * random.uniform(0.8, 1.25) * 1000
        self._bids: list[Order | None] = [None] * len(style.offsets)
        self._asks: list[Order | None] = [None] * len(style.offsets)

    def start(self, desk: Desk, time: int) -> int:
        """Place all quotes at once; when the first look is due."""
        self._look(desk, hands=len(self._bids))
        return self._next(time)

    def act(self, desk: Desk, time: int) -> int:
        """Look at the quotes; when the next look is due."""
        if self._references.stress > self._style.nerve:
            self._leave(desk, self._bids)
            self._leave(desk, self._asks)
        else:
            self._look(desk, self._style.hands)
        return self._next(time)

    def _next(self, time: int) -> int:
        pause = self._interval * (1.0 - _ALARM * self._references.stress)
        return time + 1 + int(pause * (0.4 + 0.6 * self._random.expovariate(1.0)))

    def _look(self, desk: Desk, hands: int) -> None:
        center = self._price.value * (1.0 - self._lean())
        half = self._half * center * (1.0 + _WIDENING * self._references.stress)
        missing_bids = self._clear(desk, self._bids, center, -half, hands)
        missing_asks = self._clear(desk, self._asks, center, half, hands)
        if missing_bids:
            self._fill(desk, self._bids, missing_bids, center, -half)
        if missing_asks:
            self._fill(desk, self._asks, missing_asks, center, half)

    def _lean(self) -> float:
        """How far the middle of the quotes is moved down, as a part of the price."""
        instrument = self._instrument
        lots = holding(self._account, instrument)
        if not lots:
            return 0.0
        usd = lots * self._price.value / self._scale
        share = usd / (_FULL_AT * self._usd)
        return max(-1.0, min(1.0, share)) * self._style.lean * self._half

    def _clear(
        self, desk: Desk, orders: list[Order | None], center: float, half: float, hands: int
    ) -> list[int]:
        """Cancel what is out of place; which orders are to be placed again, the closest first."""
        missing: list[int] = []
        patience = self._style.patience
        for index, (order, offset) in enumerate(zip(orders, self._style.offsets, strict=True)):
            if order is not None and order.is_resting and order.sz * _USED_UP >= order.orig_sz:
                distance = offset * half
                stray = (order.px - center - distance) / distance  # below zero: too close
                if -patience <= stray <= patience:
                    continue
                if stray > 0.0 and len(missing) >= hands:
                    continue  # too far off does no harm, and can wait
            if order is not None:
                desk.cancel(order)
                orders[index] = None
            if len(missing) < hands:
                missing.append(index)
        return missing

    def _fill(
        self, desk: Desk, orders: list[Order | None], missing: Sequence[int], center: float, half: float
    ) -> None:
        """Place orders where they are missing, never so that they would match."""
        instrument = self._instrument
        decimals = instrument.px_decimals
        is_buy = half < 0.0
        book = desk.ledger.books[instrument.asset]
        touch = book.best_ask if is_buy else book.best_bid  # what is placed here does not change it
        random = self._random
        usd = self._usd * (1.0 - _THINNING * self._references.stress)
        for index in missing:
            offset = self._style.offsets[index] + random.uniform(-0.2, 0.2)
            px = round_to_tick(max(int(center + offset * half), 1), decimals, up=not is_buy)
            if touch is not None:
                if is_buy:
                    if px >= touch:
                        px = round_to_tick(touch - 1, decimals, up=False)
                elif px <= touch:
                    px = round_to_tick(touch + 1, decimals, up=True)
            if px <= 0:
                continue
            worth = usd * (1.0 + 0.3 * index) * random.lognormvariate(0.0, 0.4)
            sz = lots_for(self._scale, worth, px)
            new = NewOrder(instrument=instrument, is_buy=is_buy, px=px, sz=sz, tif=Tif.ALO)
            orders[index] = desk.place(self._account, new)

    def _leave(self, desk: Desk, orders: list[Order | None]) -> None:
        for index, order in enumerate(orders):
            if order is not None:
                desk.cancel(order)
                orders[index] = None


def holding(account: Account, instrument: Instrument) -> int:
    """How many lots an account of the house holds; below zero if it is short, as it may be of a pair too."""
    if isinstance(instrument, SpotPair):
        return account.balances.get(instrument.base.index, 0) // instrument.base_scale
    position = account.positions.get(instrument.asset)
    return 0 if position is None else position.szi
