"""Locks: entries that are locked by what round trips have brought, and for how long."""

from decimal import Decimal

import pytest

from livetrio.engines.locks import Locks
from livetrio.engines.rate import SECOND, Rate
from livetrio.engines.risk_config import Protection

BTC, ETH = "BTC-USD-PERP.HYPERLIQUID", "ETH-USD-PERP.HYPERLIQUID"


def locks(kind, **rule):
    return Locks([Protection(kind=kind, **{"lock_ms": 10_000, "window_ms": 60_000} | rule)])


def trips(target, *amounts, instrument=BTC):
    for second, amount in enumerate(amounts):
        target.take_trip(instrument, Decimal(amount), second * SECOND)


def test_a_round_trip_is_followed_by_a_pause_in_its_instrument():
    cooling = locks("cooldown")
    trips(cooling, 5)

    assert cooling.reason(BTC, 4 * SECOND) == f"cooling down after a round trip in {BTC} (for 6 s more)"
    assert cooling.reason(ETH, 4 * SECOND) is None
    assert cooling.reason(BTC, 10 * SECOND) is None
    assert cooling.active(10 * SECOND) == {}


def test_a_streak_of_losses_locks_and_a_win_breaks_it():
    streak = locks("losing_streak", trips=3)
    trips(streak, -1, -1, 2, -1, -1)
    assert streak.reason(BTC, 5 * SECOND) is None

    streak.take_trip(BTC, Decimal(-1), 5 * SECOND)
    assert "3 losing round trips in a row" in streak.reason(BTC, 6 * SECOND)


def test_everywhere_means_all_instruments():
    streak = locks("losing_streak", trips=2, everywhere=True)
    trips(streak, -1, instrument=ETH)
    trips(streak, -1)

    assert streak.reason(ETH, SECOND) == streak.reason(BTC, SECOND)
    assert list(streak.active(SECOND)) == [None]


def test_little_profit_locks():
    low = locks("low_profit", trips=2, amount=Decimal(1))
    trips(low, "0.5")
    assert low.reason(BTC, SECOND) is None

    low.take_trip(BTC, Decimal("0.4"), SECOND)
    assert "have brought 0.9, less than 1" in low.reason(BTC, 2 * SECOND)


def test_a_drawdown_of_round_trips_locks():
    fall = locks("max_drawdown", trips=1, amount=Decimal(3))
    trips(fall, 5, -2)
    assert fall.reason(BTC, 2 * SECOND) is None

    fall.take_trip(BTC, Decimal(-2), 2 * SECOND)
    assert "have lost 4 from their best, more than 3" in fall.reason(BTC, 3 * SECOND)


def test_what_is_older_than_the_window_does_not_count():
    streak = locks("losing_streak", trips=2, window_ms=1_000)
    streak.take_trip(BTC, Decimal(-1), 0)
    streak.take_trip(BTC, Decimal(-1), 2 * SECOND)

    assert streak.reason(BTC, 2 * SECOND) is None


def test_a_shorter_lock_does_not_end_a_longer_one():
    held = Locks(())
    held.lock(BTC, "long", 10 * SECOND)
    held.lock(BTC, "short", 5 * SECOND)

    assert "long" in held.reason(BTC, 6 * SECOND)


def test_a_rule_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="kind"):
        Protection(kind="astrology")


def test_a_rate_lets_a_burst_through_and_then_so_many_a_second():
    rate = Rate(2.0, 3)

    assert [rate.take(SECOND) for _ in range(4)] == [True, True, True, False]
    assert [rate.take(2 * SECOND) for _ in range(3)] == [True, True, False]
    assert not rate.take(SECOND)  # a clock that was set back makes nothing
    assert [rate.take(60 * SECOND) for _ in range(4)] == [True, True, True, False]
