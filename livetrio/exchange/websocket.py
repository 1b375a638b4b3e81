"""One WebSocket connection: two tasks, one that answers the client and one that plays frames to it.

    session scope   its deadline is the end of the connection's life: 60 s after the last thing sent, or
    │               a moment after an offence
    ├── reader      trio-websocket's own
    ├── answers     client's messages in order, each answered before the next is read
    └── playback    from the first subscription on

The connection ends without a close frame whenever it is the exchange that ends it, as the venue does
(protocol page §1.4): the stream is simply closed. A client that does not read is sent nothing, so it, too,
is dropped after 60 s; until then it costs one waiting task and no memory, for nothing is queued.

Frames leave at absolute deadlines: a frame sent late (a slow client) does not delay those after it. To a
client that is behind they come as fast as it reads, all of them; the venue would leave some out.
"""

from __future__ import annotations

from collections.abc import Callable

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from livetrio.exchange.session import Session

IDLE_LIMIT = 60.0
"""Seconds without anything sent to the client, after which it is dropped [docs: timeouts-and-heartbeats].

Messages count, not the pongs of the WebSocket protocol itself."""

KILL_DELAY = 0.1
"""Seconds a connection lives on after subscribing to an unknown coin [observed 2026-09-24]."""

SNAPSHOT_DELAY = 0.1
"""Seconds from the first ack to the first frame: the venue's first snapshot comes 101-287 ms after
subscribing [observed 2026-09-24]. So a client that subscribes to several streams in one go misses nothing
of any."""

MAX_MESSAGE_BYTES = 2**20
"""A larger message of a client ends its connection with 1009. The venue's limit is not known."""

HANDSHAKE_LIMIT = 10.0
"""Seconds for the upgrade, which was complete before it came here."""

_FRAMES_BETWEEN_CHECKPOINTS = 100


async def serve_websocket(
    stream: trio.abc.Stream,
    session: Session,
    speed: float | None,
    on_begin: Callable[[], object],
) -> None:
    """Serve a client whose upgrade request is the next thing in the stream. The caller closes the stream.

    Args:
      stream: the connection.
      session: the client's subscriptions, and the playback they are served from.
      speed: seconds of recorded time in a second; None to play as fast as the client reads.
      on_begin: called when the playback begins.
    """
    async with trio.open_nursery() as nursery:
        with trio.move_on_after(HANDSHAKE_LIMIT) as handshake:
            request = await wrap_server_stream(nursery, stream, max_message_size=MAX_MESSAGE_BYTES)
            websocket = await request.accept()
        if handshake.cancelled_caught:
            nursery.cancel_scope.cancel(reason="no handshake")
            return
        client = _Client(websocket, session, nursery.cancel_scope, on_begin)
        nursery.start_soon(client.play, speed)
        await client.answer()
        nursery.cancel_scope.cancel(reason="the client has gone")


class _Client:
    """The far end, seen from the exchange."""

    def __init__(
        self,
        websocket: WebSocketConnection,
        session: Session,
        life: trio.CancelScope,
        on_begin: Callable[[], object],
    ) -> None:
        self._websocket = websocket
        self._session = session
        self._life = life
        self._on_begin = on_begin
        self._killed = False
        self._subscribed = trio.Event()
        self._life.deadline = trio.current_time() + IDLE_LIMIT

    async def answer(self) -> None:
        """Answer messages in order until the client has gone."""
        while True:
            try:
                message = await self._websocket.get_message()
            except ConnectionClosed:
                return
            text = message if isinstance(message, str) else message.decode(errors="replace")
            answer = self._session.receive(text)
            if answer.kills:
                self._kill()
            if answer.text is not None:
                await self._send(answer.text)
            if answer.subscription is not None:
                self._session.commit(answer)
                self._subscribed.set()
                self._subscribed = trio.Event()

    async def play(self, speed: float | None) -> None:
        """Send the client its frames, each when it is due."""
        playback = self._session.playback
        await self._subscribed.wait()
        await trio.sleep(SNAPSHOT_DELAY)
        self._on_begin()
        began = trio.current_time()
        sent_in_lap = passed = 0
        while True:
            position = playback.position
            due = playback.due()
            if due is None:
                return  # the connection stays open and silent
            if speed is not None:
                if began + due / speed > trio.current_time():
                    await trio.sleep_until(began + due / speed)
            elif playback.position < position:  # a new lap
                if not sent_in_lap:
                    await self._subscribed.wait()  # or laps would go by as fast as they can, for nobody
                sent_in_lap = 0
            frame = playback.take()
            text = playback.text(frame) if frame.key in self._session.wanted else None
            if text is not None:
                await self._send(text)
                sent_in_lap += 1
                continue
            passed += 1
            if passed % _FRAMES_BETWEEN_CHECKPOINTS == 0:
                await trio.lowlevel.checkpoint()

    def _kill(self) -> None:
        self._killed = True
        self._life.deadline = trio.current_time() + KILL_DELAY

    async def _send(self, text: str) -> None:
        await self._websocket.send_message(text)
        if not self._killed:
            self._life.deadline = trio.current_time() + IDLE_LIMIT
