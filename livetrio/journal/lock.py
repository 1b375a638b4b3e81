"""JournalLock: one writer for a journal, and who it is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from livetrio.errors import JournalInUse


class JournalLock:
    """An exclusive lock on ``JOURNAL.lock``, which ends with the process whatever ends that.

    The file holds the process id of whoever has it. One that nobody holds is left over, and is taken.
    """

    def __init__(self, journal: Path) -> None:
        """Take it.

        Raises:
          JournalInUse: another process has it, or this one has it already.
          OSError: the file cannot be made or written.
        """
        self.path = Path(f"{journal}.lock")
        self._descriptor = self._take(journal)
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, b"%d\n" % os.getpid(), 0)
        except OSError:
            self.release()
            raise

    def _take(self, journal: Path) -> int:
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_named(descriptor):
                    return descriptor
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                os.close(descriptor)
                raise JournalInUse(
                    f"{journal}: is written by {f'process {holder}' if holder else 'another process'}; "
                    "two engines cannot share a journal: stop that one, or give this one a journal of its own"
                ) from None
            os.close(descriptor)  # the last holder removed it between our opening and our locking it

    def _is_named(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file and let the next one in."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


def holder_of(journal: Path) -> int | None:
    """The process that has a journal now, or None: nobody has."""
    path = Path(f"{journal.resolve()}.lock")
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdecimal() else None
    finally:
        os.close(descriptor)
    return None
