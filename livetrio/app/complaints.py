"""Complaints: how the commands tell what went wrong, and with which exit code.

All of it goes to the standard error; where logs are JSON, as lines of JSON.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

FAILED = 1
WRONG = 2
"""The configuration or the command line."""
LEFT = 3
"""Stopped, but orders are left: open, or unknown."""


@contextmanager
def explaining_errors(format: str = "console") -> Iterator[None]:
    """Turn an error into words and the exit code; a bug into its traceback, without secrets."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:
        from livetrio.errors import ConfigError, JournalForeign, LiveTradingError
        from livetrio.supervision.nursery import lone_leaf

        lone = lone_leaf(error)
        if isinstance(lone, ConfigError):
            complain(str(lone), format)
            sys.exit(WRONG)
        if isinstance(lone, LiveTradingError):
            tell_failure(lone, format)
            if isinstance(lone, JournalForeign):
                sys.exit(WRONG)  # another file was meant
        else:
            complain(
                "failed: a bug; please report it with its traceback",
                format,
                trace="".join(traceback.format_exception(error)).rstrip(),
            )
        sys.exit(FAILED)


def tell_failure(failure: BaseException, format: str) -> None:
    """Say why the engine failed: the strategy's own traceback, if it was one, and then a line in words."""
    from livetrio.errors import HandlerError, StrategyFailed

    cause = failure.__cause__
    is_authors = isinstance(failure, StrategyFailed | HandlerError) and cause is not None
    trace = format_strategy_error(cause) if is_authors and cause is not None else None
    complain(f"failed: {' '.join(str(failure).split())}", format, trace=trace)


def format_strategy_error(error: BaseException) -> str:
    """The traceback of what a strategy raised, beginning in the strategy's own file."""
    trace = error.__traceback__
    while trace is not None and _is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace or error.__traceback__)
    return "".join(lines).rstrip()


def _is_machinery(file: str) -> bool:
    """Whether a frame's file belongs to livetrio, or to what stands between it and a strategy."""
    import outcome
    import trio

    import livetrio as package

    folders = [os.path.dirname(str(each.__file__)) for each in (package, trio, outcome)]
    return any(file.startswith(folder + os.sep) for folder in folders)


def complain(text: str, format: str = "console", *, trace: str | None = None) -> None:
    """Print a traceback, if there is one, and then the words to the standard error, without secrets.

    Where logs are JSON, this is a line of JSON as well.
    """
    from livetrio.secrets import mask

    if format == "json":
        import time

        from livetrio.app.logs import render_json
        from livetrio.clock import format_instant

        line = {"timestamp": format_instant(time.time_ns()), "level": "error", "event": text}
        text = render_json(None, "error", line if trace is None else line | {"exception": trace})
    elif trace is not None:
        text = f"{trace}\n{text}"
    click.echo(mask(text), err=True)
