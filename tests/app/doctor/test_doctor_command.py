"""`livetrio doctor`: what it prints, and its exit code."""

import json
import socket

import pytest
import structlog
from click.testing import CliRunner

from livetrio.app import cli
from livetrio.app.doctor import machine
from livetrio.app.doctor.check import Verdict
from livetrio.app.doctor.machine import check_machine

CONFIG = """\
[venues.hyperliquid]
network = "local"
"""


@pytest.fixture(autouse=True)
def process(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def doctor(config, *arguments):
    return CliRunner().invoke(cli.livetrio, ["doctor", str(config), *arguments], prog_name="livetrio")


def test_at_the_local_exchange_all_is_well_each_in_a_line(config, tmp_path):
    result = doctor(config)
    names = [line[9:32].strip() for line in result.stdout.splitlines()]

    assert result.exit_code == 0, result.output
    assert {line[:7].strip() for line in result.stdout.splitlines()} == {"ok"}
    assert names[:5] == ["python", "config", "journal", "disk", "space"]
    assert "hyperliquid key" in names
    assert not list(tmp_path.glob("*.journal*"))


def test_in_json_it_is_one_object(config):
    result = doctor(config, "--json")
    found = json.loads(result.stdout)

    assert found["ok"] is True
    assert {each["verdict"] for each in found["checks"]} == {"ok"}
    assert found["checks"][0].keys() == {"name", "verdict", "found", "advice"}


def test_what_has_failed_is_told_with_what_to_do_and_exits_with_1(config):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    result = doctor(config, "--set", f"venues.hyperliquid.base_url={url}")

    assert result.exit_code == 1
    assert "failed   hyperliquid tcp" in result.stdout
    assert "firewall" in result.stdout.splitlines()[-1]


def test_an_endpoint_by_hand_is_tried_as_well(config):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}"
    config.write_text(f'[[engine.ws_endpoints]]\nurl = "{url}"\n')
    result = doctor(config)

    assert result.exit_code == 1
    assert "failed   tcp" in result.stdout
    assert "journal" not in result.stdout


def test_a_configuration_that_is_wrong_exits_with_2(config):
    config.write_text("[venues.nowhere]\n")
    result = doctor(config)

    assert result.exit_code == 2
    assert "no such venue" in result.stderr


def test_another_python_and_a_missing_package_are_told(monkeypatch):
    monkeypatch.setattr(machine, "TESTED", ((2, 6), (2, 7)))
    assert check_machine().verdict is Verdict.WARNING
    monkeypatch.undo()
    monkeypatch.setattr(machine, "requires", lambda _: ["no-such-package-anywhere>=1"])
    assert check_machine().verdict is Verdict.FAILED
