"""An hour on a market with a network that fails in every way it can. In virtual time."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter

import attrs
import pytest
import trio

from livetrio import Cache, Clock, LiveTradingConfig, LiveTradingEngine, MessageBus, Strategy
from livetrio.exchange import ExchangeSettings, LocalExchange, Recording
from livetrio.exchange.edge.http import plain
from livetrio.model import ConnectionState, FeedState
from livetrio.testing import FakeVenue, FakeVenueServer, MemoryNetwork, run_strategy, within

BTC = "BTC-USD-PERP.HYPERLIQUID"
ETH = "ETH-USD-PERP.HYPERLIQUID"


@attrs.define
class Watcher(Strategy):
    """Checks what may never happen, and counts the rest."""

    instruments: tuple = (BTC, ETH)
    seen: Counter = attrs.field(factory=Counter)
    states: list = attrs.field(factory=list)
    feeds: list = attrs.field(factory=list)
    wrong: list = attrs.field(factory=list)
    generation: int = 0
    trade_ids: set = attrs.field(factory=set)
    last_tick: int = 0

    def on_start(self):
        for instrument in self.instruments:
            self.ctx.subscribe_trades(instrument)
            self.ctx.subscribe_quotes(instrument)
            self.ctx.subscribe_book(instrument)

    def on_quote(self, quote):
        self._check(quote)
        cached = self.ctx.cache.get_quote(quote.instrument_id)
        if cached.ts_init < quote.ts_init:
            self.wrong.append(("news that the cache lacks", quote))

    def on_book(self, book):
        self._check(book)

    def on_trade(self, trade):
        self._check(trade)
        if trade.trade_id in self.trade_ids:
            self.wrong.append(("a trade twice", trade))
        self.trade_ids.add(trade.trade_id)

    def _check(self, event):
        self.seen[type(event).__name__] += 1
        if event.generation < self.generation:
            self.wrong.append(("of an old session", event))

    def on_connection(self, event):
        self.states.append(event.state)
        if event.state is ConnectionState.CONNECTED:
            self.generation = event.generation

    def on_feed(self, event):
        self.feeds.append(event)

    def on_tick(self, tick):
        self.seen["tick"] += 1
        if tick.tick_number != self.last_tick + 1 or tick.missed:
            self.wrong.append(("a tick missed", tick))
        self.last_tick = tick.tick_number


QUOTES = 30
"""In a minute of the thin market, of each instrument."""


def thin_market():
    """A made-up minute of BTC and ETH in which little happens, so that an hour of it is quick to play.

    Every two seconds the prices of both take a step, up and down; every ten seconds both are traded.
    """
    began = 1_700_000_000_000
    frames, tids = [], itertools.count(1)

    def add(at, channel, data):
        frames.append(((began + at) * 1_000_000, json.dumps({"channel": channel, "data": data})))

    for number in range(QUOTES):
        for coin, px, at in (("BTC", 90_000, 2000 * number), ("ETH", 3_000, 2000 * number + 700)):
            px += 2 * (number % 5)
            sides = [[{"px": f"{px + side}.0", "sz": "1.5", "n": 1}] for side in range(2)]
            add(at, "l2Book", {"coin": coin, "time": began + at, "levels": sides})
            if number % 5 == 4:
                at += 900
                trade = {
                    "coin": coin, "side": "BA"[number % 2], "px": f"{px + 1 - number % 2}.0", "sz": "0.25",
                    "time": began + at, "hash": "0x" + "0" * 64, "tid": next(tids),
                    "users": ["0x" + "1" * 40, "0x" + "2" * 40],
                }  # fmt: skip
                add(at, "trades", [trade])
    return Recording(sorted(frames, key=lambda frame: frame[0]))


FAULTS = ("reset", "half_open", "refuse", "dial_hole", "slow", "restart")


@within(2 * 3600)
@pytest.mark.parametrize("seed", range(2))
async def test_an_hour_on_a_flaky_network(autojump_clock, seed):
    rng = random.Random(seed)
    strategy = Watcher()
    config = LiveTradingConfig(tick_interval_ms=1000, heartbeat_interval_ms=10_000, handle_signals=False)

    async with run_strategy(strategy, recording=thin_market(), loop=True, orders=False, config=config) as run:
        site, engine = run.site, run.engine
        ended = trio.current_time() + 3600
        while trio.current_time() < ended - 300:
            match rng.choice(FAULTS):
                case "reset":
                    site.reset()
                case "half_open":
                    site.half_open()
                case "refuse":
                    site.refuse = True
                    site.reset()
                    await trio.sleep(rng.uniform(0, 120))
                    site.refuse = False
                case "dial_hole":
                    site.dial_hole = True
                    site.reset()
                    await trio.sleep(rng.uniform(0, 60))
                    site.dial_hole = False
                case "slow":
                    site.latency = rng.uniform(0, 1.5)
                case "restart":
                    engine.restart()
            await trio.sleep(rng.uniform(0, 120))
        site.latency = 0.0
        await trio.sleep(ended + 0.5 - trio.current_time())  # the world is well again
        (status,) = engine.connection_status()
        before = Counter(strategy.seen)
        await trio.sleep(60)
        after = Counter(strategy.seen)

    assert strategy.wrong == []
    assert status.state is ConnectionState.CONNECTED, "it recovers by itself"
    assert status.stale_feeds == ()
    assert after["Quote"] - before["Quote"] >= QUOTES * 2 - 4
    assert strategy.seen["tick"] == 3660, "ticks do not depend on the network"
    assert status.generation > 10
    assert strategy.states.count(ConnectionState.CONNECTED) == status.generation
    assert strategy.states.count(ConnectionState.DISCONNECTED) in (status.generation, status.generation - 1)
    assert set(status.faults) <= {"stale"}
    assert run.engine.report().dropped == 0
    stale = Counter((event.feed, event.state) for event in strategy.feeds)
    for (feed, state), count in stale.items():
        if state is FeedState.STALE:
            assert stale[feed, FeedState.RECOVERED] == count, "whatever was named recovers"
    await trio.sleep(5)
    assert run.exchange.connections <= len([link for link in site.links if link._pipes[0].is_dead])


@within(2 * 3600)
async def test_a_healthy_hour_misses_nothing(autojump_clock):
    strategy = Watcher()

    async with run_strategy(strategy, recording=thin_market(), loop=True, orders=False) as run:
        await trio.sleep(3600.5)
        (status,) = run.engine.connection_status()

    assert strategy.wrong == []
    assert (status.generation, status.faults, status.stale_feeds) == (1, {}, ())
    assert strategy.seen["Quote"] >= 59 * 2 * QUOTES
    assert strategy.seen["OrderBook"] >= 3590 / 0.54 * 2, "whether it changes or not"
    assert strategy.seen["Trade"] in range(59 * 2 * QUOTES // 5, 61 * 2 * QUOTES // 5)
    assert strategy.feeds == []
    assert strategy.seen["tick"] == 3600
    assert run.engine.data.refused["out-of-order"] == 0


@within(2 * 3600)
async def test_of_two_venues_one_is_down_for_an_hour(nursery, autojump_clock):
    """The venue that is down is tried again and again; the other one's strategy notices nothing."""
    exchange = LocalExchange(clock=Clock.simulated(), recording=thin_market(), loop=True)
    await nursery.start(exchange.run)
    network = MemoryNetwork(nursery)
    network.listen("exchange.test", 80, exchange.serve_stream)
    dead = FakeVenueServer("BTC-USD-PERP.FAKE")
    dead_site = network.listen("fake.test", 443, dead.serve)
    dead.peer.refusal = plain(503, "closed")
    from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

    bus = MessageBus()
    engine = LiveTradingEngine(
        bus,
        Cache(),
        LiveTradingConfig(tick_interval_ms=1000, handle_signals=False),
        clock=Clock.simulated(),
        dial=network.dial,
    )
    engine.add_venue(FakeVenue())
    engine.add_venue(HyperliquidVenue(HyperliquidConfig(network="local"), base_url="http://exchange.test"))
    both = []

    class Patient(Strategy):
        """Wants the dead one's trades."""

        seen = 0

        def on_start(self):
            self.ctx.subscribe_trades("BTC-USD-PERP.FAKE")

        def on_trade(self, trade):
            self.seen += 1

        def on_connection(self, event):
            both.append((event.connection, event.state))

    patient, watcher = Patient(), Watcher()
    engine.add_strategy(patient)
    engine.add_strategy(watcher)
    await nursery.start(engine.run)
    await trio.sleep(3600)

    fake, hyperliquid = engine.connection_status()
    assert (fake.name, fake.generation) == ("fake/market", 0)
    assert fake.state is ConnectionState.RECONNECTING
    assert (hyperliquid.generation, hyperliquid.faults) == (1, {})
    assert 60 <= fake.reconnect_attempts <= 70
    assert dead_site.dials[:4] == [0, 0, 1, 3]  # the list of instruments, then the upgrades
    assert watcher.seen["Quote"] >= 59 * 2 * QUOTES
    assert watcher.seen["tick"] in (3599, 3600)
    assert {name for name, state in both if state is ConnectionState.CONNECTED} == {"hyperliquid/market"}

    dead.peer.refusal = None
    await trio.sleep(61)
    await dead.send("trade BTC-USD-PERP.FAKE 100 1 1")
    await trio.sleep(1)
    assert patient.seen == 1
    assert dead.peer.session.received[0] == "subscribe trades BTC-USD-PERP.FAKE"
    engine.stop()
    await engine.wait_stopped()
    await trio.sleep(5)
    assert dead.peer.session.close_code == 1000
    assert exchange.connections == 0


@within(3600)
async def test_the_venue_s_60_seconds_of_silence_are_not_reached(autojump_clock):
    """The local exchange drops whoever it has sent nothing for 60 s; our pings keep it sending."""

    class Quiet(Strategy):
        """Wants nothing."""

    async with run_strategy(Quiet(), exchange=ExchangeSettings(regime="none"), orders=False) as run:
        await trio.sleep(1800)
        (status,) = run.engine.connection_status()

    assert status.generation == 1
    assert status.messages_received in (59, 60)
