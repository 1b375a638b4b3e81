"""Worlds: the worlds of one subject: run them, or make them smaller, in a worker process or in this one.

Only names of functions go to the workers, and plain values; each reads the configuration for itself.
"""

from __future__ import annotations

import io
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
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


class Source(Protocol):
    """Where a subject comes from, for a process that has none."""

    def load(self) -> Subject:
        """The subject."""
        ...


@attrs.frozen
class ConfigSource:
    """A configuration file."""

    config: Path
    overrides: tuple[str, ...] = ()

    def load(self, check_strategy: CheckStrategy | None = None) -> Subject:
        """What it says is to be simulated.

        Raises:
          ConfigError: with everything that is wrong in it; in its strategies, if they are checked.
        """
        return subject_of(
            load_config(self.config, overrides=self.overrides, check_strategy=check_strategy, edit=localize)
        )


@attrs.frozen
class Worlds:
    """The worlds of a subject. Can be pickled if its source can."""

    source: Source
    run_world: RunWorld = attrs.field(kw_only=True)
    trace: Path | None = attrs.field(default=None, kw_only=True)
    """Where the trace of the world is written."""
    log_level: str | None = attrs.field(default=None, kw_only=True)
    """How much the engines in them log; None: nothing, and in a worker what strategies print goes nowhere
    either."""

    # In a worker, which does nothing else.

    def open(self) -> Callable[[Plan], Result]:
        """What runs a plan."""
        return partial(self.result, self._enter())

    def open_shrinker(self, budget: int, patience: float) -> Callable[[Plan], Shrunk]:
        """What makes a plan smaller, by so many worlds and for so many seconds at most."""
        quiet = attrs.evolve(self, trace=None, log_level=None)
        return partial(quiet.shrink, quiet._enter(), budget, patience)

    def _enter(self) -> Subject:
        if self.log_level is None:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
            sys.stdout = _Nowhere()
        else:
            configure_logs("console", self.log_level)
            sys.stdout = sys.stderr
        return self.source.load()

    # In a process that goes on afterwards.

    @contextmanager
    def here(self) -> Iterator[Subject]:
        """While the block runs, logs are as for a worker; afterwards they and the modules are as before."""
        with ExitStack() as stack:
            stack.enter_context(_configured_logs(self.log_level))
            before = dict(sys.modules)
            stack.callback(_bring_back, before)
            subject = self.source.load()
            stack.callback(subject.on_start)
            yield subject

    # What both do.

    def run(self, subject: Subject, plan: Plan) -> Outcome:
        """Run a plan; raises what its world raises."""
        if self.trace is None:
            return self.run_world(plan, subject)
        with self.trace.open("wb") as file:
            return self.run_world(plan, subject, trace=file)

    def result(self, subject: Subject, plan: Plan) -> Result:
        """Run a plan; whatever it raises is a result, too."""
        try:
            return self.run(subject, plan)
        except Exception as error:  # whoever asked for the world tells it
            return _broken(plan, error)

    def shrink(self, subject: Subject, budget: int, patience: float, plan: Plan) -> Shrunk:
        """Make a plan smaller, by so many worlds and for so many seconds at most."""
        deadline = time.monotonic() + patience
        first = smallest = self.result(subject, plan)
        tries = 0

        def fails(smaller: Plan) -> bool:
            nonlocal smallest, tries
            if time.monotonic() > deadline:
                return False
            tries += 1
            result = self.result(subject, smaller)
            if failure_of(result) != failure_of(first):
                return False
            smallest = result
            return True

        if failure_of(first) is not None:
            shrink(plan, fails, budget)
        return Shrunk(first, smallest, tries)


@contextmanager
def _configured_logs(level: str | None) -> Iterator[None]:
    was_configured, before = structlog.is_configured(), structlog.get_config()
    if level is None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    else:
        configure_logs("console", level)
    try:
        yield
    finally:
        if was_configured:
            structlog.configure(**before)
        else:
            structlog.reset_defaults()


def _bring_back(modules: dict[str, ModuleType]) -> None:
    """Let modules that were forgotten, and imported anew, be what they were: others hold on to them."""
    sys.modules.update({name: each for name, each in modules.items() if sys.modules.get(name) is not each})


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
