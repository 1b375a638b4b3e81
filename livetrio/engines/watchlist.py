"""Watchlist: orders about which something is awaited, and until when.

Whoever asks venues sleeps until `next_due`, or until `changed`; so a late answer is noticed when it is late,
and nothing is looked at in between.
"""

from __future__ import annotations

import heapq

import attrs
import trio


@attrs.frozen
class Watch:
    """What is awaited of one order."""

    client_order_id: str
    why: str
    """In words for people: ``no answer to its submission``."""
    since: int
    """UTC nanoseconds."""
    asked: int = 0
    """How often it has been asked for already."""


class Watchlist:
    """One awaited thing for each order."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[int, Watch]] = {}
        self._heap: list[tuple[int, str]] = []
        self.changed = trio.Event()
        """Set, and replaced, when something is due earlier than all before, so far as `next_due` told."""

    def add(self, watch: Watch, due: int) -> None:
        """Look at the order at that instant (UTC nanoseconds), unless it is removed before."""
        # Removed or not: whoever sleeps until then wakes then, and an order that is answered is no reason to
        # wake before.
        earliest = self._heap[0][0] if self._heap else None
        self._due[watch.client_order_id] = (due, watch)
        heapq.heappush(self._heap, (due, watch.client_order_id))
        if earliest is None or due < earliest:
            self.changed.set()
            self.changed = trio.Event()

    def remove(self, client_order_id: str) -> None:
        """Nothing is awaited of it any more; no error if nothing was."""
        self._due.pop(client_order_id, None)

    def get(self, client_order_id: str) -> Watch | None:
        """What is awaited of an order."""
        entry = self._due.get(client_order_id)
        return None if entry is None else entry[1]

    @property
    def next_due(self) -> int | None:
        """When the next is due, UTC nanoseconds; None: nothing is awaited."""
        heap = self._heap
        while heap:
            due, key = heap[0]
            entry = self._due.get(key)
            if entry is not None and entry[0] == due:
                return due
            heapq.heappop(heap)  # removed, or put off
        return None

    def take_due(self, now: int) -> list[Watch]:
        """Take out what is due, in the order in which it fell due."""
        found = []
        while (due := self.next_due) is not None and due <= now:
            _, key = heapq.heappop(self._heap)
            found.append(self._due.pop(key)[1])
        return found

    def __len__(self) -> int:
        return len(self._due)
