"""Engine: the engine under measurement, as `livetrio run` would have it, fed by a feeder."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from time import perf_counter, process_time
from typing import Any

import trio

from benchmarks.frames import LOTS
from livetrio.app.config import LiveTradingConfig
from livetrio.app.engine import LiveTradingEngine
from livetrio.app.run import freeze_garbage_collector
from livetrio.app.watching import WatchedEngine
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.model import OrderBook, Quote, Trade
from livetrio.operations.measures import Measures
from livetrio.strategy.base import Strategy
from livetrio.strategy.context import Context
from livetrio.supervision.dial import NetworkDial
from livetrio.venues.hyperliquid.config import HyperliquidConfig
from livetrio.venues.hyperliquid.venue import HyperliquidVenue
from livetrio.venues.trading import TradingVenue

INSTRUMENT = "BTC-USD-PERP.HYPERLIQUID"
WATCHED = "LIVETRIO_BENCH_WATCHED"
"""In the environment: all that `[operations]` measures is measured, too."""

LIMIT = 90.0
"""Seconds after which a run that still lacks messages is over, and found wanting."""


class Adder(Strategy):
    """Adds up what it sees, so that it can be held against what was sent; stops after ``expected``."""

    def __init__(self, kinds: list[str], expected: int) -> None:
        self.kinds = kinds
        self.expected = expected
        self.count = 0
        self.price = Decimal(0)
        self.size = Decimal(0)
        self.first = self.last = (0.0, 0.0)
        self.mark = 1
        """The count at which something is to be noted."""

    def on_start(self) -> None:
        """Subscribe to the kinds."""
        subscribe_to(self.ctx, self.kinds)

    def on_trade(self, trade: Trade) -> None:
        """A trade: its price, its size."""
        self.price += trade.price
        self.size += trade.size
        self.count += 1
        if self.count == self.mark:
            self.note()

    def on_quote(self, quote: Quote) -> None:
        """A quote: the bid's price, the ask's size."""
        self.price += quote.bid_price  # type: ignore[operator]  # the feeder's have both sides
        self.size += quote.ask_size  # type: ignore[operator]
        self.count += 1
        if self.count == self.mark:
            self.note()

    def on_book(self, book: OrderBook) -> None:
        """A book: the best bid's price, the best ask's size."""
        self.price += book.best_bid.price  # type: ignore[union-attr]
        self.size += book.best_ask.size  # type: ignore[union-attr]
        self.count += 1
        if self.count == self.mark:
            self.note()

    def note(self) -> None:
        """Take the time of the first and of the last."""
        if self.count == 1:
            self.first = perf_counter(), process_time()
            self.mark = self.expected
        if self.count == self.expected:
            self.last = perf_counter(), process_time()
            self.ctx.stop("everything has come")

    def seen(self) -> dict[str, Any]:
        """What it saw, in the feeder's units, and what it lost."""
        return {
            "messages": self.count,
            "price_ticks": int(self.price),
            "size_lots": int(self.size * LOTS),
            "seconds": self.last[0] - self.first[0],
            "cpu_seconds": self.last[1] - self.first[1],
            "dropped": self.ctx.events.dropped + self.ctx.events.conflated,
        }


def subscribe_to(context: Context, kinds: list[str]) -> None:
    """Subscribe a strategy to kinds of data, named as the venue does."""
    subscribe = {
        "trades": context.subscribe_trades,
        "bbo": context.subscribe_quotes,
        "l2Book": context.subscribe_book,
    }
    for kind in kinds:
        subscribe[kind](INSTRUMENT)


def run_engine(
    url: str,
    strategy: Strategy | None,
    *,
    authority: str | None = None,
    config: LiveTradingConfig | None = None,
    venue: TradingVenue | None = None,
    prepare: Callable[[LiveTradingEngine], object] = lambda _engine: None,
) -> LiveTradingEngine:
    """Run an engine until its strategy stops it, or `LIMIT` seconds have passed.

    Args:
      url: the feeder's.
      authority: a file with the certificate authority to trust, for TLS.
      venue: in place of Hyperliquid at the feeder.
      prepare: called with the engine just before it runs.
    """

    async def run() -> LiveTradingEngine:
        dial = None if authority is None else NetworkDial(ssl.create_default_context(cafile=authority))
        engine = LiveTradingEngine(
            MessageBus(), Cache(), config or LiveTradingConfig(handle_signals=False), dial=dial
        )
        engine.add_venue(venue or HyperliquidVenue(HyperliquidConfig(base_url=url)))
        if strategy is not None:
            engine.add_strategy(strategy)
        prepare(engine)
        if WATCHED in os.environ:
            engine.add_service("measures", partial(_measure, engine))
        freeze_garbage_collector()
        with trio.move_on_after(LIMIT):
            await engine.run()
        return engine

    return trio.run(run)


async def _measure(engine: LiveTradingEngine) -> None:
    measures = Measures(WatchedEngine(engine), slow=0.05)
    with measures.attached():
        await measures.run()


def faults_of(engine: LiveTradingEngine) -> dict[str, int]:
    """What the engine itself says it did not apply."""
    counts = dict(engine.data.refused)
    for status in engine.connection_status():
        counts |= status.faults
    return counts
