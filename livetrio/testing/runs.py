"""run_strategy: a strategy in a running engine, at the local exchange, without a network.

    async def test_it_sees_the_market(autojump_clock):
        async with run_strategy(Spread("BTC-USD-PERP.HYPERLIQUID")) as run:
            await trio.sleep(30)

        assert run.reports[0].events > 100

The engine is the one that trades, the exchange is the local one with its real protocol between them, and
only the network is in memory. With a `trio.testing.MockClock` (pytest-trio's ``autojump_clock``) half a
minute of market passes at once; with trio's own clock it takes half a minute.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from livetrio.app.config import LiveTradingConfig
from livetrio.app.engine import LiveTradingEngine
from livetrio.app.report import StrategyReport
from livetrio.app.run import running
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange, Recording
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction
from livetrio.supervision.nursery import lone_leaf
from livetrio.testing.network import MemoryNetwork, Site
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

HOST = "exchange.test"


@attrs.frozen
class StrategyRun:
    """A run, while it goes on and afterwards."""

    engine: LiveTradingEngine
    exchange: LocalExchange
    site: Site
    """The way to the exchange, with its faults to switch."""

    @property
    def reports(self) -> Sequence[StrategyReport]:
        """What each strategy did so far, in the order in which they were given."""
        return self.engine.report().strategies


@asynccontextmanager
async def run_strategy(
    *strategies: Strategy | StrategyFunction,
    exchange: ExchangeSettings | None = None,
    recording: Recording | Path | None = None,
    speed: float = 1.0,
    loop: bool = False,
    config: LiveTradingConfig | None = None,
) -> AsyncIterator[StrategyRun]:
    """Run strategies while the block runs: they have started when it begins, and ended after it.

    Args:
      strategies: objects of `Strategy` classes, or async functions of one context.
      exchange: how the exchange behaves; by default as the venue does, with a calm market of seed 0.
      recording: what the market does instead, or the file that says so.
      speed: seconds of recorded time in a second.
      loop: whether the recording begins again at its end, rather than falling silent.
      config: the engine's; by default one that ticks each second.

    Raises:
      StrategyFailed: a strategy raised; what, is the ``__cause__``. The block is cancelled then.
    """
    if isinstance(recording, Path):
        recording = Recording.read(recording)
    clock = Clock.simulated()
    local = LocalExchange(exchange, clock=clock, recording=recording, speed=speed, loop=loop)
    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as far_side:
            network = MemoryNetwork(far_side)
            site = network.listen(HOST, 80, local.serve_stream)
            await far_side.start(local.run)
            engine = LiveTradingEngine(
                MessageBus(),
                Cache(),
                config or LiveTradingConfig(tick_interval_ms=1000, handle_signals=False),
                clock=clock,
                dial=network.dial,
            )
            engine.add_venue(HyperliquidVenue(HyperliquidConfig(network="local"), base_url=f"http://{HOST}"))
            for strategy in strategies:
                engine.add_strategy(strategy)
            async with running(engine):
                yield StrategyRun(engine, local, site)
            far_side.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        failure = lone_leaf(group)
    if failure is not None:
        raise failure  # outside the handler, so that the group does not become its context
