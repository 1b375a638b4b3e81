"""Timelines of orders as rows of the journal, and back.

The table is younger than the others. A journal that lacks it gets it when it is opened to be written, and a
version that does not know it does not mind it: so it is no new schema.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import attrs
import msgspec

from livetrio.journal.schema import Column, Table, flag, integer, text
from livetrio.model import Change, Sending, Timeline

Instant = int | None
"""UTC nanoseconds."""


def _write_requests(requests: Sequence[tuple[int, Sending]]) -> str:
    rows = [
        (revision, each.kind, each.signed, each.journaled, each.sent, each.answered)
        for revision, each in requests
    ]
    return msgspec.json.encode(rows).decode()


def _read_requests(cell: str) -> tuple[tuple[int, Sending], ...]:
    rows = msgspec.json.decode(cell, type=list[tuple[int, str, Instant, Instant, Instant, Instant]])
    return tuple(
        (revision, Sending(kind=kind, signed=signed, journaled=journaled, sent=sent, answered=answered))
        for revision, kind, signed, journaled, sent, answered in rows
    )


def _write_changes(changes: Sequence[Change]) -> str:
    return msgspec.json.encode([attrs.astuple(each) for each in changes]).decode()


def _read_changes(cell: str) -> tuple[Change, ...]:
    rows = msgspec.json.decode(cell, type=list[tuple[int, int | None, int, int]])
    return tuple(Change(*each) for each in rows)


TIMELINES = Table(
    "timelines",
    Timeline,
    (
        text("client_order_id"),
        integer("heard", optional=True),
        integer("decided", optional=True),
        integer("passed", optional=True),
        integer("acknowledged", optional=True),
        integer("first_fill", optional=True),
        integer("cancel_asked", optional=True),
        integer("closed", optional=True),
        Column("requests", "TEXT NOT NULL", "requests", write=_write_requests, read=_read_requests),
        Column("changes", "TEXT NOT NULL", "changes", write=_write_changes, read=_read_changes),
        integer("left_out"),
        flag("is_partial"),
    ),
    key="client_order_id",
)
"""Of each order of ours how far it had come when something last happened to it that was news."""


def select_timelines(connection: sqlite3.Connection, condition: str, *values: object) -> dict[str, Timeline]:
    """Timelines of the orders that a condition holds for, by client order id; those that were recorded.

    Raises:
      BadRow: one makes no sense.
    """
    if not has_timelines(connection):
        return {}
    rows = connection.execute(f"{TIMELINES.select} WHERE {condition}", values)
    return {each.client_order_id: each for each in map(TIMELINES.decode, rows)}


def has_timelines(connection: sqlite3.Connection) -> bool:
    """Whether the journal has a place for them: those of earlier versions do not."""
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'timelines'"
    return connection.execute(query).fetchone() is not None
