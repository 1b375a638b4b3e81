"""Tools for tests: our own, and those of whoever writes strategies.

runs       run_strategy: a strategy at a market that lives, in three lines
venue      FakeVenue, FakeVenueServer: a venue that does exactly what a test says
network    MemoryNetwork: hosts and connections in memory, with the faults of real ones
streams    the connections themselves
peer       WebSocketPeer: the far side of a WebSocket, which remembers what it saw
limits     within: a test that would hang fails instead

They are made for trio's `MockClock` (pytest-trio's ``autojump_clock``): nothing in them touches a
socket, a thread or the wall clock.
"""

from livetrio.testing.limits import within
from livetrio.testing.network import MemoryNetwork, Site
from livetrio.testing.peer import PeerSession, WebSocketPeer
from livetrio.testing.runs import StrategyRun, run_strategy
from livetrio.testing.streams import Link, MemoryStream
from livetrio.testing.venue import FakeVenue, FakeVenueServer

__all__ = [
    "FakeVenue",
    "FakeVenueServer",
    "Link",
    "MemoryNetwork",
    "MemoryStream",
    "PeerSession",
    "Site",
    "StrategyRun",
    "WebSocketPeer",
    "run_strategy",
    "within",
]
