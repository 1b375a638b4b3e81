"""Stops: what the exchange has left afterwards, and what the report says of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio
from structlog.testing import capture_logs
from trader_world import BTC, BUY, SELL, SIZE, Trader, go_wrong, rest_some, resting, until

from livetrio.app.config import LiveTradingConfig
from livetrio.app.engine_run import HURRIED
from livetrio.app.trading_report import render_trading
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.journal.reading import read_orders
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within

S = OrderStatus
STOP = 5.0
"""Seconds of the configurations here for each step of a stop."""


@within(3600)
async def test_a_stop_cancels_everything_and_the_exchange_has_nothing_left(autojump_clock):
    trader = Trader()
    with capture_logs() as logs:
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
    assert {each["log_level"] for each in logs} <= {"debug", "info"}, "all of this is as it should be"


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


class Hangs(Trader):
    """Does not come to an end by itself."""

    async def on_stop(self):
        await trio.sleep_forever()


@within(3600)
async def test_hurry_while_a_strategy_hangs_shortens_what_comes_after_it_as_well(autojump_clock):
    trader = Hangs()
    async with run_strategy(trader) as run:
        await rest_some(trader)
        go_wrong(run, "timeout-before", "502 on info")
        await trio.sleep(0.5)
        began = trio.current_time()
        run.engine.stop()
        await trio.sleep(1)
        run.engine.hurry()
        await run.engine.wait_stopped()
        took = trio.current_time() - began

    assert 1 <= took < 1 + 2 * HURRIED + 0.5
    assert len(run.engine.report().trading.left) == 5


@within(3600)
async def test_hurry_while_a_strategy_hangs_leaves_no_order_at_a_venue_that_answers(autojump_clock):
    trader = Hangs()
    async with run_strategy(trader) as run:
        await rest_some(trader)
        run.engine.stop()
        await trio.sleep(1)
        run.engine.hurry()
        await run.engine.wait_stopped()

    assert not run.account.orders
    assert run.engine.report().trading.left == ()


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
