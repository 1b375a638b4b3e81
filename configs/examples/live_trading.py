"""Live trading with livetrio as a library: bus, cache, a strategy's handlers, and the engine.

    python configs/examples/live_trading.py                               Hyperliquid's mainnet
    python configs/examples/live_trading.py ws://127.0.0.1:3001/ws        … or what speaks its protocol

Ctrl+C stops it. Instead of handlers on the bus, strategies may be classes or functions of their own: see
configs/strategies.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import trio

from livetrio import Cache, LiveTradingConfig, LiveTradingEngine, MessageBus, WebSocketEndpoint
from livetrio.app.logs import configure_logs
from livetrio.model import Quote, TickEvent, Trade

URL = "wss://api.hyperliquid.xyz/ws"

INSTRUMENT = "BTC-USD-PERP.HYPERLIQUID"


class MyStrategy:
    """Keeps what it needs, and prints once a second."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.quotes = 0
        self.volume = Decimal(0)

    def on_market_data(self, quote: Quote) -> None:
        """Event-driven: called with every change of the best bid or ask."""
        self.quotes += 1

    def on_trade(self, trade: Trade) -> None:
        """Event-driven, too."""
        if not trade.is_history:
            self.volume += trade.size

    def on_tick(self, tick: TickEvent) -> None:
        """Clock-driven: called every tick_interval_ms."""
        mid = self.cache.get_mid_price(INSTRUMENT)
        print(f"tick {tick.tick_number}: mid {mid}, {self.quotes} quotes, volume {self.volume}", flush=True)


def make_engine(url: str = URL) -> LiveTradingEngine:
    """The engine, with all that it runs."""
    bus = MessageBus()
    cache = Cache()
    strategy = MyStrategy(cache)
    bus.subscribe("market_data.*", strategy.on_market_data)
    bus.subscribe("trade.*", strategy.on_trade)
    bus.subscribe("system.tick", strategy.on_tick)
    config = LiveTradingConfig(
        ws_endpoints=[
            WebSocketEndpoint(
                url=url,
                venue="hyperliquid",
                subscriptions=[
                    '{"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}}',
                    '{"method": "subscribe", "subscription": {"type": "trades", "coin": "BTC"}}',
                ],
            )
        ],
        tick_interval_ms=1000,
        enable_recovery=True,
        auto_reconnect=True,
    )
    return LiveTradingEngine(bus, cache, config)


if __name__ == "__main__":
    configure_logs()  # as the commands do: to the standard error
    print("Starting live trading ...", flush=True)
    trio.run(make_engine(*sys.argv[1:]).run)
