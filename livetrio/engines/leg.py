"""Leg: one revision of an order, as its venue has it."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.model import OrderStatus

ZERO = Decimal(0)


@attrs.define
class Leg:
    """One revision of an order, as the venue has it."""

    quantity: Decimal
    """Its size: what was open when it was made."""
    price: Decimal | None
    trigger_price: Decimal | None
    filled: Decimal = ZERO
    """By the fills that we have."""
    told: Decimal = ZERO
    """What the venue says was filled: the fills that we do not have are on their way, or lost."""
    end: OrderStatus | None = None
    """How the venue says that it ended."""
    reason: str | None = None
    ts_end: int = 0
    is_guessed: bool = False
    """Whether only its fills say that it is there: its size is theirs then, until the venue tells it."""
