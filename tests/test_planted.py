"""The planted bugs: each finds its place in the engine, and the hunt tells what has shown it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def run(*code: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: what is planted stays."""
    return subprocess.run(
        [sys.executable, *code], cwd=SCRIPTS, capture_output=True, text=True, check=False, timeout=120
    )


def names() -> list[str]:
    done = run("-c", "from planted.bugs import BUGS; print(*BUGS)")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_every_bug_finds_its_place():
    found = names()
    done = run("-c", "from planted.bugs import BUGS\nfor bug in BUGS.values(): bug.plant()")

    assert len(found) >= 12
    assert done.returncode == 0, done.stderr


def test_a_bug_that_a_world_shows_is_told_with_the_world(tmp_path):
    done = run("-m", "planted", "--only", "fills-twice", "--seeds", "8", "--seconds", "120", "--jobs", "1")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "seed " in done.stdout
    assert "1 of 1 bugs were found" in done.stdout


def test_a_bug_that_no_world_shows_is_an_error():
    done = run("-m", "planted", "--only", "client-ids-used-again", "--seeds", "1", "--seconds", "5")

    assert done.returncode == 1
    assert "NOT FOUND" in done.stdout


@pytest.mark.parametrize("options", [("--only", "nonsense"), ("--seeds", "many")])
def test_nonsense_is_refused(options):
    assert run("-m", "planted", *options).returncode == 2
