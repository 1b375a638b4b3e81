"""Subscription: one reader's own bounded channel, and what happens when it is full.

Each subscription has one trio memory channel. Publishers never wait for it, so a full one must be
settled on the spot, and how depends on what was published:

*Market data* makes room by dropping the oldest market data in the channel (`Overflow.DROP_OLDEST`,
counted in ``dropped``). Asked for `Overflow.LATEST`, the channel holds at most one event for each kind
and instrument, and a newer one takes the older one's place in the queue (counted in ``conflated``).

*Ticks* are always kept as the latest only: a reader that was busy sees one tick, whose number tells how
many it missed, and never a bunch of them.

*Everything else* (orders, positions, connections, …) is never dropped. It may push market data out; if
the channel and the space set aside beside it are full of such events, the subscription is closed, and
its reader gets `SlowConsumerError` after the events that it held. Nobody else notices.

How an event that may not be dropped survives when market data behind it must go: the channel is a
queue, so what stands before the oldest market data is taken out into ``_kept``, in order, and read first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, TypeVar

import attrs
import trio

from livetrio.errors import SlowConsumerError

T = TypeVar("T")

DEFAULT_CAPACITY = 4096
"""Events a subscription holds: at 5,000 a second most of a second's backlog, some megabytes at most."""


class Overflow(Enum):
    """What a full subscription does with market data."""

    DROP_OLDEST = "drop_oldest"
    LATEST = "latest"
    CLOSE = "close"
    """Market data counts as never to be lost, too: for readers that record."""


@attrs.frozen(kw_only=True)
class SubscriptionStatistics:
    """What has gone through a subscription, and what has not."""

    patterns: tuple[str, ...]
    capacity: int
    waiting: int
    """Events that nobody has read yet."""
    peak: int
    """The most that ever waited in the channel."""
    received: int
    dropped: int
    conflated: int
    """Replaced by a newer event of the same kind and instrument before anyone read them."""


class _Certain:
    """Wraps an event that may not be dropped on its way through the channel."""

    __slots__ = ("event",)

    def __init__(self, event: object) -> None:
        self.event = event


class _Slot:
    """The latest event of one key; its place in the queue is that of the first."""

    __slots__ = ("event", "key")

    def __init__(self, key: object, event: object) -> None:
        self.key = key
        self.event = event


class Subscription(Generic[T]):
    """The events of one or more patterns, for one reader: an async iterator and a context manager.

    ``with bus.subscribe("trade.*") as trades: async for trade in trades: …``

    Leaving the block, or `close`, ends it; the events it still holds are gone.
    """

    def __init__(
        self,
        *,
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
        on_close: Callable[[Subscription[Any]], object] | None = None,
        on_drop: Callable[[object], object] = lambda _event: None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a subscription holds at least 1 event, found capacity={capacity}")
        self.capacity = capacity
        self.overflow = overflow
        self.patterns: tuple[str, ...] = ()
        self.dropped = 0
        self.conflated = 0
        self.received = 0
        self._send, self._receive = trio.open_memory_channel[Any](capacity)
        self._send_nowait = self._send.send_nowait
        self._receive_nowait = self._receive.receive_nowait
        self._kept: deque[_Certain] = deque()
        self._slots: dict[object, _Slot] = {}
        self._on_close: list[Callable[[Subscription[Any]], object]] = [] if on_close is None else [on_close]
        self._on_drop = on_drop
        self._overrun: str | None = None
        self._closed = False

    # What the bus calls. A route picks one of these per subscription when it is built.

    def offer(self, event: object) -> None:
        """Put in an event that may be dropped when newer ones need its place."""
        try:
            self._send_nowait(event)
        except trio.WouldBlock:
            if self._make_room():
                self._send_nowait(event)

    def offer_latest(self, event: object) -> None:
        """Put in an event that replaces the one before it of the same kind and instrument."""
        key = (type(event), getattr(event, "instrument_id", None), getattr(event, "interval", None))
        slot = self._slots.get(key)
        if slot is not None:
            slot.event = event
            self.conflated += 1
            return
        slot = _Slot(key, event)
        try:
            self._send_nowait(slot)
        except trio.WouldBlock:
            if not self._make_room():
                return
            self._send_nowait(slot)
        self._slots[key] = slot

    def offer_certain(self, event: object) -> None:
        """Put in an event that is never dropped, or close the subscription."""
        certain = _Certain(event)
        try:
            self._send_nowait(certain)
        except trio.WouldBlock:
            if self._make_room():
                self._send_nowait(certain)

    def _make_room(self) -> bool:
        """Free one place in the full channel; False if that took closing the subscription."""
        item = self._receive_nowait()
        if type(item) is _Certain:
            self._kept.append(item)
            if len(self._kept) > self.capacity:
                self._overrun = (
                    f"the subscription to {', '.join(self.patterns)} was not read for too long: more than "
                    f"{self.capacity} events that may not be lost were waiting, so it was closed"
                )
                self.finish()
                return False
            return True
        event = item
        if type(item) is _Slot:
            del self._slots[item.key]
            event = item.event
        self.dropped += 1
        self._on_drop(event)
        return True

    # What the reader calls.

    async def receive(self) -> T:
        """The next event; waits for one.

        Raises:
          SlowConsumerError: the subscription was closed because it was not read; once all it held is read.
          trio.EndOfChannel: it was closed by `close` or the bus.
        """
        if self._kept:
            await trio.lowlevel.checkpoint()
            return self._take_kept()
        try:
            item = await self._receive.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._ended() from None
        return self._unwrap(item)

    def receive_nowait(self) -> T:
        """The next event, if one is there.

        Raises:
          trio.WouldBlock: nothing is there now.
          SlowConsumerError, trio.EndOfChannel: as in `receive`.
        """
        if self._kept:
            return self._take_kept()
        try:
            item = self._receive_nowait()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._ended() from None
        return self._unwrap(item)

    def _take_kept(self) -> T:
        self.received += 1
        event: T = self._kept.popleft().event  # type: ignore[assignment]  # the bus routes by topic
        return event

    def _unwrap(self, item: Any) -> T:
        self.received += 1
        kind = type(item)
        if kind is _Certain:
            return item.event  # type: ignore[no-any-return]
        if kind is _Slot:
            del self._slots[item.key]
            return item.event  # type: ignore[no-any-return]
        return item  # type: ignore[no-any-return]

    def _ended(self) -> Exception:
        return trio.EndOfChannel() if self._overrun is None else SlowConsumerError(self._overrun)

    def __aiter__(self) -> Subscription[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    # Its life.

    def close(self) -> None:
        """End the subscription: nothing more arrives, and a reader that waits is told so. Idempotent."""
        self.finish()
        self._receive.close()
        self._kept.clear()
        self._slots.clear()

    def finish(self) -> None:
        """Take no more events; what is held can still be read, and then the subscription has ended."""
        self._send.close()
        self._closed = True
        while self._on_close:
            self._on_close.pop()(self)

    def on_closed(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` once when the subscription ends, however it does."""
        self._on_close.append(lambda _subscription: callback())

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more events."""
        return self._closed

    def statistics(self) -> SubscriptionStatistics:
        """The counts so far."""
        channel = self._receive.statistics()
        return SubscriptionStatistics(
            patterns=self.patterns,
            capacity=self.capacity,
            waiting=channel.current_buffer_used + len(self._kept),
            peak=getattr(channel, "peak_buffer_used", channel.current_buffer_used),
            received=self.received,
            dropped=self.dropped,
            conflated=self.conflated,
        )

    def __enter__(self) -> Subscription[T]:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{self.statistics().waiting} waiting"
        return f"<Subscription {' '.join(self.patterns)}: {state}>"
