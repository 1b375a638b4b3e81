"""The journal's file: how it is made, opened, and told that a run begins."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from livetrio.errors import JournalCorrupt
from livetrio.journal.inspection import wal_of
from livetrio.journal.schema import APPLICATION_ID, SCHEMA_VERSION, STATEMENTS
from livetrio.journal.timeline_rows import CREATE as CREATE_TIMELINES
from livetrio.journal.timeline_rows import has_timelines

PAGE_BYTES = 1024

PRAGMAS = (
    "locking_mode = EXCLUSIVE",  # no other program may open it meanwhile
    "journal_mode = WAL",
    "wal_autocheckpoint = 0",  # never in the middle of a commit
    "synchronous = FULL",  # until the run has begun
    "cell_size_check = ON",  # finds damage earlier, for next to nothing
)


def make_file(path: Path, *, journal_id: bytes, now: int, version: str) -> None:
    """Make a journal, readable by its owner only. It is there whole or not at all.

    Raises:
      JournalCorrupt: a log lies there without its journal; with a new one SQLite would mix it up.
      sqlite3.Error, OSError: it cannot be made.
    """
    log = wal_of(path)
    if log.exists() and log.stat().st_size:
        raise JournalCorrupt(
            f"{path}: is not there, but {log.name} is, which belongs to it; nothing was changed. Put the one "
            "back, or move the other away to begin a new journal"
        )
    draft = Path(f"{path}.new")
    for suffix in ("", "-journal", "-wal", "-shm"):  # of a process that was killed here
        Path(f"{draft}{suffix}").unlink(missing_ok=True)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("BEGIN")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        for statement in (*STATEMENTS, CREATE_TIMELINES):
            connection.execute(statement)
        about = {"journal_id": journal_id.hex(), "made": str(now), "made_by": f"livetrio {version}"}
        connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def connect(path: Path) -> sqlite3.Connection:
    """The one connection to a journal that is there; without transactions of its own."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=0)


def begin_run(connection: sqlite3.Connection, *, now: int, version: str, torn_bytes: int) -> int:
    """Note on the disk itself that a run begins, and give its number: the ids of its orders have it."""
    for each in PRAGMAS:
        connection.execute(f"PRAGMA {each}")
    if not has_timelines(connection):
        connection.execute(CREATE_TIMELINES)  # made by a version that had none
    cursor = connection.execute(
        "INSERT INTO runs (started, pid, version, torn_bytes) VALUES (?, ?, ?, ?)",
        (now, os.getpid(), version, torn_bytes),
    )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert cursor.lastrowid is not None, "SQLite gives every row of this table a number"
    return cursor.lastrowid


def roll_back(connection: sqlite3.Connection) -> None:
    """End a transaction that failed, if SQLite has not done it."""
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:
        pass  # what went wrong is being told already
