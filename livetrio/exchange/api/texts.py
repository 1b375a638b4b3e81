"""Texts: the chain's whole numbers as the wire writes them: decimal strings that always have a point (§0)."""

from __future__ import annotations

from livetrio.exchange.chain.listing import Instrument
from livetrio.exchange.chain.money import token_text, usd_text
from livetrio.exchange.chain.units import RATE_DECIMALS, format_units

__all__ = ["px_text", "rate_text", "ratio_text", "side_text", "sz_text", "token_text", "usd_text"]

BUY = "B"
SELL = "A"


def side_text(is_buy: bool) -> str:
    """Bid or ask."""
    return BUY if is_buy else SELL


def px_text(instrument: Instrument, px: int) -> str:
    """A price."""
    return format_units(px, instrument.px_decimals)


def sz_text(instrument: Instrument, sz: int) -> str:
    """A size, or with a sign a position."""
    return format_units(sz, instrument.sz_decimals)


def rate_text(rate: int) -> str:
    """A rate, as a fraction."""
    return format_units(rate, RATE_DECIMALS)


def ratio_text(dividend: int, divisor: int, decimals: int) -> str:
    """A quotient, rounded to so many decimals, half to even. The divisor is above zero."""
    scaled = dividend * 10**decimals
    quotient, rest = divmod(scaled, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return format_units(quotient, decimals)
