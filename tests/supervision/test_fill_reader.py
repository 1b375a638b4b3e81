"""FillReader: every fill is read, however pages fall, and what is read again is little."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.errors import HttpError
from livetrio.model import Fill, Liquidity, OrderSide
from livetrio.supervision.fill_reader import MAX_PAGES, OVERLAP, FillReader
from livetrio.venues.trading import Page

MS = 1_000_000
MOST = 5
"""Fills of a page here."""


def fill(number: int, time: int) -> Fill:
    return Fill(
        fill_id=str(number), venue_order_id="1", client_order_id=None, revision=0, instrument_id="BTC",
        side=OrderSide.BUY, price=Decimal(1), quantity=Decimal(1), fee=Decimal(0), fee_currency="USD",
        liquidity=Liquidity.MAKER, ts_event=time * MS, ts_init=0,
    )  # fmt: skip


@attrs.define
class Venue:
    """Tells at most so many fills at once, the oldest first; asks, answers and takes what is read, too."""

    times: list[int] = attrs.field(factory=list)
    """Milliseconds."""
    fails_at: int = 0
    asked: list = attrs.field(factory=list)
    taken: list = attrs.field(factory=list)

    def ask_fills(self, since):
        return since

    ask_fundings = ask_fills

    async def ask(self, since):
        await trio.lowlevel.checkpoint()
        self.asked.append(since // MS)
        if len(self.asked) == self.fails_at:
            raise HttpError("no answer")
        known = sorted((time, number) for number, time in enumerate(self.times))
        page = [each for each in known if each[0] >= since // MS][:MOST]
        return Page(
            items=tuple(fill(number, time) for time, number in page),
            next_since=page[-1][0] * MS if len(page) == MOST else None,
        )

    def take_fill(self, fill):
        self.taken.append(int(fill.fill_id))

    take_funding = take_fill


def reader_of(venue, since=0):
    reader = FillReader(venue, venue, venue)
    reader.begin(since * MS + OVERLAP, since * MS + OVERLAP)
    return reader


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 12), max_size=40))
def test_all_fills_are_read_though_pages_end_among_equal_times(times):
    kept = [time for number, time in enumerate(times) if times[:number].count(time) < MOST]
    venue = Venue(kept)
    trio.run(reader_of(venue).read)

    assert set(venue.taken) == set(range(len(kept)))
    assert len(venue.asked) <= len(kept) + 1


async def test_an_instant_that_fills_whole_pages_is_not_asked_for_for_ever():
    venue = Venue([7] * 20 + [8])
    await reader_of(venue).read()

    assert venue.asked == [0, 7, 8]
    assert 20 in venue.taken


async def test_what_is_read_next_begins_some_seconds_before_the_newest():
    venue = Venue([100_000])
    reader = reader_of(venue)
    await reader.read()
    await reader.read()
    await reader.read(since=40_000 * MS)
    await reader.read_fundings()

    assert venue.asked == [0, 90_000, 40_000, 0]


async def test_what_was_read_before_an_answer_failed_counts_and_is_asked_for_again():
    venue = Venue(list(range(8)), fails_at=2)
    reader = reader_of(venue)
    with pytest.raises(HttpError):
        await reader.read()
    before = list(venue.taken)
    await reader.read()

    assert before == [0, 1, 2, 3, 4]
    assert venue.asked[2] == 0
    assert set(venue.taken) == set(range(8))


async def test_it_does_not_read_for_ever_at_once_and_goes_on_where_it_was():
    venue = Venue([each * 20_000 for each in range(MOST * MAX_PAGES * 2)])
    reader = reader_of(venue)
    await reader.read()
    first = len(set(venue.taken))
    for _ in range(2):
        await reader.read()

    assert first < len(venue.times)
    assert set(venue.taken) == set(range(len(venue.times)))
