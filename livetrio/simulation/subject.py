"""Subject: what is simulated, and how a configuration becomes one.

The venues become the exchange of the world, with a key and an account that it makes up; the journal is a
file of the world's. Everything else is as the configuration says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import attrs

from livetrio.app.config import Config, LiveTradingConfig, StrategyConfig
from livetrio.app.engine import LiveTradingEngine
from livetrio.cache import CacheConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import ConfigError, Problem
from livetrio.simulation.checks import Check
from livetrio.strategy.loader import load_strategy
from livetrio.subscription import Overflow
from livetrio.venues.hyperliquid import HyperliquidConfig

AddStrategy = Callable[[LiveTradingEngine], None]
"""Makes a strategy anew, and adds it to an engine."""

_OURS = Path(sys.modules["livetrio"].__file__ or "").resolve().parent


def _forget_nothing() -> None:
    """A function with a name, unlike a lambda, can be sent to another process."""


@attrs.frozen(kw_only=True)
class Subject:
    """What is simulated. The process of the engine starts anew as often as the plan has it."""

    strategies: tuple[AddStrategy, ...]
    """Called in this order at each start; a changed configuration leaves out the last ones."""
    engine: LiveTradingConfig = attrs.field(factory=LiveTradingConfig)
    venue: HyperliquidConfig = attrs.field(factory=lambda: HyperliquidConfig(network="local"))
    execution: ExecutionConfig = attrs.field(factory=ExecutionConfig)
    risk: RiskConfig = attrs.field(factory=RiskConfig)
    cache: CacheConfig = attrs.field(factory=CacheConfig)
    sync: Literal["process", "power"] = "process"
    """What the journal survives."""
    on_start: Callable[[], None] = _forget_nothing
    """Called before each start of the process: forgets what does not survive the end of one."""
    checks: tuple[Check, ...] = ()
    """What must hold beside the invariants."""
    is_recorded: bool = False
    """Whether the outcome has the record of all that was done, which takes time and memory."""


def subject_of(config: Config) -> Subject:
    """What a configuration that `localize` has been at says is to be simulated.

    Raises:
      ConfigError: it has no venue.
    """
    if not config.venues:
        problem = Problem("venues", "expected a venue to simulate, found none")
        raise ConfigError([problem], str(config.source or "configuration"))
    [venue] = config.venues.values()
    return Subject(
        strategies=tuple(partial(_add_strategy, config.base, each) for each in config.strategies),
        engine=attrs.evolve(config.engine, handle_signals=False),
        venue=venue,
        execution=config.execution,
        risk=config.risk,
        cache=config.cache,
        sync=config.journal.sync,
        on_start=partial(forget_modules, config.base),
    )


def local_subject(config: Config) -> Subject:
    """What a configuration says that was made by a program, or loaded for venues that are real.

    Raises:
      ConfigError: it has no venue.
    """
    venues = {
        name: HyperliquidConfig(network="local", fast_books=each.fast_books)
        for name, each in config.venues.items()
    }
    return subject_of(
        attrs.evolve(config, venues=venues, engine=attrs.evolve(config.engine, ws_endpoints=()))
    )


def localize(data: dict[str, Any]) -> None:
    """Let the venues of a configuration's tables be the local exchange, and nothing else be connected to.

    Keys and secrets are left out unread: a machine that simulates needs none.
    """
    venues, engine = data.get("venues"), data.get("engine")
    for venue in venues.values() if isinstance(venues, dict) else ():
        if isinstance(venue, dict):
            for name in ("base_url", "headers", "key", "account", "vault"):
                venue.pop(name, None)
            venue["network"] = "local"
    if isinstance(engine, dict):
        engine.pop("ws_endpoints", None)


def forget_modules(folder: Path) -> None:
    """Forget the modules that lie in the folder, so that the next import runs them again.

    A strategy's module may keep things in variables, which the end of a process would have ended.
    """
    within, ours = f"{folder.resolve()}{os.sep}", f"{_OURS}{os.sep}"
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or not file.startswith(within) or name in ("__main__", "__mp_main__"):
            continue
        if not file.startswith(ours) and "site-packages" not in file.split(os.sep):
            del sys.modules[name]


def _add_strategy(base: Path, settings: StrategyConfig, engine: LiveTradingEngine) -> None:
    engine.add_strategy(
        load_strategy(settings, base),
        name=settings.name,
        on_error=settings.on_error,
        capacity=settings.queue,
        overflow=Overflow(settings.overflow),
    )
