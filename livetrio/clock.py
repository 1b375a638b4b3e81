"""Clock: the only place where the engine learns what time it is.

Two times, never mixed. *Deadlines and durations* are trio's (`trio.current_time`, `trio.sleep_until`):
monotonic, float seconds, and replaced by `trio.testing.MockClock` in tests. *Instants* are UTC
nanoseconds (``ts_event``, ``ts_init``) and are derived from trio's clock here: the system's wall clock
is read once, at the anchor, so a step of the system's clock neither moves the engine's time backwards
nor fires a timer, and under a MockClock the wall clock moves exactly as fast as everything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

NANOSECONDS = 1_000_000_000
"""Nanoseconds in a second."""

SIMULATED_EPOCH = 1_767_225_600 * NANOSECONDS
"""2026-01-01T00:00:00Z: where simulated time begins unless a test says otherwise."""


class Clock:
    """UTC nanoseconds, driven by trio's clock.

    Make it inside `trio.run`: the epoch is tied to `trio.current_time` of that moment.
    """

    def __init__(self, epoch: int, *, stopwatch: Callable[[], float] | None = None) -> None:
        self._trio_time = trio.lowlevel.current_clock().current_time
        """As `trio.current_time`, which has to find the run first; each order asks ten times."""
        self._origin = epoch - round(self._trio_time() * NANOSECONDS)
        self.stopwatch: Callable[[], float] = stopwatch or trio.current_time
        """Float seconds for measuring how long code took; only differences mean anything. Real time
        live, virtual time in a simulation, where code takes none."""

    @classmethod
    def live(cls) -> Clock:
        """The system's wall clock, read now and never again."""
        return cls(time.time_ns(), stopwatch=time.perf_counter)

    @classmethod
    def simulated(cls, epoch: int = SIMULATED_EPOCH) -> Clock:
        """A fixed epoch, for runs that must be the same each time."""
        return cls(epoch)

    def now(self) -> int:
        """Now, as UTC nanoseconds."""
        return self._origin + round(self._trio_time() * NANOSECONDS)

    def at(self, trio_time: float) -> int:
        """The UTC nanoseconds of a moment given in trio's time."""
        return self._origin + round(trio_time * NANOSECONDS)

    def trio_time(self, instant: int) -> float:
        """The moment in trio's time of an instant in UTC nanoseconds, for `trio.sleep_until`."""
        return (instant - self._origin) / NANOSECONDS

    def __repr__(self) -> str:
        return f"<Clock {format_instant(self.now())}>"


def format_instant(instant: int) -> str:
    """``2026-01-01T00:00:00.000Z``: an instant for people, to the millisecond."""
    seconds, nanoseconds = divmod(instant, NANOSECONDS)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{nanoseconds // 1_000_000:03d}Z"
