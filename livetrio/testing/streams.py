"""MemoryStream: a connection without a network, on which everything can go wrong.

Like `trio.testing.memory_stream_pair`, with what a real connection has besides: bytes take their time,
a reader that does not read makes the writer wait, and the link between the two ends can break or go
dead. All waiting is by trio's clock, so it is exact in virtual time.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable

import trio

BUFFER_BYTES = 64 * 2**10
"""What is on its way in one direction before a writer has to wait for the reader."""


class _Pipe:
    """One direction."""

    def __init__(self, latency: Callable[[], float]) -> None:
        self.is_dead = False
        self.is_reset = False
        self.is_abandoned = False
        """Nobody reads any more."""
        self._latency = latency
        self._chunks: deque[tuple[float, bytearray]] = deque()
        """With the time of arrival; an empty one is the end, and stays."""
        self._bytes = 0
        self._changed = trio.lowlevel.ParkingLot()
        self._alarm: trio.CancelScope | None = None
        """The reader's, that ends its waiting when the first chunk arrives."""

    def note_change(self) -> None:
        self._changed.unpark_all()

    @property
    def is_full(self) -> bool:
        return self._bytes >= BUFFER_BYTES and not self.is_reset and not self.is_abandoned

    def put(self, data: bytes) -> None:
        arrival = trio.current_time() + self._latency()
        if self._chunks:
            arrival = max(arrival, self._chunks[-1][0])
        elif self._alarm is not None and not self.is_dead:
            self._alarm.deadline = arrival
        self._chunks.append((arrival, bytearray(data)))
        self._bytes += len(data)

    def take(self, limit: int) -> bytes | None:
        """What has arrived, b"" at the end, or None if there is nothing yet."""
        if self.is_dead:
            return None
        taken = bytearray()
        while self._chunks and self._chunks[0][0] <= trio.current_time() and len(taken) < limit:
            chunk = self._chunks[0][1]
            if not chunk:
                return bytes(taken)
            room = limit - len(taken)
            taken += chunk[:room]
            del chunk[:room]
            if not chunk:
                self._chunks.popleft()
        if not taken:
            return None
        self._bytes -= len(taken)
        self.note_change()
        return bytes(taken)

    async def wait_changed(self) -> None:
        """Wait until something has been taken out, or gone wrong."""
        await self._changed.park()

    async def wait_arrival(self) -> None:
        """Wait until something arrives or has changed."""
        arrival = self._chunks[0][0] if self._chunks and not self.is_dead else float("inf")
        try:
            with trio.CancelScope(deadline=arrival) as self._alarm:
                await self.wait_changed()
        finally:
            self._alarm = None


class Link:
    """The wire between two ends, and what can happen to it."""

    def __init__(self, latency: Callable[[], float] = lambda: 0.0) -> None:
        there, back = _Pipe(latency), _Pipe(latency)
        self._pipes = (there, back)
        self.dead_since: float | None = None
        """When it has gone dead unnoticed, by trio's clock."""
        self.near = MemoryStream(incoming=back, outgoing=there)
        self.far = MemoryStream(incoming=there, outgoing=back)

    @property
    def is_open(self) -> bool:
        """Whether either end still holds on to it."""
        return not (self.near.is_closed and self.far.is_closed)

    def reset(self) -> None:
        """Break it: what is on its way is lost, and both ends are told when they next read or write."""
        for pipe in self._pipes:
            pipe.is_reset = True
            pipe.note_change()

    def half_open(self) -> None:
        """Let it go dead unnoticed: nothing arrives any more, not even that the other end has closed."""
        if self.dead_since is None:
            self.dead_since = trio.current_time()
        for pipe in self._pipes:
            pipe.is_dead = True
            pipe.note_change()


class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a `Link`."""

    def __init__(self, *, incoming: _Pipe, outgoing: _Pipe) -> None:
        self.is_closed = False
        self._incoming = incoming
        self._outgoing = outgoing
        self._said_eof = False
        self._sending = False
        self._receiving = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; waits while the other end does not read. As on a socket, cancelled before is not sent."""
        self._begin_sending()
        try:
            await self._when_it_takes_more()
            if data:
                self._outgoing.put(bytes(data))
            await trio.lowlevel.cancel_shielded_checkpoint()
        finally:
            self._sending = False

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the other end has read enough."""
        self._begin_sending()
        try:
            await self._when_it_takes_more()
            await trio.lowlevel.cancel_shielded_checkpoint()
        finally:
            self._sending = False

    def _begin_sending(self) -> None:
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this stream")
        self._sending = True

    async def _when_it_takes_more(self) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check_sending()
        while self._outgoing.is_full:
            await self._outgoing.wait_changed()
            self._check_sending()

    def _check_sending(self) -> None:
        if self.is_closed or self._said_eof:
            raise trio.ClosedResourceError("this end was closed here")
        if self._outgoing.is_reset or (self._outgoing.is_abandoned and not self._outgoing.is_dead):
            raise trio.BrokenResourceError("connection reset by peer")

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has arrived; waits for something; b"" once the other end has closed."""
        if max_bytes is not None and operator.index(max_bytes) < 1:
            raise ValueError(f"expected max_bytes of at least 1, found {max_bytes}")
        if self._receiving:
            raise trio.BusyResourceError("another task is receiving on this stream")
        self._receiving = True
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
            has_waited = False
            while True:
                if self.is_closed:
                    raise trio.ClosedResourceError("this end was closed here")
                if self._incoming.is_reset:
                    raise trio.BrokenResourceError("connection reset by peer")
                data = self._incoming.take(max_bytes or BUFFER_BYTES)
                if data is not None:
                    if not has_waited:
                        await trio.lowlevel.cancel_shielded_checkpoint()
                    return data
                await self._incoming.wait_arrival()
                has_waited = True
        finally:
            self._receiving = False

    async def send_eof(self) -> None:
        """Say that nothing more comes from here."""
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this stream")
        if self.is_closed:
            raise trio.ClosedResourceError("this end was closed here")
        self._say_eof()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Let go of this end."""
        if not self.is_closed:
            self.is_closed = True
            self._say_eof()
            self._incoming.is_abandoned = True
            self._incoming.note_change()
            self._outgoing.note_change()

    async def aclose(self) -> None:
        """Let go of this end."""
        self.close()
        await trio.lowlevel.checkpoint()

    def _say_eof(self) -> None:
        if not self._said_eof:
            self._said_eof = True
            self._outgoing.put(b"")
