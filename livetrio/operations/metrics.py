"""Metrics: a running engine in the form that Prometheus reads. Each name has ``livetrio_`` in front.

    build_info{version}                           1
    start_time_seconds                            when the run began, since 1970
    up{life}                                      1 for where the engine is in its life

    connection_up{connection}                     1: a session is up
    connection_sessions_total{connection}         so far; each after the first is a reconnect
    connection_messages_total{connection}
    connection_faults_total{connection, kind}     messages applied nowhere
    connection_silence_seconds{connection}        since its last message
    connection_latency_seconds{connection}        of the last heartbeat, there and back
    connection_stale_feeds{connection}            feeds that are silent though they should speak
    quote_age_seconds{instrument}
    market_data_refused_total{reason}             what was no news, or not believed

    events_published_total{kind}                  on the bus, by the first word of the topic
    events_dropped_total{kind}                    lost to slow readers, summed over them
    subscription_waiting{patterns}                events nobody has read yet; of those that are open
    subscription_dropped_total{patterns}          what they were too slow for
    strategy_up{strategy}                         1: it runs
    strategy_events_total{strategy}               taken
    strategy_dropped_total{strategy}              what it was too slow for
    strategy_conflated_total{strategy}            what newer events have replaced before it read them
    strategy_errors_total{strategy}
    strategy_busy_seconds_total{strategy}         in its handlers
    strategy_lag_seconds{strategy}                for how long what it deals with has waited; 0: it keeps up
    strategy_pnl{strategy}                        won or lost since the journal began
    handler_seconds{owner, handler}               histogram: in a function that is called with events
    event_wait_seconds{owner}                     histogram: from a frame's arrival to the handler

    gate_open{venue}                              1: all orders may leave
    gate_closed_reasons{venue, reason}            1 for each that keeps it closed
    trading_state{state}                          1 for active, reducing or halted
    orders_total{status}                          orders that came into a status
    fills_total
    orders_working{status}                        those that are not over
    unknown_oldest_seconds                        for how long the oldest UNKNOWN order has been so; 0: none
    order_stage_seconds{stage}                    histogram: see `order_delays`
    request_seconds{kind}                         histogram: from the wire to the answer
    requests_total{venue, kind}                   signed
    answers_total{venue, verdict}                 to commands: done, refused, retry, unknown, lost
    questions_total{venue, outcome}               over HTTP: answered, no answer, 429, …
    outbox_waiting{venue}                         commands not sent, or not answered
    budget_left{venue, budget}                    what may still be sent or asked at once

    position_quantity{instrument}                 below zero when short
    position_unrealized_pnl{instrument}           at the mark price
    position_realized_pnl{instrument}             of what was closed
    account_equity{account, currency}
    account_balance{account, currency}
    account_available{account, currency}
    account_margin_used{account, currency}
    pnl                                           since the journal began, fees included
    day_pnl                                       since midnight UTC
    entry_locks                                   that hold now

    journal_commits_total
    journal_log_bytes                             what the next checkpoint moves into the file

    loop_lag_seconds                              histogram: how late the loop came to what was due
    loop_step_seconds                             histogram: for how long a task held the loop
    loop_longest_step_seconds                     the longest of them
    slow_calls_total{owner, what}                 what held it for too long
    slow_calls_seconds_total{owner, what}         … and for how long all together
    tasks                                         of trio
    gc_pause_seconds{generation}                  histogram
    process_resident_bytes
    process_cpu_seconds_total

Seconds are seconds, money is in its own currency. The numbers are plain ones that the engine's parts keep
anyway, or `Measures` while it is attached; they are read when somebody asks, which takes about a millisecond.
"""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import trio
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from livetrio.clock import NANOSECONDS
from livetrio.engines.trading_state import TradingState
from livetrio.model import ConnectionState, OrderStatus
from livetrio.operations.handler_times import HandlerTimes
from livetrio.operations.histogram import Histogram
from livetrio.operations.lag import lag_of
from livetrio.operations.measures import Measures
from livetrio.operations.watched import Watched, WatchedDesk
from livetrio.strategy.runner import StrategyState
from livetrio.version import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `exposition` gives."""

Labels = tuple[str, ...]
Samples = Iterable[tuple[Labels, float]]


def exposition(engine: Watched, measures: Measures | None = None) -> bytes:
    """All metrics of an engine as they are now; without ``measures`` those that nobody counts are missing.

    To be called in the engine's own task tree: trio is asked, too.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EngineCollector(engine, measures))
    return generate_latest(registry)


class EngineCollector:
    """What prometheus_client takes for a collector."""

    def __init__(self, engine: Watched, measures: Measures | None = None) -> None:
        self._engine = engine
        self._measures = measures

    def describe(self) -> Iterable[Metric]:
        """Nothing: it would have to be collected for that."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        engine = self._engine
        yield _gauge("build_info", "The version that runs.", ["version"], [((__version__,), 1)])
        started = engine.started_at / NANOSECONDS
        yield _gauge("start_time_seconds", "When the run began, since 1970.", [], [((), started)])
        yield _gauge("up", "Where the engine is in its life.", ["life"], [((engine.life,), 1)])
        yield from _connections(engine)
        yield from _market_data(engine)
        yield from _readers(engine)
        handlers = None if self._measures is None else self._measures.handlers
        yield from _strategies(engine, engine.clock.now(), handlers)
        if engine.desk is not None:
            yield from _orders(engine.desk, engine.clock.now())
            yield from _venues(engine.desk)
            yield from _money(engine.desk)
        yield from _process()
        if self._measures is not None:
            yield from _measured(self._measures)


def _connections(engine: Watched) -> Iterator[Metric]:
    statuses = engine.connection_status()
    now = engine.clock.now()
    label = ["connection"]
    up = [((each.name,), float(each.state is ConnectionState.CONNECTED)) for each in statuses]
    yield _gauge("connection_up", "Whether a session is up.", label, up)
    yield _counter(
        "connection_sessions",
        "Sessions so far; each after the first is a reconnect.",
        label,
        [((each.name,), each.generation) for each in statuses],
    )
    messages = [((each.name,), each.messages_received) for each in statuses]
    yield _counter("connection_messages", "Messages received.", label, messages)
    yield _counter(
        "connection_faults",
        "Messages that were applied nowhere.",
        ["connection", "kind"],
        [((each.name, kind), count) for each in statuses for kind, count in each.faults.items()],
    )
    silences = [
        ((each.name,), (now - each.last_message_time) / NANOSECONDS)
        for each in statuses
        if each.last_message_time is not None
    ]
    yield _gauge("connection_silence_seconds", "Since the last message.", label, silences)
    latencies = [((each.name,), each.latency_ms / 1000) for each in statuses if each.latency_ms is not None]
    yield _gauge("connection_latency_seconds", "Of the last heartbeat, there and back.", label, latencies)
    stale = [((each.name,), len(each.stale_feeds)) for each in statuses]
    yield _gauge("connection_stale_feeds", "Feeds that are silent though they should speak.", label, stale)


def _market_data(engine: Watched) -> Iterator[Metric]:
    now = engine.clock.now()
    ages = [
        ((each.instrument_id,), (now - each.ts_init) / NANOSECONDS) for each in engine.cache.get_all_quotes()
    ]
    yield _gauge("quote_age_seconds", "Since the last quote.", ["instrument"], ages)
    refused = [((reason,), count) for reason, count in engine.refused.items()]
    yield _counter("market_data_refused", "What was no news, or not believed.", ["reason"], refused)


def _readers(engine: Watched) -> Iterator[Metric]:
    published: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for each in engine.bus.statistics():
        kind = each.topic.partition(".")[0]
        published[kind] += each.published
        dropped[kind] += each.dropped
    yield _counter("events_published", "Events on the bus.", ["kind"], _by_name(published))
    yield _counter("events_dropped", "Events lost to slow readers.", ["kind"], _by_name(dropped))
    waiting: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for subscription in engine.bus.subscriptions:
        found = subscription.statistics()
        patterns = " ".join(found.patterns[:3])
        waiting[patterns] += found.waiting
        lost[patterns] += found.dropped
    yield _gauge("subscription_waiting", "Events nobody has read yet.", ["patterns"], _by_name(waiting))
    yield _counter("subscription_dropped", "Events that it was too slow for.", ["patterns"], _by_name(lost))


def _strategies(engine: Watched, now: int, handlers: HandlerTimes | None) -> Iterator[Metric]:
    runners = engine.runners
    label = ["strategy"]
    up = [((each.name,), float(each.state is StrategyState.RUNNING)) for each in runners]
    yield _gauge("strategy_up", "Whether it runs.", label, up)
    counts = [(each.name, each.counts()) for each in runners]
    received = [((name,), each.received) for name, each in counts]
    yield _counter("strategy_events", "Events that it has taken.", label, received)
    dropped = [((name,), each.dropped) for name, each in counts]
    yield _counter("strategy_dropped", "Events that it was too slow for.", label, dropped)
    conflated = [((name,), each.conflated) for name, each in counts]
    yield _counter(
        "strategy_conflated", "Events replaced by newer ones before it read them.", label, conflated
    )
    errors = [((each.name,), each.errors) for each in runners]
    yield _counter("strategy_errors", "What it has raised.", label, errors)
    busy = [((each.name,), each.time_spent) for each in runners]
    yield _counter("strategy_busy_seconds", "Seconds in its handlers.", label, busy)
    lags = [((each.name,), lag_of(each, now, handlers)) for each in runners]
    yield _gauge("strategy_lag_seconds", "How long what it deals with has waited.", label, lags)
    if engine.desk is not None:
        portfolio = engine.desk.portfolio
        won = [((each.name,), float(portfolio.pnl(each.name))) for each in runners]
        yield _gauge("strategy_pnl", "Won or lost since the journal began.", label, won)


def _orders(desk: WatchedDesk, now: int) -> Iterator[Metric]:
    counts = desk.tracker.counts
    states = [((each.value,), float(desk.risk.state is each)) for each in TradingState]
    yield _gauge("trading_state", "What may leave.", ["state"], states)
    statuses = [((each.value,), counts[each.value]) for each in OrderStatus]
    yield _counter("orders", "Orders that came into a status.", ["status"], statuses)
    yield _counter("fills", "Fills of our orders.", [], [((), counts["fills"])])
    working = Counter(each.order.status.value for each in desk.tracker.working())
    standing = [((each.value,), working[each.value]) for each in OrderStatus if working[each.value]]
    yield _gauge("orders_working", "Orders that are not over.", ["status"], standing)
    unknown = [
        each.order.ts_event for each in desk.tracker.working() if each.order.status is OrderStatus.UNKNOWN
    ]
    oldest = (now - min(unknown)) / NANOSECONDS if unknown else 0.0
    yield _gauge(
        "unknown_oldest_seconds", "How long the oldest UNKNOWN order has been so.", [], [((), oldest)]
    )
    journal = desk.keeper.journal
    yield _counter("journal_commits", "Times that something was written.", [], [((), journal.commits)])
    yield _gauge("journal_log_bytes", "What the next checkpoint moves.", [], [((), journal.wal_bytes)])


def _venues(desk: WatchedDesk) -> Iterator[Metric]:
    accounts = [(each.venue.name, each) for each in desk.accounts]
    label = ["venue"]
    is_open = [((name,), float(each.link.gate.is_open)) for name, each in accounts]
    yield _gauge("gate_open", "Whether all orders may leave.", label, is_open)
    reasons = [((name, key), 1.0) for name, each in accounts for key in each.link.gate.reasons]
    yield _gauge("gate_closed_reasons", "What keeps the gate closed.", ["venue", "reason"], reasons)
    waiting = [((name,), each.link.waiting) for name, each in accounts]
    yield _gauge("outbox_waiting", "Commands not sent, or not answered.", label, waiting)
    requests = [((name, kind), n) for name, each in accounts for kind, n in each.link.sent.counts.items()]
    yield _counter("requests", "Requests that were signed.", ["venue", "kind"], requests)
    answers = [((name, what), n) for name, each in accounts for what, n in each.link.answers.counts.items()]
    yield _counter("answers", "What became of commands, by their answers.", ["venue", "verdict"], answers)
    asked = [((name, what), n) for name, each in accounts for what, n in each.asker.counts.items()]
    yield _counter("questions", "What came of questions over HTTP.", ["venue", "outcome"], asked)
    now = trio.current_time()
    left = [
        ((name, what), amount)
        for name, each in accounts
        for what, amount in each.trading.budget.left(now).items()
    ]
    yield _gauge("budget_left", "What may still be sent or asked at once.", ["venue", "budget"], left)


def _money(desk: WatchedDesk) -> Iterator[Metric]:
    cache, portfolio = desk.tracker.cache, desk.portfolio
    positions = cache.get_all_positions()
    label = ["instrument"]
    held = [((each.instrument_id,), float(each.quantity)) for each in positions]
    yield _gauge("position_quantity", "What is held.", label, held)
    unrealized = [((each.instrument_id,), float(each.unrealized_pnl)) for each in positions]
    yield _gauge("position_unrealized_pnl", "At the mark price.", label, unrealized)
    realized = [((each.instrument_id,), float(each.realized_pnl)) for each in positions]
    yield _gauge("position_realized_pnl", "Of what was closed.", label, realized)
    account = cache.get_default_account()
    for name in ("equity", "balance", "available", "margin_used"):
        amounts: Samples = (
            []
            if account is None
            else [((account.account_id, account.currency), float(getattr(account, name)))]
        )
        yield _gauge(f"account_{name}", "Of the account.", ["account", "currency"], amounts)
    yield _gauge("pnl", "Won or lost since the journal began.", [], [((), float(portfolio.pnl()))])
    yield _gauge("day_pnl", "The same since midnight UTC.", [], [((), float(portfolio.day_pnl()))])
    yield _gauge("entry_locks", "Entry locks that hold.", [], [((), len(tuple(desk.risk.locks())))])


def _process() -> Iterator[Metric]:
    yield _gauge("tasks", "Tasks of trio.", [], [((), trio.lowlevel.current_statistics().tasks_living)])
    times = os.times()
    cpu = times.user + times.system
    yield _counter("process_cpu_seconds", "CPU seconds of the process.", [], [((), cpu)])
    yield _gauge("process_resident_bytes", "Memory of the process.", [], [((), resident_bytes())])


def resident_bytes() -> int:
    """What the process has in memory now; where the system does not tell, the most that it had."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _measured(measures: Measures) -> Iterator[Metric]:
    handlers, loop, delays = measures.handlers, measures.loop, measures.delays
    words = "Seconds in a function that is called with events."
    yield _histogram("handler_seconds", words, ["owner", "handler"], handlers.times.items())
    waits = [((owner,), each) for owner, each in handlers.waits.items()]
    words = "From a frame's arrival to the handler of its event."
    yield _histogram("event_wait_seconds", words, ["owner"], waits)
    stages = [((stage,), each) for stage, each in delays.stages.items()]
    yield _histogram("order_stage_seconds", "From one stage of an order to the next.", ["stage"], stages)
    requests = [((kind,), each) for kind, each in delays.requests.items()]
    yield _histogram("request_seconds", "From the wire to the answer.", ["kind"], requests)
    yield _histogram("loop_lag_seconds", "How late the loop came to what was due.", [], [((), loop.lags)])
    yield _histogram("loop_step_seconds", "For how long a task held the loop.", [], [((), loop.steps)])
    yield _gauge("loop_longest_step_seconds", "The longest of them.", [], [((), loop.longest)])
    slow = measures.slow
    label = ["owner", "what"]
    yield _counter("slow_calls", "What held the loop for too long.", label, slow.counts.items())
    yield _counter("slow_calls_seconds", "… and for how long in all.", label, slow.seconds.items())
    pauses = [((str(number),), each) for number, each in enumerate(measures.collector.pauses)]
    yield _histogram("gc_pause_seconds", "Pauses of the garbage collector.", ["generation"], pauses)


def _gauge(name: str, words: str, labels: list[str], samples: Samples) -> Metric:
    metric = GaugeMetricFamily(f"livetrio_{name}", words, labels=labels)
    for values, number in samples:
        metric.add_metric(values, number)
    return metric


def _counter(name: str, words: str, labels: list[str], samples: Samples) -> Metric:
    metric = CounterMetricFamily(f"livetrio_{name}", words, labels=labels)
    for values, number in samples:
        metric.add_metric(values, number)
    return metric


def _histogram(
    name: str, words: str, labels: list[str], samples: Iterable[tuple[Labels, Histogram]]
) -> Metric:
    metric = HistogramMetricFamily(f"livetrio_{name}", words, labels=labels)
    for values, histogram in samples:
        metric.add_metric(values, [*histogram.cumulative()], histogram.total)
    return metric


def _by_name(counts: Counter[str]) -> Samples:
    return [((name,), count) for name, count in sorted(counts.items())]
