"""Outbox: what is on its way to one WebSocket client.

Whoever has something to say puts it in, by a plain call that neither waits nor fails; one task sends what
has gathered, all in one go. So a block that makes a hundred frames costs a client one write, and a client
that does not read costs nobody any time. It costs memory, up to `MAX_BYTES`; then it is dropped.

    send, send_frame, reply ──► waiting ──► one write at a time ──► stream
                          └──► held ──┘ (while what is sent is delayed)

The outbox also decides how long the connection lives: `IDLE_LIMIT` from the last message that was sent.
At its end the stream is closed without a close frame, as the venue does (protocol page §1.4).
"""

from __future__ import annotations

from collections import deque

import trio

from livetrio.exchange.edge.frames import frame_text

IDLE_LIMIT = 60.0
"""Seconds without a message sent to the client, after which it is dropped [docs: timeouts-and-heartbeats].

Messages count, not the pongs of the WebSocket protocol itself."""

MAX_BYTES = 16 * 2**20
"""What may wait for a client. The snapshots of 1,000 subscriptions are some 4 MB and may be asked for in one
go; who has several times that waiting does not read, or will never catch up."""

HALF_OPEN_LIMIT = 924.0
"""Seconds after which a connection that is half open ends: Linux gives up sending again after 924.6 s
(tcp_retries2, 15)."""

GOODBYE_LIMIT = 5.0
"""Seconds for what is said last to leave."""

_BATCH_BYTES = 256 * 1024
"""Sent in one go, at most and a frame. A client has `IDLE_LIMIT` to take that much."""

_FRAME_COST = 48
"""Bytes that a frame costs in memory besides its own."""


class Outbox:
    """The way to one client. All may be called at any time; once the connection is over, nothing happens."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        """Make it inside `trio.run`: the client's first minute begins."""
        self.life = trio.CancelScope()
        """Around all that is done for the connection; its deadline is the connection's end."""
        self.is_dead = False
        """Whether it is half open: nothing that is received counts any more."""
        self.is_over = False
        """Whether it has come to its end, though that may take until the next write."""
        self.was_reset = False
        """Whether the client is to see a reset."""
        self._max_bytes = max_bytes
        self._waiting: deque[bytes] = deque()
        self._held: deque[tuple[float, bytes]] = deque()
        """With the time at which each may leave."""
        self._bytes = 0
        """Of what is waiting, held, and being sent; each frame with `_FRAME_COST`."""
        self._delay = 0.0
        self._has_message = False
        """Whether more is waiting than the protocol's own replies."""
        self._is_doomed = False
        """Whether the deadline stands, whatever is still sent."""
        self._is_finishing = False
        self._news = trio.Event()
        self._live_on()

    def send(self, message: bytes) -> None:
        """Send a text message."""
        self.send_frame(frame_text(message))

    def send_frame(self, frame: bytes) -> None:
        """Send bytes that `frame_text` made, or that no decent server would send.

        Many outboxes may be given the same object; then it is in memory once.
        """
        self._has_message = True
        self.reply(frame)

    def reply(self, data: bytes) -> None:
        """Send what the protocol itself has to say. It does not keep the connection alive."""
        if self.is_over or self.is_dead:
            return
        self._bytes += len(data) + _FRAME_COST
        if self._delay or self._held:
            earliest = self._held[-1][0] if self._held else 0.0
            self._held.append((max(earliest, trio.current_time() + self._delay), data))
        else:
            self._waiting.append(data)
        self._news.set()
        if self._bytes > self._max_bytes:
            self.end("the client does not read")

    def kill(self, after: float) -> None:
        """End the connection in so many seconds, without a close frame. Until then all goes on."""
        if not self.is_dead:
            self._is_doomed = True
            self.life.deadline = min(self.life.deadline, trio.current_time() + after)

    def finish(self) -> None:
        """End the connection once all that waits has been sent, if that does not take long."""
        self.kill(GOODBYE_LIMIT)
        self._is_finishing = True
        self._news.set()

    def end(self, reason: str) -> None:
        """End the connection now; what waits is lost."""
        self.is_over = True
        self._forget()
        self.life.cancel(reason=reason)

    # What can go wrong with a connection, for tests and fault plans.

    def swallow(self) -> None:
        """A message has vanished, as if it had been sent: the connection lives on."""
        self._live_on()

    def go_dead(self) -> None:
        """Leave the connection half open: nothing leaves, nothing received counts, and nobody is told.

        It ends when the client hangs up, or after `HALF_OPEN_LIMIT`.
        """
        self.is_dead = self._is_doomed = True
        self.life.deadline = trio.current_time() + HALF_OPEN_LIMIT
        self._forget()

    def drop(self, last: bytes = b"") -> None:
        """Reset the connection at once; ``last``, half a frame perhaps, still leaves if it can."""
        self.was_reset = True
        if not last or self.is_dead:
            self.end("reset")
            return
        self._forget()
        self.hold(0)
        self.reply(last)
        self.finish()
        self.is_over = True

    def hold(self, seconds: float) -> None:
        """Delay by so much whatever is sent from now on; it stays in order. 0 to delay no more."""
        self._delay = seconds

    # The other end of it.

    async def drain(self, stream: trio.abc.Stream) -> None:
        """Send what is put in, until the connection is over."""
        try:
            while True:
                await self._wait_for_more()
                if not self._waiting:
                    self.end("all is said")
                    return
                batch, cost, has_message = self._take()
                await stream.send_all(batch)
                self._bytes -= cost
                if has_message:
                    self._live_on()
        except trio.BrokenResourceError:
            self.end("the client has gone")

    async def _wait_for_more(self) -> None:
        """Return when something may leave; with nothing waiting, when nothing more comes."""
        while True:
            while self._held and self._held[0][0] <= trio.current_time():
                self._waiting.append(self._held.popleft()[1])
            if self._waiting or (self._is_finishing and not self._held):
                return
            self._news = trio.Event()
            if not self._held:
                await self._news.wait()  # without a cancel scope, which would cost more than the rest
                continue
            with trio.move_on_at(self._held[0][0]):
                await self._news.wait()

    def _take(self) -> tuple[bytes, int, bool]:
        """The next batch, what it counts for, and whether there is a message in it."""
        waiting, has_message = self._waiting, self._has_message
        taken: list[bytes] = []
        size = 0
        while waiting and size < _BATCH_BYTES:
            frame = waiting.popleft()
            taken.append(frame)
            size += len(frame)
        if not waiting and not self._held:
            self._has_message = False
        return b"".join(taken), size + _FRAME_COST * len(taken), has_message

    def _live_on(self) -> None:
        if not self._is_doomed:
            self.life.deadline = trio.current_time() + IDLE_LIMIT

    def _forget(self) -> None:
        """Let all that waits vanish; what is being sent is sent."""
        self._bytes -= sum(len(frame) + _FRAME_COST for frame in self._waiting)
        self._bytes -= sum(len(frame) + _FRAME_COST for _, frame in self._held)
        self._waiting.clear()
        self._held.clear()
        self._has_message = False

    def __repr__(self) -> str:
        state = "over" if self.is_over else "dead" if self.is_dead else "open"
        return f"<Outbox {state}: {self._bytes} bytes>"
