"""Market data: what a venue says about its instruments.

Every value carries three things beside its payload. ``ts_event`` is the venue's time and ``ts_init``
ours, both UTC nanoseconds: a price has an age. ``generation`` counts the sessions of the connection it
came by, from 1: after a reconnect it is higher, and the engine applies nothing of an older one.

`Quote`, `Trade` and `OrderBook` come by the hundred thousand a second. They are frozen msgspec Structs,
because making one costs 0.12 µs against 1.2 µs as a frozen attrs class, a third of all that happens to a
quote between the socket and a strategy; they have the same look from outside. To change a copy:
``msgspec.structs.replace``. For the same reason they take their fields by position, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

import attrs
import msgspec

from livetrio.model.identifiers import InstrumentId


class AggressorSide(Enum):
    """Who crossed the spread in a trade."""

    BUYER = "buyer"
    SELLER = "seller"
    UNKNOWN = "unknown"


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and best ask. A side that nobody quotes is None: absent, not old."""

    instrument_id: InstrumentId
    bid_price: Decimal | None
    bid_size: Decimal | None
    ask_price: Decimal | None
    ask_size: Decimal | None
    ts_event: int
    ts_init: int
    generation: int = 0

    @property
    def mid_price(self) -> Decimal | None:
        """Halfway between bid and ask, or None where one of them is absent."""
        if self.bid_price is None or self.ask_price is None:
            return None
        return (self.bid_price + self.ask_price) / 2


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One public trade."""

    instrument_id: InstrumentId
    price: Decimal
    size: Decimal
    aggressor_side: AggressorSide
    trade_id: str
    """Unique for the instrument; the same trade sent again has the same id and is not published twice."""
    ts_event: int
    ts_init: int
    generation: int = 0
    is_history: bool = False
    """True for trades that the venue repeats from before the subscription began."""


@attrs.frozen
class Bar:
    """Open, high, low, close and volume of one period. Published when the period has ended."""

    instrument_id: InstrumentId
    interval: str
    """As in `BAR_INTERVALS`: ``1m``, ``1h``."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    """Base units."""
    count: int
    """How many trades."""
    ts_open: int
    """First nanosecond of the period."""
    ts_close: int
    """First nanosecond after the period."""
    ts_event: int
    ts_init: int
    generation: int = 0
    is_closed: bool = False


@attrs.frozen
class MarketContext:
    """What a venue derives beside book and trades. None is what this venue or instrument has not."""

    instrument_id: InstrumentId
    mark_price: Decimal
    """The price that margin and liquidation go by."""
    oracle_price: Decimal | None
    """The index price from outside that funding goes by."""
    mid_price: Decimal | None
    funding_rate: Decimal | None
    """Of one hour, as a fraction; positive: longs pay shorts."""
    open_interest: Decimal | None
    """Base units."""
    day_notional_volume: Decimal | None
    """Quote currency, last 24 hours."""
    previous_day_price: Decimal | None
    ts_event: int
    ts_init: int
    generation: int = 0


@attrs.frozen
class MidPrices:
    """The mid prices of everything a venue lists, in one message."""

    venue: str
    prices: Mapping[InstrumentId, Decimal]
    ts_event: int
    ts_init: int
    generation: int = 0


MarketEvent = Quote | Trade | Bar | MarketContext | MidPrices
"""All but the order book, which has a file of its own."""

BAR_INTERVALS: Mapping[str, int] = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "8h": 28800,
    "12h": 43200,
    "1d": 86400,
    "3d": 259200,
    "1w": 604800,
}
"""Bar intervals and their length in seconds. A calendar month has no fixed length and is not offered."""
