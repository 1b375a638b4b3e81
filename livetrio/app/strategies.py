"""Strategies: those of one engine, how they are made for each run, and what the end of one means.

One that raises ends alone or takes the engine with it, as its ``on_error`` says. Where none is left, the
engine stops: it has failed if the last of them all failed, isolated or not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import trio

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.engines.execution import ExecutionEngine
from livetrio.errors import StrategyFailed
from livetrio.strategy.base import Strategy
from livetrio.strategy.context import Context
from livetrio.strategy.runner import StrategyFunction, StrategyRunner, StrategyState
from livetrio.subscription import Overflow


class Strategies:
    """Runs strategies, and tells whoever owns it when they have ended or one has failed."""

    def __init__(
        self,
        *,
        bus: MessageBus,
        cache: Cache,
        stop_timeout: float,
    ) -> None:
        self.runners: list[StrategyRunner] = []
        """Those of this run, or of the last one."""
        self._bus = bus
        self._cache = cache
        self._stop_timeout = stop_timeout
        self._stop: Callable[[str], None] = lambda _reason: None
        self._fail: Callable[[StrategyFailed], None] = lambda _failure: None
        self.names: list[str] = []
        self._makers: list[Callable[[Clock, DataEngine, ExecutionEngine | None], StrategyRunner]] = []

    def add(
        self,
        strategy: Strategy | StrategyFunction,
        *,
        name: str | None,
        on_error: Literal["stop", "isolate"],
        capacity: int,
        overflow: Overflow,
    ) -> None:
        """Run one more from the next run on."""
        if name is None:
            name = type(strategy).__name__ if isinstance(strategy, Strategy) else _name_of_function(strategy)

        def make(clock: Clock, data: DataEngine, execution: ExecutionEngine | None) -> StrategyRunner:
            context = Context(
                name=name,
                bus=self._bus,
                cache=self._cache,
                clock=clock,
                data=data,
                execution=execution,
                patience=self._stop_timeout,
                stop=self._stop,
                capacity=capacity,
                overflow=overflow,
            )
            return StrategyRunner(
                strategy=strategy,
                context=context,
                clock=clock,
                on_error=on_error,
                on_failure=self._take_failure,
                stop_timeout=self._stop_timeout,
            )

        self._makers.append(make)
        self.names.append(name)

    def prepare(
        self,
        clock: Clock,
        data: DataEngine,
        execution: ExecutionEngine | None,
        *,
        stop: Callable[[str], None],
        fail: Callable[[StrategyFailed], None],
    ) -> None:
        """Make their runners for a run.

        Args:
          execution: takes their orders, if anybody does.
          stop: called when the run is to stop, with the reason.
          fail: called when it has failed.
        """
        self._stop, self._fail = stop, fail
        self.runners = [make(clock, data, execution) for make in self._makers]

    async def start(self, nursery: trio.Nursery) -> None:
        """Run them in the nursery; returns when each has started, or ended before."""
        for runner in self.runners:
            nursery.start_soon(self._run, runner, name=f"strategy {runner.name}")
        for runner in self.runners:
            await runner.started.wait()

    def hurry(self) -> None:
        """Cut their clean-up short."""
        for runner in self.runners:
            runner.hurry()

    def close(self) -> None:
        """Give up what they subscribed to; some may never have run."""
        for runner in self.runners:
            runner.context.close()

    async def _run(self, runner: StrategyRunner) -> None:
        await runner.run()
        if all(each.state is StrategyState.FAILED for each in self.runners):
            self._fail(_failure_of(runner))  # isolated or not: nobody is left
        elif all(each.state in (StrategyState.ENDED, StrategyState.FAILED) for each in self.runners):
            self._stop("all strategies have ended")

    def _take_failure(self, runner: StrategyRunner, _error: Exception) -> None:
        if runner.on_error == "stop":
            self._fail(_failure_of(runner))


def _failure_of(runner: StrategyRunner) -> StrategyFailed:
    error = runner.error
    failure = StrategyFailed(f"the strategy {runner.name} raised {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def _name_of_function(strategy: Callable[..., Awaitable[Any]]) -> str:
    inner = getattr(strategy, "func", strategy)  # of a functools.partial
    return getattr(inner, "__name__", type(inner).__name__)
