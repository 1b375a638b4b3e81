"""look_at: a view of a running engine. It takes some 100 µs, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from livetrio.clock import NANOSECONDS
from livetrio.engines.locks import Lock
from livetrio.model import Account, Order, Position, Quote, ShutdownEvent
from livetrio.operations.handler_times import HandlerTimes
from livetrio.operations.lag import lag_of
from livetrio.operations.view import (
    AccountView,
    ConnectionView,
    EndingView,
    GateView,
    OrderView,
    PositionView,
    QuoteView,
    StrategyView,
    TradingView,
    View,
)
from livetrio.operations.watched import Watched, WatchedDesk
from livetrio.strategy.runner import StrategyRunner
from livetrio.supervision.account import AccountService
from livetrio.supervision.status import ConnectionStatus
from livetrio.version import __version__


def look_at(engine: Watched, warnings: Iterable[str] = (), handlers: HandlerTimes | None = None) -> View:
    """The engine as it is now, with the last lines of its log that matter, and what is measured, if it is."""
    now = engine.clock.now()
    desk = engine.desk
    return View(
        version=__version__,
        now=now,
        started=engine.started_at,
        life=engine.life,
        connections=tuple(_connection(each, now) for each in engine.connection_status()),
        quotes=tuple(_quote(each, now) for each in engine.cache.get_all_quotes()),
        strategies=tuple(_strategy(each, desk, now, handlers) for each in engine.runners),
        trading=None if desk is None else _trading(desk, now),
        refused=dict(engine.refused),
        warnings=tuple(warnings),
        ending=None if engine.shutdown is None else _ending(engine.shutdown),
    )


def _ending(shutdown: ShutdownEvent) -> EndingView:
    return EndingView(reason=shutdown.reason.value, message=shutdown.message)


def _connection(status: ConnectionStatus, now: int) -> ConnectionView:
    last = status.last_message_time
    return ConnectionView(
        name=status.name,
        endpoint=status.endpoint,
        state=status.state.value,
        age=None if last is None else _seconds(now - last),
        latency_ms=status.latency_ms,
        reconnects=max(0, status.generation - 1),
        attempts=status.reconnect_attempts,
        messages=status.messages_received,
        uptime=status.uptime,
        feeds=len(status.feeds),
        stale_feeds=tuple(map(str, status.stale_feeds)),
        faults=dict(status.faults),
        last_error=status.last_error,
    )


def _quote(quote: Quote, now: int) -> QuoteView:
    return QuoteView(
        instrument_id=quote.instrument_id,
        bid_price=quote.bid_price,
        bid_size=quote.bid_size,
        ask_price=quote.ask_price,
        ask_size=quote.ask_size,
        age=_seconds(now - quote.ts_init),
    )


def _strategy(
    runner: StrategyRunner, desk: WatchedDesk | None, now: int, handlers: HandlerTimes | None
) -> StrategyView:
    counts = runner.counts()
    handled = runner.events
    return StrategyView(
        name=runner.name,
        state=runner.state.value,
        events=counts.received,
        per_event_us=runner.time_spent / handled * 1e6 if handled else None,
        queued=runner.context.waiting(),
        lag=lag_of(runner, now, handlers),
        dropped=counts.dropped,
        conflated=counts.conflated,
        errors=runner.errors,
        error=None if runner.error is None else f"{type(runner.error).__name__}: {runner.error}",
        orders=0
        if desk is None
        else sum(each.order.strategy == runner.name for each in desk.tracker.working()),
        pnl=None if desk is None else desk.portfolio.pnl(runner.name),
    )


def _trading(desk: WatchedDesk, now: int) -> TradingView:
    cache, risk, tracker = desk.tracker.cache, desk.risk, desk.tracker
    account = cache.get_default_account()
    return TradingView(
        state=risk.state.value,
        reason=risk.reason,
        gates=tuple(_gate(each, now) for each in desk.accounts),
        orders=tuple(show_order(each.order, now) for each in tracker.working()),
        counts={name: number for name, number in sorted(tracker.counts.items()) if name != "fills"},
        fills=tracker.counts["fills"],
        positions=tuple(_position(each) for each in cache.get_all_positions()),
        accounts=() if account is None else (_account(account),),
        pnl=desk.portfolio.pnl(),
        day_pnl=desk.portfolio.day_pnl(),
        is_priced=desk.portfolio.is_priced(),
        locks=tuple(map(name_lock, risk.locks())),
        journal=str(desk.keeper.journal.path),
        surprises=tuple(desk.portfolio.surprises),
        surprise_count=desk.portfolio.surprises.count,
        was_killed=desk.was_killed,
    )


def _gate(account: AccountService, now: int) -> GateView:
    gate = account.link.gate
    return GateView(
        venue=account.venue.name,
        account_id=account.trading.account_id,
        is_open=gate.is_open,
        reasons=tuple(_reasons(account, now)),
        waiting=account.link.waiting,
        closed_for=None if gate.is_open or not gate.closed_since else _seconds(now - gate.closed_since),
    )


def _reasons(account: AccountService, now: int) -> Iterator[str]:
    for closed in account.link.gate.reasons.values():
        yield f"{closed.words} (since {_seconds(now - closed.since):.1f} s)" if closed.since else closed.words


def show_order(order: Order, now: int) -> OrderView:
    """An order as it is now."""
    return OrderView(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        instrument_id=order.instrument_id,
        strategy=order.strategy,
        side=order.side.value,
        order_type=order.order_type.value,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        price=order.price,
        trigger_price=order.trigger_price,
        status=order.status.value,
        is_canceling=order.is_canceling,
        reason=order.reason,
        age=_seconds(now - order.ts_init),
        since=_seconds(now - order.ts_event),
    )


def _position(position: Position) -> PositionView:
    return PositionView(
        instrument_id=position.instrument_id,
        quantity=position.quantity,
        entry_price=position.entry_price,
        mark_price=position.mark_price,
        liquidation_price=position.liquidation_price,
        unrealized_pnl=position.unrealized_pnl,
        realized_pnl=position.realized_pnl,
        fees=position.fees,
        funding=position.funding,
    )


def _account(account: Account) -> AccountView:
    return AccountView(
        account_id=account.account_id,
        currency=account.currency,
        equity=account.equity,
        balance=account.balance,
        available=account.available,
        margin_used=account.margin_used,
    )


def name_lock(lock: Lock) -> str:
    """An entry lock in words: whose, until when, and why."""
    whose = lock.instrument_id or lock.strategy or "all"
    until = datetime.fromtimestamp(lock.until / NANOSECONDS, UTC)
    return f"{whose}, until {until:%Y-%m-%d %H:%M:%S} UTC: {lock.reason}"


def _seconds(nanoseconds: int) -> float:
    return max(0, nanoseconds) / NANOSECONDS
