"""Somebody else trades the account while the engine runs: what is done about it, and what a user reads."""

from __future__ import annotations

import pytest
import trio
from stranger_world import Stranger
from test_scenario_order_recovery import change_position, leave_behind, make_foreign, open_exchange
from trader_world import BTC, BUY, SIZE, Trader, go_wrong, until

from livetrio.engines.execution_config import ExecutionConfig
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements, wait_quiet

S = OrderStatus
OURS_BY_NAME = "0x6c74" + "ab" * 12 + "0000"
"""A client order id that begins as those that livetrio makes, and that no journal has."""


@pytest.mark.parametrize(
    "whose, words",
    [
        ("foreign", "made by somebody else); cancel them there, or let execution.foreign_orders be adopt or"),
        ("lost", "made by livetrio); cancel them there, or let execution.lost_orders be adopt or cancel"),
    ],
)
@within(3600)
async def test_an_order_that_is_refused_is_named_with_what_ends_it(whose, words, tmp_path, autojump_clock):
    async with open_exchange() as run_there:
        before = await leave_behind(run_there, tmp_path / "first")
        if whose == "foreign":
            make_foreign(before)
        trader = Trader()
        config = ExecutionConfig(lost_orders="refuse", foreign_orders="refuse")
        async with run_there(trader, execution=config) as run:
            why = trader.ctx.why_closed(BTC)
            reasons = list(run.desk.accounts[0].link.gate.reasons)
            (there,) = run.account.orders
            await Stranger(run.exchange).cancel(there)
            await until(lambda: trader.ctx.is_open(BTC), 5)

    assert why.startswith(f"orders rest at the venue that are not in the journal: buy {SIZE} {BTC} at ")
    assert words in why
    assert reasons == ["recovery"]


@pytest.mark.parametrize("policy", ["adopt", "cancel", "refuse"])
@within(3600)
async def test_an_order_that_somebody_else_places_while_the_engine_runs(policy, autojump_clock):
    trader = Trader()
    async with run_strategy(trader, execution=ExecutionConfig(foreign_orders=policy)) as run:
        stranger = Stranger(run.exchange)
        await trio.sleep(3)
        answer = await stranger.place("buy", "0.02", trader.price("0.9"))
        oid = answer["response"]["data"]["statuses"][0]["resting"]["oid"]
        await trio.sleep(1)
        why, there = trader.ctx.why_closed(BTC), len(run.account.orders)
        mine = trader.rest()
        await trio.sleep(2)
        await stranger.cancel(oid)
        await until(lambda: trader.ctx.is_open(BTC), 12)
        await wait_quiet(run)
        found = disagreements(run)

    if policy == "refuse":
        assert f"buy 0.02 {BTC} at " in why
        assert mine.status is S.DENIED
    else:
        assert why is None
        assert mine.filled_quantity == 0
    assert there == (0 if policy == "cancel" else 1)
    assert found == []


@within(3600)
async def test_an_order_with_our_kind_of_name_that_no_journal_has_is_canceled_at_once(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await Stranger(run.exchange).place("buy", "0.02", trader.price("0.9"), cloid=OURS_BY_NAME)
        await until(lambda: not run.account.orders, 2)
        await wait_quiet(run)
        found = disagreements(run)

    assert found == []


@within(3600)
async def test_what_somebody_else_buys_and_sells_is_nobodys(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        stranger = Stranger(run.exchange)
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        await stranger.place("buy", "0.03", trader.price("1.01"), tif="Ioc")
        await trio.sleep(2)
        held = run.engine.cache.get_position(BTC).quantity, trader.ctx.position(BTC)
        await stranger.place("sell", "0.04", trader.price("0.99"), tif="Ioc")
        await trio.sleep(40)
        rest = run.engine.cache.get_position(BTC), trader.ctx.position(BTC)
        found = disagreements(run)

    assert held == (4 * SIZE, SIZE)
    assert rest == (None, SIZE)
    assert found == []


@pytest.mark.parametrize("policy", ["adopt", "cancel", "refuse"])
@within(3600)
async def test_a_position_that_was_there_before_the_journal_follows_the_policy(
    policy, tmp_path, autojump_clock
):
    async with open_exchange() as run_there:
        await leave_behind(run_there, tmp_path / "first", position=True)
        trader = Trader()
        async with run_there(trader, execution=ExecutionConfig(foreign_positions=policy)) as run:
            why = trader.ctx.why_closed(BTC)
            if policy == "refuse":
                await Stranger(run.exchange).place("sell", str(SIZE), trader.price("0.99"), tif="Ioc")
                await until(lambda: trader.ctx.is_open(BTC), 5)
            await trio.sleep(3)
            await wait_quiet(run)
            held = run.engine.cache.get_position(BTC)
            found = disagreements(run)

    if policy == "refuse":
        assert f"it was there before the journal began): {BTC}: {SIZE} there, 0 here" in why
    else:
        assert why is None
    assert (None if held is None else held.quantity) == (SIZE if policy == "adopt" else None)
    assert found == []


@within(3600)
async def test_a_position_that_is_refused_is_named_with_what_ends_it(autojump_clock):
    trader = Trader()
    async with run_strategy(trader, execution=ExecutionConfig(foreign_positions="refuse")) as run:
        change_position(run, 1000)
        await until(lambda: not trader.ctx.is_open(BTC), 60)
        why = trader.ctx.why_closed(BTC)
        order = trader.rest()
        position = next(iter(run.account.positions.values()))
        change_position(run, -position.szi)
        await until(lambda: trader.ctx.is_open(BTC), 15)

    assert f"a position is not accounted for (no fill explains it): {BTC}: {SIZE} there, 0 here" in why
    assert "start with execution.foreign_positions set to adopt or cancel" in why
    assert order.status is S.DENIED


@within(3600)
async def test_a_position_that_is_to_be_closed_is_closed_where_nobody_looks_at_the_market(
    tmp_path, autojump_clock
):
    async def idle(ctx):
        await trio.sleep_forever()

    async with open_exchange() as run_there:
        await leave_behind(run_there, tmp_path / "first", position=True)
        async with run_there(idle, execution=ExecutionConfig(foreign_positions="cancel")) as run:
            await trio.sleep(3)
            held = [each.szi for each in run.account.positions.values()]
            found = disagreements(run)

    assert held == [0]
    assert found == []


@within(3600)
async def test_a_position_that_could_not_be_closed_is_tried_again(tmp_path, autojump_clock):
    async with open_exchange() as run_there:
        before = await leave_behind(run_there, tmp_path / "first", position=True)
        go_wrong(before, "reject on order")
        trader = Trader()
        async with run_there(trader, execution=ExecutionConfig(foreign_positions="cancel")) as run:
            await trio.sleep(40)
            held = [each.szi for each in run.account.positions.values()]
            run.exchange.mischief.injector.remove()
            await until(lambda: not any(each.szi for each in run.account.positions.values()), 35)
            await trio.sleep(40)
            await wait_quiet(run)
            found = disagreements(run)

    assert held == [1000]
    assert found == []


@within(3600)
async def test_an_order_that_rests_though_it_was_taken_to_be_over_is_one_that_is_not_in_the_journal(
    autojump_clock,
):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        trader.ctx.cancel_order(order)
        await trader.ctx.wait_closed(order)
        await trio.sleep(15)
        await Stranger(run.exchange).place("buy", "0.02", trader.price("0.9"), cloid=order.client_order_id)
        await trio.sleep(5)
        there = len(run.account.orders)
        await until(lambda: not run.account.orders, 40)
        await wait_quiet(run)

    assert there == 1
    assert order.status is S.CANCELED
    assert not run.engine.cache.get_open_orders()
