"""Operations: runs what is configured beside an engine's strategies, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from livetrio.operations.config import OperationsConfig
from livetrio.operations.health import is_alive, why_not_ready
from livetrio.operations.look import look_at
from livetrio.operations.measures import Measures
from livetrio.operations.view import View
from livetrio.operations.watched import Watched


class Operations:
    """Of one engine, for `LiveTradingEngine.add_service`."""

    def __init__(self, config: OperationsConfig, engine: Watched, warnings: Iterable[str] = ()) -> None:
        """Take what to run, the engine, and the last lines of its log that matter (`RecentLines`)."""
        self.config = config
        self.engine = engine
        self.measures: Measures | None = None
        """What is counted while it runs."""
        self._warnings = warnings

    def look(self) -> View:
        """The engine as it is now."""
        return look_at(self.engine, self._warnings)

    def metrics(self) -> bytes:
        """The metrics as they are now, for Prometheus."""
        from livetrio.operations.metrics import exposition  # prometheus_client takes 60 ms to import

        return exposition(self.engine, self.measures)

    def is_alive(self) -> bool:
        """Whether the loop turns, and in time."""
        return is_alive(None if self.measures is None else self.measures.loop)

    def why_not_ready(self) -> list[str]:
        """What keeps the engine from doing what it is there for; empty: nothing does."""
        return why_not_ready(self.engine)

    async def run(self) -> None:
        """Run all parts, until cancelled."""
        measures = self.measures = Measures(self.engine, slow=self.config.slow_ms / 1000)
        with measures.attached():
            await measures.run()
