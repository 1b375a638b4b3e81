"""Start-up: from the start of the process to its help, and to the first quote that a strategy sees.

The venue is a `livetrio exchange` that runs already. The engine has an account there: before the strategy
starts, its journal is made and the account is reconciled.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import CheckFailed, Exchange, environment
from benchmarks.table import Row
from livetrio.exchange.keys import make_key

STRATEGY = Path(__file__).parent / "first_quote.py"

REPETITIONS = 10

HELP_TARGET, RUN_TARGET = 300.0, 1500.0
"""Milliseconds."""

PAGE = '[operations]\nhttp = "127.0.0.1:0"\n'


def measure(*, quick: bool) -> list[Row]:
    """Milliseconds of wall time, with all files in the system's cache."""
    times = 2 if quick else REPETITIONS
    with Exchange() as exchange:
        return [
            Row(name="livetrio --help", unit="ms", values=time_help(times), target=HELP_TARGET),
            _row("livetrio run to the first quote", time_run(exchange.url, times)),
            _row("  with the page", time_run(exchange.url, times, PAGE)),
        ]


def _row(name: str, values: list[float]) -> Row:
    return Row(name=name, unit="ms", values=values, target=RUN_TARGET)


def time_help(times: int) -> list[float]:
    """Milliseconds from the start to the end of the process."""
    return _repeat(times, ["--help"], "Commands:")


def time_run(url: str, times: int, more: str = "") -> list[float]:
    """Milliseconds from the start of the process to the quote, each with a journal of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "startup.toml"
        config.write_text(
            f'[venues.hyperliquid]\nnetwork = "local"\nbase_url = "{url}"\nkey = "env:STARTUP_KEY"\n'
            f'[[strategies]]\npath = "{STRATEGY}:FirstQuote"\n{more}'
        )
        return _repeat(times, ["run", str(config)], "the first quote", Path(folder))


def _repeat(times: int, command: list[str], words: str, folder: Path | None = None) -> list[float]:
    _time(command, words, folder)  # fills the system's cache
    return [_time(command, words, folder) for _ in range(times)]


def _time(command: list[str], words: str, folder: Path | None) -> float:
    """Until the words are printed."""
    variables = environment() | {"STARTUP_KEY": make_key(0, 0).secret_hex}
    if folder is not None:
        variables["XDG_RUNTIME_DIR"] = str(folder)
        for each in folder.glob("*.journal*"):
            each.unlink()
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "livetrio", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=variables,
    ) as process:
        assert process.stdout is not None
        took = next((time.perf_counter() - began for line in process.stdout if words in line), None)
        _, complaints = process.communicate()
    if took is None or process.returncode != 0:
        raise CheckFailed(f"livetrio {' '.join(command)} ended with {process.returncode}: {complaints}")
    return took * 1000
