"""RiskConfig: what may be a limit, and of whom."""

from decimal import Decimal

import pytest

from livetrio.engines.risk_config import InstrumentLimits, Protection, RiskConfig, StrategyLimits
from livetrio.errors import ConfigError


def test_without_a_word_prices_and_rate_are_limited_and_nothing_else():
    config = RiskConfig()

    assert (config.price_collar_bps, config.max_price_age_ms) == (500, 10_000)
    assert (config.max_order_rate, config.order_rate_burst) == (50, 100)
    assert config.max_daily_loss is config.max_order_notional is config.max_gross_exposure is None


@pytest.mark.parametrize("value", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity"), 5, 0.5, "5"])
def test_an_amount_is_above_zero_and_a_decimal(value):
    with pytest.raises(ValueError, match=r"max_daily_loss: expected an amount above zero, found"):
        RiskConfig(max_daily_loss=value)


@pytest.mark.parametrize("value", [0, -1, True, 1.0, Decimal(1)])
def test_a_number_of_orders_is_a_whole_one(value):
    with pytest.raises(ValueError, match=r"max_open_orders: expected a whole number ≥ 1, found"):
        StrategyLimits(max_open_orders=value)


def test_limits_of_an_instrument_are_under_its_id():
    with pytest.raises(ValueError, match=r"instruments: expected an instrument id such as .* found 'BTC'"):
        RiskConfig(instruments={"BTC": InstrumentLimits()})


def test_a_rule_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match=r"kind: expected one of cooldown, .* found 'astrology'"):
        Protection(kind="astrology")


def test_a_drawdown_needs_an_amount_and_a_profit_may_be_a_loss():
    with pytest.raises(ConfigError, match=r"amount: max_drawdown needs an amount above zero, found 0"):
        Protection(kind="max_drawdown")
    with pytest.raises(ValueError, match=r"amount: expected an amount, found NaN"):
        Protection(kind="low_profit", amount=Decimal("NaN"))

    assert Protection(kind="low_profit", amount=Decimal(-5)).amount == -5
