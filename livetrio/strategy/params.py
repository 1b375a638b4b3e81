"""Parameters: from the configuration's table to what a strategy's class or function takes."""

from __future__ import annotations

import datetime
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import attrs
import cattrs
from cattrs.errors import BaseValidationError

from livetrio.errors import Problem
from livetrio.model import InstrumentId, instrument_id, nearest


@attrs.frozen
class Parameter:
    """One parameter that a strategy declares."""

    name: str
    type: Any
    """``Any`` where it declares none."""
    is_required: bool


def parameters_of(target: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a strategy's class (its attrs fields) or function (all after the context).

    Raises:
      NameError: the type of one names what is not there at run time.
    """
    if isinstance(target, type):
        fields = [field for field in attrs.fields(target) if field.init] if attrs.has(target) else []
        hints = _types_of_fields(target, {field.name for field in fields})
        return [
            Parameter(field.alias, hints.get(field.name, Any), field.default is attrs.NOTHING)
            for field in fields
        ]
    found = [
        each
        for each in list(inspect.signature(target).parameters.values())[1:]
        if each.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    ]
    hints = _types_of(inspect.unwrap(target), {each.name for each in found})
    return [
        Parameter(each.name, hints.get(each.name, Any), each.default is inspect.Parameter.empty)
        for each in found
    ]


def _types_of_fields(target: type, names: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in reversed(target.__mro__):
        found |= _types_of(each, names)
    return found


def _types_of(what: Callable[..., Any], names: set[str]) -> dict[str, Any]:
    """The types of these names alone: that of the context is often imported for the type checker only."""
    wanted = {name: kind for name, kind in inspect.get_annotations(what).items() if name in names}
    is_function = isinstance(what, types.FunctionType)
    namespace = what.__globals__ if is_function else vars(sys.modules[what.__module__])
    return typing.get_type_hints(types.SimpleNamespace(__annotations__=wanted), globalns=namespace)


def structure_params(
    target: Callable[..., Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments for the target, and everything that is wrong with what was given.

    Values are taken strictly: text is no number and 1 is not true; but a Decimal may be written as text,
    and a float parameter takes any number.
    """
    try:
        declared = {each.name: each for each in parameters_of(target)}
    except NameError as error:
        return {}, [Problem("params", f"the types of the strategy's parameters cannot be told: {error}")]
    arguments: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if name not in declared:
            problems.append(Problem(f"params.{name}", _unknown(name, declared)))
            continue
        try:
            arguments[name] = _structure(value, declared[name].type)
        except cattrs.StructureHandlerNotFoundError:
            expected = _expected(declared[name].type)
            problems.append(
                Problem(f"params.{name}", f"its type, {expected}, cannot be written in a configuration file")
            )
        except Exception as error:  # whatever a type makes of a value that it does not like
            problems.append(Problem(f"params.{name}", _words(error, declared[name].type, value)))
    problems += [
        Problem(f"params.{each.name}", f"missing: expected {_expected(each.type)}")
        for each in declared.values()
        if each.is_required and each.name not in given
    ]
    return arguments, problems


def _structure(value: object, kind: Any) -> Any:
    if isinstance(value, str) and _expected(kind).startswith("an array"):
        raise TypeError("text would do as an array of letters, but nobody means that")
    return _CONVERTER.structure(value, kind)


def _unknown(name: str, declared: Mapping[str, Parameter]) -> str:
    close = nearest(name, declared)
    if close is not None:
        return f"unknown parameter; did you mean {close!r}?"
    return f"unknown parameter; the strategy takes {', '.join(sorted(declared)) or 'none'}"


def _words(error: Exception, expected: Any, value: object) -> str:
    while isinstance(error, BaseValidationError) and error.exceptions:
        error = error.exceptions[0]
    text = str(error)
    return text if text.startswith("expected") else f"expected {_expected(expected)}, found {value!r}"


def _expected(kind: Any) -> str:
    """What is to be written for a type, in words."""
    if kind in _WORDS:
        return _WORDS[kind]
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is Literal:
        return _one_of(arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_expected(each) for each in arguments if each is not type(None))
    if isinstance(origin, type):
        if issubclass(origin, Enum):
            return _one_of(each.value for each in origin)
        if attrs.has(origin):
            return f"a table of {', '.join(field.alias for field in attrs.fields(origin))}"
        if issubclass(origin, Mapping):
            return "a table"
        if issubclass(origin, Sequence | Set) and origin is not bytes:
            kinds = {each for each in arguments if each is not ...}
            return f"an array, each {_expected(kinds.pop())}" if len(kinds) == 1 else "an array"
    return getattr(kind, "__name__", None) or str(kind).replace("typing.", "")


def _one_of(values: Iterable[object]) -> str:
    return f"one of {', '.join(repr(each) for each in values)}"


_WORDS: dict[Any, str] = {InstrumentId: "an instrument id such as BTC-USD-PERP.HYPERLIQUID", Any: "a value"}


def _take(kind: type, wanted: str, accepts: tuple[type, ...], make: Callable[[Any], Any]) -> None:
    _WORDS[kind] = wanted

    def hook(value: Any, _type: Any) -> Any:
        if not isinstance(value, accepts) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"expected {wanted}, found {value!r}")
        try:
            return make(value)
        except ArithmeticError:
            raise ValueError(f"expected {wanted}, found {value!r}") from None

    _CONVERTER.register_structure_hook(kind, hook)


def _decimal(value: int | str | Decimal | float) -> Decimal:
    number = Decimal(str(value) if isinstance(value, float) else value)
    if not number.is_finite():
        raise ValueError(f"expected a finite number, found {value!r}")
    return number


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_take(int, "a whole number", (int,), int)
_take(float, "a number", (int, float, Decimal), float)
_take(Decimal, "a number", (int, float, Decimal, str), _decimal)
_take(str, "text", (str,), str)
_take(bool, "true or false", (bool,), bool)
_take(Path, "a path", (str,), Path)
_take(datetime.datetime, "a date and time", (datetime.datetime,), lambda value: value)
_take(datetime.date, "a date", (datetime.date,), lambda value: value)
_take(datetime.time, "a time", (datetime.time,), lambda value: value)
_CONVERTER.register_structure_hook_func(
    lambda kind: kind is InstrumentId, lambda value, _type: instrument_id(_text(value))
)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected {_WORDS[InstrumentId]}, found {value!r}")
    return value
