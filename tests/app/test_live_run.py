"""`livetrio run` in a real terminal: its log, the view below it, and what is left of both."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager

import pyte
import pytest

LIMIT = 30
"""Seconds that a process may take."""

STRATEGIES = """\
import attrs
import trio

from livetrio import Strategy


@attrs.define
class Stubborn(Strategy):
    async def on_stop(self):
        print("stubborn stops")
        await trio.sleep(20)


async def quiet(ctx):
    await trio.sleep_forever()


async def chatter(ctx):
    for number in range(40):
        print("printed", number)
        ctx.log.info("logged", number=number)
        await trio.sleep(0.02)
    await trio.sleep_forever()


async def broken(ctx):
    await trio.sleep(1)
    raise ValueError("a slip of mine")
"""

CONFIG = """\
[venues.hyperliquid]
network = "local"

[[strategies]]
path = "mine.py:quiet"
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGIES)
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


class Terminal:
    """A terminal with a process in it."""

    def __init__(self, process, descriptor, columns, lines):
        self.process = process
        self.bytes = b""
        self._descriptor = descriptor
        self._screen = pyte.HistoryScreen(columns, lines, history=10_000)
        self._stream = pyte.ByteStream(self._screen)

    def read(self, seconds=0.1):
        """Take what was written; false: nobody writes any more."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            return False
        self.bytes += data
        self._stream.feed(data)
        return bool(data)

    def wait(self, words):
        end = time.monotonic() + LIMIT
        while words not in self.text:
            assert self.read(), f"it ended before it showed {words!r}:\n{self.text}"
            assert time.monotonic() < end, f"it did not show {words!r}:\n{self.text}"

    def wait_end(self):
        end = time.monotonic() + LIMIT
        while self.read() and time.monotonic() < end:
            pass
        return self.process.wait(LIMIT)

    def type(self, keys):
        os.write(self._descriptor, keys)

    def resize(self, columns, lines):
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def lines(self):
        columns = range(self._screen.columns)
        history = ["".join(line[at].data for at in columns).rstrip() for line in self._screen.history.top]
        return history + [line.rstrip() for line in self._screen.display]

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def is_clean(self):
        """Whether nothing is left of a view."""
        return "─" not in self.text and "last warnings" not in self.text


@contextmanager
def in_terminal(config, *arguments, strategy="quiet", columns=160, lines=40, stdout=None, **environ):
    """A terminal of its own for the process, which Ctrl+C reaches."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    command = [sys.executable, "-m", "livetrio", "run", str(config), *arguments]
    command += ["--set", f"strategies.0.path=mine.py:{strategy}"]

    def take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=stdout or theirs,
        stderr=theirs,
        env={name: each for name, each in os.environ.items() if name != "NO_COLOR"}
        | {"TERM": "xterm"}
        | environ,
        preexec_fn=take_terminal,  # no threads here
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours, columns, lines)
        finally:
            process.kill()
            os.close(ours)


def test_the_view_is_below_the_log_while_it_runs_and_afterwards_there_are_log_and_report(config):
    with in_terminal(config, "--duration", "2s") as terminal:
        terminal.wait("running for")
        terminal.wait("hyperliquid/account")
        shown = terminal.text
        assert terminal.wait_end() == 0

    assert "trading active" in shown
    assert "engine runs" in shown
    assert "engine runs" in terminal.text
    assert "Ended because: the 2 s are over" in terminal.text
    assert terminal.is_clean
    assert b"\x1b[?1049h" not in terminal.bytes  # no screen of its own


def test_lines_of_the_log_and_what_strategies_print_are_all_there_in_their_order(config):
    with in_terminal(config, "--duration", "2s", strategy="chatter", lines=20) as terminal:
        assert terminal.wait_end() == 0

    said = [each for each in terminal.lines if each.startswith("printed") or "logged" in each]
    assert [each for each in said if each.startswith("printed")] == [f"printed {at}" for at in range(40)]
    assert [each.rpartition("number=")[2] for each in said if "logged" in each] == [
        str(at) for at in range(40)
    ]
    assert terminal.is_clean


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("--no-live",), {}),
        (("--log-format", "json"), {}),
        ((), {"TERM": "dumb"}),
    ],
)
def test_without_a_view_there_are_plain_lines_of_log(config, arguments, environ):
    with in_terminal(config, "--duration", "1s", *arguments, **environ) as terminal:
        assert terminal.wait_end() == 0

    assert "engine runs" in terminal.text
    assert "running for" not in terminal.text
    assert b"\x1b[J" not in terminal.bytes


def test_no_colours_where_none_are_wanted(config):
    with in_terminal(config, "--duration", "1s", NO_COLOR="1") as terminal:
        terminal.wait("running for")
        assert terminal.wait_end() == 0

    assert b"\x1b[3" not in terminal.bytes
    assert b"\x1b[2m" not in terminal.bytes


def test_a_report_that_goes_elsewhere_goes_there(config, tmp_path):
    with open(tmp_path / "report", "w") as file:
        with in_terminal(config, "--duration", "1s", stdout=file) as terminal:
            terminal.wait("running for")
            assert terminal.wait_end() == 0

    assert (tmp_path / "report").read_text().startswith("Ran 1")
    assert "Ended because" not in terminal.text


def test_after_a_strategy_that_raises_its_traceback_stands_in_a_clean_terminal(config):
    with in_terminal(config, strategy="broken") as terminal:
        terminal.wait("running for")
        assert terminal.wait_end() == 1

    assert "ValueError: a slip of mine" in terminal.text
    assert terminal.is_clean


def test_ctrl_c_twice_leaves_a_clean_terminal_and_the_report(config):
    with in_terminal(config, strategy="Stubborn") as terminal:
        terminal.wait("running for")
        terminal.type(b"\x03")
        terminal.wait("stubborn stops")
        terminal.wait("stopping for")
        terminal.type(b"\x03")
        begun = time.monotonic()
        assert terminal.wait_end() == 0, terminal.text
        assert time.monotonic() - begun < 4

    assert "Ended because: signal SIGINT" in terminal.text
    assert terminal.is_clean


def test_a_terminal_that_is_closed_ends_the_run_in_order(config, tmp_path):
    with open(tmp_path / "report", "w") as file:
        with in_terminal(config, stdout=file) as terminal:
            terminal.wait("running for")
            terminal.process.send_signal(signal.SIGHUP)
            assert terminal.wait_end() == 0

    assert "Ended because: signal SIGHUP" in (tmp_path / "report").read_text()


def test_a_run_goes_on_while_the_terminal_is_held_with_ctrl_s(config):
    with in_terminal(config, "--duration", "3s", strategy="chatter") as terminal:
        terminal.wait("running for")
        terminal.type(b"\x13")
        begun = time.monotonic()
        while time.monotonic() - begun < 4:
            terminal.read()
        held = terminal.text
        terminal.type(b"\x11")
        assert terminal.wait_end() == 0

    assert "engine stops" not in held
    assert "printed 39" in terminal.text
    assert "Ran 3." in terminal.text


def test_a_terminal_that_changes_its_size_gets_a_view_that_fits(config):
    with in_terminal(config, columns=160, lines=40) as terminal:
        terminal.wait("running for")
        before = len(terminal.bytes)
        terminal.resize(50, 40)
        end = time.monotonic() + 3
        while "─" * 49 + "\r\n" not in terminal.bytes[before:].decode() and time.monotonic() < end:
            terminal.read()
        terminal.type(b"\x03")
        assert terminal.wait_end() == 0

    fresh = terminal.bytes[before:].decode(errors="replace").split("─" * 49)[-1]
    assert "livetrio" in fresh
