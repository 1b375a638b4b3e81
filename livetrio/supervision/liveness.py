"""Liveness: notices when one feed has fallen silent although its socket answers.

A socket can be alive and a feed on it dead; pings do not show it. Feeds that a venue sends regularly
have a longest silence (`Venue.max_silence`). One that overstays it is named: a `FeedEvent` on
``system.feed``, once, with its age, and another when it speaks again. If all of them are silent at once
and no other feed brings anything either, it is the session that is broken: it ends with `FeedsSilent`
and is built anew.

A subscription that gets no answer within its time is a broken session, too.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
import trio

from livetrio.bus import MessageBus
from livetrio.clock import Clock
from livetrio.errors import ConnectionLost, FeedsSilent
from livetrio.model import Feed, FeedEvent, FeedState
from livetrio.supervision.session import Session
from livetrio.topics import FEED

log = structlog.get_logger()


QUIET = 30.0
"""Seconds for which a feed that may be quiet still counts as a sign that its session brings data."""


class Liveness:
    """Watches the feeds of one session."""

    def __init__(
        self,
        *,
        session: Session,
        max_silence: Callable[[Feed], float | None],
        last_update: Callable[[Feed], int | None],
        stale: dict[Feed, float],
        subscribe_timeout: float,
        bus: MessageBus,
        clock: Clock,
    ) -> None:
        self._session = session
        self._max_silence = max_silence
        self._last_update = last_update
        self._stale = stale
        """Feeds that are named as stale now, with the time since when; outlives the session."""
        self._subscribe_timeout = subscribe_timeout
        self._bus = bus
        self._clock = clock

    async def run(self) -> None:
        """Watch until cancelled.

        Raises:
          FeedsSilent: no feed that should speak regularly does.
          ConnectionLost: a subscription was not answered.
        """
        while True:
            changed = self._session.changed
            deadline = min((self._deadline(feed) for feed in self._session.requested), default=None)
            with trio.move_on_at(float("inf") if deadline is None else deadline):
                await changed.wait()
            self.check()

    def check(self) -> None:
        """Look at every feed now; `run` does, whenever one may be overdue."""
        now = trio.current_time()
        spoken = silent = 0
        for feed, asked in list(self._session.requested.items()):
            if feed not in self._session.acknowledged and now >= asked + self._subscribe_timeout:
                raise ConnectionLost(f"the subscription to {feed} had no answer for {now - asked:.0f} s")
            limit = self._max_silence(feed)
            age = now - self._last_sign(feed)
            if limit is not None and age >= limit:
                silent += 1
                self._name_stale(feed, age)
            else:
                # A feed that may be quiet speaks for the session if it brought something lately.
                spoken += limit is not None or age < QUIET
                if feed in self._stale:
                    self._name_recovered(feed)
        if silent and not spoken:
            raise FeedsSilent(f"{silent} feeds fell silent and nothing else comes, though the socket answers")

    def _deadline(self, feed: Feed) -> float:
        """When the feed has to be looked at next."""
        asked = self._session.requested[feed]
        answer_due = float("inf")
        if feed not in self._session.acknowledged:
            answer_due = asked + self._subscribe_timeout
        limit = self._max_silence(feed)
        if limit is None:
            return answer_due
        # A feed that is stale already is looked at once more each time its limit has passed again.
        since = max(self._last_sign(feed), self._stale.get(feed, 0.0))
        return min(answer_due, since + limit)

    def _last_sign(self, feed: Feed) -> float:
        """When the feed last brought something, or was asked for in this session."""
        asked = self._session.requested[feed]
        updated = self._last_update(feed)
        return asked if updated is None else max(asked, self._clock.trio_time(updated))

    def _name_stale(self, feed: Feed, age: float) -> None:
        is_new = feed not in self._stale
        self._stale[feed] = trio.current_time()
        if is_new:
            log.warning("feed is silent", feed=str(feed), age=round(age, 3))
            self._publish(feed, FeedState.STALE, age=age)

    def _name_recovered(self, feed: Feed) -> None:
        del self._stale[feed]
        log.info("feed speaks again", feed=str(feed))
        self._publish(feed, FeedState.RECOVERED)

    def _publish(self, feed: Feed, state: FeedState, age: float | None = None) -> None:
        self._bus.publish(FEED, FeedEvent(feed=feed, state=state, timestamp=self._clock.now(), age=age))
