"""Worlds: what each worker of `livetrio simulate` does: run worlds of a configuration, or shrink them.

Only names of functions go to the workers, and plain values; each reads the configuration for itself.
"""

from __future__ import annotations

import io
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import attrs
import structlog

from livetrio.app.complaints import format_strategy_error
from livetrio.app.load import CheckStrategy, load_config
from livetrio.app.logs import configure_logs
from livetrio.errors import HandlerError, LiveTradingError, StrategyFailed
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken
from livetrio.simulation.shrink import shrink
from livetrio.simulation.subject import Subject, localize, subject_of

Result = Outcome | Broken


class RunWorld(Protocol):
    """`livetrio.simulation.world.run_world`, or what stands for it."""

    def __call__(self, plan: Plan, subject: Subject, *, trace: BinaryIO | None = None) -> Outcome:
        """Run one world to its end."""
        ...


@attrs.frozen(kw_only=True)
class Worlds:
    """The worlds of a configuration. Can be pickled."""

    config: Path
    overrides: tuple[str, ...] = ()
    run_world: RunWorld
    trace: Path | None = None
    """Where the trace of the world is written."""
    log_level: str | None = None
    """How much the engines in them log; None: nothing, and what strategies print goes nowhere either."""

    def check(self, check_strategy: CheckStrategy) -> Subject:
        """What is simulated.

        Raises:
          ConfigError: with everything that is wrong in the configuration.
        """
        return subject_of(
            load_config(self.config, overrides=self.overrides, check_strategy=check_strategy, edit=localize)
        )

    def open(self) -> Callable[[Plan], Result]:
        """In a worker: what runs a plan."""
        return partial(self._run, self._enter())

    def open_shrinker(self, budget: int, patience: float) -> Callable[[Plan], Shrunk]:
        """In a worker: what makes a plan smaller, by so many worlds and for so many seconds at most."""
        quiet = attrs.evolve(self, trace=None, log_level=None)
        return partial(quiet._shrink, quiet._enter(), budget, patience)

    def _enter(self) -> Subject:
        if self.log_level is None:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
            sys.stdout = _Nowhere()
        else:
            configure_logs("console", self.log_level)
            sys.stdout = sys.stderr
        return subject_of(load_config(self.config, overrides=self.overrides, edit=localize))

    def _run(self, subject: Subject, plan: Plan) -> Result:
        try:
            if self.trace is None:
                return self.run_world(plan, subject)
            with self.trace.open("wb") as file:
                return self.run_world(plan, subject, trace=file)
        except Exception as error:  # becomes the result; whoever asked for the world tells it
            return _broken(plan, error)

    def _shrink(self, subject: Subject, budget: int, patience: float, plan: Plan) -> Shrunk:
        deadline = time.monotonic() + patience
        first = smallest = self._run(subject, plan)
        tries = 0

        def fails(smaller: Plan) -> bool:
            nonlocal smallest, tries
            if time.monotonic() > deadline:
                return False
            tries += 1
            result = self._run(subject, smaller)
            if failure_of(result) != failure_of(first):
                return False
            smallest = result
            return True

        if failure_of(first) is not None:
            shrink(plan, fails, budget)
        return Shrunk(first, smallest, tries)


class _Nowhere(io.TextIOBase):
    """Where nobody reads what is written."""

    def write(self, text: str) -> int:
        return len(text)


@attrs.frozen
class Shrunk:
    """What shrinking a plan came to."""

    first: Result
    """Of the plan itself, once more."""
    smallest: Result
    """Of the smallest plan that fails in the same way."""
    tries: int
    """How many worlds it took."""


def failure_of(result: Result) -> str | None:
    """In which way it failed, to tell whether another failed in the same way; None: it did not."""
    if isinstance(result, Broken):
        return result.sentence
    return None if result.violation is None else result.violation.invariant


def is_same(one: Result, other: Result) -> bool:
    """Whether two runs of one plan went the same way."""
    if isinstance(one, Outcome) and isinstance(other, Outcome) and one.digest != other.digest:
        return False
    return failure_of(one) == failure_of(other)


def _broken(plan: Plan, error: Exception) -> Broken:
    if isinstance(error, LiveTradingError):
        cause = error.__cause__ if isinstance(error, StrategyFailed | HandlerError) else None
        return Broken(plan, str(error), format_strategy_error(cause) if cause is not None else "")
    return Broken(
        plan, f"it raised {type(error).__name__}: {error}", "".join(traceback.format_exception(error))
    )
