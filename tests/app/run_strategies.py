"""Strategies for the tests in this folder, and the configurations that name them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import attrs

from livetrio import Config, LiveTradingConfig, Strategy, StrategyConfig
from livetrio.app.config import ExchangeConfig
from livetrio.venues.hyperliquid import HyperliquidConfig

MADE = []
"""Those that were made, for a test to look at."""

PLACES = []
"""Where the configurations lie, the last one counts: each test has a folder, for journals are made there."""


@attrs.define
class Watcher(Strategy):
    """Counts and sums what it sees."""

    instrument: str = "BTC-USD-PERP.HYPERLIQUID"
    stop_after: int = 0
    of: str | None = None
    """Of what it has had enough then; None: of all together."""
    seen: Counter = attrs.field(factory=Counter)
    volume: Decimal = Decimal(0)
    depth: Decimal = Decimal(0)
    generations: set = attrs.field(factory=set)

    def __attrs_post_init__(self):
        MADE.append(self)

    def on_start(self):
        self.ctx.subscribe_trades(self.instrument)
        self.ctx.subscribe_book(self.instrument)

    def on_trade(self, trade):
        self.seen["history" if trade.is_history else "trade"] += 1
        self.volume += trade.size
        self.generations.add(trade.generation)
        self._look()

    def on_book(self, book):
        self.seen["book"] += 1
        self.depth += sum(level.size for level in (*book.bids, *book.asks))
        self._look()

    def _look(self):
        seen = sum(self.seen.values()) if self.of is None else self.seen[self.of]
        if self.stop_after and seen >= self.stop_after:
            self.ctx.stop("seen enough")


@attrs.define
class Picky(Strategy):
    size: int = 1

    def __attrs_post_init__(self):
        if self.size < 1:
            raise ValueError("size must be at least 1")


class Broken(Strategy):
    def on_start(self):
        raise ValueError("bug")


class Buggy(Strategy):
    def on_start(self):
        self.ctx.bus.publish = None


LOCAL = {"hyperliquid": HyperliquidConfig(network="local")}


def whole(*strategies, venues=None, exchange=None, **engine):
    """A configuration; strategies by the name of their class above."""
    return Config(
        engine=LiveTradingConfig(**{"handle_signals": False} | engine),
        venues=LOCAL if venues is None else venues,
        strategies=[
            each if isinstance(each, StrategyConfig) else StrategyConfig(path=f"run_strategies:{each}")
            for each in strategies
        ],
        exchange=exchange or ExchangeConfig(seed=0),
        source=PLACES[-1] / "test.toml",
    )
