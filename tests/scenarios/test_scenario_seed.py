"""The seed's own example, in Python, against the local exchange in virtual time.

`live-trading.md` of the seed: handlers on the bus by string topics, an endpoint by hand with the venue's own
subscriptions, a tick each second.
"""

from __future__ import annotations

import json

import trio

from livetrio import (
    Cache,
    Clock,
    ExecutionEngine,
    LiveTradingConfig,
    LiveTradingEngine,
    MessageBus,
    WebSocketEndpoint,
)
from livetrio.engines.data import DataEngine
from livetrio.exchange import LocalExchange
from livetrio.model import ConnectionState, OrderBook, Quote, ShutdownReason, TickEvent, Trade
from livetrio.testing import MemoryNetwork, within


def subscription(kind, coin="BTC"):
    return json.dumps({"method": "subscribe", "subscription": {"type": kind, "coin": coin}})


class NoOrders:
    """An execution engine that has nothing to do."""

    def process(self, event):
        raise AssertionError(f"there are no orders, found {event}")

    def on_connection(self, event):
        pass


@within(3600)
async def test_the_example_runs(nursery, autojump_clock):
    exchange = LocalExchange(clock=Clock.simulated())
    await nursery.start(exchange.run)
    network = MemoryNetwork(nursery)
    network.listen("api.hyperliquid.xyz", 443, exchange.serve_stream)
    bus = MessageBus()
    cache = Cache()
    seen = {"market_data.*": [], "orderbook.*": [], "trade.*": [], "order.*": [], "system.tick": []}
    shutdown = []
    for pattern, events in seen.items():
        bus.subscribe(pattern, events.append)
    bus.subscribe("system.shutdown", shutdown.append)
    engine = LiveTradingEngine(
        bus,
        cache,
        LiveTradingConfig(
            ws_endpoints=[
                WebSocketEndpoint(
                    url="wss://api.hyperliquid.xyz/ws",
                    host="api.hyperliquid.xyz",
                    port=443,
                    path="/ws",
                    subscriptions=[
                        subscription("bbo"),
                        subscription("trades"),
                        subscription("l2Book"),
                        subscription("bbo", "ETH"),
                    ],
                )
            ],
            tick_interval_ms=1000,
            enable_recovery=True,
            auto_reconnect=True,
            handle_signals=False,
        ),
        clock=Clock.simulated(),
        dial=network.dial,
    )
    engine.set_data_engine(DataEngine(bus, cache))
    execution: ExecutionEngine = NoOrders()
    engine.set_execution_engine(execution)
    nursery.start_soon(engine.run)

    await trio.sleep(60.5)
    (status,) = engine.connection_status()
    engine.stop()
    await engine.wait_stopped()

    assert (status.state, status.generation, status.faults) == (ConnectionState.CONNECTED, 1, {})
    assert {type(event) for event in seen["market_data.*"]} == {Quote}
    assert {quote.instrument_id for quote in seen["market_data.*"]} == {
        "BTC-USD-PERP.HYPERLIQUID",
        "ETH-USD-PERP.HYPERLIQUID",
    }
    assert all(quote.bid_price < quote.ask_price for quote in seen["market_data.*"])
    assert len(seen["market_data.*"]) > 100
    assert len(seen["orderbook.*"]) in (12, 13), "the first, and then one each 5.4 s"
    assert {type(event) for event in seen["orderbook.*"]} == {OrderBook}
    assert {type(event) for event in seen["trade.*"]} == {Trade}
    assert len(seen["trade.*"]) > 30
    assert {trade.aggressor_side.value for trade in seen["trade.*"]} == {"buyer", "seller"}
    for pattern in ("orderbook.*", "trade.*"):
        times = [event.ts_event for event in seen[pattern]]
        assert times == sorted(times)
    assert [type(event) for event in seen["system.tick"]] == [TickEvent] * 60
    assert [event.tick_number for event in seen["system.tick"]] == list(range(1, 61))
    assert seen["order.*"] == []
    assert [event.reason for event in shutdown] == [ShutdownReason.USER_REQUEST]
    quote = cache.get_quote("BTC-USD-PERP.HYPERLIQUID")
    assert (
        quote is seen["market_data.*"][-1] or quote.instrument_id != seen["market_data.*"][-1].instrument_id
    )
    assert exchange.connections == 0


@within(3600)
async def test_it_reconnects_and_subscribes_again_by_itself(nursery, autojump_clock):
    """Row L12: with a base of 100 ms, `system.reconnecting` is told within 500 ms of the server's close."""
    exchange = LocalExchange(clock=Clock.simulated())
    await nursery.start(exchange.run)
    network = MemoryNetwork(nursery)
    site = network.listen("api.hyperliquid.xyz", 443, exchange.serve_stream)
    bus = MessageBus()
    reconnecting, quotes = [], []
    bus.subscribe("system.reconnecting", reconnecting.append)
    bus.subscribe("market_data.*", quotes.append)
    engine = LiveTradingEngine(
        bus,
        Cache(),
        LiveTradingConfig(
            ws_endpoints=[
                WebSocketEndpoint(url="wss://api.hyperliquid.xyz/ws", subscriptions=[subscription("bbo")])
            ],
            reconnect_base_ms=100,
            handle_signals=False,
        ),
        clock=Clock.simulated(),
        dial=network.dial,
    )
    await nursery.start(engine.run)
    await trio.sleep(10)
    before = len(quotes)

    site.reset()
    await trio.sleep(0.5)

    assert [event.attempt for event in reconnecting] == [1]
    await trio.sleep(10)
    assert len(quotes) > before
    assert {quote.generation for quote in quotes} == {1, 2}
    assert engine.connection_status()[0].state is ConnectionState.CONNECTED
    engine.stop()
    await engine.wait_stopped()
