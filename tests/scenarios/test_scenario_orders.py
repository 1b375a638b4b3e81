"""Orders of every kind on their whole way: strategy, engines, signed frames, the local exchange, and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio
from trader_world import BTC, BUY, ETH, SELL, SIZE, Trader, go_wrong, requests_of, resting, until

from livetrio.cache import CacheConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import OrderNotFound, StrategyFailed
from livetrio.exchange import ExchangeSettings
from livetrio.journal.reading import open_copy
from livetrio.model import (
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    OrderFilter,
    OrderStatus,
    OrderType,
    QueryOrder,
    SubmitOrder,
    TimeInForce,
)
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements, wait_quiet

S = OrderStatus


@within(3600)
async def test_a_limit_order_rests_at_the_exchange_as_it_was_asked_for(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        before = order.status
        await until(lambda: order.is_open)
        there = resting(run)[order.client_order_id]
        await wait_quiet(run)
        found = disagreements(run)

    assert before is S.PENDING
    assert str(there.oid) == order.venue_order_id
    assert there.is_buy
    assert trader.names(order)[:3] == ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
    assert found == []


@within(3600)
async def test_an_ioc_order_takes_what_is_there_and_never_rests(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        taker = trader.rest("1.01", time_in_force=TimeInForce.IOC)
        missed = trader.rest("0.95", time_in_force=TimeInForce.IOC)
        await trader.ctx.wait_closed(taker)
        await trader.ctx.wait_closed(missed)
        there = resting(run)
        fills = [each for each in run.account.fills if each.order.cloid == taker.client_order_id]

    assert taker.status is S.FILLED
    assert sum(each.sz for each in fills) == fills[0].order.orig_sz
    assert missed.filled_quantity == 0
    assert missed.status in (S.CANCELED, S.REJECTED)
    assert there == {}


@within(3600)
async def test_a_post_only_order_that_would_be_matched_is_rejected_by_the_exchange(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        crossing = trader.rest("1.01", post_only=True)
        resting_order = trader.rest("0.99", post_only=True)
        await trader.ctx.wait_closed(crossing)
        await until(lambda: resting_order.is_open)
        there = resting(run)
        fills = list(run.account.fills)

    assert crossing.status is S.REJECTED
    assert crossing.reason == "badAloPxRejected"
    assert list(there) == [resting_order.client_order_id]
    assert fills == []


@within(3600)
async def test_a_market_order_is_filled_and_is_the_position(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.ctx.submit_order(BTC, SELL, SIZE)
        await trader.ctx.wait_closed(order)
        await wait_quiet(run)
        held = trader.ctx.position(BTC)
        found = disagreements(run)

    assert order.status is S.FILLED
    assert order.order_type is OrderType.MARKET
    assert held == -SIZE
    assert len(run.account.fills) >= 1
    assert found == []


@pytest.mark.parametrize(
    "kind, side, trigger, limit",
    [
        (OrderType.STOP_MARKET, SELL, "0.9996", None),
        (OrderType.STOP_MARKET, BUY, "1.0004", None),
        (OrderType.STOP_LIMIT, SELL, "0.9996", "0.99"),
        (OrderType.STOP_LIMIT, BUY, "1.0004", "1.01"),
        (OrderType.TAKE_PROFIT_MARKET, SELL, "1.0004", None),
        (OrderType.TAKE_PROFIT_MARKET, BUY, "0.9996", None),
        (OrderType.TAKE_PROFIT_LIMIT, SELL, "1.0004", "0.99"),
        (OrderType.TAKE_PROFIT_LIMIT, BUY, "0.9996", "1.01"),
    ],
)
@within(3600)
async def test_an_order_with_a_trigger_waits_for_its_price_and_is_filled_then(
    kind, side, trigger, limit, autojump_clock
):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.ctx.submit_order(
            BTC,
            side,
            SIZE,
            order_type=kind,
            trigger_price=trader.price(trigger),
            price=None if limit is None else trader.price(limit),
        )
        await until(lambda: order.is_open)
        there = resting(run)[order.client_order_id]
        waited = there.trigger is not None and not run.account.fills
        with trio.fail_after(3000):
            await trader.ctx.wait_closed(order)
        await wait_quiet(run)
        found = disagreements(run)

    assert waited
    assert order.status is S.FILLED
    assert order.filled_quantity == SIZE
    assert abs(order.average_price / order.trigger_price - 1) < Decimal("0.002")
    assert found == []


@within(3600)
async def test_a_reduce_only_order_cannot_open_a_position(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.ctx.submit_order(BTC, BUY, SIZE, reduce_only=True)
        await trader.ctx.wait_closed(order)

    assert order.status is S.REJECTED
    assert "educe" in order.reason
    assert not run.account.fills


@within(3600)
async def test_a_reduce_only_order_closes_no_more_than_there_is(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, BUY, SIZE))
        closing = trader.ctx.submit_order(BTC, SELL, 3 * SIZE, reduce_only=True)
        await trader.ctx.wait_closed(closing)
        await wait_quiet(run)
        found = disagreements(run)
        held = trader.ctx.position(BTC)

    assert closing.filled_quantity == SIZE
    assert held == 0
    assert found == []


@within(3600)
async def test_a_modified_order_is_the_same_order_with_another_price_and_size(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest("0.95")
        await until(lambda: order.is_open)
        wanted = trader.price("0.94")
        refusal = trader.ctx.modify_order(order, price=wanted, quantity=2 * SIZE)
        again = trader.ctx.modify_order(order, price=wanted)
        await until(lambda: order.revision == 1)
        await wait_quiet(run)
        there = list(run.account.orders.values())
        found = disagreements(run)

    assert refusal is None
    assert "already" in again
    assert len(there) == 1
    assert str(there[0].oid) == order.venue_order_id
    assert order.quantity == 2 * SIZE
    assert abs(order.price - wanted) <= 1
    assert trader.names(order).count("OrderUpdated") == 1
    assert "OrderModifyRejected" in trader.names(order)
    assert found == []


@within(3600)
async def test_a_modification_of_an_order_that_is_canceled_at_once_never_leaves(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        refusal = trader.ctx.modify_order(order, price=trader.price("0.94"))
        trader.ctx.cancel_order(order)
        await trader.ctx.wait_closed(order)
        await trio.sleep(10)
        run.desk.keeper.commit()
        with open_copy(run.journal) as journal:
            rows = journal._connection.execute("SELECT kind FROM requests ORDER BY nonce").fetchall()
    assert refusal is None
    assert (order.status, order.pending_revision) == (S.CANCELED, None)
    assert rows == [("Submit",), ("Cancel",)]
    assert "OrderModifyRejected" in trader.names(order)
    assert not run.account.orders


@within(3600)
async def test_what_is_no_change_or_of_what_an_order_has_not_is_refused_and_keeps_its_place(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        stop = trader.ctx.submit_order(
            BTC, SELL, SIZE, order_type=OrderType.STOP_MARKET, trigger_price=trader.price("0.9")
        )
        await until(lambda: order.is_open and stop.is_open)
        before = set(run.account.orders)
        modify = trader.ctx.modify_order
        refusals = [
            modify(order),
            modify(order, price=order.price + Decimal("0.01")),
            modify(stop, trigger_price=stop.trigger_price),
            modify(stop, price=trader.price("0.9")),
            modify(order, trigger_price=order.price),
        ]
        await trio.sleep(5)
        after = set(run.account.orders)

    assert refusals == [
        *["it is like that already"] * 3,
        "a stop_market order has no price",
        "a limit order has no trigger price",
    ]
    assert after == before


@within(3600)
async def test_what_is_over_and_forgotten_can_neither_be_canceled_nor_changed(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        run.engine.cache.config = CacheConfig(order_history_limit=3)
        first = trader.ctx.submit_order(BTC, BUY, Decimal(0))
        for _ in range(3):
            trader.ctx.submit_order(BTC, BUY, Decimal(0))
        with trio.fail_after(1):
            await trader.ctx.wait_closed(first)
        is_forgotten = run.desk.tracker.get(first.client_order_id) is None
        canceled = trader.ctx.cancel_order(first)
        refusal = trader.ctx.modify_order(first, price=Decimal(1))

    assert is_forgotten
    assert canceled is False
    assert refusal == "it is over: denied"


@within(3600)
async def test_a_canceled_order_is_gone_at_the_exchange_when_it_is_said_to_be(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        asked = trader.ctx.cancel_order(order)
        still = order.is_open
        await trader.ctx.wait_closed(order)
        there = resting(run)
        late = trader.ctx.cancel_order(order)

    assert asked
    assert still, "only the venue's word ends an order"
    assert order.status is S.CANCELED
    assert there == {}
    assert not late
    assert trader.names(order)[-2:] == ["OrderPendingCancel", "OrderCanceled"]


@within(3600)
async def test_an_order_canceled_before_it_left_is_denied_and_the_exchange_never_hears_of_it(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        trader.ctx.cancel_order(order)
        at_once = order.status
        await trio.sleep(10)

    assert at_once is S.DENIED
    assert not run.account.orders
    assert not run.account.history


@within(3600)
async def test_cancel_all_cancels_what_fits_and_leaves_the_rest(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        orders = [
            trader.rest(),
            trader.rest("1.05", side=SELL),
            trader.rest(instrument=ETH, times="0.9"),
        ]
        big = trader.ctx.submit_order(ETH, SELL, Decimal("0.2"), price=trader.price("1.1", ETH))
        await until(lambda: big.is_open)
        await wait_quiet(run)
        counts = [trader.ctx.cancel_all(BTC, side=BUY)]
        await wait_quiet(run)
        after_first = set(resting(run))
        counts.append(trader.ctx.cancel_all(ETH))
        await wait_quiet(run)
        after_second = set(resting(run))
        counts.append(trader.ctx.cancel_all())
        await wait_quiet(run)

    buy, sell, _ = orders
    assert buy.client_order_id not in after_first
    assert {sell.client_order_id, big.client_order_id} <= after_first
    assert after_second == {sell.client_order_id}
    assert not run.account.orders
    assert [each.failed_count for each in counts] == [0, 0, 0]
    assert [each.canceled_count for each in counts] == [1, len(after_first) - 1, 1]


@within(3600)
async def test_a_batch_leaves_in_as_few_requests_as_can_be_and_comes_back_order_by_order(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        used = run.account.requests_used
        prices = [trader.price(f"0.9{digit}") for digit in range(5)]
        crossing = trader.ctx.command(BTC, BUY, SIZE, price=trader.price("1.01"), post_only=True)
        orders = trader.ctx.submit_orders(
            [*(trader.ctx.command(BTC, BUY, SIZE, price=each) for each in prices), crossing]
        )
        await wait_quiet(run)
        used = run.account.requests_used - used
        statuses = [each.status for each in orders]
        requests = requests_of(run)
        found = disagreements(run)

    assert statuses == [S.ACCEPTED] * 5 + [S.REJECTED]
    ids = [each.client_order_id for each in orders]
    assert sorted(requests) == sorted([tuple(ids[:5]), (ids[5],)]), (
        "post-only orders go by a lane of their own"
    )
    assert used == 6
    assert found == []


# Waiting for orders.


@within(3600)
async def test_working_left_by_cancellation_has_canceled_the_order_at_the_exchange(autojump_clock):
    there = []

    async def strategy(ctx):
        with trio.move_on_after(20):
            async with ctx.working(trader.rest()) as order:
                orders.append(order)
                await trio.sleep_forever()
        there.append(dict(resting(runs[0])))

    trader, orders, runs = Trader(), [], []
    async with run_strategy(trader) as run:
        runs.append(run)
        await strategy(trader.ctx)

    assert orders[0].status is S.CANCELED
    assert there == [{}]


@within(3600)
async def test_working_left_by_an_error_has_canceled_the_order_and_the_error_comes_through(autojump_clock):
    orders = []

    async def strategy(ctx):
        with ctx.quotes(BTC) as quotes:
            quote = await anext(quotes)
            async with ctx.working(
                ctx.submit_order(BTC, BUY, SIZE, price=quote.bid_price * Decimal("0.9"))
            ) as order:
                orders.append(order)
                await trio.sleep(5)
                raise LookupError("a mistake")

    runs = []
    with pytest.raises(StrategyFailed) as raised:
        async with run_strategy(strategy) as run:
            runs.append(run)
            await trio.sleep(60)

    assert isinstance(raised.value.__cause__, LookupError)
    assert orders[0].status is S.CANCELED
    assert not runs[0].account.orders


@within(3600)
async def test_working_left_when_the_order_is_filled_cancels_nothing(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        async with trader.ctx.working(trader.ctx.submit_order(BTC, BUY, SIZE)) as order:
            await trader.ctx.wait_closed(order)
        await wait_quiet(run)

    assert order.status is S.FILLED
    assert "OrderPendingCancel" not in trader.names(order)


@within(3600)
async def test_working_gives_up_waiting_after_its_patience_and_the_order_goes_on_being_asked_about(
    autojump_clock,
):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        go_wrong(run, "timeout-before", "502 on info")
        began = trio.current_time()
        async with trader.ctx.working(order):
            pass
        took = trio.current_time() - began
        status = order.status
        run.exchange.mischief.injector.remove()
        with trio.fail_after(120):
            await trader.ctx.wait_closed(order)

    assert took == pytest.approx(run.engine.config.stop_timeout_ms / 1000, abs=0.1)
    assert status is S.ACCEPTED
    assert order.status is S.CANCELED
    assert not run.account.orders


# Over the bus.


@within(3600)
async def test_the_bus_takes_every_command(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        bus = run.engine.bus
        command = SubmitOrder(
            instrument_id=BTC, side=BUY, quantity=SIZE, price=trader.price("0.95"), strategy=trader.ctx.name
        )
        order = bus.request("order.submit", command)
        other = bus.request("order.submit", command)
        await until(lambda: order.is_open and other.is_open)
        refusal = bus.request(
            "order.modify", ModifyOrder(client_order_id=order.client_order_id, price=trader.price("0.94"))
        )
        await until(lambda: order.revision == 1)
        found = bus.request("order.query", QueryOrder(client_order_id=order.client_order_id))
        nothing = bus.request("order.query", QueryOrder(client_order_id="0x1234"))
        canceled = bus.request("order.cancel", CancelOrder(client_order_id=order.client_order_id))
        await trader.ctx.wait_closed(order)
        counts = bus.request("order.cancel_all", CancelAllOrders(filter=OrderFilter(instrument_id=BTC)))
        await trader.ctx.wait_closed(other)

    assert refusal is None
    assert found is order
    assert nothing is None
    assert canceled is True
    assert (counts.canceled_count, counts.failed_count) == (1, 0)
    assert not run.account.orders


# What does not leave, and what is not known.


@within(3600)
async def test_a_denied_order_says_why(autojump_clock):
    trader = Trader()
    limits = RiskConfig(max_order_notional=Decimal(5_000))
    async with run_strategy(trader, risk=limits) as run:
        price = trader.price("0.95")
        submit = trader.ctx.submit_order
        reasons = {
            "too large": submit(BTC, BUY, Decimal(1), price=price),
            "too small": submit(BTC, BUY, Decimal("0.0000001"), price=price),
            "not listed": submit("BTCX-USD-PERP.HYPERLIQUID", BUY, SIZE, price=price),
            "no venue": submit("BTC-USD-PERP.KRAKEN", BUY, SIZE, price=price),
            "far": submit(BTC, BUY, SIZE, price=price * 2),
            "no price": submit("SOL-USD-PERP.HYPERLIQUID", BUY, Decimal(1), price=Decimal(100)),
            "no quote": submit("SOL-USD-PERP.HYPERLIQUID", BUY, Decimal(1)),
            "day": submit(BTC, BUY, SIZE, price=price, time_in_force=TimeInForce.DAY),
        }
        await trio.sleep(5)

    expected = {
        "too large": "limit is 5000",
        "too small": "quantity",
        "not listed": "did you mean BTC-USD-PERP.HYPERLIQUID",
        "no venue": "no venue of this engine takes orders of BTC-USD-PERP.KRAKEN",
        "far": "beyond the market",
        "no price": "no price of SOL-USD-PERP.HYPERLIQUID is known",
        "no quote": "needs a fresh price",
        "day": "day",
    }
    assert {name: each.status for name, each in reasons.items()} == dict.fromkeys(reasons, S.DENIED)
    for name, words in expected.items():
        assert words.lower() in reasons[name].reason.lower(), (name, reasons[name].reason)
    assert not run.account.history


@within(3600)
async def test_a_strategy_is_told_why_the_gate_is_closed_and_nothing_leaves(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        was_open = trader.ctx.is_open(BTC)
        go_wrong(run, "drop-connection after 1s", "refuse")
        await until(lambda: not trader.ctx.is_open(BTC))
        order = trader.rest()
        run.exchange.mischief.injector.remove()
        await until(lambda: trader.ctx.is_open(BTC), 120)
        await trio.sleep(10)

    assert was_open
    assert order.status is S.DENIED
    assert "the account's stream is down" in order.reason
    assert not run.account.history


@within(3600)
async def test_a_lost_reply_leaves_an_order_unknown_until_the_exchange_is_asked(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "ack-lost", "silent", "502 on info")
        order = trader.rest()
        await until(lambda: order.status is S.UNKNOWN)
        there = set(resting(run))
        run.exchange.mischief.injector.remove()
        await until(lambda: order.is_open, 60)
        await wait_quiet(run)
        found = disagreements(run)

    assert there == {order.client_order_id}
    assert trader.names(order)[:4] == [
        "OrderInitialized",
        "OrderSubmitted",
        "OrderUnknown",
        "OrderAccepted",
    ]
    assert found == []


@within(3600)
async def test_a_lost_order_is_unknown_until_its_expiry_proves_that_it_never_arrives(autojump_clock):
    trader = Trader()
    config = ExecutionConfig(expire_ms=20_000)
    async with run_strategy(trader, execution=config) as run:
        go_wrong(run, "timeout-before on action")
        order = trader.rest()
        began = trio.current_time()
        await until(lambda: order.status is S.UNKNOWN)
        await trader.ctx.wait_closed(order)
        took = trio.current_time() - began

    assert order.status is S.REJECTED
    assert "never arrived" in order.reason
    assert 22 < took < 24
    assert not run.account.history


@within(3600)
async def test_an_order_that_rests_is_found_though_the_exchange_does_not_know_it_by_name(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        go_wrong(run, "ack-lost", "silent", "not-found")
        order = trader.rest()
        await trio.sleep(25)
        status = order.status
        run.exchange.mischief.injector.remove()
        await wait_quiet(run)
        found = disagreements(run)

    assert status is S.ACCEPTED
    assert found == []


@within(3600)
async def test_a_cancellation_that_is_lost_ends_nothing_though_the_exchange_does_not_know_the_order(
    autojump_clock,
):
    trader = Trader()
    async with run_strategy(trader) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        go_wrong(run, "timeout-before on action", "not-found")
        trader.ctx.cancel_order(order)
        await trio.sleep(60)
        status, there = order.status, len(run.account.orders)
        run.exchange.mischief.injector.remove()
        await trader.ctx.wait_closed(order)

    assert (status, there) == (S.ACCEPTED, 1)
    assert order.status is S.CANCELED


@within(3600)
async def test_what_is_over_long_ago_or_never_was_cannot_be_found(autojump_clock):
    trader = Trader()
    async with run_strategy(trader) as run:
        execution = run.desk.execution
        order = trader.rest()
        pending = execution.is_order_pending(order.client_order_id)
        listed = execution.get_pending_orders()
        await until(lambda: order.is_open)
        status = execution.get_order_status(order.venue_order_id)
        with pytest.raises(OrderNotFound, match="no order '0x1'"):
            execution.cancel_order("0x1")
        with pytest.raises(OrderNotFound):
            execution.get_order_status("0x1")

    assert pending
    assert listed == [order]
    assert status is S.ACCEPTED
    assert not execution.is_order_pending("0x1")


@within(3600)
async def test_positions_and_money_are_the_exchanges_to_the_last_digit(autojump_clock):
    trader = Trader()
    async with run_strategy(trader, exchange=ExchangeSettings(seed=3)) as run:
        for number in range(1, 9):
            side = BUY if number % 3 else SELL
            await trader.ctx.wait_closed(trader.ctx.submit_order(BTC, side, number * SIZE))
            await trio.sleep(7)
        await wait_quiet(run)
        found = disagreements(run)
        position = run.engine.cache.get_position(BTC)
        theirs = next(each for each in run.account.positions.values() if each.szi)
        closed = sum(Decimal(each.closed_pnl - each.fee) for each in run.account.fills) / 10**6
        parts = run.desk.portfolio.breakdown(trader.ctx.name)
        pnl = trader.ctx.pnl()

    assert found == []
    assert position.quantity == Decimal(theirs.szi) / 10**5
    assert abs(position.entry_price - Decimal(theirs.entry_ntl) / abs(theirs.szi) / 10) < 1
    assert parts.realized - parts.fees == closed
    assert pnl == parts.net
    assert parts.unrealized != 0
