"""ClientOrderIds: names for our orders that are never used twice, and tell whose they are.

An id is ``0x`` and 32 hex digits, 16 bytes, so that venues that want 128 bits take it as it is and others as
text:

    6c74 jjjjjj ssssss rrrrrr nnnnnn 0000
    │    │      │      │      │      └ revision: for venues that know a modified order by another name
    │    │      │      │      └ counts the orders of the run
    │    │      │      └ the run of the journal
    │    │      └ the strategy: the beginning of the SHA-256 of its name
    │    └ the journal: drawn when it was made
    └ "lt": one of ours

Run and journal make an id unique across restarts, and across journals as far as 24 random bits do.
"""

from __future__ import annotations

import hashlib

from livetrio.errors import UsageError

MARKER = "0x6c74"
"""What all ids of ours begin with: "lt"."""

MAX_REVISION = 0xFFFF
MAX_COUNT = 0xFFFFFF

_REVISION_DIGITS = 4


class ClientOrderIds:
    """Makes the ids of one run of one journal."""

    def __init__(self, journal_id: bytes, run: int) -> None:
        """Take the journal's own three bytes and the number of its run, from 1.

        Raises:
          UsageError: one of them is of another size.
        """
        if len(journal_id) != 3 or not 0 < run <= MAX_COUNT:
            raise UsageError(f"expected 3 bytes and a run from 1 on, found {len(journal_id)} and run {run}")
        self._prefix = MARKER + journal_id.hex()
        self._run = f"{run:06x}"
        self._count = 0

    def next(self, strategy: str | None) -> str:
        """An id that was never used.

        Raises:
          UsageError: the run has made 16 million orders; it takes a restart to make more.
        """
        if self._count == MAX_COUNT:
            raise UsageError(f"one run makes at most {MAX_COUNT} orders; restart the engine")
        self._count += 1
        return f"{self._prefix}{strategy_tag(strategy)}{self._run}{self._count:06x}{'0' * _REVISION_DIGITS}"

    def is_of_this_journal(self, client_order_id: str) -> bool:
        """Whether this journal made an order, in this run or an earlier one."""
        return client_order_id.startswith(self._prefix)


def is_ours(client_order_id: str | None) -> bool:
    """Whether an engine of this kind made an order, with this journal or another one."""
    return client_order_id is not None and client_order_id.startswith(MARKER)


_tags: dict[str, str] = {}


def strategy_tag(strategy: str | None) -> str:
    """What stands for a strategy in its orders' ids; of nobody's orders zeros."""
    if strategy is None:
        return "000000"
    tag = _tags.get(strategy)
    if tag is None:
        tag = _tags[strategy] = hashlib.sha256(strategy.encode()).hexdigest()[:6]
    return tag


def strategy_of(client_order_id: str, strategies: list[str]) -> str | None:
    """Which of these strategies made an order, by its id; None: none of them."""
    tag = client_order_id[len(MARKER) + 6 : len(MARKER) + 12]
    return next((each for each in strategies if strategy_tag(each) == tag), None)
