"""Failures: what SQLite says, in livetrio's errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from livetrio.errors import JournalCorrupt, JournalError, JournalFailed, JournalInUse

_DAMAGE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,  # a table or a column is missing
)


def explain(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    """The error for something that went wrong while a journal was opened or read."""
    if isinstance(error, OSError):
        return JournalFailed(f"{path}: cannot be used: {error.strerror}")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF  # without its details
    if code in _DAMAGE:
        return corrupt(path, str(error))
    if code == sqlite3.SQLITE_BUSY:
        return JournalInUse(f"{path}: is open in another program ({error}): close it there")
    return JournalFailed(f"{path}: cannot be used: {error}")


def corrupt(path: Path, found: str) -> JournalCorrupt:
    """The error for a file in which something is wrong."""
    return JournalCorrupt(
        f"{path}: is damaged: {found}; nothing was changed. Take the file from a backup; or move it and "
        f"{path.name}-wal away, to begin a new journal: the orders in it will be unknown to livetrio"
    )
