"""PositionDifference: where the venue's position is not the one that we know of."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.engines.holding import QUOTIENTS, ZERO
from livetrio.engines.inventory import Inventory
from livetrio.model import InstrumentId, PositionReport


@attrs.frozen
class PositionDifference:
    """A position that is, by what the venue says, another than by the fills that we know of."""

    instrument_id: InstrumentId
    ours: Decimal
    theirs: Decimal
    price: Decimal | None
    """At which to adopt the difference: so that our position costs afterwards what theirs does, or where that
    cannot be, at the mark. None where nobody knows a price."""

    @property
    def quantity(self) -> Decimal:
        """What would make ours theirs."""
        return self.theirs - self.ours

    def __str__(self) -> str:
        return f"{self.instrument_id}: {self.theirs} there, {self.ours} here"

    @classmethod
    def of(
        cls, inventory: Inventory, position: PositionReport | None, mark: Decimal | None
    ) -> PositionDifference:
        """Between what we know of and what the venue says, which is None where it holds nothing."""
        ours, theirs = inventory.net.quantity, ZERO if position is None else position.quantity
        price = mark
        if position is not None and ours * theirs >= 0 and abs(theirs) > abs(ours):
            cost = _cost(position)
            if cost is not None and cost > inventory.net.cost:
                price = QUOTIENTS.divide(cost - inventory.net.cost, abs(theirs - ours))
        return cls(inventory.instrument_id, ours, theirs, price)


def reported_pnl(position: PositionReport | None) -> Decimal:
    """The open profit that is in the venue's figures."""
    if position is None:
        return ZERO
    if position.unrealized_pnl is not None:
        return position.unrealized_pnl
    if position.mark_price is None or position.entry_price is None:
        return ZERO
    return position.quantity * (position.mark_price - position.entry_price)


def _cost(position: PositionReport) -> Decimal | None:
    """What a position cost. Entry prices are told rounded: if the profit is told, that is better."""
    if position.unrealized_pnl is not None and position.mark_price is not None:
        value = position.quantity * position.mark_price - position.unrealized_pnl
        return value.copy_abs()
    return None if position.entry_price is None else abs(position.quantity) * position.entry_price
