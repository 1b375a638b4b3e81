"""Cadence: the clocks of the feeds that have a rhythm, and the first frames that are still to come.

All feeds of one rhythm share one clock, as the venue's books do [observed 2026-09-24], and it stands on whole
multiples of the rhythm since 1970: so beats do not drift, and one that was missed is not made up for.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs

from livetrio.exchange.api.feed import Feed, Outbox
from livetrio.exchange.api.subscriptions import Subscription


@attrs.define
class Clock:
    """One rhythm. Times are ms."""

    every: int
    due: int = 0
    """When it beats next, if it has feeds."""
    feeds: dict[Feed[Any], None] = attrs.field(factory=dict)

    def wind(self, time: int) -> None:
        """The next beat is the first after this time."""
        self.due = (time // self.every + 1) * self.every


@attrs.frozen(eq=False)
class Begun:
    """A subscription that was acknowledged and has seen no frame yet."""

    due: int
    outbox: Outbox
    subscription: Subscription
    place: int
    """Among the client's others; no two have the same."""


@attrs.define(eq=False)
class Cadence:
    """What is due when."""

    clocks: dict[int, Clock] = attrs.field(factory=dict)
    """By rhythm; those that nobody needs are not there."""
    begun: deque[Begun] = attrs.field(factory=deque)
    """In the order in which they are due, for all of them wait equally long."""

    def add(self, feed: Feed[Any], time: int) -> None:
        """A feed has its first subscriber."""
        if feed.every is None:
            return
        clock = self.clocks.get(feed.every)
        if clock is None:
            clock = self.clocks[feed.every] = Clock(feed.every)
            clock.wind(time)
        clock.feeds[feed] = None

    def remove(self, feed: Feed[Any]) -> None:
        """A feed has lost its last one."""
        if feed.every is None:
            return
        clock = self.clocks[feed.every]
        del clock.feeds[feed]
        if not clock.feeds:
            del self.clocks[feed.every]

    def next_due(self) -> int | None:
        """When there is something to do next; None: not before somebody subscribes."""
        due = min((clock.due for clock in self.clocks.values()), default=None)
        if self.begun and (due is None or self.begun[0].due < due):
            return self.begun[0].due
        return due

    def take_begun(self, time: int) -> list[Begun]:
        """Those whose first frames are due."""
        taken = []
        while self.begun and self.begun[0].due <= time:
            taken.append(self.begun.popleft())
        return taken

    def take_beats(self, time: int) -> list[Feed[Any]]:
        """The feeds of the clocks that beat now."""
        feeds: list[Feed[Any]] = []
        for clock in self.clocks.values():
            if clock.due <= time:
                clock.wind(time)
                feeds.extend(clock.feeds)
        return feeds
