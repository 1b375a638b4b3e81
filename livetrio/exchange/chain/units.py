"""Units: how the chain counts, in whole numbers, and how the wire writes them.

Nothing in the chain is a fraction, so nothing is ever lost by rounding where it was not said to be:

- a size is in lots of ``10**-szDecimals``; a price in steps of ``10**-(6 - szDecimals)`` for perpetuals and
  ``10**-(8 - szDecimals)`` for spot pairs (docs page *tick-and-lot-size*, 2026-08-22);
- so price × size is a whole number of millionths of a USD for every perpetual, which is the unit of all
  perpetual money (`USD_DECIMALS`), and of hundred-millionths of the quote token for every spot pair;
- spot balances are in the token's own smallest unit, ``10**-weiDecimals``;
- rates (fees, funding) are in units of ``10**-RATE_DECIMALS``.
"""

from __future__ import annotations

import re

USD_DECIMALS = 6
"""Perpetual money: the venue's own unit for ``ntli`` and ``usd`` (§5.6)."""

PERP_DECIMALS = 6
SPOT_DECIMALS = 8
"""Decimals of price × size, so of a price and a size together."""

RATE_DECIMALS = 10
RATE: int = 10**RATE_DECIMALS
"""1, as a rate."""

PRICE_FIGURES = 5
"""Significant figures of a price that is no whole number (docs page *tick-and-lot-size*, 2026-08-22)."""

_FIRST_TOO_LONG: int = 10**PRICE_FIGURES

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,29})(?:\.([0-9]{0,17}[1-9]))?", re.ASCII)
"""As signed input is written: no sign, no exponent, no trailing zeros (§0, §5.7)."""


class NotANumber(ValueError):
    """A text is no number as the wire writes them: with trailing zeros, a sign, an exponent, or none."""


class TooFine(ValueError):
    """A number has more decimals than the thing it counts."""


def parse_units(text: str, decimals: int) -> int:
    """The number in a text of signed input, in units of ``10**-decimals``; never negative.

    Raises:
      NotANumber: it is written otherwise than the wire writes numbers.
      TooFine: it has more decimals.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotANumber(text)
    whole, fraction = match[1], match[2] or ""
    if len(fraction) > decimals:
        raise TooFine(text)
    return int(whole + fraction.ljust(decimals, "0"))


def format_units(value: int, decimals: int) -> str:
    """A number as the venue prints it: no trailing zeros, but always a point: ``31795.0`` (§0)."""
    if decimals <= 0:
        return f"{value * 10**-decimals}.0"
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    fraction = digits[-decimals:].rstrip("0") or "0"
    return f"{sign}{digits[:-decimals]}.{fraction}"


def wire_units(value: int, decimals: int) -> str:
    """A number as signed input writes it: no trailing zeros, and no point after a whole number (§0)."""
    return format_units(value, decimals).removesuffix(".0")


def is_on_tick(px: int, px_decimals: int) -> bool:
    """Whether a price has at most five significant figures, or is a whole number."""
    if px < 10**PRICE_FIGURES:
        return True
    whole: int = 10 ** max(px_decimals, 0)
    figures: int = 10 ** (len(str(px)) - PRICE_FIGURES)
    return px % whole == 0 or px % figures == 0


def tick_at(px: int, px_decimals: int) -> int:
    """The distance between two valid prices near this one, in units of price."""
    tick = 1
    most = _FIRST_TOO_LONG
    while px >= most and px_decimals > 0:
        tick *= 10
        most *= 10
        px_decimals -= 1
    return tick


def round_to_tick(px: int, px_decimals: int, *, up: bool) -> int:
    """The nearest valid price at or above (``up``), or at or below."""
    tick = tick_at(px, px_decimals)
    return -(-px // tick) * tick if up else px // tick * tick
