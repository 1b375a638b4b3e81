"""Losses: what was lost, against what may be; told once."""

from decimal import Decimal

from risk_desk import BTC, BUY, DAY, ETH, SECOND, SELL, Desk

from livetrio.engines.risk_config import InstrumentLimits, StrategyLimits
from livetrio.engines.trading_state import TradingState

D = Decimal


def test_a_daily_loss_is_told_once_while_it_lasts():
    desk = Desk(max_daily_loss=D(10))
    desk.holdings.days[None] = D("-9.99")
    desk.risk.check_losses()
    assert desk.breaches == []

    desk.holdings.days[None] = D(-10)
    desk.risk.check_losses()
    desk.risk.check_losses()
    assert desk.breaches == ["10.00 lost today, the limit is 10"]


def test_a_loss_of_another_day_is_another_loss():
    desk = Desk(max_daily_loss=D(10))
    for day in (-11, 0, -12):
        desk.holdings.days[None] = D(day)
        desk.risk.check_losses()

    assert desk.breaches == ["11.00 lost today, the limit is 10", "12.00 lost today, the limit is 10"]


def test_a_drawdown_counts_from_the_best():
    desk = Desk(max_drawdown=D(10))
    for result in (5, 30, 25, 20, 19, 15):
        desk.holdings.results[None] = D(result)
        desk.risk.check_losses()

    assert desk.breaches == ["10.00 below the best, the limit is 10"]


def test_both_are_told():
    desk = Desk(max_daily_loss=D(10), max_drawdown=D(10))
    desk.risk.check_losses()
    desk.holdings.results[None] = desk.holdings.days[None] = D(-10)
    desk.risk.check_losses()

    assert desk.breaches == ["10.00 lost today, the limit is 10", "10.00 below the best, the limit is 10"]


def test_who_lets_trading_go_on_starts_the_drawdown_afresh_and_not_the_day():
    desk = Desk(max_daily_loss=D(10), max_drawdown=D(10))
    desk.risk.check_losses()
    desk.holdings.results[None] = desk.holdings.days[None] = D(-10)
    desk.risk.check_losses()
    desk.risk.set_state(TradingState.HALTED, desk.breaches[-1])
    desk.breaches.clear()
    desk.risk.set_state(TradingState.ACTIVE)
    desk.risk.check_losses()

    assert desk.breaches == ["10.00 lost today, the limit is 10"]


def test_a_strategy_in_drawdown_is_locked_until_it_has_been_better_for_a_day():
    desk = Desk(strategies={"mm": StrategyLimits(max_drawdown=D(10))})
    for result in (0, -10):
        desk.holdings.results["mm"] = D(result)
        desk.risk.check_losses()
    for _ in range(3):  # days
        desk.now += DAY - SECOND
        desk.risk.check_losses()
        assert [each.strategy for each in desk.risk.locks()] == ["mm"]

    desk.holdings.results["mm"] = D(-9)
    desk.now += DAY - 1
    desk.risk.check_losses()
    assert [each.strategy for each in desk.risk.locks()] == ["mm"]
    desk.now += 1
    assert desk.risk.locks() == ()
    assert desk.breaches == []


def test_without_limits_nothing_is_asked():
    desk = Desk()
    desk.holdings.results[None] = desk.holdings.days[None] = D(-1_000_000)
    desk.risk.check_losses()

    assert desk.breaches == []


def test_a_restart_forgives_no_drawdown():
    desk = Desk(max_drawdown=D(10), strategies={"mm": StrategyLimits(max_drawdown=D(10))})
    for result in (0, 30, 25):
        desk.holdings.results |= {None: D(result), "mm": D(result)}
        desk.risk.check_losses()
    desk.restart()
    desk.holdings.results |= {None: D(20), "mm": D(20)}
    desk.risk.check_losses()

    assert desk.breaches == ["10.00 below the best, the limit is 10"]
    assert [each.strategy for each in desk.risk.locks()] == ["mm"]


def test_losses_are_looked_at_before_an_entry_leaves_and_not_a_second_later():
    desk = Desk(max_daily_loss=D(10), strategies={"mm": StrategyLimits(max_drawdown=D(5))})
    desk.hold(1, strategy="mm")
    desk.risk.check_losses()
    desk.holdings.results["mm"] = D(-5)
    assert desk.place(BUY, 1).startswith("entries are locked: 5.00 below the best")
    assert not isinstance(desk.place(SELL, 1), str)

    desk.holdings.days[None] = D(-10)
    desk.on_breach = lambda words: desk.risk.set_state(TradingState.HALTED, words)
    assert desk.place(BUY, 1, strategy=None).startswith("trading is halted: 10.00 lost today")


def test_results_of_yesterday_lock_nothing_today():
    desk = Desk(strategies={"mm": StrategyLimits(max_daily_loss=D(10))})
    desk.risk.check_losses()
    desk.holdings.days["mm"] = D(-10)
    desk.now = DAY + SECOND // 2
    desk.quote("BTC-USD-PERP.FAKE", 100)

    assert not isinstance(desk.place(BUY, 1), str)  # the portfolio has not begun the day yet


def test_a_loss_in_an_instrument_locks_entries_in_it_alone_over_a_restart_too():
    desk = Desk(
        instruments={BTC: InstrumentLimits(max_daily_loss=D(10)), ETH: InstrumentLimits(max_drawdown=D(5))}
    )
    desk.quote(ETH, 10)
    desk.holdings.results[ETH] = D(3)
    desk.risk.check_losses()
    assert not isinstance(desk.place(BUY, 1, instrument=ETH, price=10), str)

    desk.holdings.days[BTC] = D(-10)
    desk.restart()
    assert not isinstance(desk.place(BUY, 1), str)
    desk.risk.check_losses()
    assert desk.place(BUY, 1).startswith("entries are locked: 10.00 lost today")
    assert not isinstance(desk.place(BUY, 1, instrument=ETH, price=10), str)
    assert desk.breaches == []

    desk.holdings.results[ETH] = D(-2)
    assert desk.place(BUY, 1, instrument=ETH, price=10).startswith("entries are locked: 5.00 below the best")


def test_a_best_without_a_limit_is_not_kept():
    desk = Desk(max_drawdown=D(10))
    desk.holdings.results[None] = D(30)
    desk.risk.check_losses()
    desk.restart(max_drawdown=None)
    assert desk.states == {"best": {}}

    desk.restart(max_drawdown=D(10))
    desk.holdings.results[None] = D(0)
    desk.risk.check_losses()
    assert desk.breaches == []


def test_what_nobody_can_value_is_neither_a_best_nor_a_drawdown():
    desk = Desk(max_drawdown=D(10))
    desk.holdings.results[None] = D(5)
    desk.risk.check_losses()
    desk.restart()
    desk.holdings.priced = False  # what is held counts as what it cost
    for result in (40, -40):
        desk.holdings.results[None] = D(result)
        desk.risk.check_losses()
    assert desk.breaches == []

    desk.holdings.priced = True
    desk.holdings.results[None] = D(-5)
    desk.risk.check_losses()
    assert desk.breaches == ["10.00 below the best, the limit is 10"]


def test_who_forgives_begins_all_drawdowns_afresh_also_for_the_journal():
    desk = Desk(max_drawdown=D(10), strategies={"mm": StrategyLimits(max_drawdown=D(10))})
    for result in (30, 15):
        desk.holdings.results |= {None: D(result), "mm": D(result)}
        desk.risk.check_losses()
    desk.risk.forgive()
    assert desk.states == {"best": {}, "lock": {}}

    desk.restart()
    desk.breaches.clear()
    desk.risk.check_losses()
    assert desk.breaches == []
    assert desk.risk.locks() == ()
