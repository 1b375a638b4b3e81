"""Takers: those of the house that come to trade at once, what they want, and who follows them.

They come as it is known from markets: in a quiet and a busy mood that alternate, and each one may draw
another after it within moments, on the same side (which makes it a Hawkes process). Most want little, a few
very much. Most take what stands at the touch and no more; some sweep several levels.

They know a little earlier than the quotes where the price goes. So a client's quotes are taken above all when
they should not be.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import tanh
from random import Random

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.order import NewOrder, Tif
from livetrio.exchange.chain.units import round_to_tick
from livetrio.exchange.market.agenda import Agenda
from livetrio.exchange.market.climates import Climate
from livetrio.exchange.market.profiles import Profile
from livetrio.exchange.market.references import Price, References
from livetrio.exchange.market.sizes import lots_for, usd_scale
from livetrio.exchange.market.tide import BPS

_BUSY = 3.0
_QUIET = 0.5
"""How often they come, against the profile, in the two moods."""

_BUSY_FOR = 8.0
_QUIET_FOR = 25.0
"""Seconds that a mood lasts, on average."""

_HURRY = 4.0
"""In a fall they come so many times more often, on top."""

_FOLLOWED = 0.4
"""How likely one draws another after it. Below 1, or there would be no end of them."""

_FOLLOWS_WITHIN = 180.0
"""ms, on average."""

_TAIL = 1.3
"""The exponent of the sizes' tail (Pareto): half of them are below 1.7 times the least."""

_MEDIAN = 2 ** (1 / _TAIL)

_LARGEST = 250.0
"""In those of the profile."""

_SWEEPS = 0.3
"""How likely one takes more than the touch."""

_SWEEP = (3.0, 12.0)
"""How far beyond it then, in half spreads."""

_FORESIGHT = 0.35
_VALUE = 0.15
"""How far the odds of buying move from one half: by what is known of the price's next move, and by whether
the book is too cheap."""


class Takers:
    """All takers in one instrument."""

    def __init__(
        self,
        random: Random,
        *,
        accounts: Sequence[Account],
        profile: Profile,
        climate: Climate,
        price: Price,
        references: References,
        agenda: Agenda,
    ) -> None:
        self._random = random
        self._accounts = accounts
        self._instrument = price.instrument
        self._price = price
        self._references = references
        self._agenda = agenda
        self._half = profile.half_spread_bps * BPS
        self._usd = profile.taker_usd
        self._per_ms = profile.takers_per_minute * climate.activity / 60_000
        self._is_busy = False
        self._mood_until = 0

    def next(self, time: int) -> int:
        """When the next one comes, ms."""
        random = self._random
        if time >= self._mood_until:
            self._is_busy = self._mood_until > 0 and not self._is_busy
            length = _BUSY_FOR if self._is_busy else _QUIET_FOR
            self._mood_until = time + 1 + int(1000 * random.expovariate(1 / length))
        mood = _BUSY if self._is_busy else _QUIET
        hurry = 1.0 + _HURRY * self._references.stress
        return time + 1 + int(random.expovariate(self._per_ms * mood * hurry))

    def act(self, desk: Desk, time: int) -> int:
        """One comes; when the next one does."""
        random = self._random
        account = random.choice(self._accounts)
        is_buy = random.random() < self._odds_of_buying(desk)
        usd = self._usd * min(random.paretovariate(_TAIL) / _MEDIAN, _LARGEST)
        reach = random.uniform(*_SWEEP) if random.random() < _SWEEPS else 0.0
        self._take(desk, account, is_buy, usd, reach)
        self._draw_another(time, account, is_buy, usd)
        return self.next(time)

    def _follow(self, account: Account, is_buy: bool, usd: float, desk: Desk, time: int) -> None:
        """One comes that was drawn by another."""
        self._take(desk, account, is_buy, usd, reach=0.0)
        self._draw_another(time, account, is_buy, usd)

    def _draw_another(self, time: int, account: Account, is_buy: bool, usd: float) -> None:
        random = self._random
        if random.random() < _FOLLOWED:
            if random.random() < 0.5:  # the same one goes on, or another
                account = random.choice(self._accounts)
            due = time + int(random.expovariate(1 / _FOLLOWS_WITHIN))
            usd *= random.uniform(0.5, 1.2)
            self._agenda.add(due, partial(self._follow, account, is_buy, usd))

    def _odds_of_buying(self, desk: Desk) -> float:
        """More if the price will rise, and if the book is below what the instrument is worth."""
        price, scale = self._price, self._half * self._price.value
        odds = 0.5 + _FORESIGHT * tanh((price.ahead - price.value) / scale)
        book = desk.ledger.books[self._instrument.asset]
        bid, ask = book.best_bid, book.best_ask
        if bid is not None and ask is not None:
            odds += _VALUE * tanh((price.value - (bid + ask) / 2) / scale)
        return odds

    def _take(self, desk: Desk, account: Account, is_buy: bool, usd: float, reach: float) -> None:
        """Take what is there up to some half spreads beyond the touch."""
        instrument = self._instrument
        book = desk.ledger.books[instrument.asset]
        touch = book.best_ask if is_buy else book.best_bid
        if touch is None:
            return
        beyond = int(touch * self._half * reach)
        limit = touch + beyond if is_buy else max(touch - beyond, 1)
        px = round_to_tick(limit, instrument.px_decimals, up=not is_buy) if beyond else touch
        sz = lots_for(usd_scale(instrument), usd, touch)
        desk.place(account, NewOrder(instrument=instrument, is_buy=is_buy, px=px, sz=sz, tif=Tif.IOC))
