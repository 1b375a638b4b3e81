"""`livetrio simulate` with nothing made up: the demo's strategies in real worlds, on worker processes."""

import os
import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "configs" / "demo.toml"

STRATEGY = """\
from livetrio import Strategy


class Slips(Strategy):
    quotes = 0

    def on_start(self):
        self.ctx.subscribe_quotes("BTC-USD-PERP.HYPERLIQUID")

    def on_quote(self, quote):
        self.quotes += 1
        if self.quotes == 20:
            raise ValueError("a slip of mine")
"""


def simulate(*arguments, hash_seed="random"):
    return subprocess.run(
        [sys.executable, "-m", "livetrio", "simulate", *map(str, arguments)],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_the_demos_strategies_trade_in_worlds_and_everything_holds(tmp_path):
    done = simulate(DEMO, "--seeds", "0..1", "--seconds", "20", "--save", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(
        r"2 worlds, 40.0s of virtual time in \S+: all holds\.\n\d+ orders, \d+ fills, ", done.stdout
    )
    assert "Traceback" not in done.stderr


def test_a_seed_has_the_same_trace_to_the_byte_in_every_process(tmp_path):
    traces = []
    for hash_seed in ("1", "2"):
        trace = tmp_path / hash_seed
        done = simulate(DEMO, "--seeds", "3", "--seconds", "25", "--trace", trace, hash_seed=hash_seed)
        assert done.returncode == 0, done.stdout
        traces.append((trace.read_bytes(), re.search("Digest: .*", done.stdout)[0]))

    assert traces[0] == traces[1]
    assert traces[0][0].count(b"\n") > 100


def test_a_strategy_that_raises_by_itself_is_told_with_its_traceback_and_comes_again(tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGY)
    config = tmp_path / "my.toml"
    config.write_text('[venues.hyperliquid]\n[[strategies]]\npath = "mine.py:Slips"\n')
    done = simulate(config, "--seeds", "0", "--seconds", "12", "--save", tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Seed 0 fails: the strategy Slips raised ValueError: a slip of mine\n" in done.stdout
    assert 'mine.py", line 13, in on_quote' in done.stdout
    smaller = tmp_path / "simulate-0.plan"
    assert f"--plan {smaller}" in done.stdout

    again = simulate(config, "--plan", smaller, "--no-shrink")

    assert "ValueError: a slip of mine" in again.stdout
