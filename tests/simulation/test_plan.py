"""A plan is a value that a file can hold, and a wrong file is told everything that is wrong with it."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.errors import ConfigError
from livetrio.simulation.plan import MAX_SECONDS, MAX_SEED, Plan

LINES = ("half-open for 40s after 2m", "ack-lost 20% on order", "kill 3s after 10s", "latency 1ms..2s for 1m")


@st.composite
def plans(draw):
    low, high = sorted((draw(st.integers(1, 10_000)), draw(st.integers(1, 10_000))))
    return Plan(
        seed=draw(st.integers(0, MAX_SEED)),
        seconds=draw(st.floats(0.001, MAX_SECONDS)),
        faults=tuple(draw(st.lists(st.sampled_from(LINES)))),
        latency=f"{low}ms..{high}ms",
        regime=draw(st.sampled_from(["calm", "trend", "crash", "none"])),
        pace=draw(st.floats(0, 10, exclude_min=True)),
        instruments=draw(st.none() | st.integers(1, 100)),
    )


@given(plans())
def test_a_plan_that_is_written_down_is_read_as_the_same_plan(plan):
    assert Plan.from_text(plan.to_text()) == plan


def test_what_a_file_does_not_say_is_as_usual():
    assert Plan.from_text("seed = 3\nseconds = 60") == Plan(3, 60.0)


def test_faults_and_latency_are_read_for_whoever_performs_them():
    plan = Plan(1, 60, ("kill 3s after 10s",), latency="5ms..60ms")

    [fault] = plan.parsed_faults
    assert (fault.name, fault.argument, fault.after) == ("kill", (3_000, 3_000), 10_000)
    assert plan.latency_seconds == (0.005, 0.06)


def mistakes(text):
    with pytest.raises(ConfigError) as caught:
        Plan.from_text(text, "my.plan")
    assert caught.value.source == "my.plan"
    return [str(problem) for problem in caught.value.problems]


def test_a_wrong_file_is_told_everything_at_once():
    text = """\
sed = 1
seconds = -1
latency = "fast"
regime = "calmm"
instruments = 0
faults = ["half-opn", "kill for 3s"]
"""

    assert mistakes(text) == [
        "faults[0]: expected the name of a fault, found 'half-opn'; did you mean half-open?",
        "faults[1]: expected 'every' beside 'for', for kill happens at a moment, found 'kill for 3s'; "
        "how long it takes is written 'kill 3s'",
        "instruments: expected a whole number of instruments ≥ 1, found 0",
        "latency: expected a duration such as 30s, 5m or 200ms as a latency, found 'fast'",
        'regime: expected "calm", "trend", "crash" or "none", found the text "calmm"; did you mean "calm"?',
        "seconds: expected a number > 0, at most a year of seconds, found -1.0",
        "sed: unknown key; did you mean seed?",
        f"seed: missing; expected a whole number from 0 to {MAX_SEED}",
    ]


@pytest.mark.parametrize("text", ["seed = ", "[" * 100_000, "seed = 1e99999999999999999999"])
def test_what_is_no_toml_is_a_mistake_and_nothing_else(text):
    [mistake] = mistakes(text)

    assert mistake.startswith("not TOML: ")


def test_more_faults_than_the_exchange_takes_are_refused():
    with pytest.raises(ConfigError, match="at most 100 faults, found 101"):
        attrs.evolve(Plan(1, 60), faults=("dup",) * 101)
