"""One strategy, its context and its runner, without an engine around them."""

from __future__ import annotations

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.errors import UnknownInstrument
from livetrio.model import InstrumentId
from livetrio.strategy.context import Context
from livetrio.strategy.runner import StrategyRunner
from livetrio.testing import FakeVenue

BTC = InstrumentId("BTC-USD-PERP.FAKE")
ETH = InstrumentId("ETH-USD-PERP.FAKE")


class FeedClient:
    """Stands for a venue's connections: knows what is asked for."""

    def __init__(self):
        self.asked = []
        self.unknown = set()

    def subscribe(self, feed):
        if feed.instrument_id in self.unknown:
            raise UnknownInstrument(f"no {feed}")
        self.asked.append(feed)

    def unsubscribe(self, feed):
        self.asked.remove(feed)


class Stage:
    def __init__(self, **options):
        self.bus = MessageBus()
        self.cache = Cache()
        self.clock = Clock.simulated()
        self.data = DataEngine(self.bus, self.cache)
        self.client = FeedClient()
        self.data.add_client("FAKE", self.client)
        self.stops = []
        self.codec = FakeVenue().open_codec("market", 1)
        self.context = Context(
            name="it",
            bus=self.bus,
            cache=self.cache,
            clock=self.clock,
            data=self.data,
            stop=self.stops.append,
            **options,
        )
        self.failures = []

    def runner(self, strategy, *, on_error="stop", stop_timeout=5.0):
        return StrategyRunner(
            strategy=strategy,
            context=self.context,
            clock=self.clock,
            on_error=on_error,
            on_failure=lambda runner, error: self.failures.append(error),
            stop_timeout=stop_timeout,
        )

    def market(self, *lines):
        """Let the venue say something."""
        for line in lines:
            for event in self.codec.decode(line.encode(), self.clock.now()):
                self.data.process(event)
