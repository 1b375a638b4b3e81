"""Strategies that the configurations of `test_run` and the scenarios name."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import attrs

from livetrio import Strategy

MADE = []
"""Those that were made, for a test to look at."""


@attrs.define
class Watcher(Strategy):
    """Counts and sums what it sees."""

    instrument: str = "BTC-USD-PERP.HYPERLIQUID"
    stop_after: int = 0
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
        if self.stop_after and sum(self.seen.values()) >= self.stop_after:
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
