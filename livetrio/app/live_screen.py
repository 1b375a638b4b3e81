"""The screen of ``livetrio run``: the terminal that its log goes to, if that is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from livetrio.app.output import diverting
from livetrio.operations.terminal.screen import Screen


@contextmanager
def live_screen(*, wanted: bool) -> Iterator[Screen | None]:
    """The terminal while the block runs, left as it was found; None: there is none, or it is not wanted.

    What the process writes to it meanwhile goes through the screen, so that the area below stays whole, and
    a terminal that does not read holds up nothing.
    """
    terminal = _find_terminal() if wanted else None
    screen = None if terminal is None else _open(terminal)
    if terminal is None or screen is None:
        yield None
        return
    try:
        with diverting(terminal, screen.write):
            yield screen
    finally:
        screen.close()


def _find_terminal() -> int | None:
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        return None
    return next((each for each in (2, 1) if os.isatty(each)), None)


def _open(terminal: int) -> Screen | None:
    try:
        return Screen.open(terminal)
    except OSError:  # somebody else's, as under su or in a container: then there is the log alone
        return None
