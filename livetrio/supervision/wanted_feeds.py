"""WantedFeeds: what a connection is to ask its venue for, whatever becomes of its sessions.

What is wanted is state, not messages: the feeds are kept in a table, and each session asks the venue for
those it has not asked for yet. So there is no queue of subscriptions to lose.
"""

from __future__ import annotations

from collections.abc import Iterator

import trio

from livetrio.model import Feed
from livetrio.supervision.session import Session
from livetrio.supervision.websocket import WebSocket


class WantedFeeds:
    """A table of feeds, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._feeds: dict[Feed, None] = {}
        self._changed = trio.Event()

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds)

    def add(self, feed: Feed) -> None:
        """Want it, in this session and in every later one."""
        self._feeds[feed] = None
        self._note_change()

    def discard(self, feed: Feed) -> None:
        """Want it no more."""
        self._feeds.pop(feed, None)
        self._note_change()

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def keep_subscribed(self, socket: WebSocket, session: Session) -> None:
        """Ask for what is wanted and not asked for yet, end what is wanted no more, and so on until
        cancelled.

        Raises:
          ConnectionLost: the socket broke.
        """
        while True:
            changed = self._changed
            for feed in [each for each in session.requested if each not in self._feeds]:
                session.withdraw(feed)
                await socket.send(session.codec.unsubscribe(feed))
            for feed in [each for each in self._feeds if each not in session.requested]:
                if feed in self._feeds:  # it may have gone while we waited to send
                    session.request(feed)
                    await socket.send(session.codec.subscribe(feed))
            await changed.wait()
