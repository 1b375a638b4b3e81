"""Watcher: from what is so to what is told: if it is so for long enough, not too often, and when it is over.

It is given a view now and then, and returns messages; it waits for nothing, and looks at no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from livetrio.clock import NANOSECONDS, format_instant
from livetrio.durations import format_duration
from livetrio.model import SlowEvent
from livetrio.operations.alerts.config import AlertConfig, Level
from livetrio.operations.alerts.message import Message
from livetrio.operations.alerts.rules import RULES, Finding, Rule, Sight
from livetrio.operations.view import View

GATHER = 10.0
"""Seconds: what one rule has to tell after a message is gathered for so long, and told in one."""

_SEVERITY: Sequence[Level] = ("info", "warning", "critical")


@attrs.define
class _Thing:
    """What is known of one thing that a rule has found."""

    first: int
    """Since when it is so, UTC nanoseconds."""
    is_so: bool = True
    is_told: bool = False
    last_told: int | None = None


@attrs.define
class _Watch:
    """One alert, and all that it has found."""

    alert: AlertConfig
    rule: Rule
    things: dict[str, _Thing] = attrs.field(factory=dict)
    begun: list[str] = attrs.field(factory=list)
    """Lines that wait to be told."""
    over: dict[str, str] = attrs.field(factory=dict)
    """The same of what is over, by thing. If one begins again before its end is told, it has not ended."""
    level: Level = "info"
    """The worst of what waits."""
    last_sent: int | None = None


class Watcher:
    """Of one run of an engine."""

    def __init__(self, engine: str, alerts: Iterable[AlertConfig]) -> None:
        """Take the engine's name, and what to look for."""
        self._engine = engine
        self._watches = [_Watch(each, RULES[each.rule]) for each in alerts]
        self._before: View | None = None
        self._best: Decimal | None = None

    def look(
        self, view: View, *, lag: float = 0.0, slow: SlowEvent | None = None, has_ended: bool = False
    ) -> list[tuple[AlertConfig, Message]]:
        """What is to be told now, and by which alert.

        Args:
          view: how it is.
          lag: seconds by which this look comes late.
          slow: what held the loop last, where that is measured.
          has_ended: whether it is the last one.
        """
        trading = view.trading
        if trading is not None and trading.is_priced:
            self._best = trading.pnl if self._best is None else max(self._best, trading.pnl)
        sight = Sight(
            view=view, before=self._before, best_pnl=self._best, lag=lag, slow=slow, has_ended=has_ended
        )
        self._before = view
        messages = []
        for watch in self._watches:
            if view.ending is None or watch.rule.at_stop:
                self._take(watch, watch.rule.find(sight, watch.alert), view.now)
            messages += self._gather(watch, view.now, hurry=has_ended)
        return messages

    def _take(self, watch: _Watch, findings: Iterable[Finding], now: int) -> None:
        found = set()
        for finding in findings:
            found.add(finding.thing)
            thing = watch.things.get(finding.thing)
            if thing is None:
                thing = watch.things[finding.thing] = _Thing(now)
            elif not thing.is_so:
                thing.is_so = True
                if watch.over.pop(finding.thing, None) is None:
                    thing.is_told, thing.first = False, now
            if finding.held is not None:
                thing.first = now - round(finding.held * NANOSECONDS)
            if not thing.is_told and self._is_due(watch, thing, now):
                thing.is_told, thing.last_told = True, now
                level = finding.level or watch.alert.level or watch.rule.level
                watch.level = max(watch.level, level, key=_SEVERITY.index)
                watch.begun.append(_tell_begin(watch.rule, finding, thing, now))
        for name, thing in list(watch.things.items()):
            if name not in found:
                self._end(watch, name, thing, now)

    def _is_due(self, watch: _Watch, thing: _Thing, now: int) -> bool:
        if watch.rule.has_duration and now - thing.first <= watch.alert.longer_than * NANOSECONDS:
            return False
        return not _is_recent(thing.last_told, watch.alert.every_ms / 1000, now)

    def _end(self, watch: _Watch, name: str, thing: _Thing, now: int) -> None:
        if thing.is_so and thing.is_told and watch.rule.over is not None:
            after = format_duration((now - thing.first) / NANOSECONDS)
            watch.over[name] = f"{name}: {watch.rule.over_words} after {after}."
        thing.is_so = False
        if name not in watch.over and not _is_recent(thing.last_told, watch.alert.every_ms / 1000, now):
            del watch.things[name]

    def _gather(self, watch: _Watch, now: int, *, hurry: bool) -> list[tuple[AlertConfig, Message]]:
        if not (watch.begun or watch.over) or (_is_recent(watch.last_sent, GATHER, now) and not hurry):
            return []
        message = Message(
            engine=self._engine,
            rule=watch.alert.rule,
            level=watch.level,
            title=watch.rule.title if watch.begun else watch.rule.over or watch.rule.title,
            lines=(*watch.begun, *watch.over.values()),
            is_over=not watch.begun,
            ts=now,
        )
        watch.begun, watch.over, watch.level, watch.last_sent = [], {}, "info", now
        return [(watch.alert, message)]


def _tell_begin(rule: Rule, finding: Finding, thing: _Thing, now: int) -> str:
    """``HYPERLIQUID 0x12…: no orders leave: …, since 02:13:05 UTC (45.2s). New orders are denied …``"""
    since = ""
    if rule.has_duration:
        time = format_instant(thing.first)[11:19]
        since = f", since {time} UTC ({format_duration((now - thing.first) / NANOSECONDS)})"
    words = f"{finding.thing}: {finding.words}" if finding.words else finding.thing
    return f"{words}{since}. {finding.does}"


def _is_recent(then: int | None, seconds: float, now: int) -> bool:
    return then is not None and now - then < seconds * NANOSECONDS
