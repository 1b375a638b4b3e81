"""World: a placeholder until the real one is merged."""

from __future__ import annotations

from typing import BinaryIO

from livetrio.simulation.outcome import Outcome
from livetrio.simulation.plan import Plan
from livetrio.simulation.subject import Subject


def run_world(plan: Plan, subject: Subject, *, trace: BinaryIO | None = None) -> Outcome:
    """Run one world to its end."""
    raise NotImplementedError
