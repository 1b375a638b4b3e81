"""normalise: an order as its instrument takes it, or why it cannot be one.

Prices are rounded to the grid away from the market (buys down, sells up), so that nobody pays more than was
said; trigger prices to the nearest; sizes down to the step. What makes no sense is refused in words.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import NamedTuple

from livetrio.model import Instrument, OrderSide, OrderType, SubmitOrder, TimeInForce

ZERO = Decimal(0)

_NEVER_RESTS = (TimeInForce.IOC, TimeInForce.FOK)


class Terms(NamedTuple):
    """What an instrument has a say in."""

    quantity: Decimal
    price: Decimal | None
    trigger_price: Decimal | None


def normalise(command: SubmitOrder, instrument: Instrument) -> Terms | str:
    """The order's terms as the instrument takes them, or why it does not take it."""
    return _find_nonsense(command, instrument) or _round(command, ZERO, instrument)


def normalise_change(wanted: SubmitOrder, filled: Decimal, instrument: Instrument) -> Terms | str:
    """The terms that an order shall have, or why it cannot.

    Args:
      wanted: all of it; ``quantity`` is the whole, what is filled included.
      filled: what is filled, which the instrument has taken as it is.
      instrument: of which it is.
    """
    nonsense = _find_nonsense(wanted, instrument)
    if nonsense is not None:
        return nonsense
    if wanted.quantity <= filled:
        return f"its new quantity {wanted.quantity:f} is not above what is filled already, {filled:f}"
    return _round(wanted, filled, instrument)


def _round(command: SubmitOrder, filled: Decimal, instrument: Instrument) -> Terms | str:
    """On the instrument's grid; of the quantity what is left to be filled, which is what the venue gets."""
    try:
        price = _round_price(command, instrument)
        trigger = _round_trigger(command.trigger_price, instrument)
        left = instrument.round_size_down(command.quantity - filled)
    except DecimalException:  # more steps than 28 digits can count
        return "its quantity or price is too large a number"
    if left == 0:
        return f"its quantity {command.quantity - filled:f} is less than one step, {instrument.size_step:f}"
    if price == 0:
        return f"its price {command.price:f} is less than one step, {instrument.price_step:f}"
    if trigger == 0:
        return f"its trigger price {command.trigger_price:f} is less than one step, {instrument.price_step:f}"
    worth_at = trigger if price is None else price
    if worth_at is not None and not command.reduce_only and worth_at * left < instrument.min_notional:
        least = f"{instrument.min_notional:f} {instrument.quote}"
        return f"it is worth {worth_at * left:f} {instrument.quote}, and at least {least} is wanted"
    return Terms(filled + left, price, trigger)


def _round_price(command: SubmitOrder, instrument: Instrument) -> Decimal | None:
    if command.price is None:
        return None
    if command.side is OrderSide.BUY:
        return instrument.round_price_down(command.price)
    return instrument.round_price_up(command.price)


def _round_trigger(trigger: Decimal | None, instrument: Instrument) -> Decimal | None:
    if trigger is None:
        return None
    below, above = instrument.round_price_down(trigger), instrument.round_price_up(trigger)
    return below if trigger - below <= above - trigger else above


def _find_nonsense(command: SubmitOrder, instrument: Instrument) -> str | None:
    if not instrument.is_active:
        return f"{instrument.instrument_id} is not traded any more"
    for name, value in (
        ("quantity", command.quantity),
        ("price", command.price),
        ("trigger price", command.trigger_price),
    ):
        if value is not None and not (value.is_finite() and value > 0):
            return f"expected a {name} above zero, found {value}"
    return _find_mismatch(command, command.order_type)


def _find_mismatch(command: SubmitOrder, kind: OrderType) -> str | None:
    """What does not go together."""
    for name, value, is_wanted in (
        ("price", command.price, kind.has_limit),
        ("trigger price", command.trigger_price, kind.has_trigger),
    ):
        if is_wanted and value is None:
            return f"a {kind.value} order needs a {name}"
        if value is not None and not is_wanted:
            return f"a {kind.value} order has no {name}"
    if command.post_only and (not kind.has_limit or command.time_in_force in _NEVER_RESTS):
        return "only a limit order that may rest can be post-only"
    return None
