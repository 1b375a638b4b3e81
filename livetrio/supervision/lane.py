"""FrameLane: the stream beneath trio-websocket, in which our messages leave it (see `websocket`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio
from wsproto.frame_protocol import FrameProtocol

from livetrio.errors import ConnectionFailed
from livetrio.supervision.dial import Address
from livetrio.supervision.frames import FrameCutter
from livetrio.supervision.upgrade import check_head

OnMessages = Callable[[list[bytes]], object]
"""Called with the messages that arrived together, oldest first; never with none. It must not wait."""

_CHUNK_BYTES = 64 * 2**10
_MAX_HEAD_BYTES = 64 * 2**10
_CLOSE_FRAME = 0x88


class FrameLane(trio.abc.Stream):
    """Lies beneath trio-websocket and keeps for us what it would be slow with.

    Until the upgrade is accepted, whatever goes wrong is raised from here as `ConnectionFailed`: the
    library would note it and wait for the handshake for ever.
    """

    def __init__(
        self,
        transport: trio.abc.Stream,
        on_messages: OnMessages,
        address: Address,
        *,
        max_message_bytes: int,
    ) -> None:
        self.handing_over = True
        """Whether messages are still wanted."""
        self.failure: BaseException | None = None
        """What `on_messages` raised."""
        self.close_sent = False
        """Whether a close frame has gone out."""
        self._transport = transport
        self._on_messages = on_messages
        self._address = address
        self._cutter = FrameCutter(max_message_bytes=max_message_bytes)
        self._upgraded = False
        self._early = b""
        """What came together with the head of the answer to the upgrade."""
        self._torn = False
        """Whether half a frame may have been sent: while sending, and ever after if that was cancelled."""
        self._sending = trio.Lock()
        """The library's frames and ours leave one after the other."""

    @property
    def offence(self) -> str | None:
        """What the far side did wrong, if the cutter saw it."""
        return self._cutter.offence

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Read on until there is something for the library: bytes, or b"" at the end.

        First the head of the answer to the upgrade and nothing else, so that the library has judged it
        before any message is handed over.
        """
        if not self._upgraded:
            head = await self._receive_head()
            self._upgraded = True
            return head
        while True:
            data, self._early = self._early or await self._transport.receive_some(_CHUNK_BYTES), b""
            if not data:
                return b""
            messages, rest = self._cutter.feed(bytes(data))  # in-memory streams give bytearrays
            if messages:
                self.hand_over(messages)
            if rest:
                return rest

    def hand_over(self, messages: list[bytes]) -> None:
        """Call ``on_messages``, unless nothing more is wanted."""
        if self.handing_over:
            try:
                self._on_messages(messages)
            except BaseException as exc:
                self.failure = exc
                raise

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send a frame; each call brings one. Where nobody else is sending, it is on its way before any
        other task runs."""
        if not self._upgraded:
            with handshaking(self._address):
                await self._transport.send_all(data)
            return
        try:
            self._sending.acquire_nowait()
        except trio.WouldBlock:
            await self._sending.acquire()
        try:
            await self._send_frame(data)
        finally:
            self._sending.release()

    async def _send_frame(self, data: bytes | bytearray | memoryview) -> None:
        if self._torn:
            raise trio.BrokenResourceError("an earlier frame was sent in part only")
        await trio.lowlevel.checkpoint_if_cancelled()  # cancelled here, nothing has gone out yet
        if self.close_sent:
            raise trio.BrokenResourceError("a close frame was sent, and nothing may follow it")
        self.close_sent |= data[0] == _CLOSE_FRAME
        self._torn = True
        await self._transport.send_all(data)
        self._torn = False

    async def send_close(self, code: int, reason: str | None) -> None:
        """Send a close frame, past the library, if the stream takes it."""
        try:
            await self.send_all(FrameProtocol(client=True, extensions=[]).close(code, reason))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def wait_send_all_might_not_block(self) -> None:
        """As the transport says."""
        await self._transport.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    async def _receive_head(self) -> bytes:
        """The head of the answer to the upgrade, if the upgrade was accepted."""
        received = bytearray()
        end = -1
        while end < 0:
            if len(received) > _MAX_HEAD_BYTES:
                raise ConnectionFailed(f"{self._address} answered the upgrade with no end")
            with handshaking(self._address):
                chunk = await self._transport.receive_some(_CHUNK_BYTES)
            if not chunk:
                raise ConnectionFailed(f"{self._address} hung up instead of answering the upgrade")
            searched = max(len(received) - 3, 0)
            received += chunk
            end = received.find(b"\r\n\r\n", searched)
        head, self._early = bytes(received[: end + 4]), bytes(received[end + 4 :])
        check_head(head, self._early, self._address)
        return head


@contextmanager
def handshaking(address: Address) -> Iterator[None]:
    """Say of what breaks off in here that no session came about."""
    try:
        yield
    except (OSError, trio.BrokenResourceError) as exc:
        raise ConnectionFailed(f"the connection to {address} broke off before it was up: {exc}") from exc
