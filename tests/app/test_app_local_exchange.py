"""The local exchange of a configuration, as its section [exchange] says. On real loopback sockets."""

from __future__ import annotations

import json
import socket
from decimal import Decimal

import attrs
import pytest
import run_strategies
from run_strategies import whole
from structlog.testing import capture_logs

from livetrio import StrategyConfig
from livetrio.app.config import ExchangeConfig
from livetrio.app.run import run_config
from livetrio.errors import ConfigError
from livetrio.exchange import make_key, write_recording
from livetrio.testing import within

BEGAN = 1_700_000_000_000_000_000


def a_trade(number):
    """A frame with one trade, the first of them from before the recording."""
    entry = {
        "coin": "BTC", "side": "BA"[number % 2], "px": "100.0", "sz": "0.5", "hash": "0x" + "0" * 64,
        "time": BEGAN // 10**6 + number * 100 - (number == 0), "tid": number,
        "users": ["0x" + "1" * 40, "0x" + "2" * 40],
    }  # fmt: skip
    return json.dumps({"channel": "trades", "data": [entry]})


@within(30)
async def test_the_market_follows_the_recording_of_the_configuration_as_fast_as_it_says(collector, tmp_path):
    write_recording(tmp_path / "trades.gz", [(BEGAN + each * 10**8, a_trade(each)) for each in range(300)])
    config = whole(
        StrategyConfig(path="run_strategies:Watcher", params={"stop_after": 299, "of": "trade"}),
        exchange=ExchangeConfig(replay=str(tmp_path / "trades.gz"), speed=100),
    )

    outcome = await run_config(config)

    assert outcome.report.reason == "Watcher: seen enough"
    assert outcome.report.duration < 10, "of 30 recorded seconds"
    (strategy,) = run_strategies.MADE
    assert strategy.seen["history"] == 1, "the one from before the recording"
    assert strategy.seen["trade"] == 299
    assert strategy.volume == 300 * Decimal("0.5")


@within(30)
@pytest.mark.parametrize("seed", [None, 7])
async def test_the_log_tells_the_seed_and_the_account_of_the_local_exchange(collector, seed):
    with capture_logs() as logs:
        await run_config(whole(exchange=ExchangeConfig(seed=seed)), duration=0.1)

    (line,) = [each for each in logs if each["event"] == "local exchange"]
    assert line["address"].startswith("http://127.0.0.1:")
    assert line["account"] == make_key(line["seed"], 0).address, "which anybody can make again"
    if seed is not None:
        assert line["seed"] == seed


@within(30)
async def test_a_market_that_is_not_given_a_seed_is_another_one_each_time(collector):
    with capture_logs() as logs:
        for _ in range(2):
            await run_config(whole(exchange=ExchangeConfig()), duration=0.1)

    first, second = [each["seed"] for each in logs if each["event"] == "local exchange"]
    assert first != second


@within(30)
async def test_a_recording_with_nothing_to_trade_is_an_error_of_the_configuration(collector, tmp_path):
    (tmp_path / "pongs").write_text('17 {"channel":"pong"}\n')
    config = whole(exchange=ExchangeConfig(replay=str(tmp_path / "pongs")))

    with pytest.raises(ConfigError, match=r"exchange\.replay: .*pongs: holds no price"):
        await run_config(config)


@within(30)
async def test_a_port_that_is_taken_is_an_error_of_the_configuration(collector):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = whole(exchange=ExchangeConfig(port=taken.getsockname()[1]))

        with pytest.raises(ConfigError, match=r"exchange\.port: expected a port that is free"):
            await run_config(config)


@within(30)
async def test_a_configuration_of_no_file_is_not_said_to_be_from_one(collector):
    config = attrs.evolve(whole(exchange=ExchangeConfig(replay="missing.gz")), source=None)

    with pytest.raises(ConfigError, match=r"^configuration: 1 problem\n  exchange\.replay: "):
        await run_config(config)
