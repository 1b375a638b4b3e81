"""money_agreement: is the account's money the exchange's, to the last digit?

Balances, what positions have cost, and what came of trading since the journal began: profit, fees, funding.
Equity is the balance and what positions are worth above their cost at the mark, and marks move by themselves;
so these two are compared instead. Where a position was adopted at a price that nobody knows exactly, what
closing it brings is the venue's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from livetrio.exchange.api.texts import token_text, usd_text
from livetrio.model import InstrumentId

if TYPE_CHECKING:
    from livetrio.testing.runs import StrategyRun

ZERO = Decimal(0)


def disagreements_of_money(run: StrategyRun) -> Iterator[str]:
    """In which amounts journal, cache and exchange differ, in words."""
    yield from disagreements_of_balances(run)
    yield from _of_costs(run)
    yield from _of_results(run)


def disagreements_of_balances(run: StrategyRun) -> Iterator[str]:
    """The same of what the account holds as a whole."""
    there = run.account
    for service in run.desk.accounts:
        account = run.engine.cache.get_account(service.trading.account_id)
        if account is None:
            yield f"nothing is known of the money of {service.trading.account_id}"
            continue
        money = there.cash + sum(
            each.cash + (each.entry_ntl if each.szi > 0 else -each.entry_ntl)
            for each in there.positions.values()
            if each.szi
        )
        balance = Decimal(usd_text(money))
        if account.balance != balance:
            yield f"the balance is {balance} at the exchange, {account.balance} in the cache"
        for token in run.exchange.ledger.listing.tokens:
            total = Decimal(token_text(token, there.balances.get(token.index, 0)))
            known = account.balances.get(token.name)
            had = ZERO if known is None else known.total
            if had != total:
                yield f"{total:f} {token.name} are held at the exchange, {had:f} in the cache"


def _of_costs(run: StrategyRun) -> Iterator[str]:
    state = run.desk.portfolio.state()
    for asset, position in run.account.positions.items():
        name = f"{run.exchange.ledger.listing.by_asset[asset].coin}-USD-PERP.HYPERLIQUID"
        there = Decimal(usd_text(position.entry_ntl if position.szi else 0))
        here = Decimal(str(state[name]["cost"])) if name in state else ZERO
        if there != here:
            yield f"{name}: the position has cost {there} at the exchange, {here} here"


def _of_results(run: StrategyRun) -> Iterator[str]:
    """Of perpetuals; the venue does not tell what a sale of spot has brought as we count it."""
    since = run.since
    for perp in run.exchange.ledger.listing.perps:
        name = InstrumentId(f"{perp.coin}-USD-PERP.HYPERLIQUID")
        ours = run.desk.portfolio.breakdown(None, name)
        fills = [
            each
            for each in run.account.fills
            if each.order.instrument is perp and each.time * 1_000_000 > since
        ]
        paid = [
            each.usdc for each in run.account.fundings if each.perp is perp and each.time * 1_000_000 > since
        ]
        for what, here, there in (
            ("profit", ours.realized, sum(each.closed_pnl for each in fills)),
            ("fees", ours.fees, sum(each.fee for each in fills)),
            ("funding", ours.funding, sum(paid)),
        ):
            amount = Decimal(usd_text(there))
            if here != amount:
                yield f"{name}: its {what} came to {amount} at the exchange, to {here} here"
