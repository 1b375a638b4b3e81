"""Ending: that one run of the engine is to stop, why, and what it has failed of.

The first reason to stop is the one that is told, and the first failure the one that is raised: all others
come of it, or come too late.
"""

from __future__ import annotations

from collections.abc import Mapping

import trio

from livetrio.errors import LiveTradingError
from livetrio.model import ConnectionState, ShutdownEvent
from livetrio.supervision.nursery import is_cancellation


class Ending:
    """Of one run."""

    def __init__(self) -> None:
        self.begun = trio.Event()
        """The stop has begun."""
        self.done = trio.Event()
        """All has ended."""
        self.shutdown: ShutdownEvent | None = None
        """Why it stops; None before it does."""
        self.failure: LiveTradingError | None = None
        self.states: Mapping[str, ConnectionState] = {}
        """Of the connections, when the stop began: afterwards the engine closes them itself."""

    def begin(self, shutdown: ShutdownEvent, states: Mapping[str, ConnectionState]) -> bool:
        """Note why it stops; whether this is the first reason. Whoever waits for `begun` is not woken yet."""
        if self.shutdown is not None:
            return False
        self.shutdown, self.states = shutdown, states
        return True

    def fail(self, failure: LiveTradingError) -> None:
        """Note what the run has failed of."""
        if self.failure is None:
            self.failure = failure

    def has_failed(self, error: BaseException | None) -> bool:
        """Whether a run that ended with this error has failed; to have been cancelled is no failure."""
        return self.failure is not None or (error is not None and not is_cancellation(error))

    def raise_all(self, error: BaseException | None) -> None:
        """Raise the failure, the error that the run ended with, or a group of both; or return."""
        if self.failure is not None and error is not None:
            raise BaseExceptionGroup("more than one thing went wrong", [self.failure, error])
        if self.failure is not None:
            raise self.failure
        if error is not None:
            raise error
