"""StrategyRunner: the task of one strategy, from start to stop, and what becomes of its errors.

A strategy of class `Strategy` is fed from its queue: wait for an event, then call handlers until the
queue is empty, then wait again. Waiting costs some microseconds, taking the next event out of the queue
a fraction of one, so bursts are handled in batches; after `BATCH` events other tasks get their turn.

Errors: what a strategy raises ends that strategy. With ``on_error = "stop"`` the engine is told and
stops in order; with ``"isolate"`` the others go on. Either way it is logged with its traceback, and
`on_stop` still runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Literal

import attrs
import structlog
import trio

from livetrio.clock import Clock
from livetrio.model import (
    Account,
    Bar,
    ConnectionEvent,
    FeedEvent,
    MarketContext,
    MidPrices,
    OrderBook,
    OrderCanceled,
    OrderFilled,
    Position,
    Quote,
    TickEvent,
    Trade,
)
from livetrio.model.order_events import ORDER_EVENTS
from livetrio.strategy.base import Strategy
from livetrio.strategy.context import Context, ReadCounts
from livetrio.supervision.nursery import lone_leaf

log = structlog.get_logger()

BATCH = 4096
"""Events handled before other tasks get their turn. More than a reader can hand over in one turn of the
loop (64 KiB of the shortest quotes are some 700), or the queue would fill although we keep up."""

HANDLERS: Mapping[type, str] = {
    Quote: "on_quote",
    Trade: "on_trade",
    OrderBook: "on_book",
    Bar: "on_bar",
    MarketContext: "on_context",
    MidPrices: "on_mids",
    TickEvent: "on_tick",
    ConnectionEvent: "on_connection",
    FeedEvent: "on_feed",
    Position: "on_position",
    Account: "on_account",
    **dict.fromkeys(ORDER_EVENTS, "on_order"),
    OrderFilled: "on_fill",
}
"""Which handler takes which event."""

StrategyFunction = Callable[[Context], Awaitable[object]]
"""A strategy written as a function, its parameters bound."""


class StrategyState(Enum):
    """Where a strategy is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class StrategyRunner:
    """Runs one strategy. Owns its context."""

    def __init__(
        self,
        *,
        strategy: Strategy | StrategyFunction,
        context: Context,
        clock: Clock,
        on_error: Literal["stop", "isolate"],
        on_failure: Callable[[StrategyRunner, Exception], None],
        stop_timeout: float,
    ) -> None:
        self.name = context.name
        self.state = StrategyState.WAITING
        self.started = trio.Event()
        """Set when `on_start` is done, or a function has been called; or when it has ended."""
        self.on_error = on_error
        self.error: Exception | None = None
        """What it raised, if it failed."""
        self.errors = 0
        self.events = 0
        """Events handled; of a function, which does that itself, 0: see `counts`."""
        self.time_spent = 0.0
        """Seconds in handlers; what an ``async def`` handler waits counts, too. Of functions: unknown, 0."""
        self._strategy = strategy
        self._context = context
        self._clock = clock
        self._on_failure = on_failure
        self._stop_timeout = stop_timeout
        self._cleanup: trio.CancelScope | None = None
        self._hurried = False

    async def run(self) -> None:
        """Run the strategy until it ends, fails, or is cancelled."""
        self.state = StrategyState.RUNNING
        with structlog.contextvars.bound_contextvars(strategy=self.name):
            try:
                await self._run_strategy()
            except* Exception as group:  # the one place where a strategy's errors meet their policy
                self._fail(group)
            finally:
                self.started.set()
                await self._stop()
                self._context.close()
                if self.state is StrategyState.RUNNING:
                    self.state = StrategyState.ENDED

    async def _run_strategy(self) -> None:
        strategy = self._strategy
        if isinstance(strategy, Strategy):
            strategy.ctx = self._context
            await _finish(strategy.on_start())
            self.started.set()
            await self._feed(strategy)
        else:
            self.started.set()
            await strategy(self._context)

    async def _feed(self, strategy: Strategy) -> None:
        """Call the strategy's handlers with what comes into its queue."""
        handlers = _handlers_of(strategy)
        timing = self._context.bus.timing
        if timing is not None:
            handlers = {kind: timing.timed(self.name, each) for kind, each in handlers.items()}
        queue = self._context.events
        receive_nowait, stopwatch = queue.receive_nowait, self._clock.stopwatch
        while True:
            event = await queue.receive()
            began = stopwatch()
            handled, left = 0, BATCH
            try:
                while True:
                    handler = handlers.get(type(event))
                    if handler is not None:
                        handled += 1
                        outcome = handler(event)
                        if outcome is not None:
                            await _finish(outcome)
                    left -= 1
                    if not left:
                        break
                    try:
                        event = receive_nowait()
                    except trio.WouldBlock:
                        break
            finally:
                queue.last_read = None
                self.events += handled
                self.time_spent += stopwatch() - began

    async def _stop(self) -> None:
        """Let the strategy clean up, whatever ended it, for as long as the limit allows."""
        if not isinstance(self._strategy, Strategy) or not hasattr(self._strategy, "ctx"):
            return
        with trio.move_on_after(0 if self._hurried else self._stop_timeout, shield=True) as limit:
            self._cleanup = limit
            try:
                await _finish(self._strategy.on_stop())
            except* Exception as group:  # a strategy's error meets its policy here as well
                self._fail(group)
        if limit.cancelled_caught:
            self.errors += 1
            log.error("on_stop was cut short", limit=self._stop_timeout)

    def hurry(self) -> None:
        """Cut the clean-up short, now or when it begins."""
        self._hurried = True
        self._context.hurry()
        if self._cleanup is not None:
            self._cleanup.cancel("hurry")

    def _fail(self, group: ExceptionGroup[Exception]) -> None:
        """Take what the strategy raised: one error, or several where it has a nursery of its own."""
        error = lone_leaf(group)
        assert isinstance(error, Exception)
        self.errors += 1
        self.state = StrategyState.FAILED
        if self.error is None:
            self.error = error
        log.error("strategy failed", on_error=self.on_error, exc_info=error)
        self._on_failure(self, error)

    def counts(self) -> ReadCounts:
        """What it has read so far; of a class, ``received`` are the events that it has a handler for."""
        if not isinstance(self._strategy, Strategy):
            return self._context.counts()
        return attrs.evolve(ReadCounts.of(self._context.events), received=self.events)

    @property
    def context(self) -> Context:
        """The strategy's context."""
        return self._context


def _handlers_of(strategy: Strategy) -> dict[type, Callable[[Any], Any]]:
    """The handlers that the strategy has written itself. Fills are an order's events, too."""
    handlers = {
        kind: getattr(strategy, name)
        for kind, name in HANDLERS.items()
        if getattr(type(strategy), name) is not getattr(Strategy, name)
    }
    if OrderFilled not in handlers and OrderCanceled in handlers:
        handlers[OrderFilled] = handlers[OrderCanceled]
    return handlers


async def _finish(outcome: object) -> None:
    """Await what a handler returned, if it is to be awaited."""
    if inspect.isawaitable(outcome):
        await outcome
