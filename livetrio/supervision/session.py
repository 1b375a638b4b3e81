"""Session: what is true of one WebSocket connection between its opening and its end.

A session takes in every message of its socket, in the socket's reader task and without ever waiting:
decode, then the engines. It belongs to one generation; once it has ended, whatever still arrives by it
is counted as stale and applied nowhere, so nothing of an old socket can follow something of a new one.

A message that makes no sense is dropped, counted by kind, and named in the log once per kind with a
sample. The session is kept, for the messages are independent of each other; but after
``max_bad_messages`` of them in a row with none good between, the far side no longer speaks our language,
and the session ends with `WebSocketError`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
import trio

from livetrio.clock import Clock
from livetrio.errors import FrameError, WebSocketError
from livetrio.model import Feed
from livetrio.venues.base import Codec, Pong, SubscriptionAck, VenueNotice

log = structlog.get_logger()

SAMPLE = 200
"""Bytes of a bad message that the log shows."""


class Receiver(Protocol):
    """Whoever takes the decoded events: True if it knew what to do with one."""

    def __call__(self, event: object, /) -> bool: ...


class Session:
    """One session of one connection: its codec, its counts, and the feeds it has asked for."""

    def __init__(
        self,
        *,
        connection: str,
        generation: int,
        codec: Codec,
        receive: Receiver,
        receive_other: Receiver,
        clock: Clock,
        max_bad_messages: int,
        faults: Counter[str],
        on_refused: Callable[[VenueNotice], None],
    ) -> None:
        self.generation = generation
        self.codec = codec
        self.opened = trio.current_time()
        """When it came up, see `open`; trio's time."""
        self.last_received = self.opened
        """When the last message came, or the session opened; trio's time."""
        self.messages = 0
        self.is_closed = False
        self.requested: dict[Feed, float] = {}
        """Feeds asked for in this session, with the time of asking."""
        self.acknowledged: set[Feed] = set()
        """Those of them that the venue has answered."""
        self.refused: set[Feed] = set()
        """… and those that it answered with a refusal."""
        self.changed = trio.Event()
        """Set when a feed was acknowledged; replaced then."""
        self.failure: WebSocketError | None = None
        """What `take` raised."""
        self.pinged: float | None = None
        """When the heartbeat that has no answer yet was sent."""
        self.latency: float | None = None
        """Seconds from our last answered heartbeat to its answer."""
        self._connection = connection
        self._receive = receive
        self._receive_other = receive_other
        self._clock = clock
        self._faults = faults
        self._bad_in_a_row = 0
        self._max_bad = max_bad_messages
        self._on_refused = on_refused

    def open(self) -> None:
        """It is up: time counts from here, and not from when it was dialed."""
        self.opened = self.last_received = trio.current_time()

    def take(self, messages: Sequence[bytes]) -> None:
        """Take in what the socket brought, in order.

        Raises:
          WebSocketError: nothing but senseless messages for too long.
        """
        if self.is_closed:
            self._faults["stale"] += len(messages)
            return
        self.messages += len(messages)
        self.last_received = trio.current_time()
        now = self._clock.now()
        decode, receive = self.codec.decode, self._receive
        bad = 0
        for message in messages:
            try:
                for event in decode(message, now):
                    if not receive(event):
                        self._take_control(event)
            except FrameError as fault:
                bad += 1
                self._count_fault(fault, message)
        if bad:
            self._judge(bad, len(messages))
        else:
            self._bad_in_a_row = 0

    def _take_control(self, event: object) -> None:
        """What is about the connection itself rather than the market."""
        match event:
            case Pong():
                self.note_pong()
            case SubscriptionAck(feed, active):
                self.refused.discard(feed)
                if active:
                    self.acknowledged.add(feed)
                else:
                    self.acknowledged.discard(feed)
                self._note_change()
            case VenueNotice(_, feed):
                if feed is not None:
                    self.acknowledged.add(feed)  # an answer, so nobody goes on waiting for one
                    self.refused.add(feed)
                    self._note_change()
                self._on_refused(event)
            case _ if not self._receive_other(event):
                kind = f"unhandled {type(event).__name__}"
                self._faults[kind] += 1
                if self._faults[kind] == 1:
                    log.warning("event that no engine takes", kind=type(event).__name__)

    def note_pong(self) -> None:
        """The heartbeat was answered: a sign of life, and a measure of the way there and back."""
        self.last_received = trio.current_time()
        if self.pinged is not None:
            self.latency = trio.current_time() - self.pinged
            self.pinged = None

    def _note_change(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    def _count_fault(self, fault: FrameError, message: bytes) -> None:
        self._faults[fault.kind] += 1
        if self._faults[fault.kind] == 1:
            log.warning(
                "message dropped; later ones of this kind are only counted",
                kind=fault.kind,
                detail=fault.detail,
                sample=message[:SAMPLE].decode("utf-8", "backslashreplace"),
            )

    def _judge(self, bad: int, total: int) -> None:
        self._bad_in_a_row = self._bad_in_a_row + bad if bad == total else 0
        if self._bad_in_a_row >= self._max_bad:
            self.failure = WebSocketError(
                f"{self._connection}: the last {self._bad_in_a_row} messages made no sense, see the log"
            )
            raise self.failure

    def request(self, feed: Feed) -> None:
        """Note that a feed is being asked for, so that its answer and its silence are waited for."""
        self.requested[feed] = trio.current_time()
        self._forget_answer(feed)

    def withdraw(self, feed: Feed) -> None:
        """Note that a feed is being ended, and nothing is waited for any more."""
        del self.requested[feed]
        self._forget_answer(feed)

    def _forget_answer(self, feed: Feed) -> None:
        self.acknowledged.discard(feed)
        self.refused.discard(feed)
        self._note_change()

    def close(self) -> None:
        """The session is over: whatever still comes by it is stale."""
        self.is_closed = True
