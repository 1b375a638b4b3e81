"""Names of things: instruments and venues.

An instrument id reads ``BTC-USD-PERP.HYPERLIQUID``: the symbol, a dot, the venue. At run time it is a
plain `str`, so that a look-up costs what a look-up of a string costs and a literal will do anywhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import NewType

InstrumentId = NewType("InstrumentId", str)
"""``SYMBOL.VENUE``, as `instrument_id` makes and checks it."""

_PATTERN = re.compile(r"[A-Za-z0-9@#:/_-]+\.[A-Z][A-Z0-9_]*")


def instrument_id(text: str) -> InstrumentId:
    """The text as an instrument id.

    Raises:
      ValueError: the text is not of the form ``SYMBOL.VENUE``.
    """
    if not isinstance(text, str) or not _PATTERN.fullmatch(text):
        raise ValueError(f"expected an instrument id such as BTC-USD-PERP.HYPERLIQUID, found {text!r}")
    return InstrumentId(text)


def venue_of(instrument: str) -> str:
    """``HYPERLIQUID`` for ``BTC-USD-PERP.HYPERLIQUID``."""
    return instrument.rpartition(".")[2]


def symbol_of(instrument: str) -> str:
    """``BTC-USD-PERP`` for ``BTC-USD-PERP.HYPERLIQUID``."""
    return instrument.rpartition(".")[0]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like a mistyped one, or None where nothing is alike."""
    names = sorted(known)
    folded = {each.casefold(): each for each in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None
