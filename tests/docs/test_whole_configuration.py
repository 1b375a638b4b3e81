"""Tests of the whole configuration that the guide shows: every setting is in it, with its default."""

import json
import re
import tomllib
from pathlib import Path

import attrs
import pytest
from shown import ENVIRON, FILES

from livetrio import Config, LiveTradingConfig, load_config
from livetrio.app.config import ExchangeConfig, JournalConfig, LoggingConfig, StrategyConfig
from livetrio.cache import CacheConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.exchange import write_recording
from livetrio.operations.alerts.config import AlertConfig, ChannelConfig
from livetrio.operations.config import OperationsConfig
from livetrio.strategy.loader import check_strategy
from livetrio.venues.hyperliquid import HyperliquidConfig

NAME, _, WHOLE = FILES["all.toml"].partition("\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The strategy that it names, and a recording that it could name."""
    (tmp_path / "spread.py").write_text(FILES["spread.py"])
    mids = {"channel": "allMids", "data": {"mids": {"BTC": "91374.5"}}}
    write_recording(tmp_path / "my-recording.gz", [(1_793_628_000_481_803_000, json.dumps(mids))])
    return tmp_path


def load(folder: Path, text: str) -> Config:
    file = folder / "all.toml"
    file.write_text(text)
    environ = ENVIRON | {"MY_TOKEN": "a-token-of-mine", "PHONE_URL": "https://hooks.example.com/phone"}
    return load_config(file, environ=environ, check_strategy=check_strategy)


def uncommented() -> str:
    return re.sub(r"^# ", "", WHOLE, flags=re.MULTILINE)


def test_the_defaults_are_those_that_it_says(folder: Path) -> None:
    config = load(folder, WHOLE)

    assert attrs.evolve(config.engine, ws_endpoints=()) == LiveTradingConfig()
    assert config.venues["hyperliquid"] == HyperliquidConfig()
    assert config.logging == LoggingConfig()
    assert config.exchange == ExchangeConfig()
    assert config.execution == ExecutionConfig()
    assert config.risk == RiskConfig()
    assert config.journal == JournalConfig()
    assert config.operations == OperationsConfig()
    assert config.cache == CacheConfig()
    (strategy,) = config.strategies
    assert strategy == StrategyConfig(path=strategy.path, name=strategy.name, params=strategy.params)


def test_every_setting_is_there_and_what_is_commented_out_is_right(folder: Path) -> None:
    config = load(folder, uncommented())
    data = tomllib.loads(uncommented())

    assert data["engine"].keys() == {field.name for field in attrs.fields(LiveTradingConfig)}
    assert data["strategies"][0].keys() == {field.name for field in attrs.fields(StrategyConfig)}
    assert data["venues"]["hyperliquid"].keys() == {field.name for field in attrs.fields(HyperliquidConfig)}
    assert data["logging"].keys() == {field.name for field in attrs.fields(LoggingConfig)}
    assert data["exchange"].keys() == {field.name for field in attrs.fields(ExchangeConfig)}
    assert data["execution"].keys() == {field.name for field in attrs.fields(ExecutionConfig)}
    assert data["risk"].keys() == {field.name for field in attrs.fields(RiskConfig)}
    assert data["operations"].keys() == {field.name for field in attrs.fields(OperationsConfig)}
    assert data["journal"].keys() == {field.name for field in attrs.fields(JournalConfig)}
    assert data["cache"].keys() == {field.name for field in attrs.fields(CacheConfig)}
    timed, loss = data["operations"]["alerts"]
    assert timed.keys() | loss.keys() == {field.name for field in attrs.fields(AlertConfig)}
    default = AlertConfig(rule="gate_closed")
    assert (timed["longer_than_ms"], timed["every_ms"]) == (default.longer_than * 1000, default.every_ms)
    phone = data["operations"]["channels"]["phone"]
    assert phone.keys() == {field.name for field in attrs.fields(ChannelConfig)}
    assert config.engine.ws_endpoints[0].headers["Authorization"].resolve() == "a-token-of-mine"
