"""Sizes: how many lots an amount of money is."""

from __future__ import annotations

from livetrio.exchange.chain.listing import Instrument

MIN_USD = 11
"""A little more than the least that the venue lets an order be worth (§5.7)."""


def lots_for(scale: int, usd: float, px: int) -> int:
    """The lots of about this worth at a price in units; never less than an order must have.

    The scale is the instrument's `usd_scale`.
    """
    lots, least = int(usd * scale / px), -(-MIN_USD * scale // px)
    return lots if lots > least else least


def usd_scale(instrument: Instrument) -> int:
    """Units of price × size in a USD, or in one of the quote token."""
    scale: int = 10 ** (instrument.px_decimals + instrument.sz_decimals)
    return scale
