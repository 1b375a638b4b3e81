"""HTTP/1.1 over any stream: requests in, answers out, until the client goes or turns to WebSocket.

h11 does the protocol; here are the limits, and the way out: an upgrade request is not answered but written
down again for the WebSocket library to read it from the same stream, and only what the library needs of it.
Offers of extensions and subprotocols are left out, for the venue takes none [observed 2026-09-24], and so
is whatever a client may have hidden in other headers.

What a client does wrong is answered with the status it deserves and the connection is closed, gently: an
answer would be lost if the stream was closed while the client's bytes are still coming in.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import attrs
import h11
import trio

MAX_HEAD_BYTES = 16 * 1024
"""Of request line and headers together; more is 431."""

MAX_BODY_BYTES = 2**20
"""More is 413: nginx's default, and nginx is in front of the venue [observed 2026-09-24]."""

REQUEST_LIMIT = 60.0
"""Seconds for one request from the end of the one before it until its answer has been taken."""

LINGER_LIMIT = 1.0
"""Seconds to let the client read the answer to its mistake."""

_MAX_LINGER_BYTES = 16 * 2**20

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


def plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """An answer in plain text, as the venue's errors are: official clients cannot read others (§1.5)."""
    return Response(status, text.encode(), "text/plain; charset=utf-8", headers)


async def serve_http(
    stream: trio.abc.Stream, answer: Callable[[Request], Awaitable[Response | None]]
) -> bytes | None:
    """Answer requests until the connection is over. The caller closes the stream.

    Args:
      stream: the connection.
      answer: makes the answer to a request, or None to hand the connection over (to WebSocket).

    Returns:
      What to put back before the stream for the one who takes over (`PushbackStream`): the upgrade
      request and what was read beyond it. None if the connection is over.

    Raises:
      trio.BrokenResourceError: the client has gone in the middle.
    """
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
    while True:
        with trio.move_on_after(REQUEST_LIMIT) as scope:
            read = await _read_request(stream, connection)
            if read is None:
                return None
            head, request = read
            if isinstance(request, Response):
                await _refuse(stream, connection, head, request)
                return None
            response = await answer(request)
            if response is None:
                return _upgrade_request(request) + connection.trailing_data[0]
            await _respond(stream, connection, head, response)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                await _linger(stream)
                return None
            connection.start_next_cycle()
        if scope.cancelled_caught:
            return None


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


def _upgrade_request(request: Request) -> bytes:
    key = request.headers["sec-websocket-key"]
    return (
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode("ascii")


async def _respond(
    stream: trio.abc.Stream, connection: h11.Connection, head: h11.Request | None, response: Response
) -> None:
    """Send an answer; one to HEAD has no body, and h11 would not send it, whatever the answer says."""
    headers = [
        ("content-type", response.content_type),
        ("content-length", str(len(response.body))),
        *response.headers,
    ]
    data = connection.send(h11.Response(status_code=response.status, headers=headers)) or b""
    if head is None or head.method != b"HEAD":
        data += connection.send(h11.Data(data=response.body)) or b""
    data += connection.send(h11.EndOfMessage()) or b""
    await stream.send_all(data)


async def _refuse(
    stream: trio.abc.Stream, connection: h11.Connection, head: h11.Request | None, response: Response
) -> None:
    """Answer a mistake and be done with the connection."""
    closing = attrs.evolve(response, headers=(*response.headers, ("connection", "close")))
    await _respond(stream, connection, head, closing)
    await _linger(stream)


async def _linger(stream: trio.abc.Stream) -> None:
    """Say that nothing more comes, and read on a little, so that the answer is not lost in a reset."""
    if isinstance(stream, trio.abc.HalfCloseableStream):
        await stream.send_eof()
    with trio.move_on_after(LINGER_LIMIT):
        left = _MAX_LINGER_BYTES
        while left > 0 and (data := await stream.receive_some(_CHUNK)):
            left -= len(data)
