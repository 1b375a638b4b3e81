"""Answers: what a venue's answers, or their absence, mean for the orders they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

from livetrio.clock import Clock
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.tracker import OrderTracker
from livetrio.errors import FrameError
from livetrio.model import Order
from livetrio.venues.trading import (
    Cancel,
    Command,
    CommandResult,
    Modify,
    ScheduleCancel,
    SignedRequest,
    Submit,
    Trading,
    Verdict,
)

log = structlog.get_logger()

MILLISECOND = 1_000_000

REPORT_GRACE = 500 * MILLISECOND
"""Nanoseconds for the report of what an answer has confirmed; then it is asked for."""


class Answers:
    """Of one account. Plain calls, from whichever task has the answer."""

    def __init__(
        self,
        trading: Trading,
        *,
        tracker: OrderTracker,
        config: ExecutionConfig,
        clock: Clock,
        send_again: Callable[[Command, float], None],
        on_closed: Callable[[CommandResult], None],
        on_taken: Callable[[], None],
    ) -> None:
        """Take what to call.

        Args:
          send_again: with what was refused for now, and in how many seconds to send it.
          on_closed: with an answer that says that the venue takes such orders from nobody.
          on_taken: when it has taken one.
        """
        self.on_schedule: Callable[[CommandResult], None] = lambda _result: None
        """Told what became of each `ScheduleCancel`."""
        self._trading = trading
        self._tracker = tracker
        self._config = config
        self._clock = clock
        self._send_again = send_again
        self._on_closed = on_closed
        self._on_taken = on_taken
        self.counts: Counter[str] = Counter()
        """How many commands were answered how: by the names of verdicts, and ``lost``."""
        self._retries: dict[str, int] = {}
        """By client order id: how often it was sent again."""

    # No answer.

    def lose(self, command: Command, reason: str) -> None:
        """Nobody knows what became of a command that was sent."""
        self.counts["lost"] += 1
        if isinstance(command, ScheduleCancel):
            return
        tracked = self._tracker.get(command.order.client_order_id)
        if tracked is None:
            return
        if isinstance(command, Submit):
            self._tracker.publish(tracked, tracked.lose(reason, self._clock.now()))
        elif not tracked.order.is_closed:
            self._tracker.hasten(tracked.order, reason, 0)

    def give_back(self, command: Command, reason: str) -> None:
        """A command has not left, and will not."""
        match command:
            case Submit(order):
                self.deny(order, reason)
            case Modify():
                self.end_modification(command, reason)

    def deny(self, order: Order, reason: str) -> None:
        """An order has not left, and will not."""
        tracked = self._tracker.get(order.client_order_id)
        if tracked is None:
            return
        now = self._clock.now()
        # One that was refused for now and waits to be sent again did leave once, and is not there.
        events = tracked.deny(reason, now) or tracked.reject(reason, now)
        self._tracker.publish(tracked, events)

    def end_modification(self, command: Modify, reason: str, *, is_over: bool = False) -> None:
        """A modification was not done; with ``is_over`` the order was lost in it."""
        tracked = self._tracker.get(command.order.client_order_id)
        if tracked is not None and tracked.order.pending_revision == command.revision:
            now = self._clock.now()
            self._tracker.publish(tracked, tracked.end_modification(reason, now, is_over=is_over))

    # Answers.

    def take(self, request: SignedRequest, body: bytes) -> None:
        """Take in the answer to a request."""
        try:
            results = self._trading.read_reply(request, body)
        except FrameError as error:
            log.warning("an answer that makes no sense", because=str(error))
            for command in request.commands:
                self.lose(command, f"its answer makes no sense: {error}")
            return
        for result in results:
            self._take_result(result)

    def _take_result(self, result: CommandResult) -> None:
        self.counts[result.verdict.value] += 1
        if result.is_closed:
            self._on_closed(result)
        match result.command:
            case Submit(order):
                self._take_submit_result(order, result)
            case Cancel(order):
                self._take_cancel_result(order, result)
            case Modify():
                self._take_modify_result(result.command, result)
            case ScheduleCancel():
                self.on_schedule(result)

    def _take_submit_result(self, order: Order, result: CommandResult) -> None:
        tracked = self._tracker.get(order.client_order_id)
        if tracked is None:
            return
        now = self._clock.now()
        reason = result.reason or result.verdict.value
        if result.verdict in (Verdict.DONE, Verdict.REFUSED):
            self._tracker.acknowledge(tracked, now)
        match result.verdict:
            case Verdict.DONE:
                if not order.post_only:  # those may be taken before all others are
                    self._on_taken()
                events = tracked.accept(0, result.venue_order_id, result.filled_quantity, now)
            case Verdict.REFUSED:
                events = tracked.reject(reason, now)
            case Verdict.UNKNOWN:
                events = tracked.lose(reason, now)
            case Verdict.RETRY:
                if self._retry_later(result.command, order):
                    return
                events = tracked.reject(reason, now)
        self._retries.pop(order.client_order_id, None)
        self._tracker.publish(tracked, events)

    def _retry_later(self, command: Command, order: Order) -> bool:
        """Send it again in a while; False if that was tried often enough."""
        tries = self._retries.get(order.client_order_id, 0)
        if tries >= self._config.max_retries or order.is_closed:
            return False
        self._retries[order.client_order_id] = tries + 1
        self._tracker.watchlist.remove(order.client_order_id)
        self._send_again(command, self._config.retry_interval_ms / 1000 * 2.0**tries)
        return True

    def _take_cancel_result(self, order: Order, result: CommandResult) -> None:
        tracked = self._tracker.get(order.client_order_id)
        if tracked is None or tracked.order.is_closed:
            return
        reason = result.reason or result.verdict.value
        if result.verdict is Verdict.DONE:
            self._tracker.hasten(order, "the report of its cancellation", REPORT_GRACE)
        elif result.verdict is Verdict.RETRY:
            self._tracker.hasten(order, reason, self._config.retry_interval_ms * MILLISECOND)
        else:
            if result.verdict is Verdict.REFUSED:
                self._tracker.publish(tracked, tracked.refuse_cancel(reason, self._clock.now()))
            self._tracker.hasten(order, reason, 0)

    def _take_modify_result(self, command: Modify, result: CommandResult) -> None:
        tracked = self._tracker.get(command.order.client_order_id)
        if tracked is None:
            return
        now = self._clock.now()
        if result.verdict is Verdict.DONE:
            events = tracked.accept(command.revision, result.venue_order_id, result.filled_quantity, now)
            self._tracker.publish(tracked, events)
            return
        reason = result.reason or result.verdict.value
        if result.verdict is not Verdict.UNKNOWN:
            self.end_modification(command, reason, is_over=result.is_over)
        if not command.order.is_closed:
            self._tracker.watch(command.order, reason, 0)
