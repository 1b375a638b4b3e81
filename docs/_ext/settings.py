"""Settings: what a configuration can say, read from the classes that it is read into.

Every field is told with its name, its type in words, its default, the docstring below it, and the variable of
the environment that overrides it. Needs nothing but livetrio, so that the tests can look at it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

import attrs

from livetrio.app.load import ENVIRONMENT_PREFIX
from livetrio.secrets import Secret

DERIVED = {"url", "host", "port", "path", "use_tls"}
"""Of an endpoint: each follows from the others, and its docstring says how."""

_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Decimal: "an amount, as text",
    Secret: "a reference to a secret",
    Any: "any value",
}


@attrs.frozen
class Setting:
    """One field of a settings class."""

    name: str
    words: str
    """Its type."""
    default: str
    text: str
    """The docstring below the field."""


def settings_of(kind: type[Any]) -> list[Setting]:
    """All fields of a settings class, in the order in which they are written."""
    texts = _texts(kind)
    hints = typing.get_type_hints(kind)
    return [
        Setting(each.name, type_words(each.name, hints[each.name]), _default(each), texts.get(each.name, ""))
        for each in attrs.fields(kind)
    ]


def environment_name(section: str, field: str) -> str:
    """The variable that overrides a field of a section as it is written in a file: ``[risk]``."""
    return ENVIRONMENT_PREFIX + "__".join((*section.strip("[]").split("."), field)).upper()


def type_words(name: str, hint: Any) -> str:
    """A type as whoever writes the file would say it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_words(name, each) for each in arguments if each is not types.NoneType)
    if origin is Literal:
        return "one of " + ", ".join(f'`"{each}"`' for each in arguments)
    if origin is tuple:
        return f"an array, each {type_words(name, arguments[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"a table, each {type_words(name, arguments[1])}"
    if attrs.has(hint):
        return f"a table ({hint.__name__})"
    if hint is int and name.endswith("_ms"):
        return "milliseconds"
    if hint is int and name.endswith("_bytes"):
        return "bytes"
    if hint is Decimal and name.endswith("_bps"):
        return "basis points, as text"
    return _WORDS[hint]


def _default(field: attrs.Attribute[Any]) -> str:
    if field.name in DERIVED and field.default is None:
        return "see there"
    if field.default is attrs.NOTHING:
        return "none: it must be given"
    value: Any = field.default
    value = value.factory() if isinstance(value, attrs.Factory) else value  # type: ignore[arg-type]  # a class, to mypy a function
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f"`{value:_}`"
    if isinstance(value, str | Decimal):
        return f'`"{value}"`'
    if value in ((), {}):
        return "`[]`" if value == () else "`{}`"
    return f"`{value}`"


def _texts(kind: type[Any]) -> dict[str, str]:
    """The docstrings below the fields, those of base classes included."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if attrs.has(each):
            texts.update(_own_texts(each))
    return texts


def _own_texts(kind: type[Any]) -> Iterator[tuple[str, str]]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
