"""unaccounted: in words, what rests or is held at a venue and that our journal cannot account for.

For who reads why nothing is traded: it names what was found, and what ends it.
"""

from __future__ import annotations

from collections.abc import Sequence

from livetrio.engines.client_ids import is_ours
from livetrio.engines.difference import PositionDifference
from livetrio.model import Order

SHOWN = 3
"""So many are named; of more, the number is told."""


def refused_orders(orders: Sequence[Order]) -> str:
    """Why orders that no strategy of this journal has made keep everything from being traded."""
    named = _listed([_named(each) for each in orders])
    settings = " and ".join({_setting(order): None for order in orders})
    return (
        f"orders rest at the venue that are not in the journal: {named}; cancel them there, or let "
        f"{settings} be adopt or cancel"
    )


def refused_positions(differences: Sequence[PositionDifference], reason: str) -> str:
    """Why positions that no fill explains do."""
    return (
        f"a position is not accounted for ({reason}): {_listed([str(each) for each in differences])}; "
        "start with execution.foreign_positions set to adopt or cancel"
    )


def _named(order: Order) -> str:
    price = "at the market" if order.price is None else f"at {order.price}"
    maker = "livetrio" if is_ours(order.client_order_id) else "somebody else"
    return (
        f"{order.side.value} {order.remaining_quantity} {order.instrument_id} {price} "
        f"({order.client_order_id}, made by {maker})"
    )


def _setting(order: Order) -> str:
    return "execution.lost_orders" if is_ours(order.client_order_id) else "execution.foreign_orders"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
