"""Reports: what a venue says of an account. Facts from outside, not yet believed or applied.

Fills are facts of their own (`livetrio.model.fill`); here is what the venue says of orders, positions and
money.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from livetrio.model.identifiers import InstrumentId
from livetrio.model.order import OrderSide, OrderStatus, OrderType, TimeInForce


@attrs.frozen(kw_only=True)
class OrderReport:
    """One order, as the venue says that it stands.

    Quantities are of the revision that is reported: a modified order begins to count afresh.
    """

    client_order_id: str | None
    """As our execution engine made it; of others' orders whatever they have, or None."""
    revision: int = 0
    venue_order_id: str | None
    """None where the answer does not tell."""
    instrument_id: InstrumentId
    side: OrderSide | None = None
    order_type: OrderType | None = None
    """None where the report does not tell. (So for all that may be None.)"""
    status: OrderStatus
    """ACCEPTED (also when partly filled: quantities say so), TRIGGERED, FILLED, CANCELED, REJECTED or
    EXPIRED."""
    quantity: Decimal | None = None
    remaining_quantity: Decimal | None = None
    """Not filled; of an ended order, what had not been when it ended."""
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    reason: str | None = None
    ts_event: int
    ts_init: int

    @property
    def filled_quantity(self) -> Decimal | None:
        """What must have been filled, or None where the report does not tell."""
        if self.quantity is None or self.remaining_quantity is None:
            return None
        return self.quantity - self.remaining_quantity


@attrs.frozen(kw_only=True)
class PositionReport:
    """What is held of one instrument, as the venue says. Of what it does not mention nothing is held."""

    instrument_id: InstrumentId
    quantity: Decimal
    """Negative short."""
    entry_price: Decimal | None = None
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    ts_event: int


@attrs.frozen(kw_only=True)
class Balance:
    """What there is of one currency."""

    total: Decimal
    locked: Decimal = Decimal(0)
    """The part that open orders or positions hold."""

    @property
    def free(self) -> Decimal:
        """What may be used."""
        return self.total - self.locked


@attrs.frozen(kw_only=True)
class AccountReport:
    """An account's money and positions at one moment, as the venue says."""

    account_id: str
    """``HYPERLIQUID-0x…``: venue and account."""
    currency: str
    """Of the next three."""
    equity: Decimal
    """All that margin trading is worth, open positions' profit included."""
    available: Decimal
    """What new orders may use, or could be withdrawn."""
    margin_used: Decimal = Decimal(0)
    balances: Mapping[str, Balance] = attrs.field(factory=dict)
    """Spot, by currency."""
    positions: tuple[PositionReport, ...] = ()
    ts_event: int
    ts_init: int
