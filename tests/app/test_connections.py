"""The engine's connections: given up, renewed, by hand, at run time. In virtual time."""

from __future__ import annotations

import pytest
import trio
from engine_world import BTC, HOUR, OTHER, Recorder, Rig, drain

from livetrio import EngineState, WebSocketEndpoint
from livetrio.errors import AllConnectionsFailed, ConnectionFailed, NotRunning
from livetrio.model import ConnectionState
from livetrio.supervision.connection import Connection
from livetrio.testing import WebSocketPeer, within
from livetrio.topics import DISCONNECTED


@within(HOUR)
async def test_only_when_the_last_connection_is_given_up_the_engine_fails(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"), max_reconnect_attempts=3)
    rig.sites["OTHER"].refuse = True
    strategy = Recorder()
    rig.engine.add_strategy(strategy)
    await rig.start()
    await rig.server.peer.session.wait_received(f"subscribe trades {BTC}")
    await trio.sleep(100)
    states = {each.name: each.state for each in rig.engine.connection_status()}
    assert states == {
        "fake/market": ConnectionState.CONNECTED,
        "other/market": ConnectionState.FAILED,
    }
    assert "failed" in strategy.calls
    await rig.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(1)
    assert strategy.calls[-1] == "trade 1", "one dead venue does not disturb the other"

    rig.engine.stop()
    await rig.engine.wait_stopped()
    rig.site.refuse = True
    begun = trio.current_time()
    with pytest.raises(AllConnectionsFailed, match=r"fake/market.*other/market") as caught:
        await rig.engine.run()

    assert trio.current_time() - begun == pytest.approx(7)
    assert rig.engine.state is EngineState.FAILED
    assert rig.engine.report().reason == f"error: {caught.value}"


@within(HOUR)
async def test_the_seed_s_three_attempts(nursery, autojump_clock):
    rig = Rig(nursery, max_reconnect_attempts=3)
    rig.site.refuse = True

    with pytest.raises(AllConnectionsFailed, match="given up after 3 attempts"):
        await rig.engine.run()

    (status,) = rig.engine.connection_status()
    assert (status.state, status.reconnect_attempts) == (ConnectionState.FAILED, 3)
    assert rig.site.dials == [0, 1, 3, 7]


@within(HOUR)
async def test_restart_renews_every_connection_and_revives_those_given_up(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"), max_reconnect_attempts=1)
    rig.sites["OTHER"].refuse = True
    await rig.start()
    await trio.sleep(10)
    assert [each.state.value for each in rig.engine.connection_status()] == ["connected", "failed"]
    rig.sites["OTHER"].refuse = False

    rig.engine.restart()
    await trio.sleep(1)

    assert [each.state.value for each in rig.engine.connection_status()] == ["connected", "connected"]
    assert [each.generation for each in rig.engine.connection_status()] == [2, 1]
    assert all(isinstance(each, Connection) for each in rig.engine.connections)
    await rig.stop()


RAW = WebSocketEndpoint(url="wss://raw.test/ws", subscriptions=("hello",))


@within(HOUR)
async def test_endpoints_by_hand_are_connected_and_their_messages_published(nursery, autojump_clock):
    rig = Rig(nursery, venues=(), endpoints=[RAW, RAW])
    peer = WebSocketPeer(on_message=lambda _session, text: [f"{text} yourself"])
    rig.network.listen("raw.test", 443, peer.serve)
    seen = []
    rig.bus.subscribe("websocket.*", seen.append)

    await rig.start()
    await trio.sleep(1)

    assert seen == [b"hello yourself"] * 2
    assert [each.name for each in rig.engine.connection_status()] == ["raw.test/ws", "raw.test/ws#2"]
    await rig.stop()


@within(HOUR)
async def test_an_endpoint_can_be_connected_and_disconnected_meanwhile(nursery, autojump_clock):
    rig = Rig(nursery)
    peer = WebSocketPeer()
    rig.network.listen("raw.test", 443, peer.serve)
    await rig.start()

    connection = await rig.engine.connect_websocket(RAW)
    await rig.engine.send_websocket_message(connection, "more")
    await trio.sleep(1)
    assert peer.session.received == ["hello", "more"]
    assert rig.engine.connections[-1] is connection
    rig.engine.disconnect_websocket(connection)
    await trio.sleep(1)

    assert peer.session.ended.is_set()
    assert len(rig.engine.connections) == 1
    assert connection.state is ConnectionState.DISCONNECTED
    rig.engine.disconnect_websocket(connection)
    with pytest.raises(NotRunning):
        await rig.engine.send_websocket_message(connection, "more")
    assert rig.engine.state is EngineState.RUNNING
    await rig.stop()


@within(HOUR)
async def test_an_endpoint_that_does_not_answer_is_tried_on(nursery, autojump_clock):
    rig = Rig(nursery)
    peer = WebSocketPeer()
    site = rig.network.listen("raw.test", 443, peer.serve)
    site.refuse = True
    await rig.start()

    connection = await rig.engine.connect_websocket(RAW)
    assert connection.state is ConnectionState.RECONNECTING
    site.refuse = False
    await trio.sleep(2)

    assert connection.state is ConnectionState.CONNECTED
    await rig.stop()


@within(HOUR)
@pytest.mark.parametrize("venues", [(), ("FAKE",)])
async def test_without_auto_reconnect_a_failed_connect_is_raised_and_that_is_all(
    nursery, autojump_clock, venues
):
    rig = Rig(nursery, venues=venues, auto_reconnect=False)
    await rig.start()

    with pytest.raises(ConnectionFailed, match="nobody listens"):
        await rig.engine.connect_websocket(RAW)
    await trio.sleep(10)

    assert rig.engine.state is EngineState.RUNNING
    assert len(rig.engine.connections) == len(venues)
    await rig.stop()


@within(HOUR)
async def test_a_connect_that_is_cancelled_leaves_nothing_behind(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.network.listen("raw.test", 443, WebSocketPeer().serve).dial_hole = True
    await rig.start()

    with trio.move_on_after(3):
        await rig.engine.connect_websocket(RAW)
    await trio.sleep(1)

    assert len(rig.engine.connections) == 1
    await rig.stop()


@within(HOUR)
async def test_a_connect_that_the_stop_overtakes_says_so(nursery, autojump_clock):
    rig = Rig(nursery)
    rig.network.listen("raw.test", 443, WebSocketPeer().serve).dial_hole = True
    await rig.start()

    async def stop():
        await trio.sleep(3)
        rig.engine.stop()

    nursery.start_soon(stop)
    with pytest.raises(NotRunning, match="before it was up"):
        await rig.engine.connect_websocket(RAW)
    await rig.engine.wait_stopped()


@within(HOUR)
async def test_an_endpoint_of_a_venue_carries_its_feeds_in_every_run(nursery, autojump_clock):
    """Hyperliquid's, by its address: no venue of its own is configured."""
    endpoint = WebSocketEndpoint(url="wss://api.hyperliquid.xyz/ws")
    rig = Rig(nursery, venues=(), endpoints=[endpoint])
    peer = WebSocketPeer()
    rig.network.listen("api.hyperliquid.xyz", 443, peer.serve)
    rig.engine.add_strategy(Recorder("BTC-USD-PERP.HYPERLIQUID"))

    for number in (1, 2):
        await rig.start()
        await trio.sleep(1)
        await rig.stop()
        assert len(peer.sessions) == number
        assert (
            peer.session.received[0] == '{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}'
        )


@within(HOUR)
async def test_the_far_side_sees_two_venues_apart(nursery, autojump_clock):
    rig = Rig(nursery, venues=("FAKE", "OTHER"))
    rig.engine.add_strategy(Recorder(BTC), name="a")
    rig.engine.add_strategy(Recorder(OTHER), name="b")
    await rig.start()
    await trio.sleep(1)

    assert rig.servers["FAKE"].peer.session.received == [f"subscribe trades {BTC}"]
    assert rig.servers["OTHER"].peer.session.received == [f"subscribe trades {OTHER}"]
    assert drain(rig.bus.subscribe(DISCONNECTED)) == []
    await rig.stop()
