"""ExecutionConfig: what it is without a word, and what it refuses."""

import re
from decimal import Decimal

import attrs
import pytest

from livetrio.engines.execution_config import ExecutionConfig


def test_without_a_word_lost_orders_are_canceled_and_what_others_did_is_taken_in():
    config = ExecutionConfig()

    assert (config.lost_orders, config.foreign_orders, config.foreign_positions) == (
        "cancel",
        "adopt",
        "adopt",
    )
    assert config.cancel_on_stop
    assert config.dead_man_ms is None
    assert config.expire_ms > config.submit_timeout_ms


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"submit_timeout_ms": 0}, "submit_timeout_ms: expected a whole number ≥ 1, found 0"),
        ({"cancel_timeout_ms": True}, "cancel_timeout_ms: expected a whole number ≥ 1, found True"),
        ({"expire_ms": 999}, "expire_ms: expected a whole number ≥ 1000, found 999"),
        ({"retry_interval_ms": 1.5}, "retry_interval_ms: expected a whole number ≥ 1, found 1.5"),
        ({"max_retries": -1}, "max_retries: expected a whole number ≥ 0, found -1"),
        ({"dead_man_ms": 5_000}, "dead_man_ms: expected a whole number ≥ 10000, found 5000"),
        (
            {"market_slippage_bps": Decimal(-1)},
            "market_slippage_bps: expected basis points from 0 to below 10000, found -1",
        ),
        (
            {"market_slippage_bps": Decimal("NaN")},
            "market_slippage_bps: expected basis points from 0 to below 10000, found NaN",
        ),
        (
            {"market_slippage_bps": 5.0},
            "market_slippage_bps: expected basis points from 0 to below 10000, found 5.0",
        ),
        (
            {"foreign_orders": "ignore"},
            "foreign_orders: expected one of adopt, cancel, refuse, found 'ignore'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(settings, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        ExecutionConfig(**settings)


def test_a_market_order_may_be_allowed_no_slippage_at_all():
    config = attrs.evolve(ExecutionConfig(), market_slippage_bps=Decimal(0), dead_man_ms=10_000)

    assert (config.market_slippage_bps, config.dead_man_ms) == (0, 10_000)
