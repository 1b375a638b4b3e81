"""Losses: what was lost, against what may be; told once."""

from decimal import Decimal

from risk_desk import SECOND, Desk

from livetrio.engines.risk import TradingState
from livetrio.engines.risk_config import StrategyLimits

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


def test_a_strategy_that_has_not_recovered_is_locked_again_the_next_day():
    desk = Desk(strategies={"mm": StrategyLimits(max_drawdown=D(10))})
    desk.risk.check_losses()
    desk.holdings.results["mm"] = D(-10)
    desk.risk.check_losses()
    (first,) = desk.risk.locks()
    desk.now = first.until
    assert desk.risk.locks() == ()

    desk.risk.check_losses()
    (second,) = desk.risk.locks()
    assert (second.strategy, second.until - first.until) == ("mm", 86_400 * SECOND)
    assert desk.breaches == []


def test_without_limits_nothing_is_asked():
    desk = Desk()
    desk.holdings.results[None] = desk.holdings.days[None] = D(-1_000_000)
    desk.risk.check_losses()

    assert desk.breaches == []
