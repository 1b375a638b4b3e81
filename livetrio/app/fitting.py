"""Fitting: tables of a journal as they fit into a terminal; elsewhere they are whole.

What is not as wide as it was is made shorter first (instants without their date's year, ids by their end),
then columns are left out, the least important first, and that is said. `livetrio orders --id` takes ids as
they are shown.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from livetrio.app.tables import one_line

SPARE = (
    "fill_id", "venue id", "venue_order_id", "terms", "type", "fee_currency", "liquidity", "client_order_id",
    "average", "trigger", "strategy", "made", "filled", "realized_pnl",
)  # fmt: skip
"""Columns that can be left out, the least important first."""

PROSE = ("reason", "note", "what")
"""Columns whose text may be cut."""

LEAST_PROSE = 12
"""Characters; with less it is left out."""

GAP = 2

LEAST = 20
"""Characters of a line of prose."""

_INSTANT = re.compile(r"\d{4}-(\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z")
_ID = re.compile(r"0x[0-9a-f]{20}([0-9a-f]{12})")


def terminal_width() -> int | None:
    """Of the standard output; None: it is no terminal, and takes lines of any length."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError, AttributeError):
        return None


def fitted(rows: Sequence[Mapping[str, Any]], text: Callable[[object], str], width: int | None) -> list[str]:
    """The rows as lines, numbers to the right; columns without any value are left out.

    Args:
      text: how a value is written.
      width: of the terminal; None: no limit.
    """
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    columns = {name: [one_line(text(row[name])) for row in rows] for name in names}
    numbers = {name for name in names if all(isinstance(row[name], Decimal | int | None) for row in rows)}
    left_out: list[str] = []
    if width is not None and _width(columns) > width:
        for pattern, short in ((_INSTANT, r"\1 \2"), (_ID, r"…\1")):
            if _width(columns) > width:
                columns = {
                    name: [pattern.sub(short, each) for each in cells] for name, cells in columns.items()
                }
        left_out = _leave_out(columns, width)
    widths = {name: max(map(len, (name, *cells))) for name, cells in columns.items()}
    lines = [_line({name: name for name in columns}, widths, numbers)]
    lines += [
        _line({name: cells[at] for name, cells in columns.items()}, widths, numbers)
        for at in range(len(rows))
    ]
    if left_out:
        words = f"left out, for want of room: {', '.join(left_out)}"
        lines += textwrap.wrap(words, max(width or 0, LEAST), initial_indent="  ", subsequent_indent="  ")
    return lines


def _leave_out(columns: dict[str, list[str]], width: int) -> list[str]:
    """Make the columns fit, as far as that can be; returns the names of those that are gone."""
    gone = []
    for name in SPARE:
        if _width(columns, LEAST_PROSE) <= width:
            break
        if columns.pop(name, None) is not None:
            gone.append(name)
    for name in PROSE:
        if name in columns and _width(columns) > width:
            room = max(map(len, columns[name])) - (_width(columns) - width)
            if room < LEAST_PROSE:
                del columns[name]
                gone.append(name)
            else:
                columns[name] = [
                    each if len(each) <= room else f"{each[: room - 1]}…" for each in columns[name]
                ]
    return gone


def _width(columns: Mapping[str, Sequence[str]], prose: int | None = None) -> int:
    """Of a line; ``prose``: with that much of what may be cut."""
    total = 0
    for name, cells in columns.items():
        wide = max(map(len, (name, *cells)))
        total += GAP + (min(wide, prose) if prose is not None and name in PROSE else wide)
    return total


def _line(cells: Mapping[str, str], widths: Mapping[str, int], numbers: set[str]) -> str:
    parts = (
        each.rjust(widths[name]) if name in numbers else each.ljust(widths[name])
        for name, each in cells.items()
    )
    return (" " * GAP + (" " * GAP).join(parts)).rstrip()
