"""RiskEngine: what may leave, and in which words it may not."""

from decimal import Decimal

import pytest
from risk_desk import BTC, BUY, ETH, SECOND, SELL, Desk, limited, perpetual
from structlog.testing import capture_logs

from livetrio.engines.risk_config import InstrumentLimits, Protection, StrategyLimits
from livetrio.engines.trading_state import TradingState
from livetrio.model import Order, OrderPendingUpdate, OrderStatus, OrderType

D = Decimal


def left(outcome):
    """Whether an order has left; shows why not, where that surprises."""
    assert isinstance(outcome, Order | str)
    return isinstance(outcome, Order)


def test_within_the_limits_orders_leave():
    assert left(Desk().place(BUY, 1))


# The order itself.


def test_a_size_above_the_limit_is_refused_with_figures():
    desk = limited(max_order_size=D(2))

    assert desk.place(BUY, 3) == f"its size is 3, {BTC}'s limit is 2"
    assert left(desk.place(BUY, 2))


def test_a_size_is_told_in_its_unit_where_that_is_known():
    desk = limited(max_order_size=D(2))
    desk.cache.update_instrument(perpetual(BTC))

    assert desk.place(BUY, "2.1") == f"its size is 2.1 BTC, {BTC}'s limit is 2"


def test_an_order_that_is_worth_too_much_is_refused():
    assert Desk(max_order_notional=D(150)).place(BUY, 2) == "it is worth 200.00, the limit is 150"


def test_a_market_order_is_worth_what_it_would_be_filled_at():
    desk = Desk(max_order_notional=D(100))

    assert desk.place(BUY, 1, None) == "it is worth 101.00, the limit is 100"
    assert left(desk.place(SELL, 1, None))
    # The worst price that is sent with it is not what it is worth.
    assert desk.place(BUY, 1, 102, order_type=OrderType.MARKET) == "it is worth 101.00, the limit is 100"


def test_a_stop_is_worth_what_it_would_be_at_its_trigger():
    desk = Desk(max_order_notional=D(150))
    stop = {"order_type": OrderType.STOP_MARKET, "trigger_price": D(160)}

    assert desk.place(BUY, 1, None, **stop) == "it is worth 160.00, the limit is 150"


def test_orders_that_are_working_are_counted():
    desk = Desk(max_open_orders=2)
    first = desk.place(BUY, 1)
    assert left(desk.place(SELL, 1, instrument=BTC, strategy="trend"))
    assert desk.place(BUY, 1) == "3 orders would be working, the limit is 2"

    desk.end(first)
    assert left(desk.place(BUY, 1))


def test_orders_of_an_instrument_are_counted_apart():
    desk = Desk(instruments={ETH: InstrumentLimits(max_open_orders=1)})
    desk.quote(ETH, 10)
    assert left(desk.place(BUY, 1))
    assert left(desk.place(BUY, 1, 10, instrument=ETH))

    assert desk.place(BUY, 1, 10, instrument=ETH) == f"2 orders would be working, {ETH}'s limit is 1"


def test_an_order_that_is_looked_at_twice_counts_once():
    desk = limited(max_position=D(3), max_open_orders=1)
    order = desk.order(BUY, 3)
    desk.tell(order)

    assert desk.risk.check(order) is None


# Positions.


def test_working_orders_count_towards_the_position():
    desk = limited(max_position=D(3))
    assert left(desk.place(BUY, 2))

    assert desk.place(BUY, 2) == (f"position would be 4, {BTC}'s limit is 3 (working orders of 2 included)")
    assert left(desk.place(BUY, 1))
    assert left(desk.place(SELL, 3))
    assert "position would be 4" in desk.place(SELL, 1)


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN])
def test_what_is_in_flight_or_unknown_counts_whole(status):
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)
    order.status = status
    desk.tell(order)

    assert "position would be 4" in desk.place(BUY, 2)


def test_a_wish_to_cancel_sets_nothing_free_and_the_venues_word_does():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 3)
    order.is_canceling = True
    desk.tell(order)
    assert "position would be 4" in desk.place(BUY, 1)

    desk.end(order)
    assert left(desk.place(BUY, 1))


def test_a_fill_after_the_end_counts_as_position():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)
    desk.end(order)
    desk.fill(order, 2)

    assert "position would be 4" in desk.place(BUY, 2)
    assert left(desk.place(BUY, 1))


def test_more_filled_than_was_ordered_reserves_nothing():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 1)
    order.filled_quantity = D(2)
    desk.tell(order)

    assert desk.risk.exposure.working(BTC, None).buys == 0


def test_orders_of_the_last_run_count():
    desk = limited(max_position=D(3))
    order = desk.order(BUY, 3)
    order.status = OrderStatus.UNKNOWN
    desk.risk.restore(order)

    assert "position would be 4" in desk.place(BUY, 1)


def test_orders_of_nobody_count_for_the_account():
    desk = limited(max_position=D(3))
    order = desk.order(BUY, 3, strategy=None)
    order.status = OrderStatus.ACCEPTED
    desk.tell(order)

    assert "position would be 4" in desk.place(BUY, 1)


def test_the_worth_of_a_position_goes_by_the_market():
    desk = Desk(max_position_notional=D(250))
    desk.hold(2)

    assert desk.place(BUY, 1, 50) == (
        "position would be worth 300.00, the limit is 250 (working orders of 0 included)"
    )
    desk.quote(BTC, 80)
    assert left(desk.place(BUY, 1, 50))


def test_limits_of_a_strategy_count_its_own_orders_and_its_own_share():
    desk = Desk(strategies={"mm": StrategyLimits(max_open_orders=1, max_position=D(2))})
    assert left(desk.place(BUY, 3, strategy="trend"))
    desk.hold(3, strategy="trend")

    assert "position would be 3, mm's limit is 2" in desk.place(BUY, 3)
    assert left(desk.place(BUY, 1))
    assert desk.place(BUY, 1) == "2 orders would be working, mm's limit is 1"


# What reduces.


def test_what_reduces_passes_every_limit_on_size():
    limits = InstrumentLimits(max_position=D(1), max_order_size=D(1), max_open_orders=1)
    worths = {"max_order_notional": D(10), "max_position_notional": D(10), "max_gross_exposure": D(1)}
    desk = Desk(instruments={BTC: limits}, **worths)
    desk.hold(9, strategy="mm")

    assert left(desk.place(SELL, 4))
    assert left(desk.place(SELL, 3))
    assert left(desk.place(SELL, 2, reduce_only=True))
    assert "its size is 4" in desk.place(SELL, 4)  # after the others it would turn the position


def test_a_reduce_only_order_must_not_let_others_break_a_limit():
    desk = limited(max_position=D(5))
    desk.hold(2, strategy="mm")
    first = desk.place(SELL, 3)
    assert left(desk.place(SELL, 3))

    # Filled before the other two, it would leave them to go to -6.
    assert "position would be 6" in desk.place(SELL, 2, reduce_only=True)
    assert left(desk.place(SELL, 1, reduce_only=True))
    desk.end(first)
    assert left(desk.place(SELL, 2, reduce_only=True))


def test_the_kill_switch_closes_whatever_others_come_to():
    desk = limited(max_position=D(5), max_order_size=D(1), max_open_orders=1)
    desk.hold(2, strategy="mm")
    desk.place(SELL, 1)
    desk.hold(4, strategy="mm")

    assert left(desk.place(SELL, 6, None, strategy=None, reduce_only=True))


def test_reduce_only_orders_take_a_position_to_zero_and_no_further():
    desk = limited(max_position=D(1))
    desk.hold(1, strategy="mm")
    assert left(desk.place(SELL, 1, 110, reduce_only=True))
    assert left(desk.place(SELL, 1, 98, reduce_only=True))

    # Both cannot be filled whole; so this one takes the position to -1 at most.
    assert left(desk.place(SELL, 1))
    assert "position would be 2" in desk.place(SELL, 1)


def test_of_a_strategy_reduce_only_counts_as_such_if_it_is_not_larger_than_its_share():
    desk = Desk(strategies={"mm": StrategyLimits(max_position=D(1))})
    desk.hold(5, strategy="trend")
    assert "position would be 2, mm's limit is 1" in desk.place(SELL, 2, reduce_only=True)
    desk.hold(2, strategy="mm")

    order = desk.place(SELL, 2, reduce_only=True)
    assert left(order)
    assert left(desk.place(SELL, 2, reduce_only=True))
    assert left(desk.place(SELL, 1))
    desk.fill(order)  # there is no share any more, but what it was when they left still holds
    assert desk.risk.exposure.working(BTC, "mm").reducing_sells == 2


def test_a_plain_order_that_reduces_the_account_must_fit_the_strategys_share():
    desk = Desk(strategies={"mm": StrategyLimits(max_position=D(1))})
    desk.hold(5, strategy="trend")

    assert "position would be 2, mm's limit is 1" in desk.place(SELL, 2)
    assert left(desk.place(SELL, 1))
    assert left(desk.place(SELL, 4, strategy="trend"))


# Gross exposure.


def test_gross_exposure_counts_all_instruments_and_what_works_there():
    desk = Desk(max_gross_exposure=D(500))
    desk.quote(ETH, 10)
    desk.hold(-20, instrument=ETH)
    assert left(desk.place(SELL, 10, 10, instrument=ETH))

    assert desk.place(BUY, 3) == (
        "gross exposure would be 600.00, the limit is 500 (working orders included)"
    )
    assert left(desk.place(BUY, 2))


def test_what_does_not_make_the_exposure_larger_passes_though_it_is_too_large():
    desk = Desk(max_gross_exposure=D(500))
    desk.hold(9)

    assert left(desk.place(SELL, 9))
    assert left(desk.place(SELL, 9))  # it would be short 9 then, which is no more than long 9
    assert "gross exposure would be 1000.00" in desk.place(SELL, 1)


def test_gross_exposure_of_a_strategy_counts_its_own():
    desk = Desk(strategies={"mm": StrategyLimits(max_gross_exposure=D(250))})
    desk.quote(ETH, 10)
    desk.hold(10, instrument=ETH, strategy="mm")
    desk.hold(9, strategy="trend")

    assert "gross exposure would be 300.00, mm's limit is 250" in desk.place(BUY, 2)
    assert left(desk.place(BUY, 1))
    assert left(desk.place(BUY, 9, strategy="trend"))


def test_a_position_that_came_by_no_order_of_ours_counts_at_once():
    desk = Desk(max_gross_exposure=D(500))
    assert left(desk.place(BUY, 1))
    desk.hold(4, instrument=ETH, entry_price=100)

    assert "gross exposure would be 600.00" in desk.place(BUY, 1)


def test_gross_exposure_follows_the_marks():
    desk = Desk(max_gross_exposure=D(500))
    desk.quote(ETH, 10)
    desk.hold(10, instrument=ETH)
    assert left(desk.place(BUY, 1))
    desk.quote(ETH, 35)
    desk.risk.check_losses()

    assert "gross exposure would be 550.00" in desk.place(BUY, 1)


def test_gross_exposure_takes_an_orders_price_where_no_other_is_known():
    desk = Desk(max_gross_exposure=D(500))
    order = desk.order(BUY, 1, 450, instrument=ETH)
    order.status = OrderStatus.UNKNOWN
    desk.risk.restore(order)

    assert "gross exposure would be 550.00" in desk.place(BUY, 1)


def test_what_cannot_be_valued_is_not_taken_for_nothing():
    desk = Desk(max_gross_exposure=D(500), strategies={"trend": StrategyLimits(max_gross_exposure=D(500))})
    order = desk.order(BUY, 1, None, instrument=ETH)
    order.status = OrderStatus.UNKNOWN
    desk.risk.restore(order)
    assert desk.place(BUY, 1) == f"gross exposure is not known, because no price of {ETH} is"

    desk.mark(ETH, 10)
    desk.risk.check_losses()
    assert left(desk.place(BUY, 1, strategy="trend"))


def test_what_cannot_be_valued_does_not_matter_any_more_when_it_is_over():
    desk = Desk(max_gross_exposure=D(500))
    order = desk.order(BUY, 1, None, instrument=ETH)
    order.status = OrderStatus.UNKNOWN
    desk.risk.restore(order)
    desk.end(order)

    assert left(desk.place(BUY, 1))


# Prices.


def test_a_price_far_beyond_the_market_is_refused_and_one_far_behind_is_not():
    desk = Desk()

    assert desk.place(BUY, 1, 120) == ("its price 120 is 2000 bps beyond the market at 100, the limit is 500")
    assert "its price 80 is 2000 bps beyond" in desk.place(SELL, 1, 80)
    assert left(desk.place(BUY, 1, 50))
    assert left(desk.place(BUY, 1, 105))


def test_the_limit_of_a_stop_is_compared_with_its_trigger():
    desk = Desk()
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_price": D(200)}

    assert left(desk.place(BUY, 1, 205, **stop))
    assert desk.place(BUY, 1, 220, **stop) == (
        "its price 220 is 1000 bps beyond its trigger price 200, the limit is 500"
    )


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "price"),
    [
        (BUY, OrderType.TAKE_PROFIT_LIMIT, 1000, 1000),
        (SELL, OrderType.TAKE_PROFIT_LIMIT, 10, 10),
        (BUY, OrderType.STOP_LIMIT, 90, 110),
        (SELL, OrderType.STOP_LIMIT, 110, 90),
    ],
)
def test_what_would_be_triggered_at_once_is_compared_with_the_market(side, kind, trigger, price):
    desk = Desk()

    assert "bps beyond the market at 100" in desk.place(
        side, 1, price, order_type=kind, trigger_price=D(trigger)
    )


@pytest.mark.parametrize(("side", "trigger", "price"), [(BUY, 50, 52), (SELL, 200, 192)])
def test_the_limit_of_a_take_profit_that_waits_is_compared_with_its_trigger(side, trigger, price):
    desk = Desk()
    values = {"order_type": OrderType.TAKE_PROFIT_LIMIT, "trigger_price": D(trigger)}

    assert left(desk.place(side, 1, price, **values))
    assert "beyond its trigger price" in desk.place(side, 1, price * (1 + side.sign * D("0.1")), **values)


def test_an_instrument_may_have_a_collar_and_an_age_of_its_own():
    desk = limited(price_collar_bps=D(3000), max_price_age_ms=60_000)
    desk.quote(ETH, 10)
    desk.now += 11 * SECOND

    assert left(desk.place(BUY, 1, 120))
    assert "ETH-USD-PERP.FAKE is 11.0 s old" in desk.place(BUY, 1, 10, instrument=ETH)


def test_a_price_that_is_old_or_unknown_decides_nothing():
    desk = Desk()
    desk.now += 11 * SECOND

    assert desk.place(BUY, 1) == f"the last price of {BTC} is 11.0 s old, the limit is 10 s"
    assert f"no price of {ETH} is known: subscribe" in desk.place(BUY, 1, instrument=ETH)


def test_a_market_order_has_no_price_that_could_be_too_far_off():
    desk = Desk()

    assert left(desk.place(BUY, 1, 150, order_type=OrderType.MARKET))


def test_what_closes_at_the_market_is_held_to_the_price_that_was_known_last():
    desk = Desk(max_position_notional=D(300))
    desk.hold(1)
    desk.place(SELL, 3)
    desk.now += 11 * SECOND
    close = {"strategy": "mm", "reduce_only": True}
    assert "position would be worth 300.00" not in str(desk.place(SELL, 1, None, **close))

    desk = Desk(strategies={"mm": StrategyLimits(max_position_notional=D(1))})
    desk.hold(1, instrument=ETH, strategy="trend")
    desk.cache.remove_position(ETH)
    assert left(desk.place(SELL, 1, None, instrument=ETH, **close))


def test_what_closes_at_the_market_needs_no_price():
    desk = Desk(strategies={"mm": StrategyLimits(max_position=D(1), max_position_notional=D(150))})
    desk.hold(5, strategy="trend")
    desk.now += 11 * SECOND

    assert left(desk.place(SELL, 5, None, strategy="trend", reduce_only=True))
    assert "11.0 s old" in desk.place(SELL, 5, 100, strategy="trend", reduce_only=True)
    assert "mm's limit is 1" in desk.place(SELL, 2, None, reduce_only=True)
    assert left(desk.place(SELL, 1, None, reduce_only=True))


# Rate.


def test_a_flood_is_refused():
    desk = Desk(max_order_rate=D(1), order_rate_burst=2)
    assert [left(desk.place(BUY, 1)) for _ in range(3)] == [True, True, False]
    assert desk.place(BUY, 1) == "more than 1 orders a second"

    desk.now += SECOND
    assert left(desk.place(BUY, 1))


def test_a_strategy_that_floods_leaves_room_for_the_others():
    desk = Desk(
        max_order_rate=D(10), order_rate_burst=4,
        strategies={"mm": StrategyLimits(max_order_rate=D(1), order_rate_burst=2)},
    )  # fmt: skip
    for _ in range(2):
        assert left(desk.place(BUY, 1))
    for _ in range(10):
        assert desk.place(BUY, 1) == "more than 1 orders a second of mm"
    for _ in range(2):
        assert left(desk.place(BUY, 1, strategy="trend"))
    assert desk.place(BUY, 1, strategy="trend") == "more than 10 orders a second"

    desk.now += SECOND
    assert left(desk.place(BUY, 1))
    assert "of mm" in desk.place(BUY, 1)


def test_what_the_accounts_rate_refuses_uses_up_nothing_of_the_strategys():
    desk = Desk(
        max_order_rate=D(10), order_rate_burst=1,
        strategies={"mm": StrategyLimits(max_order_rate=D("0.5"))},
    )  # fmt: skip
    assert left(desk.place(BUY, 1, strategy="trend"))
    assert desk.place(BUY, 1) == "more than 10 orders a second"

    desk.now += SECOND // 10
    assert left(desk.place(BUY, 1))


def test_a_strategy_may_have_a_size_and_a_collar_of_its_own():
    desk = Desk(
        instruments={BTC: InstrumentLimits(price_collar_bps=D(200))},
        strategies={
            "mm": StrategyLimits(max_order_size=D(2), price_collar_bps=D(100)),
            "wide": StrategyLimits(price_collar_bps=D(300)),
        },
    )
    assert desk.place(BUY, 3) == "its size is 3, mm's limit is 2"
    assert desk.place(BUY, 1, 102) == "its price 102 is 200 bps beyond the market at 100, the limit is 100"
    assert left(desk.place(BUY, 3, 102, strategy="trend"))
    assert "300 bps beyond" in desk.place(BUY, 1, 103, strategy="wide")


def test_what_is_refused_for_something_else_uses_up_nothing():
    desk = Desk(max_order_rate=D(1), order_rate_burst=1, max_order_notional=D(150))
    desk.place(BUY, 2)

    assert left(desk.place(BUY, 1))


def test_modifications_count_as_orders():
    desk = Desk(max_order_rate=D(1), order_rate_burst=2)
    order = desk.place(BUY, 2)
    assert desk.modify(order, 1) is None

    assert desk.modify(order, 1) == "more than 1 orders a second"


def test_the_rate_does_not_stop_the_kill_switch():
    desk = Desk(max_order_rate=D(1), order_rate_burst=1)
    desk.hold(2)

    exits = [desk.place(SELL, 1, None, strategy=None, reduce_only=True) for _ in range(3)]
    assert [left(each) for each in exits] == [True] * 3


# State.


def test_reducing_only_what_reduces_may_leave():
    desk = Desk()
    desk.hold(5)
    desk.risk.set_state(TradingState.REDUCING, "the engine stops")
    desk.now += 2 * SECOND

    assert desk.place(BUY, 1) == (
        "only what makes positions smaller may leave: the engine stops (since 2.0 s)"
    )
    assert left(desk.place(SELL, 5))
    assert "only what makes positions smaller" in desk.place(SELL, 1)


def test_halted_nothing_may_leave_until_trading_is_active_again():
    desk = Desk()
    desk.hold(5)
    desk.risk.set_state(TradingState.HALTED, "by hand")
    assert desk.place(SELL, 1) == "trading is halted: by hand (since 0.0 s)"

    desk.now += SECOND
    desk.risk.set_state(TradingState.ACTIVE)
    assert left(desk.place(SELL, 1))
    assert (desk.risk.reason, desk.risk.since) == (None, desk.now)


def test_the_state_is_logged_once_and_keeps_its_beginning():
    desk = Desk()
    with capture_logs() as lines:
        desk.risk.set_state(TradingState.HALTED, "by hand")
        desk.now += SECOND
        desk.risk.set_state(TradingState.HALTED, "again")

    assert [(each["state"], each["reason"]) for each in lines] == [("halted", "by hand")]
    assert desk.place(SELL, 1) == "trading is halted: again (since 1.0 s)"


# Modifications.


def test_only_the_increase_of_a_modification_counts():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)

    assert "position would be 4" in desk.modify(order, 4)
    assert desk.modify(order, 3) is None


def test_while_a_modification_is_under_way_the_larger_size_counts():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)
    assert desk.modify(order, 3) is None
    assert "position would be 4" in desk.place(BUY, 1)

    desk.confirm(order, 2)  # it was refused
    assert left(desk.place(BUY, 1))


def test_a_smaller_size_sets_free_what_it_does_when_the_venue_says_so():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 3)
    assert desk.modify(order, 1) is None
    assert "position would be 4" in desk.place(BUY, 1)

    desk.confirm(order, 1)
    assert left(desk.place(BUY, 2))


def test_a_fill_while_a_modification_is_under_way_sets_nothing_free():
    desk = limited(max_position=D(5))
    order = desk.place(BUY, 2)
    assert desk.modify(order, 3) is None
    desk.fill(order, 1)

    assert desk.risk.exposure.counted(order) == 3
    assert "position would be 6" in desk.place(BUY, 2)
    assert left(desk.place(BUY, 1))


def test_an_order_that_ends_in_its_modification_counts_no_more():
    desk = limited(max_position=D(3))
    order = desk.place(BUY, 2)
    assert desk.modify(order, 3) is None
    desk.end(order)

    assert left(desk.place(BUY, 3))


def test_another_price_does_not_count_as_more():
    desk = limited(max_position=D(3), max_order_size=D(3))
    desk.hold(2)
    order = desk.place(BUY, 1)
    desk.hold(4)  # by somebody else: by now it is too much

    assert desk.modify(order, 1, 101) is None
    assert "bps beyond" in desk.modify(order, 1, 120)


def test_another_price_may_make_an_order_worth_too_much():
    desk = Desk(max_order_notional=D(100))
    order = desk.place(BUY, 1, 95)

    assert desk.modify(order, 1, 102) == "it is worth 102.00, the limit is 100"
    assert desk.modify(order, 1, 100) is None


def test_what_only_gets_smaller_passes_all_but_a_halt():
    desk = Desk(max_order_notional=D(200))
    order = desk.place(BUY, 2)
    desk.now += 11 * SECOND
    desk.risk.set_state(TradingState.REDUCING, "the engine stops")
    assert desk.modify(order, 1) is None
    assert "11.0 s old" in desk.modify(order, 1, 101)
    desk.quote(BTC, 100)
    assert "only what makes positions smaller" in desk.modify(order, 1, 101)

    desk.risk.set_state(TradingState.HALTED, "by hand")
    assert "by hand" in desk.modify(order, 1)


def test_a_new_trigger_is_a_change():
    desk = Desk()
    order = desk.place(SELL, 1, 95, order_type=OrderType.STOP_LIMIT, trigger_price=D(95))
    assert left(order)

    assert "1000 bps beyond its trigger price" in desk.risk.check_modify(order, D(1), D(90), D(100))
    assert desk.risk.check_modify(order, D(1), D(95), D(96)) is None


def test_a_price_is_not_compared_with_a_trigger_that_is_not_told():
    desk = Desk()
    order = desk.place(SELL, 1, 95, order_type=OrderType.STOP_LIMIT, trigger_price=D(95))
    assert left(order)

    assert desk.risk.check_modify(order, D(1), D(50)) is None


# Losses and locks.


def test_a_change_that_was_under_way_before_a_restart_counts_at_its_larger_size():
    desk = limited(max_position=D(10))
    order = desk.order(BUY, 2)
    order.status, order.pending_revision = OrderStatus.ACCEPTED, 1
    change = OrderPendingUpdate(
        order=order, previous=order.status, status=order.status, quantity=D(9), price=None, ts_event=0,
        ts_init=0,
    )  # fmt: skip
    desk.risk.restore(order, change)

    assert "position would be 11, " in desk.place(BUY, 2)
    assert left(desk.place(BUY, 1))


def test_a_strategys_loss_locks_its_entries_only_and_until_midnight():
    desk = Desk(strategies={"mm": StrategyLimits(max_daily_loss=D(10))})
    desk.holdings.days["mm"] = D(-10)
    with capture_logs() as lines:
        desk.risk.check_losses()
        desk.risk.check_losses()
    assert [each["strategy"] for each in lines] == ["mm"]
    assert desk.place(BUY, 1) == ("entries are locked: 10.00 lost today, the limit is 10 (for 86300 s more)")
    assert left(desk.place(BUY, 1, strategy="trend"))
    assert desk.breaches == []

    desk.now += 86_300 * SECOND
    desk.quote(BTC, 100)
    assert left(desk.place(BUY, 1))


def test_a_protection_locks_entries_after_round_trips_and_what_reduces_passes():
    desk = Desk(protections=[Protection(kind="cooldown", lock_ms=5_000)])
    desk.hold(1)
    with capture_logs() as lines:
        desk.risk.on_round_trip(BTC, "mm", D(3), desk.now)
        desk.risk.on_round_trip(BTC, "mm", D(3), desk.now)

    assert [(each["instrument"], each["after"]) for each in lines] == [(BTC, "mm")]
    assert "entries are locked: cooling down" in desk.place(BUY, 1)
    assert left(desk.place(SELL, 1))
    assert [each.instrument_id for each in desk.risk.locks()] == [BTC]
    desk.now += 5 * SECOND
    assert left(desk.place(BUY, 1))


def test_a_lock_lets_out_what_makes_the_strategys_own_position_smaller():
    desk = Desk(protections=[Protection(kind="cooldown", lock_ms=5_000)])
    desk.hold(5, strategy="trend")
    desk.hold(-2, strategy="mm")
    desk.risk.on_round_trip(BTC, "trend", D(3), desk.now)

    assert "entries are locked" in desk.place(BUY, 1, strategy="trend")
    assert "entries are locked" in desk.place(BUY, 1, strategy=None)
    assert left(desk.place(BUY, 2))
    assert "entries are locked" in desk.place(BUY, 1)


def test_limits_of_an_instrument_that_is_not_there_are_named_once():
    mistyped = "BTC-USD-PREP.FAKE"
    desk = Desk(instruments={each: InstrumentLimits() for each in (BTC, mistyped, "BTC-USD-PERP.OTHER")})
    desk.cache.update_instrument(perpetual(BTC))
    with capture_logs() as lines:
        desk.place(BUY, 1)
        desk.place(BUY, 1)

    assert [(each["instrument"], each["near"]) for each in lines] == [(mistyped, BTC)]
