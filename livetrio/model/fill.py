"""Fill: one trade of ours. And what else moves money: funding."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs

from livetrio.model.identifiers import InstrumentId
from livetrio.model.order import OrderSide


class Liquidity(Enum):
    """Which side of a trade was ours."""

    MAKER = "maker"
    """Our order rested."""
    TAKER = "taker"
    """Our order crossed the spread."""


@attrs.frozen(kw_only=True)
class Fill:
    """One trade of one account, as its venue tells it. The same fill told twice counts once."""

    fill_id: str
    """Unique for the account: what makes a fill told again the same fill."""
    venue_order_id: str | None
    """None where no order of ours is behind it."""
    client_order_id: str | None
    """Where the order had one and the venue tells it."""
    revision: int = 0
    """Of the order, as it was when it was filled."""
    instrument_id: InstrumentId
    side: OrderSide
    """Ours."""
    price: Decimal
    quantity: Decimal
    """Base units, positive."""
    fee: Decimal
    """Paid; below zero where it was a rebate."""
    fee_currency: str
    """The quote currency, or on spot the base currency where that was bought."""
    liquidity: Liquidity
    realized_pnl: Decimal | None = None
    """What the venue says that it realized, before fees; None where it does not say."""
    position_before: Decimal | None = None
    """The position before it, as the venue had it; None where it does not say. A gap shows that a fill is
    missing."""
    note: str | None = None
    """What was special about it, in the venue's words: a liquidation, a conversion of dust."""
    ts_event: int
    """The venue's time of the trade, UTC nanoseconds."""
    ts_init: int

    @property
    def signed_quantity(self) -> Decimal:
        """What it does to the position."""
        return self.quantity if self.side is OrderSide.BUY else -self.quantity


@attrs.frozen(kw_only=True)
class FundingPayment:
    """Funding paid or received for a position. Told twice, it counts once."""

    instrument_id: InstrumentId
    amount: Decimal
    """Received; below zero where it was paid."""
    currency: str
    rate: Decimal
    """As a fraction of the position's worth."""
    quantity: Decimal
    """The position, negative short."""
    ts_event: int
    ts_init: int

    @property
    def payment_id(self) -> str:
        """What makes it the same payment when it is told again."""
        return f"{self.instrument_id}:{self.ts_event}"
