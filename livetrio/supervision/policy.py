"""ConnectionPolicy: how a connection is kept up, and what it does not put up with."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class ConnectionPolicy:
    """How a connection is kept up. Durations in seconds."""

    auto_reconnect: bool = True
    reconnect_base: float = 1.0
    reconnect_max: float = 60.0
    reconnect_jitter: float = 0.0
    max_reconnect_attempts: int = 0
    """In a row; 0 is no limit."""
    connect_timeout: float = 10.0
    """For dialing, TLS and the upgrade together."""
    subscribe_timeout: float = 10.0
    max_message_bytes: int = 16 * 2**20
    max_bad_messages: int = 100
    """In a row, before the session is built anew."""
