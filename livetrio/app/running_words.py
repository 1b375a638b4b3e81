"""What a running engine says of itself, in words: `livetrio status`, `positions` and `tree`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from livetrio.app.tables import cell, one_line, table
from livetrio.durations import format_delay, format_duration

WARNINGS = 5
"""The last ones, that are shown."""


def render_status(state: Mapping[str, Any]) -> str:
    """All that matters of ``/api/state``."""
    return "\n".join(_status(state))


def _status(state: Mapping[str, Any]) -> Iterator[str]:
    yield f"The engine is {state['life']}, for {format_duration(state['uptime'])}, since {state['started']}."
    ending = state.get("ending")
    if ending is not None:
        yield f"It stops: {one_line(ending['message'] or ending['reason'])}."
    trading = state["trading"]
    if trading is None:
        yield "It takes no orders."
    else:
        yield from _trading(trading)
    yield ""
    yield from _table(
        ("connection", "state", "last heard", "latency", "reconnects", "error"),
        [
            (
                each["name"],
                each["state"],
                _age(each["age"]),
                "-" if each["latency_ms"] is None else f"{each['latency_ms']:.1f} ms",
                str(each["reconnects"]),
                each["last_error"] or "",
            )
            for each in state["connections"]
        ],
        "No connections.",
    )
    if state["strategies"]:
        yield ""
        yield from _table(
            ("strategy", "state", "orders", "profit", "events", "lag", "errors", "error"),
            [
                (
                    each["name"],
                    each["state"],
                    str(each["orders"]),
                    "-" if each["pnl"] is None else _money(each["pnl"]),
                    f"{each['events']:,}",
                    _lag(each.get("lag")),
                    str(each["errors"]),
                    each["error"] or "",
                )
                for each in state["strategies"]
            ],
            "",
        )
    if trading is not None:
        yield ""
        yield render_positions(trading["positions"])
    if state["warnings"]:
        yield ""
        yield "Last warnings:"
        yield from (f"  {one_line(each)}" for each in state["warnings"][-WARNINGS:])


def _trading(trading: Mapping[str, Any]) -> Iterator[str]:
    reason = f": {one_line(trading['reason'])}" if trading["reason"] else ""
    yield f"Trading is {trading['state']}{reason}."
    for gate in trading["gates"]:
        why = "open" if gate["is_open"] else f"closed: {'; '.join(map(one_line, gate['reasons']))}"
        yield f"The gate of {gate['venue']} is {why}."
    for lock in trading["locks"]:
        yield f"Entries are locked: {one_line(lock)}."
    if trading.get("was_killed"):
        yield "Nobody had ended the run before this one."
    if trading.get("surprises"):
        number = trading["surprise_count"]
        yield f"Found unexplained, {number} in this run; the last: {one_line(trading['surprises'][-1])}."
    orders = trading["orders"]
    unknown = sum(each["status"] == "unknown" for each in orders)
    lost = f", {unknown} of them UNKNOWN" if unknown else ""
    yield f"Working orders: {len(orders)}{lost}. Fills: {trading['fills']}."
    stale = "" if trading["is_priced"] else " (not all that is held has a price)"
    profit = f"{_money(trading['pnl'])}, today: {_money(trading['day_pnl'])}{stale}"
    equity = [f" Equity: {_money(each['equity'])} {each['currency']}." for each in trading["accounts"]]
    yield f"Profit since the journal began: {profit}.{''.join(equity)}"


def render_positions(positions: Sequence[Mapping[str, Any]]) -> str:
    """``/api/positions``."""
    return "\n".join(
        _table(
            ("position", "quantity", "entry", "mark", "unrealized", "realized", "fees", "funding"),
            [
                (
                    each["instrument_id"],
                    each["quantity"],
                    each["entry_price"],
                    each["mark_price"] or "-",
                    _money(each["unrealized_pnl"]),
                    _money(each["realized_pnl"]),
                    _money(each["fees"]),
                    _money(each["funding"]),
                )
                for each in positions
            ],
            "No positions.",
            left=1,
        )
    )


def render_tree(tasks: Sequence[Mapping[str, Any]]) -> str:
    """``/api/tasks``: each task below its owner, and where it waits."""
    return "\n".join(
        f"{'  ' * each['depth']}{one_line(each['name'])}" + (f"  ({each['waits']})" if each["waits"] else "")
        for each in tasks
    )


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str, *, left: int = 2
) -> Iterator[str]:
    if not rows:
        yield nothing
        return
    shown = [index for index in range(len(head)) if any(row[index] for row in rows)]
    yield from table(
        [head[index] for index in shown], [[cell(row[index]) for index in shown] for row in rows], left=left
    )


def _money(amount: str) -> str:
    return f"{Decimal(amount):,.2f}"


def _lag(seconds: float | None) -> str:
    if seconds is None:  # of an engine of an earlier version
        return ""
    return format_delay(seconds) if seconds else "none"


def _age(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}s"
