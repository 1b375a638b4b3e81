"""A nonce is never used twice, whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from livetrio.venues.hyperliquid.nonces import Nonces

MS = 1_000_000


@given(st.lists(st.integers(0, 10_000 * MS), min_size=1), st.integers(0, 10_000))
def test_nonces_only_grow_though_the_clock_stands_or_goes_back(instants, last):
    nonces = Nonces()
    nonces.last = last
    given = [nonces.next(now) for now in instants]

    assert given == sorted(set(given))
    assert given[0] > last
    assert nonces.last == given[-1]
    assert all(nonce >= now // MS for nonce, now in zip(given, instants, strict=True))


def test_a_nonce_is_the_time_in_milliseconds_where_that_is_new():
    nonces = Nonces()

    assert nonces.next(1_764_000_000_123 * MS + 999_999) == 1_764_000_000_123
    assert nonces.next(1_764_000_000_123 * MS) == 1_764_000_000_124
    assert nonces.next(1_764_000_000_200 * MS) == 1_764_000_000_200
