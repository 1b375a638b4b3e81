"""A view says what the engine knows, and what the exchange says, too."""

from decimal import Decimal

import msgspec
import trio

from livetrio import Strategy
from livetrio.app.watching import WatchedEngine
from livetrio.model import OrderSide
from livetrio.operations.look import look_at
from livetrio.testing import run_strategy

BTC = "BTC-USD-PERP.HYPERLIQUID"


class Holder(Strategy):
    """Buys once, and leaves a bid far below."""

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)

    def on_quote(self, quote):
        if not self.ctx.orders() and not self.ctx.position(BTC):
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"))
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.02"), price=quote.bid_price * Decimal("0.9"))


async def test_a_view_shows_all_of_a_running_engine(autojump_clock):
    async with run_strategy(Holder()) as run:
        await trio.sleep(20)
        run.site.reset()
        await trio.sleep(0.5)
        down = look_at(WatchedEngine(run.engine))
        await trio.sleep(20)
        view = look_at(WatchedEngine(run.engine), ["a line"])
        [resting] = run.account.orders.values()
        held = next(iter(run.account.positions.values())).szi

    assert [each.state for each in down.connections] == ["reconnecting", "reconnecting"]
    [gate] = down.trading.gates
    assert not gate.is_open
    assert "(since 0.5 s)" in gate.reasons[0]
    assert gate.closed_for == 0.5

    assert view.life == "running"
    assert 40 < view.uptime < 42
    assert [each.reconnects for each in view.connections] == [1, 1]
    assert view.connections[0].age < 2
    [gate] = view.trading.gates
    assert gate.is_open
    assert gate.reasons == ()
    assert gate.closed_for is None
    assert view.ending is None
    assert not view.trading.was_killed
    [order] = view.trading.orders
    assert order.venue_order_id == str(resting.oid)
    assert order.status == "accepted"
    assert order.age > 39
    [position] = view.trading.positions
    assert position.quantity == Decimal(held).scaleb(-5)
    [account] = view.trading.accounts
    assert account.equity > 0
    [strategy] = view.strategies
    assert strategy.orders == 1
    assert strategy.events > 20
    assert strategy.pnl == view.trading.pnl
    [quote] = view.quotes
    assert quote.instrument_id == BTC
    assert quote.bid_price < quote.ask_price
    assert view.warnings == ("a line",)
    assert msgspec.json.decode(msgspec.json.encode(view))["trading"]["positions"][0]["quantity"] == "0.01"


async def test_an_engine_without_an_account_has_no_trading(autojump_clock):
    async def watch(ctx):
        await trio.sleep_forever()

    async with run_strategy(watch, orders=False) as run:
        view = look_at(WatchedEngine(run.engine))
    assert view.trading is None
    after = look_at(WatchedEngine(run.engine))
    assert after.life == "stopped"
    assert (after.ending.reason, after.ending.is_failure) == ("user_request", False)
