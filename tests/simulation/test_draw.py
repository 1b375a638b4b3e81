"""Plans from seeds: the same everywhere, of few kinds each and of all kinds together, around time-outs."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.app.config import LiveTradingConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.simulation.aims import AIMS
from livetrio.simulation.catalogue import CATALOGUE
from livetrio.simulation.draw import TIMEOUTS, draw_plan

PLANS = [draw_plan(seed, 600) for seed in range(1, 1001)]


@given(st.integers(0, 2**63 - 1), st.floats(0.001, 1e7), st.sets(st.sampled_from(sorted(CATALOGUE.kinds))))
def test_every_seed_has_a_plan_of_the_kinds_that_are_allowed(seed, seconds, kinds):
    plan = draw_plan(seed, seconds, kinds)

    assert (plan.seed, plan.seconds) == (seed, seconds)
    assert {each.name for each in plan.parsed_faults} <= kinds
    assert all((each.after or 0) <= max(1, seconds * 1000) for each in plan.parsed_faults)


def test_the_world_of_seed_0_has_no_faults_and_the_others_have():
    assert draw_plan(0, 600).faults == ()
    assert all(draw_plan(seed, 600, {"kill"}).faults for seed in range(1, 50))


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_seed_has_the_same_plan_in_every_process(hash_seed):
    code = "from livetrio.simulation.draw import draw_plan as d; print([d(n, 600) for n in range(30)])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.strip() == str([draw_plan(seed, 600) for seed in range(30)])


def test_all_kinds_come_up_among_a_thousand_seeds_and_few_in_each():
    counts = Counter(name for plan in PLANS for name in {each.name for each in plan.parsed_faults})
    kinds = sorted(len({each.name for each in plan.parsed_faults}) for plan in PLANS)

    assert counts.keys() == CATALOGUE.kinds.keys()
    assert min(counts.values()) >= 20
    assert kinds[len(kinds) // 2] <= 8


def test_faults_bunch_around_a_few_moments():
    def gaps(plan):
        begins = sorted((each.after or 0) / 1000 for each in plan.parsed_faults)
        return [later - earlier for earlier, later in pairwise(begins)]

    small = [gap for plan in PLANS for gap in gaps(plan)]

    assert sum(gap < 1 for gap in small) > len(small) / 3


def test_faults_are_shorter_and_longer_than_every_time_out_of_the_engine():
    lengths = {each.length for plan in PLANS for each in plan.parsed_faults}
    wanted = {round(timeout * factor) for timeout in TIMEOUTS for factor in (900, 1_100)}

    assert wanted <= lengths


def test_the_time_outs_are_those_of_the_engine():
    usual = [LiveTradingConfig(), ExecutionConfig(), RiskConfig()]
    waits = {
        each.name: getattr(settings, each.name) / 1000
        for settings in usual
        for each in attrs.fields(type(settings))
        if each.name.endswith("_ms") and getattr(settings, each.name) is not None
    }

    assert set(waits.values()) <= set(TIMEOUTS), waits
    assert waits["heartbeat_interval_ms"] * 2 in TIMEOUTS


def test_faults_come_in_the_order_in_which_they_begin():
    for plan in PLANS:
        begins = [each.after or 0 for each in plan.parsed_faults]
        assert begins == sorted(begins)


@pytest.mark.parametrize("aim", AIMS, ids=lambda each: each.name)
def test_an_aimed_world_needs_no_other_faults_than_it_says_and_is_drawn_when_those_are_allowed(aim):
    drawn = [draw_plan(seed, 600, aim.kinds) for seed in range(1, 200)]
    of_the_aim = [plan for plan in drawn if len({each.name for each in plan.parsed_faults}) >= 3]

    assert of_the_aim
    assert all({each.name for each in plan.parsed_faults} <= aim.kinds for plan in drawn)


def test_no_world_is_aimed_where_a_fault_that_it_needs_is_not_allowed():
    for aim in AIMS:
        for missing in aim.kinds:
            assert all(
                {each.name for each in draw_plan(seed, 600, aim.kinds - {missing}).parsed_faults}
                <= aim.kinds - {missing}
                for seed in range(1, 20)
            )
