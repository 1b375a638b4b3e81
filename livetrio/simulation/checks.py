"""Checks: what must hold by its author's word, beside the invariants.

They are asked between two rounds of trio's scheduler, when all that was to be done at a moment is done, and
not from a task: so a check changes nothing in its world, and the same plan is the same world without it.
"""

from __future__ import annotations

import math
import re
import traceback
from collections.abc import Callable, Iterable, Iterator

import attrs
import trio

from livetrio.simulation.invariants import Broken
from livetrio.simulation.view import WorldView

CheckFunction = Callable[[WorldView], bool | str | None]
"""Says of a world whether all is well: None or True; False, or in words what is wrong; or it raises, as
``assert`` does."""

USUAL_INTERVAL = 1.0
"""Seconds of virtual time."""


@attrs.frozen
class Check:
    """Something that must hold in a simulated world, all the time or at its end."""

    function: CheckFunction
    every: float | None = attrs.field(default=USUAL_INTERVAL, kw_only=True)
    """Seconds of virtual time between two looks; None: only at the end."""
    name: str | None = attrs.field(default=None, kw_only=True)
    """Default: the function's."""

    def __attrs_post_init__(self) -> None:
        if self.every is not None and not (math.isfinite(self.every) and self.every > 0):
            raise ValueError(f"every: expected seconds > 0, or None, found {self.every!r}")

    @property
    def invariant(self) -> str:
        """What a violation of it is told by."""
        function = getattr(self.function, "func", self.function)  # of a functools.partial
        return f"check {self.name or getattr(function, '__name__', type(function).__name__)}"

    def ask(self, world: WorldView) -> Iterator[Broken]:
        """What is wrong now."""
        try:
            answer = self.function(world)
        except AssertionError as error:
            yield Broken(self.invariant, _without_addresses(_words_of(error)))
        except Exception as error:  # told as what is wrong, with where it was raised
            trace = "".join(traceback.format_exception(error)).rstrip()
            yield Broken(self.invariant, _without_addresses(trace))
        else:
            if answer is not None and answer is not True:
                yield Broken(self.invariant, _without_addresses(answer or "it does not hold"))


def _words_of(error: AssertionError) -> str:
    """What it says, or else the line that it is from."""
    if str(error):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].line}  ({frames[-1].filename}:{frames[-1].lineno})" if frames else "it does not hold"


def _without_addresses(text: str) -> str:
    """The same in each process: where an object lies in memory is not."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def as_checks(checks: Iterable[Check | CheckFunction]) -> tuple[Check, ...]:
    """Functions as checks with the usual interval."""
    return tuple(each if isinstance(each, Check) else Check(each) for each in checks)


class Checks(trio.abc.Instrument):
    """Asks those of one world, in the order in which they were given."""

    def __init__(self, checks: Iterable[Check], world: WorldView, accuse: Callable[[Broken], None]) -> None:
        """Take also who hears of what is wrong."""
        self._world = world
        self._accuse = accuse
        self._checks = tuple(checks)
        self._due = {check: check.every for check in self._checks if check.every is not None}
        """When each is asked next, in seconds since the world began."""
        self._next = min(self._due.values(), default=math.inf)

    def begin(self) -> None:
        """Look from now on."""
        if self._due:
            trio.lowlevel.add_instrument(self)

    def end(self) -> None:
        """Look no more."""
        if self._due:
            self._due = {}
            trio.lowlevel.remove_instrument(self)

    def before_io_wait(self, timeout: float) -> None:
        """All tasks wait: ask what is due."""
        now = self._world.seconds
        if now < self._next:
            return
        for check, due in self._due.items():
            if now >= due:
                assert check.every is not None
                self._due[check] = (now // check.every + 1) * check.every
                for broken in check.ask(self._world):
                    self._accuse(broken)
        self._next = min(self._due.values(), default=math.inf)

    def ask_at_end(self) -> Iterator[Broken]:
        """What is wrong when all is over; nothing, where the world's own order was filled after all."""
        self._world.is_over = True
        probed = self._world.probed
        if probed is None or not probed.filled_quantity:
            for check in self._checks:
                yield from check.ask(self._world)
