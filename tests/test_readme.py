"""Tests of the README: what it shows loads, runs, and is so."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import attrs
import pytest

from livetrio import Config, LiveTradingConfig, load_config
from livetrio.app.config import ExchangeConfig, JournalConfig, LoggingConfig, StrategyConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.exchange import write_recording
from livetrio.operations.alerts.config import AlertConfig, ChannelConfig
from livetrio.operations.alerts.rules import RULES
from livetrio.operations.config import OperationsConfig
from livetrio.strategy.loader import check_strategy
from livetrio.venues.hyperliquid import HyperliquidConfig

ROOT = Path(__file__).resolve().parent.parent

TEXT = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


TOML = blocks("toml")

PYTHON = {block.splitlines()[0].removeprefix("# "): block for block in blocks("python")}
"""By the name of the file, which each says in its first line."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All that the README shows, as files."""
    for name, block in PYTHON.items():
        (tmp_path / name).write_text(block)
    return tmp_path


ENVIRON = {
    "MY_TOKEN": "a-token-of-mine",
    "HYPERLIQUID_KEY": "0x" + "11" * 32,
    "LIVETRIO_TOKEN": "a-token-of-the-page",
    "PHONE_URL": "https://hooks.example.com/phone",
}


def load(folder: Path, text: str) -> Config:
    file = folder / "readme.toml"
    file.write_text(text)
    return load_config(file, environ=ENVIRON, check_strategy=check_strategy)


@pytest.mark.parametrize("text", TOML)
def test_the_configurations_load(folder: Path, text: str) -> None:
    assert load(folder, text).strategies


def test_the_defaults_are_those_that_it_says(folder: Path) -> None:
    full = next(text for text in TOML if "[engine]" in text)
    config = load(folder, full)

    assert attrs.evolve(config.engine, ws_endpoints=()) == LiveTradingConfig()
    assert config.venues["hyperliquid"] == HyperliquidConfig()
    assert config.logging == LoggingConfig()
    assert config.exchange == ExchangeConfig()
    (strategy,) = config.strategies
    assert strategy == StrategyConfig(path=strategy.path, name=strategy.name, params=strategy.params)


def test_every_setting_is_there_and_what_is_commented_out_is_right(folder: Path) -> None:
    full = next(text for text in TOML if "[engine]" in text)
    uncommented = re.sub(r"^# ", "", full, flags=re.MULTILINE)
    mids = {"channel": "allMids", "data": {"mids": {"BTC": "91374.5"}}}
    write_recording(folder / "my-recording.gz", [(1_793_628_000_481_803_000, json.dumps(mids))])
    config = load(folder, uncommented)
    data = tomllib.loads(uncommented)

    assert data["engine"].keys() == {field.name for field in attrs.fields(LiveTradingConfig)}
    assert data["strategies"][0].keys() == {field.name for field in attrs.fields(StrategyConfig)}
    assert data["logging"].keys() == {field.name for field in attrs.fields(LoggingConfig)}
    assert data["exchange"].keys() == {field.name for field in attrs.fields(ExchangeConfig)}
    assert data["execution"].keys() == {field.name for field in attrs.fields(ExecutionConfig)}
    assert data["risk"].keys() == {field.name for field in attrs.fields(RiskConfig)}
    assert data["operations"].keys() == {field.name for field in attrs.fields(OperationsConfig)}
    assert data["journal"].keys() == {field.name for field in attrs.fields(JournalConfig)}
    timed, loss = data["operations"]["alerts"]
    assert timed.keys() | loss.keys() == {field.name for field in attrs.fields(AlertConfig)}
    default = AlertConfig(rule="gate_closed")
    assert (timed["longer_than_ms"], timed["every_ms"]) == (default.longer_than * 1000, default.every_ms)
    phone = data["operations"]["channels"]["phone"]
    assert phone.keys() == {field.name for field in attrs.fields(ChannelConfig)}
    assert config.engine.ws_endpoints[0].headers["Authorization"].resolve() == "a-token-of-mine"


def test_the_alerts_that_it_shows_load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livetrio.operations.alerts.channels.has_apprise", lambda: True)
    monkeypatch.setattr("livetrio.operations.alerts.channels.make_service", lambda url: url)
    [block] = re.findall(r"^```\n(\[operations\]\nalerts.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    file = folder / "alerts.toml"
    file.write_text(block)
    urls = {"PHONE_URL": "tgram://TOKEN/CHAT", "HOOK_URL": "https://hooks.example.com/a"}
    operations = load_config(file, environ=urls).operations

    assert [each.kind for each in operations.channels.values()] == ["apprise", "webhook"]
    assert [name for name in RULES if f"`{name}`" not in TEXT] == []


def test_the_tests_that_it_shows_pass(folder: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "trio_mode=true", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "5 passed" in outcome.stdout, outcome.stdout


@pytest.mark.parametrize("name", PYTHON)
def test_the_programs_compile(name: str) -> None:
    assert name.endswith(".py")
    compile(PYTHON[name], name, "exec")


def test_the_files_and_folders_that_it_names_are_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_it_speaks_of_nothing_but_the_project() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text()
        assert str(Path.home()) not in text, name
        assert not re.search(r"(?<![\w.)\]}/:])/(?:home|usr|opt|srv|var|tmp|mnt)/|localhost:|@@", text), name
