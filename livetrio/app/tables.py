"""Tables: aligned text for people, and numbers and names as they stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MAX_CELL = 48
"""Characters of a name in a table."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int) -> list[str]:
    """Aligned columns, the first ``left`` of them to the left and the others to the right."""
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def count(number: int) -> str:
    """With commas."""
    return f"{number:,}"


def counts(numbers: Mapping[str, int]) -> str:
    """``3 this, 4 that``."""
    return ", ".join(f"{count(number)} {name}" for name, number in sorted(numbers.items()))


def cell(name: str) -> str:
    """On one line, and not too long."""
    text = one_line(name)
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def one_line(text: str) -> str:
    """The text without line breaks and control characters: venues and URLs have a say in it."""
    return "".join(each if each.isprintable() else " " for each in text).strip()
