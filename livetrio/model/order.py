"""Order: what we asked a venue to do, and how far it got."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs

from livetrio.model.identifiers import InstrumentId


class OrderSide(Enum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


class OrderType(Enum):
    """What an order waits for and how it is priced."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TAKE_PROFIT_LIMIT = "take_profit_limit"


class OrderStatus(Enum):
    """Where an order is in its life.

    UNKNOWN is a state of its own: the order may have reached the venue and nothing proves either way.
    """

    PENDING = "pending"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


OPEN_STATUSES = frozenset({OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED})
"""Known to rest at the venue."""

INFLIGHT_STATUSES = frozenset({OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN})
"""Not answered yet: may become anything."""

CLOSED_STATUSES = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
)
"""Over; never left again."""


@attrs.frozen(kw_only=True)
class Order:
    """One order as we last knew it. A change makes a new one (`attrs.evolve`)."""

    client_order_id: str
    """Ours: chosen before the order leaves, the key under which it is kept."""
    venue_order_id: str | None = None
    """The venue's, once it has given one."""
    instrument_id: InstrumentId
    side: OrderSide
    order_type: OrderType
    quantity: Decimal
    """Base units, always positive."""
    price: Decimal | None = None
    """Limit price; None for market orders."""
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    """Of what is filled."""
    status: OrderStatus
    ts_event: int
    """When it last changed, UTC nanoseconds."""

    @property
    def remaining_quantity(self) -> Decimal:
        """What is not filled yet."""
        return self.quantity - self.filled_quantity

    @property
    def is_open(self) -> bool:
        """Known to rest at the venue."""
        return self.status in OPEN_STATUSES

    @property
    def is_inflight(self) -> bool:
        """Sent, or about to be, and not answered."""
        return self.status in INFLIGHT_STATUSES

    @property
    def is_closed(self) -> bool:
        """Over."""
        return self.status in CLOSED_STATUSES
