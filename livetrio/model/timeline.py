"""Timeline: when an order came past each stage, from the news that it answers to its end.

All instants are UTC nanoseconds by the engine's clock, and None for what has not happened (or was not
written down: see `Timeline.is_partial`). Stages come in the order of the fields, except that a venue's word
may be heard before our own call that sent the request has returned; then the request counts as sent by then.
"""

from __future__ import annotations

from typing import TypeVar

import attrs

from livetrio.model.order_events import (
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
)

T = TypeVar("T")

KEPT = 32
"""Requests, and changes, of one order that are remembered: the first, and the last ones."""

_BEGINNINGS = frozenset({OrderInitialized, OrderSubmitted, OrderPendingCancel, OrderPendingUpdate})
"""Events after which the next stage is still to come, and soon."""


@attrs.define(kw_only=True, eq=False)
class Sending:
    """One request on its way. It may be for several orders, which share this then."""

    kind: str
    """``submit``, ``modify`` or ``cancel``."""
    signed: int | None = None
    journaled: int | None = None
    """When its record was committed: before that it may not leave."""
    sent: int | None = None
    """When the call that gave its bytes to the socket had returned; other tasks may have had their turn in
    between, so that this is never too early. Over HTTP: when it was handed to the client."""
    answered: int | None = None


@attrs.frozen
class Change:
    """A modification, as it was asked for."""

    revision: int
    heard: int | None
    """The same of it as `Timeline.heard` of the order."""
    decided: int
    passed: int


@attrs.define(eq=False)
class Timeline:
    """Of one order."""

    client_order_id: str
    heard: int | None = None
    """When the frame arrived whose event the strategy had read last when it decided; for a tick of the clock,
    when that was due. None: it decided on no news, or somebody else did."""
    decided: int | None = None
    """When it was submitted, by a call. None of an order that we have not made."""
    passed: int | None = None
    """When the gate, the venue's rules and all limits had let it pass; None: they have not."""
    acknowledged: int | None = None
    """When the venue first said something of it, in an answer, a report or a fill."""
    first_fill: int | None = None
    cancel_asked: int | None = None
    """When its cancellation was first asked for here."""
    closed: int | None = None
    """When we learned that it is over."""
    requests: tuple[tuple[int, Sending], ...] = ()
    """Every sending for it, with the revision that it was about, the oldest first."""
    changes: tuple[Change, ...] = ()
    left_out: int = 0
    """Requests and changes that are not remembered."""
    is_partial: bool = False
    """Whether stages may be missing that did happen: the run that saw them ended before they were written."""

    def add_request(self, revision: int, sending: Sending) -> None:
        """A request for it was signed."""
        self.requests = self._keep(self.requests, (revision, sending))

    def add_change(self, change: Change) -> None:
        """A modification was asked for, and may be sent."""
        self.changes = self._keep(self.changes, change)

    def note(self, event: OrderEvent) -> bool:
        """Take in what has happened to the order; whether that is worth writing down now."""
        kind = type(event)
        if kind in _BEGINNINGS:
            if kind is OrderPendingCancel and self.cancel_asked is None:
                self.cancel_asked = event.ts_init
            return False
        if kind is OrderFilled and self.first_fill is None:
            self.first_fill = event.ts_init
        if self.closed is None and event.order.is_closed:
            self.closed = event.ts_init
        return self.decided is not None

    def _keep(self, kept: tuple[T, ...], one: T) -> tuple[T, ...]:
        if len(kept) >= KEPT:
            self.left_out += 1
            kept = (kept[0], *kept[2:])
        return (*kept, one)
