"""From a table of the configuration to the arguments of a strategy, and all that can be wrong with it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs
import pytest

from livetrio import Strategy
from livetrio.model import InstrumentId
from livetrio.strategy.params import Parameter, parameters_of, structure_params

if TYPE_CHECKING:
    from nowhere import Unheard

    from livetrio import Context

BTC = "BTC-USD-PERP.HYPERLIQUID"
AN_ID = "an instrument id such as BTC-USD-PERP.HYPERLIQUID"


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.define
class Leg:
    instrument: InstrumentId
    size: Decimal = Decimal(1)


@attrs.define
class Spread(Strategy):
    KIND: ClassVar[str] = "spread"
    instrument: InstrumentId
    limit: Decimal = Decimal(5)
    _depth: int = 3
    seen: int = attrs.field(default=0, init=False)
    rest: Any = None


@attrs.define
class WiderSpread(Spread):
    limit: Decimal = Decimal(50)
    legs: tuple[Leg, ...] = ()


class Bare(Strategy):
    pass


async def momentum(
    ctx: Context, instrument: InstrumentId, period: int = 20, *, untyped, on: bool = True
) -> Unheard:
    pass


def takes(kind):
    """A strategy of one parameter of this type."""

    async def strategy(ctx, it): ...

    strategy.__annotations__ = {"it": kind}
    return strategy


def problems_of(target, given):
    return [str(each) for each in structure_params(target, given)[1]]


# What a strategy declares.


def test_the_parameters_of_a_class_are_its_attrs_fields():
    assert parameters_of(Spread) == [
        Parameter("instrument", InstrumentId, True),
        Parameter("limit", Decimal, False),
        Parameter("depth", int, False),
        Parameter("rest", Any, False),
    ]


def test_inherited_fields_are_parameters_too():
    assert [each.name for each in parameters_of(WiderSpread)] == [
        "instrument",
        "depth",
        "rest",
        "limit",
        "legs",
    ]
    assert parameters_of(WiderSpread)[-1] == Parameter("legs", tuple[Leg, ...], False)


def test_a_class_without_fields_has_no_parameters():
    assert parameters_of(Bare) == []
    assert problems_of(Bare, {"x": 1}) == ["params.x: unknown parameter; the strategy takes none"]


def test_the_parameters_of_a_function_are_all_after_the_context():
    assert parameters_of(momentum) == [
        Parameter("instrument", InstrumentId, True),
        Parameter("period", int, False),
        Parameter("untyped", Any, True),
        Parameter("on", bool, False),
    ]


def test_catch_alls_are_no_parameters():
    async def strategy(ctx, size: int, *args, **kwargs): ...

    assert [each.name for each in parameters_of(strategy)] == ["size"]


def test_a_type_that_is_not_there_at_run_time_is_a_problem_and_no_crash():
    async def strategy(ctx: Unheard, size: Unheard): ...

    [problem] = problems_of(strategy, {"size": 1})
    assert (
        problem
        == "params: the types of the strategy's parameters cannot be told: name 'Unheard' is not defined"
    )


# What is right.


@pytest.mark.parametrize(
    "kind, given, taken",
    [
        (int, 5, 5),
        (float, 5, 5.0),
        (float, 2.5, 2.5),
        (Decimal, "0.10", Decimal("0.10")),
        (Decimal, 0.1, Decimal("0.1")),
        (Decimal, 3, Decimal(3)),
        (Decimal, Decimal("1.5"), Decimal("1.5")),
        (bool, True, True),
        (str, "text", "text"),
        (Path, "a/b", Path("a/b")),
        (InstrumentId, BTC, BTC),
        (InstrumentId | None, BTC, BTC),
        (InstrumentId | None, None, None),
        (Decimal | None, "1.5", Decimal("1.5")),
        (Literal["a", "b"], "b", "b"),
        (Colour, "red", Colour.RED),
        (list[InstrumentId], [BTC], [BTC]),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (set[str], ["a", "a"], {"a"}),
        (dict[str, Decimal], {"a": "1.5"}, {"a": Decimal("1.5")}),
        (Leg, {"instrument": BTC}, Leg(InstrumentId(BTC))),
        (datetime.time, datetime.time(9, 30), datetime.time(9, 30)),
        (datetime.date, datetime.date(2026, 1, 1), datetime.date(2026, 1, 1)),
        (datetime.datetime, datetime.datetime(2026, 1, 1, 9), datetime.datetime(2026, 1, 1, 9)),
        (Any, [1, "a"], [1, "a"]),
    ],
)
def test_a_value_of_the_type_is_taken(kind, given, taken):
    arguments, problems = structure_params(takes(kind), {"it": given})

    assert problems == []
    assert arguments == {"it": taken}
    assert type(arguments["it"]) is type(taken)


def test_the_arguments_make_the_strategy():
    arguments, problems = structure_params(Spread, {"instrument": BTC, "limit": "7.5", "depth": 1})

    assert problems == []
    assert Spread(**arguments) == Spread(InstrumentId(BTC), Decimal("7.5"), 1)


# What is wrong.


@pytest.mark.parametrize(
    "kind, given, expected",
    [
        (int, "5", "a whole number"),
        (int, 5.0, "a whole number"),
        (int, True, "a whole number"),
        (float, "5", "a number"),
        (float, False, "a number"),
        (float, 10**400, "a number"),
        (Decimal, "five", "a number"),
        (Decimal, True, "a number"),
        (Decimal, "NaN", "a finite number"),
        (Decimal, float("inf"), "a finite number"),
        (bool, 1, "true or false"),
        (bool, "true", "true or false"),
        (str, 5, "text"),
        (Path, 5, "a path"),
        (InstrumentId, "BTC", AN_ID),
        (InstrumentId, 5, AN_ID),
        (int | None, "x", "a whole number"),
        (Literal["a", "b"], "c", "one of 'a', 'b'"),
        (Colour, "green", "one of 'red', 'blue'"),
        (list[Colour], ["green"], "an array, each one of 'red', 'blue'"),
        (list[int], 5, "an array, each a whole number"),
        (list[str], "BTC", "an array, each text"),
        (Sequence[str], "BTC", "an array, each text"),
        (list[str] | None, "BTC", "an array, each text"),
        (list, "BTC", "an array"),
        (tuple[int, str], "1a", "an array"),
        (dict[str, int], 5, "a table"),
        (Mapping[str, int], [1], "a table"),
        (Leg, 5, "a table of instrument, size"),
        (Leg, {"size": 1}, "a table of instrument, size"),
        (datetime.time, "09:30", "a time"),
        (datetime.date, "2026-01-01", "a date"),
        (datetime.datetime, 5, "a date and time"),
    ],
)
def test_a_value_of_another_type_is_named_with_what_was_expected(kind, given, expected):
    assert problems_of(takes(kind), {"it": given}) == [f"params.it: expected {expected}, found {given!r}"]


@pytest.mark.parametrize(
    "kind, given, fault",
    [
        (list[int], [1, "a"], "expected a whole number, found 'a'"),
        (list[InstrumentId], [BTC, "ETH"], f"expected {AN_ID}, found 'ETH'"),
        (dict[str, Decimal], {"a": "x"}, "expected a number, found 'x'"),
        (Leg, {"instrument": "BTC"}, f"expected {AN_ID}, found 'BTC'"),
    ],
)
def test_inside_of_arrays_and_tables_the_wrong_one_is_named(kind, given, fault):
    assert problems_of(takes(kind), {"it": given}) == [f"params.it: {fault}"]


@pytest.mark.parametrize(
    "kind, name",
    [(Callable[[], int], "Callable"), (object, "object"), (int | str, "a whole number or text")],
)
def test_a_type_that_no_file_can_hold_is_said_to_be_one(kind, name):
    assert problems_of(takes(kind), {"it": 5}) == [
        f"params.it: its type, {name}, cannot be written in a configuration file"
    ]


def test_everything_wrong_is_found_at_once():
    given = {"instrment": BTC, "limit": "much", "depth": 1.5, "zzz": 1}

    assert problems_of(Spread, given) == [
        "params.instrment: unknown parameter; did you mean 'instrument'?",
        "params.limit: expected a number, found 'much'",
        "params.depth: expected a whole number, found 1.5",
        "params.zzz: unknown parameter; the strategy takes depth, instrument, limit, rest",
        f"params.instrument: missing: expected {AN_ID}",
    ]


def test_what_is_wrong_is_not_called_missing_too():
    assert problems_of(momentum, {"instrument": "BTC", "untyped": 1}) == [
        f"params.instrument: expected {AN_ID}, found 'BTC'"
    ]


def test_a_missing_parameter_of_no_type_is_any_value():
    assert problems_of(momentum, {"instrument": BTC}) == ["params.untyped: missing: expected a value"]


def test_the_context_is_no_parameter():
    assert problems_of(takes(int), {"ctx": 1, "it": 1}) == [
        "params.ctx: unknown parameter; the strategy takes it"
    ]
