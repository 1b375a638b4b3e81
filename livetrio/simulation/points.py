"""Points: the places at which a process can end: after every step of a task, and around every commit.

Much happens at one moment of virtual time, so a moment does not say where a process is killed; the number of
points from there on does. Counted only while somebody waits for one.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

COMMIT_PATIENCE = 300
"""Points: some seconds of a quiet world."""


class Points(trio.abc.Instrument):
    """Of one world."""

    def __init__(self) -> None:
        self._left = 0
        self._act: Callable[[], None] | None = None
        self._patience = 0
        """Points for which a commit is still awaited."""

    def arm(self, count: int, act: Callable[[], None], *, at_commit: bool = False) -> None:
        """Call a function at the point that is so many points away, from 1. One that waits gives way.

        With ``at_commit`` the first point is the next at which a journal is about to be written; or, where
        nothing is written, because there are no orders, some points later.
        """
        if self._act is None:
            trio.lowlevel.add_instrument(self)
        self._left, self._act, self._patience = count, act, COMMIT_PATIENCE if at_commit else 0

    def disarm(self) -> None:
        """Forget the call that is to come."""
        if self._act is not None:
            self._act = None
            trio.lowlevel.remove_instrument(self)

    def reach(self, *, is_commit: bool = False) -> None:
        """Here is a point."""
        if is_commit:
            self._patience = 0
        if self._act is None:
            return
        if self._patience:
            self._patience -= 1
            return
        self._left -= 1
        if self._left == 0:
            act, self._act = self._act, None
            trio.lowlevel.remove_instrument(self)
            act()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task waits for something, or has ended."""
        self.reach()
