"""The commands that read a journal: orders, and fills. An engine may be writing it meanwhile."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livetrio.app.complaints import explaining_errors
from livetrio.app.progress import progress

if TYPE_CHECKING:
    from livetrio.journal.reading import JournalCopy, RecordedFill
    from livetrio.model import Order, OrderEvent

journal_argument = click.argument("journal", type=click.Path(path_type=Path))


def _read_since(_: click.Context, __: click.Parameter, text: str | None) -> int:
    """UTC nanoseconds of an instant, or of so long ago."""
    from livetrio.clock import NANOSECONDS
    from livetrio.durations import parse_duration

    if text is None:
        return 0
    try:
        return time.time_ns() - round(parse_duration(text) * NANOSECONDS)
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            "expected an instant such as 2026-11-23 or 2026-11-23T12:00Z, or a duration such as 12h, "
            f"found {text!r}"
        ) from None
    past = instant.replace(tzinfo=instant.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return past // timedelta(microseconds=1) * 1_000


@click.command(short_help="Show the orders in JOURNAL.")
@journal_argument
@click.option("--all", "is_all", is_flag=True, help="Those that are over, too.")
@click.option("--strategy", metavar="NAME", help="Only those of one strategy.")
@click.option("--id", "order_id", metavar="ID", help="One order, by either id, with all that happened.")
@click.option("--timeline", "timed_id", metavar="ID", help="When one order came past each stage.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
def orders(
    journal: Path,
    is_all: bool,
    strategy: str | None,
    order_id: str | None,
    timed_id: str | None,
    as_json: bool,
) -> None:
    """Show the orders in JOURNAL that are not over. An engine may be writing it."""
    with explaining_errors():
        from livetrio.app.tables import one_line
        from livetrio.journal.reading import open_copy

        with progress("reading the journal") as steps, open_copy(journal) as copy:
            if timed_id is not None:
                timed = _find_order(copy, journal, timed_id)
                steps.finish()
                _show_timeline(copy, timed, as_json)
                return
            if order_id is None:
                found = copy.orders(is_working=None if is_all else True, strategy=strategy)
                steps.finish()
                _tell(map(order_row, found), as_json, "No orders." if is_all else "No orders are working.")
                return
            order = _find_order(copy, journal, order_id)
            steps.finish()
            if as_json:
                _tell([order_row(order), *map(event_row, copy.events(order.client_order_id))], True, "")
                return
            for name, value in order_row(order).items():
                click.echo(f"{name:>15}  {one_line(_text(value))}")
            click.echo()
            _tell(map(event_row, copy.events(order.client_order_id)), False, "Nothing happened to it.")


def _find_order(copy: JournalCopy, journal: Path, order_id: str) -> Order:
    from livetrio.errors import OrderNotFound

    order = copy.order(order_id) or _find_by_end(copy, order_id)
    if order is None:
        raise OrderNotFound(f"{journal} has no order {order_id}")
    return order


def _find_by_end(copy: JournalCopy, order_id: str) -> Order | None:
    """The only order whose id ends as a narrow table shows it, after an ellipsis."""
    end = order_id.removeprefix("…")
    if not end or end == order_id:
        return None
    found = [each for each in copy.orders() if each.client_order_id.endswith(end)]
    return found[0] if len(found) == 1 else None


def _show_timeline(copy: JournalCopy, order: Order, as_json: bool) -> None:
    from livetrio.operations.timelines import for_people, timeline_rows, why_not_recorded

    timeline = copy.timeline(order.client_order_id)
    if timeline is None:
        _tell([], as_json, why_not_recorded(order))
    else:
        rows = timeline_rows(order, timeline)
        _tell(rows if as_json else map(for_people, rows), as_json, "")


@click.command(short_help="Show the fills in JOURNAL.")
@journal_argument
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, every digit and every column.")
@click.option("--strategy", metavar="NAME", help="Only those of one strategy.")
@click.option(
    "--since",
    callback=_read_since,
    metavar="TIME",
    help="Only those from 2026-11-23 on (UTC), or of the last 12h.",
)
def fills(journal: Path, as_csv: bool, strategy: str | None, since: int) -> None:
    """Show every fill in JOURNAL, the oldest first. An engine may be writing it."""
    with explaining_errors():
        from livetrio.journal.reading import read_fills

        with progress("reading the journal"):
            found = [each for each in read_fills(journal, since=since) if strategy in (None, each.strategy)]
            rows = [fill_row(each) for each in found]
        if as_csv:
            _write_csv(rows)
        else:
            _tell(rows, False, "No fills.")


FILL_COLUMNS = (
    "time", "instrument", "side", "quantity", "price", "fee", "fee_currency", "liquidity", "realized_pnl",
    "strategy", "client_order_id", "venue_order_id", "fill_id", "note",
)  # fmt: skip


def order_row(order: Order) -> dict[str, Any]:
    """An order for people."""
    from livetrio.clock import format_instant

    return {
        "id": order.client_order_id,
        "venue id": order.venue_order_id,
        "strategy": order.strategy,
        "instrument": order.instrument_id,
        "side": order.side.value,
        "type": order.order_type.value,
        "quantity": order.quantity,
        "filled": order.filled_quantity,
        "price": order.price,
        "trigger": order.trigger_price,
        "terms": _terms(order),
        "average": order.average_price,
        "status": order.status.value,
        "made": format_instant(order.ts_init),
        "reason": order.reason,
    }


def _terms(order: Order) -> str | None:
    """How long it may rest and what else it may not, where that is not the usual."""
    from livetrio.model import TimeInForce

    terms = (
        (order.time_in_force.value, order.time_in_force is not TimeInForce.GTC),
        ("post-only", order.post_only),
        ("reduce-only", order.reduce_only),
    )
    return ", ".join(name for name, applies in terms if applies) or None


def event_row(event: OrderEvent) -> dict[str, Any]:
    """What happened to an order, for people."""
    from livetrio.clock import format_instant
    from livetrio.model import OrderFilled, OrderUpdated

    what = event.reason
    if isinstance(event, OrderFilled):
        fill = event.fill
        what = f"{fill.quantity:f} at {fill.price:f}, fee {fill.fee:f} {fill.fee_currency}"
    elif isinstance(event, OrderUpdated):
        what = f"{event.quantity:f} at {_text(event.price)}"
        if event.trigger_price is not None:
            what += f", trigger {event.trigger_price:f}"
    return {
        "time": format_instant(event.ts_init),
        "event": type(event).__name__.removeprefix("Order"),
        "status": event.status.value,
        "what": what,
    }


def fill_row(recorded: RecordedFill) -> dict[str, Any]:
    """A fill for people."""
    from livetrio.clock import format_instant

    fill = recorded.fill
    values = (
        format_instant(fill.ts_event), fill.instrument_id, fill.side.value, fill.quantity, fill.price,
        fill.fee, fill.fee_currency, fill.liquidity.value, fill.realized_pnl, recorded.strategy,
        fill.client_order_id, fill.venue_order_id, fill.fill_id, fill.note,
    )  # fmt: skip
    return dict(zip(FILL_COLUMNS, values, strict=True))


def _tell(rows: Iterable[Mapping[str, Any]], as_json: bool, nothing: str) -> None:
    from livetrio.app.fitting import fitted, terminal_width

    found: Sequence[Mapping[str, Any]] = list(rows)
    if as_json:
        for row in found:
            plain = {
                name.replace(" ", "_"): _text(each) if isinstance(each, Decimal) else each
                for name, each in row.items()
            }
            click.echo(json.dumps(plain, ensure_ascii=False))
    elif not found:
        click.echo(nothing)
    else:
        click.echo("\n".join(fitted(found, _text, terminal_width())))


def _write_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(FILL_COLUMNS)
    for row in rows:
        writer.writerow("" if row[name] is None else _text(row[name]) for name in FILL_COLUMNS)


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
