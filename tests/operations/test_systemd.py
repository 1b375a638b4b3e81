"""The service manager is told that the engine is ready, how it is, that it lives and that it stops."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
import trio
from operations_world import operated

from livetrio import Strategy
from livetrio.app.watching import WatchedEngine
from livetrio.operations.systemd import INTERVAL, Systemd
from livetrio.testing import within

CONFIGS = Path(__file__).parents[2] / "configs"
UNIT = CONFIGS / "livetrio.service"


class Quiet(Strategy):
    """Does nothing."""


class Manager:
    """A socket where the manager's would be."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def told(self):
        """What has come."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(65_536).decode())
            except BlockingIOError:
                return messages


@pytest.fixture(params=["path", "abstract"])
def address(request, tmp_path):
    return str(tmp_path / "notify") if request.param == "path" else f"@livetrio-test-{os.getpid()}"


def systemd_of(engine, environment):
    return Systemd.of_environment(environment, WatchedEngine(engine))


@within(3600)
async def test_it_is_told_of_the_start_the_trouble_the_life_and_the_end(autojump_clock, address):
    def add(engine):
        environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}
        engine.add_service("systemd", systemd_of(engine, environment).run)

    with Manager(address) as manager:
        async with operated(Quiet(), prepare=add) as (run, _):
            await trio.sleep(1)
            start = manager.told()
            await trio.sleep(20)
            calm = manager.told()
            run.exchange.control({"type": "fault", "fault": "refuse for 20s"})
            run.site.reset()
            await trio.sleep(3)
            trouble = manager.told()
        end = manager.told()

    assert start[0].splitlines()[0].startswith("STATUS=the engine is starting")
    assert sum("READY=1" in each for each in start) == 1
    assert any("STATUS=trading, all is well" in each for each in start)
    assert calm == ["WATCHDOG=1"] * 10
    assert any("hyperliquid/account is reconnecting" in each for each in trouble)
    assert "READY=1" not in "".join(calm + trouble)
    assert sum("STOPPING=1" in each for each in end) == 1


@within(3600)
async def test_without_a_watchdog_it_is_told_what_is_new_and_no_more(autojump_clock, address):
    def add(engine):
        engine.add_service("systemd", systemd_of(engine, {"NOTIFY_SOCKET": address}).run)

    with Manager(address) as manager:
        async with operated(Quiet(), prepare=add):
            await trio.sleep(1 + INTERVAL)
            manager.told()
            await trio.sleep(10 * INTERVAL)

            assert manager.told() == []


@within(3600)
async def test_a_manager_that_has_gone_stops_nothing(autojump_clock, tmp_path):
    def add(engine):
        engine.add_service("systemd", systemd_of(engine, {"NOTIFY_SOCKET": str(tmp_path / "gone")}).run)

    async with operated(Quiet(), prepare=add) as (run, _):
        await trio.sleep(60)

        assert run.engine.state.value == "running"


@pytest.mark.parametrize(
    "environment, interval",
    [
        ({}, None),
        ({"NOTIFY_SOCKET": ""}, None),
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, None),
        ({"NOTIFY_SOCKET": "/x"}, INTERVAL),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000"}, 1.5),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "60000000"}, INTERVAL),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, INTERVAL),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, INTERVAL),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"}, INTERVAL),
    ],
)
def test_the_environment_alone_switches_it_on(environment, interval):
    systemd = Systemd.of_environment(environment, None)

    assert (None if systemd is None else systemd._interval) == interval


def test_the_command_tells_the_manager_that_it_is_ready_and_stops(tmp_path):
    address = str(tmp_path / "notify")
    config = tmp_path / "engine.toml"
    config.write_text('[venues.hyperliquid]\nnetwork = "local"\n')
    with Manager(address) as manager:
        done = subprocess.run(
            [sys.executable, "-m", "livetrio", "run", str(config), "--duration", "2s"],
            env=os.environ | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        told = "\n".join(manager.told()).splitlines()

    assert done.returncode == 0, done.stderr
    assert told.count("READY=1") == told.count("STOPPING=1") == 1
    assert told.index("READY=1") < told.index("STOPPING=1")
    assert told.count("WATCHDOG=1") >= 4


# The unit.


def read_unit():
    unit = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str
    unit.read_string(UNIT.read_text())
    return unit


def test_the_unit_is_told_what_the_engine_tells():
    service = read_unit()["Service"]

    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main"
    assert int(service["WatchdogSec"]) >= 2 * INTERVAL
    assert service["RestartPreventExitStatus"] == "2"
    assert "AF_UNIX" in service["RestrictAddressFamilies"]  # or nothing could be told
    assert int(service["TimeoutStopSec"]) > 30


def test_the_commands_of_the_unit_are_those_of_livetrio():
    from click.testing import CliRunner

    from livetrio.app.cli import livetrio

    service = read_unit()["Service"]
    for command in (service["ExecStart"], service["ExecStartPre"]):
        program, name, config, *more = shlex.split(command)
        assert (program, config) == ("/opt/livetrio/.venv/bin/livetrio", "/etc/livetrio/engine.toml")
        assert name in ("run", "check")
        result = CliRunner().invoke(livetrio, ["check", str(CONFIGS / "local.toml"), *more])
        assert result.exit_code == 0, result.output
