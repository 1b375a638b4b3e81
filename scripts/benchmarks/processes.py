"""Processes: starts the feeder and the workers, and reads what they have to say, a line of JSON each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import attrs

from benchmarks.feeder import Settings
from benchmarks.frames import Sums

_SCRIPTS = Path(__file__).resolve().parent.parent


class CheckFailed(Exception):
    """What the engine saw is not what was sent, so the figure would be worth nothing."""


@attrs.frozen(kw_only=True)
class Ready:
    """A feeder that has built its frames and listens."""

    port: int
    count: int
    """Messages that a client will get."""
    frame_bytes: float
    """Mean size of a frame, header included."""
    epoch: int
    """Nanoseconds of `time.monotonic_ns` at which its stamps begin."""


class Feeder:
    """A feeder process, to be used with ``with``. Serves any number of clients, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._process = _start("benchmarks.feeder", json.dumps(settings._asdict()))
        self.ready = Ready(**self.read())
        self.url = f"http{'' if settings.certificate is None else 's'}://127.0.0.1:{self.ready.port}"

    def read(self) -> dict[str, Any]:
        """The next thing it says; waits for it."""
        return _read(_pipe(self._process.stdout), "the feeder")

    def sums(self) -> Sums:
        """What it has sent to the client that was served last; waits until it has."""
        return Sums(**self.read())

    def __enter__(self) -> Feeder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _pipe(self._process.stdin).close()
        self._process.wait()
        _pipe(self._process.stdout).close()


class Exchange:
    """`livetrio exchange` without limits in a process of its own, to be used with ``with``."""

    def __init__(self, *, accounts: int = 1) -> None:
        self._process = _start("livetrio", "exchange", "--no-limits", "--accounts", str(accounts))
        self.url = _read_line(_pipe(self._process.stdout), "the exchange").split()[0]
        self.port = int(self.url.rpartition(":")[2])

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()


class Relay:
    """A `benchmarks.relay` before a port of this machine, in a process of its own, to be used with
    ``with``."""

    def __init__(self, port: int) -> None:
        self._process = _start("benchmarks.relay", str(port))
        self.url = f"http://127.0.0.1:{_read(_pipe(self._process.stdout), 'the relay')['port']}"

    def chunks(self) -> list[list[int]]:
        """Connection, instant and size of what has come by; this ends it."""
        _pipe(self._process.stdin).close()
        found: list[list[int]] = _read(_pipe(self._process.stdout), "the relay")["chunks"]
        return found

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _pipe(self._process.stdin).close()
        self._process.wait()
        _pipe(self._process.stdout).close()


def work(name: str, **settings: object) -> dict[str, Any]:
    """Run one job of `benchmarks.worker` in a process of its own and return what it found."""
    process = _start("benchmarks.worker", name, json.dumps(settings))
    with process:
        return _read(_pipe(process.stdout), f"the worker {name}")


def check(seen: dict[str, Any], sent: Sums) -> None:
    """Raise CheckFailed unless everything that was sent was seen, unchanged."""
    faults = {name: seen[name] for name in ("dropped", "refused", "faults") if seen.get(name)}
    found = Sums(seen["messages"], seen["price_ticks"], seen["size_lots"])
    if found != sent or faults:
        raise CheckFailed(f"the strategy should have seen {sent}, it saw {found} {faults or ''}")


def environment() -> dict[str, str]:
    """That of a process which can import these benchmarks, and what they measure."""
    path = os.pathsep.join([str(_SCRIPTS), str(_SCRIPTS.parent), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path.rstrip(os.pathsep)}


def _start(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def _read(pipe: IO[str], who: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_read_line(pipe, who))
    return found


def _read_line(pipe: IO[str], who: str) -> str:
    line = pipe.readline()
    if not line:
        raise CheckFailed(f"{who} ended without a result; what it says of that is above")
    return line


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # _start asks for all of them
    return pipe
