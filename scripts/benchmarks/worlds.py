"""Worlds: what a virtual hour of the whole program with all faults costs, in seconds of one core.

A strategy with the prices and trades of two instruments places an order each five seconds (`world/quoter`).
The engine, the exchange with its market, the network with real WebSocket frames between them, the journal
and the invariants are in it. Each world is told in a process of its own; all must hold.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import attrs

from benchmarks.processes import CheckFailed, work
from benchmarks.table import Row
from livetrio.simulation.draw import draw_plan
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.world import run_world
from livetrio.simulation.worlds import ConfigSource, Worlds

CONFIG = Path(__file__).parent / "world/quoter.toml"

SEEDS = (3, 4, 6)

PACE = 0.33
"""Of the market, so that about ten messages come in a second."""


def measure(*, quick: bool) -> list[Row]:
    """A virtual hour of each seed; quick: five minutes of one."""
    seconds = 300 if quick else 3600
    found = [work("world", seed=seed, seconds=seconds) for seed in (SEEDS[:1] if quick else SEEDS)]
    rates = [each["messages"] / seconds for each in found]
    orders = [each["orders"] for each in found]
    return [
        Row(
            name="a virtual hour with all faults",
            unit="s",
            values=[each["cpu"] * 3600 / seconds for each in found],
            target=10.0,
            note=f"{min(rates):.1f} to {max(rates):.1f} messages/s, an order each "
            f"{seconds * len(found) / sum(orders):.1f} s",
        ),
    ]


def run(seed: int, seconds: float) -> dict[str, Any]:
    """One world; what it cost and held."""
    worlds = Worlds(ConfigSource(CONFIG), run_world=run_world)
    with worlds.here() as subject:
        worlds.result(subject, draw_plan(0, 5.0))  # imports, and what is made once
        began = time.process_time()
        outcome = worlds.result(subject, attrs.evolve(draw_plan(seed, seconds), pace=PACE))
        cpu = time.process_time() - began
    if not isinstance(outcome, Outcome) or outcome.violation is not None:
        raise CheckFailed(f"the world of seed {seed} does not hold: {outcome}")
    return {"cpu": cpu, "messages": outcome.counts["messages"], "orders": outcome.counts["orders"]}
