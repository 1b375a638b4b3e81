"""Topics: the names on the bus, and what may be lost on them."""

from decimal import Decimal

import pytest

from livetrio import topics
from livetrio.model import (
    AggressorSide,
    Bar,
    MarketContext,
    MidPrices,
    OrderBook,
    OrderStatus,
    Quote,
    TickEvent,
    Trade,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
ONE = Decimal(1)

MARKET_EVENTS = {
    f"market_data.{BTC}": Quote(BTC, ONE, ONE, ONE, ONE, 1, 2),
    f"trade.{BTC}": Trade(BTC, ONE, ONE, AggressorSide.BUYER, "1", 1, 2),
    f"orderbook.{BTC}.snapshot": OrderBook(BTC, (), (), 1, 2),
    f"candle.{BTC}.1m": Bar(BTC, "1m", ONE, ONE, ONE, ONE, ONE, 1, 0, 60, 1, 2),
    f"context.{BTC}": MarketContext(BTC, ONE, None, None, None, None, None, None, 1, 2),
    "mids.HYPERLIQUID": MidPrices("HYPERLIQUID", {}, 1, 2),
}

NAMES = {
    topics.quotes(BTC): f"market_data.{BTC}",
    topics.trades(BTC): f"trade.{BTC}",
    topics.books(BTC): f"orderbook.{BTC}.snapshot",
    topics.bars(BTC, "1m"): f"candle.{BTC}.1m",
    topics.contexts(BTC): f"context.{BTC}",
    topics.mids("HYPERLIQUID"): "mids.HYPERLIQUID",
    topics.positions(BTC): f"position.{BTC}",
    topics.accounts("HYPERLIQUID-0x1"): "account.HYPERLIQUID-0x1",
    topics.raw_messages("api.example.com/ws"): "websocket.api.example.com/ws",
    topics.TICK: "system.tick",
    topics.CONNECTED: "system.connected",
    topics.DISCONNECTED: "system.disconnected",
    topics.RECONNECTING: "system.reconnecting",
    topics.FAILED: "system.failed",
    topics.FEED: "system.feed",
    topics.SLOW: "system.slow",
    topics.SHUTDOWN: "system.shutdown",
    topics.EVERYTHING: "*",
}


@pytest.mark.parametrize("topic, name", NAMES.items())
def test_a_topic_is_its_name(topic, name):
    assert topic == name
    assert isinstance(topic, str)
    assert {name: 1}[topic] == 1


@pytest.mark.parametrize("status", OrderStatus)
def test_orders_have_a_topic_for_each_status(status):
    spelling = "cancelled" if status is OrderStatus.CANCELED else status.value  # as orders' users know it

    assert topics.orders(status) == f"order.{spelling}"
    assert not topics.is_lossy(topics.orders(status))


@pytest.mark.parametrize("topic, event", MARKET_EVENTS.items())
def test_market_data_tells_its_topic_and_may_be_lost(topic, event):
    assert topics.topic_of(event) == topic
    assert topics.is_lossy(topic)


def test_other_events_do_not_tell_their_topic():
    assert topics.topic_of(TickEvent(timestamp=1, tick_number=1)) is None
    assert topics.topic_of(b"raw") is None


@pytest.mark.parametrize(
    "topic",
    [
        *(name for name in NAMES.values() if name.startswith(("system.", "position.", "account."))),
        "mine",
        "trades",
    ],
)
def test_everything_else_is_never_lost(topic):
    assert not topics.is_lossy(topic)


def test_raw_messages_may_be_lost():
    assert topics.is_lossy(topics.raw_messages("x"))


def test_a_star_makes_a_pattern():
    assert topics.quotes("*") == "market_data.*"
    assert topics.trades("*") == "trade.*"
