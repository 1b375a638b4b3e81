"""Timelines of orders as rows of the journal, and back.

The table is younger than the others. A journal that lacks it gets it when it is opened to be written, and a
version that does not know it does not mind it: so it is no new schema.

An order's decision is an instant, and everything else is counted from it, in nanoseconds: such numbers take
half the room, and room is what a commit costs. What is recorded here has been decided by us.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from livetrio.journal.schema import decoding
from livetrio.model import Change, Sending, Timeline

CREATE = (
    "CREATE TABLE timelines (client_order_id TEXT NOT NULL, decided INTEGER NOT NULL, heard INTEGER, "
    "passed INTEGER, acknowledged INTEGER, first_fill INTEGER, cancel_asked INTEGER, closed INTEGER, "
    "requests TEXT NOT NULL, changes TEXT, left_out INTEGER NOT NULL, is_partial INTEGER NOT NULL, "
    "PRIMARY KEY (client_order_id)) WITHOUT ROWID"
)

PUT = "INSERT OR REPLACE INTO timelines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_encode = msgspec.json.Encoder().encode

Since = int | None
"""Nanoseconds since the decision, below zero before it; None: that has not happened."""

_REQUESTS = msgspec.json.Decoder(list[tuple[int, str, Since, Since, Since, Since]])
_CHANGES = msgspec.json.Decoder(list[tuple[int, Since, int, int]])


def encode_timeline(timeline: Timeline) -> tuple[object, ...]:
    """The timeline as a row."""
    decided = timeline.decided
    assert decided is not None, "an order that nobody here has decided has no timeline to be kept"
    heard, passed, acknowledged = timeline.heard, timeline.passed, timeline.acknowledged
    first_fill, cancel_asked, closed = timeline.first_fill, timeline.cancel_asked, timeline.closed
    requests = [
        (
            revision,
            each.kind,
            None if each.signed is None else each.signed - decided,
            None if each.journaled is None else each.journaled - decided,
            None if each.sent is None else each.sent - decided,
            None if each.answered is None else each.answered - decided,
        )
        for revision, each in timeline.requests
    ]
    return (
        timeline.client_order_id,
        decided,
        None if heard is None else heard - decided,
        None if passed is None else passed - decided,
        None if acknowledged is None else acknowledged - decided,
        None if first_fill is None else first_fill - decided,
        None if cancel_asked is None else cancel_asked - decided,
        None if closed is None else closed - decided,
        _encode(requests).decode(),
        _encode_changes(timeline.changes, decided) if timeline.changes else None,
        timeline.left_out,
        timeline.is_partial,
    )


def decode_timeline(row: Sequence[Any]) -> Timeline:
    """The timeline of a row.

    Raises:
      BadRow: it is of none.
    """
    name, decided, heard, passed, acknowledged, first_fill, cancel_asked, closed, *more = row
    requests, changes, left_out, is_partial = more

    def at(since: Since) -> int | None:
        return None if since is None else decided + since

    with decoding("timelines"):
        return Timeline(
            client_order_id=name,
            heard=at(heard),
            decided=decided,
            passed=at(passed),
            acknowledged=at(acknowledged),
            first_fill=at(first_fill),
            cancel_asked=at(cancel_asked),
            closed=at(closed),
            requests=tuple(
                (
                    revision,
                    Sending(
                        kind=kind,
                        signed=at(signed),
                        journaled=at(journaled),
                        sent=at(sent),
                        answered=at(answered),
                    ),
                )
                for revision, kind, signed, journaled, sent, answered in _REQUESTS.decode(requests)
            ),
            changes=tuple(
                Change(revision, at(heard), decided + asked, decided + passed)
                for revision, heard, asked, passed in _CHANGES.decode(changes or "[]")
            ),
            left_out=left_out,
            is_partial=bool(is_partial),
        )


def _encode_changes(changes: Sequence[Change], decided: int) -> str:
    rows = [
        (
            each.revision,
            None if each.heard is None else each.heard - decided,
            each.decided - decided,
            each.passed - decided,
        )
        for each in changes
    ]
    return _encode(rows).decode()


def select_timelines(connection: sqlite3.Connection, condition: str, *values: object) -> dict[str, Timeline]:
    """Timelines of the orders that a condition holds for, by client order id; those that were recorded.

    Raises:
      BadRow: one makes no sense.
    """
    if not has_timelines(connection):
        return {}
    rows = connection.execute(f"SELECT * FROM timelines WHERE {condition}", values)
    return {each.client_order_id: each for each in map(decode_timeline, rows)}


def has_timelines(connection: sqlite3.Connection) -> bool:
    """Whether the journal has a place for them: those of earlier versions do not."""
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'timelines'"
    return connection.execute(query).fetchone() is not None
