"""Progress on a terminal, a real one; and nowhere else."""

import os
import pty
import subprocess
import sys
import termios
import time

import pytest

from livetrio.app.progress import progress


@pytest.fixture
def open_terminal(monkeypatch):
    """Puts a terminal in the place of the standard error; returns what reads all that it was sent.

    To be called in the test itself: pytest puts streams of its own there after the fixtures.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    os.set_blocking(ours, False)
    said = []

    def read():
        try:
            said.append(os.read(ours, 65_536))
        except BlockingIOError:
            pass
        return b"".join(said).decode()

    def open_terminal():
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        return read

    with os.fdopen(theirs, "w") as stream:
        yield open_terminal
    os.close(ours)


def wait(read, words):
    end = time.monotonic() + 10
    while words not in read():
        assert time.monotonic() < end, read()
        time.sleep(0.01)


def test_what_takes_long_is_shown_with_its_steps_and_gone_at_the_end(open_terminal):
    terminal = open_terminal()
    with progress("[5] worlds", 5, after=0.01) as steps:
        steps.advance("none failed")
        wait(terminal, "1/5")
        wait(terminal, "[5] worlds")
        steps.advance("1 failed: 7", 2)
        wait(terminal, "3/5")
        wait(terminal, "1 failed: 7")
        assert steps.done == 3

    assert terminal().rstrip().endswith("\x1b[2K")


def test_what_nobody_can_count_is_shown_without_a_bar(open_terminal):
    terminal = open_terminal()
    with progress("reading", after=0.01):
        wait(terminal, "reading")

    assert "━" not in terminal()


def test_what_is_done_at_once_is_not_shown(open_terminal):
    terminal = open_terminal()
    with progress("reading", after=30):
        pass
    with progress("reading", after=0.2) as steps:
        steps.finish()
        time.sleep(0.4)

    assert terminal() == ""


def test_where_there_is_no_terminal_nothing_is_written(capsys, monkeypatch):
    with progress("reading", after=0) as steps:
        steps.advance()
        time.sleep(0.05)
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(sys, "stderr", None)
    with progress("reading", after=0) as steps:
        steps.advance()
    assert steps.done == 1


def test_a_simple_terminal_is_spared(open_terminal, monkeypatch):
    terminal = open_terminal()
    monkeypatch.setenv("TERM", "dumb")
    with progress("reading", after=0):
        time.sleep(0.05)

    assert terminal() == ""


def test_what_draws_is_imported_when_it_is_wanted_and_not_before():
    script = """
import sys
from livetrio.app.progress import progress
with progress("x"):
    print("rich" in sys.modules)
"""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert process.stdout == "False\n"
