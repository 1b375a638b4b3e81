"""Reconcile: what the next start would find at the venues, and what it would do about it. Nothing is done.

Asks over HTTP, and reads a copy of the journal; so it may run while an engine does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

import attrs

from livetrio.app.config import Config
from livetrio.app.patient_asker import PatientAsker
from livetrio.app.tables import cell, table
from livetrio.app.wiring import network_dial
from livetrio.clock import Clock
from livetrio.engines.client_ids import is_ours
from livetrio.engines.execution_config import ExecutionConfig, ForeignPolicy
from livetrio.errors import UsageError
from livetrio.journal.reading import open_copy
from livetrio.model import AccountReport, Fill, FundingPayment, Order, OrderReport
from livetrio.supervision.asker import Asker
from livetrio.supervision.dial import Dial
from livetrio.supervision.fill_reader import FillReader
from livetrio.supervision.http import HttpClient
from livetrio.venues.registry import VENUES
from livetrio.venues.trading import Question, Trading, TradingVenue

DAY = 86_400_000_000_000
"""Nanoseconds: so long before the last fill fills are told apart one by one, as the engine does it."""

ZERO = Decimal(0)

_ACTIONS: Mapping[tuple[str, ForeignPolicy], str] = {
    ("order", "adopt"): "taken in as nobody's",
    ("order", "cancel"): "canceled",
    ("order", "refuse"): "nothing is traded until it is gone",
    ("position", "adopt"): "taken in as nobody's",
    ("position", "cancel"): "closed at the market",
    ("position", "refuse"): "nothing is traded until it is explained",
}


@attrs.frozen
class Finding:
    """One thing that is found."""

    what: str
    """``order 0x…``, ``position BTC-USD-PERP.HYPERLIQUID``."""
    found: str
    action: str
    """What the next start does about it."""


@attrs.frozen(kw_only=True)
class Plan:
    """Of one account."""

    account_id: str
    wrong: str | None
    """Why it cannot be traded at all, or None."""
    agreeing: int
    """Orders of which journal and venue say the same: they rest there."""
    findings: Sequence[Finding]


async def make_plans(
    config: Config,
    tell: Callable[[str], object] = lambda _words: None,
    *,
    dial: Dial | None = None,
    clock: Clock | None = None,
) -> list[Plan]:
    """What the next start would find and do, for each venue that has an account.

    Args:
      tell: called, when a venue has to be waited for, with words for people.

    Raises:
      UsageError: no venue has one that is there now.
      HttpError: a venue does not answer, or refuses to for too long.
      FrameError: what it answers makes no sense.
      JournalError: the journal cannot be read.
    """
    clock = clock or Clock.live()
    plans = []
    async with HttpClient(dial or network_dial(config.engine)) as http:
        for name, settings in config.venues.items():
            if settings.wants_local_exchange:
                continue  # it will be a new one
            venue = VENUES[name].load().make(settings)
            if venue.trading is not None:
                asker = PatientAsker(venue, venue.trading, http, clock, tell)
                plans.append(await _plan(venue, venue.trading, config, asker))
    if not plans:
        raise UsageError("no venue of this configuration has an account that is there before the start")
    return plans


async def _plan(venue: TradingVenue, trading: Trading, config: Config, asker: Asker) -> Plan:
    await asker.ask(_ask_instruments(venue))
    wrong = await asker.ask(trading.ask_identity())
    reports = await asker.ask(trading.ask_open_orders())
    account = await asker.ask(trading.ask_account())
    journal = _read_journal(config, venue.name)
    await _read_fills(journal, trading, asker)
    there = {each.client_order_id: each for each in reports if each.client_order_id is not None}
    findings = []
    for order in journal.orders:
        if order.client_order_id not in there:
            report = await asker.ask(trading.ask_order(order, order.pending_revision or order.revision))
            findings.append(_missing(order, report))
    known = {each.client_order_id for each in journal.orders}
    findings += _unknown_orders(reports, known, config.execution)
    findings += _positions(account, journal, config.execution.foreign_positions)
    agreeing = sum(each.client_order_id in there for each in journal.orders)
    return Plan(account_id=trading.account_id, wrong=wrong, agreeing=agreeing, findings=findings)


def _ask_instruments(venue: TradingVenue) -> Question[object]:
    """To ask for the list costs nothing of the budget, as in an engine: what it costs has been kept back."""
    return Question(
        requests=tuple(venue.instrument_requests()),
        weight=0,
        read=lambda answers, _: venue.load_instruments(answers),
    )


@attrs.define
class _Remembered:
    """What the journal knows of an account, and what has happened since."""

    orders: Sequence[Order] = ()
    """That are not over."""
    since: int | None = None
    """From when on fills count, UTC nanoseconds; None: the journal has not seen the account yet."""
    held: dict[str, Decimal] = attrs.field(factory=dict)
    """By instrument."""
    known: set[str] = attrs.field(factory=set)
    """Ids of the last day's fills."""
    last_fill: int | None = None
    new: dict[str, list[Fill]] = attrs.field(factory=dict)
    """Fills that it does not know, by instrument."""

    def take_fill(self, fill: Fill) -> None:
        """A trade that the venue tells of."""
        if self.since is not None and fill.ts_event > self.since and fill.fill_id not in self.known:
            self.known.add(fill.fill_id)
            self.new.setdefault(fill.instrument_id, []).append(fill)

    def take_funding(self, payment: FundingPayment) -> None:
        """Changes no position."""


def _read_journal(config: Config, venue: str) -> _Remembered:
    if not config.journal_path.exists():
        return _Remembered()
    with open_copy(config.journal_path) as journal:
        orders = [
            each
            for each in journal.orders(is_working=True)
            if each.instrument_id.endswith(f".{venue}") and each.strategy is not None
        ]
        account = journal.states("account").get(venue)
        held = {
            key: Decimal(value["quantity"])
            for key, value in journal.states("position").items()
            if "|" not in key and key.endswith(f".{venue}")
        }
        fills = [each.fill for each in journal.fills()]
    if account is None:
        return _Remembered(orders)
    last = fills[-1].ts_event if fills else None
    recent = max(int(account["since"]), 0 if last is None else last - DAY)
    return _Remembered(
        orders=orders,
        since=recent,
        held=held,
        known={each.fill_id for each in fills if each.ts_event >= recent},
        last_fill=last,
    )


async def _read_fills(journal: _Remembered, trading: Trading, asker: Asker) -> None:
    if journal.since is not None:
        reader = FillReader(trading, asker, journal)
        reader.begin(journal.last_fill or journal.since, journal.since)
        await reader.read()


def _missing(order: Order, report: OrderReport | None) -> Finding:
    what = f"order {order.client_order_id}"
    if report is None:
        return Finding(
            what, f"{order.status.value} here, not known there", "asked about until there is proof"
        )
    return Finding(
        what, f"{order.status.value} here, {report.status.value} there", "what the venue says is applied"
    )


def _unknown_orders(
    reports: Sequence[OrderReport], known: set[str], config: ExecutionConfig
) -> Iterator[Finding]:
    for report in reports:
        if report.client_order_id in known:
            continue
        is_lost = is_ours(report.client_order_id)
        policy = config.lost_orders if is_lost else config.foreign_orders
        side = "" if report.side is None else f"{report.side.value} "
        found = f"{side}{report.remaining_quantity} {report.instrument_id} at {report.price}, "
        found += "made by livetrio and not in the journal" if is_lost else "made by somebody else"
        key = report.client_order_id or report.venue_order_id
        yield Finding(f"order {key}", found, _ACTIONS["order", policy])


def _positions(account: AccountReport, journal: _Remembered, policy: ForeignPolicy) -> Iterator[Finding]:
    theirs = {str(each.instrument_id): each.quantity for each in account.positions}
    for name in sorted(theirs.keys() | journal.held.keys()):
        there, here = theirs.get(name, ZERO), journal.held.get(name, ZERO)
        fills = journal.new.get(name, [])
        traded = sum((each.side.sign * each.quantity for each in fills), ZERO)
        if there == here or "-PERP." not in name:
            continue
        found = f"{there} there, {here} here"
        if journal.since is None:
            found = f"{there} there, from before the journal begins"
        elif fills:
            found += f", {traded:+} in {len(fills)} fill{'s' if len(fills) > 1 else ''} since"
        action = "the fills are taken in" if here + traded == there else _ACTIONS["position", policy]
        yield Finding(f"position {name}", found, action)


def render_plan(plan: Plan) -> str:
    """The plan as aligned text."""
    agree = "1 order agrees" if plan.agreeing == 1 else f"{plan.agreeing} orders agree"
    lines = [f"{plan.account_id}: {agree}."]
    if plan.wrong is not None:
        lines.append(f"It cannot be traded: {plan.wrong}")
    if not plan.findings:
        lines.append("There is nothing to reconcile.")
    else:
        rows = [(cell(each.what), each.found, each.action) for each in plan.findings]
        lines += table(("what", "found", "then"), rows, left=3)
    return "\n".join(lines)
