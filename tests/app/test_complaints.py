"""What is told of errors: from where on their traceback is shown, and when it is not."""

from __future__ import annotations

import pytest

import livetrio.exchange
from livetrio.app import complaints
from livetrio.errors import ConnectionFailed, HandlerError, StrategyFailed, UsageError


def test_errors_in_handlers_begin_in_the_authors_file_and_others_have_no_traceback(capsys):
    def handle():
        raise KeyError("price")

    for kind in (HandlerError, ConnectionFailed, StrategyFailed):
        failure = kind("it failed")
        try:
            handle()
        except KeyError as error:
            failure.__cause__ = error if kind is HandlerError else None
        complaints.tell_failure(failure, "console")

    told = capsys.readouterr().err.splitlines()
    assert told[0] == "Traceback (most recent call last):"
    assert __file__ in told[1]
    assert told[-4:] == ["KeyError: 'price'"] + ["failed: it failed"] * 3


def test_an_error_without_a_frame_of_the_authors_is_told_with_all_its_frames():
    with pytest.raises(UsageError) as caught:
        livetrio.exchange.write_recording("x", [(1, "two\nlines")])
    error = caught.value
    error.__traceback__ = error.__traceback__.tb_next  # begins in livetrio, and ends there

    assert "in write_recording" in complaints.format_strategy_error(error)
