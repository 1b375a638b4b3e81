"""The world's own order tells whether an engine trades."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio

from livetrio.engines.risk_config import RiskConfig
from livetrio.exchange import ExchangeSettings
from livetrio.model import OrderStatus
from livetrio.simulation.probe import probe
from livetrio.strategy.base import Strategy
from livetrio.supervision.order_link import OrderLink
from livetrio.testing import run_strategy, within

BTC = "BTC-USD-PERP.HYPERLIQUID"


class Idle(Strategy):
    """Looks on."""

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)


@within(100)
async def test_an_engine_that_trades_is_found_to(autojump_clock):
    async with run_strategy(Idle(), exchange=ExchangeSettings(accounts=1)) as run:
        await trio.sleep(5)
        assert await probe(run.engine, 10) is None
        assert len({each.order.oid for each in run.account.history}) == 1
        assert not run.account.orders


@pytest.mark.parametrize("what", ["submit", "cancel"])
@within(100)
async def test_one_that_does_not_is_found_out(what, autojump_clock, monkeypatch):
    async with run_strategy(Idle(), exchange=ExchangeSettings(accounts=1)) as run:
        await trio.sleep(5)
        monkeypatch.setattr(OrderLink, what, lambda self, order: None)
        found = await probe(run.engine, 3)
        monkeypatch.undo()

    assert ("is pending after 3 s" if what == "submit" else "cannot be canceled") in found


@within(100)
async def test_limits_may_refuse_it(autojump_clock):
    risk = RiskConfig(max_order_notional=Decimal(1))
    async with run_strategy(Idle(), exchange=ExchangeSettings(accounts=1), risk=risk) as run:
        await trio.sleep(5)
        assert await probe(run.engine, 10) is None
        assert [each.status for each in run.engine.cache.take_snapshot(0).orders] == [OrderStatus.DENIED]
