"""Hours of trading through the whole engine: its figures are the exchange's own, to the last digit.

Both directions and through zero, perpetuals and a pair, makers' fees and takers', links that drop, funding at
each full hour.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
import trio
from trader_world import BTC, BUY, ETH, SELL, Trader, until

from livetrio.app.config import LiveTradingConfig
from livetrio.exchange import ExchangeSettings
from livetrio.exchange.api.account_view import clearinghouse_state, spot_state
from livetrio.exchange.api.events_view import fill_view
from livetrio.model import MarketContext
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import disagreements, wait_quiet

PURR = "PURR-USDC-SPOT.HYPERLIQUID"
SIZES = {BTC: "0.01", ETH: "0.3", PURR: "400"}
NAMES = {"BTC": BTC, "ETH": ETH, "PURR/USDC": PURR}
HOUR = 3600


@attrs.define(eq=False)
class Gambler(Trader):
    """Trades whatever the dice say."""

    dice: random.Random

    async def on_start(self) -> None:
        self.ctx.subscribe_quotes(PURR)
        await super().on_start()
        await until(lambda: self.ctx.cache.get_quote(PURR))

    async def act(self) -> None:
        """One order, which meets the market or lies in its way for half a minute."""
        instrument = self.dice.choice([BTC, BTC, ETH, PURR])
        size = Decimal(SIZES[instrument]) * self.dice.randint(1, 9)
        side = self.dice.choice([BUY, SELL])
        if instrument == PURR and side is SELL:
            size = min(size, self.ctx.position(PURR) // 1)
        if not size or not self.ctx.is_open(instrument):
            return
        quote = self.ctx.cache.get_quote(instrument)
        price = None
        if self.dice.random() < 0.4:
            price = quote.bid_price if side is BUY else quote.ask_price
        order = self.ctx.submit_order(instrument, side, size, price=price, post_only=price is not None)
        async with self.ctx.working(order):
            with trio.move_on_after(30):
                await self.ctx.wait_closed(order)


def figures_of_the_venue(run) -> dict[str, object]:
    ledger, account = run.exchange.ledger, run.account
    state, spot = clearinghouse_state(ledger, account), spot_state(ledger, account)
    fills = [fill_view(ledger, each) for each in account.fills]
    fees: Counter[str] = Counter()
    realized: Counter[str] = Counter()
    for each in fills:
        fees[each["feeToken"]] += Decimal(each["fee"])
        realized[NAMES[each["coin"]]] += Decimal(each["closedPnl"])
    positions = [each["position"] for each in state["assetPositions"]]
    return {
        "equity": Decimal(state["marginSummary"]["accountValue"]),
        "balances": {each["coin"]: Decimal(each["total"]) for each in spot["balances"]},
        "fees": {coin: fee for coin, fee in fees.items() if fee},
        "realized": {name: amount for name, amount in realized.items() if amount},
        "positions": {
            NAMES[each["coin"]]: (
                Decimal(each["szi"]),
                Fraction(each["entryPx"]),
                Decimal(each["unrealizedPnl"]),
                -Decimal(each["cumFunding"]["sinceOpen"]),
            )
            for each in positions
        },
    }


def our_figures(run) -> dict[str, object]:
    cache, portfolio, ledger = run.engine.cache, run.desk.portfolio, run.exchange.ledger
    now = ledger.time * 1_000_000
    for perp in ledger.listing.perps:
        name = NAMES.get(perp.coin)
        if name is not None:  # the price of this very moment: news of it may still be under way
            mark = Decimal(ledger.marks[perp.asset]).scaleb(-perp.px_decimals)
            cache.update_context(MarketContext(name, mark, None, None, None, None, None, None, now, now))
    portfolio.mark_positions(now)
    account = cache.get_account(run.desk.accounts[0].trading.account_id)
    places = {BTC: 1, ETH: 2}
    return {
        "equity": account.equity,
        "balances": {coin: each.total for coin, each in account.balances.items()},
        "fees": {coin: fee for coin, fee in portfolio.fees().items() if fee},
        "realized": {
            name: amount for name in NAMES.values() if (amount := portfolio.breakdown(None, name).realized)
        },
        "positions": {
            each.instrument_id: (
                each.quantity,
                round(Fraction(each.entry_price), places[each.instrument_id]),
                each.unrealized_pnl,
                each.funding,
            )
            for each in cache.get_all_positions()
            if each.instrument_id != PURR
        },
    }


@pytest.mark.parametrize("seed, regime", [(1, "calm"), (2, "crash")])
@within(4 * HOUR)
async def test_after_hours_of_trading_every_figure_is_the_exchanges(seed, regime, autojump_clock):
    dice = random.Random(seed)
    gambler = Gambler(dice=dice)
    settings = ExchangeSettings(seed=seed, regime=regime, block_interval=1.0, limits=False)
    config = LiveTradingConfig(tick_interval_ms=None, handle_signals=False)
    held = 0
    async with run_strategy(gambler, exchange=settings, config=config) as run:
        for _ in range(2):
            end = trio.current_time() + HOUR
            for _ in range(12):
                await gambler.act()
                await trio.sleep(dice.uniform(0, 20))
            if dice.random() < 0.5:
                run.site.reset()
            await trio.sleep_until(end)
            await wait_quiet(run)

            assert disagreements(run) == []
            assert our_figures(run) == figures_of_the_venue(run)
            held += len(run.engine.cache.get_all_positions())
        paid = run.desk.portfolio.breakdown(None, BTC).funding

    assert len(run.account.fills) > 15
    assert held >= 2
    assert paid != 0
