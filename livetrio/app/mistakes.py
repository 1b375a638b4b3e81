"""Mistakes: what cattrs, a rule or a class has raised about values, as problems in words.

cattrs raises groups of groups; `explain` makes a `Problem` of each error in them, with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from livetrio.app.kinds import describe
from livetrio.app.paths import PathParts, join_paths, render_path
from livetrio.app.rules import Rule, found
from livetrio.errors import ConfigError, Problem
from livetrio.model.identifiers import nearest


class Mismatch(Exception):
    """A value is not of the type that is wanted."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(expected, value)
        self.expected = expected
        self.value = value
        self.rule: Rule | None = None
        self.hidden = False

    def __str__(self) -> str:
        if self.hidden:
            return f"expected {self.expected}, found something else; it is not shown"
        if self.rule is not None:
            return self.rule.refuse(self.value)
        return f"expected {self.expected}, found {found(self.value, self.expected)}"


def explain(error: Exception, path: PathParts, field: str | None) -> Iterator[Problem]:
    """The problems in what cattrs, a validator or a class has raised."""
    if isinstance(error, ClassValidationError):
        noted, others = error.group_exceptions()
        for each, note in noted:
            if isinstance(each, KeyError):
                yield Problem(render_path((*path, note.name)), f"missing; {_wanted(error.cl, note.name)}")
            else:
                yield from explain(each, (*path, note.name), note.name)
        for each in others:
            yield from explain(each, path, None)
    elif isinstance(error, IterableValidationError):
        for each, item in error.group_exceptions()[0]:
            yield from explain(each, (*path, item.index), None)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [each.name for each in attrs.fields(error.cl) if each.init]
        for name in sorted(error.extra_fields):
            yield unknown_key((*path, name), known)
    elif isinstance(error, ConfigError):
        # A rule names its own field, of which the path knows already.
        prefix = (
            path[:-1] if field is not None and all(_is_at(field, each) for each in error.problems) else path
        )
        for problem in error.problems:
            yield Problem(join_paths(render_path(prefix), problem.path), problem.message)
    elif isinstance(error, Mismatch):
        yield Problem(render_path(path), str(error))
    else:
        yield _explain_foreign(error, path, field)


def _explain_foreign(error: Exception, path: PathParts, field: str | None) -> Problem:
    """What somebody else's validator or class has raised: its words, without the name in front of them."""
    message = str(error.args[0]) if error.args and isinstance(error, TypeError | ValueError) else str(error)
    named = re.match(r"(\w+)((?:\.[\w-]+)*): (.*)", message, re.DOTALL)
    if field is not None and named is not None and named[1] == field:
        return Problem(render_path(path) + named[2], named[3])
    if not isinstance(error, ValueError):
        message = f"{type(error).__name__}: {message}" if message else ""
    return Problem(render_path(path), message or type(error).__name__)


def _is_at(field: str, problem: Problem) -> bool:
    return re.match(rf"{re.escape(field)}(?![\w-])", problem.path) is not None


def _wanted(kind: type[Any], name: str) -> str:
    attribute = attrs.fields_dict(kind)[name]
    rule = attribute.validator
    return f"expected {rule.expected if isinstance(rule, Rule) else describe(attribute.type)}"


def unknown_key(path: PathParts, known: Sequence[str]) -> Problem:
    """A key that means nothing, and the one that was probably meant."""
    close = nearest(str(path[-1]), known)
    if close is not None:
        hint = f"; did you mean {close}?"
    else:
        hint = f"; known here: {', '.join(known)}" if 0 < len(known) <= 10 else ""
    return Problem(render_path(path), f"unknown key{hint}")
