"""The report: what goes into it, and how it reads to people and to machines."""

from __future__ import annotations

import json

import attrs
import pytest

from livetrio import Cache, Clock, ConnectionStatus, Context, DataEngine, MessageBus, Overflow, Strategy
from livetrio.app.report import (
    ConnectionReport,
    EngineReport,
    StrategyReport,
    TopicReport,
    build_report,
    render_report,
    report_to_dict,
)
from livetrio.app.tables import MAX_CELL
from livetrio.model import ConnectionState, InstrumentId, Quote, ShutdownEvent, ShutdownReason
from livetrio.strategy.runner import StrategyRunner
from livetrio.topics import CONNECTED, quotes

SECOND = 1_000_000_000
NOON = 1_795_435_200 * SECOND
"""2026-11-23T12:00:00Z"""

BTC = InstrumentId("BTC-USD-PERP.FAKE")

CONNECTION = ConnectionReport(
    name="hyperliquid/market",
    endpoint="wss://api.hyperliquid.xyz/ws",
    state="disconnected",
    uptime=3723.4,
    sessions=3,
    reconnects=2,
    messages=1_234_567,
    age=0.25,
    latency_ms=41.27,
    faults={"wrong-types": 2, "bad-json": 1_000},
    last_error="closed by the venue\n(1006)",
)

SPREAD = StrategyReport(
    name="Spread",
    state="ended",
    events=1_000,
    time_spent=0.0125,
    errors=0,
    dropped=1_500,
    conflated=7,
)

REPORT = EngineReport(
    reason="signal SIGINT",
    started=NOON,
    stopped=NOON + 3725 * SECOND,
    connections=(
        CONNECTION,
        attrs.evolve(
            CONNECTION,
            name="idle",
            uptime=0.0,
            reconnects=0,
            messages=0,
            age=None,
            latency_ms=None,
            faults={},
            last_error=None,
        ),
    ),
    strategies=(SPREAD, attrs.evolve(SPREAD, name="waiter", events=0, time_spent=0.0, dropped=0)),
    topics=(
        TopicReport(topic="system.tick", published=60, readers=0, dropped=0),
        TopicReport(topic="trade.ETH", published=0, readers=1, dropped=0),
        TopicReport(topic="market_data.BTC", published=12_345, readers=1, dropped=1_500),
        TopicReport(topic="market_data.ADA", published=60, readers=1, dropped=0),
    ),
    dropped=1_500,
    refused={"unknown instrument": 3},
)

RENDERED = """\
Ran 1h 2m, from 2026-11-23T12:00:00.000Z to 2026-11-23T13:02:05.000Z.
Ended because: signal SIGINT

  connection          state         uptime  reconnects   messages  last heard  latency
  hyperliquid/market  disconnected   1h 2m           2  1,234,567        0.2s  41.3 ms
  idle                disconnected    0.0s           0          0       never        -
  hyperliquid/market: messages that made no sense: 1,000 bad-json, 2 wrong-types
  hyperliquid/market: last error: closed by the venue (1006)

  strategy  state  events  time spent  per event  errors  dropped  conflated
  Spread    ended   1,000      0.013s    12.5 µs       0    1,500          7
  waiter    ended       0      0.000s          -       0        0          7

  topic            published  dropped
  market_data.BTC     12,345    1,500
  market_data.ADA         60        0
  system.tick             60        0

Lost to slow readers: 1,500
Market data refused: 3 unknown instrument"""


def topics(count):
    return tuple(
        TopicReport(topic=f"trade.{number:03}", published=1_000 - number, readers=0, dropped=number)
        for number in range(count)
    )


# For people.


def test_a_report_for_people_reads_like_this():
    assert render_report(REPORT) == RENDERED


def test_a_run_of_nothing_says_so():
    text = render_report(EngineReport(reason="it was asked to", started=NOON, stopped=NOON))

    assert text.splitlines() == [
        "Ran 0.0s, from 2026-11-23T12:00:00.000Z to 2026-11-23T12:00:00.000Z.",
        "Ended because: it was asked to",
        "",
        "No connections.",
        "",
        "No strategies.",
        "",
        "Nothing was published.",
        "",
        "Lost to slow readers: 0",
    ]


def test_of_many_topics_the_twenty_busiest_are_listed_and_the_others_counted():
    text = render_report(attrs.evolve(REPORT, topics=tuple(reversed(topics(1_000)))))

    listed = [line for line in text.splitlines() if line.startswith("  trade.")]
    assert [line.split() for line in listed] == [
        [f"trade.{number:03}", f"{1_000 - number:,}", str(number)] for number in range(20)
    ]
    published, dropped = sum(range(1, 981)), sum(range(20, 1_000))
    assert f"  … and 980 more, with {published:,} events, {dropped:,} dropped\n" in text


def test_twenty_topics_are_listed_without_a_rest():
    text = render_report(attrs.evolve(REPORT, topics=topics(20)))

    assert "trade.019" in text
    assert "more, with" not in text


def test_a_name_too_wide_is_cut_and_the_columns_stay_aligned():
    wide = attrs.evolve(SPREAD, name="x" * 200)
    text = render_report(attrs.evolve(REPORT, strategies=(SPREAD, wide)))

    head, short, long = [line for line in text.splitlines() if "conflated" in line or " ended " in line]
    assert long.startswith(f"  {'x' * (MAX_CELL - 1)}…  ended")
    assert short.index("ended") == long.index("ended") == head.index("state")
    assert len(head) == len(short) == len(long)


def test_names_and_errors_with_line_breaks_stay_on_their_line():
    nasty = attrs.evolve(CONNECTION, name="a\nb\x1b[2J", last_error="x\r\ny")
    text = render_report(attrs.evolve(REPORT, connections=(nasty,), reason="one\ntwo"))

    assert "Ended because: one two\n" in text
    assert "  a b [2J" in text
    assert "last error: x  y\n" in text
    assert "\x1b" not in text


# For machines.


def test_as_a_dict_it_is_plain_json_with_everything_in_it():
    report = json.loads(json.dumps(report_to_dict(REPORT)))

    assert report["duration"] == 3725
    assert report["reason"] == "signal SIGINT"
    assert report["connections"][0]["faults"] == {"wrong-types": 2, "bad-json": 1000}
    assert report["strategies"][0]["dropped"] == 1500
    assert report["topics"][2] == {
        "topic": "market_data.BTC",
        "published": 12345,
        "readers": 1,
        "dropped": 1500,
    }
    assert report.keys() == {field.name for field in attrs.fields(EngineReport)} | {"duration"}


# What goes into it.


def quote(number):
    return Quote(BTC, None, None, None, None, ts_event=number, ts_init=number)


def build(bus=None, **changes):
    given = {
        "shutdown": None,
        "started": NOON,
        "now": NOON + 10 * SECOND,
        "connections": (),
        "runners": (),
        "bus": bus or MessageBus(),
        "refused": {},
    }
    return build_report(**given | changes)


def status(**changes):
    given = {
        "name": "fake/market",
        "endpoint": "ws://fake.test/ws",
        "state": ConnectionState.CONNECTED,
        "generation": 3,
        "reconnect_attempts": 0,
        "latency_ms": 1.5,
        "messages_received": 12,
        "last_message_time": NOON + 8 * SECOND,
        "last_error": "lost",
        "uptime": 9.0,
        "feeds": (),
        "stale_feeds": (),
        "faults": {"bad-json": 1},
    }
    return ConnectionStatus(**given | changes)


def make_runner(bus, **queue):
    clock = Clock.simulated()
    data = DataEngine(bus, Cache())
    context = Context(name="slow", bus=bus, cache=data.cache, clock=clock, data=data, stop=print, **queue)
    bus.add_pattern(context.events, quotes(BTC))
    return StrategyRunner(
        strategy=Strategy(),
        context=context,
        clock=clock,
        on_error="stop",
        on_failure=lambda _runner, _error: None,
        stop_timeout=1,
    )


@pytest.mark.parametrize(
    ("reason", "message", "words"),
    [
        (ShutdownReason.USER_REQUEST, None, "it was asked to"),
        (ShutdownReason.USER_REQUEST, "enough", "enough"),
        (ShutdownReason.SIGNAL, "SIGTERM", "signal SIGTERM"),
        (ShutdownReason.SIGNAL, None, "signal"),
        (ShutdownReason.ERROR, "it broke", "error: it broke"),
        (ShutdownReason.ERROR, None, "error"),
    ],
)
def test_why_it_ended_is_told_in_words(reason, message, words):
    event = ShutdownEvent(reason=reason, timestamp=NOON, message=message)

    assert build(shutdown=event).reason == words


def test_a_report_of_a_run_that_goes_on_says_so():
    report = build()

    assert report.reason == "it goes on"
    assert report.duration == 10


def test_a_connection_tells_how_long_ago_it_was_last_heard_and_its_sessions_after_the_first():
    heard, silent, ahead = build(
        connections=[
            status(),
            status(generation=0, last_message_time=None),
            status(last_message_time=NOON + 11 * SECOND),
        ]
    ).connections

    assert (heard.age, heard.sessions, heard.reconnects, heard.state) == (2.0, 3, 2, "connected")
    assert (silent.age, silent.sessions, silent.reconnects) == (None, 0, 0)
    assert ahead.age == 0.0


async def test_what_slow_readers_lost_is_told_by_topic_by_strategy_and_in_all():
    bus = MessageBus()
    runner = make_runner(bus, capacity=4)
    with bus.subscribe(quotes(BTC), capacity=8):
        for number in range(10):
            bus.publish(quotes(BTC), quote(number))
        bus.publish(CONNECTED, "up")
        report = build(bus, runners=[runner])
    after = build(bus, runners=[runner])

    lost = {each.topic: (each.published, each.readers, each.dropped) for each in report.topics}
    assert report.strategies[0].dropped == 7  # six quotes, and one for the event that is never dropped
    assert lost == {quotes(BTC): (10, 2, 9), CONNECTED: (1, 1, 0)}
    assert report.dropped == 9
    assert after.dropped == 9  # a reader that has left takes nothing out of the books


async def test_what_was_replaced_by_newer_data_is_conflated_and_not_lost():
    bus = MessageBus()
    runner = make_runner(bus, overflow=Overflow.LATEST)
    for number in range(10):
        bus.publish(quotes(BTC), quote(number))

    report = build(bus, runners=[runner])

    (strategy,) = report.strategies
    assert (strategy.conflated, strategy.dropped, report.dropped) == (9, 0, 0)
    assert (strategy.name, strategy.state, strategy.events) == ("slow", "waiting", 0)


def test_a_report_is_a_value_that_later_events_do_not_change():
    refused, faults = {"stale": 1}, {"bad-json": 1}
    report = build(refused=refused, connections=[status(faults=faults)])
    refused["stale"] = faults["bad-json"] = 2

    assert report.refused == {"stale": 1}
    assert report.connections[0].faults == {"bad-json": 1}
