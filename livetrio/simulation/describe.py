"""Describe: the faults of simulated worlds and how they are written, for people."""

from __future__ import annotations

from livetrio.exchange.faults.describe import FORM, describe_kinds
from livetrio.simulation.catalogue import CATALOGUE


def describe_world_faults() -> str:
    """One line for each fault, and the form of a line in a plan."""
    return "\n".join(
        [
            "A world's faults are drawn from its seed, or written down in a plan, a line each:",
            "",
            FORM,
            "",
            *describe_kinds(CATALOGUE),
            "",
            "In brackets: what holds when nothing is said. The first TIME is the argument; P% is how likely",
            "it is each time; SCOPE a channel of messages (bbo, userFills, post), a type of actions (order,",
            "cancel), or info or action. What happens at a moment does so once, or `every` so often until",
            "`for` is over; all else lasts to the end, or `for` so long, or happens `once`. Time begins with",
            "the world. A plan is a file:",
            "",
            "  seed = 17",
            "  seconds = 600",
            '  latency = "5ms..60ms"                   # each way, between engine and exchange',
            '  regime = "crash"                        # of the market: calm, trend, crash, none',
            "  faults = [",
            '    "half-open for 40s after 2m",',
            '    "ack-lost 20% on order for 1m after 2m",',
            '    "kill 3s after 2m20s",',
            "  ]",
        ]
    )
