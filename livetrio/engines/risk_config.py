"""RiskConfig: the limits that every order is checked against before it leaves. None is no limit.

Amounts of money are in the quote currency, taking all quote currencies as one; sizes are in base units. What
works, is in flight or UNKNOWN, or is being canceled, counts as if it were filled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

import attrs

from livetrio.errors import ConfigError, Problem
from livetrio.model.identifiers import instrument_id


def _amount(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
        raise ValueError(f"{field.name}: expected an amount above zero, found {value}")


def _number(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError(f"{field.name}: expected an amount, found {value}")


def _whole(least: int) -> Callable[[Any, attrs.Attribute[Any], object], None]:
    def check(_: Any, field: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{field.name}: expected a whole number ≥ {least}, found {value!r}")

    return check


def _instruments(_: Any, field: attrs.Attribute[Any], value: Mapping[str, object]) -> None:
    for name in value:
        try:
            instrument_id(name)
        except ValueError as error:
            raise ValueError(f"{field.name}: {error}") from None


_maybe_amount = attrs.validators.optional(_amount)


@attrs.frozen(kw_only=True)
class Limits:
    """What the account, a strategy and an instrument have in common."""

    max_order_notional: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Price × size of one order."""
    max_open_orders: int | None = attrs.field(default=None, validator=attrs.validators.optional(_whole(1)))
    """Orders that are not over, the unanswered and unknown included."""
    max_position_notional: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Worth of the position in one instrument at the market's price."""
    max_daily_loss: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Lost since midnight UTC, open positions at their marks. Reached by the account, trading is halted; by
    a strategy or in an instrument, its entries are locked until the next midnight."""
    max_drawdown: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Lost since the best that was reached. Reached by the account, trading is halted; by a strategy or in an
    instrument, its entries are locked until it has been better for a day."""


@attrs.frozen(kw_only=True)
class InstrumentLimits(Limits):
    """Of one instrument, whoever trades it."""

    max_order_size: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Base units."""
    max_position: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Base units, long or short."""
    price_collar_bps: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """As the account's, which is the default."""
    max_price_age_ms: int | None = attrs.field(default=None, validator=attrs.validators.optional(_whole(1)))
    """As the account's, which is the default. More for what is seldom quoted."""


@attrs.frozen(kw_only=True)
class OwnerLimits(Limits):
    """What the account and a strategy have in common."""

    max_gross_exposure: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Worth of all positions together, without sign, at the market's prices."""


@attrs.frozen(kw_only=True)
class StrategyLimits(OwnerLimits):
    """Of one strategy: of its own orders, and of its share in positions."""

    max_order_size: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Base units, of whatever instrument."""
    max_position: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """Base units in any one instrument, long or short."""
    price_collar_bps: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """As the account's, which is the default. Where the instrument has one, too, the smaller holds."""
    max_order_rate: Decimal | None = attrs.field(default=None, validator=_maybe_amount)
    """New and modified orders a second, on the average; so one strategy leaves room for the others."""
    order_rate_burst: int | None = attrs.field(default=None, validator=attrs.validators.optional(_whole(1)))
    """How many of them may come at once. Default: those of two seconds."""


_KINDS = ("cooldown", "losing_streak", "low_profit", "max_drawdown")


def _kind(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value not in _KINDS:
        raise ValueError(f"{field.name}: expected one of {', '.join(_KINDS)}, found {value!r}")


@attrs.frozen(kw_only=True)
class Protection:
    """A rule that locks entries, in the manner of freqtrade's: what reduces a position always passes."""

    kind: Literal["cooldown", "losing_streak", "low_profit", "max_drawdown"] = attrs.field(validator=_kind)
    """``cooldown``: after each round trip. ``losing_streak``: after `trips` losing ones in a row.
    ``low_profit``: when the round trips within the window have brought less than `amount`. ``max_drawdown``:
    when they have lost more than `amount` from their best."""
    lock_ms: int = attrs.field(default=300_000, validator=_whole(1))
    """For how long."""
    window_ms: int = attrs.field(default=3_600_000, validator=_whole(1))
    """How far back round trips count."""
    trips: int = attrs.field(default=3, validator=_whole(1))
    """From so many round trips on the rule looks at all; of a losing streak, its length."""
    amount: Decimal = attrs.field(default=Decimal(0), validator=_number)
    """Quote currency."""
    everywhere: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    """Whether all instruments are locked and all round trips count, or those of each instrument apart."""

    def __attrs_post_init__(self) -> None:
        if self.kind == "max_drawdown" and self.amount <= 0:
            message = f"max_drawdown needs an amount above zero, found {self.amount}"
            raise ConfigError([Problem("amount", message)], source="Protection")


@attrs.frozen(kw_only=True)
class RiskConfig(OwnerLimits):
    """Of the account; and within it, of strategies and instruments."""

    price_collar_bps: Decimal = attrs.field(default=Decimal(500), validator=_amount)
    """How far a price may be beyond the market on the side where it costs: 5 %. A decision on a wrong price,
    or a finger on the wrong key, is farther off."""
    max_price_age_ms: int = attrs.field(default=10_000, validator=_whole(1))
    """An order is checked against a price that is no older than this; without one it does not leave."""
    max_order_rate: Decimal = attrs.field(default=Decimal(50), validator=_amount)
    """New and modified orders a second, on the average. Cancellations do not count."""
    order_rate_burst: int = attrs.field(default=100, validator=_whole(1))
    """How many of them may come at once."""
    flatten_on_loss: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    """Whether all positions are closed at the market, too, when the account's losses halt trading."""
    instruments: Mapping[str, InstrumentLimits] = attrs.field(factory=dict, validator=_instruments)
    """By instrument id."""
    strategies: Mapping[str, StrategyLimits] = attrs.field(factory=dict)
    """By the strategy's name."""
    protections: tuple[Protection, ...] = attrs.field(default=(), converter=tuple)
    """Locks of entries after round trips that went badly."""
