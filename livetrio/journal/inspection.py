"""Inspection: what a file is, found out without changing a byte of it.

SQLite itself would take an empty file for an empty database, bring a log that it finds into whatever file has
the right name, and move a damaged log into the database when it closes it. So a journal is looked at first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from livetrio.errors import JournalCorrupt, JournalForeign, JournalNewer
from livetrio.journal.failures import TROUBLE, corrupt, explain
from livetrio.journal.schema import APPLICATION_ID, SCHEMA_VERSION, STATEMENTS, decoding
from livetrio.journal.timeline_rows import CREATE as CREATE_TIMELINES
from livetrio.journal.timeline_rows import has_timelines
from livetrio.journal.wal import Wal, read_wal

MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100

ID_BYTES = 3
"""Of a journal's own id."""


def wal_of(journal: Path) -> Path:
    """Where SQLite has the write-ahead log of a journal."""
    return Path(f"{journal}-wal")


def inspect_file(path: Path, *, name: Path | None = None) -> Wal:
    """Make sure that a file is a journal which this version can read, and say what its log holds.

    Args:
      name: what the file is called in messages, if it is a copy.

    Raises:
      JournalForeign, JournalNewer: as `check_header`.
      JournalCorrupt: its log is damaged in the middle, or a part of the file is missing.
      OSError: it cannot be read.
    """
    name = name or path
    header = check_header(path)
    wal = read_wal(wal_of(path))
    if wal.damage is not None:
        log = wal_of(name)
        raise JournalCorrupt(
            f"{log}: {wal.damage} is damaged, and committed records follow it; nothing was changed. To go on "
            f"without them, keep a copy of this file and of {name.name}, and cut this one to "
            f"{wal.committed_bytes} bytes (truncate -s): the orders of that time will be unknown to livetrio"
        )
    if wal.first_page is not None:
        _check_owner(name, wal.first_page)
    size = path.stat().st_size
    expected = _number(header, 28) * _number(header, 16, 2)
    if not wal.frames and size < expected:
        raise corrupt(name, f"expected {expected} bytes, found {size}: its end is missing")
    return wal


def check_header(path: Path) -> bytes:
    """The file's header, if it is a journal by that.

    Raises:
      JournalForeign: it is no journal, or there is nothing.
      JournalNewer: a later version wrote it.
      OSError: it cannot be read.
    """
    if path.is_dir():
        raise _foreign(path, "a folder")
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        raise _foreign(path, "no such file") from None
    if not header:
        raise _foreign(path, "an empty file")
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise _foreign(path, "no SQLite database at all")
    _check_owner(path, header)
    return header


def check_pages(path: Path) -> None:
    """Make sure that a journal has its tables; and, if nobody ended its last run, that its pages make sense.

    The latter takes half a second for 100,000 orders: too long for every start.

    Raises:
      JournalError: something is wrong, or it cannot be read.
    """
    with reading_only(path) as connection:
        try:
            found = _find_faults(connection)
        except TROUBLE as error:
            raise explain(path, error) from error
    if found:
        raise corrupt(path, "; ".join(" ".join(each.split()) for each in found))


def _find_faults(connection: sqlite3.Connection) -> list[str]:
    read_id(connection)
    there = {row[0] for row in connection.execute("SELECT sql FROM sqlite_schema")}
    expected = (*STATEMENTS, CREATE_TIMELINES) if has_timelines(connection) else STATEMENTS
    missing = [each.split()[1:3] for each in expected if each not in there]
    if missing:
        return [f"its {kind.lower()} {name} is missing, or is another" for kind, name in missing]
    last = connection.execute("SELECT ended FROM runs ORDER BY run DESC LIMIT 1").fetchone()
    if last is not None and last[0] is not None:
        return []
    return [row[0] for row in connection.execute("PRAGMA quick_check(3)") if row[0] != "ok"]


def read_id(connection: sqlite3.Connection) -> bytes:
    """The journal's own id.

    Raises:
      BadRow: it has none.
    """
    row = connection.execute("SELECT value FROM about WHERE key = 'journal_id'").fetchone()
    with decoding("about"):
        (text,) = row
        journal_id = bytes.fromhex(text)
        if len(journal_id) != ID_BYTES:
            raise ValueError(f"expected an id of {ID_BYTES} bytes, found {len(journal_id)}")
        return journal_id


@contextmanager
def reading_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot change the file or its log, and leaves no others behind."""
    beside = [Path(f"{path}{suffix}") for suffix in ("-shm", "-wal")]
    made = [each for each in beside if not each.exists()]
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
        for each in made:
            each.unlink(missing_ok=True)


def _check_owner(name: Path, header: bytes) -> None:
    if _number(header, 68) != APPLICATION_ID:
        raise _foreign(name, "an SQLite database of another program")
    version = _number(header, 60)
    if version > SCHEMA_VERSION:
        raise JournalNewer(
            f"{name}: was written by a later version of livetrio (expected schema {SCHEMA_VERSION}, found "
            f"{version}); nothing was changed. Run that version or a later one"
        )


def _foreign(name: Path, found: str) -> JournalForeign:
    return JournalForeign(
        f"{name}: expected a journal of livetrio, found {found}. Name the right file, or one that "
        "is not there yet"
    )


def _number(header: bytes, offset: int, size: int = 4) -> int:
    return int.from_bytes(header[offset : offset + size], "big")
