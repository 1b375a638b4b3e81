"""PushbackStream: a stream whose first bytes have been read already and are put back."""

from __future__ import annotations

import trio


class PushbackStream(trio.abc.Stream):
    """Hands out ``head`` first, then what the stream under it brings. Everything else is that stream's."""

    def __init__(self, stream: trio.abc.Stream, head: bytes) -> None:
        self._stream = stream
        self._head = head

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """The bytes put back, or those of the stream once they are used up."""
        if not self._head:
            return await self._stream.receive_some(max_bytes)
        await trio.lowlevel.checkpoint()
        size = len(self._head) if max_bytes is None else max_bytes
        data, self._head = self._head[:size], self._head[size:]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait as the stream does."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream; what was put back and not read is lost."""
        await self._stream.aclose()
