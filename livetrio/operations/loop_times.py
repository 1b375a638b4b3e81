"""LoopTimes: how long each step of each task holds the loop, how late the loop is, and whose fault it is.

An instrument of trio's: it is called before and after each step, which costs some 3 µs beside the 7 of a step
that does nothing (measured on a busy machine). Where a handler has been named already (`HandlerTimes`), its
task is not named as well; of any other its name and the place where it waits afterwards are told: what held
the loop is before that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import trio

from livetrio.clock import Clock
from livetrio.operations.handler_times import HandlerTimes
from livetrio.operations.histogram import Histogram
from livetrio.operations.slow import SlowCalls

LAG_INTERVAL = 1.0
"""Seconds between two looks at how late the loop is."""

_TRIO = str(Path(trio.__file__).parent)


class LoopTimes(trio.abc.Instrument):
    """Of the loop that it is added to."""

    def __init__(self, clock: Clock, slow: SlowCalls, handlers: HandlerTimes) -> None:
        self.steps = Histogram()
        """Seconds of the steps of tasks."""
        self.longest = 0.0
        """Seconds of the longest step so far."""
        self.lags = Histogram()
        """Seconds by which the loop came late to what was due."""
        self.lag = 0.0
        """The last of them."""
        self.looked = trio.current_time()
        """When that was, by trio's clock."""
        self._add = self.steps.add
        self._limit = slow.limit
        self._slow = slow
        self._handlers = handlers
        self._stopwatch: Callable[[], float] = clock.stopwatch
        self._began = self._stopwatch()

    async def run(self) -> None:
        """Look how late the loop is, again and again, until cancelled."""
        due = trio.current_time()
        while True:
            due = max(due + LAG_INTERVAL, trio.current_time())
            await trio.sleep_until(due)
            self.looked = trio.current_time()
            self.lag = self.looked - due
            self.lags.add(self.lag)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task goes on."""
        self._began = self._stopwatch()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """… and waits, or has ended."""
        took = self._stopwatch() - self._began
        self._add(took)
        if took > self.longest:
            self.longest = took
        if took > self._limit:
            if not self._handlers.is_named:
                self._slow.name(task.name, _place_of(task), took)
            self._handlers.is_named = False


def _place_of(task: trio.lowlevel.Task) -> str:
    """Where a task waits: the innermost function that is not trio's own."""
    place = "its end"
    if getattr(task.coro, "cr_frame", None) is None:
        return place
    for frame, line in task.iter_await_frames():
        code = frame.f_code
        if not code.co_filename.startswith(_TRIO):
            place = f"{code.co_qualname}, line {line}"
    return place
