"""Durations as people write them: ``30s``, ``5m``, ``1h30m``, ``500ms``."""

from __future__ import annotations

import re

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

_PART = r"(\d{1,9}(?:\.\d{1,9})?)"
_PATTERN = re.compile("".join(f"(?:{_PART}{unit})?" for unit in _UNITS), re.ASCII)


def parse_duration(text: str) -> float:
    """The seconds of a duration: numbers with units d, h, m, s and ms, larger units first.

    Raises:
      ValueError: it is none, or is zero.
    """
    match = _PATTERN.fullmatch(text.strip())
    seconds = 0.0
    if match is not None:
        for number, unit in zip(match.groups(), _UNITS.values(), strict=True):
            seconds += float(number or 0) * unit
    if seconds <= 0:
        raise ValueError(f"expected a duration such as 30s, 5m, 1h30m or 500ms, found {text!r}")
    return seconds


def format_duration(seconds: float) -> str:
    """For people: ``2h 5m``, ``1m 30s``, ``3.2s``, ``0.4s``; the two largest units."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")]
    while not parts[0][0]:
        del parts[0]
    return " ".join(f"{count}{unit}" for count, unit in parts[:2])


def format_delay(seconds: float) -> str:
    """The same of what is short most often: ``0.4 ms``; from a second on as `format_duration`."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else format_duration(seconds)
