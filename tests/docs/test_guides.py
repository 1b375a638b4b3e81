"""Tests of the guides: what they show loads, runs, and is so."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
import trio
import trio.testing
from shown import ENVIRON, FILES, ROOT, TEXTS, blocks

from livetrio import Clock, load_config
from livetrio.app.cli import livetrio as cli
from livetrio.exchange import LocalExchange
from livetrio.model import ShutdownEvent
from livetrio.operations.alerts.rules import RULES
from livetrio.simulation.catalogue import CATALOGUE
from livetrio.simulation.plan import Plan
from livetrio.strategy.loader import check_strategy
from livetrio.testing import run_strategy

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # apprise imports it

COMMANDS = [
    (page, line.removeprefix("$ "))
    for page, block in blocks("console")
    for line in block.splitlines()
    if re.match(r"\$ (\w+=\S+ )?livetrio ", line)
]


BTC = "BTC-USD-PERP.HYPERLIQUID"

LIMIT = 300  # seconds for anything started here


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All that the guides show, as files, and the configurations that they name; ``my.toml`` is anybody's."""
    for name, block in FILES.items():
        (tmp_path / name).write_text(block)
    other = FILES["spread.toml"].partition("[[strategies]]")[2]
    (tmp_path / "my.toml").write_text(f"{FILES['nibbler.toml']}[[strategies]]{other}")
    shutil.copytree(ROOT / "configs", tmp_path / "configs", ignore=shutil.ignore_patterns("*.journal*"))
    return tmp_path


def test_each_file_is_shown_once_under_a_name_of_its_own() -> None:
    assert all(re.fullmatch(r"[\w-]+\.(py|toml|plan)", name) for name in FILES), list(FILES)
    assert len(FILES) == len(blocks("python")) + len(blocks("toml"))


@pytest.mark.parametrize("name", [each for each in FILES if each.endswith(".toml")])
def test_the_configurations_load_with_the_strategies_that_are_shown(folder: Path, name: str) -> None:
    assert load_config(folder / name, environ=ENVIRON, check_strategy=check_strategy).strategies


def test_the_alerts_that_are_shown_go_two_ways_and_all_rules_are_told_of(folder: Path) -> None:
    operations = load_config(folder / "alerts.toml", environ=ENVIRON).operations

    assert [each.kind for each in operations.channels.values()] == ["apprise", "webhook"]
    assert [name for name in RULES if f"`{name}`" not in TEXTS["guides/operating.md"]] == []


def test_the_plan_is_one() -> None:
    assert len(Plan.from_text(FILES["half-dead.plan"]).parsed_faults) == 3


def test_every_fault_has_its_row_and_every_row_its_fault() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", TEXTS["guides/faults.md"], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]

    assert len(named) == len(set(named))
    assert set(named) == CATALOGUE.kinds.keys() | CATALOGUE.aliases.keys()


def pytest_run(folder: Path, file: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "trio_mode=true", "-p", "no:cacheprovider", file],
        cwd=folder,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    ).stdout


def test_the_tests_of_the_first_strategy_pass(folder: Path) -> None:
    assert "2 passed" in (output := pytest_run(folder, "test_nibbler.py")), output


def test_the_tests_in_worlds_pass(folder: Path) -> None:
    assert "4 passed" in (output := pytest_run(folder, "test_worlds.py")), output


def test_the_strategy_that_forgets_fails_as_is_told(folder: Path) -> None:
    test = folder / "test_forgetful.py"
    test.write_text(test.read_text().replace("checks=", "shrink=False, checks="))  # that is for who reads it

    output = pytest_run(folder, "test_forgetful.py")

    assert re.search(r"Seed \d+ fails: check bought_once\nE +holds 0.0\d\n", output), output
    assert re.search(r"E +engine-restart (?:every \w+ )?after ", output)


def test_what_is_mended_does_not_forget(folder: Path) -> None:
    assert "assert Decimal('0.02" in (output := pytest_run(folder, "test_restart.py")), output

    (folder / "mended.py").rename(folder / "forgetful.py")

    assert "1 passed" in (output := pytest_run(folder, "test_restart.py")), output


async def test_the_library_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exchange = LocalExchange(clock=Clock.live())
    async with trio.open_nursery() as nursery:
        url: str = await nursery.start(exchange.serve)
        block = FILES["library.py"]
        local = f'url="{url.replace("http", "ws")}/ws", venue="hyperliquid"'
        assert 'url="wss://api.hyperliquid.xyz/ws"' in block
        names: dict[str, Any] = {"__name__": "library"}
        exec(block.replace('url="wss://api.hyperliquid.xyz/ws"', local), names)
        with trio.move_on_after(1.5):
            await names["main"]()
        nursery.cancel_scope.cancel()

    lines = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r"BTC-USD-PERP\.HYPERLIQUID 9\d{4}\.\d 9\d{4}\.\d", line) for line in lines)
    assert any(re.fullmatch(r"tick 1 9\d{4}(\.\d+)?", line) for line in lines)


def shown(name: str) -> Any:
    """What a program that is shown calls as the program itself is called."""
    names: dict[str, Any] = {}
    exec(FILES[f"{name}.py"], names)
    return names[name]


async def test_the_order_that_a_function_works_comes_to_its_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    nibble = partial(shown("nibble"), instrument=BTC, size=Decimal("0.01"))
    async with run_strategy(nibble) as run:
        await trio.sleep(40)

    (order,) = run.engine.cache.get_orders_by_instrument(BTC)
    assert order.is_closed
    assert run.account.orders == {}  # at the exchange


async def test_the_function_that_waits_for_a_wide_spread_stops_the_engine(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ended: list[ShutdownEvent] = []
    widest = partial(shown("widest"), instrument=BTC, limit=Decimal(0))
    async with run_strategy(
        widest, prepare=lambda engine: engine.bus.subscribe("system.shutdown", ended.append)
    ):
        await trio.sleep(40)

    assert [event.message for event in ended] == [f"widest: the spread of {BTC} is above 0"]


@pytest.mark.parametrize("name", [each for each in FILES if each.endswith(".py")])
def test_the_programs_compile(name: str) -> None:
    compile(FILES[name], name, "exec")


@pytest.mark.parametrize("page, command", COMMANDS)
def test_the_commands_are_taken(
    folder: Path, page: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words = shlex.split(command.removesuffix("&"))
    found = cli.commands[words[words.index("livetrio") + 1]]

    try:
        params = found.make_context("livetrio", words[words.index("livetrio") + 2 :]).params
    except click.exceptions.Exit:  # an option that shows something, and nothing else
        return
    if "overrides" in params:
        overrides = [each.replace("0x...", f"0x{'11' * 20}") for each in params["overrides"]]
        assert load_config(params["config"], overrides=overrides, environ=ENVIRON).strategies


@pytest.mark.parametrize("page", TEXTS)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    text = TEXTS[page]
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    named = re.findall(r"`((?:configs|scripts|livetrio|tests)/[\w./-]*)`", text)

    assert [each for each in links if not (ROOT / "docs" / page).parent.joinpath(each).exists()] == []
    assert [each for each in named if "NAME" not in each and not (ROOT / each).exists()] == []


def test_they_speak_of_nothing_but_the_project() -> None:
    for name, text in TEXTS.items():
        assert str(Path.home()) not in text, name
        assert not re.search(r"(?<![\w.)\]}/:])/(?:home|usr|mnt|tmp)/|localhost:|@@", text), name


@pytest.mark.parametrize("page", TEXTS)
def test_a_page_is_in_a_table_of_contents(page: str) -> None:
    trees = {
        (Path(name).parent / line).as_posix()
        for name, text in TEXTS.items()
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for line in tree.splitlines()
        if line and not line.startswith(":")
    }

    assert page == "index.md" or page.removesuffix(".md") in trees


def test_they_are_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="scripts/docs has not been run in this environment")

    folders = ["-d", tmp_path / "trees", ROOT / "docs", tmp_path / "text"]
    outcome = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "text", "--fail-on-warning", "--keep-going", "-q", *folders],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )

    assert outcome.returncode == 0, outcome.stderr
    reference = (tmp_path / "text/api/strategy.txt").read_text()
    assert "await wait_closed(" in reference
    assert "async with working(" in reference
