"""A kill comes at the point that was drawn: at the end of a task's step, or around a commit."""

from __future__ import annotations

import trio

from livetrio.simulation.points import COMMIT_PATIENCE, Points


async def test_each_step_of_a_task_is_a_point():
    points, came = Points(), []
    points.arm(3, lambda: came.append(steps))
    for _ in range(6):
        steps = _
        await trio.lowlevel.checkpoint()

    assert len(came) == 1


async def test_points_count_from_the_next_commit_where_that_is_wanted():
    points, came = Points(), []
    points.arm(2, lambda: came.append("now"), at_commit=True)
    for _ in range(5):
        await trio.lowlevel.checkpoint()
    assert came == []

    points.reach(is_commit=True)
    assert came == []
    points.reach()
    assert came == ["now"]


async def test_one_that_waits_gives_way_to_another():
    points, came = Points(), []
    points.arm(1, lambda: came.append("first"), at_commit=True)
    points.arm(1, lambda: came.append("second"), at_commit=True)
    points.reach(is_commit=True)
    points.reach(is_commit=True)

    assert came == ["second"]


async def test_a_commit_that_does_not_come_is_not_awaited_for_ever():
    points, came = Points(), []
    points.arm(2, lambda: came.append("now"), at_commit=True)
    for _ in range(COMMIT_PATIENCE + 1):
        points.reach()
    assert came == []

    points.reach()
    assert came == ["now"]


async def test_what_was_to_come_can_be_called_off():
    points, came = Points(), []
    points.disarm()
    points.arm(1, lambda: came.append("never"))
    points.disarm()
    points.reach()
    points.arm(1, lambda: came.append("later"))
    points.reach()

    assert came == ["later"]
