"""The scripted far side, against our own client."""

from __future__ import annotations

import pytest
import trio

from livetrio.errors import ConnectionLost, HandshakeRefused, HttpError
from livetrio.exchange.edge.http import Response, plain
from livetrio.supervision.dial import Address
from livetrio.supervision.http import HttpClient
from livetrio.supervision.websocket import open_websocket
from livetrio.testing import MemoryNetwork, WebSocketPeer, within
from livetrio.venues.base import HttpRequest

URL = "wss://venue.test/ws"


def listen(nursery, **options):
    network = MemoryNetwork(nursery)
    peer = WebSocketPeer(**options)
    site = network.listen("venue.test", 443, peer.serve)
    return network, site, peer


@within(60)
async def test_it_answers_and_remembers(nursery, autojump_clock):
    network, _, peer = listen(
        nursery, on_open=lambda _session: ["hello"], on_message=lambda _session, text: [text.upper()]
    )
    seen = []

    async with open_websocket(
        URL, dial=network.dial, on_messages=seen.extend, headers={"X-Key": "1"}
    ) as socket:
        await trio.sleep(1)
        await socket.send("one")
        await socket.ping()
        await peer.session.wait_received("one")
        await trio.sleep(1)

    await trio.sleep(1)
    (session,) = peer.sessions
    assert seen == [b"hello", b"ONE"]
    assert (session.received, session.received_at, session.pings) == (["one"], [1], [1])
    assert (session.opened, session.close_code) == (0, 1000)
    assert session.ended.is_set()
    assert session.upgrade.headers["x-key"] == "1"
    await session.send("too late")
    await session.close()


@within(60)
async def test_it_closes_hangs_up_and_sends_what_it_likes(nursery, autojump_clock):
    network, _, peer = listen(nursery)

    async def meet(act):
        number = len(peer.sessions) + 1
        async with open_websocket(URL, dial=network.dial, on_messages=lambda _: None) as socket:
            await act(await peer.wait_session(number))
            await socket.wait_closed()

    with pytest.raises(ConnectionLost, match="1012"):
        await meet(lambda session: session.close(1012, "restart"))
    with pytest.raises(ConnectionLost, match="broke off"):
        await meet(lambda session: session.hang_up())
    with pytest.raises(ConnectionLost, match="broke the WebSocket protocol"):
        await meet(lambda session: session.send_raw(b"\xff\xff"))


@within(60)
async def test_it_can_refuse_and_leave_pings_unanswered(nursery, autojump_clock):
    network, _, peer = listen(nursery)
    peer.refusal = plain(503, "busy")
    with pytest.raises(HandshakeRefused, match="503"):
        async with open_websocket(URL, dial=network.dial, on_messages=lambda _: None):
            pass
    peer.refusal = None
    peer.answers_pings = False

    async with open_websocket(URL, dial=network.dial, on_messages=lambda _: None) as socket:
        with trio.move_on_after(10) as scope:
            await socket.ping()

    assert scope.cancelled_caught
    assert peer.session.pings == [trio.current_time() - 10]


@within(60)
async def test_it_answers_http_on_the_same_port(nursery, autojump_clock):
    network, _, peer = listen(nursery)
    async with HttpClient(network.dial) as http:
        with pytest.raises(HttpError, match="404"):
            await http.post(HttpRequest(url="https://venue.test/info", body=b"?"))
        peer.on_request = lambda request: Response(200, request.body + b"!")

        assert await http.post(HttpRequest(url="https://venue.test/info", body=b"?")) == b"?!"

    assert [request.path for request in peer.requests] == ["/info", "/info"]


@within(60)
async def test_a_client_that_vanishes_is_no_error(nursery, autojump_clock):
    network, site, peer = listen(nursery)

    async def meet():
        async with open_websocket(URL, dial=network.dial, on_messages=lambda _: None) as socket:
            await peer.wait_session(1)
            site.reset()
            await socket.wait_closed()

    with pytest.raises(ConnectionLost):
        await meet()
    await peer.session.send("hello?")
    assert peer.session.ended.is_set()

    stream = await network.dial(Address("venue.test", 443, True))
    await stream.send_all(b"GET /ws HT")
    site.reset()
    await trio.sleep(1)
