"""HTTP/1.1 over any stream: requests in, answers out, until the client goes or turns to WebSocket.

h11 does the protocol; here are the limits, and the way out: an upgrade request is not answered but handed
on, with what was read beyond it.

What a client does wrong is answered with the status it deserves and the connection is closed, gently: an
answer would be lost if the stream was closed while the client's bytes are still coming in.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import attrs
import h11
import trio

from livetrio.exchange.edge.streams import ignore, linger, reset_on_close

MAX_HEAD_BYTES = 16 * 1024
"""Of request line and headers together; more is 431."""

MAX_BODY_BYTES = 2**20
"""More is 413: nginx's default, and nginx is in front of the venue [observed 2026-09-24]."""

REQUEST_LIMIT = 60.0
"""Seconds for one request to come in, from the end of the one before it."""

ANSWER_LIMIT = 60.0
"""Seconds for its answer to be found: nginx's default (proxy_read_timeout), and then it is 504; and as many
for the client to take it."""

_CHUNK = 64 * 1024

_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
"""Sixteen bytes in base64."""


@attrs.frozen(kw_only=True)
class Request:
    """One complete request."""

    method: str
    path: str
    """Without the query."""
    headers: dict[str, str]
    """Names in lower case; of repeated ones, the values joined by commas."""
    body: bytes

    @property
    def wants_websocket(self) -> bool:
        """Whether it asks to turn the connection into a WebSocket, in the words of RFC 6455 §4.2.1."""
        return (
            not self.body
            and self.headers.get("upgrade", "").lower() == "websocket"
            and "upgrade"
            in (token.strip() for token in self.headers.get("connection", "").lower().split(","))
            and self.headers.get("sec-websocket-version") == "13"
            and _KEY.fullmatch(self.headers.get("sec-websocket-key", "")) is not None
        )


@attrs.frozen
class Response:
    """One answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class Hangup:
    """In place of an answer: none, and the end of the connection."""

    reset: bool = False
    """Whether the client sees a reset rather than an orderly end."""
    after: float = 0.0
    """Seconds for which the connection stays open before, and nothing on it is answered."""


@attrs.frozen
class Upgrade:
    """A request for a WebSocket, and what the client sent behind it without waiting for the answer.

    What it offers besides is of no use: the venue takes no extension or subprotocol [observed 2026-09-24].
    """

    request: Request
    rest: bytes = b""

    @property
    def key(self) -> bytes:
        """The client's ``Sec-WebSocket-Key``."""
        return self.request.headers["sec-websocket-key"].encode("ascii")


Answer = Callable[[Request], Awaitable[Response | Hangup | None]]
"""Makes the answer to a request, or None to hand the connection over to WebSocket. It may take a while."""


def plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """An answer in plain text, as the venue's errors are: official clients cannot read others (§1.5)."""
    return Response(status, text.encode(), "text/plain; charset=utf-8", headers)


async def serve_http(stream: trio.abc.Stream, answer: Answer) -> Upgrade | None:
    """Answer requests until the connection is over. The caller closes the stream.

    Args:
      stream: the connection.
      answer: makes the answers; for None, the request must be one that `Request.wants_websocket`.

    Returns:
      What the one who takes over needs, or None if the connection is over.

    Raises:
      trio.BrokenResourceError: the client has gone in the middle.
    """
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
    while True:
        with trio.move_on_after(REQUEST_LIMIT) as reading:
            read = await _read_request(stream, connection)
        if reading.cancelled_caught or read is None:
            return None
        head, request = read
        if isinstance(request, Response):
            await _respond(stream, connection, head, _closing(request))
            return None
        response = await _find_answer(answer, request)
        match response:
            case None:
                return Upgrade(request, connection.trailing_data[0])
            case Hangup(reset=reset, after=after):
                if after:
                    await ignore(stream, after)
                if reset:
                    reset_on_close(stream)
                return None
        if not await _respond(stream, connection, head, response):
            return None
        connection.start_next_cycle()


async def _find_answer(answer: Answer, request: Request) -> Response | Hangup | None:
    with trio.move_on_after(ANSWER_LIMIT):
        return await answer(request)
    return plain(504, "Gateway Time-out")


async def _read_request(
    stream: trio.abc.Stream, connection: h11.Connection
) -> tuple[h11.Request | None, Request | Response] | None:
    """The next request and its head, or in its place the refusal it deserves; None if no more come."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            return head, plain(error.error_status_hint, str(error))
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                await stream.send_all(go_on or b"")
            connection.receive_data(bytes(await stream.receive_some(_CHUNK)))
        elif isinstance(event, h11.Request):
            head = event
            if _announced_length(head) > MAX_BODY_BYTES:
                return head, plain(413, "Payload Too Large")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BODY_BYTES and head is not None:
                return head, plain(413, "Payload Too Large")
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return head, _request(head, bytes(body))
        else:  # h11.ConnectionClosed
            return None


def _announced_length(head: h11.Request) -> int:
    """h11 has seen to it that the header is a number if it is there."""
    return int(dict(head.headers).get(b"content-length", b"0"))


def _request(head: h11.Request, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return Request(
        method=head.method.decode("ascii"),
        path=head.target.decode("latin-1").partition("?")[0],
        headers=headers,
        body=body,
    )


async def _respond(
    stream: trio.abc.Stream, connection: h11.Connection, head: h11.Request | None, response: Response
) -> bool:
    """Send an answer; whether the connection goes on, or else the client was let read it to the end.

    One to HEAD has no body, and h11 would not send it, whatever the answer says.
    """
    headers = [
        ("content-type", response.content_type),
        ("content-length", str(len(response.body))),
        *response.headers,
    ]
    data = connection.send(h11.Response(status_code=response.status, headers=headers)) or b""
    if head is None or head.method != b"HEAD":
        data += connection.send(h11.Data(data=response.body)) or b""
    data += connection.send(h11.EndOfMessage()) or b""
    with trio.move_on_after(ANSWER_LIMIT) as sending:
        await stream.send_all(data)
    if sending.cancelled_caught:
        return False
    if connection.our_state is h11.DONE and connection.their_state is h11.DONE:
        return True
    await linger(stream)
    return False


def _closing(response: Response) -> Response:
    """An answer to a mistake, after which the connection is done with."""
    return attrs.evolve(response, headers=(*response.headers, ("connection", "close")))
