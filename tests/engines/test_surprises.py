"""Surprises: what was found that the journal does not explain."""

from livetrio.engines.surprises import KEPT, Surprises


def test_all_are_counted_and_the_last_are_kept():
    surprises = Surprises()
    assert (list(surprises), surprises.count) == ([], 0)

    for number in range(KEPT + 3):
        surprises.add(f"thing {number}")

    assert surprises.count == KEPT + 3
    assert list(surprises) == [f"thing {number}" for number in range(3, KEPT + 3)]
