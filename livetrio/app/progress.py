"""Progress: what a command that ends by itself is at, when it takes long; on a terminal, and there alone.

It appears after two seconds, and rich, which draws it, is imported then. It is drawn by a thread, so that it
moves while the command is busy; what an engine does while it runs is shown by `livetrio.operations.terminal`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

AFTER = 2.0
"""Seconds that pass before there is something to see."""


class Steps:
    """How far a command has come."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what = what
        self.done = 0
        self._total = total
        self._words = ""
        self._bar: tuple[Progress, TaskID] | None = None
        self._is_over = False
        self._lock = threading.Lock()

    def advance(self, words: str = "", steps: int = 1) -> None:
        """So many more are done; ``words`` stand beside it."""
        with self._lock:
            self.done += steps
            self._words = words
            if self._bar is not None:
                bar, task = self._bar
                bar.update(task, completed=self.done, words=words)

    def _show(self) -> None:
        """Begin to draw; called by a timer."""
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        text = TextColumn("{task.description}"), TextColumn("{task.fields[words]}", markup=False)
        counted = () if self._total is None else (BarColumn(), MofNCompleteColumn())
        console = Console(stderr=True)
        bar = Bar(
            SpinnerColumn(), text[0], *counted, TimeElapsedColumn(), text[1], console=console, transient=True
        )
        with self._lock:
            if self._is_over:
                return
            task = bar.add_task(escape(self.what), total=self._total, completed=self.done, words=self._words)
            self._bar = bar, task
            bar.start()

    def finish(self) -> None:
        """Show it no more: what is to be printed now would be in its way."""
        with self._lock:
            self._is_over = True
            if self._bar is not None:
                self._bar[0].stop()
                self._bar = None


@contextmanager
def progress(what: str, total: int | None = None, *, after: float = AFTER) -> Iterator[Steps]:
    """Show what is being done while the block runs.

    Args:
      what: in a few words.
      total: how many steps it has; None: nobody knows.
      after: seconds that pass before it is shown.
    """
    steps = Steps(what, total)
    if not _is_terminal():
        yield steps
        return
    timer = threading.Timer(after, steps._show)
    timer.daemon = True
    timer.start()
    try:
        yield steps
    finally:
        timer.cancel()
        timer.join()
        steps.finish()


def _is_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    except ValueError:  # closed
        return False
