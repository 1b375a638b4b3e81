"""Failures: what SQLite says, in livetrio's errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from livetrio.errors import JournalCorrupt, JournalError, JournalFailed, JournalInUse
from livetrio.journal.schema import BadRow

_DAMAGE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,  # a table or a column is missing
)


TROUBLE = (sqlite3.Error, UnicodeDecodeError, BadRow)
"""What comes of asking SQLite; the second where its own message quotes what is damaged."""


def explain(path: Path, error: Exception) -> JournalError:
    """The error for `TROUBLE` or an OSError, as a journal was opened or read."""
    if isinstance(error, OSError):
        return JournalFailed(f"{path}: cannot be used: {error.strerror}")
    code = getattr(error, "sqlite_errorcode", None)
    is_text = code is None and isinstance(error, sqlite3.OperationalError)  # which is no UTF-8
    if is_text or not isinstance(error, sqlite3.Error):
        return corrupt(path, str(error))
    primary = 0 if code is None else code & 0xFF  # without its details
    if primary in _DAMAGE:
        return corrupt(path, str(error))
    if primary == sqlite3.SQLITE_BUSY:
        return JournalInUse(f"{path}: is open in another program ({error}): close it there")
    return JournalFailed(f"{path}: cannot be used: {error}")


def corrupt(path: Path, found: str) -> JournalCorrupt:
    """The error for a file in which something is wrong."""
    return JournalCorrupt(
        f"{path}: is damaged: {found}; nothing was changed. Take the file from a backup; or move it and "
        f"{path.name}-wal away, to begin a new journal: the orders in it will be unknown to livetrio"
    )
