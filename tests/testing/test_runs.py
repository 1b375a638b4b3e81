"""What a strategy author's tests look like."""

from __future__ import annotations

import json
from decimal import Decimal

import attrs
import pytest
import trio

from livetrio import LiveTradingConfig, Strategy
from livetrio.errors import StrategyFailed
from livetrio.exchange import ExchangeSettings, Recording, write_recording
from livetrio.model import ConnectionState
from livetrio.testing import run_strategy, within

BTC = "BTC-USD-PERP.HYPERLIQUID"


@attrs.define
class Counter(Strategy):
    instrument: str
    quotes: int = 0
    ticks: int = 0
    mids: list = attrs.field(factory=list)
    states: list = attrs.field(factory=list)

    def on_start(self):
        self.ctx.subscribe_quotes(self.instrument)

    def on_quote(self, quote):
        self.quotes += 1
        self.mids.append(quote.mid_price)

    def on_tick(self, tick):
        self.ticks += 1

    def on_connection(self, event):
        self.states.append(event.state)


def an_invented_market():
    """A quote each half a second for ten seconds, whose bid rises by one each time."""
    began = 1_700_000_000_000

    def quote(number):
        bid, ask = ({"px": f"{100 + number + side}.0", "sz": "1.5", "n": 1} for side in range(2))
        data = {"coin": "BTC", "time": began + 500 * number, "bbo": [bid, ask]}
        return (began + 500 * number) * 1_000_000, json.dumps({"channel": "bbo", "data": data})

    return [quote(number) for number in range(20)]


@within(3600)
async def test_three_lines_are_a_test(autojump_clock):
    strategy = Counter(BTC)

    async with run_strategy(strategy, orders=False) as run:
        await trio.sleep(60.5)

    assert strategy.quotes > 100
    assert strategy.ticks == 60
    assert run.reports[0].events == strategy.quotes + 60 + 1, "and that it is connected"
    assert run.exchange.connections == 0
    assert not run.engine.is_running


@within(3600)
async def test_the_same_exchange_gives_the_same_market_and_another_seed_another(autojump_clock):
    async def watch(settings):
        strategy = Counter(BTC)
        async with run_strategy(strategy, exchange=settings):
            await trio.sleep(20)
        return strategy.mids

    found = {}

    async def keep(name, settings):
        found[name] = await watch(settings)

    async with trio.open_nursery() as nursery:  # at one virtual time, from which blocks are counted
        nursery.start_soon(keep, "default", None)
        nursery.start_soon(keep, "zero", ExchangeSettings(seed=0))
        nursery.start_soon(keep, "one", ExchangeSettings(seed=1))
        nursery.start_soon(keep, "empty", ExchangeSettings(regime="none"))

    assert found["default"] == found["zero"]
    assert found["default"] != found["one"]
    assert found["empty"] in ([], [None]), "nobody trades there but clients"


@within(3600)
@pytest.mark.parametrize("form", ["file", "recording"])
async def test_the_market_can_be_a_recorded_one(autojump_clock, tmp_path, form):
    strategy = Counter(BTC)
    path = tmp_path / "market.gz"
    write_recording(path, an_invented_market())

    async with run_strategy(strategy, recording=path if form == "file" else Recording.read(path)):
        await trio.sleep(20)

    assert strategy.mids == [Decimal("100.5") + number for number in range(20)]


@within(3600)
async def test_a_recording_is_played_as_fast_and_as_often_as_is_said(autojump_clock):
    once, again = Counter(BTC), Counter(BTC)

    async with run_strategy(once, recording=Recording(an_invented_market()), speed=4):
        await trio.sleep(2)
        half = list(once.mids)
        await trio.sleep(18)
    async with run_strategy(again, recording=Recording(an_invented_market()), speed=4, loop=True):
        await trio.sleep(20)

    assert len(half) in range(15, 18)
    assert len(once.mids) == 20
    assert len(again.mids) > 5 * 20
    assert max(again.mids) == max(once.mids)


@within(3600)
async def test_the_network_s_faults_can_be_switched(autojump_clock):
    strategy = Counter(BTC)

    async with run_strategy(strategy, orders=False) as run:
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

    async with run_strategy(first, second, config=config):
        await trio.sleep(30)

    assert min(first.quotes, second.quotes) > 30
    assert min(first.mids) > 10 * max(second.mids), "each sees its own instrument"
    assert (first.ticks, second.ticks) == (0, 0)
