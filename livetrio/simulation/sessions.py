"""WatchedVenue: knows by which session each message came, and whether that session is over (I9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from livetrio.model import ConnectionEvent, ConnectionState, Feed
from livetrio.simulation.invariants import OLD_SESSIONS, Broken
from livetrio.venues.base import Codec
from livetrio.venues.hyperliquid import HyperliquidVenue

Accuse = Callable[[Broken], None]


class Sessions:
    """Of one process: which session of each connection is the one that counts."""

    def __init__(self, accuse: Accuse) -> None:
        self._accuse = accuse
        self._current: dict[str, int] = {}
        """By the name of the connection; a connection that has none now is not there."""
        self._opened = 0

    def begin(self, connection: str) -> int:
        """A session begins, and ends all others of its connection; its number."""
        self._opened += 1
        self._current[connection] = self._opened
        return self._opened

    def hear(self, event: ConnectionEvent) -> None:
        """The engine tells of a connection. One that is not up was given up, and its session with it."""
        if event.state is not ConnectionState.CONNECTED:
            self._current.pop(event.connection, None)

    def take(self, connection: str, number: int, events: Sequence[object]) -> None:
        """A session's events are about to reach the engine."""
        if events and self._current.get(connection) != number:
            names = ", ".join(dict.fromkeys(type(each).__name__ for each in events))
            words = f"{connection}: {names} of a session that had ended reach the engine"
            self._accuse(Broken(OLD_SESSIONS, words))


class WatchedVenue(HyperliquidVenue):
    """The venue, whose codecs tell what they decode."""

    sessions: Sessions | None = None

    def open_codec(self, stream: str, generation: int) -> Codec:
        """A codec for a new session of the stream."""
        codec = super().open_codec(stream, generation)
        if self.sessions is None:
            return codec
        return _WatchedCodec(codec, self.sessions, f"{self.name.lower()}/{stream}")


class _WatchedCodec:
    """Of one session."""

    def __init__(self, codec: Codec, sessions: Sessions, connection: str) -> None:
        self._codec = codec
        self._sessions = sessions
        self._connection = connection
        self._number = sessions.begin(connection)

    def subscribe(self, feed: Feed) -> bytes:
        return self._codec.subscribe(feed)

    def unsubscribe(self, feed: Feed) -> bytes:
        return self._codec.unsubscribe(feed)

    def heartbeat(self) -> bytes | None:
        return self._codec.heartbeat()

    def decode(self, frame: bytes, ts_init: int) -> Sequence[object]:
        events = self._codec.decode(frame, ts_init)
        self._sessions.take(self._connection, self._number, events)
        return events
