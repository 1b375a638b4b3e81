"""Account: whether key, account and money belong together, and how much may be sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import trio

from livetrio.app.account_lock import account_locks
from livetrio.app.config import Config
from livetrio.app.doctor.check import FAILED, OK, WARNING, Check
from livetrio.app.doctor.network import PATIENCE, advise
from livetrio.clock import NANOSECONDS, Clock
from livetrio.durations import format_duration
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import AccountInUse, FrameError, HttpError
from livetrio.supervision.asker import Asker
from livetrio.venues.trading import Trading, TradingVenue

SOON = 7 * 86_400
"""Seconds: a key that ends within them is to be replaced."""

USED = 0.9
"""The part of an allowance from which on a word is in place."""

A_DAY = 86_400
"""Seconds that an allowance should last at least, for who quotes day and night."""

Found = Awaitable[Check]


@attrs.frozen(kw_only=True)
class Pace:
    """How fast orders may be placed and modified, by the configuration."""

    per_second: Decimal
    source: str
    """The setting that says so."""
    is_declared: bool
    """Whether somebody has chosen it: the default is a limit that nobody means to reach."""


def pace_of(config: Config) -> Pace:
    """Of all strategies together: what each of them may do, or what the account may."""
    risk = config.risk
    limits = [risk.strategies.get(str(each.name)) for each in config.strategies]
    rates = [each.max_order_rate for each in limits if each is not None and each.max_order_rate is not None]
    together = sum(rates, Decimal(0))
    if config.strategies and len(rates) == len(config.strategies) and together <= risk.max_order_rate:
        return Pace(per_second=together, source="the strategies' max_order_rate", is_declared=True)
    is_declared = risk.max_order_rate != RiskConfig().max_order_rate
    return Pace(per_second=risk.max_order_rate, source="[risk] max_order_rate", is_declared=is_declared)


async def check_account(
    venue: TradingVenue, trading: Trading, asker: Asker, clock: Clock, pace: Pace, locks: Path
) -> list[Check]:
    """All about it. Nothing is changed there."""
    parts: Mapping[str, Callable[[], Found]] = {
        "account": lambda: _check_identity(trading, asker),
        "key": lambda: _check_key(venue, trading, asker, clock, locks),
        "key's end": lambda: _check_end(trading, asker, clock),
        "money": lambda: _check_money(trading, asker),
        "allowance": lambda: _check_allowance(trading, asker, pace),
    }
    checks = []
    for name, part in parts.items():
        with trio.move_on_after(PATIENCE) as limit:
            try:
                checks.append(await part())
            except (HttpError, FrameError) as error:
                checks.append(Check(name, FAILED, str(error), advise(error)))
        if limit.cancelled_caught:
            checks.append(Check(name, FAILED, f"no answer in {PATIENCE:g} s", "see the venue's status page"))
    checks.append(_check_rate(trading, pace))
    return checks


async def _check_identity(trading: Trading, asker: Asker) -> Check:
    wrong = await asker.ask(trading.ask_identity())
    if wrong is not None:
        return Check("account", FAILED, wrong, "until then no order can leave")
    return Check("account", OK, f"{trading.account_id}: the key may act for it, and there is money")


async def _check_key(venue: TradingVenue, trading: Trading, asker: Asker, clock: Clock, locks: Path) -> Check:
    """The venue is asked to do nothing, with a signature."""
    with ExitStack() as stack:
        try:
            stack.enter_context(account_locks([venue], locks))
        except AccountInUse as error:
            return Check("key", WARNING, f"not tried: {error}", "the engine that runs has proved it")
        wrong = await asker.ask(trading.ask_proof(clock.now()))
    if wrong is not None:
        advice = "is it the right key, approved by the account, and for this network? is the clock right?"
        return Check("key", FAILED, f"the venue refuses what it signs: {wrong}", advice)
    return Check("key", OK, "the venue takes what it signs (a request that changes nothing)")


async def _check_end(trading: Trading, asker: Asker, clock: Clock) -> Check:
    end = await asker.ask(trading.ask_key_end())
    if end is None:
        return Check("key's end", OK, "the venue tells of none")
    left = (end - clock.now()) / NANOSECONDS
    day = f"{datetime.fromtimestamp(end / NANOSECONDS, UTC):%Y-%m-%d %H:%M} UTC"
    advice = "let the account approve a new one"
    if left <= 0:
        return Check("key's end", FAILED, f"it was an agent's until {day}", advice)
    found = f"it is an agent's until {day}, {format_duration(left)} from now"
    return Check("key's end", WARNING, found, advice) if left < SOON else Check("key's end", OK, found)


async def _check_money(trading: Trading, asker: Asker) -> Check:
    report = await asker.ask(trading.ask_account())
    found = (
        f"equity {report.equity:,.2f} {report.currency}, {report.available:,.2f} available, "
        f"{report.margin_used:,.2f} used as margin, {len(report.positions)} positions"
    )
    if report.equity > 0 and report.available <= 0:
        return Check("money", WARNING, found, "no order that needs margin would be taken; pay in, or reduce")
    return Check("money", OK, found)


async def _check_allowance(trading: Trading, asker: Asker, pace: Pace) -> Check:
    await asker.ask(trading.ask_usage())
    allowance = trading.budget.allowance
    if allowance is None:
        return Check("allowance", OK, "the venue has none")
    left = max(0, allowance.cap - allowance.used)
    found = f"{allowance.used:,} of {allowance.cap:,} actions are used"
    if not left:
        return Check(
            "allowance", FAILED, found, "trade more, or buy actions: few orders are taken until then"
        )
    lasts = left / float(pace.per_second)
    found += (
        f"; at {pace.source}, {pace.per_second:f} orders a second, the rest would last "
        f"{format_duration(lasts)} without a cancellation"
    )
    if allowance.used > USED * allowance.cap or (pace.is_declared and lasts < A_DAY):
        return Check("allowance", WARNING, found, "quote less often, trade more, or buy actions")
    return Check("allowance", OK, found)


def _check_rate(trading: Trading, pace: Pace) -> Check:
    most = trading.budget.messages_per_second
    found = f"{pace.source} is {pace.per_second:f} orders a second; the venue takes {most:.0f} requests"
    if float(pace.per_second) <= most:
        return Check("rate", OK, found)
    found += ", each of many orders where they come together; others wait"
    if not pace.is_declared:
        return Check("rate", OK, found)
    return Check("rate", WARNING, found, "quote less often, or place orders together")
