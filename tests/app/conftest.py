"""What several tests in this folder are given."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest
import run_strategies
from config_files import STRATEGY

from livetrio.supervision.signals import watched_signals


@pytest.fixture(autouse=True)
def place(tmp_path):
    run_strategies.PLACES.append(tmp_path)
    yield
    run_strategies.PLACES.pop()


@pytest.fixture(autouse=True)
def signals():
    """What signals do is as it was before, though a command has seen to its process."""
    before = {each: signal.getsignal(each) for each in watched_signals()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def collector():
    """The garbage collector as it was."""
    before = gc.get_threshold()
    run_strategies.MADE.clear()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration goes, with a strategy beside it."""
    (tmp_path / "spread.py").write_text(STRATEGY)
    (tmp_path / "broken.py").write_text("import attrs\n\nimport no_such_module_anywhere\n")
    return tmp_path / "run.toml"
