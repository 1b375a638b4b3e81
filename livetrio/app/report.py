"""Report: what a run did, for the people who read it in the morning.

`build_report` takes it from the engine's parts, `render_report` writes it for people, `report_to_dict`
for machines. A report is a value: what comes later does not change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from livetrio.app.order_desk import OrderDesk
from livetrio.app.tables import cell, count, counts, one_line, table
from livetrio.app.trading_report import TradingReport, build_trading_report, render_trading
from livetrio.bus import MessageBus
from livetrio.clock import NANOSECONDS, format_instant
from livetrio.durations import format_duration
from livetrio.model import ShutdownEvent, ShutdownReason
from livetrio.strategy.runner import StrategyRunner
from livetrio.supervision.status import ConnectionStatus

MAX_TOPICS = 20
"""Topics that `render_report` lists, the busiest; a venue has thousands."""


@attrs.frozen(kw_only=True)
class ConnectionReport:
    """What one connection did."""

    name: str
    endpoint: str
    state: str
    """When the report was made."""
    uptime: float
    """Seconds in sessions, all together."""
    sessions: int
    reconnects: int
    """Sessions after the first."""
    messages: int
    age: float | None
    """Seconds from the last message to the end; None where none came."""
    latency_ms: float | None
    """Heartbeat there and back, the last one answered."""
    faults: Mapping[str, int]
    """Messages that made no sense, by kind."""
    last_error: str | None


@attrs.frozen(kw_only=True)
class StrategyReport:
    """What one strategy did."""

    name: str
    state: str
    events: int
    """Events handled."""
    time_spent: float
    """Seconds in its handlers; 0 for a function, whose time is its own."""
    errors: int
    dropped: int
    """Market data that it was too slow for."""
    conflated: int
    """Replaced by newer data before it was read."""


@attrs.frozen(kw_only=True)
class TopicReport:
    """What was published on one topic."""

    topic: str
    published: int
    readers: int
    """When the report was made."""
    dropped: int
    """Events that some reader was too slow for, summed over the readers."""


@attrs.frozen(kw_only=True)
class EngineReport:
    """What a run did."""

    reason: str
    """Why it ended, in words."""
    started: int
    """UTC nanoseconds."""
    stopped: int
    """UTC nanoseconds; of a run that goes on, the moment of the report."""
    connections: tuple[ConnectionReport, ...] = ()
    strategies: tuple[StrategyReport, ...] = ()
    topics: tuple[TopicReport, ...] = ()
    dropped: int = 0
    """Events lost to readers that were too slow, strategies and others, on all topics."""
    refused: Mapping[str, int] = attrs.field(factory=dict)
    """Market data that the data engine did not believe, by reason."""
    trading: TradingReport | None = None
    """What was done with orders; None where the engine takes none."""

    @property
    def duration(self) -> float:
        """Seconds from start to stop."""
        return (self.stopped - self.started) / NANOSECONDS


def build_report(
    *,
    shutdown: ShutdownEvent | None,
    started: int,
    now: int,
    connections: Sequence[ConnectionStatus],
    runners: Sequence[StrategyRunner],
    bus: MessageBus,
    refused: Mapping[str, int],
    desk: OrderDesk | None = None,
) -> EngineReport:
    """The report of an engine's run, so far or in all; ``started`` and ``now`` are UTC nanoseconds."""
    topics = tuple(
        TopicReport(topic=each.topic, published=each.published, readers=each.readers, dropped=each.dropped)
        for each in bus.statistics()
    )
    return EngineReport(
        reason=_explain_shutdown(shutdown),
        started=started,
        stopped=now,
        connections=tuple(_report_connection(each, now) for each in connections),
        strategies=tuple(_report_strategy(each) for each in runners),
        topics=topics,
        dropped=sum(each.dropped for each in topics),
        refused=dict(refused),
        trading=None if desk is None else build_trading_report(desk),
    )


def _explain_shutdown(shutdown: ShutdownEvent | None) -> str:
    if shutdown is None:
        return "it goes on"
    match shutdown.reason, shutdown.message:
        case ShutdownReason.USER_REQUEST, message:
            return message or "it was asked to"
        case ShutdownReason.SIGNAL, message:
            return f"signal {message}" if message else "signal"
        case _, message:
            return f"error: {message}" if message else "error"


def _report_connection(status: ConnectionStatus, now: int) -> ConnectionReport:
    last = status.last_message_time
    return ConnectionReport(
        name=status.name,
        endpoint=status.endpoint,
        state=status.state.value,
        uptime=status.uptime,
        sessions=status.generation,
        reconnects=max(0, status.generation - 1),
        messages=status.messages_received,
        age=None if last is None else max(0.0, (now - last) / NANOSECONDS),
        latency_ms=status.latency_ms,
        faults=dict(status.faults),
        last_error=status.last_error,
    )


def _report_strategy(runner: StrategyRunner) -> StrategyReport:
    counts = runner.counts()
    return StrategyReport(
        name=runner.name,
        state=runner.state.value,
        events=counts.received,
        time_spent=runner.time_spent,
        errors=runner.errors,
        dropped=counts.dropped,
        conflated=counts.conflated,
    )


def report_to_dict(report: EngineReport) -> dict[str, Any]:
    """The report as plain dicts and lists, for JSON."""
    return attrs.asdict(report) | {"duration": report.duration}


def render_report(report: EngineReport) -> str:
    """The report as aligned text, without a newline at its end."""
    lines = [
        f"Ran {format_duration(report.duration)}, from {format_instant(report.started)} "
        f"to {format_instant(report.stopped)}.",
        f"Ended because: {one_line(report.reason)}",
    ]
    if report.trading is not None:
        lines += render_trading(report.trading)
    lines += _render_connections(report.connections)
    lines += _render_strategies(report.strategies)
    lines += _render_topics(report.topics)
    lines += ["", f"Lost to slow readers: {count(report.dropped)}"]
    if report.refused:
        lines.append(f"Market data refused: {counts(report.refused)}")
    return "\n".join(lines)


def _render_connections(connections: Sequence[ConnectionReport]) -> list[str]:
    if not connections:
        return ["", "No connections."]
    rows = [
        (
            cell(each.name),
            each.state,
            format_duration(each.uptime),
            count(each.reconnects),
            count(each.messages),
            "never" if each.age is None else format_duration(each.age),
            "-" if each.latency_ms is None else f"{each.latency_ms:.1f} ms",
        )
        for each in connections
    ]
    head = ("connection", "state", "uptime", "reconnects", "messages", "last heard", "latency")
    lines = ["", *table(head, rows, left=2)]
    for each in connections:
        if each.faults:
            lines.append(f"  {cell(each.name)}: messages that made no sense: {counts(each.faults)}")
        if each.last_error:
            lines.append(f"  {cell(each.name)}: last error: {one_line(each.last_error)}")
    return lines


def _render_strategies(strategies: Sequence[StrategyReport]) -> list[str]:
    if not strategies:
        return ["", "No strategies."]
    rows = [
        (
            cell(each.name),
            each.state,
            count(each.events),
            f"{each.time_spent:.3f}s",
            f"{each.time_spent / each.events * 1e6:.1f} µs" if each.events and each.time_spent else "-",
            count(each.errors),
            count(each.dropped),
            count(each.conflated),
        )
        for each in strategies
    ]
    head = ("strategy", "state", "events", "time spent", "per event", "errors", "dropped", "conflated")
    return ["", *table(head, rows, left=2)]


def _render_topics(topics: Sequence[TopicReport]) -> list[str]:
    used = sorted((each for each in topics if each.published), key=lambda each: (-each.published, each.topic))
    if not used:
        return ["", "Nothing was published."]
    rows = [(cell(each.topic), count(each.published), count(each.dropped)) for each in used[:MAX_TOPICS]]
    lines = ["", *table(("topic", "published", "dropped"), rows, left=1)]
    rest = used[MAX_TOPICS:]
    if rest:
        published, dropped = (sum(each.published for each in rest), sum(each.dropped for each in rest))
        lines.append(
            f"  … and {count(len(rest))} more, with {count(published)} events, {count(dropped)} dropped"
        )
    return lines
