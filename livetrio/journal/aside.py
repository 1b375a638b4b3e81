"""set_aside: make room for a new journal where the old one is about an exchange that is gone."""

from __future__ import annotations

import os
from pathlib import Path

from livetrio.journal.inspection import wal_of
from livetrio.journal.lock import JournalLock


def set_aside(path: Path) -> None:
    """Rename a journal, if there is one, to ``PATH.old``; what had that name is gone.

    Raises:
      JournalInUse: an engine writes it.
      OSError: it cannot be renamed.
    """
    if not path.exists() and not wal_of(path).exists():
        return
    lock = JournalLock(path)
    try:
        old = Path(f"{path}.old")
        if path.exists():
            wal_of(old).unlink(missing_ok=True)
            os.replace(path, old)
        if wal_of(path).exists():  # also if a process was killed between the two
            os.replace(wal_of(path), wal_of(old))
    finally:
        lock.release()
