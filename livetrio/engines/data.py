"""DataEngine: takes market data in, keeps the cache true, and tells the bus.

For each event, in this order and without a pause: is it news, then the cache, then the bus. What is no
news is refused and counted, and named in the log once for each reason (but for duplicates, which are
expected):

- a quote, book or context older (by the venue's time) than the one we have: ``out-of-order``; unless
  ours came `ORDER_WINDOW` ago or more: then its time was wrong, and going on refusing would leave us
  with it for ever;
- a trade that was published already, because the venue repeats the last ones whenever one subscribes:
  ``duplicate``;
- an update of a bar that is closed: ``late-bar``.

Bars: a venue sends the bar of the running period again and again. The cache has it as current; it is
published once, as closed, when the next period's bar arrives or when `close_bars` finds that its period
has ended some time ago, so that a bar closes even if nobody trades any more.

Feeds are counted: the venue is asked when the first subscriber comes and told when the last has gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

import attrs
import structlog

from livetrio import topics
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.errors import UnknownInstrument
from livetrio.model import (
    Bar,
    Feed,
    FeedKind,
    MarketContext,
    MidPrices,
    OrderBook,
    Quote,
    Trade,
    nearest,
)
from livetrio.model.identifiers import InstrumentId, instrument_id, venue_of

log = structlog.get_logger()

SEEN_TRADES = 2048
"""Trade ids remembered for each instrument, at least: many times what a venue repeats."""

ORDER_WINDOW = 10_000_000_000
"""Nanoseconds for which an event holds its place against events with an earlier venue time."""

BAR_GRACE = 2_000_000_000
"""Nanoseconds after its period that a bar waits for the venue's last update before the timer closes it."""


class FeedClient(Protocol):
    """Whoever can ask one venue for feeds: its connections, in a running engine."""

    def subscribe(self, feed: Feed) -> None:
        """Ask for a feed now, and again after every reconnect.

        Raises:
          UnknownInstrument: the venue has no such instrument or feed.
        """
        ...

    def unsubscribe(self, feed: Feed) -> None:
        """Ask for it no more."""
        ...


class _Timed(Protocol):
    """Whatever an instrument has one of at a time."""

    @property
    def instrument_id(self) -> InstrumentId: ...
    @property
    def ts_event(self) -> int: ...
    @property
    def ts_init(self) -> int: ...


class _SeenTrades:
    """The ids of the last trades of an instrument; two generations, so that forgetting costs nothing."""

    __slots__ = ("new", "old")

    def __init__(self) -> None:
        self.new: set[str] = set()
        self.old: set[str] = set()

    def turn(self) -> None:
        self.old, self.new = self.new, set()


class DataEngine:
    """Market data in, cache and bus out."""

    def __init__(self, bus: MessageBus, cache: Cache) -> None:
        self.bus = bus
        self.cache = cache
        self.refused: Counter[str] = Counter()
        """How many events were no news, by reason."""
        self._paused = False
        self._publish: Callable[[str, object], None] = bus.publish
        self._feeds: dict[Feed, int] = {}
        self._clients: dict[str, FeedClient] = {}
        self._seen: dict[str, _SeenTrades] = {}
        self._topics: dict[type, dict[str, str]] = {kind: {} for kind in (Quote, Trade, OrderBook)}
        self._quote_topics = self._topics[Quote]
        self._trade_topics = self._topics[Trade]
        self._book_topics = self._topics[OrderBook]
        self._takers: dict[type, Callable[..., None]] = {
            Quote: self._take_quote,
            Trade: self._take_trade,
            OrderBook: self._take_book,
            Bar: self._take_bar,
            MarketContext: self._take_context,
            MidPrices: self._take_mids,
        }

    # Events.

    def process(self, event: object) -> bool:
        """Take one event in; False if it is no kind of market data."""
        taker = self._takers.get(type(event))
        if taker is None:
            return False
        taker(event)
        return True

    def _take_quote(self, quote: Quote) -> None:
        cache = self.cache
        instrument = quote.instrument_id
        last = cache.get_quote(instrument)
        if last is not None and quote.ts_event < last.ts_event and self._refuse_old(quote, last):
            return
        cache.update_quote(quote)
        topic = self._quote_topics.get(instrument)
        if topic is None:
            topic = self._quote_topics[instrument] = str(topics.quotes(instrument))
        self._publish(topic, quote)

    def _take_trade(self, trade: Trade) -> None:
        instrument = trade.instrument_id
        seen = self._seen.get(instrument)
        if seen is None:
            seen = self._seen[instrument] = _SeenTrades()
        if trade.trade_id in seen.new or trade.trade_id in seen.old:
            self.refused["duplicate"] += 1
            return
        seen.new.add(trade.trade_id)
        if len(seen.new) > SEEN_TRADES:
            seen.turn()
        self.cache.update_trade(trade)
        topic = self._trade_topics.get(instrument)
        if topic is None:
            topic = self._trade_topics[instrument] = str(topics.trades(instrument))
        self._publish(topic, trade)

    def _take_book(self, book: OrderBook) -> None:
        instrument = book.instrument_id
        last = self.cache.get_book(instrument)
        if last is not None and book.ts_event < last.ts_event and self._refuse_old(book, last):
            return
        self.cache.update_book(book)
        topic = self._book_topics.get(instrument)
        if topic is None:
            topic = self._book_topics[instrument] = str(topics.books(instrument))
        self._publish(topic, book)

    def _take_bar(self, bar: Bar) -> None:
        current = self.cache.get_current_bar(bar.instrument_id, bar.interval)
        if current is not None:
            if bar.ts_open < current.ts_open or (bar.ts_open == current.ts_open and current.is_closed):
                self._refuse("late-bar", bar, current)
                return
            if bar.ts_open > current.ts_open and not current.is_closed:
                self._close_bar(current)
        if bar.is_closed:
            self._close_bar(bar)
        else:
            self.cache.update_bar(bar)

    def _take_context(self, context: MarketContext) -> None:
        last = self.cache.get_context(context.instrument_id)
        if last is not None and context.ts_event < last.ts_event and self._refuse_old(context, last):
            return
        self.cache.update_context(context)
        self._publish(topics.contexts(context.instrument_id), context)

    def _take_mids(self, mids: MidPrices) -> None:
        self.cache.update_mids(mids)
        self._publish(topics.mids(mids.venue), mids)

    def _refuse_old(self, event: _Timed, last: _Timed) -> bool:
        """Refuse an event older than the last one, unless that one's time must have been wrong."""
        if event.ts_init - last.ts_init >= ORDER_WINDOW:
            return False
        self._refuse("out-of-order", event, last)
        return True

    def _refuse(self, reason: str, event: _Timed, last: _Timed) -> None:
        self.refused[reason] += 1
        if self.refused[reason] == 1:
            log.warning(
                "market data refused",
                reason=reason,
                example=f"{type(event).__name__} of {event.instrument_id}",
                ts_event=event.ts_event,
                newest=last.ts_event,
            )

    # Bars.

    def close_bars(self, now: int) -> None:
        """Close the bars whose period ended more than `BAR_GRACE` before ``now`` (UTC nanoseconds).

        A bar that was still being sent long after its period had ended by our clock goes by another clock
        (a recording that is played, a clock that is wrong): of that one we know nothing, and leave it alone.
        """
        for bar in self.cache.get_current_bars():
            due = bar.ts_close + BAR_GRACE
            if not bar.is_closed and bar.ts_init <= due <= now:
                self._close_bar(bar)

    def _close_bar(self, bar: Bar) -> None:
        closed = bar if bar.is_closed else attrs.evolve(bar, is_closed=True)
        self.cache.update_bar(closed)
        self._publish(topics.bars(bar.instrument_id, bar.interval), closed)

    # Feeds.

    def subscribe(self, feed: Feed) -> None:
        """Ask for a feed, now and after every reconnect, until `unsubscribe` was called as often.

        Raises:
          UnknownInstrument: no venue of this engine has it.
        """
        count = self._feeds.get(feed, 0)
        if count == 0:
            client = self._clients.get(feed.venue)
            if client is not None:
                client.subscribe(feed)
            elif self._clients:
                raise self._unknown_venue(feed)
        self._feeds[feed] = count + 1

    def unsubscribe(self, feed: Feed) -> None:
        """One subscriber less; the venue is told when the last one has gone."""
        count = self._feeds.get(feed, 0)
        if count > 1:
            self._feeds[feed] = count - 1
        elif count == 1:
            del self._feeds[feed]
            client = self._clients.get(feed.venue)
            if client is not None:
                client.unsubscribe(feed)

    def subscribe_instrument(
        self,
        instrument: str,
        *,
        quotes: bool = False,
        trades: bool = False,
        book: bool = False,
        context: bool = False,
        bars: tuple[str, ...] = (),
    ) -> list[Feed]:
        """Ask for several feeds of one instrument; returns them, for `unsubscribe`.

        Raises:
          UnknownInstrument: one of them cannot be had; then none of them is asked for.
        """
        name = instrument_id(instrument)
        wanted = {
            FeedKind.QUOTES: quotes,
            FeedKind.TRADES: trades,
            FeedKind.BOOK: book,
            FeedKind.CONTEXT: context,
        }
        feeds = [feed_of(kind, name) for kind, is_wanted in wanted.items() if is_wanted]
        feeds += [feed_of(FeedKind.BARS, name, interval) for interval in bars]
        for done, feed in enumerate(feeds):
            try:
                self.subscribe(feed)
            except UnknownInstrument:
                for each in feeds[:done]:
                    self.unsubscribe(each)
                raise
        return feeds

    def add_client(self, venue: str, client: FeedClient) -> None:
        """Name who asks a venue for feeds; what was subscribed to before is asked for at once."""
        self._clients[venue] = client
        for feed in list(self._feeds):
            if feed.venue == venue:
                client.subscribe(feed)

    def has_client(self, venue: str) -> bool:
        """Whether somebody asks this venue for feeds."""
        return venue in self._clients

    def remove_client(self, venue: str) -> None:
        """Nobody asks this venue for feeds any more."""
        self._clients.pop(venue, None)

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """What is subscribed to."""
        return tuple(self._feeds)

    def last_update(self, feed: Feed) -> int | None:
        """When the feed last brought something that was accepted (``ts_init``), or None if never."""
        event = self._last_event(feed)
        return None if event is None else event.ts_init

    def _last_event(self, feed: Feed) -> Quote | Trade | OrderBook | Bar | MarketContext | MidPrices | None:
        if feed.instrument_id is None:
            return self.cache.get_mids(feed.venue)
        if feed.kind is FeedKind.BARS:
            return self.cache.get_current_bar(feed.instrument_id, feed.interval or "")
        getter: Callable[[str], Quote | Trade | OrderBook | MarketContext | None] = {
            FeedKind.QUOTES: self.cache.get_quote,
            FeedKind.TRADES: self.cache.get_trade,
            FeedKind.BOOK: self.cache.get_book,
            FeedKind.CONTEXT: self.cache.get_context,
        }[feed.kind]
        return getter(feed.instrument_id)

    def _unknown_venue(self, feed: Feed) -> UnknownInstrument:
        close = nearest(feed.venue, self._clients)
        hint = f"; did you mean {close}?" if close else ""
        known = ", ".join(sorted(self._clients))
        return UnknownInstrument(f"{feed}: this engine has no venue {feed.venue!r}, it has {known}{hint}")

    # Queries and switches.

    def get_historical_bars(self, instrument: str, interval: str, count: int | None = None) -> list[Bar]:
        """The last closed bars, oldest first."""
        return self.cache.get_bars(instrument, interval, count)

    def get_current_bar(self, instrument: str, interval: str) -> Bar | None:
        """The bar of the running period."""
        return self.cache.get_current_bar(instrument, interval)

    def get_orderbook(self, instrument: str) -> OrderBook | None:
        """The last whole order book."""
        return self.cache.get_book(instrument)

    def pause(self) -> None:
        """Publish no market data until `resume`; the cache is still kept up to date."""
        self._paused = True
        self._publish = _discard

    def resume(self) -> None:
        """Publish again, from the next event on; nothing of the pause is made up for."""
        self._paused = False
        self._publish = self.bus.publish

    @property
    def is_paused(self) -> bool:
        """Whether market data is held back."""
        return self._paused


def feed_of(kind: FeedKind, instrument: InstrumentId, interval: str | None = None) -> Feed:
    """The feed of an instrument, at the instrument's venue."""
    return Feed(kind, venue_of(instrument), instrument, interval)


def _discard(_topic: str, _event: object) -> None:
    """Stands in for `publish` while the engine is paused."""
