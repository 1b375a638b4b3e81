"""Context: all that a strategy may see and do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import attrs
import structlog

from livetrio import topics
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine, feed_of
from livetrio.engines.execution import ExecutionEngine
from livetrio.errors import UnknownInstrument
from livetrio.model import (
    BAR_INTERVALS,
    Bar,
    Feed,
    FeedKind,
    Instrument,
    MarketContext,
    MidPrices,
    OrderBook,
    Quote,
    TickEvent,
    Trade,
    instrument_id,
    nearest,
)
from livetrio.strategy.orders import OrderActions
from livetrio.subscription import DEFAULT_CAPACITY, Overflow, Subscription
from livetrio.topics import Topic

T = TypeVar("T")

FIRST = 8
"""Of the events that wait in a channel, so many are looked at for the oldest: a tick is always the latest
one, and bars and positions do not say since when they wait."""

SYSTEM_TOPICS = (
    topics.CONNECTED,
    topics.DISCONNECTED,
    topics.RECONNECTING,
    topics.FAILED,
    topics.FEED,
)
"""What every strategy hears of without asking."""


@attrs.frozen
class ReadCounts:
    """What came out of channels, and what did not."""

    received: int = 0
    dropped: int = 0
    conflated: int = 0

    @classmethod
    def of(cls, subscription: Subscription[Any]) -> ReadCounts:
        """The counts of one channel."""
        return cls(subscription.received, subscription.dropped, subscription.conflated)

    def __add__(self, other: ReadCounts) -> ReadCounts:
        return ReadCounts(
            self.received + other.received, self.dropped + other.dropped, self.conflated + other.conflated
        )


def arrival_of(event: object) -> int | None:
    """When what the event tells of came here, or fell due; None of one that does not say."""
    arrival = getattr(event, "ts_init", None) or getattr(event, "timestamp", None)
    return arrival if isinstance(arrival, int) else None


def waits_since(event: object) -> int | None:
    """When the event could first have been read; None of one that does not say.

    A bar is news when its period has ended, and no frame says that: its last one may be a minute old then.
    """
    return None if isinstance(event, Bar) else arrival_of(event)


class Context(OrderActions):
    """A strategy's view of the engine. What is about orders is in `OrderActions`.

    ``subscribe_…`` lets events come to the strategy's own queue (``events``, or its handlers). The short
    names (``quotes``, ``trades``, …) open a channel of their own instead, to be used with ``with``; the
    feed ends with the block if nobody else wants it.
    """

    def __init__(
        self,
        *,
        name: str,
        bus: MessageBus,
        cache: Cache,
        clock: Clock,
        data: DataEngine,
        stop: Callable[[str], None],
        execution: ExecutionEngine | None = None,
        patience: float = 5.0,
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> None:
        super().__init__(execution, patience=patience)
        self.name = name
        self.bus = bus
        self.cache = cache
        self.clock = clock
        self.log: Any = structlog.get_logger().bind(strategy=name)
        """Logs with the strategy's name."""
        self.events: Subscription[Any] = bus.subscribe(
            topics.TICK, *SYSTEM_TOPICS, topics.strategy_orders(name), capacity=capacity, overflow=overflow
        )
        """The strategy's queue: everything it subscribed to, ticks, connections, feeds, and what happens to
        its orders, in order."""
        self._data = data
        self._stop = stop
        self._feeds: dict[Feed, Topic[Any]] = {}
        self._opened: dict[Subscription[Any], None] = {}
        self._ended = ReadCounts()

    # To the strategy's own queue.

    def subscribe_quotes(self, instrument: str) -> None:
        """Let the instrument's best bid and ask come.

        Raises:
          UnknownInstrument: no venue of this engine has the instrument. (All of these.)
        """
        self._subscribe(self._feed(FeedKind.QUOTES, instrument), topics.quotes(instrument))

    def subscribe_trades(self, instrument: str) -> None:
        """Let the instrument's public trades come."""
        self._subscribe(self._feed(FeedKind.TRADES, instrument), topics.trades(instrument))

    def subscribe_book(self, instrument: str) -> None:
        """Let the instrument's order books come."""
        self._subscribe(self._feed(FeedKind.BOOK, instrument), topics.books(instrument))

    def subscribe_bars(self, instrument: str, interval: str) -> None:
        """Let the instrument's bars come, each when its period has ended."""
        self._subscribe(self._feed(FeedKind.BARS, instrument, interval), topics.bars(instrument, interval))

    def subscribe_context(self, instrument: str) -> None:
        """Let the instrument's mark and oracle price, funding and open interest come."""
        self._subscribe(self._feed(FeedKind.CONTEXT, instrument), topics.contexts(instrument))

    def subscribe_position(self, instrument: str) -> None:
        """Let changes of the account's position in the instrument come."""
        self.bus.add_pattern(self.events, topics.positions(instrument_id(instrument)))

    def subscribe_accounts(self) -> None:
        """Let changes of the accounts' money come."""
        self.bus.add_pattern(self.events, topics.accounts("*"))

    def subscribe_mids(self, venue: str) -> None:
        """Let the mid prices of all that a venue lists come."""
        self._subscribe(Feed(FeedKind.MIDS, venue), topics.mids(venue))

    def unsubscribe(self, instrument: str) -> None:
        """Let nothing of this instrument (or venue, for mid prices) come any more."""
        for feed in [each for each in self._feeds if instrument in (each.instrument_id, each.venue)]:
            if feed.instrument_id is None or feed.instrument_id == instrument:
                self.bus.remove_pattern(self.events, self._feeds.pop(feed))
                self._data.unsubscribe(feed)

    def _subscribe(self, feed: Feed, topic: Topic[Any]) -> None:
        if feed not in self._feeds:
            self._data.subscribe(feed)
            self._feeds[feed] = topic
            self.bus.add_pattern(self.events, topic)

    # Channels of their own.

    def quotes(self, instrument: str) -> Subscription[Quote]:
        """Best bid and ask, in a channel of its own."""
        return self._open(self._feed(FeedKind.QUOTES, instrument), topics.quotes(instrument))

    def trades(self, instrument: str) -> Subscription[Trade]:
        """Public trades, in a channel of their own."""
        return self._open(self._feed(FeedKind.TRADES, instrument), topics.trades(instrument))

    def books(self, instrument: str) -> Subscription[OrderBook]:
        """Order books, in a channel of their own."""
        return self._open(self._feed(FeedKind.BOOK, instrument), topics.books(instrument))

    def bars(self, instrument: str, interval: str) -> Subscription[Bar]:
        """Bars, in a channel of their own."""
        return self._open(self._feed(FeedKind.BARS, instrument, interval), topics.bars(instrument, interval))

    def contexts(self, instrument: str) -> Subscription[MarketContext]:
        """Mark prices, funding and open interest, in a channel of their own."""
        return self._open(self._feed(FeedKind.CONTEXT, instrument), topics.contexts(instrument))

    def mids(self, venue: str) -> Subscription[MidPrices]:
        """The mid prices of a venue, in a channel of their own."""
        return self._open(Feed(FeedKind.MIDS, venue), topics.mids(venue))

    def ticks(self) -> Subscription[TickEvent]:
        """The clock's ticks, in a channel of their own."""
        return self._keep(self.bus.subscribe(topics.TICK))

    def _open(self, feed: Feed, topic: Topic[Any]) -> Subscription[Any]:
        self._data.subscribe(feed)
        subscription = self.bus.subscribe(topic)
        subscription.on_closed(lambda: self._data.unsubscribe(feed))
        return self._keep(subscription)

    def _keep(self, subscription: Subscription[T]) -> Subscription[T]:
        """See to it that the subscription ends with the strategy at the latest."""
        self._opened[subscription] = None
        subscription.on_closed(lambda: self._forget(subscription))
        return subscription

    def _forget(self, subscription: Subscription[Any]) -> None:
        del self._opened[subscription]
        self._ended += ReadCounts.of(subscription)

    def counts(self) -> ReadCounts:
        """What the strategy has read so far, from its queue and from all channels that it opened.

        A queue into which it lets nothing come, and from which it has not read, counts for nothing: it
        holds but the ticks.
        """
        return sum((ReadCounts.of(each) for each in self._channels()), self._ended)

    def waiting(self) -> int:
        """How many events wait for the strategy, in the same channels."""
        return sum(each.statistics().waiting for each in self._channels())

    def oldest_waiting(self) -> int | None:
        """When the oldest of them came, or fell due, as far as they say; None: nothing waits."""
        first = (event for each in self._channels() for event in islice(each.waiting(), FIRST))
        return min((each for each in map(waits_since, first) if each is not None), default=None)

    def _channels(self) -> list[Subscription[Any]]:
        channels = [*self._opened]
        if self._feeds or self.events.received:
            channels.append(self.events)
        return channels

    def _feed(self, kind: FeedKind, instrument: str, interval: str | None = None) -> Feed:
        if interval is not None and interval not in BAR_INTERVALS:
            raise ValueError(f"expected a bar interval out of {', '.join(BAR_INTERVALS)}, found {interval!r}")
        return feed_of(kind, instrument_id(instrument), interval)

    # Else.

    def now(self) -> int:
        """Now, UTC nanoseconds."""
        return self.clock.now()

    def instrument(self, instrument: str) -> Instrument:
        """What the venue says about an instrument: its price and size steps.

        Raises:
          UnknownInstrument: it is not listed, or the venue's list has not come yet.
        """
        found = self.cache.get_instrument(instrument)
        if found is None:
            known = [each.instrument_id for each in self.cache.get_all_instruments()]
            close = nearest(instrument, known)
            hint = f"; did you mean {close}?" if close else ""
            raise UnknownInstrument(f"{instrument} is not listed by any venue that has answered{hint}")
        return found

    def stop(self, reason: str = "a strategy asked for it") -> None:
        """Ask the engine to stop in order; returns at once."""
        self._stop(f"{self.name}: {reason}")

    def heard(self) -> int | None:
        """When the news came that the strategy read last, UTC nanoseconds; None: it is reading none.

        In a handler that is the event that it was called with; of a strategy that is a function, the newest
        that it has read from any of its channels.
        """
        arrivals = [arrival_of(each.last_read) for each in (self.events, *self._opened)]
        return max((each for each in arrivals if each is not None), default=None)

    def close(self) -> None:
        """End all that the strategy subscribed to. The engine does this when the strategy has ended."""
        self.events.close()
        for subscription in list(self._opened):
            subscription.close()
        for feed in self._feeds:
            self._data.unsubscribe(feed)
        self._feeds.clear()

    def __repr__(self) -> str:
        return f"<Context {self.name}>"
