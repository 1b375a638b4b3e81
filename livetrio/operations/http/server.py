"""HttpServer: HTTP/1.1 over any stream, such that no client can hold the engine up.

h11 does the protocol. A server of the shelf was tried (hypercorn 0.18, 2026-11): it writes shielded and
without a limit, so that one browser tab that has stopped reading keeps the engine from stopping, for ever.
Here every wait for a client has a limit, and none is shielded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from urllib.parse import parse_qsl, unquote

import h11
import structlog
import trio

from livetrio.operations.http.asked import Asked, Reply, Stream
from livetrio.operations.http.plain import say

log = structlog.get_logger()

MAX_CONNECTIONS = 64
"""At once; those above it are closed unread."""

MAX_HEAD_BYTES = 16 * 1024
"""Of request line and headers together; more is 431."""

MAX_BODY_BYTES = 16 * 1024
"""More is 413: what can be asked is short."""

REQUEST_LIMIT = 30.0
"""Seconds for one request to come in, from the end of the one before it."""

SEND_LIMIT = 10.0
"""Seconds for a client to take what was sent."""

LINGER_LIMIT = 1.0
"""Seconds for a client to take the last word, when it was still sending itself."""

PACE = 0.01
"""Seconds from one answer to the next, of all clients together, once `BURST` came at once: so that requests,
however many, leave the engine most of its time. (A view takes some 0.2 ms of it, the metrics 1.5.)"""

BURST = 100

_CHUNK = 64 * 1024


class HttpServer:
    """Answers by a plain call."""

    def __init__(self, answer: Callable[[Asked], Reply | Stream]) -> None:
        self._answer = answer
        self.connections = 0
        """How many there are now."""
        self._paced = -inf
        """Until when the answers so far are spread out, by trio's clock."""

    async def serve_stream(self, stream: trio.abc.Stream, who: str) -> None:
        """Serve one client until either side ends it; then close the stream."""
        self.connections += 1
        try:
            if self.connections <= MAX_CONNECTIONS:
                await _Client(stream, who, self._answer_in_turn).serve()
        except* (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # it costs itself
        except* Exception:  # who looks must not be able to end the engine by it
            log.exception("a bug in the page: a connection is closed", who=who)
        finally:
            self.connections -= 1
            await trio.aclose_forcefully(stream)

    async def _answer_in_turn(self, asked: Asked) -> Reply | Stream:
        now = trio.current_time()
        self._paced = max(self._paced, now - BURST * PACE) + PACE
        if self._paced > now:
            await trio.sleep_until(self._paced)
        return self._answer(asked)


class _Client:
    def __init__(
        self, stream: trio.abc.Stream, who: str, answer: Callable[[Asked], Awaitable[Reply | Stream]]
    ) -> None:
        self._stream = stream
        self._who = who
        self._answer = answer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._is_head = False

    async def serve(self) -> None:
        while True:
            with trio.move_on_after(REQUEST_LIMIT) as reading:
                asked = await self._read()
            if reading.cancelled_caught or asked is None:
                return
            answer = asked if isinstance(asked, Reply) else await self._answer(asked)
            if isinstance(answer, Stream):
                await self._stream_out(answer)
                return
            await self._respond(answer, is_last=isinstance(asked, Reply))
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                await self._linger()
                return
            self._http.start_next_cycle()

    async def _read(self) -> Asked | Reply | None:
        """The next request, or the refusal that it deserves; None if no more come."""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                return say(error.error_status_hint, f"this is no HTTP: {error}")
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    await self._send(self._http.send(go_on) or b"")
                self._http.receive_data(bytes(await self._stream.receive_some(_CHUNK)))
            elif isinstance(event, h11.Request):
                head = event
                self._is_head = head.method == b"HEAD"
                if head.method == b"CONNECT":  # to which an answer would have no end
                    return say(405, "this is no proxy")
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY_BYTES:
                    return say(413, f"the request is longer than {MAX_BODY_BYTES} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return self._asked(head, bytes(body))
            else:  # h11.ConnectionClosed
                return None

    def _asked(self, head: h11.Request, body: bytes) -> Asked:
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        path, _, query = head.target.decode("latin-1").partition("?")
        return Asked(
            method=head.method.decode("ascii"),
            path=unquote(path),
            query=dict(parse_qsl(query)),
            headers=headers,
            body=body,
            who=self._who,
        )

    async def _respond(self, reply: Reply, *, is_last: bool) -> None:
        headers = [
            ("content-type", reply.content_type),
            ("content-length", str(len(reply.body))),
            *reply.headers,
            *([("connection", "close")] if is_last else ()),
        ]
        data = self._http.send(h11.Response(status_code=reply.status, headers=headers)) or b""
        if not self._is_head:
            data += self._http.send(h11.Data(data=reply.body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        await self._send(data)

    async def _stream_out(self, answer: Stream) -> None:
        """Send what there is every so often, until the client has gone."""
        headers = [("content-type", answer.content_type), *answer.headers, ("connection", "close")]
        await self._send(self._http.send(h11.Response(status_code=200, headers=headers)) or b"")
        if self._is_head:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, nursery.cancel_scope)
            due = trio.current_time()
            while True:
                await self._send(self._http.send(h11.Data(data=answer.take())) or b"")
                due = max(due + answer.interval, trio.current_time())
                await trio.sleep_until(due)

    async def _watch(self, scope: trio.CancelScope) -> None:
        """Notice that the client has gone; what it sends meanwhile is not listened to."""
        while await self._stream.receive_some(_CHUNK):
            pass
        scope.cancel("the client has gone")

    async def _send(self, data: bytes) -> None:
        with trio.fail_after(SEND_LIMIT):
            await self._stream.send_all(data)

    async def _linger(self) -> None:
        """Closing on unread bytes may lose the last word; so read on a little."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()
        with trio.move_on_after(LINGER_LIMIT):
            while await self._stream.receive_some(_CHUNK):
                pass
