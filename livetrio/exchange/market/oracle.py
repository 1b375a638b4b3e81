"""Oracle: tells the exchange every few seconds what perpetuals are worth elsewhere, a little late."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.units import round_to_tick
from livetrio.exchange.market.references import Price
from livetrio.exchange.market.tide import BPS

INTERVAL = 3_000
"""ms from one price to the next; the venue's validators publish as often (docs page *oracle*, 2026-08-22)."""

_NOISE = 0.3 * BPS

_WEIGHT = 0.7
"""Of what is seen now, against what was said last."""


class Oracle:
    """Of all perpetuals."""

    def __init__(self, random: Random, prices: Sequence[Price]) -> None:
        self._random = random
        self._told = {each: each.outside for each in prices}

    def act(self, desk: Desk, time: int) -> int:
        """Tell the prices; when they are due again."""
        for price, told in self._told.items():
            seen = price.outside * (1.0 + _NOISE * self._random.gauss(0.0, 1.0))
            now = self._told[price] = told + _WEIGHT * (seen - told)
            instrument = price.instrument
            px = round_to_tick(max(round(now), 1), instrument.px_decimals, up=False)
            desk.set_oracle(instrument.asset, px)
        return time + INTERVAL
