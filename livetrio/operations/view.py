"""View: a running engine at one moment, as plain values: what the page, the terminal and `status` show.

Instants are UTC nanoseconds, ages and durations seconds, money and sizes Decimal. A view does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs


@attrs.frozen(kw_only=True)
class ConnectionView:
    """A connection."""

    name: str
    endpoint: str
    state: str
    age: float | None
    """Since its last message; None: none has come."""
    latency_ms: float | None
    """Heartbeat there and back, the last one answered."""
    reconnects: int
    """Sessions after the first."""
    attempts: int
    """In a row, since the last session that worked."""
    messages: int
    uptime: float
    """In sessions, all together."""
    feeds: int
    stale_feeds: tuple[str, ...]
    faults: Mapping[str, int]
    """Messages that were applied nowhere, by kind."""
    last_error: str | None


@attrs.frozen(kw_only=True)
class QuoteView:
    """The best prices of an instrument."""

    instrument_id: str
    bid_price: Decimal | None
    bid_size: Decimal | None
    ask_price: Decimal | None
    ask_size: Decimal | None
    age: float
    """Since it came."""


@attrs.frozen(kw_only=True)
class OrderView:
    """An order."""

    client_order_id: str
    venue_order_id: str | None
    instrument_id: str
    strategy: str | None
    side: str
    order_type: str
    quantity: Decimal
    filled_quantity: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    status: str
    is_canceling: bool
    reason: str | None
    age: float
    """Since it was made."""
    since: float
    """Since its last news: of one that is UNKNOWN, for how long it has been."""


@attrs.frozen(kw_only=True)
class PositionView:
    """What is held of an instrument."""

    instrument_id: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal | None
    liquidation_price: Decimal | None
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    fees: Decimal
    funding: Decimal


@attrs.frozen(kw_only=True)
class AccountView:
    """Money at a venue."""

    account_id: str
    currency: str
    equity: Decimal
    balance: Decimal
    available: Decimal
    margin_used: Decimal


@attrs.frozen(kw_only=True)
class GateView:
    """Whether orders may leave for an account."""

    venue: str
    account_id: str
    is_open: bool
    reasons: tuple[str, ...]
    """In words, with for how long; empty: it is open."""
    waiting: int
    """Commands that wait to be sent or answered."""
    closed_for: float | None = None
    """Seconds since it closed; None: it is open, or nobody knows."""


@attrs.frozen(kw_only=True)
class StrategyView:
    """A strategy."""

    name: str
    state: str
    events: int
    per_event_us: float | None
    """Microseconds that its handlers took for an event, on average; None: not known."""
    queued: int
    """Events that wait for it now."""
    lag: float
    """For how long what it deals with has waited for it: the age of the oldest event that waits now or, where
    handlers are measured, the wait of the last one that was handled within a second. 0: it keeps up."""
    dropped: int
    conflated: int
    errors: int
    error: str | None
    orders: int
    """Its orders that are not over."""
    pnl: Decimal | None
    """Won or lost since the journal began; None: it takes no orders."""


@attrs.frozen(kw_only=True)
class TradingView:
    """What is done with orders."""

    state: str
    """``active``, ``reducing`` or ``halted``."""
    reason: str | None
    gates: tuple[GateView, ...]
    orders: tuple[OrderView, ...]
    """Those that are not over, the oldest first."""
    counts: Mapping[str, int]
    """How many orders came into each status."""
    fills: int
    positions: tuple[PositionView, ...]
    accounts: tuple[AccountView, ...]
    pnl: Decimal
    """Won or lost since the journal began, fees and funding included, open positions at their marks."""
    day_pnl: Decimal
    """Since midnight UTC."""
    is_priced: bool
    """Whether there is a price for all that is held, so that the figures are of now."""
    locks: tuple[str, ...]
    """Entry locks that hold, in words."""
    journal: str
    surprises: tuple[str, ...] = ()
    """The last positions and orders that were found and that the journal does not explain, in words."""
    surprise_count: int = 0
    """How many there were in this run."""
    was_killed: bool = False
    """Whether nobody ended the run before this one."""


@attrs.frozen(kw_only=True)
class EndingView:
    """Why an engine stops, or has stopped."""

    reason: str
    """``user_request``, ``signal`` or ``error``."""
    message: str | None

    @property
    def is_failure(self) -> bool:
        """Whether something went wrong."""
        return self.reason == "error"


@attrs.frozen(kw_only=True)
class View:
    """A running engine at one moment."""

    version: str
    now: int
    started: int
    life: str
    connections: tuple[ConnectionView, ...]
    quotes: tuple[QuoteView, ...]
    strategies: tuple[StrategyView, ...]
    trading: TradingView | None
    """None: it takes no orders."""
    refused: Mapping[str, int]
    """Market data that was not believed, by reason."""
    warnings: tuple[str, ...]
    """The last lines of the log that were warnings or errors, the oldest first."""
    ending: EndingView | None = None
    """None: it does not stop."""

    @property
    def uptime(self) -> float:
        """Seconds since its start."""
        return (self.now - self.started) / 1e9
