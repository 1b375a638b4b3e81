"""Disk: whether the journal can be written where it is to lie, how fast, and by whom it is written."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from livetrio.app.doctor.check import FAILED, OK, WARNING, Check
from livetrio.durations import format_delay
from livetrio.errors import JournalError
from livetrio.journal.inspection import check_header, inspect_file
from livetrio.journal.lock import holder_of

WRITES = 10
"""That are timed."""

BLOCK = 4096

SLOW = 0.020
"""Seconds for a write that reaches the disk; each order waits so long with ``sync = "power"``."""

LITTLE = 1 << 30
"""Bytes; a busy day may fill as many."""

NONE = 64 << 20

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "afs",
        "ceph",
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
    }
)
"""Where SQLite's log and its locks cannot be relied on (sqlite.org/wal.html)."""

MOUNTS = Path("/proc/self/mountinfo")


def check_journal(path: Path, sync: str) -> Iterator[Check]:
    """All about the journal and its place. It blocks for some milliseconds."""
    holder = holder_of(path)
    yield _check_file(path, holder)
    yield from _check_folder(path.resolve().parent, sync)


def _check_file(path: Path, holder: int | None) -> Check:
    name = "journal"
    if holder is not None:
        return Check(
            name,
            WARNING,
            f"{path} is written by process {holder}",
            "an engine runs with it; another one needs a journal and an account of its own",
        )
    if not path.exists():
        return Check(name, OK, f"{path} will be made")
    try:
        check_header(path)
        inspect_file(path)
    except JournalError as error:
        return Check(
            name, FAILED, str(error), "let [journal] path name another file, or see what this one is"
        )
    except OSError as error:
        return Check(name, FAILED, f"{path} cannot be read: {error.strerror}", "see to its permissions")
    if not os.access(path, os.W_OK):
        return Check(name, FAILED, f"{path} may not be written", "see to its permissions")
    return Check(name, OK, f"{path}, {path.stat().st_size:,} bytes, and nobody writes it")


def _check_folder(folder: Path, sync: str) -> Iterator[Check]:
    try:
        times = time_writes(folder)
    except OSError as error:
        advice = "make the folder, see to its permissions, or let [journal] path name another one"
        yield Check("disk", FAILED, f"{folder} cannot be written: {error.strerror}", advice)
        return
    yield _check_speed(folder, times, sync)
    free = shutil.disk_usage(folder).free
    found = f"{free / 2**30:,.1f} GiB free in {folder}"
    if free < LITTLE:
        verdict = FAILED if free < NONE else WARNING
        yield Check("space", verdict, found, "make room: no order leaves without its record")
    else:
        yield Check("space", OK, found)
    kind = file_system_of(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        advice = "let [journal] path name a file on a disk of this machine: the locks of others do not hold"
        yield Check("file system", WARNING, f"{folder} is on a network file system ({kind})", advice)


def _check_speed(folder: Path, times: list[float], sync: str) -> Check:
    median = statistics.median(times)
    found = (
        f"a write reaches the disk in {format_delay(median)} (median of {len(times)}, "
        f"at worst {format_delay(max(times))})"
    )
    if median > SLOW:
        advice = (
            'each request waits so long; take a faster disk, or sync = "process"'
            if sync == "power"
            else "when it writes back, the engine may wait so long; take a faster disk"
        )
        return Check("disk", WARNING, found, advice)
    return Check("disk", OK, found)


def time_writes(folder: Path) -> list[float]:
    """Seconds that each of some small writes takes to reach the disk; the file is gone afterwards.

    Raises:
      OSError: it cannot be done.
    """
    times = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".livetrio-doctor-") as file:
        for _ in range(WRITES):
            begun = time.perf_counter()
            file.write(b"\0" * BLOCK)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return times


def file_system_of(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """Its kind, as ``ext4``; None: this system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    found: tuple[int, str | None] = (0, None)
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= found[0]:
            found = len(point.parts), after.split()[0]
    return found[1]
