"""Feeds: which client gets which news, and when.

Everybody who has subscribed to the same thing shares one `Feed`, which exists only while somebody does. What
nobody has subscribed to is not computed, and what somebody has is computed, encoded and framed once.

Three things make frames: a new subscriber, a block, and the clocks of those feeds that have a rhythm. The
frames of a block go out to each client in the order of `Phase`, and of its own subscriptions within that.
No client may rely on it: the venue promises no order at all (§7.1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from livetrio.exchange.api import subscriptions as asked
from livetrio.exchange.api.cadence import Begun, Cadence
from livetrio.exchange.api.feed import Feed, Outbox, Phase, Source
from livetrio.exchange.api.market_feeds import (
    AllContextsFeed,
    AllMidsFeed,
    BboFeed,
    BookFeed,
    CandleFeed,
    ContextFeed,
    FastContextsFeed,
    TradesFeed,
)
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.state_feeds import (
    ActiveAssetDataFeed,
    AllClearinghouseStatesFeed,
    ClearinghouseStateFeed,
    OpenOrdersFeed,
    SpotStateFeed,
    TwapStatesFeed,
    WebData2Feed,
    WebData3Feed,
)
from livetrio.exchange.api.subscriptions import Subscription
from livetrio.exchange.api.user_feeds import (
    HistoricalOrdersFeed,
    LedgerUpdatesFeed,
    NotificationFeed,
    OrderUpdatesFeed,
    TwapHistoryFeed,
    TwapSliceFillsFeed,
    UserEventsFeed,
    UserFillsFeed,
    UserFundingsFeed,
)
from livetrio.exchange.chain.chain import Block
from livetrio.exchange.chain.events import Event, FundingRate, OrderUpdate, PublicTrade
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.edge.frames import frame_text

USUAL_ORDER = (Phase.MARKET, Phase.ORDERS, Phase.FILLS, Phase.STATES)

FEEDS: Mapping[type, type[Feed[Any]]] = {
    asked.AllMids: AllMidsFeed,
    asked.Bbo: BboFeed,
    asked.L2Book: BookFeed,
    asked.Trades: TradesFeed,
    asked.Candle: CandleFeed,
    asked.ActiveAssetCtx: ContextFeed,
    asked.AllDexsAssetCtxs: AllContextsFeed,
    asked.FastAssetCtxs: FastContextsFeed,
    asked.OutcomeMetaUpdates: Feed,
    asked.OrderUpdates: OrderUpdatesFeed,
    asked.UserEvents: UserEventsFeed,
    asked.UserFills: UserFillsFeed,
    asked.UserFundings: UserFundingsFeed,
    asked.UserNonFundingLedgerUpdates: LedgerUpdatesFeed,
    asked.UserHistoricalOrders: HistoricalOrdersFeed,
    asked.UserTwapSliceFills: TwapSliceFillsFeed,
    asked.UserTwapHistory: TwapHistoryFeed,
    asked.TwapStates: TwapStatesFeed,
    asked.ClearinghouseState: ClearinghouseStateFeed,
    asked.OpenOrders: OpenOrdersFeed,
    asked.SpotState: SpotStateFeed,
    asked.AllDexsClearinghouseState: AllClearinghouseStatesFeed,
    asked.ActiveAssetData: ActiveAssetDataFeed,
    asked.Notification: NotificationFeed,
    asked.WebData2: WebData2Feed,
    asked.WebData3: WebData3Feed,
}
"""What serves each kind of subscription."""

_PHASE_BITS = 48
"""A place is the phase's rank above these bits, and below them how many subscriptions there were before."""

_by_place = itemgetter(0)


class Feeds:
    """All feeds of one exchange."""

    def __init__(
        self,
        ledger: Ledger,
        records: Records,
        *,
        now: Callable[[], int],
        wake: Callable[[], object] = lambda: None,
        order: Sequence[Phase] = USUAL_ORDER,
    ) -> None:
        """Begin without subscribers.

        Args:
          ledger: what is so.
          records: what was.
          now: the clock, ms.
          wake: called when `next_due` has become earlier.
          order: of a block's news to one client.
        """
        self._source = Source(ledger, records)
        self._now = now
        self.wake = wake
        self.note_subscriber: Callable[[], object] = lambda: None
        """Called at each subscription to news of the market, not of an account."""
        self._ranks = {phase: rank for rank, phase in enumerate(order)}
        self._feeds: dict[Subscription, Feed[Any]] = {}
        self._by_asset: dict[int, dict[Feed[Any], None]] = {}
        self._by_user: dict[str, dict[Feed[Any], None]] = {}
        self._cadence = Cadence()
        self._clients: dict[Outbox, dict[Subscription, int]] = {}
        """With the place of each subscription."""
        self._subscribed = 0
        """How often, ever."""

    # Who gets what.

    def subscribe(self, outbox: Outbox, subscription: Subscription) -> None:
        """A client wants something that exists and that it has not, and has been told that it will get it."""
        before = self.next_due()
        kind = FEEDS[type(subscription)]
        self._subscribed += 1
        if kind.phase is Phase.MARKET:
            self.note_subscriber()
        place = self._ranks[kind.phase] << _PHASE_BITS | self._subscribed
        self._clients.setdefault(outbox, {})[subscription] = place
        if kind.delay:
            due = self._now() + kind.delay
            self._cadence.begun.append(Begun(due, outbox, subscription, place))
        else:
            self._join(outbox, subscription, place)
        after = self.next_due()
        if after is not None and (before is None or after < before):
            self.wake()

    def unsubscribe(self, outbox: Outbox, subscription: Subscription) -> None:
        """A client wants something no more that it has."""
        subscriptions = self._clients[outbox]
        del subscriptions[subscription]
        if not subscriptions:
            del self._clients[outbox]
        self._leave(outbox, subscription)

    def drop(self, outbox: Outbox) -> Collection[Subscription]:
        """A client has gone; what it had."""
        subscriptions = self._clients.pop(outbox, {})
        for subscription in subscriptions:
            self._leave(outbox, subscription)
        return subscriptions.keys()

    def has(self, outbox: Outbox, subscription: Subscription) -> bool:
        """Whether a client is subscribed to this."""
        return subscription in self._clients.get(outbox, ())

    def _join(self, outbox: Outbox, subscription: Subscription, place: int) -> None:
        feed = self._feeds.get(subscription) or self._open(subscription)
        messages = feed.first()
        feed.subscribers[outbox] = place
        for message in messages:
            outbox.send(message)

    def _open(self, subscription: Subscription) -> Feed[Any]:
        feed = self._feeds[subscription] = FEEDS[type(subscription)](self._source, subscription)
        if feed.asset is not None:
            self._by_asset.setdefault(feed.asset, {})[feed] = None
        if feed.user is not None:
            self._by_user.setdefault(feed.user, {})[feed] = None
        self._cadence.add(feed, self._now())
        return feed

    def _leave(self, outbox: Outbox, subscription: Subscription) -> None:
        feed = self._feeds.get(subscription)
        if feed is None:
            return  # it was to begin, and nobody else has it
        feed.subscribers.pop(outbox, None)
        if feed.subscribers:
            return
        del self._feeds[subscription]
        if feed.asset is not None:
            _remove(self._by_asset, feed.asset, feed)
        if feed.user is not None:
            _remove(self._by_user, feed.user, feed)
        self._cadence.remove(feed)

    # When.

    def publish(self, block: Block) -> None:
        """Tell everybody of a block."""
        if not self._by_asset and not self._by_user:
            return
        by_asset, by_user = self._sort(block.events)
        news = [
            (feed, feed.after_block(by_asset.get(asset, ())))
            for asset in block.traded
            for feed in self._by_asset.get(asset, ())
        ]
        news += [
            (feed, feed.after_block(events))
            for user, events in by_user.items()
            for feed in self._by_user[user]
        ]
        _deliver(news)

    def next_due(self) -> int | None:
        """When `advance` has something to do next, ms; None: not before somebody subscribes."""
        return self._cadence.next_due()

    def advance(self, time: int) -> None:
        """Do what is due by now, ms."""
        for begun in self._cadence.take_begun(time):
            if self._clients.get(begun.outbox, {}).get(begun.subscription) == begun.place:
                self._join(begun.outbox, begun.subscription, begun.place)
        _deliver((feed, feed.at_beat()) for feed in self._cadence.take_beats(time))

    def _sort(
        self, events: Iterable[Event]
    ) -> tuple[Mapping[int, Sequence[PublicTrade]], Mapping[str, Sequence[Event]]]:
        """Those that somebody waits for, by asset and by user."""
        by_asset: defaultdict[int, list[PublicTrade]] = defaultdict(list)
        by_user: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if isinstance(event, PublicTrade):
                if event.instrument.asset in self._by_asset:
                    by_asset[event.instrument.asset].append(event)
            elif not isinstance(event, FundingRate):
                account = event.order.account if isinstance(event, OrderUpdate) else event.account
                if account.address in self._by_user:
                    by_user[account.address].append(event)
        return by_asset, by_user

    def __repr__(self) -> str:
        return f"<Feeds: {len(self._feeds)} for {len(self._clients)} clients>"


def _deliver(news: Iterable[tuple[Feed[Any], Sequence[bytes]]]) -> None:
    """Hand messages to the subscribers of their feeds, to each in the order of its places."""
    parcels: defaultdict[Outbox, list[tuple[int, bytes]]] = defaultdict(list)
    for feed, messages in news:
        for message in messages:
            frame = frame_text(message)
            for outbox, place in feed.subscribers.items():
                parcels[outbox].append((place, frame))
    for outbox, parcel in parcels.items():
        parcel.sort(key=_by_place)
        for _, frame in parcel:
            outbox.send_frame(frame)


def _remove(table: dict[Any, dict[Feed[Any], None]], key: int | str, feed: Feed[Any]) -> None:
    feeds = table[key]
    del feeds[feed]
    if not feeds:
        del table[key]
