"""Whether a cent that is not where it should be is found."""

from __future__ import annotations

from decimal import Decimal

import attrs
import trio

from livetrio import Strategy
from livetrio.exchange.chain.events import FundingPaid
from livetrio.model import OrderSide
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements, wait_quiet

BTC = "BTC-USD-PERP.HYPERLIQUID"


@attrs.define
class Turns(Strategy):
    """Buys, and sells half of it."""

    async def on_start(self) -> None:
        with self.ctx.quotes(BTC) as quotes:
            await quotes.receive()
        for side, size in ((OrderSide.BUY, "0.02"), (OrderSide.SELL, "0.01")):
            await self.ctx.wait_closed(self.ctx.submit_order(BTC, side, Decimal(size)))


@within(3600)
async def test_every_amount_is_compared_to_its_last_digit(autojump_clock):
    async with run_strategy(Turns()) as run:
        await trio.sleep(5)
        await wait_quiet(run)
        before = disagreements(run)
        account, found = run.account, {}
        asset, position = next(iter(account.positions.items()))
        fill = account.fills[-1]

        account.cash += 1
        found["balance"] = disagreements(run)
        account.cash -= 1
        position.entry_ntl += 1
        found["cost"] = disagreements(run)
        position.entry_ntl -= 1
        account.balances[0] += 5
        found["spot"] = disagreements(run)
        account.balances[0] -= 5
        perp, time = run.exchange.ledger.listing.perps[asset], run.exchange.ledger.time
        account.fundings.append(FundingPaid(account, perp, 7, position.szi, 1, time))
        found["funding"] = disagreements(run)
        account.fundings.pop()
        account.fills[-1] = changed(fill, closed_pnl=fill.closed_pnl + 1, fee=fill.fee - 1)
        found["results"] = disagreements(run)

    assert before == []
    assert [each.split(" is ")[0] for each in found["balance"]] == ["the balance"]
    assert any("the position has cost" in each for each in found["cost"])
    assert ["USDC are held at the exchange" in each for each in found["spot"]] == [True]
    assert [each.partition(" came to")[0] for each in found["funding"]] == [f"{BTC}: its funding"]
    assert [each.partition(" came to")[0] for each in found["results"]] == [
        f"{BTC}: its profit",
        f"{BTC}: its fees",
    ]


def changed(fill, **changes):
    """The fill, with something else in it."""
    return type(fill)(**{name: getattr(fill, name) for name in fill.__struct_fields__} | changes)
