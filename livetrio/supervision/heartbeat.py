"""Heartbeat: keeps a session alive, and finds out when it is dead.

Every interval a heartbeat goes out, in the venue's own form or as a WebSocket ping. Whatever comes in is
a sign of life; a session from which nothing at all has come for two intervals is dead (`HeartbeatLost`).
That finds the half-open socket, into which one can write for minutes without an error.

If this task itself wakes late, the whole program was busy, and what the venue sent meanwhile is still
unread. Then it is read first and judged afterwards: a stall of ours must not look like a dead venue.
"""

from __future__ import annotations

import math
from typing import Protocol

import trio

from livetrio.errors import HeartbeatLost
from livetrio.supervision.interval import Interval
from livetrio.supervision.session import Session

LATE = 0.1
"""Seconds of oversleeping that count as a stall of the program."""

GRACE = 1.0
"""Seconds to read what piled up during a stall before the silence is judged."""


class HeartbeatSocket(Protocol):
    """What a heartbeat needs of a socket."""

    async def send(self, message: bytes | str) -> None:
        """Send one text message."""
        ...

    async def ping(self) -> None:
        """Send a WebSocket ping and wait for its pong."""
        ...


async def run_heartbeat(socket: HeartbeatSocket, session: Session, interval: Interval) -> None:
    """Send heartbeats and watch for silence, until cancelled.

    Raises:
      HeartbeatLost: nothing came for two intervals.
    """
    while True:
        seconds = interval.seconds
        if seconds is None:
            await interval.wait_changed()
            continue
        due = trio.current_time() + seconds
        while await interval.wait_until(due):
            if trio.current_time() - due > LATE:
                await trio.sleep(GRACE)
            _judge(session, seconds)
            await _beat(socket, session, seconds)
            due += seconds * max(1, math.ceil((trio.current_time() - due) / seconds))


def _judge(session: Session, seconds: float) -> None:
    silence = trio.current_time() - session.last_received
    if silence >= 2 * seconds:
        raise HeartbeatLost(f"nothing was received for {silence:.0f} s (two heartbeat intervals)")


async def _beat(socket: HeartbeatSocket, session: Session, seconds: float) -> None:
    message = session.codec.heartbeat()
    session.pinged = trio.current_time()
    # A socket that takes no more, or never answers, must not keep this task from judging the silence.
    with trio.move_on_after(seconds / 2):
        if message is not None:
            await socket.send(message)
        else:
            await socket.ping()
            session.note_pong()
