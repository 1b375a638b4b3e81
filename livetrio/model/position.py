"""Position and account: what we hold, and what it is worth."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.model.identifiers import InstrumentId


@attrs.frozen(kw_only=True)
class Position:
    """What is held of one instrument. A position of zero is no position and is removed."""

    instrument_id: InstrumentId
    quantity: Decimal
    """Base units; positive long, negative short."""
    entry_price: Decimal
    """Average price paid, always positive."""
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    unrealized_pnl: Decimal = Decimal(0)
    """Quote currency."""
    ts_event: int

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
    balance: Decimal
    """What is there, without open positions' profit."""
    available: Decimal
    """What new orders may use."""
    unrealized_pnl: Decimal = Decimal(0)
    ts_event: int

    @property
    def equity(self) -> Decimal:
        """Balance plus the profit that open positions would bring now."""
        return self.balance + self.unrealized_pnl
