"""References: what everything is worth in the living market at each moment, whatever the books say.

All paths are walked in steps of `STEP` from the moment the market begins, each from sub-streams of its own.
They know nothing of the books: the same seed gives the same paths whatever clients do, and however the
blocks fall. They are walked a little further than the present, because there is always somebody who knows a
little earlier.

What is worth the same has one path: a perpetual of HYPE and a pair of HYPE go by the same, each with a small
basis of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp
from random import Random

from livetrio.exchange.chain.listing import Instrument, SpotPair
from livetrio.exchange.market.climates import Climate
from livetrio.exchange.market.profiles import profile_of
from livetrio.exchange.market.tide import BPS, Tide
from livetrio.exchange.market.wander import STEP, Wander

STEP_MS = round(STEP * 1000)

AHEAD = 6
"""How many steps the paths are known in advance: 1.5 seconds."""

MAX_STEPS = round(3600 / STEP)
"""After a pause that is longer, an hour is walked and the rest left out: nobody saw it."""

_OWN_SHARE = 0.5
"""Of a price's movement that is its own, against that of the tide."""

_BASIS = {True: 1.0, False: 2.5}
"""How far an instrument strays from what it stands for, in basis points: perpetuals, pairs."""

_BASIS_REVERSION = 300.0
"""Seconds."""


class Price:
    """What one instrument is worth. In units of its price, and no whole number."""

    __slots__ = ("_basis", "_path", "ahead", "instrument", "outside", "value")

    def __init__(self, instrument: Instrument, path: deque[float], basis: Wander) -> None:
        self.instrument = instrument
        self._path = path
        self._basis = basis
        self.value = float(instrument.reference)
        """Now."""
        self.ahead = self.value
        """In `AHEAD` steps."""
        self.outside = self.value
        """Elsewhere, without the basis: what an oracle sees."""

    def step(self) -> None:
        """Let the basis go on."""
        self._basis.step()

    def settle(self) -> None:
        """Take the values that hold now."""
        reference, basis, path = self.instrument.reference, self._basis.level, self._path
        self.outside = reference * exp(path[0])
        self.value = self.outside * exp(basis)
        self.ahead = reference * exp(path[-1] + basis)


class References:
    """All prices, and how frightened everybody is."""

    def __init__(self, seed: int, climate: Climate, instruments: Sequence[Instrument], time: int) -> None:
        """Begin at the listing's reference prices, at this time in ms."""
        stream = f"{seed}/market"
        self._tide = Tide(stream, climate)
        self._paths: dict[str, _Path] = {}
        self._stresses = deque([0.0], maxlen=AHEAD + 1)
        self._began = time
        self._steps = -AHEAD
        """How many were walked, without those in advance."""
        self.prices: dict[int, Price] = {}
        """By asset."""
        for each in instruments:
            name = each.base.name if isinstance(each, SpotPair) else each.coin
            if name not in self._paths:
                beta = profile_of(each).beta
                self._paths[name] = _Path(Random(f"{stream}/reference/{name}"), climate, beta)
            scale = _BASIS[each.is_perp] * BPS
            basis = Wander(
                Random(f"{stream}/basis/{each.coin}"),
                volatility=scale * (2.0 / _BASIS_REVERSION) ** 0.5,
                reversion=_BASIS_REVERSION,
            )
            self.prices[each.asset] = Price(each, self._paths[name].levels, basis)
        self.advance(time)

    @property
    def stress(self) -> float:
        """Now: 0 as always, 1 in the midst of a fall."""
        return self._stresses[0]

    def advance(self, time: int) -> None:
        """Let it be this time, ms; never earlier than before."""
        wanted = (time - self._began) // STEP_MS
        if wanted - self._steps > MAX_STEPS:
            self._began += (wanted - self._steps - MAX_STEPS) * STEP_MS
            wanted = self._steps + MAX_STEPS
        if wanted <= self._steps:
            return
        while self._steps < wanted:
            self._step()
        for price in self.prices.values():
            price.settle()

    def _step(self) -> None:
        self._steps += 1
        tide = self._tide
        tide.step()
        self._stresses.append(tide.stress)
        for path in self._paths.values():
            path.step(tide.level)
        for price in self.prices.values():
            price.step()


class _Path:
    """Where one thing's value goes: with the tide, and its own way beside it."""

    __slots__ = ("_beta", "_own", "levels")

    def __init__(self, random: Random, climate: Climate, beta: float) -> None:
        self._beta = beta
        share = _OWN_SHARE * beta * BPS
        self._own = Wander(
            random,
            volatility=climate.volatility_bps * share,
            reversion=climate.reversion,
            home_volatility=climate.home_volatility_bps * share,
        )
        self.levels = deque([0.0], maxlen=AHEAD + 1)
        """From now to `AHEAD` steps from now."""

    def step(self, tide: float) -> None:
        self.levels.append(self._beta * tide + self._own.step())
