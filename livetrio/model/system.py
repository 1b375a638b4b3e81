"""System events: the clock's ticks, connections coming and going, feeds falling silent, shutdown."""

from __future__ import annotations

from enum import Enum

import attrs

from livetrio.model.feed import Feed


@attrs.frozen(kw_only=True)
class TickEvent:
    """The clock-driven heartbeat of strategies, on ``system.tick``."""

    timestamp: int
    """The instant the tick was due, UTC nanoseconds; always a whole number of intervals from the start."""
    tick_number: int
    """From 1; skips what was missed, so it always counts intervals since the start."""
    missed: int = 0
    """How many ticks before this one were due while the program was busy. They are not made up for."""


class ConnectionState(Enum):
    """Where a connection is in its life."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class ConnectionEvent:
    """A connection has changed its state; on ``system.connected``, ``.disconnected``, ``.reconnecting``."""

    connection: str
    """The connection's name: ``hyperliquid/market``, or the address of an endpoint given by hand."""
    endpoint: str
    """Where it leads, as a URL."""
    state: ConnectionState
    generation: int
    """Counts the sessions of this connection from 1; 0 before the first."""
    timestamp: int
    """When, UTC nanoseconds."""
    attempt: int = 0
    """Reconnecting: the how-manieth attempt in a row."""
    delay: float = 0.0
    """Reconnecting: seconds until the attempt."""
    reason: str | None = None
    """Why the session ended, in words for people."""


class FeedState(Enum):
    """What is known of a feed."""

    STALE = "stale"
    RECOVERED = "recovered"
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class FeedEvent:
    """A feed has fallen silent, speaks again, or cannot be had; on ``system.feed``."""

    feed: Feed
    state: FeedState
    timestamp: int
    age: float | None = None
    """Stale: seconds since the feed last brought something."""
    reason: str | None = None


@attrs.frozen(kw_only=True)
class SlowEvent:
    """Something has held the loop for too long: nothing else could run meanwhile; on ``system.slow``."""

    owner: str
    """A strategy, a connection, the pattern of a handler, or a task."""
    what: str
    """The function; of a task, where it stands afterwards."""
    seconds: float
    timestamp: int
    """When it was over, UTC nanoseconds."""


class ShutdownReason(Enum):
    """Why the engine stops."""

    USER_REQUEST = "user_request"
    ERROR = "error"
    SIGNAL = "signal"


@attrs.frozen(kw_only=True)
class ShutdownEvent:
    """The engine begins to stop; on ``system.shutdown``, before anything is taken down."""

    reason: ShutdownReason
    timestamp: int
    message: str | None = None
