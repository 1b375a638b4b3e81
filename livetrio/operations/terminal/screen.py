"""Screen: the terminal, with a log that scrolls and an area below it; it is never waited for.

A terminal may stop reading: Ctrl+S, a slow line, a window that hangs. An engine that waits for it does not
trade. So it is opened a second time, for writing without waiting (the first opening is shared with the shell,
whose terminal would change under it); what it does not take waits here, up to a limit. Pictures are left out
while anything waits. Lines of the log are kept up to that limit, and beyond it counted.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Sequence

import trio

from livetrio.operations.terminal.area import Area

MAX_WAITING = 1 << 20
"""Bytes that wait for the terminal; of what comes then, the lines are counted."""


class Screen:
    """One terminal. `open` it, and close it whatever happens."""

    def __init__(self, descriptor: int) -> None:
        """Take a descriptor of one's own, which does not block. It is closed in the end."""
        self._descriptor = descriptor
        self._area = Area()
        self._waiting = bytearray()
        self._arrived = trio.Event()
        self.disturbed = trio.Event()
        """Set when the area was removed to make room for the log."""
        self._lock = threading.Lock()  # a strategy may print from a thread of its own
        self._home = threading.get_ident()
        self.lost = 0
        """Lines that the terminal did not take."""
        self.is_gone = False
        """Whether it was closed: then all goes nowhere."""

    @classmethod
    def open(cls, descriptor: int) -> Screen:
        """Of the terminal that this descriptor is of.

        Raises:
          OSError: it is none, or cannot be opened again.
        """
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        return cls(os.open(os.ttyname(descriptor), flags))

    def size(self) -> tuple[int, int]:
        """Columns and lines, now; as terminals usually have them, where it does not say."""
        try:
            columns, lines = os.get_terminal_size(self._descriptor)
        except OSError:
            columns, lines = 0, 0
        return columns or 80, lines or 24

    @property
    def is_behind(self) -> bool:
        """Whether anything waits for the terminal."""
        return bool(self._waiting)

    def write(self, data: bytes) -> None:
        """Text for the log, above the area; at once, or when the terminal takes it."""
        with self._lock:
            if self.is_gone:
                return
            if len(self._waiting) + len(data) > MAX_WAITING:
                self.lost += data.count(b"\n")
                return
            if self._area.is_shown:
                data = self._area.forget() + data
                self._wake(self.disturbed)
            self._put(data)

    def show(self, lines: Sequence[str], *, whole: bool = False) -> bool:
        """Let the area have these lines; false: left out, as the terminal is behind."""
        with self._lock:
            self._flush()
            if self._waiting or self.is_gone:
                return False
            if self.lost:
                words = b"%d lines of the log were lost: the terminal did not read them\r\n" % self.lost
                self._put(self._area.forget() + words)
                self.lost = 0
            self._put(self._area.show(lines, whole=whole))
            return True

    async def drain(self) -> None:
        """Write what waits whenever the terminal takes it, until cancelled."""
        while not self.is_gone:
            if not self._waiting:
                self._arrived = trio.Event()
                await self._arrived.wait()
            await trio.lowlevel.wait_writable(self._descriptor)
            with self._lock:
                before = len(self._waiting)
                self._flush()
            if self._waiting and len(self._waiting) >= before:
                await trio.sleep(0.05)  # it said that it would take something, and did not
        await trio.sleep_forever()

    def _put(self, data: bytes) -> None:
        self._waiting += data
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting and not self.is_gone:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except BlockingIOError:
            self._wake(self._arrived)
        except OSError:  # closed: there is nobody to tell
            self.is_gone = True
            self._waiting.clear()

    def _wake(self, event: trio.Event) -> None:
        """Wake trio's side; from another thread it cannot be done, and the next picture does."""
        if threading.get_ident() == self._home:
            event.set()

    def close(self) -> None:
        """Remove the area, and wait for the terminal: the run is over, and nothing is held up by it."""
        with self._lock:
            self._put(self._area.forget())
            while self._waiting:
                select.select([], [self._descriptor], [], 0.1)
                self._flush()
            os.close(self._descriptor)
            self.is_gone = True
            self._waiting.clear()
