"""A position is the sum of its fills and of what was adopted, in each process and from one to the next."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from types import SimpleNamespace

import pytest

from livetrio.exchange.chain.listing import default_listing
from livetrio.model import Fill, Liquidity, OrderSide
from livetrio.simulation.fill_sums import Adoptions, FillSums

BTC = "BTC-USD-PERP.HYPERLIQUID"
PURR = "PURR-USDC-SPOT.HYPERLIQUID"
INSTRUMENT = default_listing().by_coin["BTC"]


def fill(number, quantity=1, *, side=OrderSide.BUY, instrument=BTC, fee=0, currency="USDC"):
    return Fill(
        fill_id=str(number),
        venue_order_id="7",
        client_order_id=None,
        instrument_id=instrument,
        side=side,
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency=currency,
        liquidity=Liquidity.TAKER,
        ts_event=1,
        ts_init=1,
    )


def exchange_fill(lots=1):
    sz = lots * 10**INSTRUMENT.sz_decimals
    order = SimpleNamespace(oid=7, instrument=INSTRUMENT)
    return SimpleNamespace(order=order, px=100 * 10**INSTRUMENT.px_decimals, sz=sz)


def make_account(*fills, most=100):
    return SimpleNamespace(fills=deque(fills, maxlen=most))


class Held:
    """Stands for a portfolio."""

    def __init__(self, **held):
        self.held = {BTC: Decimal(0)} | {name: Decimal(each) for name, each in held.items()}
        self.shared = None

    def quantity(self, name):
        return self.held.get(name, Decimal(0))

    def shares(self, name):
        return {None: self.held[name]} if self.shared is None else self.shared

    def state(self):
        return {each: {} for each in self.held}


def told(quantity, name=BTC):
    return SimpleNamespace(instrument_id=name, quantity=Decimal(quantity))


def test_a_position_is_the_sum_of_what_was_bought_and_sold():
    sums = FillSums(Held(), [fill(1, 5)], Adoptions())
    account = make_account(exchange_fill(5), exchange_fill(2))

    assert not [*sums.take_fill(fill(2, 2, side=OrderSide.SELL), account)]
    assert not [*sums.look_at(told(3))]
    [words] = sums.look_at(told(5))
    assert words == f"{BTC}: a position of 5 is told, the fills come to 3, and 0 was adopted"


def test_a_fill_counts_once_however_often_it_is_recorded():
    sums = FillSums(Held(), [], Adoptions())
    for _ in range(2):
        assert not [*sums.take_fill(fill(1), make_account(exchange_fill()))]

    assert not [*sums.look_at(told(1))]
    assert [*sums.look_at(told(2))]


@pytest.mark.parametrize("number, wrong", [(0, True), (1, True), (2, False), (3, False)])
def test_the_exchange_must_know_of_as_many_fills_as_are_recorded(number, wrong):
    sums = FillSums(Held(), [fill(1)], Adoptions())
    account = make_account(*[exchange_fill()] * number)

    assert bool([*sums.take_fill(fill(2), account)]) is wrong


def test_an_exchange_that_has_forgotten_fills_is_not_asked():
    sums = FillSums(Held(), [], Adoptions())

    assert not [*sums.take_fill(fill(1, 9), make_account(exchange_fill(), most=1))]


def test_what_was_adopted_belongs_to_the_position():
    sums = FillSums(Held(), [], Adoptions())
    sums.take_adoption(BTC, Decimal(-2))

    assert not [*sums.look_at(told(-2))]
    assert [*sums.look_at(told(0))]


def test_the_next_process_begins_with_its_fills_and_with_what_was_adopted_at_some_time():
    adoptions = Adoptions()
    FillSums(Held(), [], adoptions).take_adoption(BTC, Decimal(2))

    for quantity, wrong in ((1, False), (3, False), (2, True)):
        sums = FillSums(Held(**{BTC: quantity}), [fill(1)], adoptions)
        assert bool([*sums.begin()]) is wrong
        assert not [*sums.look_at(told(quantity))]


def test_all_that_is_held_is_looked_at_and_shared_out():
    held = Held(**{BTC: 1})
    sums = FillSums(held, [fill(1)], Adoptions())
    assert not [*sums.look()]

    held.shared = {"Busy": Decimal(2), None: Decimal(0)}
    assert [*sums.look()] == [f"{BTC}: 1 is held, and the shares in it are 2"]

    held.shared, held.held[BTC] = None, Decimal(4)
    [words] = sums.look()
    assert "a position of 4 is held, the fills come to 1" in words


def test_a_fee_in_what_was_bought_is_not_got():
    sums = FillSums(Held(), [fill(1, 5, instrument=PURR, fee=1, currency="PURR")], Adoptions())

    assert not [*sums.look_at(told(4, PURR))]
    assert [*sums.look_at(told(5, PURR))]
