"""Climates: how prices move and how much is traded in each regime of the living market."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from livetrio.exchange.settings import Regime

Span = tuple[float, float]
"""From, to: a value is drawn evenly between them."""


@attrs.frozen(kw_only=True)
class DriftRule:
    """Prices go one way for a while, pause, and go on."""

    speed_bps: Span
    """Of a run, per minute."""
    run: Span
    """How long one lasts, seconds."""
    pause: Span
    """Seconds between two runs."""
    persistence: float
    """How likely a run goes the same way as the one before."""


@attrs.frozen(kw_only=True)
class FallRule:
    """Now and then everything falls fast, and comes back in part."""

    first: Span
    """When the first fall begins, seconds after the market."""
    pause: Span
    """Seconds from the end of a recovery to the next fall."""
    depth_bps: Span
    fall: Span
    """How long it falls, seconds."""
    recovered: Span
    """Which part of it comes back soon."""
    recovery: Span
    """How long that takes, seconds."""
    healing: float
    """In so many seconds the rest of it shrinks to 1/e."""


@attrs.frozen(kw_only=True)
class Climate:
    """How prices move in a regime."""

    volatility_bps: float
    """Of what all instruments have in common, per square root of a second."""
    reversion: float
    """In so many seconds a price that strayed from its home is drawn back to 1/e of the way."""
    home_volatility_bps: float
    """How much that home itself moves, per square root of a second."""
    activity: float
    """How often somebody takes, against `calm`."""
    caution: float
    """How far out makers quote, against `calm`."""
    drift: DriftRule | None = None
    falls: FallRule | None = None


CLIMATES: Mapping[Regime, Climate] = {
    "calm": Climate(volatility_bps=0.4, reversion=180.0, home_volatility_bps=0.08, activity=1.0, caution=1.0),
    "trend": Climate(
        volatility_bps=0.5,
        reversion=600.0,
        home_volatility_bps=0.25,
        activity=1.5,
        caution=1.4,
        drift=DriftRule(speed_bps=(12.0, 30.0), run=(40.0, 120.0), pause=(15.0, 60.0), persistence=0.85),
    ),
    "crash": Climate(
        volatility_bps=0.8,
        reversion=900.0,
        home_volatility_bps=0.3,
        activity=2.0,
        caution=1.8,
        falls=FallRule(
            first=(45.0, 240.0),
            pause=(180.0, 480.0),
            depth_bps=(300.0, 700.0),
            fall=(20.0, 50.0),
            recovered=(0.3, 0.6),
            recovery=(60.0, 180.0),
            healing=600.0,
        ),
    ),
}
"""By regime; ``none`` has no climate, for nobody trades."""
