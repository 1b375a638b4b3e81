"""An author's own invariants: when they are asked, what they see, and how it is told when they break."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from busy_world import BTC, busy_world, idle_world

from livetrio.simulation.checks import Check, as_checks


def test_a_check_changes_nothing_in_its_world():
    looked = []
    faults = ("kill after 10s", "half-open for 10s after 20s")
    checked = busy_world(*faults, checks=(Check(lambda world: looked.append(world.equity), every=0.1),))

    assert len(looked) > 500
    assert checked.digest == busy_world(*faults).digest


def test_it_is_asked_every_so_often_and_once_more_when_all_is_over():
    moments = []
    busy_world(
        seconds=10.0,
        checks=(Check(lambda w: moments.append((w.seconds, w.is_over, w.engine is None)), every=2),),
    )

    assert [round(each[0]) for each in moments[:5]] == [2, 4, 6, 8, 10]
    assert all(0 <= each[0] % 2 < 0.2 for each in moments[:5])
    assert [each[1] for each in moments] == [False] * (len(moments) - 1) + [True]
    assert moments[-1][2]


def test_a_check_of_the_end_is_asked_only_there():
    looked = []
    busy_world(seconds=5.0, checks=(Check(lambda world: looked.append(world.is_over), every=None),))

    assert looked == [True]


def test_what_breaks_is_told_as_an_invariant_is_and_ends_the_world():
    def never_above_two_hundredths(world):
        assert abs(world.position(BTC)) < Decimal("0.02"), f"{world.position(BTC)} are held"

    outcome = busy_world(
        seed=3, seconds=600.0, is_recorded=True, checks=as_checks([never_above_two_hundredths])
    )
    violation = outcome.violation

    assert violation.invariant == "check never_above_two_hundredths"
    assert violation.sentence.startswith(("0.02 are held", "-0.02 are held"))
    assert 0 < violation.at < 600
    assert violation.last_events[-1].endswith(f"broken: {violation.invariant}: {violation.sentence}")
    assert any("filled" in line for line in violation.last_events)
    assert abs(outcome.record.positions[BTC]) == Decimal("0.02")


def raises(world):
    return {}["nothing"]


def asserts(world):
    assert world.seconds < 1


def asserts_of_an_object(world):
    assert object() is None


PLAIN: dict = {}
exec(compile("def plain(world):\n    assert world.seconds < 1", __file__, "exec"), PLAIN)


@pytest.mark.parametrize(
    "check, words",
    [
        (lambda world: False, "it does not hold"),
        (lambda world: "this is wrong", "this is wrong"),
        (asserts, "where 1.0 = <world at 1.000s>.seconds"),
        (asserts_of_an_object, "assert <object object> is None"),
        (PLAIN["plain"], f"({__file__}:2)"),
        (raises, "KeyError: 'nothing'"),
        (raises, "in raises"),
    ],
)
def test_it_can_say_so_in_many_ways(check, words):
    outcome = idle_world(seconds=5.0, checks=as_checks([check]))

    assert words in outcome.violation.sentence


def test_it_holds_where_it_says_so_or_nothing():
    assert idle_world(seconds=5.0, checks=as_checks([lambda _: None, lambda _: True])).violation is None


def test_a_check_has_the_name_of_its_function_or_its_own():
    assert Check(raises).invariant == "check raises"
    assert Check(partial(raises)).invariant == "check raises"
    assert Check(raises, name="never raises").invariant == "check never raises"


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf")])
def test_an_interval_that_is_none_is_refused(every):
    with pytest.raises(ValueError, match="expected seconds > 0, or None"):
        Check(raises, every=every)


def test_the_worlds_own_order_is_nobodys_business():
    most = []
    outcome = idle_world(
        is_recorded=True, checks=as_checks([lambda world: most.append(len(world.open_orders))])
    )

    assert outcome.counts["orders"] == 1
    assert set(most) == {0}
    assert (outcome.record.orders, outcome.record.fills, outcome.record.money.pnl) == ((), (), 0)


def test_a_check_sees_the_account_and_the_engine_of_the_moment():
    seen = []

    def agree(world):
        if world.cache is None:
            seen.append("down")
            return
        seen.append(len(world.open_orders))
        assert [type(each).__name__ for each in world.strategies] == ["Busy"]
        assert world.engine.cache is world.cache
        for each in world.open_orders:
            assert (each.instrument_id, each.quantity <= each.side.sign * each.side.sign) == (BTC, True)
            assert each.price > 1000
            assert not each.reduce_only
            assert each.client_order_id

    outcome = busy_world("kill 5s after 20s", checks=as_checks([agree]))

    assert outcome.violation is None
    assert 3 <= seen.count("down") <= 6
    assert max(each for each in seen if each != "down") > 3
