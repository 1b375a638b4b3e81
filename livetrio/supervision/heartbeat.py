"""Heartbeat: keeps a session alive, and finds out when it is dead.

Every interval a heartbeat goes out, in the venue's own form or as a WebSocket ping. Whatever comes in is
a sign of life; a session from which nothing at all has come for two intervals is dead (`HeartbeatLost`).
That finds the half-open socket, into which one can write for minutes without an error.

Sending and judging are two tasks: a socket that takes no more, or never answers, must not keep us from
seeing that. A stall of ours is not taken for a dead venue, see `stall`.
"""

from __future__ import annotations

import math
from typing import Protocol

import trio

from livetrio.errors import HeartbeatLost
from livetrio.supervision.interval import Interval
from livetrio.supervision.session import Session
from livetrio.supervision.stall import let_backlog_in


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
      HeartbeatLost: nothing came for two intervals. (In a group, as out of any nursery.)
    """
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_send_heartbeats, socket, session, interval)
        nursery.start_soon(_watch_silence, session, interval)


async def _send_heartbeats(socket: HeartbeatSocket, session: Session, interval: Interval) -> None:
    while True:
        seconds = interval.seconds
        if seconds is None:
            await interval.wait_changed()
            continue
        due = trio.current_time() + seconds
        while await interval.wait_until(due):
            with trio.move_on_after(seconds):  # until the next one is due
                await _beat(socket, session)
            due += seconds * max(1, math.ceil((trio.current_time() - due) / seconds))


async def _beat(socket: HeartbeatSocket, session: Session) -> None:
    message = session.codec.heartbeat()
    session.pinged = trio.current_time()
    if message is not None:
        await socket.send(message)
    else:
        await socket.ping()
        session.note_pong()


async def _watch_silence(session: Session, interval: Interval) -> None:
    while True:
        seconds = interval.seconds
        if seconds is None:
            await interval.wait_changed()
            continue
        since = trio.current_time()  # of the session, or since the period was changed
        while await interval.wait_until(deadline := since + 2 * seconds):
            await let_backlog_in(deadline)
            if session.last_received <= since:
                silence = trio.current_time() - session.last_received
                raise HeartbeatLost(f"nothing was received for {silence:.0f} s (two heartbeat intervals)")
            since = session.last_received
