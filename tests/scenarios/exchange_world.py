"""An exchange that engines come to and leave, and what happens there without them."""

from __future__ import annotations

from contextlib import asynccontextmanager

import trio

from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.testing import run_strategy


@asynccontextmanager
async def open_exchange(**settings):
    """An exchange that outlives the engines that come to it; how to run one of them there."""
    clock = Clock.simulated()
    local = LocalExchange(ExchangeSettings(**settings), clock=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(local.run)

        def run(*strategies, **more):
            return run_strategy(*strategies, local=local, clock=clock, **more)

        yield run
        nursery.cancel_scope.cancel()


def change_position(run, lots):
    """Let the account hold more, or less, without any trade."""
    asset = run.exchange.ledger.listing.by_coin["BTC"].asset
    position = run.account.position(asset)
    mark = run.exchange.ledger.marks[asset]
    position.szi += lots
    position.entry_ntl = abs(position.szi) * mark
    run.exchange.ledger.holders[asset][run.account.address] = run.account
