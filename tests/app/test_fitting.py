"""Tables of a journal in terminals that are narrow, wide, or none."""

import os
import pty
import sys
import termios
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.app.fitting import fitted, terminal_width


def text(value):
    return "-" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def order(number, **changes):
    row = {
        "id": f"0x6c749633297951d5000001{number:010x}",
        "venue id": "57000003098",
        "strategy": "MarketMaker",
        "instrument": "BTC-USD-PERP.HYPERLIQUID",
        "side": "buy",
        "type": "limit",
        "quantity": Decimal("0.01"),
        "filled": Decimal("0"),
        "price": Decimal("91346.0"),
        "trigger": None,
        "terms": "post-only",
        "average": None,
        "status": "accepted",
        "made": "2026-11-26T02:28:36.283Z",
        "reason": None,
    }
    return row | changes


def test_what_is_no_terminal_gets_all_of_it_with_numbers_to_the_right():
    lines = fitted([order(1), order(2, quantity=Decimal(1000))], text, None)

    assert lines[0].split() == [
        "id", "venue", "id", "strategy", "instrument", "side", "type", "quantity", "filled", "price", "terms",
        "status", "made",
    ]  # fmt: skip
    assert "0x6c749633297951d50000010000000001  57000003098" in lines[1]
    assert "limit      0.01       0  91346.0" in lines[1]
    assert "limit      1000       0  91346.0" in lines[2]


def test_eighty_columns_have_what_matters_and_say_what_they_lack():
    lines = fitted([order(at) for at in range(3)], text, 80)

    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split() == ["id", "instrument", "side", "quantity", "price", "status"]
    assert lines[1].startswith("  …010000000000  BTC-USD-PERP.HYPERLIQUID  buy")
    assert " ".join(lines[4:]).split() == (
        [
            "left",
            "out,",
            "for",
            "want",
            "of",
            "room:",
            "venue",
            "id,",
            "terms,",
            "type,",
            "strategy,",
            "made,",
            "filled",
        ]
    )


def test_a_wider_one_has_more_and_instants_are_shortened_before_ids():
    first, *_ = fitted([order(1)], text, 120)
    assert "made" in first

    rows = [{"time": "2026-11-26T02:28:36.283Z", "id": order(1)["id"]}]
    assert fitted(rows, text, 60)[1] == "  11-26 02:28:36  0x6c749633297951d50000010000000001"
    assert fitted(rows, text, 40)[1] == "  11-26 02:28:36  …010000000001"


def test_why_an_order_was_refused_is_cut_before_it_is_left_out():
    rows = [order(1, reason="the gate is closed: " + "the venue does not answer, " * 3)]
    lines = fitted(rows, text, 100)

    assert all(len(line) <= 100 for line in lines)
    assert lines[1].endswith("…")
    assert "the gate" in lines[1]


@given(st.integers(1, 250), st.text(max_size=80), st.text(max_size=30))
def test_whatever_the_width_no_line_is_longer_than_it_must_be(width, reason, name):
    lines = fitted([order(1, reason=reason, strategy=name)], text, width)
    must = len("  …010000000001  BTC-USD-PERP.HYPERLIQUID  buy   quantity    price  accepted")

    assert all(len(line) <= max(width, must) for line in lines)


def test_the_width_is_the_terminals_own(monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert terminal_width() is None  # it does not say
        termios.tcsetwinsize(theirs, (24, 90))
        assert terminal_width() == 90
    os.close(ours)


@pytest.mark.parametrize("stream", [None, object()])
def test_what_is_no_file_has_no_width(monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream)

    assert terminal_width() is None
