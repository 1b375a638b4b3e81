"""Client: a WebSocket to the local exchange with nothing in it that takes time: bytes out, frames in."""

from __future__ import annotations

import trio

from benchmarks.processes import CheckFailed
from livetrio.supervision.frames import FrameCutter

_HEAD = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Client:
    """One connection; made by `connect`."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._cutter = FrameCutter(max_message_bytes=2**24)

    async def send(self, frames: bytes) -> None:
        """Send what `frame` has made."""
        await self._stream.send_all(frames)

    async def receive(self) -> list[bytes] | None:
        """The messages that have come; None when the exchange has closed."""
        data = await self._stream.receive_some(65536)
        return self._cutter.feed(bytes(data))[0] if data else None

    async def close(self) -> None:
        """Hang up."""
        await self._stream.aclose()


async def connect(port: int) -> Client:
    """Connect to an exchange on this machine."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.send_all(_HEAD)
    answer = await stream.receive_some(1000)
    if not answer.startswith(b"HTTP/1.1 101 ") or not answer.endswith(b"\r\n\r\n"):
        raise CheckFailed(f"no WebSocket: {answer!r}")
    return Client(stream)


def frame(payload: bytes) -> bytes:
    """A masked text frame; the mask is not zero, so that it has to be taken off."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    mask = b"\x12\x34\x56\x78"
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    masked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
    return b"\x81" + length + mask + masked
