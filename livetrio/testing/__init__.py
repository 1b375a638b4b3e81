"""Tools for tests: our own, and those of whoever writes strategies.

simulations  simulate, simulate_seeds: a strategy in worlds in which things go wrong, by plain functions
runs         run_strategy: a strategy at a market that lives, in three lines
venue        FakeVenue, FakeVenueServer: a venue that does exactly what a test says
network      MemoryNetwork: hosts and connections in memory, with the faults of real ones
streams      the connections themselves
peer         WebSocketPeer: the far side of a WebSocket, which remembers what it saw
limits       within: a test that would hang fails instead

But for the first, which have a clock of their own, they are made for trio's `MockClock` (pytest-trio's
``autojump_clock``). Nothing in them touches a socket, a thread or the wall clock. Their names are imported
when they are first used.

pytest_plugin  the fixture `simulated`, and a mark for tests of many seeds; wants pytest, so is named in full
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livetrio.simulation.checks import Check as Check
    from livetrio.simulation.plan import Plan as Plan
    from livetrio.simulation.view import WorldView as WorldView
    from livetrio.testing.limits import within as within
    from livetrio.testing.network import MemoryNetwork as MemoryNetwork
    from livetrio.testing.network import Site as Site
    from livetrio.testing.peer import PeerSession as PeerSession
    from livetrio.testing.peer import WebSocketPeer as WebSocketPeer
    from livetrio.testing.runs import StrategyRun as StrategyRun
    from livetrio.testing.runs import run_strategy as run_strategy
    from livetrio.testing.simulated_run import SimulatedRun as SimulatedRun
    from livetrio.testing.simulations import simulate as simulate
    from livetrio.testing.simulations import simulate_seeds as simulate_seeds
    from livetrio.testing.streams import Link as Link
    from livetrio.testing.streams import MemoryStream as MemoryStream
    from livetrio.testing.venue import FakeVenue as FakeVenue
    from livetrio.testing.venue import FakeVenueServer as FakeVenueServer

_HOMES = {
    "Check": "livetrio.simulation.checks",
    "FakeVenue": "livetrio.testing.venue",
    "FakeVenueServer": "livetrio.testing.venue",
    "Link": "livetrio.testing.streams",
    "MemoryNetwork": "livetrio.testing.network",
    "MemoryStream": "livetrio.testing.streams",
    "PeerSession": "livetrio.testing.peer",
    "Plan": "livetrio.simulation.plan",
    "SimulatedRun": "livetrio.testing.simulated_run",
    "Site": "livetrio.testing.network",
    "StrategyRun": "livetrio.testing.runs",
    "WebSocketPeer": "livetrio.testing.peer",
    "WorldView": "livetrio.simulation.view",
    "run_strategy": "livetrio.testing.runs",
    "simulate": "livetrio.testing.simulations",
    "simulate_seeds": "livetrio.testing.simulations",
    "within": "livetrio.testing.limits",
}
"""Where each name lives."""

__all__ = [
    "Check",
    "FakeVenue",
    "FakeVenueServer",
    "Link",
    "MemoryNetwork",
    "MemoryStream",
    "PeerSession",
    "Plan",
    "SimulatedRun",
    "Site",
    "StrategyRun",
    "WebSocketPeer",
    "WorldView",
    "run_strategy",
    "simulate",
    "simulate_seeds",
    "within",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'livetrio.testing' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
