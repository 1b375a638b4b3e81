"""PushbackStream: a stream whose upgrade request has been read already and is put back."""

from __future__ import annotations

import trio


class PushbackStream(trio.abc.Stream):
    """Hands out ``head`` first, then what the stream under it brings. Everything else is that stream's.

    ``head`` is the upgrade request and what was read beyond it. Nothing beyond it is handed out before
    something has been sent, which answers it: as a server, wsproto loses what it gets before it accepts.
    """

    def __init__(self, stream: trio.abc.Stream, head: bytes) -> None:
        request, end, rest = head.partition(b"\r\n\r\n")
        self._stream = stream
        self._request = request + end
        self._rest = rest
        self._answered = trio.Event()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """The bytes put back, or those of the stream once they are used up."""
        if self._request:
            await trio.lowlevel.checkpoint()
            data, self._request = _split(self._request, max_bytes)
            return data
        await self._answered.wait()
        if self._rest:
            data, self._rest = _split(self._rest, max_bytes)
            return data
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once."""
        self._answered.set()
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait as the stream does."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream; what was put back and not read is lost."""
        await self._stream.aclose()


def _split(data: bytes, size: int | None) -> tuple[bytes, bytes]:
    return (data, b"") if size is None else (data[:size], data[size:])
