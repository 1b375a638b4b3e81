"""Parameters: from the configuration's table to what a strategy's class or function takes."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

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
    """The parameters of a strategy's class (its attrs fields) or function (all after the context)."""
    if isinstance(target, type):
        if not attrs.has(target):
            return []
        attrs.resolve_types(target)
        return [
            Parameter(field.alias, field.type or Any, field.default is attrs.NOTHING)
            for field in attrs.fields(target)
            if field.init
        ]
    hints = typing.get_type_hints(target)
    found = list(inspect.signature(target).parameters.values())[1:]
    return [
        Parameter(each.name, hints.get(each.name, Any), each.default is inspect.Parameter.empty)
        for each in found
        if each.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    ]


def structure_params(
    target: Callable[..., Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments for the target, and everything that is wrong with what was given.

    Values are taken strictly: text is no number and 1 is not true; but a Decimal may be written as text,
    and a float parameter takes any number.
    """
    declared = {each.name: each for each in parameters_of(target)}
    arguments: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if name not in declared:
            problems.append(Problem(f"params.{name}", _unknown(name, declared)))
            continue
        try:
            arguments[name] = _CONVERTER.structure(value, declared[name].type)
        except (ValueError, TypeError, BaseValidationError) as error:
            problems.append(Problem(f"params.{name}", _words(error, declared[name].type, value)))
        except cattrs.StructureHandlerNotFoundError:
            expected = _name_of_type(declared[name].type)
            problems.append(
                Problem(f"params.{name}", f"a {expected} cannot be written in a configuration file")
            )
    problems += [
        Problem(f"params.{each.name}", f"missing: the strategy needs a {_name_of_type(each.type)} here")
        for each in declared.values()
        if each.is_required and each.name not in given
    ]
    return arguments, problems


def _unknown(name: str, declared: Mapping[str, Parameter]) -> str:
    close = nearest(name, declared)
    if close is not None:
        return f"unknown parameter; did you mean {close!r}?"
    return f"unknown parameter; the strategy takes {', '.join(sorted(declared)) or 'none'}"


def _words(error: Exception, expected: Any, value: object) -> str:
    while isinstance(error, BaseValidationError) and error.exceptions:
        error = error.exceptions[0]
    text = str(error)
    return text if text.startswith("expected") else f"expected {_name_of_type(expected)}, found {value!r}"


def _name_of_type(kind: Any) -> str:
    names = {Decimal: "number", float: "number", int: "whole number", str: "text", bool: "true or false"}
    return names.get(kind) or getattr(kind, "__name__", None) or str(kind).replace("typing.", "")


def _take(kind: type, wanted: str, accepts: tuple[type, ...], make: Callable[[Any], Any]) -> None:
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
_CONVERTER.register_structure_hook_func(
    lambda kind: kind is InstrumentId, lambda value, _type: instrument_id(_text(value))
)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected an instrument id such as BTC-USD-PERP.HYPERLIQUID, found {value!r}")
    return value
