"""Paths: where in a configuration a value is, as its problems name it: ``strategies[0].params.size``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livetrio.errors import Problem

PathParts = tuple[str | int, ...]
"""Where a value is: keys of tables and indices of arrays."""


def render_path(path: PathParts) -> str:
    """``strategies[0].params.size``; a key that is no bare word is quoted as in TOML."""
    rendered = ""
    for part in path:
        if isinstance(part, int):
            rendered += f"[{part}]"
            continue
        bare = re.fullmatch(r"[\w-]+", part, re.ASCII)
        rendered += ("." if rendered else "") + (part if bare else _quote_key(part))
    return rendered


def join_paths(prefix: str, path: str) -> str:
    """One path below another; either may be empty."""
    return f"{prefix}{'.' if prefix and path and not path.startswith('[') else ''}{path}"


def sort_problems(problems: Sequence[Problem]) -> list[Problem]:
    """By path, with numbers in their own order; each only once."""

    def key(problem: Problem) -> tuple[list[tuple[int, str]], str]:
        parts = re.split(r"(\d{1,9})", problem.path)
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], problem.message

    return sorted(dict.fromkeys(problems), key=key)


def _quote_key(key: str) -> str:
    shown = key if len(key) <= 60 else f"{key[:57]}..."
    escaped = shown.replace("\\", r"\\").replace('"', r"\"")
    return '"' + "".join(each if each.isprintable() else repr(each)[1:-1] for each in escaped) + '"'
