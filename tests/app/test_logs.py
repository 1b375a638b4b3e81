"""Log lines: how they look, what they carry, and that none of them can break the engine."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal

import pytest
import structlog

from livetrio import secrets
from livetrio.app.logs import LineWriter, configure_logs

NOON = 1_795_435_200_123_456_789
"""2026-11-23T12:00:00.123Z"""

log = structlog.get_logger()


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """The process as it was."""
    monkeypatch.setattr(secrets, "_known", set())
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Failing(io.StringIO):
    """A stream that fails with this error, always."""

    def __init__(self, error):
        super().__init__()
        self.error = error
        self.writes = 0

    def write(self, text):
        self.writes += 1
        raise self.error


class Rude:
    """An object that can be shown neither way."""

    def __repr__(self):
        raise AttributeError("not made yet")


class Mute:
    def __str__(self):
        return "quiet"

    __repr__ = __str__


def lines(format="console", level="debug", stream=None):
    stream = io.StringIO() if stream is None else stream
    configure_logs(format, level, stream=stream, now=lambda: NOON)
    return stream


def told(stream):
    return stream.getvalue().splitlines()


def told_objects(stream):
    return [json.loads(line) for line in told(stream)]


def deal():
    raise ValueError("no such price")


# For people.


def test_a_line_for_people_has_time_level_words_and_then_the_rest():
    stream = lines()
    log.info("order accepted", id="a-1", price=Decimal("1.50"), note="two words", no="", none=None)
    log.warning("plain")

    assert told(stream) == [
        '2026-11-23T12:00:00.123Z info  order accepted  id=a-1 price=1.50 note="two words" no="" none=None',
        "2026-11-23T12:00:00.123Z warning plain",
    ]


def test_quotes_and_equal_signs_in_a_value_are_told_from_those_around_it():
    stream = lines()
    log.info("x", a='say "hi"', b="c=d")

    assert told(stream) == [r'2026-11-23T12:00:00.123Z info  x  a="say \"hi\"" b="c=d"']


def test_what_a_venue_sent_cannot_forge_a_line_nor_steer_a_terminal():
    stream = lines()
    log.info("error\n2026 info fake", reason="\x1b[2Jbye\r\n", half="\ud800")

    assert told(stream) == [
        r"2026-11-23T12:00:00.123Z info  error\n2026 info fake  reason=\x1b[2Jbye\r\n half=\ud800"
    ]


def test_a_terminal_gets_colours_and_no_color_is_respected(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    coloured = lines(stream=Terminal())
    log.error("late", by=3)
    log.info("plain")
    monkeypatch.setenv("NO_COLOR", "")
    plain = lines(stream=Terminal())
    log.error("late", by=3)

    assert coloured.getvalue() == (
        "\x1b[2m2026-11-23T12:00:00.123Z\x1b[0m \x1b[31merror\x1b[0m late  \x1b[2mby=3\x1b[0m\n"
        "\x1b[2m2026-11-23T12:00:00.123Z\x1b[0m \x1b[32minfo \x1b[0m plain\n"
    )
    assert told(plain) == ["2026-11-23T12:00:00.123Z error late  by=3"]


def test_a_dumb_terminal_gets_no_colours(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "dumb")
    stream = lines(stream=Terminal())
    log.info("plain")

    assert "\x1b" not in stream.getvalue()


# For machines.


def test_a_line_of_json_begins_with_time_level_and_event():
    stream = lines("json")
    log.info("order accepted", order="a-1", price=Decimal("1.50"), tries=3, tags=["x"], odd=Mute())

    assert told(stream) == [
        '{"timestamp":"2026-11-23T12:00:00.123Z","level":"info","event":"order accepted","order":"a-1",'
        '"price":"1.50","tries":3,"tags":["x"],"odd":"quiet"}'
    ]


def test_what_json_lacks_becomes_text_and_its_neighbours_stay_what_they_are():
    stream = lines("json")
    loop = []
    loop.append(loop)
    log.info("odd", big=2**70, half="\ud800", rude=Rude(), keys={Mute(): 1}, loop=loop, tries=3, none=None)

    (line,) = told_objects(stream)
    assert (line["big"], line["half"]) == (2**70, "\ud800")
    assert line["rude"] == "<Rude that cannot be shown: AttributeError>"
    assert line["keys"] == {"quiet": 1}
    assert line["loop"] == "[[...]]"
    assert (line["tries"], line["none"], line["level"]) == (3, None, "info")


# Levels, context, errors, secrets.


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["debug", "info", "warning", "error", "error", "error"]),
        ("info", ["info", "warning", "error", "error", "error"]),
        ("warning", ["warning", "error", "error", "error"]),
        ("error", ["error", "error", "error"]),
    ],
)
def test_what_weighs_less_than_the_level_is_left_out(level, expected):
    stream = lines("json", level)
    for name in ("debug", "info", "warning", "error", "critical", "exception"):
        getattr(log, name)("x")

    assert [line["level"] for line in told_objects(stream)] == expected


def test_bound_context_is_in_every_line_and_gone_afterwards():
    stream = lines("json")
    bound = log.bind(strategy="spread")
    with structlog.contextvars.bound_contextvars(connection="hyperliquid/market"):
        bound.info("inside")
    bound.info("outside")

    inside, outside = told_objects(stream)
    assert (inside["connection"], inside["strategy"]) == ("hyperliquid/market", "spread")
    assert "connection" not in outside


@pytest.mark.parametrize("format", ["console", "json"])
def test_a_callers_own_level_and_timestamp_move_aside(format):
    stream = lines(format)
    log.info("book", level=5, timestamp=17)

    (line,) = told(stream)
    assert "2026-11-23T12:00:00.123Z" in line
    if format == "json":
        assert {"level": "info", "level_": 5, "timestamp_": 17}.items() <= json.loads(line).items()
    else:
        assert line.endswith(" info  book  timestamp_=17 level_=5")


@pytest.mark.parametrize("way", ["error", "true", "exception", "tuple"])
def test_an_exception_has_its_traceback_below_the_line(way):
    stream = lines()
    try:
        deal()
    except ValueError as error:
        if way == "exception":
            log.exception("no deal")
        else:
            info = {"error": error, "true": True, "tuple": sys.exc_info()}[way]
            log.error("no deal", exc_info=info)

    first, *trace = told(stream)
    assert first == "2026-11-23T12:00:00.123Z error no deal"
    assert trace[0] == "  Traceback (most recent call last):"
    assert "in deal" in trace[-3]
    assert trace[-1] == "  ValueError: no such price"


def test_in_json_the_traceback_is_a_field():
    stream = lines("json")
    try:
        deal()
    except ValueError as error:
        log.error("no deal", exc_info=error)

    (line,) = told_objects(stream)
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: no such price")


def test_exc_info_without_an_exception_is_left_out():
    stream = lines()
    log.info("fine", exc_info=True)

    assert told(stream) == ["2026-11-23T12:00:00.123Z info  fine"]


def test_an_error_with_line_breaks_cannot_forge_a_line():
    stream = lines()
    log.error("bad", exc_info=ValueError("x\n2026-11-23T12:00:00.123Z info  all is well\x1b[2J"))

    assert [line[:2] for line in told(stream)[1:]] == ["  "] * 2
    assert told(stream)[-1] == r"  2026-11-23T12:00:00.123Z info  all is well\x1b[2J"


@pytest.mark.parametrize("format", ["console", "json"])
def test_secrets_are_masked_wherever_in_the_line_they_are(format):
    stream = lines(format)
    secrets.register_secret('pass"word\\ß')
    log.info('said pass"word\\ß', key='pass"word\\ß', inside=['pass"word\\ß'])
    log.error("bad", exc_info=ValueError('with pass"word\\ß in it'))

    text = stream.getvalue()
    assert "word" not in text
    assert text.count("[secret]") >= 3


def test_values_that_cannot_be_shown_are_named_instead():
    stream = lines()
    log.info("odd", rude=Rude())

    assert told(stream)[0].endswith('odd  rude="<Rude that cannot be shown: AttributeError>"')


# Streams that break.


@pytest.mark.parametrize("error", [BrokenPipeError("gone"), OSError("disk full"), ValueError("closed")])
def test_a_stream_that_breaks_ends_the_logging_and_never_raises(error):
    stream = Failing(error)
    lines(stream=stream)
    log.info("one")
    log.info("two")

    assert stream.writes == 1


def test_a_stream_that_is_closed_never_raises():
    stream = io.StringIO()
    stream.close()
    writer = LineWriter(stream)
    writer.info("one")
    lines(stream=stream)
    log.info("two")

    assert writer.is_broken


def test_a_process_without_a_standard_error_logs_nowhere(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    configure_logs()
    log.info("to nobody")

    assert sys.stderr is None


def test_the_standard_error_is_the_default(capsys):
    configure_logs()
    log.info("here")

    captured = capsys.readouterr()
    assert captured.err.endswith("Z info  here\n")
    assert captured.out == ""


def test_a_character_that_the_encoding_lacks_becomes_an_escape_and_logging_goes_on():
    buffer = io.BytesIO()
    lines(stream=io.TextIOWrapper(buffer, encoding="ascii"))
    log.info("5 µs")
    log.info("more")

    assert buffer.getvalue().decode("ascii").splitlines() == [
        r"2026-11-23T12:00:00.123Z info  5 \xb5s",
        "2026-11-23T12:00:00.123Z info  more",
    ]


def test_a_later_configuration_counts_for_loggers_made_before():
    first = lines()
    early = structlog.get_logger().bind(a=1)
    early.info("one")
    second = lines("json")
    structlog.get_logger().info("two")

    assert len(told(first)) == 1
    assert told_objects(second)[0]["event"] == "two"
