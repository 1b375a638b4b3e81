"""From what is so to what is told. Views are made by hand: no engine, no clock."""

from decimal import Decimal

from alert_views import connection, gate, order, strategy, told, view, watch

from livetrio.model import SlowEvent
from livetrio.operations.view import PositionView


def closed(at, closed_for):
    return view(at, gates=(gate("the link is down (since 1.0 s)", closed_for=closed_for),))


def test_a_gate_that_opens_in_time_wakes_nobody():
    watcher = watch("gate_closed")

    assert told(watcher, closed(10, 5.0)) == []
    assert told(watcher, closed(35, 30.0)) == []
    assert told(watcher, view(36)) == []


def test_a_gate_that_stays_closed_is_told_once_and_again_when_it_opens():
    watcher = watch("gate_closed")

    assert told(watcher, closed(40, 31.0)) == [
        (
            "gate closed",
            "HYPERLIQUID 0x5c1077…d8a7: no orders leave: the link is down, since 00:00:09 UTC (31.0s). "
            "New orders are denied with that reason until all is compared with the venue.",
        )
    ]
    assert told(watcher, closed(200, 191.0)) == []
    assert told(watcher, view(201)) == [
        ("gate open again", "HYPERLIQUID 0x5c1077…d8a7: open again after 3m 12s.")
    ]
    assert told(watcher, view(202)) == []


def test_what_comes_and_goes_is_told_at_most_every_so_often():
    watcher = watch("connection_down", longer_than_ms=0, every_ms=300_000)
    titles = []
    for second in range(900):
        is_up = second // 20 % 2 == 0  # 20 s there, 20 s gone
        seen = view(second, connections=(connection(state="connected" if is_up else "reconnecting"),))
        titles += [(second, title) for title, _ in told(watcher, seen)]

    assert titles == [
        (21, "connection down"),
        (40, "connected again"),
        (341, "connection down"),
        (360, "connected again"),
        (661, "connection down"),
        (680, "connected again"),
    ]


def test_what_was_kept_quiet_is_told_late_if_it_is_still_so():
    watcher = watch("connection_down", longer_than_ms=0, every_ms=60_000)
    down = (connection(state="reconnecting", attempts=4, error="venue.test does not resolve"),)
    told(watcher, view(0, connections=down))
    [_] = told(watcher, view(1, connections=down))
    [_] = told(watcher, view(12, connections=(connection(),)))
    assert told(watcher, view(20, connections=down)) == []
    assert told(watcher, view(59, connections=down)) == []

    [(title, text)] = told(watcher, view(61, connections=down))

    assert title == "connection down"
    assert text == (
        "hyperliquid/market: reconnecting, attempt 4: venue.test does not resolve, since 00:00:20 UTC "
        "(41.0s). It is tried again and again."
    )


def test_what_begins_again_before_its_end_was_told_has_not_ended():
    watcher = watch("connection_down", longer_than_ms=0)
    down, up = (connection(state="reconnecting"),), (connection(),)
    told(watcher, view(0, connections=down))
    assert [title for title, _ in told(watcher, view(1, connections=down))] == ["connection down"]

    told(watcher, view(3, connections=up))  # within ten seconds of the message: it waits
    assert told(watcher, view(5, connections=down), has_ended=True) == []
    assert [text for _, text in told(watcher, view(60, connections=up))] == [
        "hyperliquid/market: connected again after 1m 0s."
    ]


def test_another_thing_of_the_same_rule_is_told_by_itself():
    watcher = watch("order_unknown", longer_than_ms=5_000)
    [_] = told(watcher, view(10, orders=(order("0xa1", since=6.0),)))

    [(_, text)] = told(watcher, view(30, orders=(order("0xa1", since=26.0), order("0xb2", since=7.0))))

    assert "[0xb2] is UNKNOWN (no answer in 5 s), since 00:00:23 UTC (7.0s)" in text
    assert "0xa1" not in text


def test_many_things_at_once_are_one_message():
    watcher = watch("order_unknown", longer_than_ms=0)
    orders = tuple(order(f"0x{number:02}", since=1.0) for number in range(20))

    [(title, text)] = told(watcher, view(1, orders=orders))

    assert title == "order UNKNOWN"
    assert len(text.splitlines()) == 9 or len(text) == 1_500
    [(title, text)] = told(watcher, view(20))
    assert title == "order known again"
    assert text.endswith("and 12 more")


def test_what_follows_at_once_is_gathered():
    watcher = watch("order_unknown", longer_than_ms=0)
    names = []
    for second in range(30):  # each second one more
        orders = tuple(order(f"0x{number:02}", since=1.0) for number in range(second + 1))
        names += [text.count("UNKNOWN") for _, text in told(watcher, view(second, orders=orders))]

    assert len(names) == 3
    assert names[0] == 1


def test_a_loss_is_told_from_its_amount_on():
    watcher = watch("day_loss", amount=Decimal(500))
    assert told(watcher, view(1, day_pnl=Decimal("-499.99"))) == []

    [(title, text)] = told(watcher, view(2, day_pnl=Decimal(-500), is_priced=False))

    assert title == "loss of the day"
    assert text == (
        "the account: 500.00 lost since midnight UTC, 500 or more. Trading goes on: only the limits of "
        "[risk] end it. Not all that is held has a price now, so the figure is older."
    )
    assert told(watcher, view(30, day_pnl=Decimal(-400))) == [
        ("loss of the day below the amount again", "the account: below the amount again after 28.0s.")
    ]


def test_a_drawdown_counts_from_the_best_so_far():
    watcher = watch("drawdown", amount=Decimal(100))
    assert told(watcher, view(1, pnl=Decimal(1000))) == []
    assert told(watcher, view(2, pnl=Decimal(950))) == []

    [(_, text)] = told(watcher, view(3, pnl=Decimal(890), state="halted", reason="too much"))

    assert text.startswith(
        "the account: 110.00 below the best since the start, 100 or more. Trading is halted"
    )


def test_a_best_that_no_price_proves_is_none():
    watcher = watch("drawdown", amount=Decimal(100))
    assert told(watcher, view(1, pnl=Decimal(5000), is_priced=False)) == []
    assert told(watcher, view(2, pnl=Decimal(10))) == []


def test_a_halt_says_what_is_held():
    held = PositionView(
        instrument_id="BTC-USD-PERP.HYPERLIQUID",
        quantity=Decimal("0.5"),
        entry_price=Decimal(91000),
        mark_price=None,
        liquidation_price=None,
        unrealized_pnl=Decimal(0),
        realized_pnl=Decimal(0),
        fees=Decimal(0),
        funding=Decimal(0),
    )
    watcher = watch("trading_halted")

    [(_, text)] = told(watcher, view(1, state="halted", reason="signal SIGUSR1", positions=(held,)))

    assert text == (
        "trading: halted: signal SIGUSR1. Nothing leaves any more, and all orders are canceled. "
        "Held: 0.5 BTC-USD-PERP.HYPERLIQUID."
    )


def test_silent_feeds_of_a_connection_are_one_thing():
    watcher = watch("feed_stale", longer_than_ms=0)
    feeds = tuple(f"book of {number}" for number in range(9))
    told(watcher, view(0, connections=(connection(stale=feeds),)))

    [(_, text)] = told(watcher, view(5, connections=(connection(stale=feeds),)))

    assert "silent: book of 0, book of 1, book of 2, book of 3, book of 4 and 4 more, since 00:00:00" in text
    assert told(watcher, view(9, connections=(connection(stale=feeds[:1]),))) == []
    assert told(watcher, view(20, connections=(connection(),))) == [
        ("feeds speak again", "hyperliquid/market: all feeds speak again after 20.0s.")
    ]


def test_a_strategy_that_failed_is_told_and_what_becomes_of_the_engine():
    failed = (strategy(), strategy("Taker", "ValueError: no"))

    [(_, alone)] = told(watch("strategy_failed"), view(1, strategies=failed))
    [(_, all_of_it)] = told(watch("strategy_failed"), view(1, strategies=failed, ending="error"))

    assert alone == "Taker: failed: ValueError: no. The engine goes on without it."
    assert all_of_it == "Taker: failed: ValueError: no. The engine stops."


def test_only_new_differences_are_told():
    watcher = watch("differences")
    [(_, text)] = told(watcher, view(1, surprises=("BTC: the position is 1 and not 0",), surprise_count=1))
    assert text.startswith("BTC: the position is 1 and not 0. It follows the policy")
    assert told(watcher, view(2, surprises=("BTC: the position is 1 and not 0",), surprise_count=1)) == []

    [(_, text)] = told(watcher, view(60, surprises=("old", "ETH: an order rests"), surprise_count=2))

    assert "ETH: an order rests" in text
    assert "BTC" not in text


def test_a_loop_that_was_held_up_is_told():
    watcher = watch("loop_lag", longer_than_ms=2_000)
    assert told(watcher, view(1), lag=2.0) == []

    [(title, text)] = told(watcher, view(5), lag=3.2)

    assert title == "engine held up"
    assert text.startswith("loop: the engine was held up for 3.2s, by the machine, or what is not measured. ")
    assert told(watcher, view(9), lag=3.0) == []  # the same, too soon


def test_what_held_the_loop_is_named_once():
    watcher = watch("loop_lag", longer_than_ms=1_000, every_ms=0)
    seconds = view(5).now
    slow = SlowEvent(owner="Maker", what="Maker.on_quote", seconds=1.5, timestamp=seconds)
    told(watcher, view(4))

    [(_, text)] = told(watcher, view(5.5), lag=0.6, slow=slow)

    assert text.startswith("loop: the engine was held up for 1.5s, by Maker (Maker.on_quote). ")
    assert told(watcher, view(20), slow=slow) == []


def test_a_run_that_nobody_ended_is_told_once_at_the_next_start():
    watcher = watch("engine_killed")

    [(title, text)] = told(watcher, view(0, was_killed=True, orders=(order(status="accepted"),)))

    assert title == "engine was killed"
    assert "nobody ended" in text
    assert text.endswith("before anything leaves. Its orders that are not over: 1.")
    assert told(watcher, view(500, was_killed=True)) == []


def test_a_stop_closes_gates_and_says_nothing_of_it():
    watcher = watch("gate_closed", longer_than_ms=0)
    [_] = told(watcher, closed(10, 5.0))

    assert told(watcher, view(30, ending="signal", life="stopping"), has_ended=True) == []


def test_the_end_says_what_is_left():
    [(title, text)] = told(watch("engine_stopped"), view(3661, ending="signal"), has_ended=True)
    assert (title, text) == (
        "engine stopped",
        "engine: stopped after 1h 1m: some reason. No order is left. Held: nothing.",
    )

    watcher = watch("engine_stopped")
    assert told(watcher, view(3661, ending="signal")) == []
    seen = view(3662, ending="signal", orders=(order(), order("0xf0", strategy=None)))
    [(_, message)] = watcher.look(seen, has_ended=True)
    assert message.level == "critical"
    left = "1 order is LEFT, open or unknown: buy 0.01 BTC-USD-PERP.HYPERLIQUID at 91000 of Maker [0xa1]."
    assert left in message.text


def test_what_waits_to_be_told_is_told_at_the_end():
    watcher = watch("strategy_failed")
    [_] = told(watcher, view(1, strategies=(strategy("A", "E"),)))
    seen = view(2, strategies=(strategy("A", "E"), strategy("B", "E")), ending="error")
    assert told(watcher, seen) == []

    [(_, text)] = told(watcher, seen, has_ended=True)

    assert text.startswith("B: failed")
