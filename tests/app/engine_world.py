"""An engine with fake venues on an in-memory network, for the tests in this folder."""

from __future__ import annotations

import attrs
import trio

from livetrio import Cache, Clock, LiveTradingConfig, LiveTradingEngine, MessageBus, Strategy
from livetrio.model import InstrumentId
from livetrio.testing import FakeVenue, FakeVenueServer, MemoryNetwork

BTC = InstrumentId("BTC-USD-PERP.FAKE")
ETH = InstrumentId("ETH-USD-PERP.FAKE")
OTHER = InstrumentId("BTC-USD-PERP.OTHER")

HOUR = 3600


class Rig:
    """The engine, one venue by default, and the far side."""

    def __init__(self, nursery, *, venues=("FAKE",), endpoints=(), **config):
        self.nursery = nursery
        self.network = MemoryNetwork(nursery)
        self.bus = MessageBus()
        self.cache = Cache()
        config.setdefault("handle_signals", False)
        self.engine = LiveTradingEngine(
            self.bus,
            self.cache,
            LiveTradingConfig(ws_endpoints=endpoints, **config),
            clock=Clock.simulated(),
            dial=self.network.dial,
        )
        self.servers = {}
        self.sites = {}
        self.venues = {}
        for name in venues:
            host = f"{name.lower()}.test"
            server = FakeVenueServer(f"BTC-USD-PERP.{name}", f"ETH-USD-PERP.{name}")
            self.servers[name] = server
            self.sites[name] = self.network.listen(host, 443, server.serve)
            self.venues[name] = FakeVenue(name, host=host)
            self.engine.add_venue(self.venues[name])
        # What is published from now on, in order.
        self.everything = self.bus.subscribe("*", capacity=100_000)

    @property
    def server(self):
        return self.servers["FAKE"]

    @property
    def site(self):
        return self.sites["FAKE"]

    async def start(self):
        await self.nursery.start(self.engine.run)

    async def stop(self):
        self.engine.stop()
        await self.engine.wait_stopped()

    def told(self, kind):
        """What was published of this class since it was last asked."""
        return [event for event in drain(self.everything) if type(event).__name__ == kind]


def drain(subscription):
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return events


@attrs.define
class Recorder(Strategy):
    """Notes everything, in order."""

    instrument: str = BTC
    calls: list = attrs.field(factory=list)

    def on_start(self):
        self.calls.append("start")
        self.ctx.subscribe_trades(self.instrument)

    def on_trade(self, trade):
        self.calls.append(f"trade {trade.trade_id}")

    def on_tick(self, tick):
        self.calls.append(f"tick {tick.tick_number}")

    def on_connection(self, event):
        self.calls.append(event.state.value)

    def on_feed(self, event):
        self.calls.append(f"{event.state.value} {event.feed}")

    def on_stop(self):
        self.calls.append("stop")


class Fails(Recorder):
    """Raises in the handler that is named."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def on_start(self):
        super().on_start()
        self._maybe("on_start")

    def on_trade(self, trade):
        super().on_trade(trade)
        self._maybe("on_trade")

    def on_stop(self):
        super().on_stop()
        self._maybe("on_stop")

    def _maybe(self, where):
        if where == self.where:
            raise ValueError(f"in {where}")
