"""FillReader: reads from a venue what was traded and paid since we last knew, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from livetrio.model import Fill, FundingPayment
from livetrio.supervision.asker import Asker
from livetrio.venues.trading import Page, Question, Trading

T = TypeVar("T")

OVERLAP = 10_000_000_000
"""Nanoseconds that are read again each time: news may be behind news that is younger."""

MAX_PAGES = 20


class Taker(Protocol):
    """Whoever wants to have what is read, and knows what it has already: the tracker."""

    def take_fill(self, fill: Fill) -> None:
        """A trade."""
        ...

    def take_funding(self, payment: FundingPayment) -> None:
        """A payment."""
        ...


class FillReader:
    """Of one account. What it reads goes to a taker."""

    def __init__(self, trading: Trading, asker: Asker, taker: Taker) -> None:
        self._trading = trading
        self._asker = asker
        self._taker = taker
        self._fills_since = 0
        self._fundings_since = 0

    def begin(self, fills_since: int, fundings_since: int) -> None:
        """Say from when on everything is wanted, UTC nanoseconds by the venue's clock."""
        self._fills_since = fills_since - OVERLAP
        self._fundings_since = fundings_since - OVERLAP

    async def read(self, since: int | None = None) -> None:
        """Read fills since the last reading, or since an earlier instant.

        Raises:
          HttpError, FrameError: they cannot be had now; what was read counts.
        """
        start = self._fills_since if since is None else min(since, self._fills_since)
        newest = await self._read_pages(self._trading.ask_fills, start, self._taker.take_fill)
        self._fills_since = max(self._fills_since, newest - OVERLAP)

    async def read_fundings(self) -> None:
        """Read payments since the last reading.

        Raises:
          HttpError, FrameError: they cannot be had now; what was read counts.
        """
        newest = await self._read_pages(
            self._trading.ask_fundings, self._fundings_since, self._taker.take_funding
        )
        self._fundings_since = max(self._fundings_since, newest - OVERLAP)

    async def _read_pages(
        self,
        question: Callable[[int], Question[Page[T]]],
        since: int,
        take: Callable[[T], None],
    ) -> int:
        """Take in all pages, the oldest first; the time of the newest item, or ``since``."""
        newest = since
        for _ in range(MAX_PAGES):
            page = await self._asker.ask(question(since))
            for item in page.items:
                take(item)
                newest = max(newest, _time_of(item))
            if page.next_since is None:
                break
            # A page of one single instant would be asked for again and again.
            since = page.next_since if page.next_since > since else since + 1_000_000
        return newest


def _time_of(item: object) -> int:
    return item.ts_event if isinstance(item, Fill | FundingPayment) else 0
