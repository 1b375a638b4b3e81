"""Streams: whose they are, and how to leave them: so that all is read, at once, or not at all."""

from __future__ import annotations

import ipaddress
import socket
import struct

import trio

LINGER_LIMIT = 1.0
"""Seconds to let a client read what was said to it last."""

_MAX_LINGER_BYTES = 16 * 2**20
_CHUNK_BYTES = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time at all."""


def peer_address(stream: trio.abc.Stream) -> str:
    """The IP address of the far end, for the limits of one address.

    An IPv4 address looks the same whichever kind of socket it came over. ``memory`` for a stream that is
    no socket; ``unknown`` if the client has gone already, or has no such address.
    """
    if not isinstance(stream, trio.SocketStream):
        return "memory"
    try:
        address = ipaddress.ip_address(stream.socket.getpeername()[0].partition("%")[0])
    except (OSError, ValueError, IndexError):
        return "unknown"
    return str(getattr(address, "ipv4_mapped", None) or address)


async def linger(stream: trio.abc.Stream) -> None:
    """Say that nothing more comes, and read on a little: closing on unread bytes may lose the last word."""
    try:
        if isinstance(stream, trio.abc.HalfCloseableStream):
            await stream.send_eof()
        with trio.move_on_after(LINGER_LIMIT):
            left = _MAX_LINGER_BYTES
            while left > 0 and (data := await stream.receive_some(_CHUNK_BYTES)):
                left -= len(data)
    except trio.BrokenResourceError:
        pass  # it has gone without listening


async def ignore(stream: trio.abc.Stream, seconds: float) -> None:
    """Read on and answer nothing, until the client has gone or so many seconds are over."""
    try:
        with trio.move_on_after(seconds):
            while await stream.receive_some(_CHUNK_BYTES):
                pass
    except trio.BrokenResourceError:
        pass  # that, too, is gone


def reset_on_close(stream: trio.abc.Stream) -> None:
    """Let the far end see a reset when the stream is closed; streams that are no sockets are just closed."""
    if isinstance(stream, trio.SocketStream):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
