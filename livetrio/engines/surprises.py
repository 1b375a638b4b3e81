"""Surprises: what was found at a venue that the journal does not explain."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

KEPT = 50
"""Of the last ones."""


class Surprises:
    """Of one engine, in words."""

    def __init__(self) -> None:
        self._words: deque[str] = deque(maxlen=KEPT)
        self.count = 0
        """How many there were in all."""

    def add(self, words: str) -> None:
        """Note one: an order, or a position."""
        self.count += 1
        self._words.append(words)

    def __iter__(self) -> Iterator[str]:
        """The oldest first."""
        return iter(tuple(self._words))
