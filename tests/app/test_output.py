"""Standard streams that outlive their readers, on real pipes."""

from __future__ import annotations

import io
import os
import sys
import threading

import pytest

from livetrio.app.output import keep_output_alive


class Pipes:
    """Pipes in place of the standard output and error."""

    def __init__(self, monkeypatch):
        self.ends = {}
        for name in ("stdout", "stderr"):
            self.ends[name], write = os.pipe()
            stream = os.fdopen(write, "w", encoding="utf-8")
            self.ends[f"{name} writer"] = stream
            monkeypatch.setattr(sys, name, stream)  # in the test itself; pytest's own come after the fixtures

    def close(self, name):
        end = self.ends.pop(name)
        os.close(end) if isinstance(end, int) else end.close()

    def read(self, name):
        os.set_blocking(self.ends[name], False)  # nothing there is an error, and no test that hangs
        return os.read(self.ends[name], 100_000).decode()


@pytest.fixture
def open_pipes(monkeypatch):
    opened = []

    def open_pipes():
        opened.append(Pipes(monkeypatch))
        return opened[-1]

    yield open_pipes
    for pipes in opened:
        for name in list(pipes.ends):
            pipes.close(name)


def dup_as_stdout(pipes, monkeypatch):
    """Let file descriptor 1 be the pipe: which stream it is, is told by that."""
    saved = os.dup(1)
    os.dup2(pipes.ends["stdout writer"].fileno(), 1)
    monkeypatch.setattr(sys, "stdout", os.fdopen(1, "w", encoding="utf-8", closefd=False))
    return saved


def say(text, stream=None):
    (stream or sys.stdout).write(f"{text}\n")  # as a strategy's print does it


def restore(saved):
    os.dup2(saved, 1)
    os.close(saved)


def test_what_was_written_before_and_after_arrives_in_order(open_pipes):
    pipes = open_pipes()
    sys.stdout.write("before ")
    keep_output_alive()
    say("after")

    assert pipes.read("stdout") == "before after\n"


def test_lines_go_out_as_they_are_printed_even_into_a_pipe(open_pipes):
    pipes = open_pipes()
    keep_output_alive()

    for number in range(3):
        say(str(number))
        assert pipes.read("stdout") == f"{number}\n"


def test_a_reader_that_is_gone_is_told_once_on_the_standard_error(open_pipes, monkeypatch):
    pipes = open_pipes()
    saved = dup_as_stdout(pipes, monkeypatch)
    try:
        keep_output_alive()
        pipes.close("stdout")

        say("one")
        say("two")
        sys.stdout.flush()
    finally:
        restore(saved)

    assert pipes.read("stderr") == "the standard output is gone (Broken pipe); going on without it\n"


def test_when_both_are_gone_printing_still_does_not_fail(open_pipes, monkeypatch):
    pipes = open_pipes()
    saved = dup_as_stdout(pipes, monkeypatch)
    try:
        keep_output_alive()
        pipes.close("stdout")
        pipes.close("stderr")

        for _ in range(3):
            say("to nobody")
            say("to nobody", sys.stderr)
    finally:
        restore(saved)


def test_without_a_standard_error_nobody_is_told(open_pipes, monkeypatch):
    pipes = open_pipes()
    saved = dup_as_stdout(pipes, monkeypatch)
    try:
        monkeypatch.setattr(sys, "stderr", None)
        keep_output_alive()
        pipes.close("stdout")

        say("to nobody")
    finally:
        restore(saved)

    assert sys.stderr is None


def test_a_pipe_that_somebody_made_non_blocking_loses_nothing(open_pipes):
    pipes = open_pipes()
    os.set_blocking(pipes.ends["stdout writer"].fileno(), False)
    keep_output_alive()
    size = 1_000_000  # many times what a pipe holds
    received = []

    def read():
        while sum(map(len, received)) <= size:
            received.append(os.read(pipes.ends["stdout"], 65_536))

    reader = threading.Thread(target=read)
    reader.start()
    say("x" * size)
    reader.join()

    assert b"".join(received) == b"x" * size + b"\n"


def test_a_character_that_the_encoding_lacks_is_written_as_an_escape(open_pipes, monkeypatch):
    pipes = open_pipes()
    monkeypatch.setattr(sys, "stdout", os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii"))
    before = sys.stdout
    keep_output_alive()

    say("5 µs …")

    assert pipes.read("stdout") == "5 \\xb5s \\u2026\n"
    before.close()


def test_streams_in_memory_missing_or_closed_stay_as_they_are(monkeypatch):
    closed = io.TextIOWrapper(io.BytesIO())
    closed.close()
    for stream in (io.StringIO(), None, closed):
        monkeypatch.setattr(sys, "stdout", stream)
        keep_output_alive()

        assert sys.stdout is stream


def test_a_stream_of_another_kind_stays_as_it_is(open_pipes, monkeypatch):
    pipes = open_pipes()

    class Other(io.StringIO):
        def fileno(self):
            return pipes.ends["stdout writer"].fileno()

    other = Other()
    monkeypatch.setattr(sys, "stdout", other)
    keep_output_alive()

    assert sys.stdout is other
