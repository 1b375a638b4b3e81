"""What a strategy author's tests look like."""

from __future__ import annotations

import attrs
import pytest
import trio

from livetrio import LiveTradingConfig, Strategy
from livetrio.errors import StrategyFailed
from livetrio.exchange import demo_recording
from livetrio.model import ConnectionState
from livetrio.testing import run_strategy, within

BTC = "BTC-USD-PERP.HYPERLIQUID"


@attrs.define
class Counter(Strategy):
    instrument: str
    quotes: int = 0
    ticks: int = 0
    states: list = attrs.field(factory=list)

    def on_start(self):
        self.ctx.subscribe_quotes(self.instrument)

    def on_quote(self, quote):
        self.quotes += 1

    def on_tick(self, tick):
        self.ticks += 1

    def on_connection(self, event):
        self.states.append(event.state)


@within(3600)
async def test_three_lines_are_a_test(autojump_clock):
    strategy = Counter(BTC)

    async with run_strategy(strategy) as run:
        await trio.sleep(60.5)

    assert (strategy.quotes, strategy.ticks) == (709, 60)
    assert run.reports[0].events == 770
    assert run.exchange.connections == 0
    assert not run.engine.is_running


@within(3600)
async def test_the_network_s_faults_can_be_switched(autojump_clock):
    strategy = Counter(BTC)

    async with run_strategy(strategy, recording=demo_recording(), loop=True) as run:
        await trio.sleep(10)
        run.site.reset()
        await trio.sleep(30)

    assert strategy.states == [
        ConnectionState.CONNECTED,
        ConnectionState.DISCONNECTED,
        ConnectionState.RECONNECTING,
        ConnectionState.CONNECTED,
    ]


@within(3600)
async def test_what_the_strategy_raises_comes_out(autojump_clock):
    async def broken(ctx):
        await trio.sleep(5)
        raise ValueError("bug")

    with pytest.raises(StrategyFailed, match="broken raised ValueError: bug") as caught:
        async with run_strategy(broken):
            await trio.sleep(100)

    assert isinstance(caught.value.__cause__, ValueError)
    assert trio.current_time() == 5


@within(3600)
async def test_what_the_test_itself_raises_comes_out_bare(autojump_clock):
    with pytest.raises(AssertionError, match="mine"):
        async with run_strategy(Counter(BTC)):
            raise AssertionError("mine")


@within(3600)
async def test_several_strategies_and_a_configuration(autojump_clock):
    first, second = Counter(BTC), Counter("ETH-USD-PERP.HYPERLIQUID")
    config = LiveTradingConfig(tick_interval_ms=None, handle_signals=False)

    async with run_strategy(first, second, speed=None, config=config):
        await trio.sleep(5)

    assert (first.quotes, second.quotes) == (709, 556)
    assert first.ticks == 0
