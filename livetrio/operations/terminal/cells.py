"""Cells: text as a terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, east_asian_width


def escape(text: str) -> str:
    """The text with line breaks and other control characters written as escapes: venues have a say in it."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text
    )


def width_of(text: str) -> int:
    """How many columns a printable text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if east_asian_width(character) in "WF":
        return 2
    return 0 if category(character) in ("Mn", "Me") else 1


def cut(text: str, width: int) -> str:
    """A printable text in at most so many columns; an ellipsis at the end says that there was more."""
    if width_of(text) <= width:
        return text
    if width < 1:
        return ""
    return _beginning(text, width - 1) + "…"


def _beginning(text: str, width: int) -> str:
    used = 0
    for at, each in enumerate(text):
        used += _width(each)
        if used > width:
            return text[:at]
    return text


def wrap(text: str, width: int, most: int) -> Sequence[str]:
    """A printable text on at most so many lines, broken between words where that can be."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most:
        if len(lines) == most - 1:
            lines.append(cut(rest, width))
            break
        line = rest if width_of(rest) <= width else _beginning(rest, width)
        if len(line) < len(rest) and " " in line.strip() and not rest[len(line)].isspace():
            line = line[: line.rindex(" ")]
        line = line or rest[0]  # too narrow even for one that is wide
        lines.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    return lines


def pad(text: str, width: int, *, left: bool) -> str:
    """A text that fits, filled up with spaces; to the left or to the right."""
    space = " " * (width - width_of(text))
    return text + space if left else space + text
