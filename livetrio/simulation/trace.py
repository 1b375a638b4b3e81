"""Trace: what happened in a world, a line each with its virtual time, hashed as it goes."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from typing import TYPE_CHECKING, BinaryIO

import trio

from livetrio.bus import MessageBus
from livetrio.model import OrderEvent

if TYPE_CHECKING:
    from livetrio.simulation.invariants import Watch
    from livetrio.simulation.process import Process

KEPT = 40
"""The last lines, to be shown with a violation."""


class Trace:
    """Of one world."""

    def __init__(self, file: BinaryIO | None) -> None:
        self.counts: Counter[str] = Counter()
        self._file = file
        self._hash = hashlib.blake2b(digest_size=16)
        self._last: deque[str] = deque(maxlen=KEPT)
        self._sealed: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of all lines so far."""
        return self._hash.hexdigest()

    @property
    def last(self) -> tuple[str, ...]:
        """The last lines, up to the moment of the seal if there is one."""
        return self._sealed or tuple(self._last)

    def seal(self) -> None:
        """Something is wrong: what comes from here on, such as an engine that ends, does not explain it."""
        self._sealed = self._sealed or tuple(self._last)

    def note(self, text: str, *, shown: bool = True) -> None:
        """Add a line; one that is not shown with violations, if it is of too many."""
        line = f"{trio.current_time():14.6f}  {text}"
        data = line.encode() + b"\n"
        self._hash.update(data)
        if self._file is not None:
            self._file.write(data)
        if shown:
            self._last.append(line)


class TracedBus(MessageBus):
    """A bus that notes what is published, as long as its process lives."""

    def __init__(self, trace: Trace, process: Process, watch: Watch) -> None:
        super().__init__()
        self._trace = trace
        self._process = process
        self._watch = watch

    def publish(self, topic: str, event: object) -> None:
        """Note it, and publish it."""
        if not self._process.is_killed:
            self._note(topic, event)
        super().publish(topic, event)

    def _note(self, topic: str, event: object) -> None:
        number, trace = self._process.number, self._trace
        self._process.hear(event)
        if isinstance(event, OrderEvent) and topic.startswith("order."):
            order = event.order
            text = f"{event.status.value} {order.client_order_id} {order.side.value} {order.quantity}"
            trace.note(f"engine {number}: order {text} {event.reason or ''}".rstrip())
            self._watch.hear(self._process, event)
        elif topic.startswith("system.") and topic != "system.tick":
            trace.note(f"engine {number}: {topic}")
        else:
            trace.note(f"engine {number}: {topic} {event!r}", shown=False)
            trace.counts["messages"] += 1
