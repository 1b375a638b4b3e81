"""WatchedEngine: an engine as `livetrio.operations` looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from livetrio.app.engine import LiveTradingEngine
from livetrio.app.order_desk import OrderDesk
from livetrio.clock import Clock
from livetrio.model import ShutdownEvent
from livetrio.strategy.runner import StrategyRunner
from livetrio.supervision.status import ConnectionStatus


class WatchedEngine:
    """See `livetrio.operations.watched.Watched`."""

    def __init__(self, engine: LiveTradingEngine) -> None:
        self._engine = engine
        self.bus = engine.bus
        self.cache = engine.cache

    @property
    def clock(self) -> Clock:
        """Its clock; there is none before the first run."""
        return self._engine.clock

    @property
    def life(self) -> str:
        """Where it is in its life."""
        return self._engine.state.value

    @property
    def started_at(self) -> int:
        """When the run began, UTC nanoseconds; 0: there was none."""
        run = self._engine.current
        return 0 if run is None else run.started_at

    @property
    def desk(self) -> OrderDesk | None:
        """What takes care of its orders, if anybody does."""
        return self._engine.desk

    @property
    def runners(self) -> Sequence[StrategyRunner]:
        """Its strategies."""
        run = self._engine.current
        return () if run is None else run.runners

    @property
    def refused(self) -> Mapping[str, int]:
        """Market data that was not believed, by reason."""
        return self._engine.data.refused

    @property
    def shutdown(self) -> ShutdownEvent | None:
        """Why it stops, or has stopped; None: it does not."""
        run = self._engine.current
        return None if run is None else run.ending.shutdown

    @property
    def is_hurried(self) -> bool:
        """Whether somebody does not want to wait for the end."""
        run = self._engine.current
        return run is not None and run.is_hurried

    def connection_status(self) -> list[ConnectionStatus]:
        """Every connection as it is now."""
        return self._engine.connection_status()

    def stop(self, message: str | None = None) -> None:
        """Stop in order; returns at once."""
        self._engine.stop(message)
