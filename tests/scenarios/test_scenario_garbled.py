"""A venue that sends nonsense of every kind between its news: counted, named once, and survived."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from livetrio import Cache, Clock, LiveTradingConfig, LiveTradingEngine, MessageBus
from livetrio.exchange import LocalExchange
from livetrio.exchange.api.info import answer_info
from livetrio.exchange.edge.http import Response
from livetrio.model import ConnectionState
from livetrio.testing import MemoryNetwork, WebSocketPeer, within
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

BTC = "BTC-USD-PERP.HYPERLIQUID"
USERS = ["0x" + "1" * 40, "0x" + "2" * 40]


def frame(channel, data, **more):
    return json.dumps({"channel": channel, "data": data, **more})


def trade(number, px="100.0", sz="1.0", **more):
    """One trade, as a frame."""
    return frame("trades", [{
        "coin": "BTC", "side": "B", "px": px, "sz": sz, "time": 1_700_000_000_000, "hash": "0x0",
        "tid": number, "users": USERS, **more,
    }])  # fmt: skip


def book(bid, ask, sz="1.0"):
    def level(px):
        return {"px": px, "sz": sz, "n": 1}

    return frame("l2Book", {"coin": "BTC", "time": 1_700_000_000_000, "levels": [[level(bid)], [level(ask)]]})


GARBLED = {
    "bad-json": ["", "{", "not json", '{"channel":"trades","data":'],
    "null": ["null"],
    "wrong-types": [
        "[]",
        "[1,2",
        "17",
        '{"channel":"trades","data":[1]}',
        trade(1, px=100),
        trade(1, sz="x"),
    ],
    "unknown-channel": [frame("webData9", {}), frame("", {})],
    "unknown-instrument": [trade(1, coin="NO-SUCH")],
    "off-tick": [trade(1, px="100.0000001")],
    "negative-size": [trade(1, sz="-1.0"), book("99.0", "101.0", sz="-1.0")],
    "crossed-book": [book("101.0", "101.0"), book("102.0", "101.0")],
}
ANY = [text for texts in GARBLED.values() for text in texts]


def acknowledge(_session, text):
    message = json.loads(text)
    if message["method"] == "ping":
        return ['{"channel":"pong"}']
    return [frame("subscriptionResponse", message)]


class Venue:
    """Hyperliquid as the test wants it, and an engine that is connected to it."""

    def __init__(self, nursery, **config):
        exchange = LocalExchange(clock=Clock.simulated())

        def answer(request):
            found = answer_info(json.loads(request.body), exchange.ledger, exchange.records)
            return Response(200, msgspec.json.encode(found))

        self.peer = WebSocketPeer(on_message=acknowledge, on_request=answer)
        network = MemoryNetwork(nursery)
        self.site = network.listen("venue.test", 80, self.peer.serve)
        self.bus = MessageBus()
        self.seen = []
        self.bus.subscribe("trade.*", self.seen.append)
        self.engine = LiveTradingEngine(
            self.bus,
            Cache(),
            LiveTradingConfig(handle_signals=False, **config),
            clock=Clock.simulated(),
            dial=network.dial,
        )
        self.engine.add_venue(
            HyperliquidVenue(HyperliquidConfig(network="local"), base_url="http://venue.test")
        )
        self.engine.data.subscribe_instrument(BTC, trades=True)
        nursery.start_soon(self.engine.run)

    async def stop(self):
        self.engine.stop()
        await self.engine.wait_stopped()

    @property
    def status(self):
        return self.engine.connection_status()[0]


@within(3600)
async def test_every_kind_of_nonsense_is_counted_and_named_once(nursery, autojump_clock):
    venue = Venue(nursery)
    session = await venue.peer.wait_session(1)
    await trio.sleep(1)

    with capture_logs() as logs:
        for number in range(3):
            for text in ANY:
                await session.send(text)
                await trio.sleep(0.1)
            await session.send(trade(100 + number))
            await trio.sleep(0.1)

    assert [event.trade_id for event in venue.seen] == ["100", "101", "102"], "nothing of it was applied"
    assert sum(venue.status.faults.values()) == 3 * len(ANY), "and nothing of it was lost silently"
    assert venue.status.faults == {kind: 3 * len(texts) for kind, texts in GARBLED.items()}
    named = Counter(each["kind"] for each in logs if each["event"].startswith("message dropped"))
    assert set(named) == set(GARBLED)
    assert set(named.values()) == {1}
    assert venue.status.generation == 1
    await venue.stop()


@within(3600)
async def test_unknown_fields_are_no_fault(nursery, autojump_clock):
    venue = Venue(nursery)
    session = await venue.peer.wait_session(1)
    await trio.sleep(1)

    await session.send(trade(1, news={"a": [1, None]}), frame("pong", None, extra=1))
    await trio.sleep(1)

    assert len(venue.seen) == 1
    assert venue.status.faults == {}
    await venue.stop()


@within(3600)
async def test_a_venue_that_speaks_nothing_but_nonsense_is_called_again_and_again_more_rarely(
    nursery, autojump_clock
):
    venue = Venue(nursery, max_bad_frames=20)
    venue.peer.on_message = lambda _session, _text: ["nonsense"] * 25

    await trio.sleep(100)

    assert venue.status.state is not ConnectionState.CONNECTED
    assert "the last 2" in venue.status.last_error
    assert len(venue.peer.sessions) == 7  # at 0, 1, 3, 7, 15, 31 and 63
    venue.peer.on_message = acknowledge
    await trio.sleep(60)
    await venue.peer.session.send(trade(1))
    await trio.sleep(1)
    assert len(venue.seen) == 1
    await venue.stop()


@within(3600)
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x83\x00", 1002),  # an opcode that does not exist
        (b"\xc1\x01a", 1002),  # a reserved bit
        (b"\x81\x81aaaaa", 1002),  # masked, by a server
        (b"\x09\x00", 1002),  # a ping in fragments
        (b"\x81\x02\xff\xfe", None),  # no UTF-8
    ],
    ids=["opcode", "reserved bit", "masked", "fragmented ping", "no UTF-8"],
)
async def test_a_breach_of_the_protocol_costs_one_session_at_most(nursery, autojump_clock, raw, code):
    venue = Venue(nursery)
    first = await venue.peer.wait_session(1)
    await trio.sleep(1)

    await first.send_raw(raw)
    await trio.sleep(5)

    if code is not None:
        assert first.close_code == code
        assert venue.status.generation == 2
    assert venue.status.state is ConnectionState.CONNECTED
    await venue.peer.session.send(trade(1))
    await trio.sleep(1)
    assert len(venue.seen) == 1
    await venue.stop()
