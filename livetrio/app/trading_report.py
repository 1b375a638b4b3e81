"""TradingReport: what a run did with orders, what it has, and what it left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from livetrio.app.order_desk import OrderDesk
from livetrio.app.tables import cell, count, counts, one_line, table
from livetrio.engines.trading_state import TradingState
from livetrio.model import Order
from livetrio.operations.look import name_lock

MAX_LEFT = 50
"""Orders that are listed as left; of more the number is told."""

BY_HAND = "So is the next run, until `livetrio resume`, or `livetrio run --forgive`."
AFTER_A_LOSS = (
    "The next run finds that loss, too: what was lost in a day counts until midnight UTC, "
    "a drawdown until `livetrio run --forgive`."
)
"""What ends it."""


@attrs.frozen(kw_only=True)
class OrderLeft:
    """An order that was not over at the end."""

    client_order_id: str
    venue_order_id: str | None
    instrument_id: str
    side: str
    quantity: Decimal
    filled_quantity: Decimal
    price: Decimal | None
    status: str
    """``accepted`` and the like: it rests there. ``unknown``: it may."""
    reason: str | None


@attrs.frozen(kw_only=True)
class PositionLeft:
    """What is held at the end."""

    instrument_id: str
    quantity: Decimal
    entry_price: Decimal
    unrealized_pnl: Decimal


@attrs.frozen(kw_only=True)
class TradingReport:
    """Of one run."""

    orders: Mapping[str, int]
    """How many came into each status."""
    fills: int
    left: tuple[OrderLeft, ...]
    """Orders of ours that are not over: open, or unknown."""
    positions: tuple[PositionLeft, ...]
    pnl: Decimal
    """Won or lost since the journal began, fees and funding included, open positions at their marks."""
    equity: Decimal | None
    """Of the account, as far as is known."""
    journal: str
    """The file that remembers all of it."""
    halted: str | None = None
    """Why trading is halted, if it is."""
    is_halted_by_loss: bool = False
    """Whether that is because of what was lost, which no hand ends."""
    is_flattening: bool = False
    """Whether positions are still to be closed."""
    paused: str | None = None
    """``paused by …``, if trading is."""
    locks: tuple[str, ...] = ()
    """Entry locks that hold, in words."""
    is_resumed: bool = True
    """Whether the next run begins with this journal, and so with all that holds now. The journal of a local
    exchange, which is gone with the run, is set aside."""


def build_trading_report(desk: OrderDesk) -> TradingReport:
    """The report so far, or in all."""
    tracker = desk.tracker
    cache = tracker.cache
    return TradingReport(
        orders={name: number for name, number in sorted(tracker.counts.items()) if name != "fills"},
        fills=tracker.counts["fills"],
        left=tuple(_left(each) for each in desk.left()),
        positions=tuple(
            PositionLeft(
                instrument_id=each.instrument_id,
                quantity=each.quantity,
                entry_price=each.entry_price,
                unrealized_pnl=each.unrealized_pnl,
            )
            for each in cache.get_all_positions()
        ),
        pnl=desk.portfolio.pnl(),
        equity=cache.get_account_equity(),
        journal=str(desk.keeper.journal.path),
        halted=desk.risk.reason if desk.risk.state is TradingState.HALTED else None,
        is_halted_by_loss=desk.kill_switch.breach is not None,
        is_flattening=desk.kill_switch.is_flattening,
        paused=desk.pause.reason,
        locks=tuple(map(name_lock, desk.risk.locks())),
    )


def _left(order: Order) -> OrderLeft:
    return OrderLeft(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        instrument_id=order.instrument_id,
        side=order.side.value,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        price=order.price,
        status=order.status.value,
        reason=order.reason,
    )


def render_trading(report: TradingReport) -> list[str]:
    """Lines for people."""
    lines = ["", f"Orders: {counts(report.orders) or 'none'}. Fills: {count(report.fills)}."]
    equity = "" if report.equity is None else f" Equity: {money(report.equity)}."
    lines.append(f"Profit since the journal began: {money(report.pnl)}, fees included.{equity}")
    lines += _render_holds(report)
    lines += _render_positions(report.positions)
    lines += _render_left(report.left)
    return lines


def _render_holds(report: TradingReport) -> list[str]:
    """What keeps orders in, and what ends it."""
    lines = []
    if report.halted is not None:
        end = AFTER_A_LOSS if report.is_halted_by_loss else BY_HAND
        lines.append(_with(f"Trading is halted: {one_line(report.halted)}.", end, report))
    if report.is_flattening:
        lines.append(_with("Positions are still to be closed.", "The next run goes on with it.", report))
    if report.paused is not None:
        lines.append(_with(f"Trading is {one_line(report.paused)}.", BY_HAND, report))
    lines += [f"Entries are locked of {each}." for each in report.locks]
    if report.locks and report.is_resumed:
        lines.append("The next run keeps the locks; what ends them before is `livetrio run --forgive`.")
    return lines


def _with(words: str, end: str, report: TradingReport) -> str:
    return f"{words} {end}" if report.is_resumed else words


def _render_positions(positions: Sequence[PositionLeft]) -> list[str]:
    if not positions:
        return ["No positions."]
    rows = [
        (cell(each.instrument_id), str(each.quantity), f"{each.entry_price:f}", money(each.unrealized_pnl))
        for each in positions
    ]
    return table(("position", "quantity", "entry", "open profit"), rows, left=1)


def _render_left(left: Sequence[OrderLeft]) -> list[str]:
    if not left:
        return ["No orders are left."]
    rows = [
        (
            each.client_order_id,
            cell(each.instrument_id),
            each.side,
            each.status,
            str(each.quantity),
            str(each.filled_quantity),
            "-" if each.price is None else f"{each.price:f}",
        )
        for each in left[:MAX_LEFT]
    ]
    head = ("order left", "instrument", "side", "status", "quantity", "filled", "price")
    more = [f"  … and {count(len(left) - MAX_LEFT)} more"] if len(left) > MAX_LEFT else []
    return [*table(head, rows, left=4), *more]


def money(amount: Decimal) -> str:
    """To the cent; for people, the journal has every digit."""
    return f"{amount:,.2f}"
