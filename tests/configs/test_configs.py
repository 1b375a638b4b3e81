"""Tests of what is in configs/: every configuration is right, every example runs."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
import structlog
import trio

from livetrio import Clock, Config, Strategy, load_config
from livetrio.errors import ConfigError
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.strategy.loader import check_strategy, load_strategy
from livetrio.testing import run_strategy

CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"

FILES = sorted(CONFIGS.glob("*.toml"))

MAIN, TEST = "hyperliquid-mainnet", "hyperliquid-testnet"

BTC = "BTC-USD-PERP.HYPERLIQUID"


def load(name: str) -> Config:
    environ = {"HYPERLIQUID_KEY": "0x" + "11" * 32}
    return load_config(CONFIGS / name, environ=environ, check_strategy=check_strategy)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_configuration_is_right(file: Path) -> None:
    config = load(file.name)

    assert config.strategies
    assert config.venues or config.engine.ws_endpoints


def test_every_example_strategy_is_used_by_a_configuration() -> None:
    used = {each.path.partition(":")[0] for file in FILES for each in load(file.name).strategies}

    assert used == {f"strategies/{file.name}" for file in CONFIGS.glob("strategies/*.py")}


def test_the_venues_are_what_the_names_of_the_files_say() -> None:
    networks = {name: load(f"{name}.toml").venues["hyperliquid"].network for name in ("demo", MAIN, TEST)}

    assert networks == {"demo": "local", MAIN: "mainnet", TEST: "testnet"}


@pytest.mark.parametrize("name", [MAIN, TEST])
def test_to_trade_for_real_takes_a_key_and_nothing_else(name: str) -> None:
    with pytest.raises(ConfigError, match="HYPERLIQUID_KEY is not set") as caught:
        load_config(CONFIGS / f"{name}.toml", environ={}, check_strategy=check_strategy)

    assert [each.path for each in caught.value.problems] == ["venues.hyperliquid.key"]


@pytest.mark.parametrize("name", ["hyperliquid-testnet", "hyperliquid-mainnet"])
def test_the_market_maker_keeps_within_the_limits_by_itself(name: str) -> None:
    """Otherwise each tick makes an order that is denied, once it holds as much as the account may."""
    config = load_config(CONFIGS / f"{name}.toml", environ={"HYPERLIQUID_KEY": "11" * 32})
    (settings,) = config.strategies
    maker: Any = load_strategy(settings, CONFIGS)
    price = Decimal(120_000)  # dearer than ever

    assert config.risk.max_order_notional is not None
    assert config.risk.max_gross_exposure is not None
    assert maker.size * price <= config.risk.max_order_notional
    assert (maker.max_position + maker.size) * price <= config.risk.max_gross_exposure


async def run_strategies(name: str, seconds: float, *, seed: int = 0) -> Sequence[Any]:
    """Run a configuration's strategies at the local exchange; returns what they logged."""
    config = load(name)
    strategies = [load_strategy(each, CONFIGS) for each in config.strategies]
    with structlog.testing.capture_logs() as lines:
        settings = ExchangeSettings(seed=seed, regime=config.exchange.regime)
        async with run_strategy(*strategies, config=config.engine, exchange=settings) as run:
            await trio.sleep(seconds)
    assert all(report.errors == 0 for report in run.reports)
    return lines


@pytest.mark.parametrize("seed", range(3))
async def test_the_demo_shows_the_market_and_its_moves(
    autojump_clock: trio.testing.MockClock, seed: int
) -> None:
    """Whatever the seed, for `livetrio run` draws another one each time."""
    lines = await run_strategies("demo.toml", 29.5, seed=seed)

    looks = [line for line in lines if line["event"] == "market" and line["instrument"] == BTC]
    assert len(looks) == 5
    assert all(line["age_ms"] < 3000 for line in looks)
    assert all(line["bid"] < line["ask"] for line in looks)
    assert sum(line["trades"] for line in looks) > 5  # they come in bursts; seed 2 has a quiet half minute
    assert not [line for line in lines if line["event"] == "no price"], "no instrument is without one"
    assert any(line["event"] == "moved" for line in lines)
    assert any(line["event"] == "connection" and line["state"] == "connected" for line in lines)


async def test_the_demo_shows_bars_when_their_minute_has_ended(
    autojump_clock: trio.testing.MockClock,
) -> None:
    lines = await run_strategies("demo.toml", 70.0)

    assert {line["instrument"] for line in lines if line["event"] == "bar"} >= {BTC}


async def test_watch_reads_order_books_if_it_is_told_to(
    autojump_clock: trio.testing.MockClock,
) -> None:
    (settings,) = [each for each in load("demo.toml").strategies if each.name == "Watch"]
    books = []
    for params in (settings.params, {**settings.params, "books": True}):
        watch = load_strategy(attrs.evolve(settings, params=params), CONFIGS)
        async with run_strategy(watch) as run:
            await trio.sleep(5)
            books.append(run.engine.cache.get_book(BTC))

    assert books[0] is None
    assert books[1] is not None


async def test_watch_says_when_the_link_drops(autojump_clock: trio.testing.MockClock) -> None:
    (settings,) = [each for each in load("demo.toml").strategies if each.name == "Watch"]
    watch = load_strategy(settings, CONFIGS)
    assert isinstance(watch, Strategy)
    with structlog.testing.capture_logs() as lines:
        async with run_strategy(watch) as run:
            run.site.refuse = True
            run.site.reset()
            await trio.sleep(2.5)

    told = [line for line in lines if line["event"] == "connection"]
    for name in ("hyperliquid/market", "hyperliquid/account"):
        states = [line["state"] for line in told if line["name"] == name]
        assert states == ["connected", "disconnected", "reconnecting", "reconnecting"]


async def test_the_library_example_runs_against_whatever_speaks_the_protocol() -> None:
    exchange = LocalExchange(clock=Clock.live())
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            url: str = await nursery.start(exchange.serve)
            process = await trio.lowlevel.open_process(
                [
                    sys.executable,
                    "-u",
                    CONFIGS / "examples" / "live_trading.py",
                    f"{url.replace('http', 'ws')}/ws",
                ],
                stdout=subprocess.PIPE,
                cwd=CONFIGS,
                env=os.environ | {"PYTHONWARNINGS": "error"},
            )
            assert process.stdout is not None
            said = b""
            while b"tick 2" not in said:
                said += await process.stdout.receive_some()
            process.send_signal(signal.SIGINT)
            async for chunk in process.stdout:
                said += chunk
            assert await process.wait() == 0
            nursery.cancel_scope.cancel()

    lines = said.decode().splitlines()
    assert lines[0] == "Starting live trading ..."
    assert re.fullmatch(r"tick 2: mid 9\d{4}(\.\d)?, [1-9]\d* quotes, volume \d+\.\d+", lines[2])


async def test_the_market_maker_is_filled_on_both_sides_and_ends_flat(
    autojump_clock: trio.testing.MockClock,
) -> None:
    maker: Any = load_strategy(load("demo.toml").strategies[0], CONFIGS)
    held = []
    async with run_strategy(maker, exchange=ExchangeSettings(regime="trend")) as run:
        for _ in range(600):
            await trio.sleep(1)
            held.append(maker.ctx.position(maker.instrument))
    trading = run.engine.report().trading

    assert trading is not None
    assert maker.fills > 50
    assert max(held) > 0 > min(held)
    assert max(map(abs, held)) <= 11 * maker.size
    assert trading.left == ()
    assert trading.positions == ()
    assert not any(each.szi for each in run.account.positions.values())


async def test_the_market_maker_quotes_nothing_that_it_cannot_know(
    autojump_clock: trio.testing.MockClock,
) -> None:
    maker: Any = load_strategy(load("demo.toml").strategies[0], CONFIGS)
    async with run_strategy(maker) as run:
        await trio.sleep(5.5)
        quoted = len(run.account.orders)
        run.site.refuse = True
        run.site.reset()
        await trio.sleep(20)
        placed = run.desk.tracker.counts["submitted"]
        await trio.sleep(20)
        while_lost = run.desk.tracker.counts["submitted"] - placed
        run.site.refuse = False
        await trio.sleep(60)

        assert quoted == 2
        assert while_lost == 0
        assert len(run.account.orders) == 2


async def test_the_trend_follower_guards_what_it_holds_with_a_stop(
    autojump_clock: trio.testing.MockClock,
) -> None:
    (settings,) = [each for each in load("local.toml").strategies if each.name == "TrendFollower"]
    follower: Any = load_strategy(settings, CONFIGS)
    unguarded = trades = 0
    async with run_strategy(follower, exchange=ExchangeSettings(regime="trend")) as run:
        for _ in range(3600):
            await trio.sleep(1)
            held = follower.ctx.position(follower.instrument)
            trades = run.desk.tracker.counts["fills"]
            has_stop = any(each.trigger is not None for each in run.account.orders.values())
            unguarded += held != 0 and not has_stop

    assert trades > 2
    assert unguarded < 60  # between the fill and the stop's acceptance, and back
    assert run.engine.report().trading.left == ()


async def test_an_order_is_worked_to_its_end(autojump_clock: trio.testing.MockClock) -> None:
    (settings,) = [each for each in load("local.toml").strategies if each.name == "work_order"]
    async with run_strategy(load_strategy(settings, CONFIGS)) as run:
        await trio.sleep(120)
        held = {each.instrument_id: each.quantity for each in run.engine.cache.get_all_positions()}

    assert held == {settings.params["instrument"]: Decimal(str(settings.params["quantity"]))}
    assert run.engine.report().trading.left == ()
