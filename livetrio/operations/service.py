"""Operations: runs what is configured beside an engine's strategies, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import trio

from livetrio.operations.config import OperationsConfig
from livetrio.operations.look import look_at
from livetrio.operations.view import View
from livetrio.operations.watched import Watched


class Operations:
    """Of one engine, for `LiveTradingEngine.add_service`."""

    def __init__(self, config: OperationsConfig, engine: Watched, warnings: Iterable[str] = ()) -> None:
        """Take what to run, the engine, and the last lines of its log that matter (`RecentLines`)."""
        self.config = config
        self.engine = engine
        self._warnings = warnings

    def look(self) -> View:
        """The engine as it is now."""
        return look_at(self.engine, self._warnings)

    async def run(self) -> None:
        """Run all parts, until cancelled."""
        async with trio.open_nursery():
            pass
