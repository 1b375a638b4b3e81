"""The command `simulate` as its users see it. The worlds are made up; all else, workers included, is not."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_worlds
import pytest
from click.testing import CliRunner

from livetrio.app import cli, simulate_command
from livetrio.simulation.draw import draw_plan
from livetrio.simulation.plan import Plan

CONFIG = """\
[venues.hyperliquid]
network = "mainnet"
key = "env:NO_SUCH_VARIABLE"

[[strategies]]
path = "mine.py:Mine"
"""

STRATEGY = """\
import attrs

from livetrio import Strategy


@attrs.define
class Mine(Strategy):
    size: int = 1
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr(simulate_command, "_world", lambda: fake_worlds.run_world)
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(STRATEGY)
    Path("my.toml").write_text(CONFIG)
    return Path("my.toml")


def simulate(*arguments, jobs=1):
    words = ["simulate", "my.toml", "--jobs", str(jobs), *map(str, arguments)]
    return CliRunner().invoke(cli.livetrio, words)


def without_times(text):
    return re.sub(r"in \d+\.\ds", "in TIME", text)


def test_worlds_in_which_all_holds_are_counted_and_the_exit_code_is_0(config):
    result = simulate("--seeds", "0..4", "--hours", "0.1", "--faults", "none", jobs=2)

    assert (result.exit_code, without_times(result.stdout)) == (
        0,
        "5 worlds, 30m 0s of virtual time in TIME: all holds.\n10 orders, 5 fills.\n",
    )
    assert "5 worlds" in result.stderr
    assert "a strategy prints" not in result.output


def test_keys_and_other_secrets_of_the_configuration_are_not_wanted(config):
    assert "NO_SUCH_VARIABLE" not in os.environ
    assert simulate("--seeds", "1").exit_code == 0


def test_a_failing_world_is_told_with_what_when_after_what_and_how_to_see_it_again(config):
    result = simulate("--seeds", "7", "--seconds", "90.5", "--faults", "kill,dns", "--no-shrink")

    plan = draw_plan(7, 90.5, ["dns", "kill"])
    assert result.exit_code == 1
    assert without_times(result.stdout).splitlines() == [
        "Seed 7 fails: I2 none sent twice",
        "  expected one order, found two: 0x17 and 0x18",
        "  when: at 1m 2.5s of 1m 30.5s",
        "  the last that happened before:",
        "    t=60 sent 0x17",
        "    t=61 sent 0x18",
        f"  its world: market {plan.regime} at {plan.pace:g} of its pace, latency {plan.latency}",
        *(f"    {line}" for line in plan.faults),
        "  again: livetrio simulate my.toml --seeds 7 --seconds 90.5 --faults kill,dns",
        "1 world, 1m 30s of virtual time in TIME: 1 failed.",
        "2 orders, 1,000 fills.",
        "Digest: 33333333",
    ]


def test_what_fails_after_the_horizon_is_told_with_how_long_after_it(config):
    result = simulate("--seeds", "7", "--seconds", "50", "--faults", "kill", "--no-shrink")

    assert "  when: 12.5s after the faults had ended, at 50s\n" in result.stdout


def test_the_command_that_is_told_shows_the_same_world_with_the_same_overrides(config):
    override = "engine.tick_interval_ms=500"
    first = simulate("--seeds", "7", "--faults", "kill", "--no-shrink", "--set", override)
    again = re.search(r"again: livetrio (.*)", first.stdout)[1]
    second = CliRunner().invoke(cli.livetrio, [*again.split(), "--no-shrink"])

    assert "--set engine.tick_interval_ms=500" in again
    assert without_times(second.stdout) == without_times(first.stdout)


def test_a_failing_world_is_shrunk_to_what_it_needs_and_written_down(config):
    result = simulate("--seeds", "1", "--faults", "kill,dns,rst", "--save", "smaller")

    file = Path("smaller/simulate-1.plan")
    plan = Plan.from_text(file.read_text())
    assert result.exit_code == 1
    assert plan == Plan(1, plan.seconds, ("kill after 1ms",), pace=plan.pace, instruments=1)
    assert plan.seconds < 2
    assert f"  again, smaller: livetrio simulate my.toml --plan {file}\n" in result.stdout

    again = simulate("--plan", file)

    assert again.exit_code == 1
    assert (
        f"  its world: market calm at {plan.pace:g} of its pace, latency 5ms..60ms, 1 of the instruments\n"
        "    kill after 1ms\n  again: " in (again.stdout)
    )
    assert f"again: livetrio simulate my.toml --plan {file}\n" in again.stdout
    assert "no smaller world fails in the same way" in again.stdout


def test_a_plan_that_was_asked_for_is_not_written_over(config):
    asked = Path("simulate-3.plan")
    asked.write_text(Plan(3, 60, ("kill after 5s", "dns for 2s")).to_text())
    before = asked.read_text()
    result = simulate("--plan", asked, "--save", ".")

    assert asked.read_text() == before
    assert "--plan simulate-3-smaller.plan" in result.stdout
    assert Path("simulate-3-smaller.plan").exists()


def test_a_smaller_plan_that_cannot_be_written_is_told_nevertheless(config):
    Path("taken").write_text("")
    result = simulate("--seeds", "7", "--faults", "kill", "--save", "taken")

    assert result.exit_code == 1
    assert "smaller, after" in result.stdout
    assert "again, smaller" not in result.stdout
    assert "taken/simulate-7.plan cannot be written: " in result.stderr


def test_worlds_that_fail_in_the_same_way_are_told_briefly_after_the_first(config):
    result = simulate("--seeds", "1..3", "--faults", "kill", "--no-shrink")

    assert result.stdout.count("Seed 1 fails: I2 none sent twice") == 1
    assert (
        "Seed 2 fails, too: I2 none sent twice\n"
        "  expected one order, found two: 0x17 and 0x18\n"
        "  again: livetrio simulate my.toml --seeds 2 --seconds 600 --faults kill\n"
        "Seed 3 fails, too: I2 none sent twice\n"
    ) in result.stdout
    assert "3 failed." in result.stdout
    assert "seed 2 fails: I2 none sent twice\n" in result.stderr  # at once, where there is no bar


def test_what_does_not_happen_again_in_the_same_world_is_told_as_that(config):
    result = simulate("--seeds", "1", "--faults", "dup")

    assert "Seed 1 fails: I4" in result.stdout
    assert "It did not fail in the same way again" not in result.stdout  # another worker: it did

    Path("one.plan").write_text(Plan(5, 60, ("dup",)).to_text())
    result = simulate("--plan", "one.plan", "--seeds", "5")
    assert result.exit_code == 2


def test_a_strategy_that_raises_shows_its_traceback(config):
    result = simulate("--seeds", "2", "--faults", "raises", "--no-shrink")

    assert result.exit_code == 1
    assert "Seed 2 fails: the strategy Mine raised ZeroDivisionError: division by zero\n" in result.stdout
    assert 'strategy_of_the_author.py", line 2, in on_quote' in result.stdout
    assert "simulation/worlds.py" not in result.stdout


def test_a_worker_that_dies_is_a_failure_of_its_seed_and_the_others_are_run(config):
    result = simulate("--seeds", "0..2", "--faults", "loop-stall")

    assert result.exit_code == 1
    assert "Seed 1 fails: the process that ran it ended by itself, with exit code 3" in result.stdout
    assert "Seed 2 fails, too: " in result.stdout
    assert "3 worlds" in result.stdout
    assert "smaller" not in result.stdout


def test_a_trace_is_written_where_it_is_wanted_and_of_a_single_world_only(config):
    assert simulate("--seeds", "4", "--faults", "none", "--trace", "t.txt").exit_code == 0
    assert Path("t.txt").read_text() == "trace of 4\n"

    result = simulate("--seeds", "4,5", "--trace", "t.txt")
    assert result.exit_code == 2
    assert "--trace: expected a single world, such as --seeds 7, found 2" in result.stderr


def test_shrinking_leaves_the_trace_of_the_world_alone(config):
    simulate("--seeds", "7", "--faults", "kill", "--trace", "t.txt")

    assert Path("t.txt").read_text() == "trace of 7\n"


def test_that_no_order_was_placed_is_told(config):
    Path("one.plan").write_text(Plan(5, 60, regime="none").to_text())
    result = simulate("--plan", "one.plan")

    assert result.exit_code == 0
    assert "No order was placed in any of them, so nothing about orders was tried." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "4..1"], '--seeds: expected the smaller seed first, found "4..1"'),
        (["--seeds", "many"], '--seeds: expected seeds such as 7, 0..200 or 1,5,9..12, found "many"'),
        (["--seeds", "-1"], '--seeds: expected seeds such as 7, 0..200 or 1,5,9..12, found "-1"'),
        (["--seeds", ""], '--seeds: expected seeds such as 7, 0..200 or 1,5,9..12, found ""'),
        (["--seeds", "0..1000000"], "--seeds: expected at most 1000000 worlds, found more"),
        (["--seeds", "9223372036854775808"], "expected seeds of at most 9223372036854775807"),
        (["--hours", "0"], "--hours: expected a number > 0, at most a year, found 0"),
        (["--hours", "nan"], "--hours: expected a number > 0, at most a year, found nan"),
        (["--seconds", "inf"], "--seconds: expected a number > 0, at most a year, found inf"),
        (["--seconds", "1", "--hours", "1"], "--hours: expected it or --seconds, found both"),
        (["--faults", "kil"], "--faults: expected the name of a fault, found 'kil'; did you mean kill?"),
        (["--faults", "zzzz"], "found 'zzzz'; --list-faults lists them"),
        (["--faults", "dup,half-opn"], "found 'half-opn'; did you mean half-open?"),
        (["--faults", "half-open for 3s"], "faults with their times go into a file, for --plan"),
        (["--faults", ","], '--faults: expected none, all, or names of faults, found ","'),
        (["--faults", "disk-error"], "disk-error is no fault of a simulated world"),
        (["--plan", "nowhere.plan"], "--plan nowhere.plan: the file cannot be read: No such file"),
        (["--plan", "bad.plan"], "--plan bad.plan: faults[0]: expected the name of a fault, found 'dupp'"),
        (["--plan", "bytes.plan"], "--plan bytes.plan: expected a plan, found a file that is no UTF-8"),
        (["--plan", "bad.plan", "--seeds", "3"], "--seeds: expected no --plan beside it"),
        (["--jobs", "0"], "0 is not in the range 1<=x<=256"),
        (["--faulst", "all"], "Did you mean one of: '--faults'"),
        (["--set", "engine.tick_interval_ms=0"], "engine.tick_interval_ms"),
        (["--set", "strategies.0.params.sise=1"], "did you mean 'size'?"),
    ],
)
def test_a_wrong_command_line_is_told_in_words_and_exits_with_2(config, arguments, sentence):
    Path("bad.plan").write_text('seed = 1\nseconds = 60\nfaults = ["dupp"]')
    Path("bytes.plan").write_bytes(b"\xff")
    result = simulate(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in " ".join(result.stderr.split())


def test_all_that_is_wrong_with_the_options_is_told_at_once(config):
    result = simulate("--seeds", "x", "--seconds", "0", "--faults", "kil")

    assert "livetrio simulate: 3 problems\n  --faults: " in result.stderr


def test_a_configuration_with_mistakes_is_told_as_by_check(config):
    config.write_text(CONFIG.replace("Mine", "Mien") + "[engin]\n")
    result = simulate()

    assert result.exit_code == 2
    assert "my.toml: 2 problems" in result.stderr
    assert "did you mean engine?" in result.stderr
    assert "did you mean 'Mine'?" in result.stderr


def test_a_configuration_without_a_venue_has_nothing_to_simulate(config):
    config.write_text("")
    result = simulate()

    assert result.exit_code == 2
    assert "venues: expected a venue to simulate, found none" in result.stderr


def test_help_tells_its_own_exit_codes():
    result = CliRunner().invoke(cli.livetrio, ["simulate", "--help"])

    assert result.exit_code == 0
    assert "  0  everything held in all worlds\n" in result.stdout
    assert "orders are left" not in result.stdout


def test_the_faults_are_listed_without_a_configuration():
    result = CliRunner().invoke(cli.livetrio, ["simulate", "--list-faults"])

    assert result.exit_code == 0
    assert "\n  kill " in result.stdout
    assert "\n  ack-lost " in result.stdout
    assert result.stdout.count("\n  half-open ") == 1


def wait_alone(group, patience):
    """The processes of a group that still run when patience is over."""
    deadline = time.monotonic() + patience
    while running := [name for name, state, of in processes() if of == group and state != "Z"]:
        if time.monotonic() > deadline:
            return running
        time.sleep(0.05)
    return []


def processes():
    """Name, state and group of each process; see proc_pid_stat(5)."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = file.read_text().rpartition(")")
            state, _, group = rest.split()[:3]
            yield name, state, int(group)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_ctrl_c_in_the_middle_tells_what_there_is_and_leaves_no_process(config):
    program = (
        "import fake_worlds, sys\n"
        "from livetrio.app import cli, simulate_command\n"
        "simulate_command._world = lambda: fake_worlds.interrupted\n"
        "if __name__ == '__main__':\n"
        "    cli.livetrio(['simulate', 'my.toml', '--seeds', '0..9', '--jobs', '2'])\n"
    )
    Path("program.py").write_text(program)
    process = subprocess.Popen(
        [sys.executable, "program.py"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        stuck = 0
        while stuck < 2:  # both workers: of what came before, all has been heard
            stuck += process.stderr.readline() == "stuck\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "Seed 1 fails: I9 old events ignored" in out
    assert "Interrupted: 7 of 10 worlds were not run to their end." in out
    assert "Traceback" not in err
    assert wait_alone(process.pid, 5) == []
