"""TradingState: what may leave."""

from __future__ import annotations

from enum import Enum


class TradingState(Enum):
    """What may leave."""

    ACTIVE = "active"
    """What is within the limits."""
    REDUCING = "reducing"
    """Only what makes positions smaller."""
    HALTED = "halted"
    """Nothing, but for what the kill switch closes positions with."""
