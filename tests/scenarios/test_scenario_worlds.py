"""Everything at once: fifty worlds in which a strategy does all that can be done with orders, and all holds.

`scripts/worlds` runs more of them, and longer ones.
"""

from functools import partial
from pathlib import Path

import pytest

from livetrio.simulation.draw import draw_plan
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.world import run_world
from livetrio.simulation.worlds import ConfigSource, Worlds

BUSY = Path(__file__).parents[2] / "scripts/planted/world/busy.toml"

SECONDS = 150.0


@pytest.fixture
def worlds():
    """What runs a plan."""
    worlds = Worlds(ConfigSource(BUSY), run_world=run_world)
    with worlds.here() as subject:
        yield partial(worlds.result, subject)


@pytest.mark.parametrize("seed", range(50))
def test_all_holds(worlds, seed):
    outcome = worlds(draw_plan(seed, SECONDS))

    assert isinstance(outcome, Outcome), outcome
    assert outcome.violation is None, outcome.plan.to_text()
    assert outcome.counts["orders"] > 0 or outcome.plan.regime == "none"
