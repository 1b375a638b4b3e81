"""Values: the words of the domain. Nothing here does anything; nothing here changes once made."""

from livetrio.model.book import BookLevel, OrderBook, WireLevel
from livetrio.model.feed import Feed, FeedKind
from livetrio.model.identifiers import InstrumentId, instrument_id, nearest, symbol_of, venue_of
from livetrio.model.instrument import Instrument, InstrumentKind
from livetrio.model.market import (
    BAR_INTERVALS,
    AggressorSide,
    Bar,
    MarketContext,
    MidPrices,
    Quote,
    Trade,
)
from livetrio.model.order import Order, OrderSide, OrderStatus, OrderType
from livetrio.model.position import Account, Position
from livetrio.model.system import (
    ConnectionEvent,
    ConnectionState,
    FeedEvent,
    FeedState,
    ShutdownEvent,
    ShutdownReason,
    TickEvent,
)

__all__ = [
    "BAR_INTERVALS",
    "Account",
    "AggressorSide",
    "Bar",
    "BookLevel",
    "ConnectionEvent",
    "ConnectionState",
    "Feed",
    "FeedEvent",
    "FeedKind",
    "FeedState",
    "Instrument",
    "InstrumentId",
    "InstrumentKind",
    "MarketContext",
    "MidPrices",
    "Order",
    "OrderBook",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "Position",
    "Quote",
    "ShutdownEvent",
    "ShutdownReason",
    "TickEvent",
    "Trade",
    "WireLevel",
    "instrument_id",
    "nearest",
    "symbol_of",
    "venue_of",
]
