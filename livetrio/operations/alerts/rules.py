"""Rules: what is looked for in a view, and in what words it is told.

A rule is a plain function from what is seen to findings: what is so *now*. For how long it has to be so, how
often it is told, and that it is over is the `watcher`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import attrs

from livetrio.durations import format_duration
from livetrio.model import SlowEvent
from livetrio.operations.alerts.config import AlertConfig, Level
from livetrio.operations.view import ConnectionView, GateView, OrderView, TradingView, View

MAX_NAMES = 5
"""Named in one line; of more, how many."""


@attrs.frozen(kw_only=True)
class Sight:
    """What is seen at one moment."""

    view: View
    before: View | None = None
    """The one before; None: this is the first."""
    best_pnl: Decimal | None = None
    """The best since the engine started; None: there is none."""
    lag: float = 0.0
    """Seconds by which the look came late."""
    slow: SlowEvent | None = None
    """What held the loop last, where that is measured."""
    has_ended: bool = False
    """Whether it is the last look: strategies have left, and orders have been seen to."""


@attrs.frozen
class Finding:
    """Something that is so."""

    thing: str
    """Of which thing: what is so of one is told, and is over, by itself."""
    words: str
    """What is so of it."""
    does: str
    """What the engine does about it."""
    held: float | None = None
    """Seconds for which it has been so, where that is known."""
    level: Level | None = None
    """Where it is worse than usual."""


Find = Callable[[Sight, AlertConfig], Iterable[Finding]]


@attrs.frozen(kw_only=True)
class Rule:
    """What one rule looks for."""

    title: str
    level: Level
    find: Find
    over: str | None = None
    """The title when it is over; None: it is nothing that ends."""
    over_words: str = "is over"
    """What is told then, with after how long."""
    has_duration: bool = False
    """Whether since when is worth telling."""
    at_stop: bool = False
    """Whether it is looked for while the engine stops, too, when gates and connections close anyway."""


def _unknown_orders(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    for order in _trading_orders(sight.view):
        if order.status == "unknown":
            yield Finding(
                order.client_order_id,
                f"{_describe(order)} is UNKNOWN ({order.reason or 'no answer'})",
                "Its size stays reserved, it is not sent again, and the venue is asked until there is proof.",
                order.since,
            )


def _closed_gates(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    for gate in () if sight.view.trading is None else sight.view.trading.gates:
        if not gate.is_open:
            reasons = "; ".join(each.partition(" (since")[0] for each in gate.reasons)
            yield Finding(
                _name(gate),
                f"no orders leave: {reasons}",
                "New orders are denied with that reason until all is compared with the venue.",
                gate.closed_for,
            )


def _lost_connections(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    for each in sight.view.connections:
        if each.state != "connected":
            yield Finding(each.name, _how_it_is(each), _what_is_done(each))


def _how_it_is(connection: ConnectionView) -> str:
    attempt = f", attempt {connection.attempts}" if connection.attempts else ""
    because = f": {connection.last_error}" if connection.last_error else ""
    return f"{connection.state}{attempt}{because}"


def _what_is_done(connection: ConnectionView) -> str:
    if connection.state == "failed":
        return "It was given up, and is not tried again."
    if connection.state == "disconnected":
        return "It was told to disconnect, and is not tried."
    return "It is tried again and again."


def _stale_feeds(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    for each in sight.view.connections:
        if each.stale_feeds:
            yield Finding(
                each.name,
                f"silent: {_some(each.stale_feeds)}",
                "If everything on the connection falls silent it is rebuilt; on prices that are too old "
                "nothing is ordered.",
            )


def _day_loss(sight: Sight, alert: AlertConfig) -> Iterator[Finding]:
    trading = sight.view.trading
    if trading is not None and alert.amount is not None and trading.day_pnl <= -alert.amount:
        words = f"{-trading.day_pnl:,.2f} lost since midnight UTC, {alert.amount:,f} or more"
        yield Finding("the account", words, _what_losses_do(trading))


def _drawdown(sight: Sight, alert: AlertConfig) -> Iterator[Finding]:
    trading = sight.view.trading
    if trading is None or alert.amount is None or sight.best_pnl is None:
        return
    below = sight.best_pnl - trading.pnl
    if below >= alert.amount:
        words = f"{below:,.2f} below the best since the start, {alert.amount:,f} or more"
        yield Finding("the account", words, _what_losses_do(trading))


def _what_losses_do(trading: TradingView) -> str:
    caution = "" if trading.is_priced else " Not all that is held has a price now, so the figure is older."
    if trading.state == "halted":
        return f"Trading is halted: {trading.reason}.{caution}"
    return f"Trading goes on: only the limits of [risk] end it.{caution}"


def _halted(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    trading = sight.view.trading
    if trading is not None and trading.state == "halted":
        does = "Nothing leaves any more, and all orders are canceled."
        held = f" Held: {_some(_positions(trading))}." if trading.positions else " Nothing is held."
        yield Finding("trading", f"halted: {trading.reason}", does + held)


def _failed_strategies(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    for each in sight.view.strategies:
        if each.error is not None:
            does = "The engine stops." if sight.view.ending is not None else "The engine goes on without it."
            yield Finding(each.name, f"failed: {each.error}", does)


def _differences(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    trading = sight.view.trading
    if trading is None:
        return
    before = None if sight.before is None else sight.before.trading
    known = 0 if before is None else before.surprise_count
    fresh = trading.surprise_count - known
    for words in trading.surprises[-fresh:] if fresh > 0 else ():
        thing, _colon, rest = words.partition(": ")
        yield Finding(f"{thing}: {rest}", "", "It follows the policy of [execution]; the log says how.")


def _lag(sight: Sight, alert: AlertConfig) -> Iterator[Finding]:
    slow = sight.slow
    if slow is not None and sight.before is not None and slow.timestamp < sight.before.now:
        slow = None  # that was before
    held = max(sight.lag, 0.0 if slow is None else slow.seconds)
    if held > alert.longer_than:
        by = "the machine, or what is not measured" if slow is None else f"{slow.owner} ({slow.what})"
        words = f"the engine was held up for {format_duration(held)}, by {by}"
        yield Finding("loop", words, "What came meanwhile is read first, and silence judged afterwards.")


def _failure(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    ending = sight.view.ending
    if ending is not None and ending.is_failure:
        does = "It stops: strategies end, and their orders are seen to."
        yield Finding("engine", f"failed: {ending.message or 'it is not known why'}", does)


def _stop(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    if not sight.has_ended:
        return
    view = sight.view
    reason = "" if view.ending is None else view.ending.message or view.ending.reason
    left = [each for each in _trading_orders(view) if each.strategy is not None]
    words = f"stopped after {format_duration(view.uptime)}: {reason}"
    if left:
        orders = f"{len(left)} order{' is' if len(left) == 1 else 's are'} LEFT"
        does = f"{orders}, open or unknown: {_some(map(_describe, left))}."
        yield Finding("engine", words, does, level="critical")
    elif view.trading is None:
        yield Finding("engine", words, "It took no orders.")
    else:
        held = _positions(view.trading)
        yield Finding("engine", words, f"No order is left. Held: {_some(held) if held else 'nothing'}.")


def _kill(sight: Sight, _: AlertConfig) -> Iterator[Finding]:
    trading = sight.view.trading
    if trading is not None and trading.was_killed:
        working = f" Its orders that are not over: {len(trading.orders)}." if trading.orders else ""
        yield Finding(
            "engine",
            "started again after a run that nobody ended: it was killed, or the machine went down",
            "The journal says what was on its way, and the venue is asked what became of it before anything "
            f"leaves.{working}",
        )


RULES: Mapping[str, Rule] = {
    "order_unknown": Rule(
        title="order UNKNOWN",
        level="warning",
        find=_unknown_orders,
        over="order known again",
        over_words="is known again",
        has_duration=True,
    ),
    "gate_closed": Rule(
        title="gate closed",
        level="warning",
        find=_closed_gates,
        over="gate open again",
        over_words="open again",
        has_duration=True,
    ),
    "connection_down": Rule(
        title="connection down",
        level="warning",
        find=_lost_connections,
        over="connected again",
        over_words="connected again",
        has_duration=True,
    ),
    "feed_stale": Rule(
        title="feed silent",
        level="warning",
        find=_stale_feeds,
        over="feeds speak again",
        over_words="all feeds speak again",
        has_duration=True,
    ),
    "day_loss": Rule(
        title="loss of the day",
        level="critical",
        find=_day_loss,
        over="loss of the day below the amount again",
        over_words="below the amount again",
    ),
    "drawdown": Rule(
        title="drawdown",
        level="critical",
        find=_drawdown,
        over="drawdown below the amount again",
        over_words="below the amount again",
    ),
    "trading_halted": Rule(
        title="trading halted",
        level="critical",
        find=_halted,
        over="trading is not halted any more",
        over_words="not halted any more",
    ),
    "strategy_failed": Rule(title="strategy failed", level="critical", find=_failed_strategies, at_stop=True),
    "differences": Rule(title="found what the journal does not explain", level="warning", find=_differences),
    "loop_lag": Rule(title="engine held up", level="warning", find=_lag),
    "engine_failed": Rule(title="engine failed", level="critical", find=_failure, at_stop=True),
    "engine_stopped": Rule(title="engine stopped", level="info", find=_stop, at_stop=True),
    "engine_killed": Rule(title="engine was killed", level="critical", find=_kill),
}


def _trading_orders(view: View) -> tuple[OrderView, ...]:
    return () if view.trading is None else view.trading.orders


def _describe(order: OrderView) -> str:
    price = "" if order.price is None else f" at {order.price:f}"
    whose = f" of {order.strategy}" if order.strategy else ""
    return f"{order.side} {order.quantity:f} {order.instrument_id}{price}{whose} [{order.client_order_id}]"


def _positions(trading: TradingView) -> list[str]:
    return [f"{each.quantity:f} {each.instrument_id}" for each in trading.positions if each.quantity]


def _name(gate: GateView) -> str:
    account = gate.account_id.removeprefix(f"{gate.venue}-")
    return f"{gate.venue} {account if len(account) <= 14 else f'{account[:8]}…{account[-4:]}'}"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MAX_NAMES} more" if len(listed) > MAX_NAMES else ""
    return ", ".join(listed[:MAX_NAMES]) + more
