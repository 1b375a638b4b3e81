"""Liveness: notices when one feed has fallen silent although its socket answers.

A socket can be alive and a feed on it dead; pings do not show it. Feeds that a venue sends regularly
have a longest silence (`Venue.max_silence`). One that overstays it is named: a `FeedEvent` on
``system.feed``, once, with its age, and another when it speaks again. If all of them are silent at once
and no other feed brings anything either, it is the session that is broken: it ends with `FeedsSilent`
and is built anew.

A subscription that gets no answer within its time is a broken session, too. One that was refused has its
answer, and is not watched. A stall of ours is not taken for silence, see `stall`.
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
from livetrio.supervision.stall import let_backlog_in
from livetrio.topics import FEED

log = structlog.get_logger()


QUIET = 30.0
"""Seconds for which a feed that may be quiet still counts as a sign that its session brings data."""

RECHECK = 1.0
"""Seconds between looks at a feed that is silent, so that its recovery is soon known."""


class Liveness:
    """Watches the feeds of one session."""

    def __init__(
        self,
        *,
        session: Session,
        max_silence: Callable[[Feed], float | None],
        last_update: Callable[[Feed], int | None],
        stale: dict[Feed, int],
        subscribe_timeout: float,
        bus: MessageBus,
        clock: Clock,
    ) -> None:
        self._session = session
        self._max_silence = max_silence
        self._last_update = last_update
        self._stale = stale
        """Feeds that are named as stale now, with what was their last update; outlives the session."""
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
            with trio.move_on_at(float("inf") if deadline is None else deadline) as scope:
                await changed.wait()
            if deadline is not None and scope.cancelled_caught:
                await let_backlog_in(deadline)
            self.check()

    def check(self) -> None:
        """Look at every feed now; `run` does, whenever one may be overdue."""
        now = trio.current_time()
        spoken = silent = 0
        for feed, asked in list(self._session.requested.items()):
            if feed in self._session.refused:
                continue
            if feed not in self._session.acknowledged and now >= asked + self._subscribe_timeout:
                raise ConnectionLost(f"the subscription to {feed} had no answer for {now - asked:.0f} s")
            limit = self._max_silence(feed)
            last = self._last_sign(feed)
            if limit is not None and now >= last + limit:
                silent += 1
                self._name_stale(feed, now - last)
            else:
                # A feed that may be quiet speaks for the session if it brought something lately.
                spoken += limit is not None or now < last + QUIET
                if feed in self._stale and self._has_spoken(feed):
                    self._name_recovered(feed)
        if silent and not spoken:
            raise FeedsSilent(f"{silent} feeds fell silent and nothing else comes, though the socket answers")

    def _deadline(self, feed: Feed) -> float:
        """When the feed has to be looked at next."""
        if feed in self._session.refused:
            return float("inf")
        asked = self._session.requested[feed]
        answer_due = float("inf")
        if feed not in self._session.acknowledged:
            answer_due = asked + self._subscribe_timeout
        limit = self._max_silence(feed)
        if limit is None:
            return answer_due
        if feed in self._stale:
            return min(answer_due, trio.current_time() + min(limit, RECHECK))
        return min(answer_due, self._last_sign(feed) + limit)

    def _has_spoken(self, feed: Feed) -> bool:
        """Whether the feed has brought something since it was named stale."""
        updated = self._last_update(feed)
        return updated is not None and updated > self._stale[feed]

    def _last_sign(self, feed: Feed) -> float:
        """When the feed last brought something, or was asked for in this session."""
        asked = self._session.requested[feed]
        updated = self._last_update(feed)
        return asked if updated is None else max(asked, self._clock.trio_time(updated))

    def _name_stale(self, feed: Feed, age: float) -> None:
        if feed not in self._stale:
            self._stale[feed] = self._last_update(feed) or 0
            log.warning("feed is silent", feed=str(feed), age=round(age, 3))
            self._publish(feed, FeedState.STALE, age=age)

    def _name_recovered(self, feed: Feed) -> None:
        del self._stale[feed]
        log.info("feed speaks again", feed=str(feed))
        self._publish(feed, FeedState.RECOVERED)

    def _publish(self, feed: Feed, state: FeedState, age: float | None = None) -> None:
        self._bus.publish(FEED, FeedEvent(feed=feed, state=state, timestamp=self._clock.now(), age=age))
