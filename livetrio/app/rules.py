"""Rules: validators of settings that say in words what they expected and what they found.

A rule is an attrs validator. It checks the type as well as the range, because settings are also made in
Python, where nothing else checks them; a bool is never a number. Its ``expected`` is used by `structure`
for a value of the wrong type, so that a mistake reads the same wherever it was made.
"""

from __future__ import annotations

import datetime
import math
import reprlib
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from livetrio.errors import ConfigError, Problem
from livetrio.model.identifiers import nearest

YEAR_MS = 31_536_000_000
"""The longest duration that a setting takes: whatever is longer is a mistake."""

_shown = reprlib.Repr()
_shown.maxstring = 60
_shown.maxlong = 30


@attrs.frozen(eq=False)
class Rule:
    """One rule, for ``attrs.field(validator=…)``."""

    expected: str
    """Goes after "expected": ``a whole number of milliseconds ≥ 1``."""
    holds: Callable[[Any], bool]
    choices: tuple[str, ...] = ()
    """Where only certain texts will do: those, to name the nearest."""
    most: int | None = None
    """A limit that goes without saying, until it is passed."""

    def __call__(self, instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not self.holds(value):
            raise ConfigError([Problem(attribute.name, self.refuse(value))], source=type(instance).__name__)

    def refuse(self, value: Any) -> str:
        """The sentence about a value that does not fit."""
        close = nearest(value, self.choices) if isinstance(value, str) else None
        hint = f"; did you mean {quote(close)}?" if close else ""
        if self.most is not None and is_whole(value) and value > self.most:
            hint = f"; at most {self.most}"
        return f"expected {self.expected}, found {found(value, self.expected)}{hint}"


def whole(unit: str, minimum: int, maximum: int | None = None) -> Rule:
    """A whole number of something, within bounds that belong to it."""
    noun = f"a whole number of {unit}" if unit else "a whole number"
    bounds = f"≥ {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    limit = math.inf if maximum is None else maximum
    return Rule(f"{noun} {bounds}", lambda value: is_whole(value) and minimum <= value <= limit)


def milliseconds(minimum: int = 1) -> Rule:
    """A duration."""
    return Rule(
        f"a whole number of milliseconds ≥ {minimum}",
        lambda value: is_whole(value) and minimum <= value <= YEAR_MS,
        most=YEAR_MS,
    )


def number(bounds: str, holds: Callable[[float], bool]) -> Rule:
    """A finite number for which ``holds`` is true."""
    return Rule(f"a number {bounds}", lambda value: is_number(value) and holds(value))


def boolean() -> Rule:
    """True or false, and nothing that merely counts as such."""
    return Rule("true or false", lambda value: isinstance(value, bool))


def text(expected: str = "text", holds: Callable[[str], bool] = lambda _: True) -> Rule:
    """A text for which ``holds`` is true."""
    return Rule(expected, lambda value: isinstance(value, str) and holds(value))


def one_of(*choices: str) -> Rule:
    """One of these texts."""
    *most, last = (quote(each) for each in choices)
    return Rule(
        f"{', '.join(most)} or {last}" if most else last,
        lambda value: isinstance(value, str) and value in choices,
        choices,
    )


def several(kind: type, expected: str) -> Rule:
    """A tuple of which every member is of the kind."""
    return Rule(
        expected, lambda value: isinstance(value, tuple) and all(isinstance(each, kind) for each in value)
    )


def made(kind: type) -> Rule:
    """An object of the class."""
    return Rule(f"an object of {kind.__name__}", lambda value: isinstance(value, kind))


def optional(rule: Rule) -> Rule:
    """The rule, or None."""
    return attrs.evolve(rule, holds=lambda value: value is None or rule.holds(value))


def either(first: Rule, second: Rule) -> Rule:
    """Whichever of two rules holds."""
    return Rule(
        f"{first.expected} or {second.expected}",
        lambda value: first.holds(value) or second.holds(value),
        (*first.choices, *second.choices),
    )


def is_whole(value: object) -> bool:
    """Whether it is an int and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a finite number and not a bool."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def as_tuple(value: Any) -> Any:
    """A list (or any other collection but a text or a table) as a tuple: a converter."""
    if isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping):
        return tuple(value)
    return value


def as_float(value: Any) -> Any:
    """A number as a float: a converter. What is no number, or too large for one, stays for the rule."""
    try:
        return float(value) if is_number(value) else value
    except OverflowError:
        return math.inf


def found(value: object, expected: str = "") -> str:
    """The value in the words of TOML, cut short: ``the text "abc"``, ``an array of 3``."""
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() if abs(value) >= 10**30:
            # Python refuses to write out integers of more than 4300 digits.
            return f"a number of {value.bit_length()} bits"
        case int() | float() | Decimal():
            return _digits(value) if "number" in expected else f"the number {_digits(value)}"
        case str() if expected.startswith(("a table", "an array")):
            return f"a text of {len(value)} characters"  # not shown: what was meant may hold a secret
        case str():
            return f"the text {quote(value)}"
        case datetime.date() | datetime.time():
            return f"the date or time {value.isoformat()}"
        case list() | tuple():
            return f"an array of {len(value)}"
        case dict():
            return f"a table of {len(value)}"
        case None:
            return "nothing"
    return f"an object of {type(value).__name__}"


def quote(value: str) -> str:
    """The text in double quotes on one line, cut in the middle where it is long."""
    inner = _shown.repr(value)[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'


def listed(names: Iterable[str]) -> str:
    """``a, b, c``, in order."""
    return ", ".join(sorted(names))


def _digits(value: float | Decimal) -> str:
    return str(value) if len(str(value)) <= 40 else f"{value:.6e}"
