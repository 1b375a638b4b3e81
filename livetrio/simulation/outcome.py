"""Outcome: what became of one simulated world."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from livetrio.simulation.plan import Plan
from livetrio.simulation.record import Record


@attrs.frozen
class Violation:
    """An invariant that did not hold."""

    invariant: str
    """Its number and name: ``I2 none sent twice``."""
    sentence: str
    """What was expected, what was found, and of which thing."""
    at: float
    """When, in seconds of virtual time since the world began."""
    last_events: tuple[str, ...]
    """What happened before it, a line each, the oldest first."""


@attrs.frozen
class Outcome:
    """What became of one simulated world."""

    plan: Plan
    violation: Violation | None
    """The first one; None: all invariants held."""
    digest: str
    """Of all that happened: two runs of one plan have the same."""
    counts: Mapping[str, int]
    """How much of what happened: ``orders``, ``fills``, ``kills``, ``reconnects``, ``messages``, …"""
    record: Record | None = None
    """All that was done; None where the subject is not recorded."""
