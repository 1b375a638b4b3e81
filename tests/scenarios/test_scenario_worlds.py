"""Everything at once: fifty worlds in which a strategy does all that can be done with orders, and all holds.

`scripts/worlds` runs more of them, and longer ones.
"""

from pathlib import Path

import pytest
import structlog

from livetrio.simulation.draw import draw_plan
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.world import run_world
from livetrio.simulation.worlds import ConfigSource, Worlds

BUSY = Path(__file__).parents[2] / "scripts/planted/world/busy.toml"

SECONDS = 150.0


@pytest.fixture
def worlds(monkeypatch):
    """Worlds as the command's workers run them; what these do to the process is taken back."""
    monkeypatch.setattr("sys.stdout", None)
    yield Worlds(ConfigSource(BUSY), run_world=run_world).open()
    structlog.reset_defaults()


@pytest.mark.parametrize("seed", range(50))
def test_all_holds(worlds, seed):
    outcome = worlds(draw_plan(seed, SECONDS))

    assert isinstance(outcome, Outcome), outcome
    assert outcome.violation is None, outcome.plan.to_text()
    assert outcome.counts["orders"] > 0 or outcome.plan.regime == "none"
