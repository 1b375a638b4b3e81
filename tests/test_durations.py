"""Durations: how people write them, and how they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.durations import format_delay, format_duration, parse_duration


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h30m", 5_400.0),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("0.5h", 1_800.0),
        ("2d", 172_800.0),
        ("1d2h3m4s5ms", 93_784.005),
        (" 30s\n", 30.0),
    ],
)
def test_a_duration_is_numbers_with_units(text: str, seconds: float):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "s",
        "-5s",
        "+5s",
        "5 s",
        "30S",
        "1e3s",
        "30m1h",
        "1s1s",
        "1ms1s",
        ".5s",
        "5.s",
        "soon",
        "inf",
        "0s",
        "0h0m",
        "٣s",
        "1_000s",
        "9999999999s",
    ],
)
def test_what_is_no_duration_is_refused_with_examples_of_what_is(text: str):
    with pytest.raises(ValueError, match="expected a duration") as caught:
        parse_duration(text)

    assert str(caught.value) == f"expected a duration such as 30s, 5m, 1h30m or 500ms, found {text!r}"


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=30))
def test_any_text_is_a_duration_above_zero_or_a_value_error(text: str):
    try:
        assert parse_duration(text) > 0
    except ValueError:
        pass


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0.0s"),
        (0.44, "0.4s"),
        (3.2, "3.2s"),
        (59.9, "59.9s"),
        (59.96, "1m 0s"),
        (90, "1m 30s"),
        (3_599.6, "1h 0m"),
        (7_500, "2h 5m"),
        (93_784, "1d 2h"),
    ],
)
def test_a_duration_is_shown_with_its_two_largest_units(seconds: float, text: str):
    assert format_duration(seconds) == text


@settings(deadline=None, derandomize=True)
@given(st.integers(60, 10_000_000))
def test_what_is_shown_reads_back_to_within_its_smaller_unit(seconds: int):
    shown = format_duration(seconds)

    assert 0 <= seconds - parse_duration(shown.replace(" ", "")) < 3_600


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0.0 ms"), (0.00042, "0.4 ms"), (0.5, "500.0 ms"), (90, "1m 30s")]
)
def test_a_delay_is_told_in_milliseconds_below_a_second(seconds, text):
    assert format_delay(seconds) == text
