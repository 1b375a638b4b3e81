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

from collections.abc import Callable, Sequence
from decimal import Decimal

import structlog
import trio

from livetrio.clock import Clock
from livetrio.engines.client_ids import is_ours
from livetrio.engines.difference import PositionDifference
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.tracked import TrackedOrder
from livetrio.errors import FrameError, HttpError
from livetrio.model import Order, OrderReport, OrderSide, OrderType, SubmitOrder
from livetrio.supervision.asker import Asker
from livetrio.supervision.fill_reader import FillReader
from livetrio.supervision.order_link import OrderLink
from livetrio.supervision.patrol import Patrol

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

GATE = "recovery"


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
        self._to_close: list[PositionDifference] = []
        """Positions that nobody has opened, and that are to be closed when orders may leave."""
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
        while True:
            with trio.move_on_at(due):
                await self._link.closed.wait()
            if self._link.closed.is_set():
                await trio.sleep(PROBE)
            due = max(due + interval, trio.current_time())
            try:
                await self._compare()
                self._link.reopen()
            except (HttpError, FrameError) as error:
                log.warning("the account could not be compared with the venue's", because=str(error))

    async def _recover(self) -> None:
        began = trio.current_time()
        self._link.gate.close(GATE, "what the venue has is being read", self._clock.now())
        self._link.gate.open("connection")
        self._link.venue_offset = await self._asker.insist(self._trading.ask_time()) - self._clock.now()
        await self._begin_account()
        while True:
            try:
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
        self.done.set()
        self._link.gate.open(GATE)
        self._close_positions()
        log.info(
            "reconciled",
            venue=self._venue,
            seconds=round(trio.current_time() - began, 3),
            open_orders=len(self._tracker.working(self._venue)),
        )

    async def _begin_account(self) -> None:
        """Let fills count from here on; of an account that the journal does not know, take what is there."""
        if self._tracker.has_begun(self._venue):
            return
        wrong = await self._asker.insist(self._trading.ask_identity())
        if wrong is not None:
            self._refuse(f"{self._trading.account_id} cannot be traded: {wrong}")
            await trio.sleep_forever()  # the engine stops
        if self._known.since is None:
            report = await self._asker.insist(self._trading.ask_account())
            self._known.since = report.ts_event
            self._tracker.note_account(self._venue, self._trading.account_id, report.ts_event)
            for difference in self._tracker.portfolio.apply_account(report):
                self._adopt(difference, "it was there when the journal began")
        since = self._known.since
        self._fills.begin(self._last_fill or since, self._last_funding or since)
        self._tracker.begin_account(self._venue, self._known)

    async def _take_open_orders(self) -> None:
        """Hear what rests at the venue, and see to what should and does not."""
        asked = self._clock.now()
        reports = await self._asker.ask(self._trading.ask_open_orders())
        there = set()
        for report in reports:
            there.add(report.client_order_id)
            there.add(report.venue_order_id)
            self._tracker.take_report(report)
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
        config = self._config
        policy = config.lost_orders if is_ours(tracked.order.client_order_id) else config.foreign_orders
        if policy == "cancel" and not tracked.order.is_canceling:
            self._execution.cancel_order(tracked.order.client_order_id)

    def _is_foreign(self, order: Order) -> bool:
        return order.ts_submitted is None and order.is_open

    def _refused(self) -> list[Order]:
        """Orders because of which nothing is traded."""
        config = self._config
        return [
            each.order
            for each in self._tracker.working(self._venue)
            if self._is_foreign(each.order)
            and (config.lost_orders if is_ours(each.order.client_order_id) else config.foreign_orders)
            == "refuse"
        ]

    async def _settle_orders(self) -> None:
        """Wait until nothing is unknown and no fill is missing; patrol, which runs beside, sees to it."""
        look_again = trio.current_time() + LOOK_AGAIN
        while (refused := self._refused()) or self._unsettled():
            if trio.current_time() >= look_again:  # what was settled there unheard of is found like this
                await self._take_open_orders()
                look_again = trio.current_time() + LOOK_AGAIN
            progress = self._tracker.progress()
            if refused:
                words = f"{len(refused)} orders at the venue are nobody's, first {refused[0].client_order_id}"
                self._link.gate.close("foreign", words, self._clock.now())
            with trio.move_on_after(SETTLE):  # what is looked at without news changes nothing that is told
                await progress.wait()
        self._link.gate.open("foreign")

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
        if not differences:
            self._link.gate.open("positions")
            return True
        policy = self._config.foreign_positions
        if policy == "refuse":
            words = "; ".join(map(str, differences))
            self._link.gate.close("positions", f"no fill explains a position: {words}", self._clock.now())
            return False
        for difference in differences:
            self._adopt(difference, "no fill explains it")
            if policy == "cancel":
                self._to_close.append(difference)
        return True

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

    def _close_positions(self) -> None:
        """Close what nobody has opened, as the policy wants it."""
        while self._to_close:
            difference = self._to_close.pop()
            order = self._execution.submit_order(
                SubmitOrder(
                    instrument_id=difference.instrument_id,
                    side=OrderSide.SELL if difference.quantity > 0 else OrderSide.BUY,
                    quantity=abs(difference.quantity),
                    order_type=OrderType.MARKET,
                    reduce_only=True,
                )
            )
            log.warning(
                "closing a position that nobody has opened", order=order.client_order_id, because=order.reason
            )

    # Later.

    async def _compare(self) -> None:
        """Look whether everything is still as the venue has it, and how much may still be sent."""
        await self._asker.ask(self._trading.ask_usage())
        await self._fills.read()
        await self._fills.read_fundings()
        await self._take_open_orders()
        if await self._explain_positions():
            self._close_positions()
