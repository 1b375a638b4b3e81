"""Patrol: asks the venue about each order of which something is awaited and does not come.

It sleeps until the next order is due on the tracker's watchlist, and asks for proof:

- An order that should have been answered is UNKNOWN from then on. If the venue knows it, its word counts. If
  the venue does not, that proves something only when the order can no longer arrive: its expiry has passed
  by the venue's clock, and some time more (a node that answers questions may lag behind the one that takes
  orders), and it is not among the open orders.
- Fills that the venue spoke of are asked for until they are there.
- A cancellation that is not confirmed is sent again, for an order that still rests.
- An order that rested and that the venue knows no more was taken from it (a venue that lost its book): if it
  is so for several questions, and all fills are here, it is over.

So an UNKNOWN order ends by proof, and within its expiry and some seconds once the venue answers again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
import trio

from livetrio.clock import Clock
from livetrio.engines.tracked import TrackedOrder
from livetrio.engines.tracker import OrderTracker
from livetrio.engines.watchlist import Watch
from livetrio.errors import FrameError, HttpError
from livetrio.model import OrderReport, OrderStatus, venue_of
from livetrio.supervision.asker import Asker
from livetrio.supervision.fill_reader import FillReader
from livetrio.supervision.order_link import OrderLink

log = structlog.get_logger()

SECOND = 1_000_000_000

EXPIRY_MARGIN = 2 * SECOND
"""Nanoseconds after an order's expiry before "not known" is proof: more than a node lags."""

TICK = 100_000_000
"""Nanoseconds by which the proof of an expiry is asked for later than it is due: venues count in
milliseconds, and what is asked too early has to be asked again."""

ABSENCES = 4
"""So many answers in a row, a second and more apart, that an order that rested is not known: then it is
over."""

MISSING_LIMIT = 8
"""So often fills that the venue spoke of are asked for before the order is taken as it is."""

MANY = 20
"""From so many orders on the venue is asked for all its recent orders at once."""

LONGEST_WAIT = 10 * SECOND
"""Nanoseconds, at the most, from one question about an order to the next."""


class Patrol:
    """Of one venue's orders."""

    def __init__(
        self,
        link: OrderLink,
        asker: Asker,
        fills: FillReader,
        tracker: OrderTracker,
        clock: Clock,
        *,
        retry_interval: float,
        submit_timeout: float,
    ) -> None:
        self._link = link
        self._trading = link.trading
        self._asker = asker
        self._fills = fills
        self._tracker = tracker
        self._clock = clock
        self._retry = round(retry_interval * SECOND)
        self._submit_timeout = round(submit_timeout * SECOND)
        self.is_compared = False
        """Whether all was compared with the venue in this run. Until then the journal may have lost its end,
        and a modification with it: it knows the leg that has ended, and not the one that rests."""
        self._absences: dict[str, int] = {}
        """By client order id: how often in a row the venue did not know an order that had rested."""
        self._absent: list[tuple[TrackedOrder, int]] = []
        """Orders and their revisions of which that may be proved in this round."""

    async def run(self) -> None:
        """Ask, whenever something is due, until cancelled."""
        watchlist = self._tracker.watchlist
        while True:
            changed = watchlist.changed
            due = watchlist.next_due
            with trio.move_on_at(float("inf") if due is None else self._clock.trio_time(due)):
                await changed.wait()
            await self.look_at(watchlist.take_due(self._clock.now()))

    async def look_at(self, watches: Sequence[Watch]) -> None:
        """Ask about these orders now."""
        orders = []
        for watch in watches:
            tracked = self._tracker.get(watch.client_order_id)
            if tracked is not None and venue_of(tracked.order.instrument_id) == self._link.venue.name:
                orders.append((watch, tracked))
        for _, tracked in orders:
            self._note_late(tracked)
        if orders and not self.is_compared and not await self._take_resting(each for _, each in orders):
            for watch, tracked in orders:
                self._watch_again(watch, tracked)
            return
        if len(orders) >= MANY:
            await self._ask_recent(tracked for _, tracked in orders)
        for watch, tracked in orders:
            if tracked.order.is_closed and not tracked.missing:
                continue
            try:
                await self._ask(watch, tracked)
            except (HttpError, FrameError) as error:
                log.warning(
                    "an order could not be asked about", order=watch.client_order_id, because=str(error)
                )
            self._watch_again(watch, tracked)
        await self._judge_absences()

    def _note_late(self, tracked: TrackedOrder) -> None:
        """An order that should have been answered by now may have been lost."""
        order = tracked.order
        if order.status is not OrderStatus.SUBMITTED or order.ts_submitted is None:
            return
        now = self._clock.now()
        waited = now - order.ts_submitted
        if waited >= self._submit_timeout:
            self._tracker.publish(tracked, tracked.lose(f"no answer in {waited / SECOND:.1f} s", now))

    def _is_settled(self, tracked: TrackedOrder) -> bool:
        """Whether nothing is awaited of the order."""
        order = tracked.order
        if tracked.missing:
            return False
        if order.is_closed:
            return True
        return order.is_open and not order.is_canceling and order.pending_revision is None

    async def _ask_recent(self, orders: Iterable[TrackedOrder]) -> None:
        """Let one answer settle as many as it can."""
        wanted = {each.order.client_order_id for each in orders}
        try:
            reports = await self._asker.ask(self._trading.ask_recent_orders())
        except (HttpError, FrameError) as error:
            log.warning("recent orders could not be asked for", because=str(error))
            return
        for report in reports:
            if report.client_order_id in wanted:
                self._tracker.take_report(report)

    async def _take_resting(self, orders: Iterable[TrackedOrder]) -> bool:
        """Let the legs of these orders that rest be known before any that have ended; False: they are not."""
        wanted = {each.order.client_order_id for each in orders}
        try:
            reports = await self._asker.ask(self._trading.ask_open_orders())
        except (HttpError, FrameError) as error:
            log.warning("open orders could not be asked for", because=str(error))
            return False
        for report in reports:
            if report.client_order_id in wanted:
                self._take_report(report)
        return True

    async def _ask(self, watch: Watch, tracked: TrackedOrder) -> None:
        order = tracked.order
        if tracked.missing:
            await self._ask_fills(watch, tracked)
            return
        proves = await self._is_past_expiry(tracked)
        for revision in dict.fromkeys([order.pending_revision, order.revision]):
            if revision is None or order.is_closed:
                continue
            report = await self._asker.ask(self._trading.ask_order(order, revision))
            if report is None:
                self._take_absence(tracked, revision, proves=proves)
            else:
                self._take_report(report)
        if order.is_canceling and order.is_open and order.pending_revision is None:
            self._link.send_cancel(order)

    def _take_report(self, report: OrderReport) -> None:
        if report.client_order_id is not None:
            self._absences.pop(report.client_order_id, None)
        self._tracker.take_report(report)

    async def _is_past_expiry(self, tracked: TrackedOrder) -> bool:
        """Whether, by the venue's clock, nothing that was sent of the order can arrive any more."""
        order = tracked.order
        if order.expires is None or not (order.is_inflight or order.pending_revision is not None):
            return False
        if self._clock.now() + self._link.venue_offset <= order.expires + EXPIRY_MARGIN:
            return False  # by our own reckoning it is not, so the venue need not be asked
        return await self._asker.ask(self._trading.ask_time()) > order.expires + EXPIRY_MARGIN

    def _take_absence(self, tracked: TrackedOrder, revision: int, *, proves: bool) -> None:
        """The venue says that it knows of no such revision of the order."""
        order = tracked.order
        if revision == order.pending_revision or order.is_inflight:
            is_enough = proves
        elif order.pending_revision is None:
            count = self._absences[order.client_order_id] = self._absences.get(order.client_order_id, 0) + 1
            is_enough = count >= ABSENCES
        else:
            is_enough = False
        if is_enough:
            self._absent.append((tracked, revision))

    async def _judge_absences(self) -> None:
        """The last doubts: what the venue does not know by its name may rest there all the same, or have been
        filled and forgotten since."""
        absent, self._absent = self._absent, []
        if not absent:
            return
        try:
            reports = await self._asker.ask(self._trading.ask_open_orders())
            await self._fills.read()
        except (HttpError, FrameError) as error:
            log.warning("it could not be proved that orders are not there", because=str(error))
            return
        names = {tracked.order.client_order_id for tracked, _ in absent}
        there = {(each.client_order_id, each.revision) for each in reports}
        for report in reports:
            if report.client_order_id in names:
                self._take_report(report)
        for tracked, revision in absent:
            if (tracked.order.client_order_id, revision) not in there:
                self._end_absent(tracked, revision)

    def _end_absent(self, tracked: TrackedOrder, revision: int) -> None:
        order, now = tracked.order, self._clock.now()
        if revision == order.pending_revision:
            events = tracked.end_modification("it never arrived at the venue", now)
        elif order.is_inflight:
            events = tracked.reject("it never arrived at the venue, and now it cannot any more", now)
        elif self._absences.get(order.client_order_id, 0) < ABSENCES:
            return  # its fills have just told that it was there: it is looked at as such
        else:
            del self._absences[order.client_order_id]
            events = tracked.cancel("the venue does not know of it any more", now)
        self._tracker.publish(tracked, events)

    async def _ask_fills(self, watch: Watch, tracked: TrackedOrder) -> None:
        await self._fills.read(since=tracked.order.ts_init - SECOND)
        if tracked.missing and watch.asked >= MISSING_LIMIT:
            log.error(
                "fills that the venue spoke of cannot be had",
                order=tracked.order.client_order_id,
                missing=tracked.missing,
            )
            self._tracker.publish(tracked, tracked.give_up_missing(self._clock.now()))

    def _watch_again(self, watch: Watch, tracked: TrackedOrder) -> None:
        """If the order is not settled, look at it again, later each time."""
        if self._is_settled(tracked) and tracked.order.client_order_id not in self._absences:
            return
        order = tracked.order
        delay = min(self._retry * 2 ** min(watch.asked, 10), LONGEST_WAIT)
        if order.expires is not None and order.is_inflight:
            left = order.expires + EXPIRY_MARGIN - self._clock.now() - self._link.venue_offset
            delay = min(delay, max(left + TICK, self._retry))
        self._tracker.watch(order, watch.why, delay, watch.asked + 1)
