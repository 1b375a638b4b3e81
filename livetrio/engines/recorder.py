"""Recorder and OrderTimes: whom the `OrderTracker` tells what may not be forgotten, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from livetrio.model import Fill, FundingPayment, Order, OrderEvent, Sending, Timeline


class Recorder(Protocol):
    """Whoever remembers what may not be forgotten: the journal."""

    def record_event(self, event: OrderEvent) -> None:
        """An order's event, and the order as it is now."""
        ...

    def record_order(self, order: Order) -> None:
        """An order as it is now, where nothing that is told has happened to it."""
        ...

    def record_timeline(self, timeline: Timeline) -> None:
        """How far an order of ours has come by now; written with what is recorded beside it."""
        ...

    def record_fill(self, fill: Fill, strategy: str | None) -> None:
        """A trade of the account."""
        ...

    def record_funding(self, payment: FundingPayment) -> None:
        """A payment."""
        ...

    def put(self, kind: str, key: str, value: Mapping[str, object] | None) -> None:
        """A small state."""
        ...


class OrderTimes(Protocol):
    """Whoever measures how long orders take."""

    def take_acknowledgement(self, timeline: Timeline) -> None:
        """The venue has said something of an order, for the first time."""
        ...

    def take_answer(self, sending: Sending) -> None:
        """A request was answered."""
        ...
