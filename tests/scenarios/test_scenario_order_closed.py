"""A venue that takes no orders, or not all: the gate says so, lets pass what may, and is opened by trying."""

from __future__ import annotations

import trio
from trader_world import BTC, SELL, Trader, go_wrong, resting, until

from livetrio.engines.execution_config import ExecutionConfig
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements, wait_quiet

S = OrderStatus


@within(3600)
async def test_a_halted_venue_closes_the_gate_and_is_tried_until_it_takes_orders_again(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "maintenance for 60s on action")
        refused = trader.rest()
        await trader.ctx.wait_closed(refused)
        why = trader.ctx.why_closed(BTC)
        denied = [trader.rest(), trader.rest(post_only=True)]
        await trio.sleep(90)
        taken = trader.rest()
        await until(lambda: taken.is_open)
        await wait_quiet(run)
        found = disagreements(run)

    assert refused.status is S.REJECTED
    assert refused.reason.startswith("Trading is halted.")
    assert why.startswith("the venue takes no orders: Trading is halted.")
    assert "(since 0.0 s)" in why
    assert [each.status for each in denied] == [S.DENIED, S.DENIED]
    assert found == []


@within(3600)
async def test_after_a_restart_of_the_venue_only_what_can_rest_leaves(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "post-only for 3s")
        refused = trader.rest()
        await trader.ctx.wait_closed(refused)
        why = trader.ctx.why_closed(BTC)
        is_open = trader.ctx.is_open(BTC), trader.ctx.is_open(BTC, post_only=True)
        denied = trader.ctx.submit_order(BTC, SELL, refused.quantity)
        quoted = trader.rest(post_only=True)
        await until(lambda: quoted.is_open)
        no = trader.ctx.modify_order(quoted, price=trader.price("0.94"))
        there = set(resting(run))
        await until(lambda: trader.ctx.is_open(BTC))
        taken = trader.rest()
        await until(lambda: taken.is_open)
        await wait_quiet(run)
        found = disagreements(run)

    assert refused.status is S.REJECTED
    assert why.startswith("the venue takes post-only orders alone: Only post-only orders allowed")
    assert is_open == (False, True)
    assert denied.status is S.DENIED
    assert denied.reason.startswith("the venue takes post-only orders alone")
    assert no is None
    assert there == {quoted.client_order_id}
    assert found == []


@within(3600)
async def test_a_venue_that_is_still_closed_when_it_is_tried_closes_the_gate_again(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "post-only for 20s")
        orders = [trader.rest()]
        while trio.current_time() < 60:
            await until(lambda: trader.ctx.is_open(BTC), 30)
            orders.append(trader.rest())
            await until(lambda: not orders[-1].is_inflight)
            if orders[-1].is_open:
                break
            await until(lambda: not trader.ctx.is_open(BTC))
            why = trader.ctx.why_closed(BTC)
        tried = len(orders)

    assert "(since 1" in why, "since it closed first, not since it was tried last"
    assert [each.status for each in orders[:-1]] == [S.REJECTED] * (tried - 1)
    assert 3 < tried < 7


@within(3600)
async def test_the_dead_mans_switch_is_put_off_while_quotes_are_taken(autojump_clock):
    trader = Trader()
    async with run_strategy(trader, execution=ExecutionConfig(dead_man_ms=10_000)) as run:
        quoted = trader.rest(post_only=True)
        await until(lambda: quoted.is_open)
        go_wrong(run, "post-only")
        while trio.current_time() < 60:
            trader.rest()
            await trio.sleep(1)
        was_open = quoted.is_open

    assert was_open


@within(3600)
async def test_a_key_that_the_venue_does_not_know_any_more_closes_the_gate(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        kept = trader.rest("0.94")
        await until(lambda: kept.is_open)
        run.account.exists = False
        refused = trader.rest()
        await trader.ctx.wait_closed(refused)
        denied = trader.rest()
        trader.ctx.cancel_order(kept)
        await trio.sleep(60)
        run.account.exists = True
        await trader.ctx.wait_closed(kept)
        await until(lambda: trader.ctx.is_open(BTC))
        taken = trader.rest()
        await until(lambda: taken.is_open)
        await wait_quiet(run)
        found = disagreements(run)

    assert refused.status is S.REJECTED
    assert denied.status is S.DENIED
    assert denied.reason.startswith(f"the venue takes no orders: {refused.reason}")
    assert kept.status is S.CANCELED
    assert found == []


@within(3600)
async def test_a_venue_that_answers_no_questions_for_long_closes_the_gate_until_it_does(autojump_clock):
    trader = Trader()
    async with run_strategy(trader, execution=ExecutionConfig(check_interval_ms=10_000)) as run:
        go_wrong(run, "502 on info")
        began = trio.current_time()
        await trio.sleep(25)
        early = trader.ctx.is_open(BTC)
        await until(lambda: not trader.ctx.is_open(BTC), 30)
        took = trio.current_time() - began
        await trio.sleep(10)
        why = trader.ctx.why_closed(BTC)
        run.exchange.mischief.injector.remove()
        await until(lambda: trader.ctx.is_open(BTC), 10)
        order = trader.rest()
        await until(lambda: order.is_open)
        found = disagreements(run)

    assert early
    assert 29 < took < 45
    assert why.startswith("the venue does not answer questions about the account (since 10.0 s)")
    assert found == []
