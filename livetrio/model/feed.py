"""Feed: one stream of market data that can be subscribed to."""

from __future__ import annotations

from enum import Enum

import attrs

from livetrio.model.identifiers import InstrumentId


class FeedKind(Enum):
    """What a feed brings, and so which class of event."""

    QUOTES = "quotes"
    TRADES = "trades"
    BOOK = "book"
    BARS = "bars"
    CONTEXT = "context"
    MIDS = "mids"


@attrs.frozen
class Feed:
    """One kind of data of one instrument (or, for mid prices, of one venue)."""

    kind: FeedKind
    venue: str
    instrument_id: InstrumentId | None = None
    """None for feeds of a whole venue."""
    interval: str | None = None
    """For bars only."""

    def __str__(self) -> str:
        subject = self.instrument_id or self.venue
        return f"{self.kind.value} {subject}" + (f" {self.interval}" if self.interval else "")
