"""A key in any line of the log is found, at whichever level and wherever in the line."""

from __future__ import annotations

import pytest
import structlog

from livetrio.simulation.ear import Ear

KEY = "0x" + "00ff41" * 10 + "1234"
log = structlog.get_logger()


@pytest.fixture
def broken():
    structlog.reset_defaults()
    yield []
    structlog.reset_defaults()


@pytest.fixture
def ear(broken):
    return Ear(broken.append, KEY)


def raise_with_key():
    try:
        raise ValueError(f"no such key: {KEY}")
    except ValueError:
        log.exception("failed")


@pytest.mark.parametrize(
    "say",
    [
        lambda: log.info(f"the key is {KEY}"),
        lambda: log.debug("signed", key=KEY[2:].upper()),
        lambda: log.bind(key=KEY).warning("bound"),
        lambda: log.error("sent", body={"key": [KEY]}),
        lambda: log.info("raw", key=bytes.fromhex(KEY[2:])),
        lambda: log.error("failed", exc_info=ValueError(KEY)),
        raise_with_key,
    ],
)
def test_it_hears_the_key(say, ear, broken):
    with ear.listening():
        say()

    assert {each.invariant for each in broken} == {"I14 no secret in any output"}


def test_it_hears_what_belongs_to_every_line(ear, broken):
    with ear.listening(), structlog.contextvars.bound_contextvars(connection=KEY):
        log.info("connected")

    assert broken


def test_it_hears_lines_that_are_not_written(ear, broken):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with structlog.testing.capture_logs() as lines, ear.listening():
        log.debug("signed", key=KEY)

    assert broken
    assert not lines


def test_other_lines_are_nothing_to_it_and_are_written_as_before(ear, broken):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(20))
    with structlog.testing.capture_logs() as lines:
        with ear.listening():
            log.info("signed", key="0x1234")
            log.debug("not written")
        log.info("unheard", key=KEY)

    assert [each["event"] for each in lines] == ["signed", "unheard"]
    assert not broken
