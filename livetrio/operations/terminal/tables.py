"""Tables of the live view: connections, strategies, positions, orders, quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from livetrio.durations import format_delay, format_duration
from livetrio.operations.terminal.grid import Cell, Grid
from livetrio.operations.view import (
    ConnectionView,
    OrderView,
    PositionView,
    QuoteView,
    StrategyView,
    View,
)

UNKNOWN = "?"
"""It is not known."""

NONE = "-"
"""There is none."""

BEHIND = 0.5
"""Seconds of lag from which on a strategy is shown as behind."""

STATES: Mapping[str, str] = {"connected": "good", "running": "good", "ended": "dim", "failed": "bad"}


def make_grids(view: View, old_after: float, rates: Mapping[str, float]) -> Sequence[Grid]:
    """All of them, in the order in which they are shown."""
    trading = view.trading
    orders = () if trading is None else sorted(trading.orders, key=lambda each: each.status != "unknown")
    return (
        Grid(
            "connection",
            ("state", "heard", "latency", "reconnects", "messages", "stale feeds", "last error"),
            [_connection(each) for each in view.connections],
            left=2,
        ),
        Grid(
            "strategy",
            ("state", "events/s", "per event", "waiting", "lag", "lost", "orders", "pnl", "errors"),
            [_strategy(each, rates.get(each.name)) for each in view.strategies],
            left=2,
        ),
        Grid(
            "position",
            ("quantity", "entry", "mark", "open pnl", "won", "liquidation"),
            [_position(each) for each in (() if trading is None else trading.positions)],
        ),
        Grid(
            "order",
            ("side", "quantity", "price", "status", "age", "filled", "strategy", "id"),
            [_order(each) for each in orders],
            left=2,
        ),
        Grid(
            "quote",
            ("bid", "ask", "age", "bid size", "ask size"),
            [_quote(each, old_after) for each in view.quotes],
        ),
    )


def _connection(each: ConnectionView) -> Sequence[Cell]:
    again = f", {each.attempts} tries" if each.attempts else ""
    faults = sum(each.faults.values())
    error = each.last_error or (f"{faults} garbled" if faults else NONE)
    return (
        each.name,
        (each.state + again, STATES.get(each.state, "bad")),
        ("never", "warn") if each.age is None else f"{format_duration(each.age)} ago",
        UNKNOWN if each.latency_ms is None else f"{each.latency_ms:.1f} ms",
        f"{each.reconnects:,}",
        f"{each.messages:,}",
        (f"{len(each.stale_feeds)} of {each.feeds}", "warn") if each.stale_feeds else NONE,
        (error, "warn" if error != NONE else ""),
    )


def _strategy(each: StrategyView, rate: float | None) -> Sequence[Cell]:
    lost = each.dropped + each.conflated
    return (
        each.name,
        (each.state, STATES.get(each.state, "warn")),
        UNKNOWN if rate is None else f"{rate:,.1f}",
        UNKNOWN if each.per_event_us is None else f"{each.per_event_us:,.0f} µs",
        (f"{each.queued:,}", "warn" if each.queued > 100 else ""),
        (NONE if not each.lag else format_delay(each.lag), "warn" if each.lag > BEHIND else ""),
        (f"{lost:,}", "warn" if lost else ""),
        f"{each.orders:,}",
        NONE if each.pnl is None else f"{each.pnl:+,.2f}",
        (each.error or f"{each.errors:,}", "bad" if each.errors or each.error else ""),
    )


def _position(each: PositionView) -> Sequence[Cell]:
    return (
        each.instrument_id,
        f"{each.quantity:+f}",
        f"{each.entry_price:f}",
        (UNKNOWN, "warn") if each.mark_price is None else f"{each.mark_price:f}",
        (UNKNOWN, "warn") if each.mark_price is None else _signed(each.unrealized_pnl),
        _signed(each.realized_pnl),
        NONE if each.liquidation_price is None else f"{each.liquidation_price:f}",
    )


def _order(each: OrderView) -> Sequence[Cell]:
    is_unknown = each.status == "unknown"
    status = f"UNKNOWN for {format_duration(each.since)}" if is_unknown else each.status
    if each.is_canceling:
        status += ", canceling"
    price = each.price if each.trigger_price is None else each.trigger_price
    return (
        each.instrument_id,
        each.side,
        f"{each.quantity:f}",
        each.order_type if price is None else f"{price:f}",
        (status, "bad" if is_unknown else ""),
        format_duration(each.age),
        f"{each.filled_quantity:f}",
        each.strategy or NONE,
        each.client_order_id,
    )


def _quote(each: QuoteView, old_after: float) -> Sequence[Cell]:
    is_old = each.age > old_after
    age = format_duration(each.age)
    tone = "dim" if is_old else ""
    return (
        each.instrument_id,
        (_number(each.bid_price), tone),
        (_number(each.ask_price), tone),
        (f"OLD {age}", "warn") if is_old else age,
        (_number(each.bid_size), tone),
        (_number(each.ask_size), tone),
    )


def _number(number: Decimal | None) -> str:
    return NONE if number is None else f"{number:f}"


def _signed(amount: Decimal) -> Cell:
    return f"{amount:+,.2f}", "good" if amount > 0 else "bad" if amount < 0 else ""
