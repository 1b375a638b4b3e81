"""Output: standard streams whose far end may go away without taking the engine with it.

A reader that has had enough (``livetrio run … | head``) or a terminal that was closed makes writing fail.
That must not become an exception in a strategy that prints, nor a traceback at exit: from the first
failure on, what is written goes nowhere, and the run goes on. If it was the standard output that went, the
standard error is told once. A character that the stream's encoding lacks is written as an escape.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_diverted: dict[int, Callable[[bytes], object]] = {}
"""By file descriptor: who writes what is written there, meanwhile."""


def keep_output_alive() -> None:
    """Let writing to the standard output and error of this process never fail."""
    sys.stdout = _wrap(sys.stdout)
    sys.stderr = _wrap(sys.stderr)


@contextmanager
def diverting(terminal: int, write: Callable[[bytes], object]) -> Iterator[None]:
    """Let somebody else write, while the block runs, what is written to the terminal by the standard streams.

    Args:
      terminal: a file descriptor of it; a stream that goes elsewhere is left as it is.
    """
    name = os.ttyname(terminal)
    for descriptor in (1, 2):
        if os.isatty(descriptor) and os.ttyname(descriptor) == name:
            _diverted[descriptor] = write
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        _diverted.clear()


class _LastingFile(io.FileIO):
    """A file descriptor, not owned, that swallows what can no longer be written."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._descriptor = descriptor
        self._is_gone = False

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        if self._is_gone:
            return size
        if self._descriptor in _diverted:
            _diverted[self._descriptor](bytes(data))
            return size
        try:
            while (written := super().write(data)) is None:  # somebody made it non-blocking, and it is full
                select.select([], [self._descriptor], [])
            return written
        except OSError as error:
            self._is_gone = True
            if self._descriptor == 1 and sys.stderr is not None:
                sys.stderr.write(f"the standard output is gone ({error.strerror}); going on without it\n")
            return size


def _wrap(stream: TextIO) -> TextIO:
    try:
        descriptor = stream.fileno()
        stream.flush()
    except (AttributeError, OSError, ValueError):  # None, in memory, closed, or gone already
        return stream
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_LastingFile(descriptor)),
        encoding=stream.encoding,
        errors="backslashreplace" if stream.errors == "strict" else stream.errors,
        line_buffering=True,  # in a pipe or a file as well: what a strategy prints is wanted when it happens
        write_through=stream.write_through,
    )
