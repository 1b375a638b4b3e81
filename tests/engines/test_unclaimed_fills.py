"""Fills of orders that may be found afterwards."""

import attrs
from tracker_world import fill

from livetrio.engines.unclaimed_fills import MAX_ORDERS, UnclaimedFills


def test_they_are_had_once_by_the_venues_name_of_their_order():
    fills = UnclaimedFills()
    first, second, other = fill(1, venue_id="5"), fill(2, venue_id="5"), fill(3, venue_id="6")
    for each in (first, other, second):
        fills.note(each)

    assert list(fills.claim("5")) == [first, second]
    assert list(fills.claim("5")) == []
    assert list(fills.claim(None)) == []


def test_the_oldest_are_forgotten_and_those_that_name_no_order_are_not_kept():
    fills = UnclaimedFills()
    fills.note(attrs.evolve(fill(1), venue_order_id=None))
    for number in range(MAX_ORDERS + 1):
        fills.note(fill(number, venue_id=str(number)))

    assert list(fills.claim("0")) == []
    assert len(fills.claim("1")) == 1
