"""Mischief: what a plan does to strategies: handlers that raise, and handlers that take their time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from livetrio.app.engine import LiveTradingEngine
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import HANDLERS, StrategyFunction


class PlannedError(Exception):
    """A handler raises because the plan has it."""


class Mischief:
    """Of one world."""

    def __init__(self, slowness: Callable[[], float]) -> None:
        """Take what says how many seconds a handler takes that is called now."""
        self.raises = 0
        """How many handlers are still to raise."""
        self._slowness = slowness

    def spoil(self, strategy: Strategy) -> None:
        """Let each handler of an object do what the plan has."""
        for name in dict.fromkeys(HANDLERS.values()):
            if getattr(type(strategy), name) is not getattr(Strategy, name):
                object.__setattr__(strategy, name, self._spoiled(getattr(strategy, name)))

    def _spoiled(self, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(event: object) -> Any:
            if self.raises:
                self.raises -= 1
                raise PlannedError("the plan has a handler raise here")
            seconds = self._slowness()
            return handler(event) if not seconds else _late(seconds, handler, event)

        return call


async def _late(seconds: float, handler: Callable[[Any], Any], event: object) -> None:
    await trio.sleep(seconds)
    outcome = handler(event)
    if outcome is not None:
        await outcome


class SpoiledEngine(LiveTradingEngine):
    """An engine to whose strategies the plan's mischief happens."""

    mischief: Mischief | None = None

    def __init__(self, *arguments: Any, **how: Any) -> None:
        """As `LiveTradingEngine`."""
        super().__init__(*arguments, **how)
        self.strategies: list[Strategy | StrategyFunction] = []
        """Those that were added."""

    def add_strategy(self, strategy: Strategy | StrategyFunction, **how: Any) -> None:
        """Run a strategy, as `LiveTradingEngine` does."""
        if self.mischief is not None and isinstance(strategy, Strategy):
            self.mischief.spoil(strategy)
        self.strategies.append(strategy)
        super().add_strategy(strategy, **how)
