"""When all is over, whatever journal, cache and exchange differ in is found (I3)."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import attrs
import pytest
import trio
from msgspec.structs import replace

from livetrio import Strategy
from livetrio.model import OrderSide
from livetrio.simulation.last_look import last_look
from livetrio.testing import run_strategy
from livetrio.testing.agreement import wait_quiet

BTC = "BTC-USD-PERP.HYPERLIQUID"


class Buyer(Strategy):
    """Buys at once, and lets two orders rest."""

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)

    def on_quote(self, quote):
        if not self.ctx.orders() and not self.ctx.position(BTC):
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"))
            for part in ("0.98", "0.97"):
                self.ctx.submit_order(
                    BTC, OrderSide.BUY, Decimal("0.01"), price=quote.bid_price * Decimal(part)
                )


def lose_fill(run):
    run.account.fills.pop()


def tell_fill_twice(run):
    run.account.fills.append(run.account.fills[-1])


def move_position(run):
    run.account.positions[0].szi += 1


def earn(run):
    run.account.cash += 10**6


def drop_order(run):
    run.account.orders.popitem()


def change_order(run):
    next(iter(run.account.orders.values())).sz -= 1


def place_again(run):
    order = next(iter(run.account.orders.values()))
    run.account.orders[1] = replace(order, oid=1)


def forget(run):
    known = run.engine.cache.get_open_orders()
    run.engine.cache.update_order(attrs.evolve(known[0], filled_quantity=Decimal("0.001")))


@pytest.mark.parametrize(
    "spoil, invariant, words",
    [
        (None, None, None),
        (lose_fill, "I3", "times more than the exchange"),
        (tell_fill_twice, "I3", "times more than the journal"),
        (move_position, "I3", "are held at the exchange"),
        (earn, "I3", "the balance is"),
        (drop_order, "I3", "does not rest at the exchange"),
        (change_order, "I3", "are left at the exchange"),
        (place_again, "I2", "was placed 2 times"),
        (forget, "I3", "the journal has"),
    ],
)
async def test_what_differs_is_found(spoil, invariant, words, autojump_clock):
    found = await look(spoil)

    assert bool(found) is (spoil is not None)
    assert spoil is None or any(
        each.invariant.startswith(f"{invariant} ") and words in each.sentence for each in found
    )


async def look(spoil):
    async with run_strategy(Buyer()) as run:
        await trio.sleep(10)
        await wait_quiet(run)
        assert len(run.account.orders) == 2
        assert run.account.fills
        if spoil is not None:
            spoil(run)
        process = SimpleNamespace(engine=run.engine, journal=run.journal, left=())
        return [*last_look(process, run.exchange, run.site, run.since)]


ETH = "ETH-USD-PERP.HYPERLIQUID"


def left_one(run, instrument_id=BTC):
    """One of its orders, which has gone from the exchange meanwhile, is named as left."""
    oid = str(run.account.orders.popitem()[0])
    return SimpleNamespace(client_order_id="none", venue_order_id=oid, instrument_id=instrument_id)


@pytest.mark.parametrize("spoil", [lambda _: None, move_position, earn])
async def test_an_order_that_is_named_as_left_explains_what_differs_in_its_instrument(spoil, autojump_clock):
    async with run_strategy(Buyer()) as run:
        await trio.sleep(10)
        await wait_quiet(run)
        spoil(run)
        process = SimpleNamespace(engine=run.engine, journal=run.journal, left=[left_one(run)])
        assert not [*last_look(process, run.exchange, run.site, run.since)]


@pytest.mark.parametrize("spoil", [drop_order, lose_fill, move_position])
async def test_it_explains_nothing_of_other_orders_and_instruments(spoil, autojump_clock):
    async with run_strategy(Buyer()) as run:
        await trio.sleep(10)
        await wait_quiet(run)
        process = SimpleNamespace(engine=run.engine, journal=run.journal, left=[left_one(run, ETH)])
        spoil(run)
        assert [*last_look(process, run.exchange, run.site, run.since)]
