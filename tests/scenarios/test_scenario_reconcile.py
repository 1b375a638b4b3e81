"""livetrio reconcile --plan says what the next start finds and does, and does nothing itself."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
import trio
from gateway import PASS, let_in
from stranger_world import Stranger
from test_scenario_order_recovery import LEAVE, change_position, open_orders
from trader_world import BTC, BUY, SIZE, Trader, resting, until

from livetrio.app.config import Config, JournalConfig
from livetrio.app.reconcile import make_plans, render_plan
from livetrio.clock import Clock
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.errors import HttpError, UsageError
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.exchange.faults.grammar import parse_fault
from livetrio.secrets import Secret
from livetrio.testing import MemoryNetwork, run_strategy, within
from livetrio.venues.hyperliquid import HyperliquidConfig

HOST = "exchange.test"


async def plan_of(
    local, clock, monkeypatch, path, execution=LEAVE, *, serve=None, tell=lambda _: None, **account
):
    """The plan for the exchange's first account."""
    monkeypatch.setenv("PLAN_KEY", local.keys[0].secret_hex)
    settings = HyperliquidConfig(
        network="local", base_url=f"http://{HOST}", key=Secret("env:PLAN_KEY"), **account
    )
    config = Config(
        venues={"hyperliquid": settings}, execution=execution, journal=JournalConfig(path=str(path))
    )
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.listen(HOST, 80, serve or local.serve_stream)
        (plan,) = await make_plans(config, tell, dial=network.dial, clock=clock)
        nursery.cancel_scope.cancel()
    return plan


@pytest.fixture
async def world(nursery, autojump_clock):
    """An exchange that outlives the engines that come to it, its clock, and how to run one there."""
    clock = Clock.simulated()
    local = LocalExchange(ExchangeSettings(), clock=clock)
    await nursery.start(local.run)

    def run_there(*strategies, **more):
        return run_strategy(*strategies, local=local, clock=clock, **more)

    return local, clock, run_there


@within(3600)
async def test_where_all_agree_there_is_nothing_to_do(autojump_clock, world, monkeypatch, tmp_path):
    local, clock, run_there = world
    trader = Trader()
    async with run_there(trader, journal=tmp_path / "j", execution=LEAVE):
        await open_orders(trader, 3)
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        await trio.sleep(2)

    plan = await plan_of(local, clock, monkeypatch, tmp_path / "j")

    assert (plan.agreeing, plan.findings, plan.wrong) == (3, [], None)
    assert render_plan(plan).endswith(": 3 orders agree.\nThere is nothing to reconcile.")


@pytest.mark.parametrize("policy", ["adopt", "cancel", "refuse"])
@within(3600)
async def test_what_the_plan_says_is_what_the_next_start_does(
    autojump_clock, policy, world, monkeypatch, tmp_path
):
    local, clock, run_there = world
    path = tmp_path / "j"
    trader = Trader()
    async with run_there(trader, journal=path, execution=LEAVE) as run:
        (gone, kept) = await open_orders(trader, 2)
        price = trader.price("1")
    stranger = Stranger(local)
    await stranger.place("buy", "0.02", price * Decimal("0.9"))
    await stranger.place("buy", "0.02", price * Decimal("0.8"), cloid="0x6c74" + "ab" * 12 + "0000")
    await stranger.place("buy", "0.03", price * Decimal("1.01"), tif="Ioc")
    await stranger.cancel(int(gone.venue_order_id))
    execution = ExecutionConfig(
        lost_orders=policy, foreign_orders=policy, foreign_positions=policy, cancel_on_stop=False
    )
    before = len(run.account.history)

    plan = await plan_of(local, clock, monkeypatch, path, execution)
    second = Trader()
    untouched = len(run.account.history) == before
    async with run_there(second, journal=path, execution=execution) as run:
        await until(lambda: policy == "refuse" or second.ctx.is_open(BTC), 60)
        await trio.sleep(2)
        why, there = second.ctx.why_closed(BTC), set(resting(run))
        held = run.engine.cache.get_position(BTC).quantity

    then = {"adopt": "taken in as nobody's", "cancel": "canceled"}.get(
        policy, "nothing is traded until it is gone"
    )
    found = sorted((each.what.partition(" ")[0], each.found, each.action) for each in plan.findings)
    assert untouched
    assert plan.agreeing == 1
    assert [each[0] for each in found] == ["order", "order", "order", "position"]
    assert (found[0][1], found[0][2]) == ("accepted here, canceled there", "what the venue says is applied")
    assert [each[2] for each in found[1:3]] == [then, then]
    assert found[1][1].endswith("made by livetrio and not in the journal")
    assert found[2][1].endswith("made by somebody else")
    assert found[3][1:] == ("0.03 there, 0 here, +0.03 in 1 fill since", "the fills are taken in")
    assert (why is not None) == (policy == "refuse")
    assert len(there) == (1 if policy == "cancel" else 3)
    assert kept.client_order_id in there
    assert held == Decimal("0.03")


@pytest.mark.parametrize(
    "policy, then",
    [
        ("adopt", "taken in as nobody's"),
        ("cancel", "closed at the market"),
        ("refuse", "nothing is traded until it is explained"),
    ],
)
@within(3600)
async def test_a_position_that_no_fill_explains_is_in_the_plan(
    autojump_clock, policy, then, world, monkeypatch, tmp_path
):
    local, clock, run_there = world
    async with run_there(Trader(), journal=tmp_path / "j") as run:
        pass
    change_position(run, 1000)
    config = ExecutionConfig(foreign_positions=policy)

    known = await plan_of(local, clock, monkeypatch, tmp_path / "j", config)
    new = await plan_of(local, clock, monkeypatch, tmp_path / "none", config)

    assert [(each.what, each.found, each.action) for each in known.findings] == [
        (f"position {BTC}", "0.01 there, 0 here", then)
    ]
    assert [(each.what, each.found, each.action) for each in new.findings] == [
        (f"position {BTC}", "0.01 there, from before the journal begins", then)
    ]


@within(3600)
async def test_an_account_that_cannot_be_traded_is_said_to_be_one(
    autojump_clock, world, monkeypatch, tmp_path
):
    local, clock, _ = world
    plan = await plan_of(local, clock, monkeypatch, tmp_path / "none", account=local.keys[1].address)

    assert f"is itself an account, and no agent of {local.keys[1].address}" in plan.wrong
    assert f"It cannot be traded: {plan.wrong}" in render_plan(plan)


@within(3600)
async def test_plans_one_after_the_other_wait_for_the_venue_and_say_so(
    autojump_clock, world, monkeypatch, tmp_path
):
    local, clock, _ = world
    told = []
    begun = trio.current_time()
    plans = [await plan_of(local, clock, monkeypatch, tmp_path / "none", tell=told.append) for _ in range(25)]
    took = trio.current_time() - begun

    assert {each.wrong for each in plans} == {None}
    assert told
    assert set(told) == {
        "HYPERLIQUID takes no more questions from this machine for now (status 429): asking again for 120 s"
    }
    assert 60 < took < 300


@within(3600)
async def test_a_plan_is_given_up_where_the_venue_refuses_for_too_long(
    autojump_clock, world, monkeypatch, tmp_path
):
    local, clock, _ = world
    told = []
    local.mischief.injector.add(parse_fault("429"))
    begun = trio.current_time()
    with pytest.RaisesGroup(
        pytest.RaisesExc(HttpError, match=r"HYPERLIQUID has taken no question .* for 120 s.* status 429")
    ):
        await plan_of(local, clock, monkeypatch, tmp_path / "none", tell=told.append)

    assert len(told) == 1
    assert 100 < trio.current_time() - begun < 130


@within(3600)
async def test_behind_a_gateway_a_plan_is_asked_for_with_the_headers(
    autojump_clock, world, monkeypatch, tmp_path
):
    local, clock, _ = world
    serve = partial(let_in, local.serve_stream)
    plan = await plan_of(local, clock, monkeypatch, tmp_path / "none", serve=serve, headers=PASS)

    assert plan.wrong is None


async def test_without_an_account_there_is_no_plan():
    with pytest.raises(UsageError, match="no venue of this configuration has an account"):
        await make_plans(Config(venues={"hyperliquid": HyperliquidConfig(network="local")}))
