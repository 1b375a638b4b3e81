"""Latency: from just before the feeder's `send` to the strategy's handler, at a steady 5,000 trades/s.

Each trade carries the time of its sending, of the clock that all processes of a machine share. The
feeder waits busily, so it needs a core of its own; how late it was itself is in the note.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks import bare
from benchmarks.bare import read_frame
from benchmarks.engine import Adder, faults_of, run_engine
from benchmarks.feeder import STAMP, Settings
from benchmarks.processes import CheckFailed, Feeder, work
from benchmarks.table import Row
from livetrio.model import Trade
from livetrio.venues.hyperliquid.messages import TradesFrame

RATE = 5_000
WARM_UP = 1_000
"""Messages at the start that are not counted: caches and branch predictors are cold."""


def measure(*, quick: bool) -> list[Row]:
    """Median, 99th percentile and worst."""
    count = RATE * (1 if quick else 6) + WARM_UP
    runs: list[dict[str, Any]] = []
    with Feeder(Settings(kinds=("trades",), pool=count, rate=RATE)) as feeder:
        for _ in range(1 if quick else 2):
            found = work("latency", url=feeder.url, expected=count, epoch=feeder.ready.epoch)
            sent = feeder.read()
            if found["messages"] != sent["messages"] or found["dropped"] or found["faults"]:
                raise CheckFailed(f"the strategy should have seen {sent['count']} trades, it saw {found}")
            runs.append(found | sent)
        least = work("bare latency", url=feeder.url, expected=count, epoch=feeder.ready.epoch)
    late = max(each["latest_ns"] for each in runs) / 1000
    note = f"{RATE:,} trades/s, {count / RATE:.1f} s, {len(runs)} times; the feeder late by ≤ {late:.0f} µs"
    return [
        Row(name="latency p50", unit="µs", values=[each["p50"] for each in runs], target=100, note=note),
        Row(name="latency p99", unit="µs", values=[each["p99"] for each in runs], target=500),
        Row(name="latency max", unit="µs", values=[each["max"] for each in runs]),
        Row(name="  bare loop, p50", unit="µs", values=[least["p50"]]),
        Row(name="  bare loop, p99", unit="µs", values=[least["p99"]]),
    ]


class _Stopwatch(Adder):
    """Notes how long each trade took to get here."""

    def __init__(self, expected: int, epoch: int) -> None:
        super().__init__(["trades"], expected)
        self.epoch = epoch - STAMP
        self.taken: list[int] = []

    def on_trade(self, trade: Trade) -> None:
        self.taken.append(time.monotonic_ns() - self.epoch - int(trade.trade_id))
        super().on_trade(trade)


def run(*, url: str, expected: int, epoch: int) -> dict[str, Any]:
    """The worker's part."""
    strategy = _Stopwatch(expected, epoch)
    engine = run_engine(url, strategy)
    return strategy.seen() | {"faults": faults_of(engine)} | _summary(strategy.taken)


def run_bare(*, url: str, expected: int, epoch: int) -> dict[str, Any]:
    """The worker's part: the bare loop, to see how much is the machine's and trio's."""
    taken: list[int] = []
    origin = epoch - STAMP

    def take(message: bytes) -> None:
        frame = read_frame(message)
        assert isinstance(frame, TradesFrame)
        taken.append(time.monotonic_ns() - origin - frame.data[0].tid)

    return bare.run_with(take, url=url, kinds=["trades"], expected=expected) | _summary(taken)


def _summary(taken: list[int]) -> dict[str, float]:
    """In µs."""
    counted = sorted(taken[WARM_UP:]) or [0]
    return {
        "p50": counted[len(counted) // 2] / 1000,
        "p99": counted[len(counted) * 99 // 100] / 1000,
        "max": counted[-1] / 1000,
    }
