"""Strategies: what authors write, what they may see and do, and how they are loaded and run."""

from livetrio.strategy.base import Strategy
from livetrio.strategy.context import Context

__all__ = ["Context", "Strategy"]
