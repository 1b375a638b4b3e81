"""Idle: what the engine costs while nothing happens: ten connections, heartbeats, a tick each second."""

from __future__ import annotations

import time
from typing import Any

import trio

from benchmarks.engine import run_engine
from benchmarks.feeder import Settings
from benchmarks.processes import CheckFailed, Feeder, work
from benchmarks.table import Row
from livetrio.app.config import LiveTradingConfig
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.engine import LiveTradingEngine
from livetrio.model import ConnectionState, TickEvent
from livetrio.strategy.base import Strategy

CONNECTIONS = 10
SETTLE = 1.0
"""Seconds before it counts."""


def measure(*, quick: bool) -> list[Row]:
    """CPU time of the engine's process as a share of the time that passed."""
    seconds = 2 if quick else 8
    with Feeder(Settings()) as feeder:
        found = work("idle", url=feeder.url, seconds=seconds)
    if found["connected"] != CONNECTIONS or found["ticks"] < seconds - 1:
        raise CheckFailed(f"expected {CONNECTIONS} connections and a tick each second, found {found}")
    note = f"{CONNECTIONS} connections, {found['ticks']} ticks in {seconds} s"
    return [Row(name="idle", unit="% CPU", values=[found["share"] * 100], target=1, note=note)]


class _Ticks(Strategy):
    """Counts ticks while a time passes, and takes the CPU time of it."""

    engine: LiveTradingEngine

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ticks = 0
        self.share = 0.0
        self.connected = 0

    async def on_start(self) -> None:
        """Let everything come up first."""
        await trio.sleep(SETTLE)
        self.cpu, self.began = time.process_time(), time.perf_counter()

    def on_tick(self, tick: TickEvent) -> None:
        """Count it; at the end, take stock."""
        self.ticks += 1
        passed = time.perf_counter() - self.began
        if passed >= self.seconds:
            self.share = (time.process_time() - self.cpu) / passed
            states = [status.state for status in self.engine.connection_status()]
            self.connected = states.count(ConnectionState.CONNECTED)
            self.ctx.stop("long enough")


def run(*, url: str, seconds: float) -> dict[str, Any]:
    """The worker's part: one connection is the venue's, the others are endpoints by hand."""
    endpoint = WebSocketEndpoint(
        url=f"ws{url.removeprefix('http')}/ws",
        venue="hyperliquid",
        subscriptions=('{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}',),
    )
    config = LiveTradingConfig(
        ws_endpoints=(endpoint,) * (CONNECTIONS - 1), tick_interval_ms=1000, handle_signals=False
    )
    strategy = _Ticks(seconds)
    run_engine(url, strategy, config=config, prepare=lambda engine: setattr(strategy, "engine", engine))
    return {"share": strategy.share, "ticks": strategy.ticks, "connected": strategy.connected}
