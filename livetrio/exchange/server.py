"""LocalExchange: a venue on this machine that plays a recording, in the venue's own protocol.

One port, as the venue has it (protocol page §1.1): ``POST /info``, ``POST /exchange`` and, upgraded to a
WebSocket, ``GET /ws``. Nothing in here knows about sockets or wall clocks: `LocalExchange.serve_stream` takes
any stream, and time is trio's, so the same code serves people over TCP and tests in memory in virtual time.

Each WebSocket client has a playback of its own, from the recording's beginning at its first subscription
(`replay`); info requests over HTTP, which belong to no such client, are answered from the playback that was
begun last. There is no trading: every action is answered ``Trading is halted.``

A client costs itself and nobody else. Whatever it sends is answered or ends its own connection; the errors
that a client can cause are named in `_CLIENTS_FAULT`, and anything else is a bug, and stops the exchange.
"""

from __future__ import annotations

import msgspec
import trio
from trio_websocket import ConnectionClosed
from wsproto.utilities import ProtocolError

from livetrio.clock import Clock
from livetrio.errors import UsageError
from livetrio.exchange.http import Request, Response, plain, serve_http
from livetrio.exchange.info import SCHEMA_ERROR, CannotAnswer, answer_info, read_info_request
from livetrio.exchange.messages import NOT_JSON, ExchangeRequest
from livetrio.exchange.pushback import PushbackStream
from livetrio.exchange.recording import Recording
from livetrio.exchange.replay import Playback
from livetrio.exchange.session import HALTED, Session
from livetrio.exchange.websocket import serve_websocket

MAX_CONNECTIONS = 1000
"""At once; those above it are closed unread. The venue allows 10 for each address, which would be every
client here."""

_CLIENTS_FAULT = (
    trio.BrokenResourceError,  # gone in the middle
    trio.ClosedResourceError,  # trio-websocket closed the stream under a task that was still sending
    ConnectionClosed,  # the same, noticed in time
    ProtocolError,  # wsproto, asked to answer a client after it had said goodbye
)


class LocalExchange:
    """A venue that plays a recording to everybody who connects. Make it inside `trio.run`."""

    def __init__(
        self,
        recording: Recording,
        *,
        clock: Clock,
        speed: float | None = 1.0,
        loop: bool = False,
    ) -> None:
        """Take what to play.

        Args:
          recording: the frames.
          clock: for the times the exchange tells itself; frames keep those they were recorded with.
          speed: seconds of recorded time in a second; None to play as fast as each client reads.
          loop: begin again at the end, with times moved on, rather than falling silent.
        """
        if speed is not None and not speed > 0:
            raise UsageError(f"speed must be greater than 0, not {speed}")
        self.recording = recording
        self.speed = speed
        self.loop = loop
        self.connections = 0
        """How many clients are connected now."""
        self._clock = clock
        self._newest = Playback(recording)

    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Listen and serve until cancelled; then every connection is closed at once.

        Started with the base URL, ``http://127.0.0.1:PORT``.

        Raises:
          OSError: the port cannot be had.
        """
        listeners = await trio.open_tcp_listeners(port, host=host)
        if port == 0:  # a name with two addresses would get two ports
            for listener in listeners[1:]:
                await listener.aclose()
            del listeners[1:]
        name, number = listeners[0].socket.getsockname()[:2]
        base_url = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self.serve_stream, listeners)
            task_status.started(base_url)

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """Serve one client over any stream until either side ends it; then close the stream."""
        self.connections += 1
        try:
            if self.connections <= MAX_CONNECTIONS:
                await self._serve_client(stream)
        except* _CLIENTS_FAULT:
            pass  # it costs itself
        finally:
            self.connections -= 1
            await trio.aclose_forcefully(stream)

    async def _serve_client(self, stream: trio.abc.Stream) -> None:
        head = await serve_http(stream, self._answer)
        if head is None:
            return
        playback = Playback(self.recording, loop=self.loop)
        session = Session(playback, self._clock)
        await serve_websocket(
            PushbackStream(stream, head), session, self.speed, on_begin=lambda: self._follow(playback)
        )

    def _follow(self, playback: Playback) -> None:
        """From now on this playback is the market that info requests are answered from."""
        self._newest = playback

    async def _answer(self, request: Request) -> Response | None:
        """Route a request; None for the upgrade, which `serve_websocket` answers."""
        match request.method, request.path:
            case "GET", "/ws":
                return None if request.wants_websocket else plain(400, "expected a WebSocket upgrade")
            case "POST", "/info":
                return self._info(request.body)
            case "POST", "/exchange":
                return self._exchange(request.body)
            case _, "/ws":
                return plain(405, "Method Not Allowed", ("allow", "GET"))
            case _, "/info" | "/exchange":
                return plain(405, "Method Not Allowed", ("allow", "POST"))
        return plain(404, "Not Found")

    def _info(self, body: bytes) -> Response:
        try:
            payload = msgspec.json.decode(body)
        except NOT_JSON:
            return plain(400, "Failed to parse the request body as JSON")
        try:
            answer = answer_info(read_info_request(payload), self._newest, self._clock)
        except CannotAnswer as refusal:
            return plain(422, str(refusal))
        return Response(200, msgspec.json.encode(answer))

    def _exchange(self, body: bytes) -> Response:
        try:
            payload = msgspec.json.decode(body)
        except NOT_JSON:
            return plain(400, "Failed to parse the request body as JSON")
        try:
            msgspec.convert(payload, ExchangeRequest)
        except (msgspec.ValidationError, RecursionError):
            return plain(422, SCHEMA_ERROR)
        return Response(200, msgspec.json.encode(HALTED))
