"""The running engine of a journal, as the commands ask it: over the socket that it has beside the journal."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from livetrio.app.load import find_journal_path
from livetrio.errors import NoAnswer, NotRunning
from livetrio.journal.lock import holder_of
from livetrio.operations.http.control import short_name, socket_of

PATIENCE = 5.0
"""Seconds for an answer. An engine that is well answers in milliseconds."""


@attrs.frozen
class Answer:
    """What the engine said."""

    status: int
    body: Any
    """Decoded JSON; of a refusal, the words."""


def find_journal(path: Path) -> Path:
    """The journal that is meant by it, or by a configuration: see `find_journal_path`.

    Raises:
      ConfigError: the configuration cannot be read.
    """
    return find_journal_path(path) if path.suffix == ".toml" else path


def ask(journal: Path, path: str, *, method: str = "GET", query: Mapping[str, str] | None = None) -> Answer:
    """One answer of the engine that writes a journal.

    Raises:
      NotRunning: there is none.
      NoAnswer: it does not say anything.
    """
    pid = holder_of(journal)
    if pid is None:
        raise NotRunning(f"no engine writes {journal}")
    target = quote(path) + (f"?{urlencode(query)}" if query else "")
    connection = _Connection(socket_of(journal))
    try:
        connection.request(method, target)
        response = connection.getresponse()
        return Answer(response.status, json.loads(response.read()))
    except TimeoutError:
        # What was sent lies in the socket, and is read when the loop turns again.
        lost = "" if method == "GET" else "; whether it does what was asked, and when, is not known"
        raise NoAnswer(
            f"process {pid} writes {journal}, and did not answer in {PATIENCE:g} s: its loop is stuck, or "
            f"busy{lost}; `livetrio halt` works by a signal"
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoAnswer(
            f"process {pid} writes {journal}, and takes no commands ({error or type(error).__name__})"
        ) from None
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with short_name(self._path) as name:
            self.sock.connect(name)
