"""within: a test that would hang fails instead, in virtual time too."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import trio

P = ParamSpec("P")
T = TypeVar("T")

MAX_STEPS = 200_000
"""Steps of tasks at one moment of virtual time: with so many, tasks only wake each other."""


def within(seconds: float) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Fail an async test that takes longer by trio's clock, or in which that clock stands still for ever.

    Raises, in the test:
      trio.TooSlowError: it did.
    """

    def limit(test: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(test)
        async def limited(*args: P.args, **kwargs: P.kwargs) -> T:
            with trio.fail_after(seconds) as scope:
                guard = _SpinGuard(scope)
                trio.lowlevel.add_instrument(guard)
                try:
                    return await test(*args, **kwargs)
                finally:
                    trio.lowlevel.remove_instrument(guard)

        return limited

    return limit


class _SpinGuard(trio.abc.Instrument):
    """Lets the deadline pass where virtual time does not: MockClock moves on only when all tasks wait."""

    def __init__(self, scope: trio.CancelScope) -> None:
        self._scope = scope
        self._time = float("-inf")
        self._steps = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        now = trio.current_time()
        if now != self._time:
            self._time, self._steps = now, 0
        self._steps += 1
        if self._steps > MAX_STEPS:
            self._scope.deadline = float("-inf")
