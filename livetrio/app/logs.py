"""Logs: one line an event, for people or as JSON, on the standard error.

The library logs with ``structlog.get_logger()`` and ``log.info("order accepted", order=…)``. What becomes of
that is not the library's to decide: the commands call `configure_logs`, and a program that uses livetrio
does so, too, or configures structlog as it likes.

Three rules: a line never breaks the engine (a stream that is gone ends the logging, not the run); known
secrets are masked in every line; and what a venue sent cannot forge a line, because control characters
are escaped.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

from livetrio.clock import format_instant
from livetrio.secrets import mask

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""The levels by name, with the numbers of the standard library."""

_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_DIM = "\x1b[2m"
_PLAIN = "\x1b[0m"

Event = MutableMapping[str, Any]


def configure_logs(
    format: str = "console",
    level: str = "info",
    *,
    stream: TextIO | None = None,
    now: Callable[[], int] = time.time_ns,
    listener: Callable[[str, str], object] | None = None,
) -> None:
    """Say what becomes of log lines, in the whole process.

    Args:
      format: ``console``, lines for people, with colours if the stream is a terminal; or ``json``, one
        object a line.
      level: ``debug``, ``info``, ``warning`` or ``error``; what weighs less is left out.
      stream: where to; the standard error by default.
      now: UTC nanoseconds for the time in front of each line.
      listener: called with the level and each line that is written, for people and without colours.
    """
    target: TextIO | None = sys.stderr if stream is None else stream  # None: the process was given none
    render = render_json if format == "json" else _Console(has_colours=_takes_colours(target))

    def stamp(_: Any, method: str, event: Event) -> Event:
        # First in the dict, so that a line begins with them. What a caller gave by these names moves aside.
        for name in ("timestamp", "level"):
            if name in event:
                event[f"{name}_"] = event.pop(name)
        return {"timestamp": format_instant(now()), "level": _level_of(method)} | dict(event)

    plain = _Console(has_colours=False)

    def tell(logger: Any, method: str, event: Event) -> Event:
        if listener is not None:
            listener(event["level"], mask(plain(logger, method, event)))
        return event

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, stamp, _add_traceback, tell, render, _mask_line],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: writer,
        # Loggers are made at import; caching would tie them to the first configuration for ever.
        cache_logger_on_first_use=False,
    )
    writer = LineWriter(target)


class LineWriter:
    """What structlog calls last: writes lines until the stream fails, and is silent after that."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_broken = False
        """Whether the stream has failed."""

    def write(self, line: str) -> None:
        """Write a line and flush, so that nothing is lost when the process dies."""
        if self._stream is None or self.is_broken:
            return
        try:
            try:
                self._stream.write(line + "\n")
            except UnicodeEncodeError:
                self._stream.write(line.encode("ascii", "backslashreplace").decode() + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: closed
            self.is_broken = True

    msg = debug = info = warning = warn = error = exception = critical = fatal = log = write


def render_json(_: Any, __: str, event: Event) -> str:
    """A line of JSON: timestamp, level, event, and then the rest; whatever JSON lacks is written as text."""
    ordered = {key: event[key] for key in ("timestamp", "level", "event") if key in event} | dict(event)
    try:
        return msgspec.json.encode(ordered, enc_hook=repr).decode()
    except Exception:
        # An integer beyond 64 bits, half a surrogate pair, somebody's __repr__, …: that value becomes text.
        return json.dumps({key: _as_json(value) for key, value in ordered.items()})


def _as_json(value: object) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(value, enc_hook=repr))
    except Exception:
        return _as_text(value)


class _Console:
    """Renders a line for people: ``2026-11-23T10:00:00.123Z info  connection up  generation=1``."""

    def __init__(self, *, has_colours: bool) -> None:
        self._has_colours = has_colours

    def __call__(self, _: Any, __: str, event: Event) -> str:
        rest = dict(event)
        timestamp, level = rest.pop("timestamp", ""), rest.pop("level", "")
        message, trace = rest.pop("event", ""), rest.pop("exception", None)
        pairs = " ".join(f"{_escape(str(key))}={_show(value)}" for key, value in rest.items())
        tag = level.ljust(5)
        if self._has_colours:
            timestamp, tag = f"{_DIM}{timestamp}{_PLAIN}", f"{_COLOURS.get(level, '')}{tag}{_PLAIN}"
            pairs = pairs and f"{_DIM}{pairs}{_PLAIN}"
        line = f"{timestamp} {tag} {_escape(mask(_as_text(message)))}{'  ' if pairs else ''}{pairs}"
        return line if trace is None else "\n".join([line, *_indent(_as_text(trace))])


def _show(value: object) -> str:
    """The value as one word if it is one, else quoted."""
    text = _escape(mask(_as_text(value)))  # masked as it is, before escapes make it another text
    if text and not any(each in text for each in ' "='):
        return text
    return '"' + text.replace('"', '\\"') + '"'


def _indent(trace: str) -> list[str]:
    """The lines of a traceback, moved in, so that what its error says cannot pass for a line of the log."""
    return [f"  {_escape(line)}" for line in mask(trace).splitlines()]


def _as_text(value: object) -> str:
    try:
        return value if isinstance(value, str) else str(value)
    except Exception as error:  # somebody's __str__; a log line is no reason to stop
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _escape(text: str) -> str:
    """The text with line breaks and other control characters written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text
    )


def _add_traceback(_: Any, __: str, event: Event) -> Event:
    """The traceback of ``exc_info`` (an exception, or true for the one being handled) as text."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(error)).rstrip()
    return event


def _mask_line(_: Any, __: str, line: Any) -> str:
    return mask(line)


def _level_of(method: str) -> str:
    return {"exception": "error", "critical": "error", "fatal": "error", "warn": "warning"}.get(
        method, method
    )


def _takes_colours(stream: TextIO | None) -> bool:
    try:
        return (
            stream is not None
            and stream.isatty()
            and "NO_COLOR" not in os.environ
            and os.environ.get("TERM") != "dumb"
        )
    except ValueError:  # closed
        return False
