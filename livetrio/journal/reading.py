"""Reading: what a journal says, taken from a copy, so that it does not matter whether an engine writes it.

A second connection to the file itself could damage it (see `livetrio.journal.journal`), so file and log are
copied. A log in which something is being written is copied up to there. Only a checkpoint between the two
copies would tear them apart: it changes the file and makes the log begin anew, so both are looked at before
and after, and copied again if need be.

Read from another process than the one that writes: closing a file gives up this process's locks on it.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import msgspec

from livetrio.errors import JournalFailed
from livetrio.journal.event_rows import SELECT_EVENTS, decode_event
from livetrio.journal.failures import TROUBLE, explain
from livetrio.journal.inspection import check_header, inspect_file, wal_of
from livetrio.journal.schema import FILLS, IS_WORKING, ORDERS, decoding
from livetrio.journal.timeline_rows import select_timelines
from livetrio.journal.wal import HEADER_BYTES
from livetrio.model import Fill, Order, OrderEvent, Timeline

ATTEMPTS = 10
"""To copy a journal that is changed meanwhile. A checkpoint comes once in minutes."""


@attrs.frozen
class RecordedFill:
    """A fill, and whose it was."""

    fill: Fill
    strategy: str | None


def read_orders(
    path: Path, *, is_working: bool | None = None, strategy: str | None = None
) -> tuple[Order, ...]:
    """Orders as they stand, the oldest first; only those that work or do not, only a strategy's.

    Raises:
      JournalError: it cannot be read.
    """
    with open_copy(path) as journal:
        return journal.orders(is_working=is_working, strategy=strategy)


def read_events(path: Path, client_order_id: str) -> tuple[OrderEvent, ...]:
    """All that happened to an order, in that order; none where the journal does not know it.

    Raises:
      JournalError: it cannot be read.
    """
    with open_copy(path) as journal:
        return journal.events(client_order_id)


def read_fills(path: Path, *, since: int = 0) -> tuple[RecordedFill, ...]:
    """Fills from an instant on (the venue's time, UTC nanoseconds), the oldest first.

    Raises:
      JournalError: it cannot be read.
    """
    with open_copy(path) as journal:
        return journal.fills(since=since)


class JournalCopy:
    """A journal as it stood when it was copied."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def orders(self, *, is_working: bool | None = None, strategy: str | None = None) -> tuple[Order, ...]:
        """Orders as they stand, the oldest first; only those that work or do not, only a strategy's."""
        conditions = {None: "TRUE", True: IS_WORKING, False: f"NOT ({IS_WORKING})"}
        rows = self._connection.execute(
            f"{ORDERS.select} WHERE {conditions[is_working]} AND (?1 IS NULL OR strategy = ?1) "
            "ORDER BY ts_init, client_order_id",
            (strategy,),
        )
        return tuple(map(ORDERS.decode, rows))

    def order(self, order_id: str) -> Order | None:
        """The order with this client order id or venue order id, if there is one."""
        ids = "?1 IN (client_order_id, venue_order_id) ORDER BY client_order_id = ?1 DESC"
        row = self._connection.execute(f"{ORDERS.select} WHERE {ids}", (order_id,)).fetchone()
        return None if row is None else ORDERS.decode(row)

    def events(self, client_order_id: str) -> tuple[OrderEvent, ...]:
        """All that happened to an order, in that order; each has the order as it stands now."""
        order = self.order(client_order_id)
        if order is None:
            return ()
        fills = self._connection.execute(
            f"{FILLS.select} WHERE instrument = ? "
            "AND fill_id IN (SELECT fill_id FROM order_events WHERE client_order_id = ?)",
            (order.instrument_id, client_order_id),
        )
        by_id = {each.fill_id: each for each in map(FILLS.decode, fills)}
        rows = self._connection.execute(SELECT_EVENTS, (client_order_id,))
        return tuple(decode_event(row, order, by_id) for row in rows)

    def timeline(self, client_order_id: str) -> Timeline | None:
        """When an order came past each stage; None: it was not recorded."""
        found = select_timelines(self._connection, "client_order_id = ?", client_order_id)
        return found.get(client_order_id)

    def states(self, kind: str) -> dict[str, Any]:
        """What was put under a kind, by key, as JSON has it: decimals are text."""
        rows = self._connection.execute("SELECT key, value FROM states WHERE kind = ?", (kind,))
        with decoding("states"):
            return {key: msgspec.json.decode(value) for key, value in rows}

    def fills(self, *, since: int = 0) -> tuple[RecordedFill, ...]:
        """Fills from an instant on (the venue's time, UTC nanoseconds), the oldest first."""
        rows = self._connection.execute(
            f"{FILLS.select} WHERE ts_event >= ? ORDER BY ts_event, fill_id", (since,)
        )
        return tuple(RecordedFill(FILLS.decode(row), row[-1]) for row in rows)


@contextmanager
def open_copy(path: Path) -> Iterator[JournalCopy]:
    """A journal as it stands now, for several questions; the copy is gone after the block.

    Raises:
      JournalForeign, JournalNewer, JournalCorrupt: as when it is opened.
      JournalFailed: it cannot be copied.
    """
    path = path.resolve()
    with tempfile.TemporaryDirectory(prefix="livetrio-journal-") as folder:
        copy = Path(folder, "journal")
        try:
            check_header(path)
            _copy(path, copy)
            inspect_file(copy, name=path)
        except OSError as error:
            raise JournalFailed(f"{path}: cannot be copied into {folder}: {error.strerror}") from error
        try:
            with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
                yield JournalCopy(connection)
        except TROUBLE as error:
            raise explain(path, error) from error


def _copy(path: Path, copy: Path) -> None:
    for _ in range(ATTEMPTS):
        before = _look_at(path)
        shutil.copyfile(path, copy)
        try:
            shutil.copyfile(wal_of(path), wal_of(copy))
        except FileNotFoundError:
            wal_of(copy).unlink(missing_ok=True)
        if _look_at(path) == before:
            return
    raise JournalFailed(f"{path}: cannot be copied: it was changed during each of {ATTEMPTS} attempts")


def _look_at(path: Path) -> tuple[object, ...]:
    """What a checkpoint changes: the file, and how its log begins."""
    status = path.stat()
    try:
        with wal_of(path).open("rb") as log:
            header = log.read(HEADER_BYTES)
    except FileNotFoundError:
        header = b""
    return status.st_ino, status.st_size, status.st_mtime_ns, header
