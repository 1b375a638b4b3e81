"""AccountLock: one engine at a time trades an account, on this machine and for this user.

Two would cancel each other's orders, and each would find the other's fills unexplained. The lock is the
operating system's and ends with the process, whatever ends that; the file says who has it.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from livetrio.errors import AccountInUse
from livetrio.venues.trading import TradingVenue


def lock_folder(environ: Mapping[str, str]) -> Path:
    """Where the locks are: the user's own folder for what lasts as long as the machine runs."""
    base = environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"livetrio-{os.getuid()}"


@contextmanager
def account_locks(venues: list[TradingVenue], folder: Path) -> Iterator[None]:
    """Have the accounts of these venues to oneself while the block runs.

    Raises:
      AccountInUse: another engine trades one of them.
    """
    with ExitStack() as stack:
        for venue in venues:
            if venue.trading is not None:
                host = urlsplit(venue.streams[0].url).netloc
                stack.enter_context(_lock(folder, venue.trading.account_id, host))
        yield


@contextmanager
def _lock(folder: Path, account_id: str, host: str) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{account_id}@{host}")
    descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            who = f"process {holder}" if holder else "another process"
            raise AccountInUse(
                f"{account_id} at {host} is traded by {who}; two engines cannot trade one account: "
                "stop that one, or give this one an account of its own"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        os.close(descriptor)
