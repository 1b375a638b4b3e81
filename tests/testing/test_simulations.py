"""simulate and simulate_seeds, as authors call them."""

from __future__ import annotations

import inspect
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import attrs
import pytest
import structlog
from authors_strategies import BTC, Buyer, Faulty, Watcher, holds_little, returns_nothing, waits

from livetrio import LiveTradingConfig, StrategyConfig, load_config
from livetrio.app.config import Config
from livetrio.engines.risk_config import InstrumentLimits, RiskConfig, StrategyLimits
from livetrio.errors import ConfigError, SimulationFailed, StrategyFailed, UsageError
from livetrio.model import OrderStatus
from livetrio.testing import Check, Plan, simulate, simulate_seeds
from livetrio.venues.hyperliquid import HyperliquidConfig

CONFIG = """\
[venues.hyperliquid]
network = "mainnet"
key = "env:NO_SUCH_VARIABLE"

[engine]
tick_interval_ms = 1000

[[strategies]]
path = "mine.py:Mine"
params = { size = "0.002" }
"""

STRATEGY = """\
from decimal import Decimal

import attrs
import memory
from livetrio import Strategy
from livetrio.model import OrderSide

BTC = "BTC-USD-PERP.HYPERLIQUID"


@attrs.define
class Mine(Strategy):
    size: Decimal

    def on_start(self):
        memory.starts.append(1)
        self.starts = len(memory.starts)
        self.ctx.subscribe_quotes(BTC)

    def on_tick(self, tick):
        quote = self.ctx.cache.get_quote(BTC)
        if quote is not None and quote.ask_price is not None and not self.ctx.orders():
            self.ctx.submit_order(BTC, OrderSide.BUY, self.size, price=quote.ask_price)
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(STRATEGY)
    Path("memory.py").write_text("starts = []\n")
    Path("mine.toml").write_text(CONFIG)
    return Path("mine.toml")


# What a run says.


def test_three_lines_tell_what_a_strategy_did():
    run = simulate(Buyer, seconds=30)

    assert run.violation is None
    assert run.starts == 1
    assert len(run.orders) > 10
    assert all(each.is_closed for each in run.orders)
    assert [each.status for each in run.events(run.orders[0])][-1] is OrderStatus.FILLED
    assert sum(each.quantity for each in run.fills) == run.position(BTC) == run.positions[BTC]
    assert run.money.fees > 0
    [buyer] = run.strategies
    assert isinstance(buyer, Buyer)
    assert buyer.ticks > 25


def test_the_same_call_is_the_same_world_and_another_seed_is_another():
    digest = simulate(Buyer, seconds=20).digest

    assert simulate(Buyer, seconds=20).digest == digest
    assert simulate(Buyer, seconds=20, seed=2).digest != digest


def test_arguments_are_given_by_partial_and_several_strategies_in_a_list():
    run = simulate([partial(Buyer, Decimal("0.002")), Buyer, waits, partial(waits, seconds=5)], seconds=20)

    assert {each.quantity for each in run.orders} == {Decimal("0.002"), Decimal("0.001")}
    assert {each.strategy for each in run.orders} == {"Buyer", "Buyer-2"}
    assert len(run.strategies) == 4


def test_a_function_that_makes_the_strategy_is_called_at_each_start():
    made = []

    def make():
        made.append(Watcher())
        return made[-1]

    run = simulate(make, seconds=90, faults=["kill 1s after 5s", "kill 1s after 45s"])

    assert run.starts == 3
    assert run.counts["kill"] == 2
    assert [each is run.strategies[0] for each in made] == [False, False, True]


def test_what_is_said_of_the_engine_holds():
    run = simulate(
        Buyer,
        seconds=20,
        risk=RiskConfig(instruments={BTC: InstrumentLimits(max_order_size=Decimal("0.0005"))}),
    )
    assert {each.status for each in run.orders} == {OrderStatus.DENIED}

    [slow] = simulate(Buyer, seconds=20, config=LiveTradingConfig(tick_interval_ms=5000)).strategies
    assert slow.ticks < 10


# What goes wrong.


def test_faults_are_drawn_from_the_seed_by_a_text_and_are_as_written_in_a_list():
    drawn = simulate(Watcher, seconds=60, seed=3, faults="kill,power", regime="calm")
    assert drawn.plan.faults
    assert all(each.split()[0] in ("kill", "power") for each in drawn.plan.faults)
    assert drawn.plan.regime == "calm"

    written = simulate(Watcher, seconds=20, faults=["kill 1s after 10s"], latency="1ms", instruments=1)
    assert written.plan == Plan(1, 20, ("kill 1s after 10s",), latency="1ms", instruments=1)


def test_whatever_a_plan_says_can_be_said_in_a_call():
    knobs = {each.name for each in attrs.fields(Plan)}

    assert knobs <= inspect.signature(simulate).parameters.keys()
    assert knobs - {"seed"} <= inspect.signature(simulate_seeds).parameters.keys()
    assert simulate(Watcher, seconds=5, pace=0.5).again == (
        "simulate(Watcher, seed=1, seconds=5.0, pace=0.5)",
    )


def test_nothing_goes_wrong_if_nothing_is_said():
    assert simulate(Watcher, seconds=10).plan == Plan(1, 10)
    assert simulate(Watcher, hours=0.002, faults="none", seed=0).plan == Plan(0, 7.2)


def test_a_plan_says_all_of_it_in_an_object_or_a_file(tmp_path):
    plan = Plan(5, 15, ("kill 1s after 10s",), instruments=1)
    file = tmp_path / "my.plan"
    file.write_text(plan.to_text())

    assert simulate(Watcher, plan=plan).plan == simulate(Watcher, plan=file).plan == plan


# What fails.


def test_what_does_not_hold_is_raised_with_what_when_after_what_and_how_to_see_it_again():
    with pytest.raises(SimulationFailed) as caught:
        simulate(Buyer, seconds=60, checks=[holds_little])
    lines = str(caught.value).splitlines()

    assert lines[:2] == ["Seed 1 fails: check holds_little", "  it does not hold"]
    assert lines[2].startswith("  when: at 1")
    assert any("order filled" in line for line in lines)
    assert (
        lines[-1] == "  again: simulate(Buyer, seed=1, seconds=60.0, checks=[Check(function=holds_little)])"
    )


def test_it_can_be_returned_instead():
    run = simulate(Buyer, seconds=60, checks=[Check(holds_little, every=0.5, name="little")], raises=False)

    assert run.violation.invariant == "check little"
    assert run.violation.last_events
    assert run.position(BTC) == Decimal("0.011")


def test_the_strategys_own_error_is_the_cause():
    with pytest.raises(
        StrategyFailed, match="the strategy Faulty raised LookupError: no such thing"
    ) as caught:
        simulate(Faulty, seconds=30)

    assert isinstance(caught.value.__cause__, LookupError)
    assert caught.value.__notes__ == ["again: simulate(Faulty, seed=1, seconds=30.0)"]


def test_the_call_that_is_told_is_the_same_world():
    with pytest.raises(SimulationFailed) as caught:
        simulate(
            partial(Buyer, Decimal("0.003")), seconds=60, seed=4, faults="kill,rst", checks=[holds_little]
        )
    again = str(caught.value).rpartition("again: ")[2]
    with pytest.raises(SimulationFailed) as once_more:
        eval(again, globals())

    assert str(once_more.value) == str(caught.value)


# Many seeds.


@pytest.mark.parametrize("jobs", [None, 2])
def test_many_seeds_are_many_worlds_in_their_order(jobs):
    runs = simulate_seeds(Watcher, seeds=range(3), seconds=15, jobs=jobs)

    assert [each.plan.seed for each in runs] == [0, 1, 2]
    assert [each.digest for each in runs] == [
        simulate(Watcher, seed=seed, seconds=15, faults="all").digest for seed in range(3)
    ]


@pytest.mark.parametrize("jobs", [None, 2])
def test_the_first_that_fails_is_made_smaller(jobs):
    with pytest.raises(SimulationFailed) as caught:
        simulate_seeds(Buyer, seeds=[3, 1, 0], seconds=40, faults="rst,dup", checks=[holds_little], jobs=jobs)
    text = str(caught.value)
    again = text.partition("again, smaller: ")[2].partition("\n")[0]

    assert text.startswith("Seed 3 fails: check holds_little")
    assert text.endswith("Of 3 worlds 2 fail, also those of\n0: check holds_little")
    assert ", 0 of " in text.partition("smaller, after")[2]
    run = eval(again.removesuffix(")") + ", raises=False)", globals())
    assert run.violation.invariant == "check holds_little"
    assert run.plan.seconds < 40
    assert run.plan.faults == ()


@pytest.mark.parametrize("jobs", [None, 1])
def test_the_error_of_a_strategy_comes_with_its_cause_from_wherever_it_was_run(jobs):
    with pytest.raises(
        StrategyFailed, match="Seed 0 fails: the strategy Faulty raised LookupError"
    ) as caught:
        simulate_seeds(Faulty, seeds=range(2), seconds=20, jobs=jobs, shrink=False)

    assert isinstance(caught.value.__cause__, LookupError)
    assert "again: simulate(Faulty, seed=0, seconds=20.0, faults='all')" in str(caught.value)


# Configurations.


def test_a_configuration_is_simulated_as_the_command_does_it(config):
    run = simulate(config, seconds=30, faults=["kill 1s after 10s"])

    assert {each.quantity for each in run.orders} == {Decimal("0.002")}
    assert run.starts == 2
    assert run.strategies[0].starts == 1, "the module's variables have ended with the process"
    assert sum(each.quantity for each in run.fills) == run.position(BTC)


def test_the_command_is_told_too_where_there_is_one(config):
    assert simulate(config, seconds=20, seed=2, faults="kill").again == (
        "simulate('mine.toml', seed=2, seconds=20.0, faults='kill')",
        "livetrio simulate mine.toml --seeds 2 --seconds 20 --faults kill",
    )
    written = simulate("mine.toml", seconds=20, overrides=["engine.tick_interval_ms=500"])
    assert written.again == (
        "simulate('mine.toml', seed=1, seconds=20.0, overrides=['engine.tick_interval_ms=500'])",
    )


def test_the_command_is_not_told_where_only_a_check_of_the_test_fails(config):
    run = simulate(config, seconds=40, seed=2, faults="kill", checks=[holds_little], raises=False)

    assert run.violation is not None
    assert len(run.again) == 1


def test_a_configuration_that_a_program_has_made_is_not_connected_to_its_venue(config):
    made = Config(
        venues={"hyperliquid": HyperliquidConfig(network="testnet")},
        engine=LiveTradingConfig(tick_interval_ms=1000),
        strategies=(StrategyConfig(path="authors_strategies:Buyer"),),
    )
    assert simulate(made, seconds=20).fills

    loaded = load_config(config, environ={"NO_SUCH_VARIABLE": "0x" + "11" * 32})
    assert simulate(loaded, seconds=20).fills


def test_what_the_process_has_imported_stays_as_it_was(config, monkeypatch):
    monkeypatch.syspath_prepend(str(config.parent.resolve()))
    import memory

    simulate(config, seconds=10)

    assert sys.modules["memory"] is memory
    assert memory.starts == []


# What cannot be.


@pytest.mark.parametrize(
    "what, words",
    [
        (Buyer(), "expected what makes the strategy anew .* such as Buyer itself or functools.partial"),
        (
            partial(Buyer, nothing=1),
            "Buyer cannot be called: got an unexpected keyword .* functools.partial",
        ),
        (StrategyFailed, "expected a class derived from livetrio.Strategy, .* found type"),
        (17, "expected a class derived from livetrio.Strategy, .* found int 17"),
        ([], "expected a strategy at least, found none"),
        (
            returns_nothing,
            "expected returns_nothing to make a strategy at each start .*, found NoneType None",
        ),
        (lambda: 3, "found int 3"),
    ],
)
def test_what_is_no_strategy_is_refused_in_words(what, words):
    with pytest.raises(UsageError, match=words):
        simulate(what, seconds=5)


def test_what_is_wrong_in_a_configuration_is_told_at_once(config):
    config.write_text(CONFIG.replace("size", "sise") + "\n[enginge]\n")
    with pytest.raises(ConfigError) as caught:
        simulate(config, seconds=5)
    assert [each.path for each in caught.value.problems] == [
        "enginge",
        "strategies[0].params.sise",
        "strategies[0].params.size",
    ]

    with pytest.raises(ConfigError, match="the file cannot be read"):
        simulate("nowhere.toml")


@pytest.mark.parametrize(
    "how, words",
    [
        ({"seconds": 0}, "seconds: expected a number > 0"),
        ({"seconds": float("nan")}, "seconds: expected a number > 0"),
        ({"seconds": 1, "hours": 1}, "hours: expected it or seconds, found both"),
        ({"seed": -1}, "seed"),
        ({"faults": "kil"}, "faults: .*did you mean kill"),
        ({"faults": "kill after 3s"}, "faults with their times are given as a list"),
        ({"faults": ""}, "expected none, all, or names of faults"),
        ({"faults": ["kil after 3s", "dub"]}, r"faults\[1\]"),
        ({"latency": "fast"}, "latency"),
        ({"regime": "wild"}, "regime"),
        ({"faults": "all", "regime": "wild"}, "regime"),
        ({"instruments": 0}, "instruments"),
        ({"plan": "nowhere.plan"}, "cannot be read"),
        ({"risk": RiskConfig(strategies={"Byer": StrategyLimits()})}, "Byer"),
    ],
)
def test_a_world_that_cannot_be_is_refused_with_what_is_wrong(how, words):
    with pytest.raises(ConfigError, match=words):
        simulate(Buyer, **how)


@pytest.mark.parametrize(
    "how, words",
    [
        ({"plan": Plan(1, 10), "seed": 2}, "expected a plan alone"),
        ({"overrides": ["risk.x=1"]}, "beside a strategy"),
    ],
)
def test_what_contradicts_itself_is_refused(how, words):
    with pytest.raises(UsageError, match=words):
        simulate(Buyer, **how)


def test_a_configuration_says_its_limits_itself(config):
    with pytest.raises(UsageError, match="found risk beside it"):
        simulate(config, risk=RiskConfig())
    with pytest.raises(UsageError, match="found them beside a Config"):
        simulate(Config(venues={"hyperliquid": HyperliquidConfig()}), overrides=["a=1"])


def test_what_other_processes_cannot_import_is_refused_before_any_world():
    with pytest.raises(UsageError, match="cannot be sent to other processes"):
        simulate_seeds(lambda: Buyer(), jobs=2)
    with pytest.raises(UsageError, match="jobs: expected 1 or more"):
        simulate_seeds(Buyer, jobs=0)
    with pytest.raises(UsageError, match="expected a seed"):
        simulate_seeds(Buyer, seeds=[])


async def test_a_world_within_a_run_of_trio_is_refused():
    with pytest.raises(UsageError, match="call it from a plain function"):
        simulate(Buyer, seconds=5)


# What is around it.


def test_all_that_happens_is_written_to_a_file_and_the_log_is_shown(tmp_path, capfd):
    simulate(Watcher, seconds=10, trace=tmp_path / "trace", log_level="info")

    assert "engine 1: starts" in (tmp_path / "trace").read_text()
    assert "instruments loaded" in capfd.readouterr().err


def test_logs_are_configured_afterwards_as_they_were_before(capfd):
    before = structlog.get_config()
    simulate(Watcher, seconds=5)

    assert structlog.get_config() == before
    assert capfd.readouterr().out == ""
