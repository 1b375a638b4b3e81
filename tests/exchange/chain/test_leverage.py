"""Leverage and isolated margin, and the venue's words where they may not be changed."""

import pytest
from chain_world import USD, World

from livetrio.exchange.chain import leverage as module
from livetrio.exchange.chain.account import Leverage
from livetrio.exchange.chain.events import AccountChanged
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.leverage import (
    top_up_isolated_only_margin,
    update_isolated_margin,
    update_leverage,
)
from livetrio.exchange.chain.listing import USDC, Listing, perp
from livetrio.exchange.chain.margin import free_margin, isolated_value, withdrawable
from livetrio.exchange.chain.order import Tif


@pytest.fixture
def world():
    world = World()
    world.place(world.accounts[2], "sell", 91_374, 5)  # somebody to buy from
    world.take_events()
    return world


def buy(world, account, sz):
    world.place(account, "buy", 91_374, sz, Tif.IOC)
    world.take_events()


def isolate(world, account, leverage):
    assert update_leverage(world.ledger, account, 0, leverage, is_cross=False) is None
    world.take_events()


# Leverage.


def test_a_leverage_is_set_for_one_perpetual_and_the_owner_hears_of_it(world):
    account = world.accounts[0]

    assert update_leverage(world.ledger, account, 0, 7, is_cross=True) is None
    assert world.ledger.leverage(account, world.btc.asset) == Leverage(7)
    assert world.ledger.leverage(account, world.eth.asset) == Leverage(20)
    assert [(type(each), each.account) for each in world.ledger.events] == [(AccountChanged, account)]


@pytest.mark.parametrize("leverage", [0, 41])
def test_a_leverage_that_the_perpetual_does_not_have_is_refused(world, leverage):
    account = world.accounts[0]

    assert update_leverage(world.ledger, account, 0, leverage, is_cross=True) == "Invalid leverage value"
    assert account.leverages == {}
    assert world.ledger.events == []


@pytest.mark.parametrize("asset", [99, 10_000])
def test_only_perpetuals_have_a_leverage(world, asset):
    account = world.accounts[0]

    assert update_leverage(world.ledger, account, asset, 5, is_cross=True) == "Invalid asset"
    assert update_isolated_margin(world.ledger, account, asset, USD) == "Invalid asset"
    assert top_up_isolated_only_margin(world.ledger, account, asset, "5") == "Invalid asset"


def test_the_kind_of_margin_cannot_change_with_an_open_position(world):
    account = world.accounts[0]
    buy(world, account, 1)
    refused = update_leverage(world.ledger, account, 0, 10, is_cross=False)

    assert refused == "Cannot switch leverage type with open position."
    assert world.ledger.leverage(account, world.btc.asset) == Leverage(20)


def test_the_kind_of_margin_may_change_with_orders_in_the_book(world):
    account = world.accounts[0]
    world.place(account, "buy", 90_000, 1)

    assert update_leverage(world.ledger, account, 0, 10, is_cross=False) is None


def test_the_leverage_of_a_cross_position_may_always_be_higher(world):
    account = world.open_account(9, 5_000)
    buy(world, account, 1)
    world.ledger.marks[0] -= 10_000

    assert free_margin(world.ledger, account) < 0
    assert update_leverage(world.ledger, account, 0, 40, is_cross=True) is None


def test_a_lower_leverage_of_a_cross_position_must_be_covered(world):
    account = world.open_account(9, 10_000)
    buy(world, account, 1)

    assert update_leverage(world.ledger, account, 0, 10, is_cross=True) is None
    assert update_leverage(world.ledger, account, 0, 9, is_cross=True) == module.CROSS_TOO_LOW
    assert world.ledger.leverage(account, world.btc.asset) == Leverage(10)


def test_a_lower_leverage_must_cover_the_resting_orders_too(world):
    account = world.open_account(9, 10_000)
    world.place(account, "buy", 90_000, 1)

    assert update_leverage(world.ledger, account, 0, 8, is_cross=True) == module.CROSS_TOO_LOW
    assert update_leverage(world.ledger, account, 0, 9, is_cross=True) is None


def test_a_refused_first_setting_leaves_the_default(world):
    account = world.open_account(9, 5_000)
    world.place(account, "buy", 90_000, 1)

    assert update_leverage(world.ledger, account, 0, 2, is_cross=True) == module.CROSS_TOO_LOW
    assert account.leverages == {}


def test_where_there_is_nothing_a_lower_leverage_needs_nothing(world):
    account = world.open_account(9, 5_000)
    buy(world, account, 1)
    world.ledger.marks[0] -= 10_000

    assert update_leverage(world.ledger, account, 1, 1, is_cross=True) is None


def test_a_lower_leverage_of_an_isolated_position_needs_its_own_margin(world):
    account = world.accounts[0]
    isolate(world, account, 10)
    buy(world, account, 1)
    refused = update_leverage(world.ledger, account, 0, 5, is_cross=False)

    assert refused == module.ISOLATED_TOO_LOW
    assert update_isolated_margin(world.ledger, account, 0, 9_138 * USD) is None
    assert update_leverage(world.ledger, account, 0, 5, is_cross=False) is None


def test_an_isolated_position_with_orders_needs_margin_for_both(world):
    account = world.open_account(9, 30_000)
    isolate(world, account, 10)
    buy(world, account, 1)
    update_isolated_margin(world.ledger, account, 0, 10_000 * USD)
    world.place(account, "buy", 90_000, 1)

    assert update_leverage(world.ledger, account, 0, 5, is_cross=False) == module.ISOLATED_TOO_LOW


# Isolated margin.


def test_money_moves_into_an_isolated_position_and_out_of_it(world):
    account = world.accounts[0]
    isolate(world, account, 20)
    buy(world, account, 1)
    position, cash, total = account.positions[0], account.cash, world.ledger.total_cash()

    assert update_isolated_margin(world.ledger, account, 0, 10_000 * USD) is None
    assert account.cash == cash - 10_000 * USD
    assert isolated_value(world.ledger, 0, position) == 10_000 * USD + 91_374 * USD // 20
    assert update_isolated_margin(world.ledger, account, 0, -5_000 * USD) is None
    assert account.cash == cash - 5_000 * USD
    assert world.ledger.total_cash() == total
    assert [type(each) for each in world.ledger.events] == [AccountChanged] * 2


def test_an_isolated_position_keeps_its_initial_margin_and_a_tenth_of_its_value(world):
    account = world.accounts[0]
    isolate(world, account, 20)
    buy(world, account, 1)
    update_isolated_margin(world.ledger, account, 0, 10_000 * USD)
    spare = isolated_value(world.ledger, 0, account.positions[0]) - 91_374 * USD // 10

    assert update_isolated_margin(world.ledger, account, 0, -spare - 1) == module.TOO_MUCH_OUT
    assert update_isolated_margin(world.ledger, account, 0, -spare) is None


def test_no_more_moves_into_a_position_than_the_account_could_transfer(world):
    account = world.accounts[0]
    isolate(world, account, 20)
    buy(world, account, 1)
    most = withdrawable(world.ledger, account)

    assert update_isolated_margin(world.ledger, account, 0, most + 1) == module.TOO_MUCH_IN
    assert update_isolated_margin(world.ledger, account, 0, most) is None
    assert account.cash == 0


def test_isolated_margin_is_refused_where_there_is_none(world):
    account = world.accounts[0]

    assert update_isolated_margin(world.ledger, account, 0, 0) == module.NO_CHANGE
    assert update_isolated_margin(world.ledger, account, 0, USD) == module.NO_POSITION
    buy(world, account, 1)
    assert update_isolated_margin(world.ledger, account, 0, USD) == "Position does not use isolated margin."


# Perpetuals without cross margin.


@pytest.fixture
def strict():
    ledger = Ledger(Listing([perp(0, "NEW", 2, 5, "10", only_isolated=True)], [], [USDC]))
    account = ledger.account("0x01")
    account.cash = 1_000 * USD
    position = account.position(0)
    position.szi, position.is_cross, position.cash = 1_000, False, -80 * USD  # 100 USD long, 20 of margin
    account.leverages[0] = Leverage(5, is_cross=False)
    return ledger, account


def test_cross_margin_is_refused_where_the_perpetual_does_not_allow_it(strict):
    ledger, account = strict

    assert update_leverage(ledger, account, 0, 5, is_cross=True) == module.NO_CROSS


def test_margin_that_is_in_such_a_position_stays_there(strict):
    ledger, account = strict
    update_isolated_margin(ledger, account, 0, 50 * USD)

    assert update_isolated_margin(ledger, account, 0, -USD) == module.STAYS_IN


def test_such_a_position_is_topped_up_to_a_leverage(strict):
    ledger, account = strict

    assert top_up_isolated_only_margin(ledger, account, 0, "2.5") is None
    assert isolated_value(ledger, 0, account.positions[0]) == 40 * USD
    assert top_up_isolated_only_margin(ledger, account, 0, "4") is None
    assert isolated_value(ledger, 0, account.positions[0]) == 40 * USD


@pytest.mark.parametrize("leverage", ["0", "2.50", "x", "0.0000001"])
def test_a_leverage_that_is_no_number_is_refused(strict, leverage):
    ledger, account = strict

    assert top_up_isolated_only_margin(ledger, account, 0, leverage) == module.INVALID_LEVERAGE


def test_there_must_be_a_position_to_top_up_and_money_for_it(strict, world):
    ledger, account = strict
    cross = world.accounts[0]

    assert top_up_isolated_only_margin(world.ledger, cross, 0, "2") == "Asset not strict isolated"
    assert top_up_isolated_only_margin(ledger, ledger.account("0x02"), 0, "2") == module.NO_POSITION
    assert top_up_isolated_only_margin(ledger, account, 0, "0.01") == module.TOO_MUCH_IN
