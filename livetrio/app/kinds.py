"""Kinds: the types that settings have, told apart, and in the words of TOML."""

from __future__ import annotations

import types
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from livetrio.app.rules import one_of
from livetrio.secrets import EXPECTED, Secret

WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    Secret: EXPECTED,
}


def describe(kind: Any) -> str:
    """A type in the words of TOML."""
    if is_union(kind):
        return " or ".join(describe(each) for each in get_args(kind) if each is not types.NoneType)
    if is_literal(kind):
        return one_of(*map(str, get_args(kind))).expected
    if is_array(kind):
        return "an array"
    return "a table" if is_table(kind) or attrs.has(kind) else WORDS.get(kind, "a value")


def is_literal(kind: Any) -> bool:
    """Whether it is one of several values."""
    origin: Any = get_origin(kind)
    return origin is Literal


def is_union(kind: Any) -> bool:
    """Whether it is one of several types."""
    return get_origin(kind) in (Union, types.UnionType)


def is_array(kind: Any) -> bool:
    """A tuple of any length, the only kind that frozen settings hold."""
    return get_origin(kind) is tuple


def is_table(kind: Any) -> bool:
    """A mapping of any keys to values of one type."""
    return get_origin(kind) in (dict, Mapping)
