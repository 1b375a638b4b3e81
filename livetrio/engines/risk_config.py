"""RiskConfig: the limits that every order is checked against before it leaves. None is no limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

import attrs


def _amount(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
        raise ValueError(f"{field.name}: expected an amount above zero, found {value!r}")


def _whole(least: int) -> Callable[[Any, attrs.Attribute[Any], object], None]:
    def check(_: Any, field: attrs.Attribute[Any], value: object) -> None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"{field.name}: expected a whole number ≥ {least}, found {value!r}")

    return check


@attrs.frozen(kw_only=True)
class Limits:
    """Of one strategy, of one instrument, or of the account."""

    max_order_notional: Decimal | None = attrs.field(default=None, validator=_amount)
    """Price × size of one order, quote currency."""
    max_open_orders: int | None = attrs.field(default=None, validator=_whole(1))
    """Orders that are not over, the unanswered and unknown included."""
    max_position_notional: Decimal | None = attrs.field(default=None, validator=_amount)
    """Worth of the position in one instrument, with all that may still be filled, quote currency."""
    max_daily_loss: Decimal | None = attrs.field(default=None, validator=_amount)
    """Lost since midnight UTC, open positions at their marks, quote currency. Reached, trading is halted; of
    a strategy, that strategy's entries are locked until the next day."""
    max_drawdown: Decimal | None = attrs.field(default=None, validator=_amount)
    """Lost since the best that was ever reached in this run, quote currency. As with the daily loss."""


@attrs.frozen(kw_only=True)
class InstrumentLimits(Limits):
    """Of one instrument."""

    max_order_size: Decimal | None = attrs.field(default=None, validator=_amount)
    """Base units."""
    max_position: Decimal | None = attrs.field(default=None, validator=_amount)
    """Base units, long or short, with all that may still be filled."""


@attrs.frozen(kw_only=True)
class Protection:
    """A rule that locks entries, in the manner of freqtrade's: what reduces a position always passes."""

    kind: Literal["cooldown", "losing_streak", "low_profit", "max_drawdown"] = attrs.field(
        validator=attrs.validators.in_(("cooldown", "losing_streak", "low_profit", "max_drawdown"))
    )
    """``cooldown``: after each round trip. ``losing_streak``: after `trips` losing ones in a row.
    ``low_profit``: when the round trips within the window have brought less than `amount`. ``max_drawdown``:
    when they have lost `amount` from their best."""
    lock_ms: int = attrs.field(default=300_000, validator=_whole(1))
    """For how long."""
    window_ms: int = attrs.field(default=3_600_000, validator=_whole(1))
    """How far back round trips count."""
    trips: int = attrs.field(default=3, validator=_whole(1))
    """From so many round trips on the rule looks at all; of a losing streak, its length."""
    amount: Decimal = attrs.field(default=Decimal(0))
    """Quote currency."""
    everywhere: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    """Whether all instruments are locked and all round trips count, or those of each instrument apart."""


@attrs.frozen(kw_only=True)
class RiskConfig(Limits):
    """Of the account; and within it, of strategies and instruments."""

    max_gross_exposure: Decimal | None = attrs.field(default=None, validator=_amount)
    """Worth of all positions together, without sign, with all that may still be filled, quote currency."""
    price_collar_bps: Decimal = attrs.field(default=Decimal(500), validator=_amount)
    """How far a price may be beyond the market on the side where it costs: 5 %. A decision on a wrong price,
    or a finger on the wrong key, is farther off."""
    max_price_age_ms: int = attrs.field(default=10_000, validator=_whole(1))
    """An order is checked against a price that is no older than this; without one it does not leave."""
    max_order_rate: Decimal = attrs.field(default=Decimal(50), validator=_amount)
    """New and modified orders a second, on the average. Cancellations do not count."""
    order_rate_burst: int = attrs.field(default=100, validator=_whole(1))
    """How many of them may come at once."""
    instruments: Mapping[str, InstrumentLimits] = attrs.field(factory=dict)
    """By instrument id."""
    strategies: Mapping[str, Limits] = attrs.field(factory=dict)
    """By the strategy's name."""
    protections: tuple[Protection, ...] = attrs.field(default=(), converter=tuple)
