"""Actions: our commands as what the venue signs and does.

The order of the keys is the venue's (`signing`). Hyperliquid docs, exchange-endpoint, 2026-08-22.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from livetrio.errors import UnknownInstrument, UsageError
from livetrio.model import Instrument, Order, OrderSide, OrderType, TimeInForce
from livetrio.venues.hyperliquid import ids
from livetrio.venues.hyperliquid.instruments import Listing
from livetrio.venues.hyperliquid.numbers import to_wire
from livetrio.venues.hyperliquid.wire import NANOSECONDS_PER_MILLISECOND
from livetrio.venues.trading import Cancel, Modify, ScheduleCancel, Submit

Json = dict[str, Any]

TRIGGER_SLIPPAGE = Decimal("0.1")
"""How far from its trigger price a market order may be filled, as a fraction: what the venue's own pages take
(tp-sl, 2026-08-22)."""

_TRIGGERS = {
    OrderType.STOP_MARKET: ("sl", True),
    OrderType.STOP_LIMIT: ("sl", False),
    OrderType.TAKE_PROFIT_MARKET: ("tp", True),
    OrderType.TAKE_PROFIT_LIMIT: ("tp", False),
}
"""The venue's name for a trigger, and whether the order is a market order afterwards."""


# Whole actions, of any number of entries.


def order_action(entries: list[Json]) -> Json:
    """Place orders that have nothing to do with each other."""
    return {"type": "order", "orders": entries, "grouping": "na"}


def modify_action(entries: list[Json]) -> Json:
    """Modify orders.

    ``a`` (always place) makes a modified order what we ask for. Without it one that could be executed is
    refused, a GTC becomes post-only without a word, and triggers cannot be modified.
    """
    return {"type": "batchModify", "modifies": entries, "a": True}


def cancel_by_cloid_action(entries: list[Json]) -> Json:
    """Cancel orders by our name for them."""
    return {"type": "cancelByCloid", "cancels": entries}


def cancel_action(entries: list[Json]) -> Json:
    """Cancel orders by the venue's name for them."""
    return {"type": "cancel", "cancels": entries}


def schedule_cancel_action(command: ScheduleCancel) -> Json:
    """Let the venue cancel everything at an instant, or not any more."""
    if command.at is None:
        return {"type": "scheduleCancel"}
    return {"type": "scheduleCancel", "time": command.at // NANOSECONDS_PER_MILLISECOND}


# One command's entries.


def submit_entry(command: Submit, listing: Listing) -> Json:
    """A new order."""
    order = command.order
    return _order(
        order,
        listing,
        quantity=order.quantity,
        price=order.price,
        trigger_price=order.trigger_price,
        cloid=ids.to_wire(order.client_order_id, order.revision),
    )


def modify_entry(command: Modify, listing: Listing) -> Json:
    """What an order shall become.

    One of ours is named by its present revision's cloid: that names one leg of it and no other, and is known
    even where an answer did not tell the venue's id. Others' orders are named by the venue's id; the new one
    has no cloid, since another order with the old one could not be told from it.
    """
    order = command.order
    ours = ids.is_ours(order.client_order_id)
    entry = _order(
        order,
        listing,
        quantity=command.quantity,
        price=command.price,
        trigger_price=command.trigger_price,
        cloid=ids.to_wire(order.client_order_id, command.revision) if ours else None,
    )
    oid = ids.to_wire(order.client_order_id, order.revision) if ours else _venue_id(order)
    return {"oid": oid, "order": entry}


def cancel_by_cloid_entries(command: Cancel, listing: Listing) -> list[Json]:
    """The legs of an order of ours that may rest: while a modification is under way either of two may."""
    order = command.order
    revisions = {order.revision, order.revision if order.pending_revision is None else order.pending_revision}
    asset = _asset(order, listing)
    return [{"asset": asset, "cloid": ids.to_wire(order.client_order_id, each)} for each in sorted(revisions)]


def cancel_entry(command: Cancel, listing: Listing) -> Json:
    """Another's order."""
    return {"a": _asset(command.order, listing), "o": _venue_id(command.order)}


# How each is written.


def _order(
    order: Order,
    listing: Listing,
    *,
    quantity: Decimal,
    price: Decimal | None,
    trigger_price: Decimal | None,
    cloid: str | None,
) -> Json:
    trigger = _TRIGGERS.get(order.order_type)
    if trigger is None:
        kind: Json = {"limit": {"tif": _time_in_force(order)}}
    else:
        tpsl, is_market = trigger
        level = _needed(order, "trigger price", trigger_price)
        if is_market:
            price = _worst_price(order.side, level, listing.instruments[order.instrument_id])
        kind = {"trigger": {"isMarket": is_market, "triggerPx": to_wire(level), "tpsl": tpsl}}
    entry: Json = {
        "a": _asset(order, listing),
        "b": order.side is OrderSide.BUY,
        "p": to_wire(_needed(order, "price", price)),
        "s": to_wire(quantity),
        "r": order.reduce_only,
        "t": kind,
    }
    if cloid is not None:
        entry["c"] = cloid
    return entry


def _time_in_force(order: Order) -> str:
    if order.post_only:
        return "Alo"
    if order.order_type is OrderType.MARKET or order.time_in_force is TimeInForce.IOC:
        return "Ioc"
    return "Gtc"


def _worst_price(side: OrderSide, level: Decimal, instrument: Instrument) -> Decimal:
    """What a market order pays at most, or takes at least, once it is triggered."""
    worst = level * (1 + side.sign * TRIGGER_SLIPPAGE)
    return instrument.round_price_down(worst) if side is OrderSide.BUY else instrument.round_price_up(worst)


def _asset(order: Order, listing: Listing) -> int:
    asset = listing.asset_of(order.instrument_id)
    if asset is None:
        raise UnknownInstrument(
            f"{order.instrument_id}, of the order {order.client_order_id}, is not in the list of instruments"
        )
    return asset


def _venue_id(order: Order) -> int:
    if order.venue_order_id is None:
        raise UsageError(f"the order {order.client_order_id} has no id by which the venue knows it")
    return int(order.venue_order_id)


def _needed(order: Order, what: str, value: Decimal | None) -> Decimal:
    if value is None:
        raise UsageError(
            f"the {order.order_type.value} order {order.client_order_id} needs a {what}, and has none"
        )
    return value
