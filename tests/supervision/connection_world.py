"""One connection to a fake venue over an in-memory network, for the tests in this folder."""

from __future__ import annotations

import random
from itertools import pairwise

import trio

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.model import ConnectionState, Feed, FeedKind, InstrumentId
from livetrio.supervision.connection import Connection
from livetrio.supervision.http import HttpClient
from livetrio.supervision.interval import Interval
from livetrio.supervision.policy import ConnectionPolicy
from livetrio.supervision.upstream import RawUpstream, VenueUpstream
from livetrio.testing import FakeVenue, FakeVenueServer, MemoryNetwork

BTC = InstrumentId("BTC-USD-PERP.FAKE")
ETH = InstrumentId("ETH-USD-PERP.FAKE")
TRADES = Feed(FeedKind.TRADES, "FAKE", BTC)
BOOK = Feed(FeedKind.BOOK, "FAKE", BTC)
ETH_BOOK = Feed(FeedKind.BOOK, "FAKE", ETH)


class World:
    """A connection and everything around it."""

    def __init__(
        self, nursery, *, heartbeat=30.0, raw=None, http=False, rng=None, receive=None, venue=None, **policy
    ):
        self.network = MemoryNetwork(nursery)
        self.server = FakeVenueServer(BTC, ETH)
        self.site = self.network.listen("fake.test", 443, self.server.serve)
        self.venue = venue or FakeVenue()
        self.clock = Clock.simulated()
        self.bus = MessageBus()
        self.cache = Cache()
        self.data = DataEngine(self.bus, self.cache)
        self.events = self.bus.subscribe("system.*", capacity=100_000)
        self.market = self.bus.subscribe("trade.*", "orderbook.*", "market_data.*", capacity=100_000)
        self.others = []
        self.heartbeat = Interval(heartbeat)
        upstream = VenueUpstream(
            self.venue,
            self.venue.streams[0],
            http=HttpClient(self.network.dial) if http else None,
        )
        if raw is not None:
            upstream = RawUpstream("wss://fake.test/ws", {}, raw)
        self.connection = Connection(
            name="fake/market",
            upstream=upstream,
            policy=ConnectionPolicy(**policy),
            receive=receive or self.data.process,
            receive_other=self._take_other,
            last_update=self.data.last_update,
            bus=self.bus,
            clock=self.clock,
            dial=self.network.dial,
            heartbeat=self.heartbeat,
            rng=rng or random.Random(1),
        )

    def _take_other(self, event):
        self.others.append(event)
        return True

    @property
    def peer(self):
        return self.server.peer

    async def up(self, nursery, feed=None):
        """Run the connection, and wait until it has come up or failed once."""
        nursery.start_soon(self.connection.run)
        await self.connection.settled.wait()
        if feed is not None:
            self.connection.subscribe(feed)
            await self.peer.session.wait_received(f"subscribe {feed}")

    async def wait_state(self, state):
        with self.bus.subscribe("system.*", capacity=1000) as events:
            while self.connection.state is not state:
                await events.receive()

    def told(self, kind=None):
        """What was published on system.* so far."""
        return [event for event in drain(self.events) if kind is None or type(event).__name__ == kind]

    def delays(self):
        """The delays of all reconnections that were published."""
        return [event.delay for event in self.told() if state_of(event) is ConnectionState.RECONNECTING]


def state_of(event):
    return getattr(event, "state", None)


def drain(subscription):
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return events


def gaps(times):
    return [round(later - earlier, 6) for earlier, later in pairwise(times)]
