"""Histogram: how many values fell between which bounds. Plain numbers: to count costs next to nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

SECONDS = tuple(step * 10.0**power for power in range(-6, 2) for step in (1.0, 2.5, 5.0))
"""From a microsecond to fifty seconds."""


class Histogram:
    """Of values of one kind, most often seconds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        """Each counts what is not above it, and above the one before."""
        self.counts = [0] * (len(bounds) + 1)
        """The last one is of what is above all bounds."""
        self.total = 0.0
        """The sum of the values."""

    def add(self, value: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """For each bound how many were not above it, as Prometheus wants it: ``("0.001", 5)``."""
        so_far = 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            so_far += count
            yield f"{bound:g}", so_far
        yield "+Inf", so_far + self.counts[-1]
