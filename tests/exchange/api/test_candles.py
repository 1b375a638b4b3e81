"""Candles: what a trade changes, where intervals begin, and that all intervals tell of the same trades."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.candles import (
    DAY,
    FIXED,
    INTERVALS,
    MAX_CANDLES,
    MINUTE,
    CandleSeries,
    bucket_end,
    bucket_start,
)
from livetrio.exchange.chain.events import PublicTrade
from livetrio.exchange.chain.listing import default_listing

BTC = default_listing().by_coin["BTC"]
NEW_YEAR = 1_767_225_600_000
"""2026-01-01, a Thursday."""


def trade(time, px=10, sz=1):
    return PublicTrade(BTC, True, px, sz, time, 1, "0x00", "0xb", "0xs")


def series(*trades):
    made = CandleSeries(lambda minute: None)
    for each in trades:
        made.trade(each)
    return made


def ms(*date):
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1000


def test_a_candle_has_first_last_highest_and_lowest_price():
    made = series(*(trade(NEW_YEAR + i, px, 2) for i, px in enumerate((10, 14, 7, 12))))
    candle = made.latest("1m")

    assert (candle.open, candle.high, candle.low, candle.close) == (10, 14, 7, 12)
    assert (candle.start, candle.volume, candle.notional, candle.count) == (NEW_YEAR, 8, 86, 4)


def test_without_a_trade_there_is_no_candle():
    made = series()

    assert made.latest("1h") is None
    assert made.between("1h", 0, None) == []
    assert made.minute is None


def test_minutes_without_a_trade_have_no_candle():
    made = series(trade(NEW_YEAR), trade(NEW_YEAR + 5 * MINUTE))

    assert [each.start for each in made.between("1m", 0, None)] == [NEW_YEAR, NEW_YEAR + 5 * MINUTE]


def test_a_minute_that_is_over_is_told_of_once():
    told = []
    made = CandleSeries(told.append)
    for minute in range(3):
        made.trade(trade(NEW_YEAR + minute * MINUTE))

    assert [each.start for each in told] == [NEW_YEAR, NEW_YEAR + MINUTE]


def test_an_open_hour_grows_by_each_trade_and_its_past_stays():
    made = series(trade(NEW_YEAR, 10), trade(NEW_YEAR + MINUTE, 12))
    before = made.latest("1h")
    made.trade(trade(NEW_YEAR + 2 * MINUTE, 9))
    after = made.latest("1h")

    assert (before.close, before.count) == (12, 2)
    assert (after.open, after.close, after.low, after.count) == (10, 9, 9, 3)


def test_both_ends_of_a_range_are_in_it():
    made = series(*(trade(NEW_YEAR + i * MINUTE) for i in range(6)))
    found = made.between("1m", NEW_YEAR + MINUTE, NEW_YEAR + 3 * MINUTE)

    assert [each.start for each in found] == [NEW_YEAR + i * MINUTE for i in (1, 2, 3)]


def test_only_the_latest_five_thousand_are_kept():
    count = MAX_CANDLES + 10
    made = series(*(trade(NEW_YEAR + i * MINUTE) for i in range(count)))
    minutes, days = made.between("1m", 0, None), made.between("1d", 0, None)

    assert len(minutes) == MAX_CANDLES
    assert minutes[-1].start == NEW_YEAR + (count - 1) * MINUTE
    assert sum(each.count for each in days) == count


@pytest.mark.parametrize(
    "interval, time, start, end",
    [
        ("1w", ms(2026, 1, 7), ms(2026, 1, 1), ms(2026, 1, 8) - 1),
        ("1M", ms(2026, 2, 28, 23, 59), ms(2026, 2, 1), ms(2026, 3, 1) - 1),
        ("1M", ms(2026, 12, 31), ms(2026, 12, 1), ms(2027, 1, 1) - 1),
        ("1M", ms(2028, 2, 29), ms(2028, 2, 1), ms(2028, 3, 1) - 1),
        ("4h", ms(2026, 1, 1, 7, 59), ms(2026, 1, 1, 4), ms(2026, 1, 1, 8) - 1),
    ],
)
def test_intervals_begin_on_the_calendar(interval, time, start, end):
    assert bucket_start(interval, time) == start
    assert bucket_end(interval, start) == end


def test_the_venue_has_fourteen_intervals():
    assert len(INTERVALS) == len(FIXED) + 1 == 14


@given(st.sampled_from(INTERVALS), st.integers(0, ms(2100, 1, 1)))
def test_a_time_lies_in_its_own_candle_and_the_next_begins_after_it(interval, time):
    start = bucket_start(interval, time)
    end = bucket_end(interval, start)

    assert start <= time <= end
    assert bucket_start(interval, start) == bucket_start(interval, end) == start
    assert bucket_start(interval, end + 1) == end + 1


@given(
    st.sampled_from(INTERVALS),
    st.lists(st.tuples(st.integers(0, 40 * DAY), st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1),
    st.integers(0, 100),
)
def test_each_interval_tells_of_all_trades_whenever_it_was_asked(interval, raw, asked_at):
    trades = [trade(NEW_YEAR + time, px, sz) for time, px, sz in sorted(raw, key=lambda each: each[0])]
    made = series()
    for i, each in enumerate(trades):
        made.trade(each)
        if i == asked_at:
            made.latest(interval)
    candles = made.between(interval, 0, None)
    starts = [each.start for each in candles]

    assert starts == sorted({bucket_start(interval, each.time) for each in trades})
    assert candles[-1] == made.latest(interval)
    for candle in candles:
        inside = [each for each in trades if bucket_start(interval, each.time) == candle.start]
        prices = [each.px for each in inside]
        assert (candle.open, candle.close) == (prices[0], prices[-1])
        assert (candle.high, candle.low) == (max(prices), min(prices))
        assert candle.volume == sum(each.sz for each in inside)
        assert candle.notional == sum(each.px * each.sz for each in inside)
        assert candle.count == len(inside)
