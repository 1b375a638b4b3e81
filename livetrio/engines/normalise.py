"""normalise: an order as its instrument takes it, or why it cannot be one.

Prices are rounded to the grid away from the market (buys down, sells up), so that nobody pays more than was
said; trigger prices to the nearest; sizes down to the step. What makes no sense is refused in words.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.model import Instrument, OrderSide, SubmitOrder, TimeInForce


def normalise(command: SubmitOrder, instrument: Instrument) -> SubmitOrder | str:
    """The order as the instrument takes it, or why it does not."""
    nonsense = _find_nonsense(command, instrument)
    if nonsense is not None:
        return nonsense
    price, trigger = command.price, command.trigger_price
    if price is not None:
        buys = command.side is OrderSide.BUY
        price = instrument.round_price_down(price) if buys else instrument.round_price_up(price)
    if trigger is not None:
        below, above = instrument.round_price_down(trigger), instrument.round_price_up(trigger)
        trigger = below if trigger - below <= above - trigger else above
    quantity = instrument.round_size_down(command.quantity)
    if quantity == 0:
        return f"the quantity {command.quantity} is less than one step, {instrument.size_step}"
    if price == 0 or trigger == 0:
        return f"the price is less than one step, {instrument.price_step}"
    worth = None if price is None else price * quantity
    if worth is not None and worth < instrument.min_notional and not command.reduce_only:
        return f"it is worth {worth:f} {instrument.quote}, and at least {instrument.min_notional} is wanted"
    return attrs.evolve(command, price=price, trigger_price=trigger, quantity=quantity)


def normalise_change(wanted: SubmitOrder, filled: Decimal, instrument: Instrument) -> SubmitOrder | str:
    """An order as it shall become, or why it cannot; ``wanted.quantity`` is the whole, what is filled
    included."""
    valid = normalise(wanted, instrument)
    if isinstance(valid, str):
        return valid
    if valid.quantity <= filled:
        return f"its new quantity {valid.quantity} is not above what is filled already, {filled}"
    return valid


def _find_nonsense(command: SubmitOrder, instrument: Instrument) -> str | None:
    kind = command.order_type
    if not instrument.is_active:
        return f"{instrument.instrument_id} is not traded any more"
    for name, value in (
        ("quantity", command.quantity),
        ("price", command.price),
        ("trigger price", command.trigger_price),
    ):
        if value is not None and not (value.is_finite() and value > 0):
            return f"expected a {name} above zero, found {value}"
    if kind.has_limit and command.price is None:
        return f"a {kind.value} order needs a price"
    if kind.has_trigger and command.trigger_price is None:
        return f"a {kind.value} order needs a trigger price"
    if not kind.has_trigger and command.trigger_price is not None:
        return f"a {kind.value} order has no trigger price"
    if command.post_only and (not kind.has_limit or command.time_in_force is not TimeInForce.GTC):
        return "only a limit order that may rest can be post-only"
    return None
