"""What a file says of orders: [execution], [risk] and [journal], and what each of them refuses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from config_files import load, mistakes
from refusals import refusal

from livetrio.app.config import Config, JournalConfig, LiveTradingConfig, StrategyConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import Protection, RiskConfig
from livetrio.errors import ConfigError, Problem
from livetrio.venues.hyperliquid import HyperliquidConfig

BTC = "BTC-USD-PERP.HYPERLIQUID"
SPREAD = "[[strategies]]\npath = 'spread.py:Spread'\nparams = { instrument = 'BTC-USD-PERP.HYPERLIQUID' }\n"
RULE = "[[risk.protections]]\nkind = "


def test_orders_are_sent_kept_and_limited_as_the_file_says(file: Path):
    config = load(
        file,
        f"""
        [execution]
        submit_timeout_ms = 2_000
        market_slippage_bps = "25.5"
        foreign_orders = "refuse"
        cancel_on_stop = false
        [risk]
        max_gross_exposure = "100000.50"
        max_open_orders = 20
        price_collar_bps = 50
        [risk.instruments."{BTC}"]
        max_position = "0.1"
        max_order_size = 0.05
        [risk.strategies.Spread]
        max_daily_loss = "250"
        [[risk.protections]]
        kind = "losing_streak"
        trips = 4
        [[risk.protections]]
        kind = "cooldown"
        lock_ms = 5_000
        [journal]
        path = "mine.journal"
        sync = "power"
        """
        + SPREAD,
    )
    risk = config.risk

    assert config.execution == ExecutionConfig(
        submit_timeout_ms=2_000,
        market_slippage_bps=Decimal("25.5"),
        foreign_orders="refuse",
        cancel_on_stop=False,
    )
    assert (risk.max_gross_exposure, risk.max_open_orders, risk.price_collar_bps) == (
        Decimal("100000.50"), 20, Decimal(50),
    )  # fmt: skip
    assert risk.instruments[BTC].max_position == Decimal("0.1")
    assert risk.instruments[BTC].max_order_size == Decimal("0.05")
    assert risk.strategies["Spread"].max_daily_loss == Decimal(250)
    assert risk.protections == (
        Protection(kind="losing_streak", trips=4),
        Protection(kind="cooldown", lock_ms=5_000),
    )
    assert config.journal == JournalConfig(path="mine.journal", sync="power")
    assert config.journal_path == file.parent / "mine.journal"


def test_without_a_word_of_it_the_rate_the_collar_and_the_age_of_prices_are_limited_and_nothing_else(
    file: Path,
):
    risk = load(file).risk

    assert risk == RiskConfig()
    assert (risk.price_collar_bps, risk.max_price_age_ms, risk.max_order_rate) == (500, 10_000, 50)
    assert {risk.max_order_notional, risk.max_gross_exposure, risk.max_daily_loss, risk.max_drawdown} == {
        None
    }


def test_the_journal_is_beside_the_file_and_called_like_it(file: Path):
    assert load(file).journal_path == file.with_suffix(".journal")
    assert Config().journal_path == Path("livetrio.journal")
    assert Config(journal=JournalConfig(path="/var/lib/a")).journal_path == Path("/var/lib/a")


@pytest.mark.parametrize(
    "text, lines",
    [
        (
            "execution.submit_timeout_ms = 0",
            ["execution.submit_timeout_ms: expected a whole number ≥ 1, found 0"],
        ),
        (
            "execution.market_slippage_bps = 10000",
            ["execution.market_slippage_bps: expected basis points from 0 to below 10000, found 10000"],
        ),
        (
            "execution.lost_orders = 'forget'",
            ['execution.lost_orders: expected "adopt", "cancel" or "refuse", found the text "forget"'],
        ),
        ("execution = 5", ["execution: expected a table, found the number 5"]),
        ("risk.max_daily_los = 5", ["risk.max_daily_los: unknown key; did you mean max_daily_loss?"]),
        ("risk.max_open_orders = '5'", ['risk.max_open_orders: expected a whole number, found the text "5"']),
        ("risk.max_drawdown = true", ["risk.max_drawdown: expected a number, found the boolean true"]),
        ("risk.max_drawdown = 'much'", ['risk.max_drawdown: expected a number, found the text "much"']),
        ("risk.instruments = 5", ["risk.instruments: expected a table, found the number 5"]),
        (
            f"risk.instruments.'{BTC}'.max_positon = 1",
            [f'risk.instruments."{BTC}".max_positon: unknown key; did you mean max_position?'],
        ),
        (
            "risk.instruments.BTC.max_position = 1",
            ["risk.instruments: expected an instrument id such as BTC-USD-PERP.HYPERLIQUID, found 'BTC'"],
        ),
        ("risk.max_gross_exposure = 0", ["risk.max_gross_exposure: expected an amount above zero, found 0"]),
        ("risk.max_price_age_ms = 0", ["risk.max_price_age_ms: expected a whole number ≥ 1, found 0"]),
        (
            f"{RULE}'max_drawdown'",
            ["risk.protections[0].amount: max_drawdown needs an amount above zero, found 0"],
        ),
        (
            SPREAD + "[risk.strategies.Spred]\nmax_daily_loss = 5",
            ['risk.strategies.Spred: no such strategy; did you mean "Spread"?'],
        ),
        (
            SPREAD + "[risk.strategies.'a b']\nmax_daily_loss = 5",
            ['risk.strategies."a b": no such strategy; known: Spread'],
        ),
        (
            "[risk.strategies.mm]\nmax_daily_loss = 5",
            ["risk.strategies.mm: no such strategy; none is configured"],
        ),
        (
            f"{RULE}'loosing_streak'",
            [
                "risk.protections[0].kind: "
                'expected "cooldown", "losing_streak", "low_profit" or "max_drawdown", '
                'found the text "loosing_streak"; did you mean "losing_streak"?'
            ],
        ),
        (f"{RULE}'cooldown'\nlock = 5", ["risk.protections[0].lock: unknown key; did you mean lock_ms?"]),
        (
            "[risk]\nprotections = 'all'",
            ["risk.protections: expected an array, found a text of 3 characters"],
        ),
        ("journal.path = ' '", ['journal.path: expected the path of a file, found the text " "']),
        (
            "journal.sync = 'disk'",
            ['journal.sync: expected "process" or "power", found the text "disk"'],
        ),
        ("journal.pth = 'x'", ["journal.pth: unknown key; did you mean path?"]),
    ],
)
def test_a_mistake_about_orders_is_told_with_its_place(file: Path, text: str, lines: list[str]):
    assert mistakes(file, text) == lines


def test_limits_of_strategies_are_compared_only_where_it_is_known_which_strategies_there_are(file: Path):
    text = "[[strategies]]\npath = 'spread.py:Sprad'\n[risk.strategies.Sprad]\nmax_daily_loss = 5"

    assert mistakes(file, text) == [
        "strategies[0].path: spread.py has no 'Sprad'; did you mean 'Spread'?",
    ]


def test_a_strategy_without_a_name_has_its_limits_under_that_which_it_gets(file: Path):
    text = SPREAD + SPREAD + "[risk.strategies.Spread-2]\nmax_daily_loss = 5"

    assert load(file, text).risk.strategies["Spread-2"].max_daily_loss == Decimal(5)


def test_limits_of_nobody_are_refused_in_python_too(file: Path):
    risk = load(file, SPREAD + "[risk.strategies.Spread]\nmax_daily_loss = 5").risk
    with pytest.raises(ConfigError) as caught:
        Config(risk=risk, strategies=[StrategyConfig(path="m:Other", name="Spread 1")])

    assert caught.value.problems == (
        Problem("risk.strategies.Spread", 'no such strategy; did you mean "Spread 1"?'),
    )
    assert Config(risk=risk, strategies=[StrategyConfig(path="m:Spread")]).risk is risk


UNVOUCHED = (
    "engine.enable_recovery: expected true, because venues.hyperliquid has an account to trade, found false: "
    "what is not compared with the venue cannot be vouched for"
)


def test_an_account_is_not_traded_without_comparing_it_with_the_venue(file: Path):
    off, key = "engine.enable_recovery = false\n", "0x" + "11" * 32

    assert mistakes(file, f"{off}[venues.hyperliquid]\nkey = 'env:KEY'", KEY=key) == [UNVOUCHED]
    assert mistakes(file, f"{off}[venues.hyperliquid]\nnetwork = 'local'") == [UNVOUCHED]


def test_who_only_looks_at_the_market_needs_no_recovery(file: Path):
    config = load(file, "engine.enable_recovery = false\n[venues.hyperliquid]\nnetwork = 'testnet'")

    assert not config.engine.enable_recovery


def test_an_account_without_recovery_is_refused_in_python_too():
    venues = {"hyperliquid": HyperliquidConfig(network="local")}
    with pytest.raises(ConfigError) as caught:
        Config(engine=LiveTradingConfig(enable_recovery=False), venues=venues)

    assert [str(each) for each in caught.value.problems] == [UNVOUCHED]


@pytest.mark.parametrize(
    "kind, settings, words",
    [
        (JournalConfig, {"path": ""}, 'path: expected the path of a file, found the text ""'),
        (
            JournalConfig,
            {"path": Path("x")},
            "path: expected the path of a file, found an object of PosixPath",
        ),
        (JournalConfig, {"sync": None}, 'sync: expected "process" or "power", found nothing'),
        (Config, {"risk": {}}, "risk: expected an object of RiskConfig, found a table of 0"),
        (Config, {"execution": None}, "execution: expected an object of ExecutionConfig, found nothing"),
        (Config, {"journal": "x"}, 'journal: expected an object of JournalConfig, found the text "x"'),
    ],
)
def test_what_these_sections_refuse_they_refuse_in_words(kind, settings: dict[str, Any], words: str):
    assert refusal(kind, **settings) == words
