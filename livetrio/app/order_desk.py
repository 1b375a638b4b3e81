"""OrderDesk: all that takes care of orders in one run of the engine, put together.

    journal ── JournalKeeper ──┐
    RiskEngine ── Portfolio ───┼── OrderTracker ── ExecutionEngine ── strategies, bus
                               └── AccountService (one for each venue with an account)

Made when the engine starts, from what the journal remembers: orders that were on their way when the last run
ended are UNKNOWN until the venue has been asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import structlog
import trio

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.client_ids import ClientOrderIds
from livetrio.engines.endpoints import OrderEndpoints
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.kill_switch import KillSwitch
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.pause import Pause
from livetrio.engines.portfolio import Portfolio
from livetrio.engines.risk import RiskEngine
from livetrio.engines.risk_config import RiskConfig
from livetrio.engines.tracker import OrderTracker
from livetrio.engines.trading_state import TradingState
from livetrio.errors import AccountRefused, JournalFailed, LiveTradingError
from livetrio.journal.journal import Journal
from livetrio.journal.state import JournalState
from livetrio.model import Order, OrderStatus, Timeline
from livetrio.supervision.account import AccountService
from livetrio.supervision.http import HttpClient
from livetrio.supervision.journal_keeper import JournalKeeper
from livetrio.venues.base import StreamAddress
from livetrio.venues.trading import TradingVenue

log = structlog.get_logger()

LIMITS_INTERVAL = 1.0
"""Seconds between two looks at losses, at whether a new day has begun, and at what of orders that are not
over is to be written."""


FLATTEN_LIMIT = 2.0
"""Seconds, at the most, that a stop waits for positions to be closed if that was begun."""

DAY = 86_400_000_000_000
"""Nanoseconds."""


def _remembered_since(journal: Journal) -> int:
    """From when on fills are told apart one by one: a day before the last; older ones are known as such."""
    newest = journal.load(fills_since=2**62).last_fill_ts
    return 0 if newest is None else newest - DAY


class OrderDesk:
    """Of one run."""

    def __init__(
        self,
        bus: MessageBus,
        cache: Cache,
        journal: Journal,
        *,
        clock: Clock,
        execution: ExecutionConfig,
        risk: RiskConfig,
        forgive: bool,
        strategies: Sequence[str],
        fail: Callable[[LiveTradingError], None],
    ) -> None:
        """Begin where the journal ends.

        Args:
          forgive: end halts and entry locks of earlier runs, and let drawdowns count from now.
          fail: called when the engine has to stop, with why.
        """
        self._clock = clock
        self._fail = fail
        self.keeper = JournalKeeper(journal, on_failure=self._take_journal_failure)
        self.portfolio = Portfolio(cache, bus)
        self.risk = RiskEngine(
            risk,
            cache,
            self.portfolio,
            now=clock.now,
            on_breach=self._take_breach,
            remember=self.keeper.put,
        )
        self.portfolio.on_round_trip = self.risk.on_round_trip
        self.tracker = OrderTracker(
            bus,
            cache,
            risk=self.risk,
            portfolio=self.portfolio,
            journal=self.keeper,
            now=clock.now,
            strategies=strategies,
        )
        self.execution = ExecutionEngine(
            bus,
            cache,
            self.tracker,
            config=execution,
            now=clock.now,
            ids=ClientOrderIds(journal.journal_id, journal.run),
        )
        self.kill_switch = KillSwitch(self.execution, now=clock.now, remember=self.keeper.put)
        self.pause = Pause(self.risk, remember=self.keeper.put)
        self.accounts: list[AccountService] = []
        self._fills_since = _remembered_since(journal)
        self._state = journal.load(fills_since=self._fills_since)
        self.was_killed = self._state.was_killed
        """Whether nobody ended the run before this one."""
        self._restore(self._state)
        if forgive:
            self.risk.forgive()
            self.pause.end()
            self.kill_switch.forgive()
        self._is_stopping = False

    def _restore(self, state: JournalState) -> None:
        """Begin where the last run has ended."""
        if state.torn_bytes:
            log.warning("the journal's end was torn, and was cut off", bytes=state.torn_bytes)
        self.portfolio.restore(state.states.get("position", {}))
        self.portfolio.changed_keys()
        self.risk.restore_states(state.states)
        self.kill_switch.restore(state.states)
        self.pause.restore(state.states)
        now = self._clock.now()
        for order in state.working_orders:
            change = state.changes.get(order.client_order_id)
            before = state.filled_before.get(order.client_order_id, Decimal(0))
            timeline = state.timelines.get(order.client_order_id)
            if timeline is None and order.strategy is not None:
                timeline = Timeline(order.client_order_id, decided=order.ts_init, is_partial=True)
            tracked = self.tracker.track(order, change, filled_before=before, timeline=timeline)
            self.tracker.cache.update_order(order)
            self.risk.restore(order, change)
            if order.status is OrderStatus.PENDING:
                self.tracker.publish(tracked, tracked.deny("the last run ended before it left", now))
            elif order.status is OrderStatus.SUBMITTED:
                self.tracker.publish(tracked, tracked.lose("the last run ended before the answer came", now))
            elif order.is_inflight or order.pending_revision is not None or order.is_canceling:
                self.tracker.watch(order, "the last run ended before the answer came", 0)
        if state.working_orders:
            log.info("orders of the last run", count=len(state.working_orders), ended=state.ended or "killed")

    # What runs.

    def add_account(self, venue: TradingVenue, stream: StreamAddress, http: HttpClient) -> AccountService:
        """Take care of orders at a venue that has an account."""
        trading = venue.trading
        assert trading is not None
        trading.last_nonce = max(trading.last_nonce, self._state.last_nonce)
        account: Mapping[str, Any] | None = self._state.states.get("account", {}).get(venue.name)
        self._check_account(venue.name, trading.account_id, account)
        since = None if account is None else max(int(account["since"]), self._fills_since)
        service = AccountService(
            venue,
            trading,
            stream,
            execution=self.execution,
            keeper=self.keeper,
            clock=self._clock,
            http=http,
            known=KnownFills(self._state.fill_ids | self._state.payment_ids, since=since),
            last_fill=self._state.last_fill_ts,
            last_funding=self._state.last_funding_ts,
            health=self._health,
            refuse=lambda words: self._fail(AccountRefused(words)),
            on_journal_failure=self._take_journal_failure,
        )
        self.accounts.append(service)
        return service

    def _check_account(self, venue: str, account_id: str, known: Mapping[str, Any] | None) -> None:
        if known is not None and known["account_id"] != account_id:
            raise AccountRefused(
                f"the journal {self.keeper.journal.path} is that of {known['account_id']}, and {venue} is to "
                f"be traded with {account_id}; give this account a journal of its own"
            )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the journal, the limits and the accounts, until cancelled."""
        endpoints = OrderEndpoints(self.execution.bus, self.execution)
        endpoints.register()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.keeper.run, name="journal")
                nursery.start_soon(self._watch_limits, name="limits")
                for account in self.accounts:
                    nursery.start_soon(account.run, name=f"account {account.trading.account_id}")
                task_status.started()
        finally:
            endpoints.deregister()

    async def wait_recovered(self) -> None:
        """Wait until every account was reconciled once."""
        for account in self.accounts:
            await account.recovery.done.wait()

    async def _watch_limits(self) -> None:
        due = trio.current_time()
        while True:
            now = self._clock.now()
            self.portfolio.roll_day(now)
            self.portfolio.mark_positions(now)
            self.tracker.note_positions()
            self.tracker.note_timelines()
            self.risk.check_losses()
            self.kill_switch.look()
            due = max(due + LIMITS_INTERVAL, trio.current_time())
            await trio.sleep_until(due)

    def _health(self) -> str | None:
        """What is wrong with the engine itself, or None."""
        if self._is_stopping:
            return "the engine stops"
        return None if self.keeper.failure is None else str(self.keeper.failure)

    def _take_journal_failure(self, error: JournalFailed) -> None:
        for account in self.accounts:
            account.link.gate.close("journal", str(error), self._clock.now())
        self._fail(error)

    def _take_breach(self, reason: str) -> None:
        """More was lost than may be. A restart finds that out by itself."""
        self.kill_switch.halt(reason, flatten=self.risk.config.flatten_on_loss, is_remembered=False)

    # The kill switch.

    def halt(self, reason: str, *, flatten: bool = False) -> None:
        """Let nothing leave any more, cancel all that rests, close positions if asked to: `KillSwitch`."""
        self.kill_switch.halt(reason, flatten=flatten)

    # The end.

    def begin_stop(self) -> None:
        """No new orders from strategies' decisions that come now; what reduces still may leave,
        unless trading is halted."""
        self._is_stopping = True
        if self.risk.state is TradingState.HALTED:
            return
        self.risk.set_state(TradingState.REDUCING, "the engine stops", is_expected=True)

    async def wind_down(self) -> None:
        """Cancel our own orders, wait for the venue's word, and take the dead man's switch back.

        What the kill switch was closing comes first. The limit is the caller's. What is left afterwards,
        `left` names.
        """
        with trio.move_on_after(FLATTEN_LIMIT):
            while self.kill_switch.can_flatten:
                await self.tracker.progress().wait()
        for account in self.accounts:
            account.link.gate.close("stop", "the engine stops", self._clock.now())
        if self.execution.config.cancel_on_stop:
            for tracked in self.tracker.working():
                if tracked.order.strategy is not None:
                    self.execution.cancel_order(tracked.order.client_order_id)
            while any(each.order.strategy is not None for each in self.tracker.working()):
                await self.tracker.progress().wait()
        for account in self.accounts:
            if account.dead_man is not None:
                await account.dead_man.disarm()

    def left(self) -> list[Order]:
        """Orders of ours that are not over."""
        return [each.order for each in self.tracker.working() if each.order.strategy is not None]

    def close(self, ended: str) -> None:
        """Seal the journal.

        Raises:
          JournalFailed: it cannot be written.
        """
        self.tracker.note_timelines()
        self.keeper.journal.close(ended, now=self._clock.now())
