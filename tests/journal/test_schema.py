"""The schema: it keeps all that there is to know, and its description is true."""

import re
import sqlite3
from contextlib import closing
from decimal import Decimal

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_samples import ORDERS as ANY_ORDER
from journal_samples import fill, order, payment

import livetrio.journal
from livetrio.journal.event_rows import KINDS
from livetrio.journal.journal import Journal
from livetrio.journal.reading import open_copy
from livetrio.journal.schema import FILLS, FUNDINGS, IS_WORKING, ORDERS
from livetrio.model import (
    Fill,
    Liquidity,
    OrderEvent,
    OrderFilled,
    OrderPendingUpdate,
    OrderSide,
    OrderStatus,
    OrderUpdated,
)

TIMES = st.integers(-(2**62), 2**62)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
MAYBE = st.none() | NUMBERS
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

FILL = st.builds(
    Fill,
    fill_id=TEXTS,
    venue_order_id=st.none() | TEXTS,
    client_order_id=st.none() | TEXTS,
    revision=st.integers(0, 65535),
    instrument_id=st.just(order().instrument_id),
    side=st.sampled_from(OrderSide),
    price=NUMBERS,
    quantity=NUMBERS,
    fee=NUMBERS,
    fee_currency=TEXTS,
    liquidity=st.sampled_from(Liquidity),
    realized_pnl=MAYBE,
    position_before=MAYBE,
    note=st.none() | TEXTS,
    ts_event=TIMES,
    ts_init=TIMES,
)

COMMON = {
    "previous": st.sampled_from(OrderStatus),
    "status": st.sampled_from(OrderStatus),
    "reason": st.none() | TEXTS,
    "ts_event": TIMES,
    "ts_init": TIMES,
}
MORE = {
    OrderPendingUpdate: {"quantity": NUMBERS, "price": MAYBE, "trigger_price": MAYBE},
    OrderUpdated: {"quantity": NUMBERS, "price": MAYBE, "trigger_price": MAYBE},
    OrderFilled: {"fill": FILL},
}


def events_of(one):
    return st.lists(
        st.sampled_from(sorted(KINDS)).flatmap(
            lambda name: st.builds(KINDS[name], order=st.just(one), **COMMON, **MORE.get(KINDS[name], {}))
        ),
        max_size=6,
        unique_by=lambda event: event.fill.fill_id if isinstance(event, OrderFilled) else id(event),
    )


def values_of(event):
    """An event's fields, decimals digit for digit."""
    return [
        str(value) if isinstance(value, Decimal) else value
        for value in (getattr(event, field.name) for field in attrs.fields(type(event)))
    ]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "orders.journal"
    Journal.open(path, now=1, version="1").close("stopped")
    return path


# Nothing is left out.


@pytest.mark.parametrize("table", [ORDERS, FILLS, FUNDINGS], ids=lambda table: table.name)
def test_every_field_of_a_value_has_its_column(table):
    assert {each.field for each in table.columns} == {each.name for each in attrs.fields(table.kind)}


def test_every_kind_of_event_is_known():
    kinds = set(OrderEvent.__subclasses__())
    for each in list(kinds):
        kinds |= set(each.__subclasses__())
    kinds = {each for each in kinds if each.__module__.startswith("livetrio.model")}

    assert {each.__name__ for each in kinds} == KINDS.keys()


@pytest.mark.parametrize(
    "table, value",
    [(ORDERS, order()), (FILLS, fill()), (FUNDINGS, payment())],
    ids=["order", "fill", "payment"],
)
def test_a_row_is_the_value_again(table, value):
    assert table.decode(table.encode(value)) == value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_ORDER.flatmap(lambda one: events_of(one).map(lambda events: (one, events))))
def test_whatever_happens_to_an_order_is_told_as_it_was(tmp_path_factory, told):
    one, events = told
    path = tmp_path_factory.mktemp("journal") / "orders.journal"
    journal = Journal.open(path, now=1, version="1")
    for each in events:
        journal.record_event(each)
    journal.close("stopped")
    with open_copy(path) as copy:
        found = copy.events(one.client_order_id)
        fills = copy.fills(since=-(2**62))

    assert list(map(type, found)) == list(map(type, events))
    assert list(map(values_of, found)) == list(map(values_of, events))
    filled = {each.fill.fill_id: each.fill for each in events if isinstance(each, OrderFilled)}
    assert {each.fill.fill_id: each.fill for each in fills} == filled
    assert {each.strategy for each in fills} <= {one.strategy}


# The description is true, and the indices are used.


def test_the_description_names_every_table_and_column(path):
    rest = livetrio.journal.__doc__.partition("The tables")[2]
    told = {}
    for line in rest.splitlines():
        name = re.match(r"    ([a-z_]+)  ", line)
        if name:
            told[name[1]] = line
        elif line.startswith(" " * 18) and told:
            told[list(told)[-1]] += line
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = {
            each: {row[1] for row in connection.execute(f"PRAGMA table_info({each})")} for each in tables
        }
    columns["about"] = {"journal_id", "made", "made_by"}  # its rows

    assert told.keys() == columns.keys()
    for name, line in told.items():
        assert columns[name] <= set(re.findall(r"\w+", line)), name


@pytest.mark.parametrize(
    "query, index",
    [
        (f"{ORDERS.select} WHERE {IS_WORKING} ORDER BY ts_init, client_order_id", "working_orders"),
        ("SELECT fill_id FROM fills WHERE ts_event >= 1", "fills_by_time"),
        ("SELECT payment_id FROM fundings WHERE ts_event >= 1", "fundings_by_time"),
        ("SELECT max(ts_event) FROM fills", "fills_by_time"),
        ("SELECT max(ts_event) FROM fundings", "fundings_by_time"),
        ("SELECT max(nonce) FROM requests", "PRIMARY KEY"),
        (
            "SELECT * FROM timelines WHERE client_order_id IN "
            f"(SELECT client_order_id FROM orders WHERE {IS_WORKING})",
            "SEARCH timelines USING PRIMARY KEY",
        ),
    ],
)
def test_what_a_start_asks_for_is_found_without_reading_all(path, query, index):
    with closing(sqlite3.connect(path)) as connection:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))

    assert index in plan
