"""WorldClock: the virtual time of a world."""

from __future__ import annotations

from math import inf

import trio


class WorldClock(trio.abc.Clock):
    """Stands still while any task has something to do, and then jumps to the next deadline.

    As `trio.testing.MockClock` with an ``autojump_threshold`` of 0, in half the turns of the run loop: trio
    asks a clock how long it may sleep only when no task can run, so that is the moment to jump. A task that
    waits for all others to be blocked (`trio.testing.wait_all_tasks_blocked`) would be late.
    """

    __slots__ = ("_now",)

    def __init__(self) -> None:
        self._now = 0.0

    def start_clock(self) -> None:
        """A run begins; the time is 0.0, or that at which the last one ended."""

    def current_time(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Jump to the deadline."""
        if deadline == inf:
            return inf
        if deadline > self._now:
            self._now = deadline
        return 0.0

    def jump(self, seconds: float) -> None:
        """Let time pass in which no task did anything, as if a handler had held the loop."""
        self._now += seconds
