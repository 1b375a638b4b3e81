"""A histogram counts each value once, under the first bound that is not below it."""

from hypothesis import given
from hypothesis import strategies as st

from livetrio.operations.histogram import SECONDS, Histogram


def test_a_value_counts_under_its_own_bound():
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.5):
        histogram.add(value)

    assert [*histogram.cumulative()] == [("1", 2), ("2", 3), ("+Inf", 4)]
    assert (histogram.count, histogram.total) == (4, 5.5)


def test_the_bounds_rise_and_are_written_differently():
    assert list(SECONDS) == sorted(set(SECONDS))
    assert len({f"{each:g}" for each in SECONDS}) == len(SECONDS)


@given(st.lists(st.floats(0, 1000)))
def test_what_is_below_a_bound_is_counted_there(values):
    histogram = Histogram()
    for each in values:
        histogram.add(each)

    for bound, count in list(histogram.cumulative())[:-1]:
        assert count == sum(each <= float(bound) for each in values)
