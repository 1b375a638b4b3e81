"""RecentLines: the last lines of the log that were warnings or errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

KEPT = 50
"""Lines."""


class RecentLines:
    """Filled by the log, read by whoever shows them."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT)
        self.count = 0
        """How many there were in all."""
        self.on_line: Callable[[str], object] = lambda _line: None
        """Called with each line that comes."""

    def take(self, level: str, line: str) -> None:
        """A line of the log was written, without colours; secrets are masked in it."""
        if level in ("warning", "error"):
            self.count += 1
            self._lines.append(line)
            self.on_line(line)

    def __iter__(self) -> Iterator[str]:
        """The oldest first."""
        return iter(tuple(self._lines))
