"""HeldSignals: what signals do to the process of `livetrio run` while its engine does not watch them.

An engine watches signals from shortly after its start until shortly before its end. One that comes before or
afterwards, most often the second of two Ctrl+C, would end the process by Python's or the system's own rules:
with an exit code that says nothing of the orders, and without the report that names them.

    held = HeldSignals()
    outcome = trio.run(partial(run_config, config, prepare=held.hold))
    …                       # print the report
    held.release(code)      # what comes now ends the process with this code
    sys.exit(code)
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

import trio

from livetrio.app.engine import LiveTradingEngine
from livetrio.supervision.signals import watched_signals


class HeldSignals:
    """Of one process, to its end: nothing gives its signals back to the system."""

    def __init__(self) -> None:
        self._engine: LiveTradingEngine | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._code: int | None = None
        """With which the process ends; None: it is not known yet."""

    def hold(self, engine: LiveTradingEngine) -> None:
        """Let signals be the engine's from now on, just before it runs, and have no effect once it has ended.

        In a thread other than the main one, which gets no signals, nothing is done.
        """
        if not engine.config.handle_signals or threading.current_thread() is not threading.main_thread():
            return
        self._engine, self._token = engine, trio.lowlevel.current_trio_token()
        for each in watched_signals():
            signal.signal(each, self._take)
        # When Python takes itself apart it gives signals that a function takes back to the system.
        atexit.register(self._ignore)

    def release(self, code: int) -> None:
        """All is told: what comes now, because a thread of somebody's does not end, ends the process."""
        if sys.stdout is not None:
            sys.stdout.flush()
        self._code = code

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self._code is not None:
            os._exit(self._code)
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._hand_over, number)

    def _hand_over(self, number: int) -> None:
        if self._engine is not None and self._engine.current is not None and self._engine.is_running:
            self._engine.current.take_signal(signal.Signals(number).name)

    def _ignore(self) -> None:
        for each in watched_signals():
            signal.signal(each, signal.SIG_IGN)
