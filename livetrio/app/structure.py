"""structure: plain values, as TOML gives them, into attrs classes, telling every mistake at once.

cattrs does the work; what is added here is strictness and words. Nothing is coerced: ``"3"`` is no number,
``1`` is no boolean, ``1.0`` is no whole number. Each field's validator runs together with the conversion
of that field, because one that runs in ``__init__`` would stop at the first mistake. And where cattrs
raises groups of groups, `structure` raises one `ConfigError` with a line for each mistake.

A field that is not shown (``repr=False``) may hold a secret: in a configuration its texts must be
references (`livetrio.secrets`), and it gets what they refer to.
"""

from __future__ import annotations

import os
import re
import types
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, get_args

import attrs
import cattrs
from cattrs.errors import (
    ClassValidationError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from livetrio.app.kinds import WORDS, describe, is_array, is_literal, is_table, is_union
from livetrio.app.mistakes import Mismatch, explain
from livetrio.app.paths import PathParts, sort_problems
from livetrio.app.rules import Rule, is_number, is_whole, one_of
from livetrio.errors import ConfigError, Problem
from livetrio.secrets import Secret, mask

T = TypeVar("T")


def structure(
    value: object, kind: type[T], *, path: PathParts = (), environ: Mapping[str, str] | None = None
) -> T:
    """Make an object of the attrs class out of a table.

    Args:
      value: what tomllib made of the table, with floats as `Decimal`.
      kind: the class.
      path: goes in front of the paths of the problems.
      environ: where secrets are looked up; by default the environment of the process.

    Raises:
      ConfigError: with everything that is wrong.
    """
    try:
        return _make_converter(os.environ if environ is None else environ).structure(value, kind)
    except Exception as error:  # whatever a class raises about its values is a mistake in the values
        problems = [Problem(each.path, mask(each.message)) for each in explain(error, path, None)]
        raise ConfigError(sort_problems(problems)) from None


# Conversion. A hook makes a value of a type; a factory makes the hook for a kind of types.

Hook = Callable[[Any, Any], Any]


class _Revealed:
    """Stands for `str` in the type of a field that is not shown: a reference, replaced by its value."""


def _make_converter(environ: Mapping[str, str]) -> cattrs.Converter:
    converter = cattrs.Converter()

    def read_secret(value: Any, _: Any) -> Secret:
        secret = Secret(value)
        secret.resolve(environ)
        return secret

    hooks: dict[Any, Hook] = {
        bool: _make_strict(lambda value: isinstance(value, bool)),
        int: _make_strict(is_whole),
        str: _make_strict(lambda value: isinstance(value, str)),
        float: _structure_float,
        Decimal: _structure_decimal,
        Secret: read_secret,
        _Revealed: lambda value, kind: read_secret(value, kind).resolve(),
    }
    for kind, hook in hooks.items():
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(is_literal, _structure_literal)
    converter.register_structure_hook_factory(is_union, _make_union_hook)
    converter.register_structure_hook_factory(is_array, _make_array_hook)
    converter.register_structure_hook_factory(is_table, _make_table_hook)
    converter.register_structure_hook_factory(attrs.has, _make_class_hook)
    return converter


def _make_strict(holds: Callable[[object], bool]) -> Hook:
    def hook(value: object, kind: Any) -> Any:
        if not holds(value):
            raise Mismatch(WORDS[kind], value)
        return value

    return hook


def _structure_float(value: Any, _: Any) -> float:
    try:
        if is_number(value) and is_number(float(value)):
            return float(value)
    except OverflowError:
        pass
    raise Mismatch("a number", value)


def _structure_decimal(value: Any, _: Any) -> Decimal:
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(\.\d+)?", value, re.ASCII):
        return Decimal(value)
    if not is_number(value):
        raise Mismatch("a number", value)
    return (
        value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    )


def _structure_literal(value: Any, kind: Any) -> Any:
    if not any(type(value) is type(choice) and value == choice for choice in get_args(kind)):
        mismatch = Mismatch(describe(kind), value)
        mismatch.rule = one_of(*map(str, get_args(kind)))
        raise mismatch
    return value


def _make_union_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    """``X | None`` is X, for TOML has no null; of several, the first that takes the value."""
    members = [each for each in get_args(kind) if each is not types.NoneType]

    def hook(value: object, _: Any) -> Any:
        if len(members) == 1:
            return converter.structure(value, members[0])
        for member in members:
            try:
                return converter.structure(value, member)
            except Exception as error:
                if isinstance(error, ClassValidationError) and isinstance(value, dict):
                    raise  # a table can only have been meant for the class
        raise Mismatch(describe(kind), value)

    return hook


def _make_array_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    member = get_args(kind)[0]

    def hook(value: object, _: Any) -> Any:
        if not isinstance(value, list):
            raise Mismatch("an array", value)
        return tuple(_structure_items(enumerate(value), member, converter).values())

    return hook


def _make_table_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    member = get_args(kind)[1]

    def hook(value: object, _: Any) -> Any:
        if not isinstance(value, dict):
            raise Mismatch("a table", value)
        return _structure_items(value.items(), member, converter)

    return hook


def _structure_items(
    items: Iterable[tuple[Any, object]], kind: Any, converter: cattrs.Converter
) -> dict[Any, Any]:
    done, errors = {}, []
    for key, value in items:
        try:
            done[key] = converter.structure(value, kind)
        except Exception as error:
            error.add_note(IterableValidationNote(f"at {key}", key, kind))
            errors.append(error)
    if errors:
        raise IterableValidationError("While structuring", errors, kind)
    return done


def _make_class_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    attrs.resolve_types(kind)
    fields: dict[str, Any] = {
        each.name: override(struct_hook=_make_field_hook(each, converter), omit=not each.init)
        for each in attrs.fields(kind)
    }
    generated: Hook = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True, **fields
    )

    def hook(value: object, _: Any) -> Any:
        if not isinstance(value, dict):
            raise Mismatch("a table", value)
        try:
            return generated(value, kind)
        except ClassValidationError as error:
            more = _find_contradictions(error, value, lambda rest: generated(rest, kind))
            if not more:
                raise
            raise ClassValidationError(error.message, [*error.exceptions, *more], kind) from None

    return hook


def _find_contradictions(
    error: ClassValidationError, table: dict[str, Any], make: Callable[[dict[str, Any]], object]
) -> list[Exception]:
    """What the class has against the fields that are right in themselves, where others are not.

    It looks at several fields together, but only when all of them are there; so it is shown the right ones
    alone. What it then says about the wrong ones is about their defaults, and is left out.
    """
    noted, others = error.group_exceptions()
    wrong = {note.name for _, note in noted}
    unknown = {name for each in others for name in getattr(each, "extra_fields", ())}
    if not wrong | unknown:
        return []  # the class has spoken already
    try:
        make({name: value for name, value in table.items() if name not in wrong | unknown})
    except ClassValidationError as again:
        found_now, objections = again.group_exceptions()
        if found_now:
            return []  # a field that must be given is missing
        mentions_wrong = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in wrong) or r"(?!)")
        return [each for each in objections if not mentions_wrong.search(str(each))]
    return []


def _make_field_hook(attribute: attrs.Attribute[Any], converter: cattrs.Converter) -> Hook:
    kind: Any = attribute.type
    is_secret = attribute.repr is False or Secret in (kind, *get_args(kind))
    if attribute.repr is False:
        kind = _reveal(kind)

    def hook(value: object, _: Any) -> Any:
        try:
            structured = converter.structure(value, kind)
        except Exception as error:
            _complete(error, attribute.validator, is_secret)
            raise
        _validate(attribute, structured)
        return structured

    return hook


def _reveal(kind: Any) -> Any:
    """The type with `_Revealed` in place of `str`: of ``str``, ``str | None``, ``Mapping[str, str]``."""
    if kind is str:
        return _Revealed
    if is_union(kind):
        return _reveal(next(each for each in get_args(kind) if each is not types.NoneType))
    if is_table(kind):
        return dict[str, _reveal(get_args(kind)[1])]  # type: ignore[misc]  # a type made at run time
    return kind


def _complete(error: Exception, rule: object, is_secret: bool) -> None:
    """Let a mismatch say what the field's rule expects, and keep to itself what may be a secret."""
    if isinstance(error, Mismatch):
        error.hidden = is_secret
        error.rule = rule if isinstance(rule, Rule) else error.rule
        error.expected = error.rule.expected if error.rule else error.expected
    elif is_secret and isinstance(error, ExceptionGroup):
        for each in error.exceptions:
            _complete(each, None, True)


def _validate(attribute: attrs.Attribute[Any], value: Any) -> None:
    """Run the field's converter and validator now, as far as they need no instance."""
    if isinstance(attribute.converter, attrs.Converter):
        return
    validator: Any = attribute.validator
    if validator is None:
        return
    try:
        validator(None, attribute, attribute.converter(value) if attribute.converter else value)
    except (ConfigError, ValueError):
        raise
    except Exception:
        return  # it looked at the instance; `__init__` will run it with one
