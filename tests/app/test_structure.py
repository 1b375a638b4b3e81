"""structure, on classes that are not ours: what goes into which type, and what is said of what does not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import attrs
import pytest

from livetrio.app.structure import structure
from livetrio.errors import ConfigError


@attrs.frozen(kw_only=True)
class Leg:
    size: Decimal
    side: Literal["buy", "sell"] = "buy"


def _refuse(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    raise RuntimeError if value == "boom" else ValueError(f"kind: {value}")


def _look_at(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if instance.legs and value == 5:
        raise ValueError("with legs there is no five")


@attrs.frozen(kw_only=True)
class Trader:
    legs: tuple[Leg, ...] = ()
    by_name: Mapping[str, Leg] = attrs.field(factory=dict)
    share: float = 0.5
    either: int | str = 0
    lone: Leg | str = ""
    mode: Literal["a", "b"] | bool = "a"
    kind: str = attrs.field(default="", validator=attrs.validators.optional(attrs.validators.in_(["", "k"])))
    odd: str | None = attrs.field(default=None, validator=attrs.validators.optional(_refuse))
    late: int = attrs.field(default=0, validator=_look_at)
    shown: int = attrs.field(default=0, converter=attrs.Converter(lambda value: value))
    key: str | None = attrs.field(default=None, repr=False)
    keys: tuple[str, ...] = attrs.field(default=(), repr=False)
    made: int = attrs.field(default=0, init=False)


def objections(value: object, kind: type[Any] = Trader) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        structure(value, kind, path=("x",), environ={})
    return [str(each) for each in caught.value.problems]


def test_values_go_into_their_types_without_being_bent():
    trader = structure(
        {
            "legs": [{"size": "1.50"}, {"size": 2, "side": "sell"}, {"size": 0.5}],
            "by_name": {"a b": {"size": Decimal("3")}},
            "share": Decimal("0.25"),
            "either": "text",
            "lone": {"size": 1},
            "mode": True,
            "shown": 4,
            "key": "env:KEY",
        },
        Trader,
        environ={"KEY": "hidden-key"},
    )

    assert [str(leg.size) for leg in trader.legs] == ["1.50", "2", "0.5"]
    assert trader.by_name == {"a b": Leg(size=Decimal(3))}
    assert (trader.share, trader.either, trader.lone, trader.mode) == (
        0.25,
        "text",
        Leg(size=Decimal(1)),
        True,
    )
    assert (trader.shown, trader.key) == (4, "hidden-key")
    assert "hidden-key" not in repr(trader)


@pytest.mark.parametrize(
    "table, lines",
    [
        ({"legs": {}}, ["x.legs: expected an array, found a table of 0"]),
        ({"legs": [{}]}, ["x.legs[0].size: missing; expected a number"]),
        ({"legs": [{"size": "1e5"}]}, ['x.legs[0].size: expected a number, found the text "1e5"']),
        ({"legs": [{"size": Decimal("nan")}]}, ["x.legs[0].size: expected a number, found NaN"]),
        (
            {"legs": [{"size": True, "side": "by"}]},
            [
                'x.legs[0].side: expected "buy" or "sell", found the text "by"; did you mean "buy"?',
                "x.legs[0].size: expected a number, found the boolean true",
            ],
        ),
        (
            {"by_name": {"a b": {"sise": 1}}},
            [
                'x.by_name."a b".sise: unknown key; did you mean size?',
                'x.by_name."a b".size: missing; expected a number',
            ],
        ),
        ({"by_name": []}, ["x.by_name: expected a table, found an array of 0"]),
        ({"share": "1"}, ['x.share: expected a number, found the text "1"']),
        ({"share": 10**400}, ["x.share: expected a number, found a number of 1329 bits"]),
        ({"either": 1.5}, ["x.either: expected a whole number or text, found 1.5"]),
        ({"lone": {}}, ["x.lone.size: missing; expected a number"]),
        ({"lone": 5}, ["x.lone: expected a table or text, found the number 5"]),
        ({"mode": 1}, ['x.mode: expected "a" or "b" or true or false, found the number 1']),
        ({"kind": "q"}, ["x.kind: 'kind' must be in ['', 'k'] (got 'q')"]),
        ({"odd": "it"}, ["x.odd: kind: it"]),
        ({"odd": "boom"}, ["x: RuntimeError"]),
        ({"late": 5, "legs": [{"size": 1}]}, ["x: with legs there is no five"]),
        (
            {"key": "secret"},
            [
                "x.key: expected a reference to a secret, env:NAME or file:/path, found "
                "something else; it is not shown"
            ],
        ),
        ({"keys": [5]}, ["x.keys[0]: expected text, found something else; it is not shown"]),
        ({"made": 1}, ["x.made: unknown key; did you mean mode?"]),
        ({"zzz": 1}, ["x.zzz: unknown key"]),
        ([], ["x: expected a table, found an array of 0"]),
        (object(), ["x: expected a table, found an object of object"]),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_told_in_words(table: object, lines: list[str]):
    assert objections(table) == lines
