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

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import trio

from livetrio.app.config import LiveTradingConfig
from livetrio.app.engine import LiveTradingEngine
from livetrio.app.order_desk import OrderDesk
from livetrio.app.report import StrategyReport
from livetrio.app.run import running
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.exchange import ExchangeSettings, LocalExchange, Recording
from livetrio.exchange.chain.account import Account
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction
from livetrio.supervision.nursery import lone_leaf
from livetrio.testing.network import MemoryNetwork, Site
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

HOST = "exchange.test"


@attrs.define
class StrategyRun:
    """A run, while it goes on and afterwards."""

    engine: LiveTradingEngine
    exchange: LocalExchange
    site: Site
    """The way to the exchange, with its faults to switch."""
    journal: Path
    """What remembers the orders."""

    @property
    def account(self) -> Account:
        """The account that the engine trades, as the exchange has it."""
        return self.exchange.ledger.account(self.exchange.keys[0].address)

    @property
    def desk(self) -> OrderDesk:
        """What takes care of orders."""
        assert self.engine.desk is not None, "the engine has not been started"
        return self.engine.desk

    @property
    def since(self) -> int:
        """From when on the exchange's fills count, UTC nanoseconds: from when the journal began."""
        state = self.desk.keeper.journal.load().states.get("account", {})
        return min((int(str(each["since"])) for each in state.values()), default=0)

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
    risk: RiskConfig | None = None,
    forgive: bool = False,
    execution: ExecutionConfig | None = None,
    journal: Path | None = None,
    orders: bool = True,
    local: LocalExchange | None = None,
    clock: Clock | None = None,
    prepare: Callable[[LiveTradingEngine], object] = lambda _engine: None,
) -> AsyncIterator[StrategyRun]:
    """Run strategies while the block runs: they have started when it begins, and ended after it.

    Args:
      strategies: objects of `Strategy` classes, or async functions of one context.
      exchange: how the exchange behaves; by default as the venue does, with a calm market of seed 0.
      recording: what the market does instead, or the file that says so.
      speed: seconds of recorded time in a second.
      loop: whether the recording begins again at its end, rather than falling silent.
      config: the engine's; by default one that ticks each second.
      risk: the limits on its orders.
      forgive: end the halt and the entry locks that the journal has, and let drawdowns count from now.
      execution: how they are sent, waited for and asked about.
      orders: whether there is an account to trade; False: market data only.
      journal: the file that remembers them; by default one that is gone afterwards.
      local: an exchange that runs already, to come back to; then ``exchange`` and what is about recordings
        say nothing, and ``clock`` must be its clock.
      clock: of engine and exchange.
      prepare: called with the engine just before it runs.

    Raises:
      StrategyFailed: a strategy raised; what, is the ``__cause__``. The block is cancelled then.
    """
    if isinstance(recording, Path):
        recording = Recording.read(recording)
    clock = clock or Clock.simulated()
    is_new = local is None
    if local is None:
        local = LocalExchange(exchange, clock=clock, recording=recording, speed=speed, loop=loop)
    failure: BaseException | None = None
    with TemporaryDirectory(prefix="livetrio-") as folder:
        try:
            async with trio.open_nursery() as far_side:
                network = MemoryNetwork(far_side)
                site = network.listen(HOST, 80, local.serve_stream)
                if is_new:
                    await far_side.start(local.run)
                engine = LiveTradingEngine(
                    MessageBus(),
                    Cache(),
                    config or LiveTradingConfig(tick_interval_ms=1000, handle_signals=False),
                    clock=clock,
                    dial=network.dial,
                )
                key = local.keys[0].secret_hex if orders else None
                settings = HyperliquidConfig(network="local")
                engine.add_venue(HyperliquidVenue(settings, base_url=f"http://{HOST}", key=key))
                path = journal or Path(folder) / "orders.journal"
                if orders:
                    engine.take_orders(path, execution=execution, risk=risk, forgive=forgive)
                for strategy in strategies:
                    engine.add_strategy(strategy)
                prepare(engine)
                async with running(engine):
                    yield StrategyRun(engine, local, site, path)
                far_side.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            failure = lone_leaf(group)
    if failure is not None:
        raise failure  # outside the handler, so that the group does not become its context
