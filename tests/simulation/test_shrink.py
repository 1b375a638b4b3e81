"""Shrinking: what is left is what the failure needs."""

import pytest

from livetrio.simulation.plan import Plan
from livetrio.simulation.shrink import shrink

PLAN = Plan(
    7,
    600,
    (
        "dup 10% on userFills after 5s",
        "half-open for 40s after 1m",
        "ack-lost 20% on order for 1m after 2m",
        "kill 3s every 10s after 2m for 1m",
        "slow 1s for 5s after 9m",
    ),
    latency="100ms..2s",
    regime="crash",
)


def counted(fails):
    calls = []

    def call(plan):
        calls.append(plan)
        return fails(plan)

    return call, calls


def test_faults_that_do_not_matter_are_left_out_and_what_remains_is_made_simple():
    def fails(plan):
        return any(each.name == "kill" for each in plan.parsed_faults)

    small = shrink(PLAN, fails, 1000)

    assert small == Plan(7, small.seconds, ("kill after 1ms",), instruments=1)
    assert small.seconds < 2


def test_two_faults_that_must_overlap_are_both_kept():
    def fails(plan):
        spans = {
            each.name: (each.after or 0, (each.after or 0) + (each.length or 0))
            for each in plan.parsed_faults
        }
        if not {"ack-lost", "kill"} <= spans.keys():
            return False
        return spans["ack-lost"][0] <= spans["kill"][0] <= spans["ack-lost"][1]

    small = shrink(PLAN, fails, 1000)

    assert {each.name for each in small.parsed_faults} == {"ack-lost", "kill"}
    assert fails(small)


def test_a_failure_that_needs_no_fault_is_left_with_none():
    assert shrink(PLAN, lambda plan: True, 1000) == Plan(7, 1.172, instruments=1)


def test_what_cannot_be_made_smaller_stays_as_it_is():
    fails, calls = counted(lambda plan: False)

    assert shrink(PLAN, fails, 1000) == PLAN
    assert PLAN not in calls
    assert len(calls) == len(set(calls))


@pytest.mark.parametrize("budget", [0, 1, 5, 20])
def test_no_more_worlds_are_tried_than_the_budget_allows(budget):
    fails, calls = counted(lambda plan: len(plan.faults) > 2)
    small = shrink(PLAN, fails, budget)

    assert len(calls) <= budget
    assert small == PLAN or fails(small)


def test_the_horizon_is_not_cut_below_what_the_failure_needs():
    small = shrink(PLAN, lambda plan: plan.seconds > 100, 1000)

    assert 100 < small.seconds <= 125
    assert small.faults == ()


def test_instruments_are_left_out_as_far_as_the_failure_allows():
    def fails(plan):
        return plan.instruments is None or plan.instruments >= 2

    assert shrink(PLAN, fails, 1000).instruments == 2
