"""Agenda: who of the living market does what when."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from livetrio.exchange.chain.desk import Desk

Act = Callable[[Desk, int], int | None]
"""What somebody does at the desk, and when it was due, ms; it returns when it is due again, or None."""

_MAX_DELAY = 1_000
"""ms. Who could not act for longer goes on from now, and does not make up for what was missed."""


class Agenda:
    """Acts in the order in which they are due; what is due at one instant, in the order it was noted."""

    def __init__(self) -> None:
        self._acts: list[tuple[int, int, Act]] = []
        self._count = 0

    def add(self, due: int, act: Act) -> None:
        """Note an act for a time, ms."""
        self._count += 1
        heappush(self._acts, (due, self._count, act))

    @property
    def next_due(self) -> int | None:
        """When the next is due, ms."""
        return self._acts[0][0] if self._acts else None

    def perform(self, desk: Desk) -> None:
        """Let everybody act whose time has come."""
        now = desk.ledger.time
        acts = self._acts
        while acts and acts[0][0] <= now:
            due, _, act = heappop(acts)
            again = act(desk, max(due, now - _MAX_DELAY))
            if again is not None:
                self.add(again, act)
