"""CollectorPauses: for how long Python's garbage collector has stopped everything."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from livetrio.clock import Clock
from livetrio.operations.histogram import Histogram


class CollectorPauses:
    """Of this process, while it watches."""

    def __init__(self, clock: Clock) -> None:
        self.pauses = tuple(Histogram() for _ in range(3))
        """Seconds, by generation."""
        self._stopwatch: Callable[[], float] = clock.stopwatch
        self._began: float | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        gc.callbacks.append(self.note)
        try:
            yield
        finally:
            gc.callbacks.remove(self.note)

    def note(self, phase: str, info: Mapping[str, Any]) -> None:
        """The collector starts, or stops."""
        if phase == "start":
            self._began = self._stopwatch()
        elif self._began is not None:
            self.pauses[info["generation"]].add(self._stopwatch() - self._began)
            self._began = None
