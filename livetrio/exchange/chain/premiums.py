"""Premiums: how far each perpetual was from its oracle's price in this hour, as sampled so far."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Premiums:
    """The samples of the hour that runs; `funding` takes them and pays by them."""

    next_at: int | None = None
    """When the next sample is due, ms; None: none was thought of yet."""
    count: int = 0
    """Samples in this hour, the same number of every perpetual."""
    sums: dict[int, int] = attrs.field(factory=dict)
    """By asset: all of them together, in units of 1e-10."""
