"""hunt: a bug, and worlds until one of them shows it."""

from __future__ import annotations

import time
from pathlib import Path

import attrs

from livetrio.simulation.draw import draw_plan
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.world import run_world
from livetrio.simulation.worlds import ConfigSource, Worlds
from planted.bugs import BUGS

CONFIG = Path(__file__).parent / "world/busy.toml"


@attrs.frozen
class Verdict:
    """What became of a bug."""

    name: str
    seed: int | None
    """Of the first world that has shown it; None: none has."""
    words: str
    seconds: float


def hunt(name: str, *, seeds: int, seconds: float) -> Verdict:
    """Run worlds with a bug until one of them shows it."""
    BUGS[name].plant()
    began = time.monotonic()
    work = Worlds(ConfigSource(CONFIG), run_world=run_world).open()
    for seed in range(seeds):
        result = work(draw_plan(seed, seconds))
        if not isinstance(result, Outcome):
            return Verdict(name, seed, result.sentence, time.monotonic() - began)
        if result.violation is not None:
            words = f"{result.violation.invariant}: {result.violation.sentence}"
            return Verdict(name, seed, words, time.monotonic() - began)
    return Verdict(name, None, BUGS[name].sentence, time.monotonic() - began)
