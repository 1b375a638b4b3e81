"""Position and account: what we hold, what it is worth, and what it has brought."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

import attrs

from livetrio.model.identifiers import InstrumentId
from livetrio.model.reports import Balance


class PositionSide(Enum):
    """Which way a position gains."""

    LONG = "long"
    SHORT = "short"
    FLAT = "flat"


@attrs.frozen(kw_only=True)
class Position:
    """What is held of one instrument. A position of zero is no position and is removed.

    The last news of a position is that it is zero; then it has the entry price of what was closed, and what
    it has brought.
    """

    instrument_id: InstrumentId
    quantity: Decimal
    """Base units; positive long, negative short."""
    entry_price: Decimal
    """Average price paid, always positive."""
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    """Where the venue would close it, as it last said."""
    unrealized_pnl: Decimal = Decimal(0)
    """Quote currency."""
    realized_pnl: Decimal = Decimal(0)
    """By what was closed of it since it was opened, before fees. Quote currency, as the next two."""
    fees: Decimal = Decimal(0)
    """Paid since it was opened."""
    funding: Decimal = Decimal(0)
    """Received since it was opened; below zero where it was paid."""
    ts_opened: int | None = None
    """When it was opened, or went through zero; UTC nanoseconds. None where nobody saw it."""
    ts_event: int

    @property
    def side(self) -> PositionSide:
        """Long, short, or flat."""
        if self.quantity == 0:
            return PositionSide.FLAT
        return PositionSide.LONG if self.quantity > 0 else PositionSide.SHORT

    @property
    def value(self) -> Decimal:
        """Size times mark price (entry price where there is no mark), quote currency, positive."""
        return abs(self.quantity) * (self.mark_price if self.mark_price is not None else self.entry_price)


@attrs.frozen(kw_only=True)
class Account:
    """The money of one account at one venue."""

    account_id: str
    """``HYPERLIQUID-0x…``: venue and account."""
    currency: str
    """Of all but `balances`."""
    balance: Decimal
    """What is there for margin trading, without open positions' profit."""
    available: Decimal
    """What new orders may use, as the venue last said."""
    unrealized_pnl: Decimal = Decimal(0)
    margin_used: Decimal = Decimal(0)
    """What open positions hold, as the venue last said."""
    balances: Mapping[str, Balance] = attrs.field(factory=dict)
    """Spot, by currency."""
    ts_event: int

    @property
    def equity(self) -> Decimal:
        """Balance plus the profit that open positions would bring now."""
        return self.balance + self.unrealized_pnl


@attrs.frozen(kw_only=True)
class ProfitAndLoss:
    """What came of something, in the quote currency."""

    realized: Decimal
    """By closing, before fees."""
    unrealized: Decimal
    """What closing all of it now would bring."""
    fees: Decimal
    """Paid."""
    funding: Decimal
    """Received."""

    @property
    def net(self) -> Decimal:
        """All of it together."""
        return self.realized + self.unrealized - self.fees + self.funding
