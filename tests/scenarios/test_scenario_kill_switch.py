"""The kill switch: what the exchange has left afterwards, and what the next run makes of it."""

from __future__ import annotations

import shutil
from decimal import Decimal

import attrs
import pytest
import trio
from exchange_world import change_position, open_exchange
from trader_world import BTC, BUY, ETH, SELL, SIZE, Trader, go_wrong, rest_some, until

from livetrio.app.trading_report import render_trading
from livetrio.engines.risk_config import Protection, RiskConfig
from livetrio.engines.trading_state import TradingState
from livetrio.errors import NotRunning
from livetrio.exchange import ExchangeSettings
from livetrio.model import OrderStatus
from livetrio.testing import run_strategy, within

S = OrderStatus


def positions(run):
    """What the account holds at the exchange, in steps of size."""
    return [each.szi for each in run.account.positions.values() if each.szi]


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
        await until(lambda: not run.desk.kill_switch.is_flattening)
        own = [trader.ctx.position(each) for each in (BTC, ETH)]
        refused = trader.rest()

    assert held == 2
    assert own == [0, 0]
    assert [each.szi for each in run.account.positions.values() if each.szi] == []
    assert not run.account.orders
    assert refused.status is S.DENIED


@within(3600)
async def test_a_position_that_cannot_be_closed_now_is_closed_as_soon_as_it_can_be(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        go_wrong(run, "refuse", "drop-connection")
        await until(lambda: not trader.ctx.is_open(BTC))
        run.engine.halt("by hand", flatten=True)
        await trio.sleep(30)
        held = positions(run)
        run.exchange.mischief.injector.remove()
        await until(lambda: not positions(run), 60)
        refused = trader.rest()

    assert held == [1000]
    assert refused.reason.startswith("trading is halted: by hand")


@within(3600)
async def test_what_is_filled_before_its_cancellation_arrives_is_closed_too(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.ctx.submit_order(BTC, BUY, SIZE)
        await until(lambda: order.status is S.SUBMITTED)
        run.engine.halt("by hand", flatten=True)
        await until(lambda: not run.desk.kill_switch.is_flattening)
        placed = {each.order.cloid for each in run.account.history}

    assert order.status is S.FILLED
    assert len(placed) == 2
    assert positions(run) == []


@within(3600)
async def test_closing_goes_on_when_the_exchange_refuses_at_first(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, SELL, SIZE))
        go_wrong(run, "reject on order for 5s")
        run.engine.halt("by hand", flatten=True)
        await trio.sleep(2)
        held = positions(run)
        await until(lambda: not positions(run), 60)

    assert held == [-1000]


@within(3600)
async def test_a_position_that_nobody_looks_at_is_closed_at_the_price_that_the_exchange_tells(autojump_clock):
    async def looks_at_nothing(ctx):
        await trio.sleep_forever()

    async with run_strategy(looks_at_nothing) as run:
        change_position(run, 1000)
        await until(lambda: run.engine.cache.get_position(BTC), 60)
        run.engine.halt("by hand", flatten=True)
        await until(lambda: not positions(run), 60)
        await until(lambda: not run.desk.kill_switch.is_flattening)


@within(3600)
async def test_spot_is_sold(autojump_clock):
    purr = "PURR-USDC-SPOT.HYPERLIQUID"
    bought = []

    async def strategy(ctx):
        with ctx.quotes(purr) as quotes:
            await anext(quotes)
            bought.append(await ctx.wait_closed(ctx.submit_order(purr, BUY, Decimal(200))))
            ctx.submit_order(purr, SELL, Decimal(150), price=ctx.cache.get_quote(purr).ask_price * 2)
            await trio.sleep_forever()

    async with run_strategy(strategy) as run:
        run.exchange.control(
            {"type": "fund", "user": run.account.address, "token": "USDC", "amount": "10000"}
        )
        await until(lambda: bought and run.desk.tracker.working())
        await trio.sleep(1)
        run.engine.halt("by hand", flatten=True)
        await until(lambda: not run.desk.kill_switch.is_flattening)
        left = run.engine.cache.get_all_positions()

    assert bought[0].status is S.FILLED
    assert 0 < sum(each.quantity for each in left) < 1


@within(3600)
async def test_an_order_that_is_nobodys_is_canceled_too(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await rest_some(trader, 2)
        for order in run.account.orders.values():
            order.cloid = None
        for tracked in run.desk.tracker.working():
            tracked.order.strategy = None
        run.engine.halt("by hand")
        await until(lambda: not run.account.orders)


@within(3600)
async def test_a_loss_limit_closes_positions_if_told_to(autojump_clock):
    trader = Trader()
    risk = RiskConfig(max_daily_loss=Decimal(2), flatten_on_loss=True)
    async with run_strategy(trader, risk=risk) as run:
        while run.desk.risk.state is TradingState.ACTIVE:
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
            await trio.sleep(1.1)
        await until(lambda: not run.desk.kill_switch.is_flattening)

    assert positions(run) == []


@pytest.mark.parametrize("ending", ["stopped", "killed"])
@within(3600)
async def test_a_halt_by_hand_outlives_the_engine_until_it_is_forgiven(ending, tmp_path, autojump_clock):
    path = tmp_path / "orders"
    found = []
    async with open_exchange() as run_there:
        async with run_there(Trader(), journal=path) as run:
            run.engine.halt("by hand")
            await trio.sleep(0.1)
            shutil.copy(path, tmp_path / "then")
            if ending == "killed":
                shutil.copy(f"{path}-wal", tmp_path / "then-wal")
        for forgive in (False, False, True, False):
            await trio.sleep(60)  # or the exchange has enough of questions
            trader = Trader()
            there = tmp_path / "then" if ending == "killed" else path
            async with run_there(trader, journal=there, forgive=forgive) as run:
                found.append((run.desk.risk.state, trader.rest().reason))

    states, reasons = zip(*found, strict=True)
    assert states == (TradingState.HALTED, TradingState.HALTED, TradingState.ACTIVE, TradingState.ACTIVE)
    assert all(each.startswith("trading is halted: by hand") for each in reasons[:2])
    assert reasons[2:] == (None, None)


@within(3600)
async def test_what_was_to_be_closed_is_closed_by_the_next_run_and_what_comes_later_is_not(
    tmp_path, autojump_clock
):
    path = tmp_path / "orders"
    async with open_exchange() as run_there:
        trader = Trader()
        async with run_there(trader, journal=path) as run:
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
            go_wrong(run, "reject on order")
            run.engine.halt("by hand", flatten=True)
            await trio.sleep(1)
        held = positions(run)
        told = render_trading(run.engine.report().trading)
        run.exchange.mischief.injector.remove()
        async with run_there(Trader(), journal=path) as run:
            await until(lambda: not run.desk.kill_switch.is_flattening)
            closed = positions(run)
            change_position(run, 1000)  # by hand
            await trio.sleep(60)
        async with run_there(Trader(), journal=path) as run:
            await trio.sleep(60)

    assert held == [1000]
    assert "Positions are still to be closed. The next run goes on with it." in told
    assert closed == []
    assert positions(run) == [1000]


@within(3600)
async def test_a_stop_lets_what_is_being_closed_be_closed(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        run.engine.halt("by hand", flatten=True)
        run.engine.stop()
        await run.engine.wait_stopped()

    assert positions(run) == []
    assert run.engine.report().trading.positions == ()


@within(3600)
async def test_the_report_names_a_halt_and_what_is_locked(autojump_clock):
    trader = Trader()
    lock = Protection(kind="cooldown", lock_ms=3_600_000)
    async with run_strategy(trader, risk=RiskConfig(protections=(lock,))) as run:
        for side in (BUY, SELL):
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, side, SIZE))
        run.engine.halt("by hand")
    trading = run.engine.report().trading
    halted, locked, kept, *_ = render_trading(trading)[3:]
    gone = render_trading(attrs.evolve(trading, is_resumed=False))

    assert halted == (
        "Trading is halted: by hand. "
        "So is the next run, until `livetrio resume`, or `livetrio run --forgive`."
    )
    assert locked.startswith(f"Entries are locked of {BTC}, until 2026-")
    assert "cooling down after a round trip" in locked
    assert kept == "The next run keeps the locks; what ends them before is `livetrio run --forgive`."
    assert gone[3:5] == ["Trading is halted: by hand.", locked]
    assert not any("next run" in each for each in gone)


@within(3600)
async def test_the_report_names_a_pause_though_the_engine_has_stopped(autojump_clock):
    async with run_strategy(Trader()) as run:
        run.desk.pause.begin("paused by somebody")
    trading = run.engine.report().trading

    assert (trading.paused, trading.halted) == ("paused by somebody", None)
    assert render_trading(trading)[3] == (
        "Trading is paused by somebody. So is the next run, until `livetrio resume`, or "
        "`livetrio run --forgive`."
    )


@within(3600)
async def test_a_strategy_is_told_why_nothing_may_leave(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        run.engine.halt("by hand")
        why = trader.ctx.why_closed(BTC)

    assert why.startswith("trading is halted: by hand")


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
    halted = render_trading(run.engine.report().trading)[3]

    assert [each.status for each in orders] == [S.CANCELED] * 5
    assert not run.account.orders
    assert "lost today, the limit is 2" in refused.reason
    assert "lost today, the limit is 2. The next run finds that loss, too" in halted
