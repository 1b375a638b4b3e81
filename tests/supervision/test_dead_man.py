"""DeadMan: the exchange cancels everything by itself once the engine is not well, and only then."""

from decimal import Decimal

import trio

from livetrio import Strategy
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.exchange import ExchangeSettings
from livetrio.exchange.chain.order import Status
from livetrio.model import OrderSide, OrderStatus
from livetrio.testing import run_strategy, within

BTC = "BTC-USD-PERP.HYPERLIQUID"
PATIENCE = 15.0
CONFIG = ExecutionConfig(dead_man_ms=int(PATIENCE * 1000), cancel_on_stop=False)


class Resting(Strategy):
    """It has one order that rests."""

    async def on_start(self):
        with self.ctx.quotes(BTC) as quotes:
            quote = await anext(quotes)
        self.order = self.ctx.submit_order(
            BTC, OrderSide.BUY, Decimal("0.01"), price=quote.bid_price * Decimal("0.9")
        )


def switch(run):
    return run.desk.accounts[0].dead_man


@within(3600)
async def test_it_is_put_off_again_and_again_while_all_is_well(autojump_clock):
    async with run_strategy(Resting(), execution=CONFIG) as run:
        await trio.sleep(PATIENCE)
        early = run.account.cancel_at
        await trio.sleep(10 * PATIENCE)
        late = run.account.cancel_at
        there = len(run.account.orders)
        told = switch(run).armed_until

    assert late - early == 10 * PATIENCE * 1000
    assert told == late * 1_000_000
    assert there == 1


@within(3600)
async def test_it_is_armed_as_soon_as_orders_may_leave(autojump_clock):
    async with run_strategy(Resting(), execution=CONFIG) as run:
        await trio.sleep(1.5)
        at_first = run.account.cancel_at
        await trio.sleep(PATIENCE)
        run.desk.accounts[0].link.gate.close("test", "the engine is unwell", 0)
        await trio.sleep(PATIENCE * 2 / 3)
        run.desk.accounts[0].link.gate.open("test")
        before = run.account.cancel_at
        await trio.sleep(1.5)
        after = run.account.cancel_at

    assert at_first is not None
    assert after > before


@within(3600)
async def test_the_exchange_cancels_everything_once_the_engine_is_unwell_for_its_patience(autojump_clock):
    strategy = Resting()
    async with run_strategy(strategy, execution=CONFIG) as run:
        await trio.sleep(PATIENCE)
        run.desk.accounts[0].link.gate.close("test", "the engine is unwell", 0)
        await trio.sleep(PATIENCE / 2)
        there = len(run.account.orders)
        await trio.sleep(PATIENCE)
        status = run.account.history[-1].status
        after = strategy.order.status

    assert there == 1
    assert status is Status.SCHEDULED_CANCEL
    assert after is OrderStatus.CANCELED
    assert not run.account.orders


@within(3600)
async def test_a_loop_that_was_late_is_not_well(autojump_clock):
    async with run_strategy(Resting(), execution=CONFIG) as run:
        await trio.sleep(PATIENCE + 3)
        before = run.account.cancel_at
        autojump_clock.jump(PATIENCE / 3 + 2)  # as if the process had stood still
        await trio.sleep(0.5)
        after = run.account.cancel_at
        await trio.sleep(PATIENCE)
        later = run.account.cancel_at

    assert after == before
    assert later > before


@within(3600)
async def test_a_clean_stop_takes_the_switch_back_so_that_orders_left_stay(autojump_clock):
    async with run_strategy(Resting(), execution=CONFIG) as run:
        await trio.sleep(PATIENCE)
        was_armed = run.account.cancel_at

    assert was_armed is not None
    assert run.account.cancel_at is None
    assert switch(run).armed_until is None
    assert len(run.account.orders) == 1


@within(3600)
async def test_a_switch_whose_confirmation_was_lost_is_taken_back_all_the_same(autojump_clock):
    async with run_strategy(Resting(), execution=CONFIG) as run:
        run.exchange.control({"type": "fault", "fault": "ack-lost on scheduleCancel"})
        await trio.sleep(PATIENCE)
        was_armed = run.account.cancel_at
        run.exchange.mischief.injector.remove()
        run.engine.stop()
        await run.engine.wait_stopped()

    assert was_armed is not None
    assert run.account.cancel_at is None


@within(3600)
async def test_an_account_that_may_not_use_it_trades_without(autojump_clock):
    settings = ExchangeSettings(schedule_cancel_volume=Decimal(1_000_000))
    async with run_strategy(Resting(), execution=CONFIG, exchange=settings) as run:
        await trio.sleep(3 * PATIENCE)
        refusal = switch(run).refusal
        there = len(run.account.orders)
        used = run.account.requests_used
        await trio.sleep(3 * PATIENCE)
        used_later = run.account.requests_used

    assert "volume" in refusal
    assert switch(run).armed_until is None
    assert there == 1
    assert used_later == used
