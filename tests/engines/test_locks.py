"""Locks: entries that are locked by what round trips have brought, and for how long."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.locks import SECOND, Lock, Locks, RoundTrip
from livetrio.engines.risk_config import Protection

BTC, ETH = "BTC-USD-PERP.FAKE", "ETH-USD-PERP.FAKE"


def locks(kind, **rule):
    return Locks([Protection(kind=kind, **{"lock_ms": 10_000, "window_ms": 60_000} | rule)])


def trips(target, *amounts, instrument=BTC, start=0):
    """Round trips, one a second; returns what each has locked."""
    return [
        target.take_trip(RoundTrip(instrument, Decimal(amount), second * SECOND))
        for second, amount in enumerate(amounts, start)
    ]


def test_a_round_trip_is_followed_by_a_pause_in_its_instrument():
    cooling = locks("cooldown")
    trips(cooling, 5)

    assert cooling.reason(BTC, "mm", 4 * SECOND) == (
        f"cooling down after a round trip in {BTC} (for 6 s more)"
    )
    assert cooling.reason(ETH, "mm", 4 * SECOND) is None
    assert cooling.reason(BTC, "mm", 10 * SECOND) is None


def test_a_streak_of_losses_locks_and_a_win_breaks_it():
    streak = locks("losing_streak", trips=3)
    trips(streak, -1, -1, 2, -1, -1)
    assert streak.reason(BTC, "mm", 5 * SECOND) is None

    trips(streak, -1, start=5)
    assert "3 losing round trips in a row" in streak.reason(BTC, "mm", 6 * SECOND)


def test_neither_loss_nor_win_breaks_a_streak():
    streak = locks("losing_streak", trips=2)

    assert trips(streak, -1, 0, -1) == [[], [], []]


def test_everywhere_means_all_instruments():
    streak = locks("losing_streak", trips=2, everywhere=True)
    trips(streak, -1, instrument=ETH)
    trips(streak, -1)

    assert streak.reason(ETH, "mm", SECOND) == streak.reason(BTC, "trend", SECOND)
    assert [each.instrument_id for each in streak.active(SECOND)] == [None]


def test_each_instrument_counts_apart():
    streak = locks("losing_streak", trips=2)
    trips(streak, -1, instrument=ETH)
    trips(streak, -1)

    assert streak.active(SECOND) == ()


def test_little_profit_locks():
    low = locks("low_profit", trips=2, amount=Decimal(1))
    trips(low, "0.5")
    assert low.reason(BTC, "mm", SECOND) is None

    trips(low, "0.4", start=1)
    assert "the last 2 round trips have brought 0.9, less than 1" in low.reason(BTC, "mm", 2 * SECOND)


def test_a_drawdown_of_round_trips_locks():
    fall = locks("max_drawdown", trips=1, amount=Decimal(3))
    trips(fall, 5, -2)
    assert fall.reason(BTC, "mm", 2 * SECOND) is None

    trips(fall, -2, start=2)
    assert "have lost 4 from their best, more than 3" in fall.reason(BTC, "mm", 3 * SECOND)


def test_what_is_older_than_the_window_does_not_count():
    streak = locks("losing_streak", trips=2, window_ms=1_000)
    trips(streak, -1)
    trips(streak, -1, start=2)

    assert streak.reason(BTC, "mm", 2 * SECOND) is None


def test_each_rule_has_its_own_window():
    both = Locks(
        [
            Protection(kind="losing_streak", trips=2, window_ms=1_000),
            Protection(kind="low_profit", trips=2, window_ms=60_000, amount=Decimal(-1)),
        ]
    )
    trips(both, -1)
    trips(both, -1, start=2)

    assert "have brought -2" in both.reason(BTC, "mm", 2 * SECOND)


def test_what_is_locked_anew_is_told_and_what_is_locked_longer_is_not():
    cooling = locks("cooldown")
    (first,), second = trips(cooling, 1, 1)
    (after,) = trips(cooling, 1, start=20)

    assert (first.instrument_id, first.until) == (BTC, 10 * SECOND)
    assert second == []
    assert [each.until for each in after] == [30 * SECOND]


def test_a_shorter_lock_does_not_end_a_longer_one():
    held = Locks()
    assert held.add(Lock(instrument_id=BTC, reason="long", until=10 * SECOND), 0)
    assert not held.add(Lock(instrument_id=BTC, reason="short", until=5 * SECOND), 0)

    assert "long" in held.reason(BTC, "mm", 6 * SECOND)


def test_a_strategy_may_be_locked_alone():
    held = Locks()
    held.add(Lock(strategy="mm", reason="it has lost too much", until=SECOND), 0)

    assert held.reason(BTC, "mm", 0) == "it has lost too much (for 1 s more)"
    assert held.reason(BTC, "trend", 0) is None
    assert held.reason(BTC, None, 0) is None


def test_what_has_ended_is_forgotten():
    held = Locks()
    held.add(Lock(instrument_id=BTC, reason="short", until=SECOND), 0)

    assert held.active(SECOND) == ()
    assert held.active(0) == ()


def test_a_trip_that_is_told_late_locks_no_longer_than_it_would_have():
    cooling = locks("cooldown")
    trips(cooling, 1, start=100)
    trips(cooling, 1, start=50, instrument=ETH)

    assert cooling.reason(ETH, "mm", 70 * SECOND) is None
    assert cooling.reason(BTC, "mm", 105 * SECOND) is not None


@given(st.lists(st.tuples(st.sampled_from([BTC, ETH]), st.integers(-5, 5), st.integers(0, 20)), max_size=40))
def test_a_streak_is_found_whatever_came_before(past):
    streak, now, told = locks("losing_streak", trips=3, window_ms=30_000), 0, []
    for instrument, pnl, pause in past:
        now += pause * SECOND
        streak.take_trip(RoundTrip(instrument, Decimal(pnl), now))
        told.append((instrument, pnl, now))
        last = [each for each in told if each[0] == instrument and each[2] > now - 30 * SECOND][-3:]

        if len(last) == 3 and all(pnl < 0 for _, pnl, _ in last):
            assert streak.reason(instrument, "mm", now + 1) is not None


# The journal.


class Memory(dict):
    """What was remembered, by kind and key."""

    def __call__(self, kind, key, value):
        if value is None:
            del self[kind][key]
        else:
            self.setdefault(kind, {})[key] = value


def restarted(memory, *protections, now):
    held = Locks(protections, remember=memory)
    held.restore({kind: dict(values) for kind, values in memory.items()}, now)
    return held


def test_a_restart_ends_no_lock():
    memory, rule = Memory(), Protection(kind="cooldown", lock_ms=10_000)
    trips(Locks([rule], remember=memory), 5)
    after = restarted(memory, rule, now=4 * SECOND)

    assert after.reason(BTC, "mm", 4 * SECOND) == f"cooling down after a round trip in {BTC} (for 6 s more)"
    assert after.active(10 * SECOND) == ()
    assert memory["lock"] == {}


def test_a_lock_that_has_ended_meanwhile_is_gone_from_the_journal_too():
    memory, rule = Memory(), Protection(kind="cooldown", lock_ms=10_000)
    trips(Locks([rule], remember=memory), 5)

    assert restarted(memory, rule, now=11 * SECOND).active(0) == ()
    assert memory["lock"] == {}


def test_a_restart_in_a_streak_of_losses_does_not_break_it():
    memory, rule = Memory(), Protection(kind="losing_streak", trips=3, window_ms=60_000)
    trips(Locks([rule], remember=memory), -1, -1)
    after = restarted(memory, rule, now=2 * SECOND)

    (locked,) = trips(after, -1, start=2)
    assert [each.reason for each in locked] == ["3 losing round trips in a row"]
    assert len(memory["trip"]) == 3


def test_trips_that_count_no_more_are_gone_from_the_journal_and_the_others_keep_their_order():
    memory, rule = Memory(), Protection(kind="losing_streak", trips=2, window_ms=10_000)
    held = Locks([rule], remember=memory)
    trips(held, 1, 1, 1)
    trips(held, -1, start=11)
    assert [each["ts"] for _, each in sorted(memory["trip"].items())] == [2 * SECOND, 11 * SECOND]

    after = restarted(memory, rule, now=12 * SECOND)
    (locked,) = trips(after, -1, start=12)
    assert locked
    assert [each["ts"] for _, each in sorted(memory["trip"].items())] == [11 * SECOND, 12 * SECOND]


def test_without_protections_no_trip_is_remembered():
    memory = Memory()
    trips(Locks(remember=memory), 1, 1)

    assert memory == {}


def test_what_was_cleared_is_over_for_the_journal_too():
    memory, rule = Memory(), Protection(kind="cooldown", lock_ms=10_000)
    held = Locks([rule], remember=memory)
    trips(held, 1, 1)
    held.clear()

    assert held.active(SECOND) == ()
    assert memory == {"lock": {}, "trip": {}}
    trips(held, 1, start=2)
    assert len(restarted(memory, rule, now=3 * SECOND).active(3 * SECOND)) == 1
