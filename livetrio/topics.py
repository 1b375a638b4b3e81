"""Topics: where on the message bus each kind of event is published.

A topic is a `str` with the type of its events attached for the type checker, so the plain names work
everywhere too:

    market_data.{instrument}                Quote
    trade.{instrument}                      Trade
    orderbook.{instrument}.snapshot         OrderBook
    candle.{instrument}.{interval}          Bar, when its period has ended
    context.{instrument}                    MarketContext
    mids.{venue}                            MidPrices
    order.{status}                          OrderEvent that led there (``order.cancelled`` has two l)
    order.updated, .pending_update, .pending_cancel, .modify_rejected, .cancel_rejected
                                            OrderEvent that left the status as it was
    strategy.{name}                         OrderEvent of the strategy's own orders
    position.{instrument}                   Position
    account.{account}                       Account
    system.tick                             TickEvent
    system.connected, .disconnected, .reconnecting, .failed    ConnectionEvent
    system.feed                             FeedEvent
    system.slow                             SlowEvent, where that is measured
    system.shutdown                         ShutdownEvent
    websocket.{connection}                  bytes: messages of an endpoint that no venue decodes

A pattern is a topic, or a prefix and ``*``: ``trade.*`` is every trade, ``*`` is everything.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from livetrio.model import (
    Account,
    Bar,
    ConnectionEvent,
    FeedEvent,
    MarketContext,
    MidPrices,
    OrderBook,
    OrderEvent,
    OrderStatus,
    Position,
    Quote,
    ShutdownEvent,
    SlowEvent,
    TickEvent,
    Trade,
)

T_co = TypeVar("T_co", covariant=True)


class Topic(str, Generic[T_co]):
    """The name of a topic whose events are of type ``T_co``."""

    __slots__ = ()


def quotes(instrument_id: str) -> Topic[Quote]:
    """Best bid and ask of an instrument (``*``: of all)."""
    return Topic(f"market_data.{instrument_id}")


def trades(instrument_id: str) -> Topic[Trade]:
    """Public trades of an instrument (``*``: of all)."""
    return Topic(f"trade.{instrument_id}")


def books(instrument_id: str) -> Topic[OrderBook]:
    """Whole order books of an instrument."""
    return Topic(f"orderbook.{instrument_id}.snapshot")


def bars(instrument_id: str, interval: str) -> Topic[Bar]:
    """Bars of an instrument, each when its period has ended."""
    return Topic(f"candle.{instrument_id}.{interval}")


def contexts(instrument_id: str) -> Topic[MarketContext]:
    """Mark and oracle price, funding and open interest of an instrument."""
    return Topic(f"context.{instrument_id}")


def mids(venue: str) -> Topic[MidPrices]:
    """Mid prices of all that a venue lists."""
    return Topic(f"mids.{venue}")


def orders(status: OrderStatus) -> Topic[OrderEvent]:
    """What led orders into this status. Of the canceled, by the seed's name, it is ``order.cancelled``.

    Each fill is an event of ``order.partially_filled`` or ``order.filled``, an order's first and its tenth;
    one that comes after the order was closed is of the status that it was closed with.
    """
    name = "cancelled" if status is OrderStatus.CANCELED else status.value
    return Topic(f"order.{name}")


def strategy_orders(strategy: str) -> Topic[OrderEvent]:
    """All that happens to the orders of one strategy."""
    return Topic(f"strategy.{strategy}")


def positions(instrument_id: str) -> Topic[Position]:
    """Changes of the position in an instrument."""
    return Topic(f"position.{instrument_id}")


def accounts(account_id: str) -> Topic[Account]:
    """Changes of an account's money."""
    return Topic(f"account.{account_id}")


def raw_messages(connection: str) -> Topic[bytes]:
    """Messages of an endpoint that no venue decodes, as received."""
    return Topic(f"websocket.{connection}")


EVERYTHING: Topic[Any] = Topic("*")
ORDER_UPDATED: Topic[OrderEvent] = Topic("order.updated")
ORDER_PENDING_UPDATE: Topic[OrderEvent] = Topic("order.pending_update")
ORDER_PENDING_CANCEL: Topic[OrderEvent] = Topic("order.pending_cancel")
ORDER_CANCEL_REJECTED: Topic[OrderEvent] = Topic("order.cancel_rejected")
ORDER_MODIFY_REJECTED: Topic[OrderEvent] = Topic("order.modify_rejected")
TICK: Topic[TickEvent] = Topic("system.tick")
CONNECTED: Topic[ConnectionEvent] = Topic("system.connected")
DISCONNECTED: Topic[ConnectionEvent] = Topic("system.disconnected")
RECONNECTING: Topic[ConnectionEvent] = Topic("system.reconnecting")
FAILED: Topic[ConnectionEvent] = Topic("system.failed")
FEED: Topic[FeedEvent] = Topic("system.feed")
SLOW: Topic[SlowEvent] = Topic("system.slow")
SHUTDOWN: Topic[ShutdownEvent] = Topic("system.shutdown")


def topic_of(event: object) -> str | None:
    """The topic on which a market data event is published, or None for events of other kinds."""
    match event:
        case Quote():
            return quotes(event.instrument_id)
        case Trade():
            return trades(event.instrument_id)
        case OrderBook():
            return books(event.instrument_id)
        case Bar():
            return bars(event.instrument_id, event.interval)
        case MarketContext():
            return contexts(event.instrument_id)
        case MidPrices():
            return mids(event.venue)
        case _:
            return None


RAW_PREFIX = "websocket."
"""Raw messages: their topic cannot be told from the event."""

LOSSY_PREFIXES = ("market_data.", "trade.", "orderbook.", "candle.", "context.", "mids.", RAW_PREFIX)
"""Market data: a reader too slow for it loses the oldest, counted. Everything else is never lost."""


def is_lossy(topic: str) -> bool:
    """Whether a slow reader loses the oldest events of this topic rather than its subscription."""
    return topic.startswith(LOSSY_PREFIXES)
