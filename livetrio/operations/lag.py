"""lag_of: how far a strategy is behind: for how long the news that it deals with has waited for it.

Nothing is counted for it. What waits is looked at only when somebody asks; but a handler that computes and
never waits empties its queue before anybody can look. So where handlers are measured, the wait of the event
that one was called with last counts as well, for as long as that is recent.
"""

from __future__ import annotations

from livetrio.clock import NANOSECONDS
from livetrio.operations.handler_times import HandlerTimes
from livetrio.strategy.runner import StrategyRunner

RECENT = 1_000_000_000
"""Nanoseconds."""


def lag_of(runner: StrategyRunner, now: int, handlers: HandlerTimes | None = None) -> float:
    """Seconds; 0: nothing waits for it."""
    oldest = runner.context.oldest_waiting()
    lag = 0 if oldest is None else now - oldest
    called, waited = (None, 0) if handlers is None else handlers.last_waits.get(runner.name, (None, 0))
    if called is not None and now - called < RECENT:
        lag = max(lag, waited)
    return max(0, lag) / NANOSECONDS
