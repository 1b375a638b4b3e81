"""What a worker does with a plan: it runs it, or makes it smaller, and every error becomes a result."""

import io
import sys
from pathlib import Path

import pytest
import structlog

from livetrio.errors import StrategyFailed
from livetrio.simulation.outcome import Outcome, Violation
from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken
from livetrio.simulation.worlds import ConfigSource, Worlds, failure_of, is_same

PLAN = Plan(7, 60, ("kill after 20s", "dns after 5s", "dup"))


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # the worker makes it its own
    file = tmp_path / "my.toml"
    file.write_text("[venues.hyperliquid]\n")
    before = structlog.get_config()
    yield file
    structlog.configure(**before)


def violating(invariant="I2"):
    return Violation(invariant, "twice", 1.0, ())


def outcome(plan, violation=None, digest="d"):
    return Outcome(plan, violation, digest, {"orders": 1})


def holds(plan, subject, *, trace=None):
    return outcome(plan)


def fails_by_kill(plan, subject, *, trace=None):
    return outcome(plan, violating() if any("kill" in line for line in plan.faults) else None)


def raises_by_kill(plan, subject, *, trace=None):
    if any("kill" in line for line in plan.faults):
        raise KeyError("somewhere")
    return outcome(plan)


def strategy_fails(plan, subject, *, trace=None):
    try:
        raise ZeroDivisionError("mine")
    except ZeroDivisionError as error:
        raise StrategyFailed("the strategy Mine raised ZeroDivisionError: mine") from error


def test_a_world_in_which_all_holds_has_its_outcome(config):
    result = Worlds(ConfigSource(config), run_world=holds).open()(PLAN)

    assert result == outcome(PLAN)
    assert failure_of(result) is None


def test_an_error_is_a_result_that_says_what_was_raised_and_where(config):
    result = Worlds(ConfigSource(config), run_world=raises_by_kill).open()(PLAN)

    assert isinstance(result, Broken)
    assert failure_of(result) == result.sentence == "it raised KeyError: 'somewhere'"
    assert "in raises_by_kill" in result.trace
    assert not result.is_lost


def test_an_error_of_a_strategy_shows_the_strategys_own_traceback(config):
    result = Worlds(ConfigSource(config), run_world=strategy_fails).open()(PLAN)

    assert result.sentence == "the strategy Mine raised ZeroDivisionError: mine"
    assert result.trace.startswith("Traceback")
    assert "StrategyFailed" not in result.trace


@pytest.mark.parametrize("run", [fails_by_kill, raises_by_kill])
def test_a_world_is_shrunk_to_what_fails_in_the_same_way(config, run):
    shrunk = Worlds(ConfigSource(config), run_world=run).open_shrinker(100, 60)(PLAN)

    assert shrunk.first.plan == PLAN
    assert shrunk.smallest.plan.faults == ("kill after 1ms",)
    assert failure_of(shrunk.smallest) == failure_of(shrunk.first)
    assert 0 < shrunk.tries <= 100


def test_a_smaller_world_that_fails_in_another_way_is_none(config):
    def run(plan, subject, *, trace=None):
        return outcome(plan, violating("I2" if len(plan.faults) == 3 else "I3"))

    shrunk = Worlds(ConfigSource(config), run_world=run).open_shrinker(100, 60)(PLAN)

    assert len(shrunk.smallest.plan.faults) == 3


def test_nothing_is_tried_where_the_world_does_not_fail_or_time_is_up(config):
    assert Worlds(ConfigSource(config), run_world=holds).open_shrinker(100, 60)(PLAN).tries == 0

    late = Worlds(ConfigSource(config), run_world=fails_by_kill).open_shrinker(100, -1)(PLAN)
    assert late.tries == 0
    assert late.smallest is late.first


def test_two_runs_are_the_same_if_they_end_alike_and_their_digests_are():
    assert is_same(outcome(PLAN), outcome(PLAN))
    assert not is_same(outcome(PLAN), outcome(PLAN, digest="e"))
    assert not is_same(outcome(PLAN), Broken(PLAN, "it died"))
    assert is_same(Broken(PLAN, "it died", "here"), Broken(PLAN, "it died", "there"))


@pytest.mark.parametrize("level", [None, "info"])
def test_what_strategies_print_never_comes_between_the_results(config, level, capfd):
    def run(plan, subject, *, trace=None):
        sys.stdout.write("printed\n")
        structlog.get_logger().info("logged")
        return outcome(plan)

    Worlds(ConfigSource(config), run_world=run, log_level=level).open()(PLAN)
    out, err = capfd.readouterr()

    assert out == ""
    assert ("printed" in err, "logged" in err) == (level is not None, level is not None)


def test_the_trace_is_of_the_world_itself_and_not_of_smaller_ones(config, tmp_path):
    def run(plan, subject, *, trace=None):
        if trace is not None:
            trace.write(plan.to_text().encode())
        return outcome(plan, violating())

    worlds = Worlds(ConfigSource(config), run_world=run, trace=tmp_path / "trace")
    worlds.open()(PLAN)
    worlds.open_shrinker(10, 60)(PLAN)

    assert Path(tmp_path / "trace").read_text() == PLAN.to_text()
