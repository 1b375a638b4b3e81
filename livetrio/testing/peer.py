"""WebSocketPeer: the far side of WebSocket connections, which does what a test says and remembers all.

    peer = WebSocketPeer(on_message=lambda session, text: ["pong"] if text == "ping" else [])
    network.listen("venue.test", 443, peer.serve)
    ...
    assert peer.sessions[-1].received == ["subscribe trades", "ping"]

wsproto speaks the protocol; nothing of livetrio's own client is used, so the two cannot agree on the
same mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from livetrio.exchange.edge.http import Request as HttpRequest
from livetrio.exchange.edge.http import Response, Upgrade, plain, serve_http

GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
"""What a stream raises when the other side, or this one, is there no more."""


def not_found(_request: HttpRequest) -> Response:
    """Answer nothing but 404."""
    return plain(404, "Not Found")


class PeerSession:
    """One connection, from the far side."""

    def __init__(self, peer: WebSocketPeer, stream: trio.abc.Stream, upgrade: Upgrade) -> None:
        self.upgrade = upgrade.request
        """The request that opened it, with its headers."""
        self.opened = trio.current_time()
        self.received: list[str] = []
        self.received_at: list[float] = []
        """When each came; trio's time."""
        self.pings: list[float] = []
        """When WebSocket pings came."""
        self.close_code: int | None = None
        """The client's, if it said goodbye."""
        self.ended = trio.Event()
        self._peer = peer
        self._stream = stream
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._first = (_handshake(upgrade), upgrade.rest)
        """The client's bytes that were read already. wsproto loses what comes before it has accepted."""
        self._text = ""
        self._sending = trio.Lock()
        self._news = trio.Event()

    async def send(self, *messages: str) -> None:
        """Send text messages; to a client that has gone, nothing happens."""
        try:
            data = b"".join([self._protocol.send(TextMessage(data=each)) for each in messages])
        except LocalProtocolError:
            return  # it has ended already
        await self.send_raw(data)

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, for frames that no decent peer would send."""
        try:
            async with self._sending:
                await self._stream.send_all(data)
        except GONE:
            pass

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Say goodbye."""
        await self._say(CloseConnection(code=code, reason=reason))

    async def hang_up(self) -> None:
        """Close without a goodbye."""
        await self._stream.aclose()

    async def wait_received(self, text: str) -> None:
        """Wait until this message has come."""
        while text not in self.received:
            await self._news.wait()

    async def run(self) -> None:
        """Serve until either side ends it."""
        try:
            for data in self._first:
                if data:
                    await self._receive(data)
            while not self.ended.is_set():
                await self._receive(bytes(await self._stream.receive_some()) or None)
        except GONE:
            pass
        finally:
            self.ended.set()

    async def _receive(self, data: bytes | None) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            await self._take(event)

    async def _take(self, event: Event) -> None:
        match event:
            case Request():
                await self._say(AcceptConnection())
                self._peer.add(self)
                await self.send(*self._peer.on_open(self))
            case TextMessage():
                self._text += event.data
                if event.message_finished:
                    await self._take_text()
            case Ping():
                self.pings.append(trio.current_time())
                if self._peer.answers_pings:
                    await self._say(event.response())
            case CloseConnection():
                self.ended.set()
                if event.code != CloseReason.ABNORMAL_CLOSURE:
                    self.close_code = event.code
                    await self._say(event.response())

    async def _take_text(self) -> None:
        text, self._text = self._text, ""
        self.received.append(text)
        self.received_at.append(trio.current_time())
        self._news.set()
        self._news = trio.Event()
        await self.send(*self._peer.on_message(self, text))

    async def _say(self, event: Event) -> None:
        try:
            data = self._protocol.send(event)
        except LocalProtocolError:
            return  # it has ended already
        await self.send_raw(data)


def _handshake(upgrade: Upgrade) -> bytes:
    """The client's request again, as far as wsproto needs it."""
    return (
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % upgrade.key
    )


class WebSocketPeer:
    """Serves WebSocket connections, and HTTP on the same port. The attributes are for a test to set."""

    def __init__(
        self,
        *,
        on_open: Callable[[PeerSession], Iterable[str]] = lambda _session: (),
        on_message: Callable[[PeerSession, str], Iterable[str]] = lambda _session, _text: (),
        on_request: Callable[[HttpRequest], Response] = not_found,
    ) -> None:
        self.on_open = on_open
        """What to send first in every session."""
        self.on_message = on_message
        """What to answer to a message."""
        self.on_request = on_request
        """What to answer to an HTTP request that is no upgrade."""
        self.answers_pings = True
        """Whether WebSocket pings are answered."""
        self.refusal: Response | None = None
        """What to answer to upgrades instead of accepting them."""
        self.sessions: list[PeerSession] = []
        """All that there were, oldest first."""
        self.requests: list[HttpRequest] = []
        """All that was asked over HTTP, the upgrades included."""
        self._news = trio.Event()

    @property
    def session(self) -> PeerSession:
        """The latest."""
        return self.sessions[-1]

    async def wait_session(self, number: int) -> PeerSession:
        """Wait for the session of this number, from 1."""
        while len(self.sessions) < number:
            await self._news.wait()
        return self.sessions[number - 1]

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Serve one connection; what `MemoryNetwork.listen` wants."""
        try:
            upgrade = await serve_http(stream, self._answer)
        except GONE:
            return
        if upgrade is not None:
            await PeerSession(self, stream, upgrade).run()

    def add(self, session: PeerSession) -> None:
        """Take note of a session that is up."""
        self.sessions.append(session)
        self._news.set()
        self._news = trio.Event()

    async def _answer(self, request: HttpRequest) -> Response | None:
        self.requests.append(request)
        return self.refusal if request.wants_websocket else self.on_request(request)
