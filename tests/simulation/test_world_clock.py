"""The virtual time of a world."""

from __future__ import annotations

import math

import trio
from trio.testing import MockClock

from livetrio.simulation.world_clock import WorldClock


def test_it_stands_still_while_a_task_runs_and_jumps_to_the_deadline_when_all_wait() -> None:
    seen = []

    async def look() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            seen.append(trio.current_time())
        await trio.sleep(0.7)
        seen.append(trio.current_time())

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            await trio.sleep(3600.0)
            seen.append(trio.current_time())

    trio.run(main, clock=WorldClock())

    assert seen == [0.0, 0.0, 0.0, 0.7, 3600.0]


def test_tasks_are_woken_in_the_order_in_which_trios_own_clock_would_wake_them() -> None:
    def story(clock: WorldClock | MockClock) -> list[tuple[str, float]]:
        told = []

        async def sleeper(name: str, *naps: float) -> None:
            for nap in naps:
                await trio.sleep(nap)
                told.append((name, round(trio.current_time(), 9)))

        async def main() -> None:
            with trio.move_on_after(3.05):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(sleeper, "a", *[0.3] * 20)
                    nursery.start_soon(sleeper, "b", 0.0, 0.1, 0.25, 5.0)
                    nursery.start_soon(sleeper, "c", *[0.7] * 20)
            told.append(("over", trio.current_time()))

        trio.run(main, clock=clock)
        return told

    assert story(WorldClock()) == story(MockClock(autojump_threshold=0))


def test_a_jump_passes_deadlines_by_and_they_are_late() -> None:
    clock = WorldClock()

    async def main() -> float:
        with trio.move_on_after(1.0):
            clock.jump(30.0)
            await trio.sleep_forever()
        return trio.current_time()

    assert trio.run(main, clock=clock) == 30.0


def test_without_a_deadline_it_does_not_move() -> None:
    clock = WorldClock()

    assert clock.deadline_to_sleep_time(math.inf) == math.inf
    assert clock.current_time() == 0.0
