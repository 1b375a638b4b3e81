"""OrderClient: whoever sends orders to a venue, as the execution engine sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import attrs

from livetrio.engines.gate import Gate
from livetrio.model import Order, SubmitOrder


class OrderClient(Protocol):
    """Whoever sends orders to one venue."""

    gate: Gate
    needs_limit_for_market: bool
    """Whether market orders must have a worst price."""

    def refusal(self, command: SubmitOrder) -> str | None:
        """Why the venue would not take such an order, whatever its price and size, or None."""
        ...

    def submit(self, order: Order) -> None:
        """Let it leave as soon as it can."""
        ...

    def cancel(self, order: Order) -> None:
        """Cancel it, before all else that waits."""
        ...

    def modify(self, order: Order, quantity: Decimal, price: Decimal | None, trigger: Decimal | None) -> None:
        """Let it become its `pending_revision` (``quantity``: what shall be open)."""
        ...


@attrs.frozen
class CancelCounts:
    """What became of a wish to cancel several orders."""

    canceled_count: int
    """Cancellations that are on their way."""
    failed_count: int
    """Orders that nobody can cancel: their venue is none of this engine's."""
