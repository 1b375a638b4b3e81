"""Watching: what page, metrics and log cost of the throughput.

An engine that nobody watches and one that is watched take turns. The watched one writes its log at ``info``,
measures all that it can, and serves its page: a reader in a process of its own has the page's stream open and
asks for the metrics once a second, which is more often than Prometheus does.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from typing import Any

import structlog

from benchmarks import throughput
from benchmarks.engine import Adder, faults_of, run_engine
from benchmarks.feeder import Settings
from benchmarks.processes import CheckFailed, Feeder, check, environment, work
from benchmarks.table import Row
from livetrio.app.engine import LiveTradingEngine
from livetrio.app.watching import WatchedEngine
from livetrio.operations.config import OperationsConfig
from livetrio.operations.service import Operations

TARGET = 0.9


def measure(*, quick: bool) -> list[Row]:
    """The ratio of the two rates, of trades and of quotes."""
    repetitions = 1 if quick else 5
    rows = []
    for name in ("trades", "quotes"):
        kind = throughput.KINDS[name][0]
        with Feeder(Settings(kinds=(kind,), pool=250_000, rounds=1 if quick else 4)) as feeder:
            pairs = [_pair(kind, feeder) for _ in range(repetitions)]
        rows.append(
            Row(
                name=f"{name} with page, metrics and log / without",
                unit="",
                values=[watched / alone for alone, watched, _ in pairs],
                more_is_better=True,
                target=TARGET,
                note=f"{pairs[0][1]:,.0f} / {pairs[0][0]:,.0f} a second, "
                f"{sum(each for *_, each in pairs)} views and metrics were read",
            )
        )
    return rows


def _pair(kind: str, feeder: Feeder) -> tuple[float, float, int]:
    """Messages a second of an engine alone and of one that is watched, and how often that was looked at."""
    settings = {"url": feeder.url, "kinds": [kind], "expected": feeder.ready.count}
    found = work("throughput", **settings)
    check(found, feeder.sums())
    alone = found["messages"] / found["seconds"]
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.page_reader", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as reader:
        found = work("watched", **settings, port=port)
        check(found, feeder.sums())
        seen = json.loads(reader.communicate()[0] or "{}")
    if not seen.get("views") or not seen.get("metrics"):
        raise CheckFailed(f"the page should have been read while the engine was measured; seen was {seen}")
    return alone, found["messages"] / found["seconds"], seen["views"] + seen["metrics"]


def run(*, url: str, kinds: list[str], expected: int, port: int) -> dict[str, Any]:
    """The worker's part: as that of the throughput, with all that `livetrio run` would show."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    strategy = Adder(kinds, expected)

    def watch(engine: LiveTradingEngine) -> None:
        config = OperationsConfig(http=f"127.0.0.1:{port}")
        engine.add_service("operations", Operations(config, WatchedEngine(engine)).run)

    with open(os.devnull, "w") as nowhere:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        engine = run_engine(url, strategy, prepare=watch)
    return strategy.seen() | {"faults": faults_of(engine)}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
