"""OrderBook: the resting orders of an instrument, summed by price.

Turning forty levels of text into Decimals costs several times what reading the message costs, and most
strategies look at two of them. So a book keeps the levels as the venue sent them and converts a side
when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Protocol

import msgspec

from livetrio.model.identifiers import InstrumentId


class BookLevel(msgspec.Struct, frozen=True, gc=False):
    """All resting orders at one price."""

    price: Decimal
    size: Decimal
    """Base units."""
    orders: int
    """How many orders, or 0 where the venue does not say."""


class WireLevel(Protocol):
    """A level in the form a venue sent it, able to say what it means."""

    def level(self) -> BookLevel:
        """The level in our words."""
        ...


class OrderBook(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A whole order book at one moment; the next one replaces it. (Structs, for the reason in `market`.)"""

    instrument_id: InstrumentId
    wire_bids: Sequence[WireLevel]
    """Best first. Read `bids`; this is the form in which they came."""
    wire_asks: Sequence[WireLevel]
    ts_event: int
    ts_init: int
    generation: int = 0

    @cached_property
    def bids(self) -> tuple[BookLevel, ...]:
        """Highest price first."""
        return tuple(level.level() for level in self.wire_bids)

    @cached_property
    def asks(self) -> tuple[BookLevel, ...]:
        """Lowest price first."""
        return tuple(level.level() for level in self.wire_asks)

    @property
    def best_bid(self) -> BookLevel | None:
        """The highest bid, or None where nobody bids."""
        return self.wire_bids[0].level() if self.wire_bids else None

    @property
    def best_ask(self) -> BookLevel | None:
        """The lowest ask, or None where nobody asks."""
        return self.wire_asks[0].level() if self.wire_asks else None

    @property
    def mid_price(self) -> Decimal | None:
        """Halfway between best bid and best ask, or None where one is absent."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else (bid.price + ask.price) / 2
