"""Timelines in the journal: all of them comes back, and journals that have none are read as before."""

import sqlite3
from contextlib import closing

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_samples import order

from livetrio.errors import JournalCorrupt
from livetrio.journal.journal import Journal
from livetrio.journal.reading import open_copy
from livetrio.model import Change, OrderStatus, Sending, Timeline

MAYBE = st.none() | st.integers(0, 2**62)
SENDING = st.builds(
    Sending,
    kind=st.sampled_from(["submit", "modify", "cancel"]),
    signed=MAYBE,
    journaled=MAYBE,
    sent=MAYBE,
    answered=MAYBE,
)
CHANGE = st.builds(Change, st.integers(0, 99), MAYBE, st.integers(0, 2**62), st.integers(0, 2**62))
TIMELINE = st.builds(
    Timeline,
    client_order_id=st.just(order().client_order_id),
    heard=MAYBE,
    decided=st.integers(0, 2**62),
    passed=MAYBE,
    acknowledged=MAYBE,
    first_fill=MAYBE,
    cancel_asked=MAYBE,
    closed=MAYBE,
    requests=st.lists(st.tuples(st.integers(0, 99), SENDING), max_size=4).map(tuple),
    changes=st.lists(CHANGE, max_size=4).map(tuple),
    left_out=st.integers(0, 99),
    is_partial=st.booleans(),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.journal"


@pytest.fixture
def older(path):
    """A journal with a working order, as a version made it that knew of no timelines."""
    journal = Journal.open(path, now=1, version="1")
    journal.record_order(order())
    journal.close("stopped")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE timelines")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def record(path, *timelines):
    journal = Journal.open(path, now=1, version="1")
    for each in timelines:
        journal.record_timeline(each)
    journal.close("stopped")


def read(path):
    with open_copy(path) as copy:
        return copy.timeline(order().client_order_id)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TIMELINE)
def test_a_timeline_comes_back_as_it_was(tmp_path_factory, timeline):
    path = tmp_path_factory.mktemp("journal") / "orders.journal"
    record(path, timeline)

    assert attrs.asdict(read(path)) == attrs.asdict(timeline)


def test_it_is_written_as_it_stands_when_it_is_committed_and_again_when_it_has_gone_on(path):
    timeline = Timeline(order().client_order_id, decided=1)
    journal = Journal.open(path, now=1, version="1")
    journal.record_timeline(timeline)
    timeline.acknowledged = 5
    journal.commit()
    first = read(path)
    timeline.closed = 9
    journal.record_timeline(timeline)
    journal.close("stopped")

    assert (first.acknowledged, first.closed) == (5, None)
    assert read(path).closed == 9


def test_a_start_finds_the_timelines_of_working_orders_alone(path):
    journal = Journal.open(path, now=1, version="1")
    for number, status in ((1, OrderStatus.ACCEPTED), (2, OrderStatus.FILLED)):
        one = order(number, status)
        journal.record_order(one)
        journal.record_timeline(Timeline(one.client_order_id, decided=number))
    journal.commit()

    assert [each.decided for each in journal.load().timelines.values()] == [1]


def test_an_older_journal_is_read_and_has_no_timelines(older):
    with open_copy(older) as copy:
        (found,) = copy.orders()

    assert found.client_order_id == order().client_order_id
    assert read(older) is None


def test_an_older_journal_gets_a_place_for_them_when_it_is_opened(older):
    record(older, Timeline(order().client_order_id, decided=7))
    journal = Journal.open(older, now=2, version="1")
    state = journal.load()

    assert [each.client_order_id for each in state.working_orders] == [order().client_order_id]
    assert state.timelines[order().client_order_id].decided == 7


def test_a_table_of_that_name_that_is_another_is_found_out(older):
    with closing(sqlite3.connect(older, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE timelines (a)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    with pytest.raises(JournalCorrupt, match="table timelines is missing, or is another"):
        Journal.open(older, now=1, version="1")
