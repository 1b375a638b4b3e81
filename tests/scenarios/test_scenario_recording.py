"""The real recording of the real venue, end to end through a real loopback WebSocket.

The file is not part of the project (``../shared/data`` beside it); without it these tests are skipped.
"""

from __future__ import annotations

import gc
import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
import trio

from livetrio import Config, LiveTradingConfig, Strategy, StrategyConfig
from livetrio.app.config import ExchangeConfig
from livetrio.app.run import run_config
from livetrio.exchange import Recording
from livetrio.testing import run_strategy, within
from livetrio.venues.hyperliquid import HyperliquidConfig

FILE = Path(__file__).resolve().parents[2].parent / "shared/data/hyperliquid_btc_20250126.gz"
BTC = "BTC-USD-PERP.HYPERLIQUID"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the recording {FILE} is not here")

MADE = []


@attrs.define
class Watcher(Strategy):
    """Counts and sums what it sees."""

    instrument: str
    stop_after: int = 0
    counts: Counter = attrs.field(factory=Counter)
    trade_sizes: Decimal = Decimal(0)
    book_sizes: Decimal = Decimal(0)
    book_prices: Decimal = Decimal(0)
    orders: int = 0

    def __attrs_post_init__(self):
        MADE.append(self)

    def on_start(self):
        self.ctx.subscribe_trades(self.instrument)
        self.ctx.subscribe_book(self.instrument)

    def on_trade(self, trade):
        self.counts["trade"] += 1
        self.counts["history"] += trade.is_history
        self.counts[trade.aggressor_side.value] += 1
        self.trade_sizes += trade.size
        self._look()

    def on_book(self, book):
        self.counts["book"] += 1
        for level in (*book.bids, *book.asks):
            self.counts["level"] += 1
            self.book_sizes += level.size
            self.book_prices += level.price
            self.orders += level.orders
        self._look()

    def _look(self):
        if self.stop_after and self.counts["trade"] + self.counts["book"] >= self.stop_after:
            self.ctx.stop("seen it all")


def read_with_json():
    """The same numbers by other means: the standard library alone."""
    counts, trade_sizes, book_sizes, book_prices, orders = Counter(), Decimal(0), Decimal(0), Decimal(0), 0
    with gzip.open(FILE, "rt") as lines:
        for line in lines:
            message = json.loads(line.partition(" ")[2])
            if message["channel"] == "trades":
                for trade in message["data"]:
                    counts["trade"] += 1
                    counts["buyer" if trade["side"] == "B" else "seller"] += 1
                    trade_sizes += Decimal(trade["sz"])
            elif message["channel"] == "l2Book":
                counts["book"] += 1
                for level in (*message["data"]["levels"][0], *message["data"]["levels"][1]):
                    counts["level"] += 1
                    book_sizes += Decimal(level["sz"])
                    book_prices += Decimal(level["px"])
                    orders += level["n"]
    counts["history"] = 30  # the venue's replay of old trades, its first frame
    return counts, trade_sizes, book_sizes, book_prices, orders


def found_by(strategy):
    return (
        strategy.counts,
        strategy.trade_sizes,
        strategy.book_sizes,
        strategy.book_prices,
        strategy.orders,
    )


@pytest.fixture
def collector():
    """The garbage collector as it was."""
    before = gc.get_threshold()
    MADE.clear()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_in_the_file():
    counts, *_ = read_with_json()

    assert (counts["book"], counts["trade"], counts["level"]) == (46, 64, 46 * 40)


@within(50)
async def test_run_on_the_recording_holds_the_numbers(collector):
    """`livetrio run`, less its command line."""
    config = Config(
        engine=LiveTradingConfig(handle_signals=False, tick_interval_ms=1000),
        venues={"hyperliquid": HyperliquidConfig(network="local")},
        strategies=[
            StrategyConfig(
                path="test_scenario_recording:Watcher", params={"instrument": BTC, "stop_after": 110}
            )
        ],
        exchange=ExchangeConfig(replay=str(FILE), speed=25.0, loop=False),
        source=Path(__file__).parent / "test.toml",
    )

    outcome = await run_config(config, duration=45)

    assert outcome.failure is None
    assert outcome.report.reason == "Watcher: seen it all"
    (strategy,) = MADE
    assert found_by(strategy) == read_with_json()
    assert (strategy.counts["book"], strategy.counts["trade"], strategy.counts["history"]) == (46, 64, 30)
    (connection,) = outcome.report.connections
    assert (connection.sessions, connection.faults, connection.last_error) == (1, {}, None)
    assert (outcome.report.dropped, outcome.report.refused) == (0, {})
    (report,) = outcome.report.strategies
    assert (report.errors, report.dropped, report.conflated) == (0, 0, 0)


@within(3600)
async def test_in_memory_and_in_virtual_time_the_numbers_are_the_same(autojump_clock):
    strategy = Watcher(BTC)

    async with run_strategy(strategy, recording=Recording.read(FILE)):
        await trio.sleep(30)

    assert found_by(strategy) == read_with_json()
