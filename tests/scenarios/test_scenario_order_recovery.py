"""The engine comes back to an exchange that went on without it: everything is accounted for."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
import trio
from exchange_world import change_position, open_exchange
from order_world import wait_settled
from trader_world import BTC, BUY, SELL, SIZE, Trader, go_wrong, resting, until

from livetrio import Strategy
from livetrio.app.engine import EngineState
from livetrio.engines.client_ids import is_ours
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import Protection, RiskConfig
from livetrio.engines.trading_state import TradingState
from livetrio.errors import AccountRefused, JournalInUse
from livetrio.exchange import ExchangeSettings
from livetrio.exchange.chain.matching import end
from livetrio.exchange.chain.order import Status
from livetrio.exchange.chain.trading import cancel_all
from livetrio.exchange.faults.grammar import parse_fault
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements

S = OrderStatus
LEAVE = ExecutionConfig(cancel_on_stop=False)


async def open_orders(trader, number, *, least="0.90"):
    """So many orders that rest, each at a price of its own."""
    price = trader.price(least).quantize(Decimal(1))
    commands = [trader.ctx.command(BTC, BUY, SIZE, price=price + each) for each in range(number)]
    orders = trader.ctx.submit_orders(commands)
    await until(lambda: all(each.is_open for each in orders), 60)
    return orders


@within(3600)
async def test_orders_left_filled_and_canceled_meanwhile_are_all_accounted_for(tmp_path, autojump_clock):
    path = tmp_path / "orders"
    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE) as run:
            left = first.rest("0.95")
            canceled = first.rest("0.94")
            filled = first.rest("0.9999")
            await until(lambda: left.is_open and canceled.is_open)
            was_open = not filled.is_closed
            account = run.account
        end(run.exchange.ledger, account.by_cloid[canceled.client_order_id], Status.CANCELED)
        there = account.by_cloid[filled.client_order_id]
        await until(lambda: there.status is Status.FILLED, 1800)
        second = Trader()
        async with run_there(second, journal=path) as run:
            found = disagreements(run)
            held = second.ctx.position(BTC)
            states = [run.desk.tracker.get(each.client_order_id) for each in (left, canceled, filled)]
            statuses = [each.order.status for each in states]

    assert was_open
    assert statuses == [S.ACCEPTED, S.CANCELED, S.FILLED]
    assert held == SIZE
    assert found == []


@within(3600)
async def test_a_thousand_open_orders_are_recovered_in_a_second(tmp_path, autojump_clock):
    path = tmp_path / "orders"
    risk = RiskConfig(max_order_rate=Decimal(10_000), order_rate_burst=10_000)
    async with open_exchange(balance=Decimal(100_000_000), limits=False) as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE, risk=risk):
            orders = await open_orders(first, 1000)
        second = Trader()
        began, real = trio.current_time(), time.perf_counter()
        async with run_there(second, journal=path, risk=risk) as run:
            took, real_took = trio.current_time() - began, time.perf_counter() - real
            known = {each.client_order_id for each in second.ctx.orders()}
            found = disagreements(run)
            seconds = run.desk.accounts[0].recovery.count

    assert known == {each.client_order_id for each in orders}
    assert took < 1
    assert real_took < 10
    assert seconds == 1
    assert found == []
    assert not run.account.orders


# What is nobody's.


async def leave_behind(run_there, path, *, position=False):
    """An order, or a position, of an engine whose journal the next one does not have."""
    async with run_there(Trader(), orders=False):
        pass
    trader = Trader()
    async with run_there(trader, journal=path, execution=LEAVE) as run:
        if position:
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
            await trio.sleep(2)
        else:
            await open_orders(trader, 1)
    return run


def make_foreign(run):
    """Let what rests be somebody's who is no engine."""
    for order in run.account.orders.values():
        del run.account.by_cloid[order.cloid]
        order.cloid = None


@pytest.mark.parametrize("whose", ["foreign", "lost"])
@within(3600)
async def test_an_order_that_is_adopted_is_known_from_then_on_and_what_is_nobodys_outlives_a_stop(
    whose, tmp_path, autojump_clock
):
    async with open_exchange() as run_there:
        before = await leave_behind(run_there, tmp_path / "first")
        if whose == "foreign":
            make_foreign(before)
        trader = Trader()
        config = ExecutionConfig(lost_orders="adopt", foreign_orders="adopt")
        async with run_there(trader, execution=config) as run:
            (found,) = run.desk.execution.get_tracked_orders()
            is_open = trader.ctx.is_open(BTC)
            agree = disagreements(run)
            await trio.sleep(60)

    assert is_open
    assert agree == []
    assert is_ours(found.client_order_id) is (whose == "lost")
    assert found.strategy == (None if whose == "foreign" else "Trader")
    # A strategy of that name made it, so it is canceled with all of its orders; what is nobody's is left.
    assert len(run.account.orders) == (1 if whose == "foreign" else 0)


@pytest.mark.parametrize("whose", ["foreign", "lost"])
@within(3600)
async def test_an_order_that_is_nobodys_is_canceled_where_that_is_the_policy(whose, tmp_path, autojump_clock):
    async with open_exchange() as run_there:
        before = await leave_behind(run_there, tmp_path / "first")
        if whose == "foreign":
            make_foreign(before)
        config = ExecutionConfig(lost_orders="cancel", foreign_orders="cancel")
        async with run_there(Trader(), execution=config) as run:
            await until(lambda: not run.account.orders)
            await wait_settled(run)
            agree = disagreements(run)

    assert agree == []


@pytest.mark.parametrize("whose", ["foreign", "lost"])
@within(3600)
async def test_nothing_leaves_while_an_order_is_refused_and_it_may_once_it_is_gone(
    whose, tmp_path, autojump_clock
):
    async with open_exchange() as run_there:
        before = await leave_behind(run_there, tmp_path / "first")
        if whose == "foreign":
            make_foreign(before)
        config = ExecutionConfig(lost_orders="refuse", foreign_orders="refuse")
        trader = Trader()
        async with run_there(trader, execution=config) as run:
            why = trader.ctx.why_closed(BTC)
            refused = trader.rest()
            cancel_all(run.exchange.ledger, run.account, Status.CANCELED)
            await until(lambda: trader.ctx.is_open(BTC), 120)
            taken = trader.rest()
            await until(lambda: taken.is_open)
            agree = disagreements(run)

    assert why.startswith("orders rest at the venue that are not in the journal: ")
    assert refused.status is S.DENIED
    assert agree == []


@within(3600)
async def test_a_position_that_was_there_before_the_journal_is_taken_in_as_nobodys(tmp_path, autojump_clock):
    async with open_exchange() as run_there:
        await leave_behind(run_there, tmp_path / "first", position=True)
        trader = Trader()
        async with run_there(trader) as run:
            position = run.engine.cache.get_position(BTC)
            own = trader.ctx.position(BTC)
            agree = disagreements(run)

    assert position.quantity == SIZE
    assert own == 0
    assert agree == []


@pytest.mark.parametrize("policy", ["adopt", "cancel", "refuse"])
@within(3600)
async def test_a_position_that_no_fill_explains(policy, autojump_clock):
    trader = Trader()
    config = ExecutionConfig(foreign_positions=policy)
    async with run_strategy(trader, execution=config) as run:
        change_position(run, 1000)
        await trio.sleep(45)
        why = trader.ctx.why_closed(BTC)
        own = trader.ctx.position(BTC)
        agree = disagreements(run)
        held = [each.szi for each in run.account.positions.values()]
        change_position(run, -held[0])
        await until(lambda: trader.ctx.is_open(BTC), 120)

    assert own == 0
    if policy == "refuse":
        assert "a position is not accounted for (no fill explains it)" in why
        assert held == [1000]
    else:
        assert why is None
        assert agree == []
        assert held == ([1000] if policy == "adopt" else [0])


@within(3600)
async def test_a_modification_under_way_at_the_crash_is_settled_by_the_exchange(tmp_path, autojump_clock):
    path = tmp_path / "orders"
    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE) as run:
            (order,) = await open_orders(first, 1)
            go_wrong(run, "ack-lost", "silent", "502 on info")
            first.ctx.modify_order(order, price=first.price("0.93"))
            await trio.sleep(1)
            pending = order.pending_revision
            run.engine.hurry()
        run.exchange.mischief.injector.remove()
        (there,) = run.account.orders.values()
        second = Trader()
        async with run_there(second, journal=path, execution=LEAVE) as run:
            (again,) = second.ctx.orders()
            await wait_settled(run)
            agree = disagreements(run)

    assert pending == 1
    assert again.revision == 1
    assert again.pending_revision is None
    assert again.venue_order_id == str(there.oid)
    assert agree == []


@within(3600)
async def test_an_order_that_was_filled_in_part_and_then_modified_has_its_whole_size_after_a_restart(
    tmp_path, autojump_clock
):
    path = tmp_path / "orders"
    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE):
            bid = first.ctx.cache.get_quote(BTC).bid_price
            order = first.ctx.submit_order(BTC, BUY, Decimal(5), price=bid)
            await until(lambda: order.is_open and order.filled_quantity, 600)
            first.ctx.modify_order(order, price=first.price("0.9"))
            await until(lambda: order.revision == 1)
        second = Trader()
        async with run_there(second, journal=path, execution=LEAVE) as run:
            (again,) = second.ctx.orders()
            await wait_settled(run)
            counted = run.desk.risk.exposure.working(BTC, None).buys
            agree = disagreements(run)
            second.ctx.modify_order(again, price=second.price("1.01"))
            await second.ctx.wait_closed(again)

    assert 0 < order.filled_quantity < 5
    assert counted == 5 - order.filled_quantity
    assert agree == []
    assert (again.status, again.quantity, again.filled_quantity) == (S.FILLED, 5, 5)


@within(3600)
async def test_an_order_that_was_on_its_way_at_the_crash_is_unknown_until_the_exchange_is_asked(
    tmp_path, autojump_clock
):
    path = tmp_path / "orders"
    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE) as run:
            go_wrong(run, "ack-lost", "silent", "502 on info")
            arrived = first.rest()
            await trio.sleep(1)
            go_wrong(run, "timeout-before on action")
            lost = first.rest("0.94")
            await trio.sleep(1)
            statuses = [arrived.status, lost.status]
        run.exchange.mischief.injector.remove()
        second = Trader()
        async with run_there(second, journal=path, execution=LEAVE) as run:
            await wait_settled(run)
            again = [run.engine.cache.get_order(each.client_order_id) for each in (arrived, lost)]
            after = [each.status for each in again]
            there = set(resting(run))

    assert statuses == [S.SUBMITTED, S.SUBMITTED]
    assert after == [S.ACCEPTED, S.REJECTED]
    assert there == {arrived.client_order_id}


@pytest.mark.parametrize("way", ["stop", "halt"])
@within(3600)
async def test_orders_are_canceled_that_are_known_before_the_instruments_are(way, tmp_path, autojump_clock):
    path = tmp_path / "orders"

    async def idle(ctx):
        await trio.sleep_forever()

    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE) as run:
            await open_orders(first, 3)
        go_wrong(run, "502 on info")
        async with run_there(idle, journal=path) as run:
            if way == "halt":
                run.engine.halt("by hand")
                await trio.sleep(10)
                run.exchange.mischief.injector.remove()
                await until(lambda: not run.account.orders, 60)
                await wait_settled(run)
        left = run.engine.report().trading.left

    assert len(left) == (3 if way == "stop" else 0)
    assert len(run.account.orders) == len(left)


# Journals.


@within(3600)
async def test_a_stop_before_the_exchange_was_ever_reached_names_the_orders_of_the_last_run(
    tmp_path, autojump_clock
):
    journal = tmp_path / "orders.journal"
    async with open_exchange() as start:
        trader = Trader()
        async with start(trader, journal=journal, execution=LEAVE) as run:
            orders = await open_orders(trader, 2)
        fault = run.exchange.mischief.injector.add(parse_fault("refuse"))
        async with start(Strategy(), journal=journal) as run:
            await trio.sleep(1)
        left = run.engine.report().trading.left

        assert {each.client_order_id for each in left} == {each.client_order_id for each in orders}
        assert len(run.account.orders) == 2
        assert run.engine.state is EngineState.STOPPED

        async with start(Strategy(), journal=journal) as run:
            run.desk.halt("by hand")  # before there is a list of instruments, too
            await trio.sleep(1)
            run.exchange.mischief.injector.remove(fault)
            await until(lambda: not run.account.orders, 120)


@within(3600)
async def test_the_journal_of_another_account_is_refused(tmp_path, autojump_clock):
    path = tmp_path / "orders"
    async with run_strategy(Trader(), journal=path):
        pass

    with pytest.raises(AccountRefused, match="give this account a journal of its own"):
        async with run_strategy(Trader(), journal=path, exchange=ExchangeSettings(seed=7)):
            pass


@within(3600)
async def test_a_second_engine_on_a_journal_is_refused_and_the_first_goes_on(tmp_path, autojump_clock):
    path = tmp_path / "orders"
    async with open_exchange() as run_there:
        trader = Trader()
        async with run_there(trader, journal=path):
            with pytest.raises(JournalInUse):
                async with run_there(Trader(), journal=path):
                    pass
            order = trader.rest("1.01", side=BUY)
            await trader.ctx.wait_closed(order)
            other = trader.rest("0.99", side=SELL)
            await trader.ctx.wait_closed(other)

    assert order.status is S.FILLED
    assert other.status is S.FILLED


# Limits.


@within(3600)
async def test_an_entry_lock_and_a_drawdown_outlive_the_engine_unless_they_are_forgiven(
    tmp_path, autojump_clock
):
    path = tmp_path / "orders"
    lock = Protection(kind="cooldown", lock_ms=3_600_000, everywhere=True)
    risk = RiskConfig(protections=(lock,), max_drawdown=Decimal("0.01"))
    reasons = []
    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, risk=risk):
            for side in (BUY, SELL):
                order = first.ctx.submit_order(BTC, side, SIZE)
                await until(lambda: order.is_closed)  # noqa: B023
        for forgive in (False, True):
            trader = Trader()
            async with run_there(trader, journal=path, risk=risk, forgive=forgive) as run:
                await trio.sleep(2)
                order = trader.rest()
                reasons.append((run.desk.risk.state, run.desk.risk.reason, order.reason))
                locks = run.desk.risk.locks()

    (state, why, reason), (after, _, nothing) = reasons
    assert state is TradingState.HALTED
    assert "below the best" in why
    assert "trading is halted" in reason
    assert after is TradingState.ACTIVE
    assert (nothing, locks) == (None, ())
