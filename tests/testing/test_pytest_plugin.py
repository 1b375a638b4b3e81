"""Authors' tests in simulated worlds, run by pytest as authors do, in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = 'pytest_plugins = ["livetrio.testing.pytest_plugin"]\n'

STRATEGY = """
from decimal import Decimal
import pytest
from livetrio import Strategy
from livetrio.model import OrderSide

BTC = "BTC-USD-PERP.HYPERLIQUID"

class Buyer(Strategy):
    def on_start(self):
        self.ctx.subscribe_quotes(BTC)

    def on_quote(self, quote):
        if not self.ctx.position(BTC) and not self.ctx.orders():
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"))
"""


@pytest.fixture
def author(tmp_path):
    """Runs an author's tests."""
    (tmp_path / "conftest.py").write_text(CONFTEST)

    def run(tests, *options):
        (tmp_path / "test_mine.py").write_text(STRATEGY + tests)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--basetemp",
            "base",
            *options,
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        return done.returncode, done.stdout + done.stderr

    return run


SEEDS = """
@pytest.mark.seeds(3)
def test_it_holds(simulated, seed):
    run = simulated(Buyer, seed=seed, seconds=20)
    assert run.position(BTC) == Decimal("0.01")
"""


def test_a_test_is_run_for_each_seed_and_leaves_nothing_behind(author, tmp_path):
    code, output = author(SEEDS)

    assert code == 0, output
    assert "3 passed" in output
    assert not [*tmp_path.rglob("simulated-*")]


def test_the_command_line_says_of_how_many(author):
    code, output = author(SEEDS, "--simulate-seeds", "1")

    assert code == 0, output
    assert "1 passed" in output


def test_a_failing_test_keeps_plan_and_trace_and_names_them(author):
    code, output = author(SEEDS.replace('"0.01"', '"0.02"').replace("seeds(3)", "seeds([7])"))

    assert code == 1
    plan, trace = map(Path, re.findall(r"^/.*simulated-1\.(?:plan|trace)$", output, re.MULTILINE))
    assert "seed = 7" in plan.read_text()
    assert "order filled" in trace.read_text()


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("seeds('all')", "expected seeds(50), or seeds(range(100, 150)), found seeds('all')"),
        ("seeds(0)", "found seeds(0)"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused_in_words(author, mark, words):
    code, output = author(SEEDS.replace("seeds(3)", mark))

    assert code != 0
    assert words in output


def test_a_marked_test_takes_its_seed(author):
    code, output = author("@pytest.mark.seeds(2)\ndef test_it(simulated):\n    pass\n")

    assert code != 0
    assert "expected an argument `seed`, since it is marked seeds, found none" in output
