"""What positions and orders need, what is left, and the price at which a position cannot be kept."""

import pytest
from attrs import astuple
from chain_world import USD, World
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from livetrio.exchange.chain import margin
from livetrio.exchange.chain.account import Leverage, Resting
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.order import Status, Tif
from livetrio.exchange.chain.placing import place

BTC = 913_740
"""The mark at first, in steps of 0.1."""


@pytest.fixture
def world():
    return World()


def hold(world, account, sz, px=BTC, instrument=None, leverage=None):
    """A position that was opened at a price, in lots; the money is what a trade would have left."""
    instrument = instrument or world.btc
    position = account.position(instrument.asset)
    if leverage is not None:
        account.leverages[instrument.asset] = leverage
        position.is_cross = leverage.is_cross
    position.szi = sz
    position.entry_ntl = abs(sz) * px
    if position.is_cross:
        account.cash -= sz * px
    else:
        need = -(-abs(sz) * px // world.ledger.leverage(account, instrument.asset).value)
        account.cash -= need
        position.cash = need - sz * px
    return position


# What positions are worth and need.


def test_an_empty_account_is_worth_its_cash_and_all_of_it_is_free(world):
    account = world.accounts[0]

    assert margin.account_value(world.ledger, account) == 1_000_000 * USD
    assert margin.cross_margin_used(world.ledger, account) == 0
    assert margin.maintenance_margin(world.ledger, account) == 0
    assert margin.order_margin(world.ledger, account) == 0
    assert margin.free_margin(world.ledger, account) == 1_000_000 * USD
    assert margin.withdrawable(world.ledger, account) == 1_000_000 * USD
    assert margin.initial_margin(world.ledger, account, 0) == 0
    assert margin.margin_used(world.ledger, account, 0) == 0
    assert margin.liquidation_px(world.ledger, account, 0) is None


def test_a_position_needs_its_value_by_the_leverage_and_is_kept_with_half_of_that_at_the_highest(world):
    account = world.accounts[0]
    position = hold(world, account, -100_000)  # one BTC short

    assert margin.position_value(world.ledger, 0, position) == -91_374 * USD
    assert margin.initial_margin(world.ledger, account, 0) == 91_374 * USD // 20
    assert margin.margin_used(world.ledger, account, 0) == 91_374 * USD // 20
    assert margin.cross_margin_used(world.ledger, account) == 91_374 * USD // 20
    assert margin.maintenance_margin(world.ledger, account) == 91_374 * USD // 80
    assert margin.account_value(world.ledger, account) == 1_000_000 * USD


def test_margins_are_rounded_up(world):
    account = world.accounts[0]
    position = hold(world, account, 1, leverage=Leverage(7))

    assert margin.initial_margin(world.ledger, account, 0) == -(-BTC // 7)
    assert margin.cross_margin_used(world.ledger, account) == -(-BTC // 7)
    assert margin.position_maintenance(world.ledger, 0, position) == -(-BTC // 80)


def test_a_perpetual_without_a_setting_has_twenty_times_or_what_it_allows(world):
    account = world.accounts[0]
    hype = world.ledger.listing.perps[3]

    assert world.ledger.leverage(account, 0) == Leverage(20, is_cross=True)
    assert world.ledger.leverage(account, hype.asset) == Leverage(10, is_cross=True)
    assert hype.max_leverage == 10


def test_an_isolated_position_stands_alone_with_its_own_cash(world):
    account = world.accounts[0]
    position = hold(world, account, 100_000, leverage=Leverage(10, is_cross=False))
    world.ledger.marks[0] = BTC + 10_000  # 1000 USD up

    own = 91_374 * USD // 10
    assert account.cash == 1_000_000 * USD - own
    assert margin.account_value(world.ledger, account) == account.cash
    assert margin.cross_margin_used(world.ledger, account) == 0
    assert margin.maintenance_margin(world.ledger, account) == 0
    assert margin.isolated_value(world.ledger, 0, position) == own + 1_000 * USD
    assert margin.margin_used(world.ledger, account, 0) == own + 1_000 * USD
    assert margin.withdrawable(world.ledger, account) == account.cash


def test_a_transfer_leaves_a_tenth_of_what_the_positions_are_worth(world):
    account = world.accounts[0]
    hold(world, account, 100_000)

    assert margin.free_margin(world.ledger, account) == 1_000_000 * USD - 91_374 * USD // 20
    assert margin.withdrawable(world.ledger, account) == 1_000_000 * USD - 91_374 * USD // 10


def test_nothing_may_be_transferred_where_losses_have_used_up_more_than_is_free(world):
    account = world.open_account(9, 5_000)
    hold(world, account, 100_000)
    world.ledger.marks[0] = BTC - 10_000

    assert margin.free_margin(world.ledger, account) < 0
    assert margin.withdrawable(world.ledger, account) == 0
    assert margin.available_to_trade(world.ledger, account, 0, is_buy=True) == 0


# What orders reserve.


def test_resting_orders_reserve_what_the_side_that_needs_more_would_add(world):
    account = world.accounts[0]
    world.place(account, "buy", 90_000, 2)
    world.place(account, "sell", 95_000, 1)

    assert margin.order_margin(world.ledger, account) == 180_000 * USD // 20
    assert margin.free_margin(world.ledger, account) == (1_000_000 - 9_000) * USD


def test_reduce_only_orders_and_triggers_reserve_nothing(world):
    account = world.accounts[0]
    hold(world, account, 100_000)
    world.place(account, "sell", 95_000, 1, reduce_only=True)
    world.place(account, "buy", 99_000, 1, trigger=("sl", 98_000, False))

    assert margin.order_margin(world.ledger, account) == 0


def test_turning_a_cross_position_over_reserves_nothing_and_what_is_beyond_does(world):
    account = world.accounts[0]
    hold(world, account, 100_000)
    world.place(account, "sell", 95_000, 2)
    turning = margin.order_margin(world.ledger, account)
    world.place(account, "sell", 97_000, 2)

    assert turning == 0
    assert margin.order_margin(world.ledger, account) == 2 * 96_000 * USD // 20


def test_turning_an_isolated_position_over_needs_money_for_all_that_it_opens(world):
    account = world.accounts[0]
    hold(world, account, -100_000, leverage=Leverage(10, is_cross=False))
    world.place(account, "buy", 90_000, 3)

    assert margin.order_margin(world.ledger, account) == 2 * 90_000 * USD // 10


def test_an_order_in_the_way_of_the_position_reserves_all_of_it(world):
    account = world.accounts[0]
    hold(world, account, -100_000)
    world.place(account, "sell", 95_000, 1)
    world.place(account, "buy", 90_000, 1)

    assert margin.order_margin(world.ledger, account) == 95_000 * USD // 20


@given(
    orders=st.lists(st.tuples(st.booleans(), st.integers(1, 400), st.integers(1, 50), st.booleans())),
    szi=st.integers(-60, 60),
)
def test_the_sums_that_are_kept_say_what_a_walk_over_the_orders_says(orders, szi):
    world = World(accounts=1)
    account = world.accounts[0]
    hold(world, account, szi * 1000)
    for is_buy, distance, sz, stays in orders:
        px = BTC - distance * 100 if is_buy else BTC + distance * 100
        new = replace(world.new(world.btc, "buy", 1, 1), is_buy=is_buy, px=px, sz=sz * 1000)
        placed = place(world.ledger, account, new)
        if not stays:
            world.cancel(placed.order)

    sides = {True: [0, 0], False: [0, 0]}
    for order in account.orders.values():
        sides[order.is_buy][0] += order.sz
        sides[order.is_buy][1] += order.sz * order.px
    expected = 0
    for is_buy, (sz, ntl) in sides.items():
        against = abs(szi) * 2000 if szi * (1 if is_buy else -1) < 0 else 0
        if sz > against:
            part = -(-ntl * (sz - against) // sz)
            expected = max(expected, -(-part // 20))
    assert margin.order_margin(world.ledger, account) == expected


# Placing.


def test_an_order_may_need_all_that_is_free_and_not_a_lot_more(world):
    account = world.open_account(9, 9_000)
    fits = world.new(world.btc, "buy", 90_000, 2)

    assert margin.can_place(world.ledger, account, fits)
    assert not margin.can_place(world.ledger, account, replace(fits, sz=fits.sz + 1))


def test_an_order_of_the_lesser_side_adds_nothing(world):
    account = world.open_account(9, 9_000)
    world.place(account, "buy", 90_000, 2)

    assert margin.can_place(world.ledger, account, world.new(world.btc, "sell", 92_000, "1.9"))
    assert not margin.can_place(world.ledger, account, world.new(world.btc, "buy", 80_000, "0.001"))


def test_a_sell_far_below_the_mark_needs_as_much_as_at_the_mark(world):
    account = world.open_account(9, 5_000)

    assert margin.can_place(world.ledger, account, world.new(world.btc, "sell", 91_374, 1))
    assert not margin.can_place(world.ledger, account, world.new(world.btc, "sell", 50_000, "1.1"))


def test_whoever_uses_all_margin_may_turn_the_position_over_but_not_enlarge_it(world):
    account = world.open_account(9, 91_374 // 20 + 1)
    hold(world, account, 100_000)

    assert margin.can_place(world.ledger, account, world.new(world.btc, "sell", 91_374, 2))
    assert not margin.can_place(world.ledger, account, world.new(world.btc, "sell", 91_374, "2.1"))
    assert not margin.can_place(world.ledger, account, world.new(world.btc, "buy", 91_000, "0.1"))


def test_whoever_is_under_water_may_close_and_not_turn(world):
    account = world.open_account(9, 4_600)
    hold(world, account, 100_000)
    world.ledger.marks[0] = BTC - 2_000
    world.place(account, "sell", 95_000, "0.5")

    def may(side, px, sz, tif=Tif.GTC):
        return margin.can_place(world.ledger, account, world.new(world.btc, side, px, sz, tif))

    assert margin.free_margin(world.ledger, account) < 0
    assert may("sell", 95_000, "0.5")
    assert not may("sell", 95_000, "0.6")
    assert may("sell", 90_000, 1, Tif.IOC)
    assert not may("sell", 90_000, "1.1", Tif.IOC)


def test_an_isolated_order_needs_its_margin_in_the_free_cross_margin(world):
    account = world.open_account(9, 1_000)
    account.leverages[0] = Leverage(10, is_cross=False)

    assert margin.can_place(world.ledger, account, world.new(world.btc, "buy", 90_000, "0.1111"))
    assert not margin.can_place(world.ledger, account, world.new(world.btc, "buy", 90_000, "0.1112"))


def test_the_house_may_place_and_fill_whatever_it_wants(world):
    house = world.open_account(9, 0)
    house.is_house = True
    placed = world.place(house, "buy", 90_000, 50)

    assert placed.error is None
    assert margin.can_place(world.ledger, house, world.new(world.btc, "buy", 90_000, 1_000))
    assert margin.can_fill(world.ledger, placed.order, placed.order.sz)
    assert margin.order_margin(world.ledger, house) == 0


# Matching.


def test_a_resting_order_that_is_covered_no_more_is_canceled_when_it_is_matched(world):
    poor, rich = world.open_account(9, 5_000), world.accounts[0]
    hold(world, poor, 50_000, instrument=world.btc)
    resting = world.place(poor, "buy", 91_000, "0.5").order
    world.ledger.marks[0] = BTC - 10_000  # 500 USD are lost, and the fill would need them
    taken = world.place(rich, "sell", 91_000, "0.5", Tif.IOC)

    assert taken.error is not None
    assert resting.status is Status.MARGIN_CANCELED


def test_a_resting_order_is_filled_as_long_as_the_margin_is_there(world):
    account = world.open_account(9, 4_551)
    order = world.place(account, "buy", 91_000, 1).order

    assert margin.can_fill(world.ledger, order, order.sz)
    world.ledger.marks[0] = 909_990  # one USD is lost at once, and one was left
    assert margin.can_fill(world.ledger, order, order.sz)
    world.ledger.marks[0] = 909_970
    assert not margin.can_fill(world.ledger, order, order.sz)


def test_a_fill_that_only_reduces_is_good_whatever_the_margin_is(world):
    account = world.open_account(9, 5_000)
    hold(world, account, 100_000)
    order = world.place(account, "sell", 95_000, 2).order
    world.ledger.marks[0] = BTC + 100_000  # a short position at 95,000 would have lost 6374 USD at once

    assert margin.can_fill(world.ledger, order, 100_000)
    assert not margin.can_fill(world.ledger, order, 200_000)


def test_a_fill_that_opens_an_isolated_position_needs_its_margin_in_cash(world):
    account = world.open_account(9, 1_000)
    account.leverages[0] = Leverage(10, is_cross=False)
    order = world.place(account, "buy", 90_000, "0.1").order
    account.cash = 900 * USD

    assert margin.can_fill(world.ledger, order, order.sz)
    account.cash -= 1
    assert not margin.can_fill(world.ledger, order, order.sz)


def test_a_fill_that_turns_an_isolated_position_has_what_closing_it_sets_free(world):
    account = world.open_account(9, 910)
    position = hold(world, account, -10_000, px=910_000, leverage=Leverage(10, is_cross=False))
    world.ledger.marks[0] = 910_000
    order = world.place(account, "buy", 91_000, "0.1").order
    order.sz = 20_000

    assert position.cash == (910 + 9_100) * USD
    assert account.cash == 0
    assert margin.can_fill(world.ledger, order, 20_000)
    assert not margin.can_fill(world.ledger, order, 20_001)


# What could be traded.


def test_against_a_position_twice_its_margin_can_be_used(world):
    account = world.accounts[0]
    hold(world, account, 100_000)
    free = margin.free_margin(world.ledger, account)

    assert margin.available_to_trade(world.ledger, account, 0, is_buy=True) == free
    assert margin.available_to_trade(world.ledger, account, 0, is_buy=False) == free + 2 * 91_374 * USD // 20
    assert margin.available_to_trade(world.ledger, account, 1, is_buy=False) == free


@given(szi=st.integers(-100, 100), usd=st.integers(5_000, 50_000), is_buy=st.booleans())
def test_what_could_be_traded_at_the_mark_may_be_placed_and_not_much_more(szi, usd, is_buy):
    world = World(accounts=1)
    account = world.open_account(9, usd)
    hold(world, account, szi * 1_000)
    available = margin.available_to_trade(world.ledger, account, 0, is_buy=is_buy)
    most = available * 20 // BTC
    new = replace(world.new(world.btc, "buy", 91_374, 1), is_buy=is_buy)
    assume(most > 0)

    assert margin.can_place(world.ledger, account, replace(new, sz=most))
    assert not margin.can_place(world.ledger, account, replace(new, sz=most + 10))


# The liquidation price.


@given(
    size=st.integers(1, 10**7),
    is_long=st.booleans(),
    is_cross=st.booleans(),
    asset=st.integers(0, 3),
    cash=st.integers(-(10**12), 10**12),
    other=st.integers(-(10**6), 10**6),
)
def test_at_the_liquidation_price_a_position_is_kept_and_one_step_further_it_is_not(
    size, is_long, is_cross, asset, cash, other
):
    ledger = Ledger(default_listing())
    account = ledger.account("0x01")
    szi = size if is_long else -size
    position = account.position(asset)
    position.szi, position.is_cross = szi, is_cross
    own = cash - szi * ledger.marks[asset]
    if is_cross:
        account.cash = own
    else:
        position.cash = own
    aside = account.position((asset + 1) % 4)
    aside.szi = other
    account.cash -= other * ledger.marks[(asset + 1) % 4]

    def is_kept(px):
        ledger.marks[asset] = px
        if not is_cross:
            needed = margin.position_maintenance(ledger, asset, position)
            return margin.isolated_value(ledger, asset, position) >= needed
        return margin.account_value(ledger, account) >= margin.maintenance_margin(ledger, account)

    px = margin.liquidation_px(ledger, account, asset)
    if px is None:
        if is_long:
            assert is_kept(1)
        else:
            assert not is_kept(1)
        return
    assert is_kept(px)
    assert not is_kept(px - 1 if is_long else px + 1) or px == 1


def test_the_liquidation_price_is_that_of_the_venues_formula(world):
    account = world.open_account(9, 10_000)
    hold(world, account, 100_000)
    value = margin.account_value(world.ledger, account) / USD
    needed = margin.maintenance_margin(world.ledger, account) / USD
    expected = 91_374 - (value - needed) / 1 / (1 - 1 / 80)

    assert margin.liquidation_px(world.ledger, account, 0) / 10 == pytest.approx(expected, abs=0.1)


def test_the_house_is_never_liquidated(world):
    house = world.accounts[0]
    hold(world, house, 10**9)
    house.is_house = True

    assert margin.liquidation_px(world.ledger, house, 0) is None


def test_a_long_position_with_enough_cash_has_no_liquidation_price(world):
    account = world.accounts[0]
    hold(world, account, 1_000)

    assert margin.liquidation_px(world.ledger, account, 0) is None


def test_an_account_with_nothing_in_the_book_has_empty_sums(world):
    account = world.accounts[0]
    world.cancel(world.place(account, "buy", 90_000, 1).order)

    assert astuple(account.resting[0]) == astuple(Resting())
    assert margin.order_margin(world.ledger, account) == 0
