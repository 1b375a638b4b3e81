"""The control socket: the API on a Unix socket beside the journal, ``JOURNAL.sock``, for the commands.

Whoever can open it may act: it is the user's own, as the journal is. Nothing is served on it but what the
page's API is, and it costs one idle task.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import trio

log = structlog.get_logger()

MAX_PATH_BYTES = 107
"""What an address of a Unix socket may have."""

BACKLOG = 16


def socket_of(journal: Path) -> Path:
    """Where the engine that writes a journal listens."""
    return Path(f"{journal.resolve()}.sock")


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name of a socket's path that is short enough for an address, while the block runs.

    Raises:
      OSError: there is none.
    """
    if len(os.fsencode(path)) <= MAX_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        name = f"/proc/self/fd/{folder}/{path.name}"
        if len(os.fsencode(name)) > MAX_PATH_BYTES or not os.path.isdir(f"/proc/self/fd/{folder}"):
            raise OSError(f"{path.name}: the name is too long for a socket")
        yield name
    finally:
        os.close(folder)


@contextmanager
def control_socket(path: Path) -> Iterator[socket.socket | None]:
    """Listen there while the block runs; None, and a warning in the log, where that cannot be.

    One that is left over from an engine that was killed is replaced: whoever has the journal's lock has the
    socket, too.
    """
    try:
        opened = _listen(path)
    except OSError as error:
        log.warning("no commands while it runs: the control socket cannot be had", because=str(error))
        yield None
        return
    ours = os.stat(path)
    try:
        yield opened
    finally:
        opened.close()
        try:
            if os.path.samestat(ours, os.stat(path)):
                os.unlink(path)
        except OSError:
            pass  # somebody has removed it, or its folder


def _listen(path: Path) -> socket.socket:
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(f"{path} is there, and is no socket")
    path.unlink(missing_ok=True)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_name(path) as name:
            opened.bind(name)
        os.chmod(path, 0o600)  # before it listens: nobody can have connected yet
        opened.listen(BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def name_peer(stream: trio.SocketStream) -> str:
    """Who is at the far end, for the log."""
    try:
        credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except (OSError, AttributeError):  # not on macOS
        return "control socket"
    process, user, _ = struct.unpack("3i", bytes(credentials))
    return f"control socket, process {process} of user {user}"
