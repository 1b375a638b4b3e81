"""Running: one fault in the course of its time: whether it acts now, and when it next has something to do."""

from __future__ import annotations

import math
import random

import attrs

from livetrio.exchange.faults.catalogue import Kind
from livetrio.exchange.faults.grammar import Fault

_MS = 1000


class Running:
    """A fault since it was added. Times in seconds of the injector's clock; if that is infinite, it waits."""

    def __init__(self, fault: Fault, now: float) -> None:
        self.fault = fault
        self.kind: Kind = fault.kind
        self.is_over = False
        """Whether it never acts again."""
        self._times = _times(fault, now)
        self._spent: int | None = None
        """The period in which it has acted, if it acts once in each."""
        self._moment = 0
        """Which of its moments comes next."""
        self.next_at = self._moment_at(0)
        """When there is something to do; None if there never is."""

    @property
    def waits(self) -> bool:
        """Whether its time has not begun to run."""
        return self._times.first == math.inf

    def is_on(self, now: float) -> bool:
        """Whether it can act on what happens now. To be asked often: notes when it is over."""
        times = self._times
        if self.is_over or now < times.first:
            return False
        if self.kind.name == "gap":  # until the connections are dropped, however late that is done
            return self.next_at is not None and now >= self.next_at - times.length
        period = 0 if times.every is None else int((now - times.first) // times.every)
        if now - times.first - period * (times.every or 0.0) >= times.length:
            self.is_over = times.every is None
            return False
        return self._spent != period

    def is_over_at(self, now: float) -> bool:
        """Whether it never acts again."""
        self.is_on(now)
        return self.is_over

    def hits(self, now: float, scopes: frozenset[str], draw: random.Random) -> bool:
        """Whether it acts on something that happens now and goes by these names; then it has acted."""
        if not self.is_on(now):
            return False
        if self.kind.scopes:
            wanted = self.kind.default if self.fault.scope is None else {self.fault.scope}
            if scopes.isdisjoint(wanted):
                return False
        if not self._is_drawn(draw):
            return False
        times = self._times
        if self.fault.once and self.kind.name != "gap":
            self.is_over = True
        elif times.every is not None and self.fault.length is None and self.kind.length is None:
            self._spent = int((now - times.first) // times.every)
        return True

    def take_moment(self, now: float, draw: random.Random) -> bool:
        """Whether a moment of its has come, and it is to act; then the next one is awaited.

        Moments that were missed are not made up for.
        """
        if self.next_at is None or now < self.next_at:
            return False
        while self.next_at is not None and self.next_at <= now:
            self._moment += 1
            self.next_at = self._moment_at(self._moment)
        self.is_over = self.next_at is None
        return not self.kind.is_moment or self._is_drawn(draw)

    def draw_argument(self, draw: random.Random) -> float:
        """Seconds, drawn evenly from its argument."""
        low, high = self.fault.argument or self.kind.argument or (0, 0)
        return (low if low == high else draw.uniform(low, high)) / _MS

    def _is_drawn(self, draw: random.Random) -> bool:
        percent = self.fault.percent
        if percent is None and self.fault.scope is None:
            percent = self.kind.percent
        return percent is None or draw.random() * 100 < percent

    def _moment_at(self, index: int) -> float | None:
        is_gap = self.kind.name == "gap"
        if not self.kind.is_moment and not is_gap:
            return None
        times = self._times
        if index and times.every is None:
            return None
        at = times.first + index * (times.every or 0.0)
        if is_gap:
            return at + times.length
        return at if at <= times.last else None


@attrs.frozen
class _Times:
    first: float
    """When it begins."""
    every: float | None
    length: float
    """How long it lasts each time."""
    last: float
    """After which no moment comes any more."""


def _times(fault: Fault, now: float) -> _Times:
    begin = now + (fault.after or 0) / _MS
    delay = fault.every if fault.after is None else 0
    length = fault.kind.length if fault.length is None else fault.length
    seconds = float("inf") if length is None else length / _MS
    return _Times(
        first=begin + (delay or 0) / _MS,
        every=None if fault.every is None else fault.every / _MS,
        length=seconds,
        last=begin + seconds,
    )
