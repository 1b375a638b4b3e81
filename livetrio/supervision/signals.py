"""Signals: SIGINT, SIGTERM and SIGHUP ask the engine to stop, SIGUSR1 and SIGUSR2 halt trading; in a task
like any other.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import structlog
import trio

log = structlog.get_logger()

WATCHED = (signal.SIGINT, signal.SIGTERM)

CLOSED = tuple(getattr(signal, name) for name in ("SIGHUP",) if hasattr(signal, name))
"""Comes when the terminal is closed, and would end the process with its orders open."""

HALTING = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))
"""The kill switch: cancel everything; and, the second, close positions, too."""


async def watch_signals(on_signal: Callable[[str], None]) -> None:
    """Call ``on_signal`` with the name of every signal that is watched, until cancelled.

    Only the main thread gets signals; elsewhere this returns at once, and says so in the log.
    """
    if threading.current_thread() is not threading.main_thread():
        log.warning("signals are not handled: the engine does not run in the main thread")
        return
    with trio.open_signal_receiver(*watched_signals()) as signals:
        async for number in signals:
            on_signal(signal.Signals(number).name)


def watched_signals() -> list[signal.Signals]:
    """All that are watched in this process.

    Whoever was started by `nohup` ignores SIGHUP already, and is to outlive the terminal.
    """
    closed = [each for each in CLOSED if signal.getsignal(each) is not signal.SIG_IGN]
    return [*WATCHED, *HALTING, *closed]
