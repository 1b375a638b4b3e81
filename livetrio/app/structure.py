"""structure: plain values, as TOML gives them, into attrs classes, telling every mistake at once.

cattrs does the work; what is added here is strictness and words. Nothing is coerced: ``"3"`` is no number,
``1`` is no boolean, ``1.0`` is no whole number. Each field's validator runs together with the conversion
of that field, because one that runs in ``__init__`` would stop at the first mistake. And where cattrs
raises groups of groups, `structure` raises one `ConfigError` with a line for each mistake.

A field that is not shown (``repr=False``) may hold a secret: in a configuration its texts must be
references (`livetrio.app.secrets`), and it gets what they refer to.
"""

from __future__ import annotations

import datetime
import os
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.errors import IterableValidationNote as ItemNote
from cattrs.gen import make_dict_structure_fn, override

from livetrio.app.rules import Rule, found, is_number, is_whole, one_of
from livetrio.app.secrets import EXPECTED, Secret, mask
from livetrio.errors import ConfigError, Problem
from livetrio.model.identifiers import nearest

T = TypeVar("T")

PathParts = tuple[str | int, ...]
"""Where a value is: keys of tables and indices of arrays."""


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
        problems = [Problem(each.path, mask(each.message)) for each in _explain(error, path, None)]
        raise ConfigError(sort_problems(problems)) from None


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


def unknown_key(path: PathParts, known: Sequence[str]) -> Problem:
    """A key that means nothing, and the one that was probably meant."""
    close = nearest(str(path[-1]), known)
    if close is not None:
        hint = f"; did you mean {close}?"
    else:
        hint = f"; known here: {', '.join(known)}" if 0 < len(known) <= 8 else ""
    return Problem(render_path(path), f"unknown key{hint}")


# Mistakes, in words.


class _Mismatch(Exception):
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


def _explain(error: Exception, path: PathParts, field: str | None) -> Iterator[Problem]:
    """The problems in what cattrs, a validator or a class has raised."""
    if isinstance(error, ClassValidationError):
        noted, others = error.group_exceptions()
        for each, note in noted:
            if isinstance(each, KeyError):
                yield Problem(render_path((*path, note.name)), f"missing; {_wanted(error.cl, note.name)}")
            else:
                yield from _explain(each, (*path, note.name), note.name)
        for each in others:
            yield from _explain(each, path, None)
    elif isinstance(error, IterableValidationError):
        for each, item in error.group_exceptions()[0]:
            yield from _explain(each, (*path, item.index), None)
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
    elif isinstance(error, _Mismatch):
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
        message = f"{type(error).__name__}: {message}"
    return Problem(render_path(path), message or type(error).__name__)


def _is_at(field: str, problem: Problem) -> bool:
    return re.match(rf"{re.escape(field)}(?![\w-])", problem.path) is not None


def _wanted(kind: type[Any], name: str) -> str:
    attribute = attrs.fields_dict(kind)[name]
    rule = attribute.validator
    return f"expected {rule.expected if isinstance(rule, Rule) else _describe(attribute.type)}"


def _describe(kind: Any) -> str:
    """A type in the words of TOML."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, NewType):
        return _describe(kind.__supertype__)
    if _is_union(kind):
        return " or ".join(_describe(each) for each in arguments if each is not types.NoneType)
    if origin is Literal:
        return one_of(*map(str, arguments)).expected
    if isinstance(kind, type) and issubclass(kind, Enum):
        return one_of(*(str(member.value) for member in kind)).expected
    return _WORDS.get(origin or kind, "a table" if _is_table(kind) else getattr(kind, "__name__", "a value"))


_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    Path: "a path",
    Secret: EXPECTED,
    datetime.datetime: "a date and time",
    datetime.date: "a date",
    datetime.time: "a time",
}


# Conversion.


def _make_converter(environ: Mapping[str, str]) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)

    def resolve(value: object, _: Any) -> Secret:
        secret = Secret(value)  # type: ignore[arg-type]  # refuses what is no text
        secret.resolve(environ)
        return secret

    converter.register_structure_hook_func(
        _is_exact(bool), _make_strict(lambda value: isinstance(value, bool))
    )
    converter.register_structure_hook_func(_is_exact(int), _make_strict(is_whole))
    converter.register_structure_hook_func(_is_exact(str), _make_strict(lambda value: isinstance(value, str)))
    converter.register_structure_hook_func(_is_exact(float), _structure_float)
    converter.register_structure_hook_func(_is_exact(Decimal), _structure_decimal)
    converter.register_structure_hook_func(_is_exact(Path), _structure_path)
    for kind in (datetime.datetime, datetime.date, datetime.time):
        converter.register_structure_hook_func(_is_exact(kind), _structure_time)
    converter.register_structure_hook_func(_is_exact(Secret), resolve)
    converter.register_structure_hook_func(
        _is_exact(_Revealed), lambda value, kind: resolve(value, kind).resolve()
    )
    converter.register_structure_hook_func(_is_enum, _structure_enum)
    converter.register_structure_hook_func(lambda kind: get_origin(kind) is Literal, _structure_literal)
    converter.register_structure_hook_factory(_is_union, lambda kind: _make_union_hook(kind, converter))
    converter.register_structure_hook_factory(_is_array, lambda kind: _make_array_hook(kind, converter))
    converter.register_structure_hook_factory(_is_table, lambda kind: _make_table_hook(kind, converter))
    converter.register_structure_hook_factory(attrs.has, lambda kind: _make_class_hook(kind, converter))
    return converter


Hook = Callable[[Any, Any], Any]


class _Revealed:
    """Stands for `str` in the type of a field that is not shown: a reference, to be replaced by its value."""


def _is_exact(kind: type) -> Callable[[Any], bool]:
    return lambda other: other is kind


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _is_array(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return origin in (tuple, list, set, frozenset, Sequence, AbstractSet)


def _is_table(kind: Any) -> bool:
    return (get_origin(kind) or kind) in (dict, Mapping)


def _make_strict(holds: Callable[[object], bool]) -> Hook:
    def hook(value: object, kind: Any) -> Any:
        if not holds(value):
            raise _Mismatch(_WORDS[kind], value)
        return value

    return hook


def _structure_float(value: Any, _: Any) -> float:
    try:
        if is_number(value) and is_number(float(value)):
            return float(value)
    except OverflowError:
        pass
    raise _Mismatch("a number", value)


def _structure_decimal(value: Any, _: Any) -> Decimal:
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(\.\d+)?", value, re.ASCII):
        return Decimal(value)
    if not is_number(value):
        raise _Mismatch("a number", value)
    return (
        value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    )


def _structure_path(value: Any, _: Any) -> Path:
    if not isinstance(value, str):
        raise _Mismatch("a path", value)
    return Path(value)


def _structure_time(value: Any, kind: Any) -> Any:
    if type(value) is not kind:
        raise _Mismatch(_WORDS[kind], value)
    return value


def _structure_enum(value: Any, kind: Any) -> Any:
    members = {str(member.value): member for member in kind}
    return _choose(value, members)


def _structure_literal(value: Any, kind: Any) -> Any:
    for choice in get_args(kind):
        if type(value) is type(choice) and value == choice:
            return value
    return _choose(value, {each: each for each in get_args(kind) if isinstance(each, str)})


def _choose(value: Any, choices: Mapping[str, T]) -> T:
    if isinstance(value, str) and value in choices:
        return choices[value]
    mismatch = _Mismatch("a value", value)
    mismatch.rule = one_of(*choices) if choices else None
    raise mismatch


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
        raise _Mismatch(_describe(kind), value)

    return hook


def _make_array_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    origin = get_origin(kind) or kind
    make = origin if origin in (list, set, frozenset) else frozenset if origin is AbstractSet else tuple
    arguments = get_args(kind)
    fixed = origin is tuple and arguments and not (len(arguments) == 2 and arguments[1] is Ellipsis)

    def hook(value: object, _: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _Mismatch("an array", value)
        if fixed and len(value) != len(arguments):
            raise _Mismatch(f"an array of {len(arguments)}", value)
        kinds = arguments if fixed else [arguments[0] if arguments else Any] * len(value)
        pairs = [(index, each, kinds[index]) for index, each in enumerate(value)]
        return make(_structure_items(pairs, kind, converter).values())

    return hook


def _make_table_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    arguments = get_args(kind) or (str, Any)

    def hook(value: object, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _Mismatch("a table", value)
        return _structure_items([(key, each, arguments[1]) for key, each in value.items()], kind, converter)

    return hook


def _structure_items(
    items: Sequence[tuple[Any, object, Any]], kind: Any, converter: cattrs.Converter
) -> dict[Any, Any]:
    done, errors = {}, []
    for key, value, item_kind in items:
        try:
            done[key] = converter.structure(value, item_kind)
        except Exception as error:
            error.add_note(ItemNote(f"at {key}", key, item_kind))
            errors.append(error)
    if errors:
        raise IterableValidationError("While structuring", errors, kind)
    return done


def _make_class_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    attrs.resolve_types(kind)
    hooks = {
        each.name: override(struct_hook=_make_field_hook(each, converter), omit=not each.init)
        for each in attrs.fields(kind)
    }
    generated: Hook = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True, **hooks
    )

    def hook(value: object, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _Mismatch("a table", value)
        return generated(value, kind)

    return hook


def _make_field_hook(attribute: attrs.Attribute[Any], converter: cattrs.Converter) -> Hook:
    kind = _reveal(attribute.type) if attribute.repr is False else attribute.type
    is_secret = attribute.repr is False or Secret in (kind, *get_args(kind))

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
    """The type with `_Revealed` in place of `str`."""
    if kind is str:
        return _Revealed
    arguments = tuple(_reveal(each) for each in get_args(kind))
    if _is_union(kind):
        return Union[arguments]
    if _is_table(kind):
        return dict[str, arguments[1]]  # type: ignore[valid-type]  # made at run time
    if _is_array(kind):
        return get_origin(kind)[arguments]  # type: ignore[index]
    return kind


def _complete(error: Exception, rule: object, is_secret: bool) -> None:
    """Let a mismatch say what the field's rule expects, and keep to itself what may be a secret."""
    if isinstance(error, _Mismatch):
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


def _quote_key(key: str) -> str:
    shown = key if len(key) <= 60 else f"{key[:57]}..."
    return (
        '"'
        + "".join(each if each.isprintable() and each != '"' else repr(each)[1:-1] for each in shown)
        + '"'
    )
