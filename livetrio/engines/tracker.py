"""OrderTracker: all orders that are not over, what happens to them, and who is told.

For each event, in this order and without a pause: the order, the journal, positions, the cache, the limits,
then the bus. So whoever is woken finds all of it done.

What is awaited and does not come is on the `watchlist`; whoever serves the venue asks then, and tells here
what was found. Nothing is taken for true because time has passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import islice

import structlog
import trio

from livetrio import topics
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.client_ids import is_ours, strategy_of
from livetrio.engines.found_order import order_found
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.leg import ZERO
from livetrio.engines.portfolio import Portfolio
from livetrio.engines.recorder import OrderTimes, Recorder
from livetrio.engines.risk import RiskEngine
from livetrio.engines.tracked import TrackedOrder
from livetrio.engines.unclaimed_fills import UnclaimedFills
from livetrio.engines.watchlist import Watch, Watchlist
from livetrio.model import (
    Fill,
    FundingPayment,
    Order,
    OrderCancelRejected,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderReport,
    OrderStatus,
    OrderUpdated,
    Timeline,
    venue_of,
)
from livetrio.model.order import OPEN_STATUSES

log = structlog.get_logger()

FILL_GRACE = 300_000_000
"""Nanoseconds that fills may come after the venue has said that there were some; then they are asked for."""

LIST_LAG = 10_000_000_000
"""Nanoseconds by which a venue's list of what rests may be behind."""

_OWN_TOPICS: Mapping[type[OrderEvent], str] = {
    OrderUpdated: topics.ORDER_UPDATED,
    OrderPendingUpdate: topics.ORDER_PENDING_UPDATE,
    OrderPendingCancel: topics.ORDER_PENDING_CANCEL,
    OrderCancelRejected: topics.ORDER_CANCEL_REJECTED,
    OrderModifyRejected: topics.ORDER_MODIFY_REJECTED,
}
"""Events that leave the status as it was."""

_STATUS_TOPICS: Mapping[OrderStatus, str] = {each: str(topics.orders(each)) for each in OrderStatus}


class OrderTracker:
    """Orders of all strategies at all venues, as they stand."""

    def __init__(
        self,
        bus: MessageBus,
        cache: Cache,
        *,
        risk: RiskEngine,
        portfolio: Portfolio,
        journal: Recorder,
        now: Callable[[], int],
        strategies: Sequence[str] = (),
    ) -> None:
        """``strategies``: the names of those that there are, to tell whose a found order is."""
        self.bus = bus
        self.cache = cache
        self.risk = risk
        self.portfolio = portfolio
        self.watchlist = Watchlist()
        self.on_found: dict[str, Callable[[Order], None]] = {}
        """By venue: told of every order that is found there and that we did not know."""
        self._journal = journal
        self._now = now
        self._strategies = list(strategies)
        self._tracked: dict[str, TrackedOrder] = {}
        self._over: dict[str, None] = {}
        """Those of them that are over, the oldest first."""
        self._known: dict[str, KnownFills] = {}
        """By venue."""
        self._held: dict[str, list[Fill | FundingPayment]] = {}
        """By venue: what came before the account was first looked at."""
        self._unclaimed = UnclaimedFills()
        self._unwritten: dict[str, Timeline] = {}
        """Of orders that are not over, as most soon are: once is enough for those."""
        self._closing: dict[str, trio.Event] = {}
        """To be set when an order closes, where somebody waits for it."""
        self._progress: trio.Event | None = None
        self.times: OrderTimes | None = None
        """Who measures how long orders take, if anybody does."""
        self.counts: Counter[str] = Counter()
        """How often orders came into each status, and ``fills``."""

    # Orders.

    def track(
        self,
        order: Order,
        change: OrderPendingUpdate | None = None,
        *,
        filled_before: Decimal = ZERO,
        timeline: Timeline | None = None,
    ) -> TrackedOrder:
        """Take in an order that is not known yet, with what the journal knows beside (see `TrackedOrder`)."""
        self._over.pop(order.client_order_id, None)
        tracked = TrackedOrder(order, change, filled_before=filled_before, timeline=timeline)
        self._tracked[order.client_order_id] = tracked
        return tracked

    def get(self, order_id: str) -> TrackedOrder | None:
        """The order by our id or by the venue's."""
        tracked = self._tracked.get(order_id)
        if tracked is None:
            order = self.cache.get_order(order_id)
            tracked = None if order is None else self._tracked.get(order.client_order_id)
        return tracked

    def working(self, venue: str | None = None) -> list[TrackedOrder]:
        """Those that are not over, oldest first."""
        return [
            each
            for each in self._tracked.values()
            if each.order.is_working and venue in (None, venue_of(each.order.instrument_id))
        ]

    def over(self, most: int) -> list[TrackedOrder]:
        """The last ones that are over, the newest first."""
        return [self._tracked[each] for each in islice(reversed(self._over), most)]

    def closed_event(self, order: Order) -> trio.Event:
        """An event that is set when the order is over."""
        event = self._closing.get(order.client_order_id)
        if event is None:
            event = trio.Event()
            if order.is_closed:
                event.set()
            else:
                self._closing[order.client_order_id] = event
        return event

    def progress(self) -> trio.Event:
        """An event that is set when anything next happens to any order."""
        if self._progress is None:
            self._progress = trio.Event()
        return self._progress

    def watch(self, order: Order, why: str, delay: float, asked: int = 0) -> None:
        """Look at the order after so many nanoseconds, unless something settles it before."""
        now = self._now()
        self.watchlist.add(Watch(order.client_order_id, why, now, asked), now + round(delay))

    def hasten(self, order: Order, why: str, delay: float) -> None:
        """`watch` the order, unless it is asked about again and again already: then ever later, as it is."""
        watch = self.watchlist.get(order.client_order_id)
        if watch is None or not watch.asked:
            self.watch(order, why, delay)

    # What venues say.

    def take_report(self, report: OrderReport, asked: int | None = None) -> None:
        """How an order stands.

        Args:
          report: what the venue says.
          asked: when it was asked, UTC nanoseconds by its clock: how the order stood then, at the earliest.
            None: it was told by itself, when it came to be so.
        """
        tracked = self._find(report.client_order_id, report.venue_order_id)
        is_open = report.status in OPEN_STATUSES
        if tracked is not None and is_open and asked is not None and _ended_before(tracked.order, asked):
            log.error("an order rests that was taken to be over", order=tracked.order.client_order_id)
            tracked = None
        if tracked is None:
            # Before the account is first looked at, fills do not count; its open orders are asked for then.
            if is_open and self.has_begun(venue_of(report.instrument_id)):
                self._take_in(report, report.ts_event if asked is None else asked)
            return
        self.acknowledge(tracked, report.ts_init)
        self.publish(tracked, tracked.take_report(report))

    def take_fill(self, fill: Fill) -> None:
        """A trade. One that was told before changes nothing."""
        venue = venue_of(fill.instrument_id)
        known = self._known.get(venue)
        if known is None:
            self._held.setdefault(venue, []).append(fill)
            return
        if not known.add(fill.fill_id, fill.ts_event):
            return
        tracked = self._find(fill.client_order_id, fill.venue_order_id)
        if tracked is None:
            strategy = self.owner_of(fill.client_order_id)
            self._unclaimed.note(fill)
            log.info("fill of no order of ours", fill=fill.fill_id, instrument=fill.instrument_id)
        else:
            strategy = tracked.order.strategy
        self._journal.record_fill(fill, strategy)
        if tracked is not None:
            self.acknowledge(tracked, fill.ts_init)
        events = [] if tracked is None else tracked.take_fill(fill)
        self.portfolio.apply_fill(fill, strategy)
        self.note_positions()
        if tracked is not None:
            self.publish(tracked, events)

    def take_funding(self, payment: FundingPayment) -> None:
        """Funding paid or received. What was told before changes nothing."""
        venue = venue_of(payment.instrument_id)
        known = self._known.get(venue)
        if known is None:
            self._held.setdefault(venue, []).append(payment)
        elif known.add(payment.payment_id, payment.ts_event):
            self._journal.record_funding(payment)
            self.portfolio.apply_funding(payment)
            self.note_positions()

    def acknowledge(self, tracked: TrackedOrder, now: int) -> None:
        """The venue has said something of an order, in whichever way."""
        timeline = tracked.timeline
        if timeline.acknowledged is None:
            timeline.acknowledged = now
            if self.times is not None:
                self.times.take_acknowledgement(timeline)

    def begin_account(self, venue: str, known: KnownFills) -> None:
        """From here on fills of a venue count: those that are not known, of what was held back, too."""
        self._known[venue] = known
        for each in self._held.pop(venue, ()):
            if isinstance(each, Fill):
                self.take_fill(each)
            else:
                self.take_funding(each)

    def note_account(self, venue: str, account_id: str, since: int) -> None:
        """Let the journal have from when on an account's fills count."""
        self._journal.put("account", venue, {"account_id": account_id, "since": since})

    def has_begun(self, venue: str) -> bool:
        """Whether fills of the venue count yet."""
        return venue in self._known

    def owner_of(self, client_order_id: str | None) -> str | None:
        """Which of the strategies made an order, by its id."""
        if client_order_id is None or not is_ours(client_order_id):
            return None
        return strategy_of(client_order_id, self._strategies)

    def _find(self, client_order_id: str | None, venue_order_id: str | None) -> TrackedOrder | None:
        tracked = None if client_order_id is None else self._tracked.get(client_order_id)
        if tracked is None and venue_order_id is not None:
            tracked = self.get(venue_order_id)
        return tracked

    def _take_in(self, report: OrderReport, until: int) -> None:
        """An order rests at the venue that we did not know: from here on it is known.

        Of what was filled of it by then, some fills may have come already, and others may come yet.
        """
        if report.side is None or report.quantity is None:
            log.warning("an order that is not ours, of which too little is told", order=report.venue_order_id)
            return
        key = report.client_order_id or f"{venue_of(report.instrument_id)}-{report.venue_order_id}"
        fills = self._unclaimed.claim(report.venue_order_id)
        came = sum((each.quantity for each in fills), ZERO)
        order = order_found(report, report.side, report.quantity, key, self.owner_of(report.client_order_id))
        order.filled_quantity = max(ZERO, (report.filled_quantity or ZERO) - came)
        price = "" if order.price is None else f" at {order.price:f}"
        self.portfolio.surprises.add(
            f"{order.instrument_id}: an order rests that is not in the journal, "
            f"{order.side.value} {order.quantity:f}{price} ({key})"
        )
        log.warning(
            "order found that is not in the journal",
            order=key,
            instrument=order.instrument_id,
            side=order.side.value,
            quantity=order.quantity,
            price=order.price,
            strategy=order.strategy,
        )
        tracked = self.track(order)
        tracked.begin_found(until)
        self.publish(tracked, tracked.take_report(report))
        for each in fills:
            self.publish(tracked, tracked.count_fill(each))
        on_found = self.on_found.get(venue_of(order.instrument_id))
        if on_found is not None:
            on_found(order)

    # Telling.

    def publish(self, tracked: TrackedOrder, events: Sequence[OrderEvent]) -> None:
        """Let what has happened to an order be known, and see to what is still awaited of it.

        Without events it may still have changed in what is not told: its venue order id, its expiry.
        """
        order = tracked.order
        if tracked.note() and not events:
            self._journal.record_order(order)
            self.cache.update_order(order)
        for event in events:
            self._journal.record_event(event)
            if tracked.timeline.note(event):
                self._unwritten[order.client_order_id] = tracked.timeline
            self.cache.update_order(order)
            self._count(event)
            self.risk.on_order_event(event)
            self.bus.publish(_OWN_TOPICS.get(type(event)) or _STATUS_TOPICS[event.status], event)
            if order.strategy is not None:
                self.bus.publish(f"strategy.{order.strategy}", event)
        self._see_to(tracked)
        if self._progress is not None:
            self._progress.set()
            self._progress = None

    def _count(self, event: OrderEvent) -> None:
        if type(event) is OrderFilled:
            self.counts["fills"] += 1
        if event.status is not event.previous or type(event) is OrderInitialized:
            self.counts[event.status.value] += 1

    def _see_to(self, tracked: TrackedOrder) -> None:
        """What is awaited of the order now."""
        order = tracked.order
        if tracked.missing:
            if self.watchlist.get(order.client_order_id) is None or order.is_closed:
                self.watch(order, "fills that the venue speaks of", FILL_GRACE)
        elif order.is_closed:
            self.watchlist.remove(order.client_order_id)
        elif order.status is OrderStatus.UNKNOWN:
            self._write_timeline(order)
            self.watch(order, order.reason or "unknown", 0)
        elif tracked.leg.is_guessed:
            self.hasten(order, "a modification that is not in the journal", 0)
        elif order.is_open and not order.is_canceling and order.pending_revision is None:
            self.watchlist.remove(order.client_order_id)
        if order.is_closed:
            self._close(order)

    def _close(self, order: Order) -> None:
        event = self._closing.pop(order.client_order_id, None)
        if event is not None:
            event.set()
        self._write_timeline(order)
        self._over[order.client_order_id] = None
        while len(self._over) > self.cache.config.order_history_limit:
            oldest = next(iter(self._over))
            del self._over[oldest], self._tracked[oldest]

    def _write_timeline(self, order: Order) -> None:
        timeline = self._unwritten.pop(order.client_order_id, None)
        if timeline is not None:
            self._journal.record_timeline(timeline)

    def note_timelines(self) -> None:
        """Let the journal have the timelines that have gone on; those of orders that are over it has."""
        for timeline in self._unwritten.values():
            self._journal.record_timeline(timeline)
        self._unwritten.clear()

    def note_positions(self) -> None:
        """Let the journal have the positions that have changed."""
        keys = self.portfolio.changed_keys()
        for key, value in self.portfolio.state(keys).items():
            self._journal.put("position", key, value)


def _ended_before(order: Order, asked: int) -> bool:
    """Whether an order was over well before the venue was asked what rests there."""
    return order.is_closed and order.ts_event < asked - LIST_LAG
