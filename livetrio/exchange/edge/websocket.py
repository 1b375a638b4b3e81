"""One WebSocket client: two tasks, one that reads and one that writes, and between them plain calls.

    life of the outbox   its deadline is the end of the connection: 60 s after the last message sent, or a
    │                    moment after an offence
    ├── reader           client's messages in order, each given to the client's object by a plain call
    └── writer           what the outbox has gathered

The handshake is written here in full; of the protocol's frames, `frames` knows. A client that breaks the
protocol is told RFC 6455's code, one that says goodbye gets its goodbye, and one that closes its half of
the stream has gone. In all other cases the stream is simply closed, without a close frame, as the venue
does it (protocol page §1.4).

A client that reads nothing and asks much costs memory, not time, and only as much as its outbox takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import trio
from wsproto.utilities import generate_accept_token

from livetrio.exchange.edge.frames import ClientFrames
from livetrio.exchange.edge.http import Upgrade
from livetrio.exchange.edge.outbox import Outbox
from livetrio.exchange.edge.streams import linger, reset_on_close

MAX_MESSAGE_BYTES = 2**20
"""A larger message of a client ends its connection with 1009. The venue's limit is not known."""

HANDSHAKE_LIMIT = 10.0
"""Seconds for the client to take the answer to its upgrade."""

_CHUNK_BYTES = 16 * 1024
"""Read in one go: some forty orders, which take a few milliseconds in which the other clients wait."""


class Client(Protocol):
    """What talks with one client. Its calls are made one at a time and must not wait."""

    def receive(self, message: bytes) -> object:
        """Take a message, text or binary. They come in order."""

    def closed(self) -> object:
        """Take note that the connection is over. Called once, and nothing after it."""


async def serve_websocket(
    stream: trio.abc.Stream, upgrade: Upgrade, open_client: Callable[[Outbox], Client]
) -> None:
    """Serve a client that asked for a WebSocket, until either side ends it. The caller closes the stream.

    Nothing that a client does is raised; what ``open_client`` and its client raise is.

    Args:
      stream: the connection.
      upgrade: what `serve_http` made of the client's request.
      open_client: called when the handshake is done.
    """
    if not await _accept(stream, upgrade):
        return
    outbox = Outbox()
    client = open_client(outbox)
    frames = ClientFrames(max_message_bytes=MAX_MESSAGE_BYTES)
    try:
        with outbox.life:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outbox.drain, stream)
                await _read(stream, upgrade.rest, frames, client, outbox)
    finally:
        outbox.end("over")
        client.closed()
    if outbox.was_reset:
        reset_on_close(stream)
    elif frames.code is not None:
        await linger(stream)


async def _accept(stream: trio.abc.Stream, upgrade: Upgrade) -> bool:
    """Do the handshake; whether the client took part in it."""
    token = generate_accept_token(upgrade.key)
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % token
    )
    try:
        with trio.move_on_after(HANDSHAKE_LIMIT):
            await stream.send_all(answer)
            return True
    except trio.BrokenResourceError:
        pass
    return False


async def _read(
    stream: trio.abc.Stream, data: bytes, frames: ClientFrames, client: Client, outbox: Outbox
) -> None:
    """Hand on what the client sends, beginning with ``data``, until the connection is to end."""
    try:
        while frames.code is None or outbox.is_dead:
            # In-memory streams give bytearrays.
            data = data or bytes(await stream.receive_some(_CHUNK_BYTES))
            if not data:
                outbox.end("the client has gone")
                return
            if not (outbox.is_over or outbox.is_dead):
                _handle(frames.feed(data), frames, client, outbox)
            data = b""
    except trio.BrokenResourceError:
        outbox.end("the client has gone")
        return
    outbox.finish()


def _handle(messages: list[bytes], frames: ClientFrames, client: Client, outbox: Outbox) -> None:
    for message in messages:
        if outbox.is_over or outbox.is_dead:
            return
        client.receive(message)
    replies = frames.take_replies()
    if replies:
        outbox.reply(replies)
