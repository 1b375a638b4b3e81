"""Rates: events a second, from one view to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from livetrio.operations.view import View

SPAN = 5.0
"""Seconds over which a rate is taken, at least."""


class Rates:
    """Of the strategies of one engine."""

    def __init__(self) -> None:
        self._past: deque[tuple[int, Mapping[str, int]]] = deque()

    def take(self, view: View) -> Mapping[str, float]:
        """Events a second by strategy; those are not in it of which it is not known yet."""
        events = {each.name: each.events for each in view.strategies}
        self._past.append((view.now, events))
        while len(self._past) > 2 and (view.now - self._past[1][0]) / 1e9 >= SPAN:
            self._past.popleft()
        then, before = self._past[0]
        seconds = (view.now - then) / 1e9
        if seconds <= 0:
            return {}
        return {name: (number - before[name]) / seconds for name, number in events.items() if name in before}
