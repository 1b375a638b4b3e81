"""Journal: orders, their events, fills, funding, signed requests and small state, in one file of SQLite.

What is recorded is kept in lists until `Journal.commit` writes all of it in one transaction: so a batch of
orders costs one commit, and whoever sends calls it before the bytes leave. A record that cannot be written
stays in the lists for the next attempt, and the caller is told that nothing may leave.

There is exactly one connection, and no other program can open the file meanwhile: SQLite before 3.51.3 can
damage a log with two (https://sqlite.org/wal.html#walresetbug), and `livetrio.journal.reading` needs none.

Measured with SQLite 3.40 on a virtual machine of two cores, an order with two events and its signed request
takes 62 µs, commit included (the best 41, one of a hundred 160), and in a batch of twenty 25 µs; where each
commit waits for the disk 400 and 42 µs. Nothing is moved from the log into the database but by `checkpoint`,
in 8 ms for 4 MB, at a moment that the caller chooses. With its small pages the log is a third of what it
would be with SQLite's usual ones.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import msgspec

from livetrio.errors import JournalFailed
from livetrio.journal.event_rows import encode_event
from livetrio.journal.failures import TROUBLE, explain
from livetrio.journal.file import begin_run, connect, make_file, roll_back
from livetrio.journal.inspection import ID_BYTES, check_pages, inspect_file, read_id, wal_of
from livetrio.journal.lock import JournalLock
from livetrio.journal.schema import FILLS, FUNDINGS, INSERT_EVENT, INSERT_REQUEST, ORDERS
from livetrio.journal.state import JournalState, load_state
from livetrio.journal.timeline_rows import PUT as PUT_TIMELINE
from livetrio.journal.timeline_rows import encode_timeline
from livetrio.model import Fill, FundingPayment, Order, OrderEvent, OrderFilled, Timeline

Sync = Literal["process", "power"]

_SYNCHRONOUS: Mapping[Sync, str] = {"process": "NORMAL", "power": "FULL"}
"""SQLite's names: its log is on the disk at each checkpoint, or at each commit."""

Batch = tuple[str, Sequence[Sequence[object]]]
"""A statement, and rows for it."""

_PUT_STATE = (
    "INSERT INTO states (kind, key, value) VALUES (?, ?, ?) "
    "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value"
)
_DELETE_STATE = "DELETE FROM states WHERE kind = ? AND key = ?"
_END_RUN = "UPDATE runs SET ended = ?, stopped = ? WHERE run = ?"


class Journal:
    """What must survive: see `open`, then `load`, and `close` at the end."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: JournalLock, run: int, torn_bytes: int
    ) -> None:
        self.path = path
        self.run = run
        """Counts the times that it was opened, from 1."""
        self.journal_id = read_id(connection)
        """Drawn when it was made; what its orders' ids have in common."""
        self.commits = 0
        """Since it was opened."""
        self._wal = wal_of(path)
        self._connection = connection
        self._lock = lock
        self._torn_bytes = torn_bytes
        self._is_closed = False
        self._count = 0
        self._orders: dict[str, Order] = {}
        """Those that have changed; each is written as it stands then, once."""
        self._timelines: dict[str, Timeline] = {}
        """The same of these."""
        self._states: dict[tuple[str, str], str | None] = {}
        self._events: list[tuple[object, ...]] = []
        self._fills: list[tuple[object, ...]] = []
        self._fundings: list[tuple[object, ...]] = []
        self._requests: list[tuple[object, ...]] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now: int,
        sync: Sync = "process",
        version: str,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Journal:
        """Open a journal, or make one with its folder, and begin a run.

        Args:
          now: UTC nanoseconds.
          sync: what a commit survives: the end of the ``process``, at any instruction; or the machine's loss
            of ``power`` as well, for which each commit waits for the disk.
          version: of livetrio, for people.
          random: makes this many bytes, for the id of a new journal.

        Raises:
          JournalError: which one says why; a file that is there is as it was.
        """
        path = path.resolve()  # SQLite has its log beside the file that a link points to
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as stack:
                lock = JournalLock(path)
                stack.callback(lock.release)
                torn_bytes = 0
                if path.exists():
                    torn_bytes = inspect_file(path).torn_bytes
                    check_pages(path)
                else:
                    make_file(path, journal_id=random(ID_BYTES), now=now, version=version)
                connection = connect(path)
                stack.callback(connection.close)
                run = begin_run(connection, now=now, version=version, torn_bytes=torn_bytes)
                connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[sync]}")
                journal = cls(path, connection, lock, run, torn_bytes)
                stack.pop_all()
                return journal
        except (*TROUBLE, OSError) as error:
            raise explain(path, error) from error

    # Recording. Nothing of this is written before `commit`.

    def record_event(self, event: OrderEvent) -> None:
        """What happened to an order, how the order stands now, and the fill, if it is one."""
        self._events.append(encode_event(event, self.run, self._next()))
        self.record_order(event.order)
        if isinstance(event, OrderFilled):
            self.record_fill(event.fill, event.order.strategy)

    def record_order(self, order: Order) -> None:
        """How an order stands, where that has changed without anything that is told."""
        self._orders[order.client_order_id] = order

    def record_timeline(self, timeline: Timeline) -> None:
        """How far an order has come."""
        self._timelines[timeline.client_order_id] = timeline

    def record_fill(self, fill: Fill, strategy: str | None) -> None:
        """A fill and whose it is. One that is there already changes nothing."""
        self._fills.append((*FILLS.encode(fill), strategy))

    def record_funding(self, payment: FundingPayment) -> None:
        """A funding payment. One that is there already changes nothing."""
        self._fundings.append((*FUNDINGS.encode(payment), payment.payment_id))

    def record_request(
        self, nonce: int, kind: str, client_order_ids: Sequence[str], expires: int | None, ts: int
    ) -> None:
        """A request that was signed and is about to leave.

        Args:
          kind: ``submit``, ``cancel``, …: for people.
          expires: when the venue begins to refuse it, UTC nanoseconds.
          ts: now, UTC nanoseconds.
        """
        ids = msgspec.json.encode(client_order_ids).decode()
        self._requests.append((nonce, self.run, self._next(), kind, ids, expires, ts))

    def put(self, kind: str, key: str, value: Mapping[str, object] | None) -> None:
        """Small state, as it is now, in the place of what was put before; None: there is none any more."""
        self._states[kind, key] = None if value is None else msgspec.json.encode(value).decode()

    @property
    def has_uncommitted(self) -> bool:
        """Whether something was recorded that is not written yet."""
        return any(self._recorded())

    def commit(self) -> None:
        """Write all that was recorded, or nothing of it. What returns from here survives.

        Raises:
          JournalFailed: it cannot be written now. It is kept, for a later attempt.
        """
        if self.has_uncommitted:
            self._write(self._batches())

    def _write(self, batches: Sequence[Batch]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN")
            for statement, rows in batches:
                connection.executemany(statement, rows)
            connection.execute("COMMIT")
        except (sqlite3.Error, ValueError, OverflowError) as error:  # the last two: what SQLite cannot hold
            roll_back(connection)
            raise JournalFailed(
                f"{self.path}: cannot be written: {error}. No order leaves without its record, so none may "
                "leave now; what was recorded is kept until it can be written. Is the disk full, or failing?"
            ) from error
        self.commits += 1
        for each in self._recorded():
            each.clear()

    def _recorded(self) -> tuple[dict[Any, Any] | list[Any], ...]:
        """All that keeps what is not written yet."""
        return (
            self._orders, self._timelines, self._states,
            self._events, self._fills, self._fundings, self._requests,
        )  # fmt: skip

    def _batches(self) -> list[Batch]:
        """Statements, and the rows for each. All may be executed twice: the second time changes nothing."""
        put = [(*place, value) for place, value in self._states.items() if value is not None]
        gone = [place for place, value in self._states.items() if value is None]
        batches: list[Batch] = [
            (ORDERS.upsert, [*map(ORDERS.encode, self._orders.values())]),
            (PUT_TIMELINE, [*map(encode_timeline, self._timelines.values())]),
            (INSERT_EVENT, self._events),
            (FILLS.insert, self._fills),
            (FUNDINGS.insert, self._fundings),
            (INSERT_REQUEST, self._requests),
            (_PUT_STATE, put),
            (_DELETE_STATE, gone),
        ]
        return [each for each in batches if each[1]]

    def _next(self) -> int:
        self._count += 1
        return self._count

    # The file.

    @property
    def wal_bytes(self) -> int:
        """How long the log is: what a checkpoint would move."""
        try:
            return self._wal.stat().st_size
        except OSError:
            return 0

    def checkpoint(self) -> None:
        """Move the log into the database and make both safe on the disk: some ms for each MB.

        Raises:
          JournalFailed: it cannot be done now. Nothing is lost by that; the log grows on.
        """
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise JournalFailed(
                f"{self.path}: its log cannot be moved into it: {error}. Is the disk full, or failing?"
            ) from error

    def load(self, *, fills_since: int = 0) -> JournalState:
        """What earlier runs have left.

        Args:
          fills_since: from which instant on the ids of fills and payments are wanted, UTC nanoseconds.

        Raises:
          JournalError: it cannot be read.
        """
        try:
            return load_state(
                self._connection, self.run, fills_since=fills_since, torn_bytes=self._torn_bytes
            )
        except TROUBLE as error:
            raise explain(self.path, error) from error

    def close(self, ended: str, *, now: int | None = None) -> None:
        """Note how the run ended (and when), write what is recorded, and let the journal go; once is enough.

        Raises:
          JournalFailed: what was recorded last cannot be written. The journal is let go all the same.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._write([*self._batches(), (_END_RUN, [(ended, now, self.run)])])
            self.checkpoint()
        finally:
            self._connection.close()
            self._lock.release()

    def __repr__(self) -> str:
        return f"<Journal {self.path} run {self.run}>"
