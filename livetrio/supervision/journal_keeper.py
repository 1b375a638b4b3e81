"""JournalKeeper: sees to it that what is recorded reaches the disk soon, and tidies when it is quiet.

Recording is a plain call into memory. Whoever sends an order commits before it leaves; everything else is
committed here, as soon as the loop comes round: a burst of news is one write. Moving the log into the file (a
checkpoint) takes milliseconds, so it waits for a quiet moment, unless the log has grown too large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import trio

from livetrio.errors import JournalFailed
from livetrio.journal.journal import Journal
from livetrio.model import Fill, FundingPayment, Order, OrderEvent, Timeline

QUIET = 1.0
"""Seconds without anything to record that count as a quiet moment."""

TIDY_BYTES = 4 * 2**20
"""A log larger than this is moved into the file when it is quiet."""

FULL_BYTES = 32 * 2**20
"""… and one larger than this at once."""


class JournalKeeper:
    """Of one journal. `run` is its life."""

    def __init__(self, journal: Journal, *, on_failure: Callable[[JournalFailed], None]) -> None:
        self.journal = journal
        self.failure: JournalFailed | None = None
        """Why it could not be written the last time; None: it could."""
        self._on_failure = on_failure
        self._recorded = trio.Event()

    def record_event(self, event: OrderEvent) -> None:
        """An order's event, and the order as it is now."""
        self.journal.record_event(event)
        self._recorded.set()

    def record_order(self, order: Order) -> None:
        """An order as it is now."""
        self.journal.record_order(order)
        self._recorded.set()

    def record_timeline(self, timeline: Timeline) -> None:
        """How far an order has come."""
        self.journal.record_timeline(timeline)
        self._recorded.set()

    def record_fill(self, fill: Fill, strategy: str | None) -> None:
        """A trade of the account."""
        self.journal.record_fill(fill, strategy)
        self._recorded.set()

    def record_funding(self, payment: FundingPayment) -> None:
        """A payment."""
        self.journal.record_funding(payment)
        self._recorded.set()

    def put(self, kind: str, key: str, value: Mapping[str, object] | None) -> None:
        """A small state."""
        self.journal.put(kind, key, value)
        self._recorded.set()

    def record_request(
        self, nonce: int, kind: str, client_order_ids: Sequence[str], expires: int | None, ts: int
    ) -> None:
        """A request is about to leave."""
        self.journal.record_request(nonce, kind, client_order_ids, expires, ts)
        self._recorded.set()

    def commit(self) -> None:
        """Let all that was recorded be on the disk.

        Raises:
          JournalFailed: it is not.
        """
        try:
            self.journal.commit()
        except JournalFailed as error:
            self.failure = error
            raise
        self.failure = None

    async def run(self) -> None:
        """Commit what was recorded, and tidy, until cancelled."""
        while True:
            with trio.move_on_after(QUIET) as quiet:
                await self._recorded.wait()
            if quiet.cancelled_caught:
                if not self._recorded.is_set() and self.journal.wal_bytes > TIDY_BYTES:
                    self._try(self.journal.checkpoint)
                await self._recorded.wait()  # a turn of the loop, too, if something came at this very instant
            await trio.lowlevel.checkpoint()  # whoever is about to send commits first, all in one write
            self._recorded = trio.Event()
            self._try(self.commit)
            if self.journal.wal_bytes > FULL_BYTES:
                self._try(self.journal.checkpoint)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except JournalFailed as error:
            self._on_failure(error)
