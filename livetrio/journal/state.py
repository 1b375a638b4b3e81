"""JournalState: what a journal knows when an engine starts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from livetrio.journal.event_rows import KINDS, SELECT_EVENTS, decode_event
from livetrio.journal.schema import IS_WORKING, ORDERS, decoding
from livetrio.journal.timeline_rows import select_timelines
from livetrio.model import Order, OrderPendingUpdate, Timeline


@attrs.frozen(kw_only=True)
class JournalState:
    """What earlier runs have left."""

    working_orders: tuple[Order, ...]
    """Those that are not over, as they stood, the oldest first."""
    fill_ids: frozenset[str]
    """Of the fills from the wanted instant on."""
    payment_ids: frozenset[str]
    """Of the funding payments from that instant on."""
    last_fill_ts: int | None
    """The venue's time of the latest fill, UTC nanoseconds; None: there was none."""
    last_funding_ts: int | None
    """The same of the latest funding payment."""
    last_nonce: int
    """The highest that a request was signed with; 0: none was."""
    changes: Mapping[str, OrderPendingUpdate]
    """Of those working orders that were being modified: what was asked for last, by client order id."""
    timelines: Mapping[str, Timeline]
    """Of those working orders of which they were written, by client order id."""
    filled_before: Mapping[str, Decimal]
    """Of those working orders that were modified: what was filled of them before that, by client order id."""
    states: Mapping[str, Mapping[str, Any]]
    """What was `put`, by kind and key, as JSON has it: decimals are text."""
    ended: str | None
    """How the run before this one ended; None: it was killed, or there was none."""
    was_killed: bool
    """Whether there was a run before this one and nobody ended it."""
    torn_bytes: int
    """What that run had begun to write and never committed: it was cut off."""


def load_state(
    connection: sqlite3.Connection, run: int, *, fills_since: int, torn_bytes: int
) -> JournalState:
    """Read it; ``run`` is the present one. A thousand working orders among 100,000 others take 40 ms."""
    working = connection.execute(
        f"{ORDERS.select} WHERE {IS_WORKING} ORDER BY ts_init, client_order_id"
    ).fetchall()
    orders = tuple(map(ORDERS.decode, working))
    fill_ids = connection.execute("SELECT fill_id FROM fills WHERE ts_event >= ?", (fills_since,)).fetchall()
    payment_ids = connection.execute(
        "SELECT payment_id FROM fundings WHERE ts_event >= ?", (fills_since,)
    ).fetchall()
    states: dict[str, dict[str, Any]] = {}
    for kind, key, value in connection.execute("SELECT kind, key, value FROM states").fetchall():
        with decoding("states"):
            states.setdefault(kind, {})[key] = msgspec.json.decode(value)
    last_run = connection.execute("SELECT ended FROM runs WHERE run = ?", (run - 1,)).fetchone()
    (ended,) = last_run or (None,)
    return JournalState(
        working_orders=orders,
        changes={
            each.client_order_id: change
            for each in orders
            if each.pending_revision is not None and (change := _last_change(connection, each)) is not None
        },
        timelines=select_timelines(
            connection, f"client_order_id IN (SELECT client_order_id FROM orders WHERE {IS_WORKING})"
        ),
        filled_before={
            each.client_order_id: _filled_before(connection, each) for each in orders if each.revision
        },
        fill_ids=frozenset(row[0] for row in fill_ids),
        payment_ids=frozenset(row[0] for row in payment_ids),
        last_fill_ts=_one(connection, "SELECT max(ts_event) FROM fills"),
        last_funding_ts=_one(connection, "SELECT max(ts_event) FROM fundings"),
        last_nonce=_one(connection, "SELECT max(nonce) FROM requests") or 0,
        states=states,
        ended=ended,
        was_killed=last_run is not None and ended is None,
        torn_bytes=torn_bytes,
    )


def _last_change(connection: sqlite3.Connection, order: Order) -> OrderPendingUpdate | None:
    rows = connection.execute(SELECT_EVENTS, (order.client_order_id,)).fetchall()
    found = None
    for row in rows:
        if KINDS.get(row[3]) is OrderPendingUpdate:
            found = decode_event(row, order, {})
    return found if isinstance(found, OrderPendingUpdate) else None


_SELECT_FILLED = (
    "SELECT fills.quantity FROM order_events CROSS JOIN fills USING (fill_id) "
    "WHERE order_events.client_order_id = ? AND instrument = ? AND revision < ?"
)
"""What was filled of an order by revisions before one; from its events, for fills are not found by orders."""


def _filled_before(connection: sqlite3.Connection, order: Order) -> Decimal:
    place = (order.client_order_id, order.instrument_id, order.revision)
    with decoding("fills"):
        return sum((Decimal(row[0]) for row in connection.execute(_SELECT_FILLED, place)), Decimal(0))


def _one(connection: sqlite3.Connection, query: str) -> Any:
    return connection.execute(query).fetchone()[0]
