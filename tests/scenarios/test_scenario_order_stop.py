"""Stops and the kill switch: what the exchange has left afterwards, and what the report says of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio
from trader_world import BTC, BUY, ETH, SELL, SIZE, Trader, go_wrong, resting, until

from livetrio.app.config import LiveTradingConfig
from livetrio.app.trading_report import render_trading
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk import TradingState
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import NotRunning
from livetrio.exchange import ExchangeSettings
from livetrio.journal.reading import read_orders
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within

S = OrderStatus
STOP = 5.0
"""Seconds of the configurations here for each step of a stop."""


async def rest_some(trader, number=5):
    """So many orders that rest."""
    orders = [trader.rest(f"0.9{each}") for each in range(number)]
    await until(lambda: all(each.is_open for each in orders))
    return orders


@within(3600)
async def test_a_stop_cancels_everything_and_the_exchange_has_nothing_left(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        orders = await rest_some(trader)
        before = len(run.account.orders)
    trading = run.engine.report().trading
    ended = {each.order.oid: each.status.value for each in run.account.history}

    assert before == 5
    assert not run.account.orders
    assert set(ended.values()) == {"canceled"}
    assert [each.status for each in orders] == [S.CANCELED] * 5
    assert trading.left == ()
    assert trading.orders == {"accepted": 5, "canceled": 5, "pending": 5, "submitted": 5}
    assert "No orders are left." in render_trading(trading)


@within(3600)
async def test_a_stop_keeps_what_is_held_and_names_it(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, SELL, SIZE))
    trading = run.engine.report().trading
    lines = "\n".join(render_trading(trading))

    assert [(each.instrument_id, each.quantity) for each in trading.positions] == [(BTC, -SIZE)]
    assert [each.szi for each in run.account.positions.values()] == [-1000]
    assert trading.fills >= 1
    assert BTC in lines
    assert "Equity" in lines


@within(3600)
async def test_a_stop_leaves_orders_if_told_to_and_names_them(autojump_clock):
    trader = Trader()
    config = ExecutionConfig(cancel_on_stop=False)
    async with run_strategy(trader, execution=config) as run:
        orders = await rest_some(trader)
    trading = run.engine.report().trading
    lines = "\n".join(render_trading(trading))

    assert {each.client_order_id for each in trading.left} == set(resting(run))
    assert {each.status for each in trading.left} == {"accepted"}
    assert len(run.account.orders) == 5
    for order in orders:
        assert order.client_order_id in lines


@within(3600)
async def test_orders_left_beyond_what_fits_are_counted(autojump_clock):
    trader = Trader()
    config = ExecutionConfig(cancel_on_stop=False)
    async with run_strategy(trader, execution=config) as run:
        orders = [trader.rest(f"0.9{each:02}") for each in range(60)]
        await until(lambda: all(each.is_open for each in orders))
    lines = "\n".join(render_trading(run.engine.report().trading))

    assert sum(each.client_order_id in lines for each in orders) == 50
    assert "10" in lines.splitlines()[-1]


@pytest.mark.parametrize("fault", ["timeout-before", "half-open"])
@within(3600)
async def test_a_stop_ends_in_time_at_an_exchange_that_does_not_answer_and_names_what_is_left(
    fault, tmp_path, autojump_clock
):
    trader = Trader()
    config = LiveTradingConfig(tick_interval_ms=None, handle_signals=False, stop_timeout_ms=int(STOP * 1000))
    async with run_strategy(trader, config=config, journal=tmp_path / "orders") as run:
        orders = await rest_some(trader)
        go_wrong(run, fault)
        await trio.sleep(0.5)
        began = trio.current_time()
        run.engine.stop()
        await run.engine.wait_stopped()
        took = trio.current_time() - began
    left = run.engine.report().trading.left
    noted = read_orders(run.journal, is_working=True)

    assert STOP <= took <= 2 * STOP + 6
    assert {each.client_order_id for each in left} == {each.client_order_id for each in orders}
    assert len(run.account.orders) == 5
    assert {each.client_order_id for each in noted} == {each.client_order_id for each in left}


@within(3600)
async def test_hurry_ends_a_stop_at_once(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await rest_some(trader)
        run.engine.hurry()  # nothing is to be hurried yet
        go_wrong(run, "timeout-before", "502 on info")
        await trio.sleep(0.5)
        began = trio.current_time()
        run.engine.stop()
        await trio.sleep(1)
        run.engine.hurry()
        await run.engine.wait_stopped()
        took = trio.current_time() - began

    assert 1 <= took < 3
    assert len(run.engine.report().trading.left) == 5


@within(3600)
async def test_while_the_engine_stops_nothing_leaves_but_what_reduces(autojump_clock):
    reasons = []

    async def strategy(ctx):
        try:
            with ctx.quotes(BTC) as quotes:
                async for quote in quotes:
                    price = quote.bid_price * Decimal("0.9")
        finally:
            reasons.append(ctx.submit_order(BTC, BUY, SIZE, price=price).reason)

    async with run_strategy(strategy) as run:
        await trio.sleep(3)

    assert len(reasons) == 1
    assert reasons[0].startswith("only what makes positions smaller may leave: the engine stops")
    assert not run.account.history


# The kill switch.


@within(3600)
async def test_halt_cancels_all_within_a_tenth_of_a_second_of_the_exchange_and_nothing_leaves_any_more(
    autojump_clock,
):
    trader = Trader()
    async with run_strategy(trader) as run:
        orders = await rest_some(trader)
        waiting = trader.rest("0.89")
        run.engine.halt("by hand")
        began = trio.current_time()
        await until(lambda: not run.account.orders)
        there = trio.current_time()
        await until(lambda: not run.desk.tracker.working())
        took = trio.current_time() - there
        refused = trader.rest()
        closing = trader.ctx.submit_order(BTC, SELL, SIZE, reduce_only=True)
        placed = {each.order.cloid for each in run.account.history}
        await trio.sleep(60)
        after = {each.order.cloid for each in run.account.history}
        state = run.desk.risk.state

    assert there - began < 0.5
    # The exchange tells of a block's actions two blocks after it.
    assert took < ExchangeSettings().commit_delay + 0.1
    assert [each.status for each in orders] == [S.CANCELED] * 5
    assert waiting.status is S.DENIED
    assert refused.reason.startswith("trading is halted: by hand")
    assert closing.reason.startswith("trading is halted: by hand")
    assert after == placed
    assert state is TradingState.HALTED


@within(3600)
async def test_halt_and_flatten_closes_every_position(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        await trader.ctx.wait_closed(trader.ctx.submit_order(ETH, SELL, Decimal("0.2")))
        await rest_some(trader)
        held = sum(each.szi != 0 for each in run.account.positions.values())
        run.engine.halt("by hand", flatten=True)
        await until(lambda: not run.desk.tracker.working())
        await until(lambda: not run.engine.cache.get_all_positions())
        refused = trader.rest()

    assert held == 2
    assert [each.szi for each in run.account.positions.values() if each.szi] == []
    assert not run.account.orders
    assert refused.status is S.DENIED


@within(3600)
async def test_a_position_that_cannot_be_closed_is_told_and_the_halt_stands(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        go_wrong(run, "refuse", "drop-connection")
        await until(lambda: not trader.ctx.is_open(BTC))
        run.engine.halt("by hand", flatten=True)
        orders = run.engine.cache.take_snapshot(0).orders
        run.exchange.mischief.injector.remove()
        await trio.sleep(60)
        refused = trader.rest()

    closing = [each for each in orders if each.strategy is None]
    assert [each.status for each in closing] == [S.DENIED]
    assert "stream is down" in closing[0].reason
    assert refused.reason.startswith("trading is halted: by hand")
    assert [each.szi for each in run.account.positions.values()] == [1000]


@within(3600)
async def test_the_kill_switch_needs_an_engine_that_runs_and_takes_orders(autojump_clock):
    async with run_strategy(Trader(), orders=False) as run:
        with pytest.raises(NotRunning):
            run.engine.halt("by hand")
    async with run_strategy(Trader()) as run:
        pass
    with pytest.raises(NotRunning):
        run.engine.halt("by hand")


@within(3600)
async def test_what_was_halted_stays_halted_while_the_engine_stops(autojump_clock):
    orders = []

    async def strategy(ctx):
        with ctx.quotes(BTC) as quotes:
            await anext(quotes)
            await ctx.wait_closed(ctx.submit_order(BTC, BUY, SIZE))
            try:
                await trio.sleep_forever()
            finally:
                orders.append(ctx.submit_order(BTC, SELL, SIZE, reduce_only=True))

    async with run_strategy(strategy) as run:
        await until(lambda: any(each.szi for each in run.account.positions.values()))
        await trio.sleep(1)
        run.engine.halt("by hand")

    assert orders[0].reason.startswith("trading is halted: by hand")
    assert [each.szi for each in run.account.positions.values()] == [1000]


@within(3600)
async def test_a_loss_limit_halts_trading_and_cancels_what_rests(autojump_clock):
    trader = Trader()
    async with run_strategy(trader, risk=RiskConfig(max_daily_loss=Decimal(2))) as run:
        orders = await rest_some(trader)
        while run.desk.risk.state is TradingState.ACTIVE:
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, SELL, SIZE))
            await trio.sleep(1.1)
        await until(lambda: not run.desk.tracker.working())
        refused = trader.rest()

    assert [each.status for each in orders] == [S.CANCELED] * 5
    assert not run.account.orders
    assert "lost today, the limit is 2" in refused.reason
