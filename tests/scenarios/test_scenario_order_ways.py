"""Ways out when the usual one is gone: cancellations over HTTP, and one question for many orders."""

from __future__ import annotations

import pytest
import trio
from test_scenario_order_recovery import open_exchange
from trader_world import BTC, BUY, SIZE, Trader, go_wrong, resting, until

from livetrio.engines.execution_config import ExecutionConfig
from livetrio.exchange.chain.order import Status
from livetrio.exchange.chain.trading import cancel_all
from livetrio.journal.reading import open_copy
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements, wait_quiet

S = OrderStatus


@within(3600)
async def test_without_its_stream_an_account_still_cancels_over_http_and_orders_are_denied(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        go_wrong(run, "handshake-503", "drop-connection")
        await until(lambda: not trader.ctx.is_open(BTC))
        trader.ctx.cancel_order(order)
        denied = trader.rest("0.94")
        await until(lambda: not run.account.orders, 3)
        is_closed = trader.ctx.is_open(BTC)
        await trader.ctx.wait_closed(order)

    assert not is_closed
    assert order.status is S.CANCELED
    assert denied.status is S.DENIED
    assert {each.order.cloid for each in run.account.history} == {order.client_order_id}


def cancellations_of(run) -> list[int]:
    """The nonces of the requests that canceled something, as the journal has noted them."""
    with open_copy(run.journal) as journal:
        query = "SELECT nonce FROM requests WHERE kind = 'Cancel' ORDER BY nonce"
        return [nonce for (nonce,) in journal._connection.execute(query)]


@within(3600)
async def test_many_lost_orders_are_all_settled_by_what_the_exchange_says(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "ack-lost", "silent", "502 on info")
        price = trader.price("0.9").quantize(SIZE * 100)
        commands = [trader.ctx.command(BTC, BUY, SIZE, price=price + each) for each in range(25)]
        orders = trader.ctx.submit_orders(commands)
        await until(lambda: all(each.status is S.UNKNOWN for each in orders))
        there = set(resting(run))
        run.exchange.mischief.injector.remove()
        await until(lambda: all(each.is_open for each in orders), 30)
        await wait_quiet(run)
        found = disagreements(run)

    assert there == {each.client_order_id for each in orders}
    assert found == []


@within(3600)
async def test_what_ended_at_the_exchange_without_a_word_is_found_by_the_next_comparison(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        await trio.sleep(5)
        cancel_all(run.exchange.ledger, run.account, Status.CANCELED)
        run.exchange.ledger.events.clear()
        with trio.fail_after(60):
            await trader.ctx.wait_closed(order)
        found = disagreements(run)

    assert order.status is S.CANCELED
    assert found == []


@within(3600)
async def test_an_order_whose_fills_cannot_be_had_is_over_in_the_end_and_says_so(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "silent")
        order = trader.ctx.submit_order(BTC, BUY, SIZE)
        await until(lambda: run.account.fills)
        run.account.fills.clear()
        await trio.sleep(2)
        waiting = order.is_working
        with trio.fail_after(300):
            await trader.ctx.wait_closed(order)
        held = trader.ctx.position(BTC)

    assert waiting
    assert order.status is S.CANCELED
    assert "has not told of all its fills" in order.reason
    assert held == 0


@within(3600)
async def test_what_had_not_left_when_the_stream_ended_is_denied_and_what_had_is_unknown(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        link = run.desk.accounts[0].link
        sent = trader.rest()
        await until(lambda: sent.status is S.SUBMITTED)
        caught = trader.rest("0.94")
        link.disconnect("the test says so")
        statuses = [sent.status, caught.status]
        await until(lambda: sent.is_open, 30)

    assert statuses == [S.UNKNOWN, S.DENIED]
    assert "the connection ended before it left" in caught.reason
    assert {each.order.cloid for each in run.account.history} == {sent.client_order_id}


class Slow:
    """A budget that holds orders back until a time."""

    def __init__(self, budget, until):
        self.budget, self.until = budget, until

    def __getattr__(self, name):
        return getattr(self.budget, name)

    def delay(self, request, now):
        return max(self.until - now, self.budget.delay(request, now))


@within(3600)
async def test_what_the_budget_holds_back_leaves_when_it_may_and_not_before(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        trading = run.desk.accounts[0].trading
        trading.budget = Slow(trading.budget, trio.current_time() + 5)
        order = trader.rest()
        await trio.sleep(4.9)
        early = (order.status, len(run.account.orders))
        await until(lambda: order.is_open, 2)

    assert early == (S.PENDING, 0)


@within(3600)
async def test_what_the_budget_holds_back_while_the_stream_ends_is_denied(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        account = run.desk.accounts[0]
        account.trading.budget = Slow(account.trading.budget, trio.current_time() + 5)
        order = trader.rest()
        await trio.sleep(1)
        account.link.disconnect("the test says so")
        await trader.ctx.wait_closed(order)

    assert order.status is S.DENIED
    assert not run.account.history


@within(3600)
async def test_what_the_budget_would_hold_back_until_it_is_old_does_not_leave(autojump_clock):
    trader = Trader()
    async with run_strategy(trader, execution=ExecutionConfig(expire_ms=4_000)) as run:
        resting, modified = trader.rest("0.94"), trader.rest("0.93")
        await until(lambda: resting.is_open and modified.is_open)
        trading = run.desk.accounts[0].trading
        trading.budget = Slow(trading.budget, trio.current_time() + 5)
        order = trader.rest()
        trader.ctx.modify_order(modified, price=trader.price("0.92"))
        trader.ctx.cancel_order(resting)
        await trader.ctx.wait_closed(order)
        await trader.ctx.wait_closed(resting)
        await wait_quiet(run)
        found = disagreements(run)

    assert order.status is S.DENIED
    assert order.reason == "the venue's limits would hold it back for 5 s more, and make it too old"
    assert "OrderModifyRejected" in trader.names(modified)
    assert resting.status is S.CANCELED
    assert found == []


@within(3600)
async def test_an_account_that_has_used_up_its_actions_is_known_as_such_before_anything_is_refused(
    tmp_path, autojump_clock
):
    async with open_exchange() as run_there:
        async with run_there(Trader()) as run:
            run.account.requests_used = 10_000
        trader = Trader()
        async with run_there(trader) as run:
            orders = [trader.rest(f"0.9{each}") for each in range(5)]
            await until(lambda: not any(each.is_inflight for each in orders))
            await trio.sleep(11)
            later = trader.rest()
            await until(lambda: not later.is_inflight)
            trader.ctx.cancel_all()
            await until(lambda: not run.account.orders, 5)
            placed = {each.order.cloid for each in run.account.history}

    first, *rest = orders
    assert [each.status for each in rest] == [S.DENIED] * 4
    assert "the venue's limits would hold it back for 11 s more" in rest[0].reason
    assert placed == {first.client_order_id, later.client_order_id}
    assert [first.status, later.status] == [S.CANCELED] * 2


@within(3600)
async def test_what_the_budget_holds_back_does_not_leave_by_a_gate_that_has_closed_meanwhile(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        modified = trader.rest("0.94")
        await until(lambda: modified.is_open)
        account = run.desk.accounts[0]
        account.trading.budget = Slow(account.trading.budget, trio.current_time() + 2)
        order, quoted = trader.rest(), trader.rest("0.93", post_only=True)
        trader.ctx.modify_order(modified, price=trader.price("0.92"))
        await trio.sleep(1)
        account.link.gate.close("venue", "it opens in steps", 0, passes_post_only=True)
        await until(lambda: quoted.is_open)
        await trio.sleep(1)
        placed = {each.order.cloid for each in run.account.history}

    assert order.status is S.DENIED
    assert order.reason == "it opens in steps"
    assert order.client_order_id not in placed
    assert "OrderModifyRejected" in trader.names(modified)
    assert modified.revision == 0


@within(3600)
async def test_an_order_canceled_while_the_budget_holds_it_back_never_leaves(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        trading = run.desk.accounts[0].trading
        trading.budget = Slow(trading.budget, trio.current_time() + 2)
        order = trader.rest()
        await trio.sleep(1)
        trader.ctx.cancel_order(order)
        await trader.ctx.wait_closed(order)
        await trio.sleep(30)

    assert order.status is S.DENIED
    assert not run.account.history


@pytest.mark.parametrize(
    "fault",
    ["reject on action", "nonce on action", "429 on action", "maintenance on action", "502 on action"],
)
@within(3600)
async def test_a_cancellation_that_is_never_taken_is_sent_ever_later_and_starves_nothing(
    fault, autojump_clock
):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        go_wrong(run, fault)
        trader.ctx.cancel_order(order)
        await trio.sleep(100)
        run.desk.keeper.commit()
        sent = len(cancellations_of(run))
        compared = run.desk.accounts[0].trading.budget.used is not None
        run.exchange.mischief.injector.remove()
        await trader.ctx.wait_closed(order)

    assert 10 < sent < 20
    assert compared
    assert order.status is S.CANCELED
