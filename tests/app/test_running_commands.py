"""The commands to a running engine: over its socket, by the real loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import sys

import attrs
import pytest
import trio
from click.testing import CliRunner
from run_strategies import PLACES, whole

from livetrio.app.cli import livetrio
from livetrio.app.run import open_engine
from livetrio.app.running import find_journal
from livetrio.app.running_words import render_status
from livetrio.errors import ConfigError
from livetrio.journal.lock import JournalLock
from livetrio.operations.config import OperationsConfig
from livetrio.operations.http.control import control_socket, socket_of
from livetrio.testing import within


@attrs.define
class Result:
    """What a command said."""

    exit_code: int
    output: str
    stderr: str


async def call(*arguments):
    """Run a command in a process of its own, beside the engine in this one."""
    command = [sys.executable, "-m", "livetrio", *map(str, arguments)]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "test.journal"


@within(60)
async def test_the_running_engine_is_asked_and_told_over_the_socket_beside_its_journal(collector, journal):
    config = journal.with_suffix(".toml")
    config.write_text('[venues.hyperliquid]\nkey = "env:NOT_SET"\n')
    async with open_engine(whole("Watcher")) as engine:
        mode = stat.S_IMODE(socket_of(journal).stat().st_mode)
        status = await call("status", journal)
        by_config = await call("status", config, "--json")
        positions = await call("positions", journal)
        tree = await call("tree", journal)
        paused = await call("pause", journal)
        twice = await call("pause", journal)
        twice_json = await call("pause", journal, "--json")
        resumed = await call("resume", journal)
        nothing = await call("cancel-all", journal, "--instrument", "BTC-USD-PERP.HYPERLIQUID")
        flattened = await call("flatten", journal)
        halted = engine.desk.risk.reason
        stopped = await call("stop", journal, "--json")
        await engine.wait_stopped()
    after = await call("status", journal)

    assert mode == 0o600
    assert status.exit_code == 0, status.output
    assert status.output.startswith("The engine is running, for ")
    assert "Trading is active." in status.output
    assert "The gate of HYPERLIQUID is open." in status.output
    assert "hyperliquid/account  connected" in status.output
    assert json.loads(by_config.output)["life"] == "running"
    assert positions.output == "No positions.\n"
    assert re.search(r"^ +journal  \(supervision\.journal_keeper:\d+ run\)$", tree.output, re.MULTILINE)
    assert paused.output.startswith("paused: only what makes positions smaller may leave")
    assert (twice.exit_code, twice.output) == (1, "")
    assert twice.stderr.startswith("not done: trading is paused already: paused by control socket, process ")
    assert (twice_json.exit_code, json.loads(twice_json.output)["done"]) == (1, False)
    assert resumed.output == "resumed: the pause is over\n"
    assert nothing.exit_code == 1
    assert flattened.output == "halted: no order works; there is no position\n"
    assert re.fullmatch(rf"by control socket, process \d+ of user {os.getuid()}", halted)
    assert json.loads(stopped.output)["done"]
    assert engine.report().reason.startswith("by control socket")
    assert (after.exit_code, after.stderr) == (1, f"failed: no engine writes {journal}\n")
    assert not socket_of(journal).exists()


@pytest.mark.parametrize(
    "command", ["status", "positions", "tree", "pause", "resume", "cancel-all", "flatten", "stop", "halt"]
)
def test_where_no_engine_runs_every_command_says_so(command, journal):
    result = CliRunner().invoke(livetrio, [command, str(journal)])

    assert (result.exit_code, result.stderr) == (1, f"failed: no engine writes {journal}\n")


def test_an_engine_that_does_not_answer_is_told_from_one_that_does_not_run(journal, monkeypatch):
    monkeypatch.setattr("livetrio.app.running.PATIENCE", 0.1)
    lock = JournalLock(journal)
    try:
        none = CliRunner().invoke(livetrio, ["status", str(journal)])
        with control_socket(socket_of(journal)):
            stuck = CliRunner().invoke(livetrio, ["status", str(journal)])
            asked = CliRunner().invoke(livetrio, ["flatten", str(journal)])
    finally:
        lock.release()

    assert (none.exit_code, stuck.exit_code, asked.exit_code) == (1, 1, 1)
    assert "takes no commands" in none.stderr
    assert f"process {os.getpid()} writes {journal}, and did not answer in 0.1 s" in stuck.stderr
    assert "not known" not in stuck.stderr
    assert "whether it does what was asked, and when, is not known" in asked.stderr


def test_halt_reaches_an_engine_that_answers_nobody(journal):
    got = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: got.append(number))
    lock = JournalLock(journal)
    try:
        config = journal.with_suffix(".toml")
        config.write_text("")
        result = CliRunner().invoke(livetrio, ["halt", str(config)])
    finally:
        lock.release()
        signal.signal(signal.SIGUSR1, before)

    assert result.output == f"told process {os.getpid()} to halt; its log says how it goes\n"
    assert got == [signal.SIGUSR1]


def test_the_journal_of_a_configuration_is_found_without_its_secrets(tmp_path, monkeypatch):
    config = tmp_path / "a.toml"
    config.write_text('[journal]\npath = "there/b.journal"\n')
    assert find_journal(config) == tmp_path / "there" / "b.journal"
    config.write_text('[venues.hyperliquid]\nkey = "env:NOT_SET"\n')
    assert find_journal(config) == tmp_path / "a.journal"
    monkeypatch.setenv("livetrio__Journal__Path", "c.journal")  # as for `livetrio run`
    assert find_journal(config) == tmp_path / "c.journal"
    config.write_text("no TOML")
    with pytest.raises(ConfigError, match=r"a\.toml: "):
        find_journal(config)
    assert find_journal(tmp_path / "c.journal") == tmp_path / "c.journal"


@within(60)
async def test_the_port_of_somebody_else_is_a_problem_of_the_configuration_and_nothing_starts(collector):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = attrs.evolve(whole("Watcher"), operations=OperationsConfig(http=address))
        words = f"operations.http: {address} cannot be served on: Address already in use"
        with pytest.raises(ConfigError, match=words):
            async with open_engine(config):
                raise AssertionError

    assert not list(PLACES[-1].glob("*.journal"))


def test_what_is_not_well_is_in_the_words():
    state = {
        "life": "running", "uptime": 61.0, "started": "2026-11-26T01:02:03.004Z", "connections": [],
        "strategies": [
            {"name": "Late", "state": "running", "orders": 0, "pnl": None, "events": 9, "errors": 0,
             "error": None, "lag": 2.54},
            {"name": "Soon", "state": "running", "orders": 0, "pnl": None, "events": 9, "errors": 0,
             "error": None, "lag": 0.0123},
            {"name": "Fine", "state": "running", "orders": 0, "pnl": None, "events": 9, "errors": 0,
             "error": None, "lag": 0.0},
        ],
        "warnings": ["one\x1b[31m"],
        "trading": {
            "state": "halted", "reason": "by hand",
            "gates": [{"venue": "V", "is_open": False, "reasons": ["down (since 1.0 s)"]}],
            "locks": ["all, until 12:00: enough"], "orders": [{"status": "unknown"}], "fills": 2,
            "pnl": "-1234.5", "day_pnl": "0", "is_priced": False,
            "accounts": [{"equity": "99", "currency": "USDC"}], "positions": [],
            "was_killed": True, "surprises": ["an order\x1b", "a position"], "surprise_count": 2,
        },
        "ending": {"reason": "signal", "message": "SIGTERM"},
    }  # fmt: skip
    words = render_status(state)

    assert "Trading is halted: by hand." in words
    assert "The gate of V is closed: down (since 1.0 s)." in words
    assert "Entries are locked: all, until 12:00: enough." in words
    assert "Working orders: 1, 1 of them UNKNOWN. Fills: 2." in words
    assert "-1,234.50, today: 0.00 (not all that is held has a price). Equity: 99.00 USDC." in words
    assert "It stops: SIGTERM." in words
    assert "Nobody had ended the run before this one." in words
    assert "Found unexplained, 2 in this run; the last: a position." in words
    rows = {each.split()[0]: each for each in words.splitlines() if each.startswith("  ")}
    assert [" 2.5s " in rows["Late"], " 12.3 ms " in rows["Soon"], " none " in rows["Fine"]] == [True] * 3
    assert "\x1b" not in words
    assert "It takes no orders." in render_status(state | {"trading": None})
