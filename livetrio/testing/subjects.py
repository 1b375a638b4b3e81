"""Subjects: from what a test hands over, a strategy's class say, to what can be simulated."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from livetrio.app.config import Config, LiveTradingConfig, StrategyConfig, find_limits_of_nobody
from livetrio.app.engine import LiveTradingEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import ConfigError, UsageError
from livetrio.simulation.checks import Check
from livetrio.simulation.subject import Subject, local_subject
from livetrio.simulation.worlds import ConfigSource
from livetrio.strategy.base import Strategy
from livetrio.strategy.loader import check_strategy
from livetrio.strategy.runner import StrategyFunction

Factory = Callable[..., Strategy | Awaitable[object] | StrategyFunction]
"""Makes a strategy: a class, or what returns an object of one; or is one: an async function of a context."""

Simulatable = Factory | Sequence[Factory] | Config | str | Path
"""What can be simulated: strategies, or a configuration with them, or its file."""


@attrs.frozen(kw_only=True)
class Settings:
    """What a test says about the engine. None: the default, or what the configuration says."""

    config: LiveTradingConfig | None = None
    risk: RiskConfig | None = None
    execution: ExecutionConfig | None = None
    overrides: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@attrs.frozen
class Wanted:
    """What a test wants simulated. Can be pickled if what it hands over can."""

    what: Simulatable
    settings: Settings

    def load(self) -> Subject:
        """What is simulated.

        Raises:
          ConfigError: a configuration, or what it says of its strategies, is wrong.
          UsageError: it cannot be simulated, in words.
        """
        if isinstance(self.what, str | Path | Config):
            subject = _subject_of_config(self.what, self.settings)
        else:
            subject = _subject_of_factories(self.what, self.settings)
        return attrs.evolve(subject, checks=self.settings.checks, is_recorded=True)


def _subject_of_config(what: str | Path | Config, settings: Settings) -> Subject:
    given = [name for name in ("config", "risk", "execution") if getattr(settings, name) is not None]
    if given:
        raise UsageError(
            f"expected a configuration that says all by itself, found {' and '.join(given)} beside it; "
            "its file's values are changed by overrides=['risk.max_open_orders=3']"
        )
    if isinstance(what, Config):
        if settings.overrides:
            raise UsageError(
                "expected overrides beside the file of a configuration, found them beside a Config"
            )
        return local_subject(what)
    return ConfigSource(Path(what), settings.overrides).load(check_strategy)


def _subject_of_factories(what: Any, settings: Settings) -> Subject:
    if settings.overrides:
        raise UsageError(
            "expected overrides beside the file of a configuration, found them beside a strategy"
        )
    factories: list[Any] = list(what) if isinstance(what, Sequence) else [what]
    if not factories:
        raise UsageError("expected a strategy at least, found none")
    for each in factories:
        check_factory(each)
    if settings.risk is not None and all(is_named(each) for each in factories):
        named = tuple(StrategyConfig(path="a.b:C", name=each) for each in _name_all(map(_name, factories)))
        problems = find_limits_of_nobody(settings.risk, named)
        if problems:
            raise ConfigError(problems, source="risk")
    engine = settings.config or LiveTradingConfig(tick_interval_ms=1000)
    return Subject(
        strategies=tuple(map(AddMade, factories)),
        engine=attrs.evolve(engine, handle_signals=False),
        risk=settings.risk or RiskConfig(),
        execution=settings.execution or ExecutionConfig(),
    )


@attrs.frozen
class AddMade:
    """Makes a strategy anew, and adds it to an engine. Can be pickled if its factory can."""

    factory: Any

    def __call__(self, engine: LiveTradingEngine) -> None:
        """Raises UsageError where what is made is no strategy."""
        made: Any = self.factory if is_function(self.factory) else self.factory()
        if not isinstance(made, Strategy) and not is_function(made):
            raise UsageError(
                f"expected {_name(self.factory)} to make a strategy at each start of the engine, "
                f"found {_show(made)}"
            )
        own = type(made).__name__ if isinstance(made, Strategy) else _name(made)
        *_, name = _name_all([*engine._strategies.names, own])  # those before it are there
        engine.add_strategy(made, name=name)


def check_factory(factory: object) -> None:
    """Raises UsageError where it is known beforehand that it makes no strategy."""
    if isinstance(factory, Strategy):
        name = type(factory).__name__
        raise UsageError(
            f"expected what makes the strategy anew at each start of the engine, such as {name} itself or "
            f"functools.partial({name}, ...), found an object of {name}, which would live on after a kill"
        )
    inner = _inner(factory)
    if not callable(factory) or (isinstance(inner, type) and not issubclass(inner, Strategy)):
        raise UsageError(
            "expected a class derived from livetrio.Strategy, a function that returns a strategy, an async "
            f"function of one context, or the file of a configuration, found {_show(factory)}"
        )
    given = factory if isinstance(factory, partial) else partial(factory)
    context = (None,) if is_function(factory) else ()
    name = _name(factory)
    try:
        inspect.signature(given.func).bind(*given.args, *context, **given.keywords)
    except TypeError as error:
        raise UsageError(
            f"{name} cannot be called: {error}; arguments are given by functools.partial({name}, ...)"
        ) from None
    except ValueError:
        pass  # it has no signature that could be read


def is_function(thing: object) -> bool:
    """Whether it is a strategy as an async function, its arguments given or not."""
    return inspect.iscoroutinefunction(_inner(thing))


def _inner(thing: object) -> object:
    while isinstance(thing, partial):
        thing = thing.func
    return thing


def is_named(factory: object) -> bool:
    """Whether it says beforehand what the strategy will be called."""
    return isinstance(_inner(factory), type) or is_function(factory)


def _name(factory: object) -> str:
    inner = _inner(factory)
    return str(getattr(inner, "__name__", type(inner).__name__))


def _name_all(wanted: Iterable[str]) -> list[str]:
    """Names, numbered where one is taken, as a configuration does it."""
    names: list[str] = []
    for base in wanted:
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base}-{count}"
        names.append(name)
    return names


def _show(thing: object) -> str:
    text = repr(thing)
    return f"{type(thing).__name__} {text if len(text) <= 100 else text[:97] + '...'}"
