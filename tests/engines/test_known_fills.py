"""KnownFills: each fill counts once, and what was there before not at all."""

import pytest

from livetrio.engines import known_fills
from livetrio.engines.known_fills import KnownFills


def test_a_fill_told_twice_counts_once():
    known = KnownFills(since=0)

    assert known.add("a", 5)
    assert not known.add("a", 5)
    assert known.add("b", 5)
    assert "a" in known
    assert len(known) == 2


def test_what_the_journal_remembers_is_known():
    assert not KnownFills(["a"], since=0).add("a", 5)


def test_what_was_there_before_the_account_was_looked_at_does_not_count():
    known = KnownFills(since=10)

    assert not known.add("a", 10)
    assert known.add("b", 11)


def test_before_that_nothing_can_be_told_apart():
    with pytest.raises(AssertionError, match="before the account was looked at"):
        KnownFills().add("a", 1)


def test_memory_is_bounded_and_what_is_forgotten_still_counts_as_known(monkeypatch):
    monkeypatch.setattr(known_fills, "MAX_KNOWN", 3)
    known = KnownFills(since=0)
    for number in range(1, 6):
        assert known.add(str(number), number)

    assert len(known) == 3
    assert not known.add("1", 1)
    assert not known.add("2", 2)
    assert not known.add("5", 5)
