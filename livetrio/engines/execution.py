"""ExecutionEngine: what the live engine needs of whoever takes care of orders."""

from __future__ import annotations

from typing import Protocol

from livetrio.model import ConnectionEvent


class ExecutionEngine(Protocol):
    """Receives, in the connection's task, whatever of a venue's messages is not market data.

    Set one with `LiveTradingEngine.set_execution_engine`. Without one, such messages are counted as
    unhandled and named once in the log.
    """

    def process(self, event: object) -> None:
        """Take in one event of a venue: bring the cache up to date, then publish."""
        ...

    def on_connection(self, event: ConnectionEvent) -> None:
        """A connection came up or went down; called before strategies can learn of it."""
        ...
