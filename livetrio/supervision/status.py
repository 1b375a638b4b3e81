"""ConnectionStatus: how a connection is, and how it has been."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from livetrio.model import ConnectionState, Feed


@attrs.frozen(kw_only=True)
class ConnectionStatus:
    """A connection as it is now."""

    name: str
    endpoint: str
    state: ConnectionState
    generation: int
    """Sessions so far."""
    reconnect_attempts: int
    """In a row, since the last session that worked."""
    latency_ms: float | None
    """Heartbeat there and back, the last one answered."""
    messages_received: int
    last_message_time: int | None
    """UTC nanoseconds."""
    last_error: str | None
    uptime: float
    """Seconds in sessions, all together."""
    feeds: tuple[Feed, ...]
    stale_feeds: tuple[Feed, ...]
    faults: Mapping[str, int]
    """Messages that were applied nowhere, by kind: those that made no sense, ``stale`` ones that came by
    a session that had ended, and what the venue refused."""
