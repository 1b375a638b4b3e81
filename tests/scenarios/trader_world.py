"""A strategy that does nothing by itself: a test is its hands."""

from __future__ import annotations

import json
from decimal import Decimal

import attrs
import trio

from livetrio import Strategy
from livetrio.journal.reading import open_copy
from livetrio.model import OrderEvent, OrderFilled, OrderSide

BTC = "BTC-USD-PERP.HYPERLIQUID"
ETH = "ETH-USD-PERP.HYPERLIQUID"
SIZE = Decimal("0.01")
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@attrs.define(eq=False)
class Trader(Strategy):
    """It knows prices, and notes what it is told."""

    told: list = attrs.field(factory=list, init=False)

    async def on_start(self) -> None:
        for instrument in (BTC, ETH):
            self.ctx.subscribe_quotes(instrument)
        await until(lambda: all(self.ctx.cache.get_quote(each) for each in (BTC, ETH)))

    def on_order(self, event: OrderEvent) -> None:
        self.told.append(event)

    def on_fill(self, event: OrderFilled) -> None:
        self.told.append(event)

    def names(self, order) -> list[str]:
        """What was told of an order, in order."""
        return [type(each).__name__ for each in self.told if each.order is order]

    def price(self, times: str, instrument: str = BTC) -> Decimal:
        """So many times the middle of the market."""
        return self.ctx.cache.get_quote(instrument).mid_price * Decimal(times)

    def rest(self, times: str = "0.95", *, side=BUY, instrument=BTC, **more):
        """An order that is not filled soon."""
        return self.ctx.submit_order(instrument, side, SIZE, price=self.price(times, instrument), **more)


def resting(run) -> dict[str, object]:
    """What rests at the exchange of the account, by client order id."""
    return {str(each.cloid): each for each in run.account.orders.values()}


async def until(holds, limit: float = 10) -> None:
    """Wait until it holds."""
    with trio.fail_after(limit):
        while not holds():  # noqa: ASYNC110  # anything may be waited for here
            await trio.sleep(0.01)


async def rest_some(trader, number=5):
    """So many orders that rest."""
    orders = [trader.rest(f"0.9{each}") for each in range(number)]
    await until(lambda: all(each.is_open for each in orders))
    return orders


def go_wrong(run, *faults: str) -> None:
    """Let the exchange do this from now on."""
    for fault in faults:
        status, answer = run.exchange.control({"type": "fault", "fault": fault})
        assert status == 200, answer


def requests_of(run) -> list[tuple[str, ...]]:
    """The orders of each request that placed some, as the journal has noted it before it left."""
    run.desk.keeper.commit()
    with open_copy(run.journal) as journal:
        query = "SELECT client_order_ids FROM requests WHERE kind = 'Submit' ORDER BY run, nonce"
        rows = journal._connection.execute(query).fetchall()
    return [tuple(json.loads(ids)) for (ids,) in rows]
