"""A gateway before a server: whoever asks for something without its header gets nothing.

network.listen("exchange.test", 80, partial(let_in, exchange.serve_stream))
"""

from __future__ import annotations

import trio

PASS = {"x-pass": "friend"}
"""What it lets in: a header, in the case in which it is sent."""

REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def let_in(serve, stream):
    """Let a server serve what has the header."""
    await serve(_Gate(stream))


class _Gate(trio.abc.Stream):
    """The server's end of a connection."""

    def __init__(self, stream):
        self._stream = stream

    async def receive_some(self, max_bytes=None):
        data = await self._stream.receive_some(max_bytes)
        if b" HTTP/1.1\r\n" in data and b"\r\nx-pass: friend\r\n" not in data:
            await self._stream.send_all(REFUSAL)
            return b""
        return data

    async def send_all(self, data):
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self):
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self):
        await self._stream.aclose()
