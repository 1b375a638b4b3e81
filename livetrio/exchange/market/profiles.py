"""Profiles: how one instrument is traded: how closely quoted, how deep, how often, how large."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from livetrio.exchange.chain.listing import Instrument


@attrs.frozen(kw_only=True)
class Profile:
    """How much goes on in an instrument. The figures are this market's own; their proportions are the
    venue's, roughly."""

    beta: float
    """How far it moves when the whole market moves by one."""
    half_spread_bps: float
    """From the reference to the quote of the closest maker."""
    order_usd: float
    """What a maker's order near the touch is worth."""
    takers_per_minute: float
    """Who come of their own, when nothing special is going on; others follow them."""
    taker_usd: float
    """What half of the takers want more than."""
    pace: float
    """How long everybody takes to look again, against the usual."""
    makers: int
    """How many of the makers quote it, the closest first."""

    def at(self, pace: float) -> Profile:
        """The same with so many times as much going on."""
        return attrs.evolve(self, pace=self.pace / pace, takers_per_minute=self.takers_per_minute * pace)


PROFILES: Mapping[str, Profile] = {
    "BTC": Profile(
        beta=1.0,
        half_spread_bps=0.4,
        order_usd=24_000,
        takers_per_minute=75,
        taker_usd=1_400,
        pace=0.6,
        makers=6,
    ),
    "ETH": Profile(
        beta=1.2,
        half_spread_bps=0.55,
        order_usd=16_000,
        takers_per_minute=60,
        taker_usd=1_000,
        pace=0.7,
        makers=6,
    ),
    "SOL": Profile(
        beta=1.4,
        half_spread_bps=0.9,
        order_usd=8_000,
        takers_per_minute=35,
        taker_usd=600,
        pace=1.0,
        makers=5,
    ),
    "HYPE": Profile(
        beta=1.5,
        half_spread_bps=1.2,
        order_usd=6_000,
        takers_per_minute=35,
        taker_usd=500,
        pace=1.0,
        makers=5,
    ),
}
"""By coin; all others are traded like `OTHER_PERP` and `PAIR`."""

OTHER_PERP = Profile(
    beta=1.6, half_spread_bps=2.0, order_usd=2_000, takers_per_minute=12, taker_usd=200, pace=1.4, makers=4
)

PAIR = Profile(
    beta=1.6, half_spread_bps=3.0, order_usd=900, takers_per_minute=8, taker_usd=120, pace=1.8, makers=4
)


def profile_of(instrument: Instrument) -> Profile:
    """How an instrument is traded."""
    return PROFILES.get(instrument.coin, OTHER_PERP if instrument.is_perp else PAIR)
