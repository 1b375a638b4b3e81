"""Delays between attempts."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from livetrio.supervision.backoff import Backoff


def test_delays_double_up_to_the_longest():
    backoff = Backoff(1.0, 60.0)

    assert [backoff.next_delay() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert backoff.attempts == 9


def test_reset_begins_again():
    backoff = Backoff(0.1, 10.0)
    for _ in range(5):
        backoff.next_delay()

    backoff.reset()

    assert backoff.attempts == 0
    assert backoff.next_delay() == 0.1


def test_a_year_of_attempts_does_not_overflow():
    backoff = Backoff(1.0, 60.0)
    backoff.attempts = 10**9

    assert backoff.next_delay() == 60


@given(
    jitter=st.floats(0, 1),
    seed=st.integers(),
    base=st.floats(0.001, 10),
    attempts=st.integers(0, 2000),
)
def test_jitter_takes_its_share_and_no_more(jitter, seed, base, attempts):
    backoff = Backoff(base, 60.0, jitter=jitter, rng=random.Random(seed))
    backoff.attempts = attempts

    delay = backoff.next_delay()

    whole = min(base * 2.0 ** min(attempts, 1000), 60.0)
    assert whole * (1 - jitter) - 1e-9 <= delay <= whole


def test_the_same_seed_gives_the_same_delays():
    first, second = (Backoff(1.0, 60.0, jitter=1.0, rng=random.Random(3)) for _ in range(2))

    assert [first.next_delay() for _ in range(10)] == [second.next_delay() for _ in range(10)]
