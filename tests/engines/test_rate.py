"""Rate: a burst, and then so many a second."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.rate import SECOND, Rate


def test_a_burst_goes_through_and_then_so_many_a_second():
    rate = Rate(Decimal(2), 3)

    assert [rate.take(SECOND) for _ in range(4)] == [True, True, True, False]
    assert [rate.take(2 * SECOND) for _ in range(3)] == [True, True, False]
    assert [rate.take(60 * SECOND) for _ in range(4)] == [True, True, True, False]


def test_a_rate_may_be_less_than_one_a_second():
    rate = Rate(Decimal("0.5"), 1)

    assert [rate.take(second * SECOND) for second in range(1, 6)] == [True, False, True, False, True]


def test_a_clock_that_is_set_back_makes_nothing_and_does_not_stop_all_for_so_long():
    rate = Rate(Decimal(1), 2)
    for _ in range(2):
        assert rate.take(3600 * SECOND)

    assert not rate.take(SECOND)
    assert not rate.take(SECOND)
    assert rate.take(2 * SECOND)
    assert not rate.take(2 * SECOND)


@given(
    st.decimals("0.1", "1000", places=1),
    st.integers(1, 20),
    st.lists(st.integers(0, 3 * SECOND), max_size=60),
)
def test_in_no_time_more_pass_than_a_burst_and_the_rate(per_second, burst, pauses):
    rate, now, passed = Rate(per_second, burst), SECOND, []
    for pause in pauses:
        now += pause
        if rate.take(now):
            passed.append(now)

    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            # The interval between two is a whole number of nanoseconds, so there may be one more in 10⁷.
            most = burst + Decimal(end - start) / SECOND * per_second * (1 + Decimal("1e-6"))
            assert last - first + 1 <= most
