"""render: a view as lines of a given size. It says what is not known, and how old prices are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import attrs

from livetrio.durations import format_duration
from livetrio.operations.terminal.cells import cut, escape, width_of, wrap
from livetrio.operations.terminal.grid import Cell, Grid, tint
from livetrio.operations.terminal.tables import make_grids
from livetrio.operations.view import GateView, TradingView, View

KEPT_FOR_LOG = 6
"""Lines of the terminal that are left to the log, at least; more of one that is large."""

MOST_WARNINGS = 4
MOST_REASONS = 3
"""Lines for why a gate is closed."""

LIVES: Mapping[str, str] = {"running": "good", "starting": "warn", "stopping": "warn", "failed": "bad"}


@attrs.frozen(kw_only=True)
class Style:
    """How a view is shown."""

    colours: bool
    old_after: float
    """Seconds after which a price is shown as old."""


def render(
    view: View, size: tuple[int, int], style: Style, rates: Mapping[str, float] | None = None
) -> list[str]:
    """The lines, none of them wider than the terminal.

    Args:
      size: columns and lines of the terminal.
      rates: events a second by strategy, as far as they are known.
    """
    columns, rows = size
    width = columns - 1  # terminals differ in what they do at the last one
    room = rows - max(KEPT_FOR_LOG, rows // 3)
    if room < 1 or width < 20:
        return []
    lines = [
        _line(parts, width, style) for parts in ([("─" * width, "dim")], *_status(view, width, view.trading))
    ]
    lines = lines[:room] if room > 2 else lines[1 : 1 + room]
    grids = make_grids(view, style.old_after, rates or {})
    warnings = [] if room - len(lines) < MOST_WARNINGS else _warnings(view, width, style)
    for grid, most in _shares(grids, room - len(lines) - len(warnings)):
        lines += grid.lines(width, most, colours=style.colours)
    return lines + warnings


def _line(parts: Sequence[Cell], width: int, style: Style) -> str:
    """Parts of a line beside one another, cut where it ends."""
    line, used = "", 0
    for part in parts:
        text, tone = (part, "") if isinstance(part, str) else part
        text = cut(escape(text), width - used)
        used += width_of(text)
        line += tint(text, tone, colours=style.colours)
    return line


def _status(view: View, width: int, trading: TradingView | None) -> Iterator[Sequence[Cell]]:
    moment = datetime.fromtimestamp(view.now // 1_000_000_000, UTC)
    yield [
        ("livetrio", "bold"),
        f" {view.version}  ",
        (view.life, LIVES.get(view.life, "")),
        f" for {format_duration(max(0.0, view.uptime))}  {moment:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if trading is None:
        yield ["takes no orders"]
        return
    is_active = trading.state == "active"
    because = "" if trading.reason is None or is_active else f": {trading.reason}"
    yield [
        "trading ",
        (f"{trading.state}{because}", "good" if is_active else "bad"),
        *_pnl(trading),
    ]
    yield [*_orders(trading), *_money(trading)]
    for gate in trading.gates:
        yield from _gate(gate, width)
    for lock in trading.locks:
        yield [("entries are locked of ", "warn"), lock]


def _pnl(trading: TradingView) -> Sequence[Cell]:
    if not trading.is_priced:
        return [("  pnl not known", "warn"), f": a price is missing; by the last {signed(trading.pnl)[0]}"]
    return ["  pnl ", signed(trading.pnl), ", today ", signed(trading.day_pnl)]


def _orders(trading: TradingView) -> Sequence[Cell]:
    unknown = sum(each.status == "unknown" for each in trading.orders)
    return [
        f"orders {len(trading.orders)}",
        (f" ({unknown} UNKNOWN)" if unknown else "", "bad"),
        f", fills {trading.fills}, positions {len(trading.positions)}",
    ]


def _money(trading: TradingView) -> Sequence[Cell]:
    if not trading.accounts:
        return ["  ", ("account not known yet", "warn")]
    return [
        f"  equity {_money_of(each.equity)} {each.currency}, available {_money_of(each.available)}"
        for each in trading.accounts
    ]


def _gate(gate: GateView, width: int) -> Iterator[Sequence[Cell]]:
    if gate.is_open:
        waiting = f", {gate.waiting} waiting" if gate.waiting else ""
        yield [f"gate {gate.account_id} ", ("open", "good"), waiting]
        return
    reasons = "; ".join(gate.reasons) or "nobody says why"
    for line in wrap(escape(f"gate {gate.account_id} CLOSED: {reasons}"), width, MOST_REASONS):
        yield [(line, "bad")]


def _warnings(view: View, width: int, style: Style) -> list[str]:
    if not view.warnings:
        return []
    last = [each.splitlines()[0] if each else "" for each in view.warnings[-(MOST_WARNINGS - 1) :]]
    head = f"last warnings ({len(view.warnings)} kept)"
    return [
        _line([(head, "dim")], width, style),
        *(_line([(each, "warn")], width, style) for each in last),
    ]


def _shares(grids: Sequence[Grid], room: int) -> Iterator[tuple[Grid, int]]:
    """How many lines each may have: the first ones a head and a row, and then more in turn."""
    wanted = {at: len(grid.rows) + 1 for at, grid in enumerate(grids) if grid.rows}
    given = dict.fromkeys(wanted, 0)
    for at in wanted:
        if room >= 2:
            given[at], room = 2, room - 2
    while room > 0 and (open_ := [at for at in wanted if 0 < given[at] < wanted[at]]):
        for at in open_[:room]:
            given[at] += 1
        room -= len(open_[:room])
    for at, most in given.items():
        yield grids[at], most


def signed(amount: Decimal) -> Cell:
    """Money won or lost, to the cent."""
    return f"{amount:+,.2f}", "good" if amount > 0 else "bad" if amount < 0 else ""


def _money_of(amount: Decimal) -> str:
    return f"{amount:,.2f}"
