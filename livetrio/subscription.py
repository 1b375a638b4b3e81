"""Subscription: one reader's own bounded channel, and what happens when it is full.

Each subscription has one trio memory channel. Publishers never wait for it, so a full one must be
settled on the spot, and how depends on what was published:

*Market data* makes room by dropping the oldest market data in the channel (`Overflow.DROP_OLDEST`,
counted in ``dropped``). Asked for `Overflow.LATEST`, the channel holds at most one event of each topic,
and a newer one takes the older one's place in the queue (counted in ``conflated``).

*Ticks* are always kept as the latest only: a reader that was busy sees one tick, whose number tells how
many it missed, and never a bunch of them. Market data does not push it out.

*Everything else* (orders, positions, connections, …) is never dropped. It may push market data out; when
twice as many of such events wait as the channel holds and one more comes, the subscription is closed, and
its reader gets `SlowConsumerError` after the events that it held. Nobody else notices.

How an event that may not be dropped survives when market data behind it must go: the channel is a
queue, so what stands before the oldest market data is taken out into ``_kept``, in order, and read first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import chain
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
    """Replaced by a newer event of the same topic before anyone read them."""


class _Certain:
    """Wraps an event that may not be dropped on its way through the channel."""

    __slots__ = ("event",)

    def __init__(self, event: object) -> None:
        self.event = event


class _Named:
    """Goes through the channel with the name of its topic: the latest event of it, or one that cannot
    tell its topic itself."""

    __slots__ = ("event", "topic")

    def __init__(self, topic: str, event: object) -> None:
        self.topic = topic
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
        on_drop: Callable[[str | None, object], object] = lambda _topic, _event: None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a subscription holds at least 1 event, found capacity={capacity}")
        self.capacity = capacity
        self.overflow = overflow
        self.patterns: tuple[str, ...] = ()
        self.dropped = 0
        self.conflated = 0
        self.received = 0
        self.last_read: T | None = None
        """What was taken out last; whoever has dealt with it may set it to None."""
        self._send, self._receive = trio.open_memory_channel[Any](capacity)
        self._send_nowait = self._send.send_nowait
        self._receive_nowait = self._receive.receive_nowait
        self._kept: deque[_Certain] = deque()
        self._certain = 0
        self._tick: _Certain | None = None
        self._latest: dict[str, _Named] = {}
        self._on_close: deque[Callable[[Subscription[Any]], object]] = deque()
        if on_close is not None:
            self._on_close.append(on_close)
        self._on_drop = on_drop
        self._overrun: str | None = None
        self._closed = False

    # What the bus calls. A route picks one of these per subscription when it is built. One that was closed
    # while the bus was going through its readers takes nothing more.

    def offer(self, event: object) -> None:
        """Put in an event that may be dropped when newer ones need its place."""
        try:
            self._send_nowait(event)
        except trio.WouldBlock:
            self._make_room()
            self._send_nowait(event)
        except trio.ClosedResourceError:
            pass

    def offer_named(self, topic: str, event: object) -> None:
        """`offer` an event that cannot tell its topic itself."""
        self.offer(_Named(topic, event))

    def offer_latest(self, topic: str, event: object) -> None:
        """Put in an event that replaces the one before it of the same topic."""
        waiting = self._latest.get(topic)
        if waiting is not None:
            waiting.event = event
            self.conflated += 1
        elif not self._closed:
            self._latest[topic] = named = _Named(topic, event)
            self.offer(named)

    def offer_certain(self, event: object) -> None:
        """Put in an event that is never dropped, or close the subscription."""
        self._add_certain(_Certain(event))

    def offer_tick(self, tick: object) -> None:
        """Put in a tick, or let it replace the one that waits. It is never dropped."""
        if self._tick is not None:
            self._tick.event = tick
            self.conflated += 1
        else:
            self._tick = _Certain(tick)
            self._add_certain(self._tick)

    def _add_certain(self, certain: _Certain) -> None:
        if self._closed:
            return
        if self._certain >= 2 * self.capacity:
            self._overrun = (
                f"the subscription to {', '.join(self.patterns)} was not read for too long: {self._certain} "
                "events that may not be lost were waiting when one more came, so it was closed"
            )
            self.finish()
        else:
            self._certain += 1
            self.offer(certain)

    def _make_room(self) -> None:
        """Free one place in the full channel: what may not be dropped is set aside."""
        item = self._receive_nowait()
        kind = type(item)
        if kind is _Certain:
            self._kept.append(item)
            return
        self.dropped += 1
        if kind is _Named:
            self._forget_latest(item)
            self._on_drop(item.topic, item.event)
        else:
            self._on_drop(None, item)

    def _forget_latest(self, item: _Named) -> None:
        if self._latest.get(item.topic) is item:
            del self._latest[item.topic]

    # What the reader calls.

    async def receive(self) -> T:
        """The next event; waits for one.

        Raises:
          SlowConsumerError: the subscription was closed because it was not read; once all it held is read.
          trio.EndOfChannel: it was closed by `close` or the bus.
        """
        if self._kept:
            await trio.lowlevel.checkpoint()
            if self._kept:  # they may have gone meanwhile: `close`, or another reader
                return self._unwrap(self._kept.popleft())
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
            return self._unwrap(self._kept.popleft())
        try:
            item = self._receive_nowait()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._ended() from None
        return self._unwrap(item)

    def waiting(self) -> Iterator[T]:
        """What waits, the oldest first, left where it is. To be read without an await in between."""
        for item in chain(self._kept, self._receive._state.data):  # trio has no public way to look
            yield item.event if type(item) in (_Certain, _Named) else item

    def _unwrap(self, item: Any) -> T:
        self.received += 1
        kind = type(item)
        if kind is _Certain:
            self._certain -= 1
            if item is self._tick:
                self._tick = None
            item = item.event
        elif kind is _Named:
            self._forget_latest(item)
            item = item.event
        self.last_read = item
        return item  # type: ignore[no-any-return]  # the bus routes by topic

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
        self._latest.clear()
        self._tick = None

    def finish(self) -> None:
        """Take no more events; what is held can still be read, and then the subscription has ended."""
        self._send.close()
        self._closed = True
        while self._on_close:
            self._on_close.popleft()(self)

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
