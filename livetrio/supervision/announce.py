"""Announce: a connection's change of state, to the log and on the bus."""

from __future__ import annotations

import structlog

from livetrio.bus import MessageBus
from livetrio.model import ConnectionEvent, ConnectionState
from livetrio.topics import CONNECTED, DISCONNECTED, FAILED, RECONNECTING, Topic

log = structlog.get_logger()

TOPICS: dict[ConnectionState, Topic[ConnectionEvent]] = {
    ConnectionState.CONNECTED: CONNECTED,
    ConnectionState.DISCONNECTED: DISCONNECTED,
    ConnectionState.RECONNECTING: RECONNECTING,
    ConnectionState.FAILED: FAILED,
}
"""Where each state is published. That one is being dialed is nobody's concern."""


def announce(event: ConnectionEvent, bus: MessageBus) -> None:
    """Log the change, then publish it."""
    because = {} if event.reason is None else {"because": event.reason}
    match event.state:
        case ConnectionState.CONNECTING:
            log.debug("connecting", endpoint=event.endpoint)
        case ConnectionState.CONNECTED:
            log.info("connected", generation=event.generation)
        case ConnectionState.DISCONNECTED:
            log.info("disconnected", **because)
        case ConnectionState.RECONNECTING:
            log.warning("reconnecting", delay=round(event.delay, 3), attempt=event.attempt, **because)
        case ConnectionState.FAILED:
            log.error("connection given up", **because)
    topic = TOPICS.get(event.state)
    if topic is not None:
        bus.publish(topic, event)
