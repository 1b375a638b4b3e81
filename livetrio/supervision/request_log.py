"""RequestLog: the journal, as who sends requests needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class RequestLog(Protocol):
    """Notes each request before it leaves."""

    def record_request(
        self, nonce: int, kind: str, client_order_ids: Sequence[str], expires: int | None, ts: int
    ) -> None:
        """A request is about to leave."""
        ...

    def commit(self) -> None:
        """Let all that was recorded be on the disk.

        Raises:
          JournalFailed: it is not.
        """
        ...
