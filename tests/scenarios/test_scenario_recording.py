"""The real recording of the real venue, end to end through a real loopback WebSocket.

The exchange trades what was traded and rests what rested; its frames are its own, at its own times.

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

from livetrio import (
    Cache,
    Clock,
    Config,
    LiveTradingConfig,
    LiveTradingEngine,
    MessageBus,
    Strategy,
    StrategyConfig,
)
from livetrio.app.config import ExchangeConfig
from livetrio.app.run import run_config, running
from livetrio.exchange import LocalExchange, Recording
from livetrio.model import OrderBook
from livetrio.testing import MemoryNetwork, run_strategy, within
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

FILE = Path(__file__).resolve().parents[2].parent / "shared/data/hyperliquid_btc_20250126.gz"
BTC = "BTC-USD-PERP.HYPERLIQUID"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the recording {FILE} is not here")

MADE = []


@attrs.define
class Watcher(Strategy):
    """Counts and sums what it sees."""

    instrument: str
    stop_after: int = 0
    """Books after the last trade of the recording, and then it has seen enough. 0: it never has."""
    counts: Counter = attrs.field(factory=Counter)
    trade_sizes: Decimal = Decimal(0)
    last_book: OrderBook | None = None
    wrong: list = attrs.field(factory=list)
    _books_left: int = attrs.field(init=False)

    def __attrs_post_init__(self):
        self._books_left = self.stop_after
        MADE.append(self)

    def on_start(self):
        self.ctx.subscribe_trades(self.instrument)
        self.ctx.subscribe_book(self.instrument)

    def on_trade(self, trade):
        self.counts["trade"] += 1
        self.counts["history"] += trade.is_history
        self.counts[trade.aggressor_side.value] += 1
        self.trade_sizes += trade.size

    def on_book(self, book):
        self.counts["book"] += 1
        prices = [level.price for level in (*reversed(book.bids), *book.asks)]
        if prices != sorted(set(prices)):
            self.wrong.append(("out of order", book))
        if self.last_book is not None and book.ts_event < self.last_book.ts_event:
            self.wrong.append(("of before the one before", book))
        self.last_book = book
        if self.counts["trade"] == 64:
            self._books_left -= 1
            if self._books_left == 0:
                self.ctx.stop("seen it all")

    def levels(self):
        """Prices and sizes of the last book, best first."""
        return [
            [(level.price, level.size) for level in side]
            for side in (self.last_book.bids, self.last_book.asks)
        ]


@attrs.frozen
class File:
    """The same by other means: the standard library alone."""

    counts: Counter
    trade_sizes: Decimal
    levels: list
    """Prices and sizes of its last book, best first."""


def read_with_json():
    counts, trade_sizes, levels = Counter(), Decimal(0), []
    with gzip.open(FILE, "rt") as lines:
        for line in lines:
            message = json.loads(line.partition(" ")[2])
            if message["channel"] == "trades":
                for trade in message["data"]:
                    counts["trade"] += 1
                    counts["buyer" if trade["side"] == "B" else "seller"] += 1
                    trade_sizes += Decimal(trade["sz"])
            elif message["channel"] == "l2Book":
                counts["frame"] += 1
                levels = [
                    [(Decimal(level["px"]), Decimal(level["sz"])) for level in side]
                    for side in message["data"]["levels"]
                ]
    counts["history"] = 30  # the venue's replay of old trades, its first frame
    return File(counts, trade_sizes, levels)


def check_trades(strategy):
    file = read_with_json()
    for name in ("trade", "history", "buyer", "seller"):
        assert strategy.counts[name] == file.counts[name], name
    assert strategy.trade_sizes == file.trade_sizes


@pytest.fixture
def collector():
    """The garbage collector as it was."""
    before = gc.get_threshold()
    MADE.clear()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_in_the_file():
    file = read_with_json()

    assert (file.counts["frame"], file.counts["trade"]) == (46, 64)
    assert [len(side) for side in file.levels] == [20, 20]


@within(50)
async def test_run_on_the_recording_holds_the_numbers(collector, tmp_path):
    """`livetrio run`, less its command line."""
    config = Config(
        engine=LiveTradingConfig(handle_signals=False, tick_interval_ms=1000),
        venues={"hyperliquid": HyperliquidConfig(network="local")},
        strategies=[
            StrategyConfig(
                path="test_scenario_recording:Watcher", params={"instrument": BTC, "stop_after": 5}
            )
        ],
        exchange=ExchangeConfig(replay=str(FILE), speed=25.0, loop=False),
        source=tmp_path / "test.toml",
    )

    outcome = await run_config(config, duration=45)

    assert outcome.failure is None
    assert outcome.report.reason == "Watcher: seen it all"
    (strategy,) = MADE
    assert strategy.wrong == []
    check_trades(strategy)
    assert strategy.levels() == [side[:5] for side in read_with_json().levels], "of a fast book"
    connection, _account = outcome.report.connections
    assert (connection.sessions, connection.faults, connection.last_error) == (1, {}, None)
    assert (outcome.report.dropped, outcome.report.refused) == (0, {})
    (report,) = outcome.report.strategies
    assert (report.errors, report.dropped, report.conflated) == (0, 0, 0)


@within(3600)
@pytest.mark.parametrize(("fast", "depth"), [(True, 5), (False, 20)])
async def test_in_memory_and_in_virtual_time_the_numbers_are_the_same(nursery, autojump_clock, fast, depth):
    strategy = Watcher(BTC)
    clock = Clock.simulated()
    exchange = LocalExchange(clock=clock, recording=Recording.read(FILE))
    await nursery.start(exchange.run)
    network = MemoryNetwork(nursery)
    network.listen("exchange.test", 80, exchange.serve_stream)
    config = LiveTradingConfig(handle_signals=False)
    engine = LiveTradingEngine(MessageBus(), Cache(), config, clock=clock, dial=network.dial)
    settings = HyperliquidConfig(network="local", fast_books=fast)
    engine.add_venue(HyperliquidVenue(settings, base_url="http://exchange.test"))
    engine.add_strategy(strategy)

    async with running(engine):
        await trio.sleep(60)

    assert strategy.wrong == []
    check_trades(strategy)
    assert strategy.levels() == [side[:depth] for side in read_with_json().levels]
    every = 0.54 if fast else 5.4
    assert strategy.counts["book"] == pytest.approx(60 / every, abs=2), "in the exchange's own rhythm"
    assert engine.report().refused == {}


@within(3600)
async def test_a_test_of_a_strategy_sees_them_too(autojump_clock):
    strategy = Watcher(BTC)

    async with run_strategy(strategy, recording=FILE, orders=False):
        await trio.sleep(30)

    check_trades(strategy)
