"""Recovery: after every connect, and then again and again, our picture is compared with the venue's.

    the account's stream is ready    from here on nothing is missed
    the venue's clock, fills, payments, open orders, money and positions are asked for
    orders of ours that are not among the open ones are asked about one by one
    differences become ordinary events; what is nobody's follows the policy
    the gate opens

The gate stays closed until no order is UNKNOWN, no fill is missing and every position is explained: a
strategy that may order knows what it has. Later comparisons leave it open and close it only where they find
what cannot be explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import structlog
import trio

from livetrio.clock import Clock
from livetrio.engines.client_ids import is_ours
from livetrio.engines.difference import PositionDifference
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.execution_config import ForeignPolicy
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.tracked import TrackedOrder
from livetrio.engines.unaccounted import refused_orders, refused_positions
from livetrio.errors import FrameError, HttpError
from livetrio.model import AccountReport, Order, OrderReport
from livetrio.supervision.asker import Asker
from livetrio.supervision.fill_reader import FillReader
from livetrio.supervision.order_link import OrderLink
from livetrio.supervision.patrol import Patrol
from livetrio.supervision.position_closer import PositionCloser

log = structlog.get_logger()

READY_TIMEOUT = 10.0
"""Seconds in which the account's stream must confirm what it was asked for."""

SETTLE = 0.5
"""Seconds between two looks at what is not settled yet."""

LOOK_AGAIN = 10.0
"""Seconds between two questions for the open orders while something is not settled."""

CONFIRM = 1.0
"""Seconds after which a difference of positions must still be there to be believed."""

FRESH = 2_000_000_000
"""Nanoseconds for which news of an order go before a list that lacks it."""

PROBE = 5.0
"""Seconds until a venue that has said that it takes no orders, or not all, is tried again: all is compared,
and then the next order may leave."""

STALE_AFTER = 3
"""Intervals between comparisons in which none has succeeded: then what we know is too old to trade by."""

GATE = "recovery"

READING = "what the venue has is being read"
UNANSWERED = "the venue does not answer questions about the account"


class Recovery:
    """Of one account."""

    def __init__(
        self,
        execution: ExecutionEngine,
        link: OrderLink,
        asker: Asker,
        fills: FillReader,
        patrol: Patrol,
        clock: Clock,
        known: KnownFills,
        *,
        last_fill: int | None = None,
        last_funding: int | None = None,
        refuse: Callable[[str], None],
    ) -> None:
        """Take what the journal remembers of the account, and what to call if it cannot be traded."""
        self._execution = execution
        self._tracker = execution.tracker
        self._config = execution.config
        self._link = link
        self._venue = link.venue.name
        self._trading = link.trading
        self._asker = asker
        self._fills = fills
        self._patrol = patrol
        self._clock = clock
        self._known = known
        self._last_fill = last_fill
        self._last_funding = last_funding
        self._refuse = refuse
        self.ready = trio.Event()
        """To be set when the account's stream is ready; made anew for each session."""
        self._tracker.on_found[self._venue] = self._take_found
        self._closer = PositionCloser(execution)
        self.count = 0
        """How often it has come to its end."""
        self.done = trio.Event()
        """It has come to its end once."""

    async def run(self) -> None:
        """Recover, and then compare regularly, while the session is up.

        Raises:
          HttpError: the account's stream was not confirmed in time, so the session is of no use.
        """
        with trio.move_on_after(READY_TIMEOUT) as limit:
            await self.ready.wait()
        if limit.cancelled_caught:
            raise HttpError(f"the account's stream was not confirmed in {READY_TIMEOUT:g} s")
        await self._recover()
        interval = self._config.check_interval_ms / 1000
        due = trio.current_time() + interval
        stale = trio.current_time() + STALE_AFTER * interval
        while True:
            with trio.move_on_at(due):
                await self._link.disturbed.wait()
            if self._link.disturbed.is_set():
                await trio.sleep(PROBE)
            due = max(due + interval, trio.current_time())
            try:
                await self._compare()
                self._link.calm()
                stale = trio.current_time() + STALE_AFTER * interval
            except (HttpError, FrameError) as error:
                log.warning("the account could not be compared with the venue's", because=str(error))
                if trio.current_time() >= stale:
                    self._close(UNANSWERED)
            if GATE in self._link.gate.reasons:
                due = min(due, trio.current_time() + PROBE)

    async def _recover(self) -> None:
        began = trio.current_time()
        self._close(READING)
        self._link.gate.open("connection")
        self._link.venue_offset = await self._asker.insist(self._trading.ask_time()) - self._clock.now()
        await self._begin_account()
        while True:
            try:
                await self._asker.ask(self._trading.ask_usage())
                await self._fills.read()
                await self._fills.read_fundings()
                await self._take_open_orders()
                await self._settle_orders()
                if await self._explain_positions():
                    break
            except (HttpError, FrameError) as error:
                log.warning("recovery goes on: the venue did not answer", because=str(error))
            await trio.sleep(CONFIRM)
        self.count += 1
        self._patrol.is_compared = True
        self.done.set()
        self._open()
        log.info(
            "reconciled",
            venue=self._venue,
            seconds=round(trio.current_time() - began, 3),
            open_orders=len(self._tracker.working(self._venue)),
        )

    def _close(self, words: str) -> None:
        known = self._link.gate.reasons.get(GATE)
        self._link.gate.close(GATE, words, self._clock.now())
        if words != READING and (known is None or known.words != words):
            log.error("nothing is traded", venue=self._venue, because=words)

    def _open(self) -> None:
        self._link.gate.open(GATE)
        if self._link.gate.is_open:
            self._closer.close_all()

    async def _begin_account(self) -> None:
        """Let fills count from here on; what an account holds that the journal does not know is nobody's."""
        if self._tracker.has_begun(self._venue):
            return
        wrong = await self._asker.insist(self._trading.ask_identity())
        if wrong is not None:
            self._refuse(f"{self._trading.account_id} cannot be traded: {wrong}")
            await trio.sleep_forever()  # the engine stops
        if self._known.since is None:
            report, differences = await self._look_at_account()
            while differences and self._config.foreign_positions == "refuse":
                self._close(refused_positions(differences, "it was there before the journal began"))
                await trio.sleep(CONFIRM)
                report, differences = await self._look_at_account()
            self._known.since = report.ts_event
            self._tracker.note_account(self._venue, self._trading.account_id, report.ts_event)
            self._take_in(differences, "it was there when the journal began")
            self._close(READING)
        since = self._known.since
        self._fills.begin(self._last_fill or since, self._last_funding or since)
        self._tracker.begin_account(self._venue, self._known)

    async def _look_at_account(self) -> tuple[AccountReport, Sequence[PositionDifference]]:
        report = await self._asker.insist(self._trading.ask_account())
        return report, self._tracker.portfolio.apply_account(report)

    async def _take_open_orders(self) -> None:
        """Hear what rests at the venue, and see to what should and does not."""
        asked = self._clock.now()
        reports = await self._asker.ask(self._trading.ask_open_orders())
        there = set()
        for report in reports:
            there.add(report.client_order_id)
            there.add(report.venue_order_id)
            self._tracker.take_report(report, asked + self._link.venue_offset)
            self._apply_policy(report)
        for tracked in self._tracker.working(self._venue):
            order = tracked.order
            if order.client_order_id in there or order.venue_order_id in there:
                continue
            # What is in flight is watched already, and what came to rest just now may not be in the answer.
            is_settled = order.is_open and order.ts_event - self._link.venue_offset < asked - FRESH
            if is_settled and self._tracker.watchlist.get(order.client_order_id) is None:
                self._tracker.watch(order, "it is not among the open orders", 0)

    def _apply_policy(self, report: OrderReport) -> None:
        """See to an order that rests there and that no strategy of the journal has made."""
        tracked = self._tracker.get(report.client_order_id or report.venue_order_id or "")
        if tracked is None or not self._is_foreign(tracked.order):
            return
        if self._policy_of(tracked.order) == "cancel" and not tracked.order.is_canceling:
            self._execution.cancel_order(tracked.order.client_order_id)

    def _take_found(self, order: Order) -> None:
        """An order has come up that we did not know: the policy does not wait for the next comparison."""
        policy = self._policy_of(order)
        if policy == "cancel":
            self._execution.cancel_order(order.client_order_id)
        elif policy == "refuse" and order.is_open:
            self._close(refused_orders(self._refused()))
            self._link.disturbed.set()

    def _is_foreign(self, order: Order) -> bool:
        return order.ts_submitted is None and order.is_open

    def _policy_of(self, order: Order) -> ForeignPolicy:
        config = self._config
        return config.lost_orders if is_ours(order.client_order_id) else config.foreign_orders

    def _refused(self) -> list[Order]:
        """Orders because of which nothing is traded."""
        return [
            each.order
            for each in self._tracker.working(self._venue)
            if self._is_foreign(each.order) and self._policy_of(each.order) == "refuse"
        ]

    async def _settle_orders(self) -> None:
        """Wait until nothing is unknown and no fill is missing; patrol, which runs beside, sees to it."""
        look_again = trio.current_time() + LOOK_AGAIN
        while (refused := self._refused()) or self._unsettled():
            self._close(refused_orders(refused) if refused else READING)
            if trio.current_time() >= look_again:  # what was settled there unheard of is found like this
                await self._take_open_orders()
                look_again = trio.current_time() + LOOK_AGAIN
            progress = self._tracker.progress()
            with trio.move_on_after(SETTLE):  # what is looked at without news changes nothing that is told
                await progress.wait()
        self._close(READING)

    def _unsettled(self) -> list[TrackedOrder]:
        watchlist = self._tracker.watchlist
        return [
            each
            for each in self._tracker.working(self._venue)
            if each.order.is_inflight
            or each.missing
            or each.order.pending_revision is not None
            or watchlist.get(each.order.client_order_id) is not None
        ]

    # Positions.

    async def _explain_positions(self) -> bool:
        """Compare positions; whether each is explained now."""
        differences = await self._differences()
        if differences and self._config.foreign_positions == "refuse":
            self._close(refused_positions(differences, "no fill explains it"))
            return False
        self._take_in(differences, "no fill explains it")
        return True

    def _take_in(self, differences: Iterable[PositionDifference], reason: str) -> None:
        """Count positions that nobody here has opened as nobody's, to be closed where that is the policy."""
        for difference in differences:
            self._adopt(difference, reason)
            if self._config.foreign_positions == "cancel":
                self._closer.add(difference)

    async def _differences(self) -> Sequence[PositionDifference]:
        """What cannot be explained, also not by fills that come a moment later."""
        differences: Sequence[PositionDifference] = ()
        for _ in range(3):
            report = await self._asker.ask(self._trading.ask_account())
            differences = self._tracker.portfolio.apply_account(report)
            if not differences:
                return ()
            await trio.sleep(CONFIRM)
            await self._fills.read()
        return differences

    def _adopt(self, difference: PositionDifference, reason: str) -> None:
        portfolio = self._tracker.portfolio
        portfolio.adopt(
            difference.instrument_id,
            difference.quantity,
            difference.price or Decimal(0),
            reason,
            ts=self._clock.now() + self._link.venue_offset,
        )
        self._tracker.note_positions()

    # Later.

    async def _compare(self) -> None:
        """Look whether everything is still as the venue has it, and how much may still be sent."""
        await self._asker.ask(self._trading.ask_usage())
        await self._fills.read()
        await self._fills.read_fundings()
        await self._take_open_orders()
        is_explained = await self._explain_positions()
        refused = self._refused()
        if refused:
            self._close(refused_orders(refused))
        elif is_explained:
            self._open()
