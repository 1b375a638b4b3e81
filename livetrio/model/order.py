"""Order: what we asked a venue to do, and how far it got.

An `Order` is one object for its whole life: whoever keeps it reads how things stand now, not how they
stood when it was handed out. Only the execution engine changes it, between two awaits, and says so by an
`OrderEvent` each time.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import attrs

from livetrio.model.identifiers import InstrumentId


class OrderSide(Enum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """What a fill does to a position: 1 or -1."""
        return 1 if self is OrderSide.BUY else -1

    @property
    def opposite(self) -> OrderSide:
        """The other one."""
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


class OrderType(Enum):
    """What an order waits for and how it is priced."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TAKE_PROFIT_LIMIT = "take_profit_limit"

    __hash__ = object.__hash__  # by identity, as a member is compared; Enum's own hashes the name in Python

    @property
    def has_trigger(self) -> bool:
        """Whether it waits for its trigger price before it does anything."""
        return self not in _WITHOUT_TRIGGER

    @property
    def has_limit(self) -> bool:
        """Whether it has a limit price of its own."""
        return self in _WITH_LIMIT


_WITHOUT_TRIGGER = (OrderType.MARKET, OrderType.LIMIT)
_WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class TimeInForce(Enum):
    """How long an order may rest. A venue takes those that it knows; others are denied here."""

    GTC = "gtc"
    """Until canceled."""
    IOC = "ioc"
    """Not at all: what is not filled at once is canceled."""
    FOK = "fok"
    """Not at all, and all of it or nothing."""
    DAY = "day"

    __hash__ = object.__hash__  # as that of `OrderType`


class OrderStatus(Enum):
    """Where an order is in its life.

    UNKNOWN is a state of its own: the order may have reached the venue and nothing proves either way.
    """

    PENDING = "pending"
    """Ours, and on its way out."""
    DENIED = "denied"
    """Refused here: it never left."""
    SUBMITTED = "submitted"
    """It left, and has no answer yet."""
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    """Its trigger price was reached; now it is an order like others."""
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    """Refused by the venue, or proved never to have reached it."""
    EXPIRED = "expired"

    __hash__ = object.__hash__  # as that of `OrderType`


OPEN_STATUSES = frozenset({OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED})
"""Known to rest at the venue."""

INFLIGHT_STATUSES = frozenset({OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN})
"""Not answered yet: may become anything."""

CLOSED_STATUSES = frozenset(
    {
        OrderStatus.DENIED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    }
)
"""Over; never left again."""


@attrs.define(kw_only=True)
class Order:
    """One order, as it stands. Read it, and leave the writing to the execution engine."""

    client_order_id: str
    """Ours: chosen before the order leaves, the key under which it is kept."""
    venue_order_id: str | None = None
    """The venue's, once it has given one; a modified order may get another."""
    instrument_id: InstrumentId
    strategy: str | None = None
    """Whose; None for an order that was found at the venue and is nobody's."""
    side: OrderSide
    order_type: OrderType
    quantity: Decimal
    """Base units, always positive, what is filled included."""
    price: Decimal | None = None
    """Limit price; None for market orders."""
    trigger_price: Decimal | None = None
    """Of stop and take-profit orders."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    """Whether it may only rest: what would be matched at once is rejected."""
    reduce_only: bool = False
    """Whether it may only make a position smaller."""
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    """Of what is filled."""
    status: OrderStatus
    reason: str | None = None
    """Why it was denied, rejected or canceled, or is unknown."""
    revision: int = 0
    """Counts the modifications that the venue has accepted."""
    pending_revision: int | None = None
    """The one that was asked for by a modification that is not confirmed."""
    is_canceling: bool = False
    """Whether its cancellation was asked for. It may still fill: only the venue ends it."""
    ts_init: int = 0
    """When it was made, UTC nanoseconds."""
    ts_submitted: int | None = None
    """When it left, UTC nanoseconds."""
    ts_event: int
    """When it last changed, UTC nanoseconds."""
    expires: int | None = None
    """The instant of the venue's clock, UTC nanoseconds, after which an order that had not arrived is
    refused by the venue: what proves that it never will."""

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

    @property
    def is_working(self) -> bool:
        """Not over: it rests at the venue, or may."""
        return self.status not in CLOSED_STATUSES
