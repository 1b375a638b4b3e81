"""Grid: aligned columns that fit into a width, with tones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from livetrio.operations.terminal.cells import cut, escape, pad, width_of

PLAIN = "\x1b[0m"
TONES: Mapping[str, str] = {
    "": "",
    "dim": "\x1b[2m",
    "bold": "\x1b[1m",
    "good": "\x1b[32m",
    "warn": "\x1b[33m",
    "bad": "\x1b[1;31m",
}
"""What a text means, as a colour. The words alone say it as well."""

GAP = "  "
LEAST = 0.8
"""Of its width the first column keeps so much: names that are cut short are not told apart."""

Cell = str | tuple[str, str]
"""A text, or a text and its tone."""


def tint(text: str, tone: str, *, colours: bool) -> str:
    """A text in the colour of its tone."""
    return f"{TONES[tone]}{text}{PLAIN}" if colours and tone and text else text


@attrs.frozen
class Grid:
    """A table."""

    title: str
    """Head of the first column."""
    head: Sequence[str]
    """Of the other columns, the most important first: where there is no room the last ones are left out."""
    rows: Sequence[Sequence[Cell]]
    """The most important first, likewise."""
    left: int = 1
    """How many columns, from the first, are aligned to the left."""

    def lines(self, width: int, most: int, *, colours: bool) -> list[str]:
        """It in a width, and in so many lines; its head says how many rows there are no lines for."""
        if most < 2 or not self.rows:
            return []
        shown = self.rows[: most - 1]
        title = self.title if len(shown) == len(self.rows) else f"{self.title} {len(shown)}/{len(self.rows)}"
        table = [
            [(text, "dim") for text in (title, *self.head)],
            *([_cell(each) for each in row] for row in shown),
        ]
        wanted = [max(width_of(row[at][0]) for row in table) for at in range(len(table[0]))]
        widths = _fit(wanted, width, least=max(width_of(title), round(LEAST * wanted[0])))
        return [self._line(row, widths, colours) for row in table]

    def _line(self, row: Sequence[tuple[str, str]], widths: Sequence[int], colours: bool) -> str:
        cells = [
            tint(pad(cut(text, width), width, left=at < self.left), tone, colours=colours)
            for at, ((text, tone), width) in enumerate(zip(row, widths, strict=False))
        ]
        return GAP.join(cells).rstrip()


def _cell(cell: Cell) -> tuple[str, str]:
    return (escape(cell), "") if isinstance(cell, str) else (escape(cell[0]), cell[1])


def _fit(wanted: Sequence[int], width: int, least: int) -> list[int]:
    """The widths of as many columns as fit: the first gives way a little, then the last are left out."""
    widths = list(wanted)
    while True:
        over = sum(widths) + len(GAP) * (len(widths) - 1) - width
        if over <= 0:
            return widths
        if widths[0] - over >= least:
            widths[0] -= over
            return widths
        if len(widths) == 1:
            return [width]
        widths.pop()
