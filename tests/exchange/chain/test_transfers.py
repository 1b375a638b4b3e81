"""Money that comes, goes and moves: all of it is somewhere afterwards, and nobody sends what is needed."""

import attrs
import pytest
from chain_world import USD, World, address
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.chain.events import AccountChanged, LedgerUpdate
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import USDC, Listing
from livetrio.exchange.chain.margin import free_margin, withdrawable
from livetrio.exchange.chain.money import usdc_value
from livetrio.exchange.chain.order import Tif
from livetrio.exchange.chain.sub_accounts import (
    create_sub_account,
    sub_account_spot_transfer,
    sub_account_transfer,
)
from livetrio.exchange.chain.transfers import (
    deposit,
    deposit_spot,
    noop,
    reserve_request_weight,
    send_asset,
    set_referrer,
    spot_send,
    usd_class_transfer,
    usd_send,
    withdraw,
)
from livetrio.exchange.chain.units import wire_units

USDC_TEXT = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR_TEXT = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
NEW = address(0xABC)
TOO_MUCH = "Insufficient balance for withdrawal."


@pytest.fixture
def world():
    return World(usd=1_000)


def deltas(world):
    """Who was told what, since the last look."""
    return [(each.account, each.delta) for each in world.take_events() if isinstance(each, LedgerUpdate)]


# In and out.


def test_a_deposit_makes_an_account(world):
    account = world.ledger.account(NEW)
    deposit(world.ledger, account, 50 * USD)

    assert account.exists
    assert account.cash == 50 * USD
    assert [each.delta for each in account.ledger] == [{"type": "deposit", "usdc": "50.0"}]
    assert deltas(world) == [(account, {"type": "deposit", "usdc": "50.0"})]


def test_a_token_that_is_deposited_counts_as_bought_at_the_mark(world):
    account, purr = world.ledger.account(NEW), world.purr.base
    deposit_spot(world.ledger, account, purr, 10 * 10**5)
    deposit_spot(world.ledger, account, USDC, 10**8)

    assert account.exists
    assert account.balances == {1: 1_000_000, 0: 10**8}
    assert account.entry_ntls == {1: 181_250_000}  # 10 × 0.18125
    assert deltas(world)[0] == (account, {"type": "spotGenesis", "token": "PURR", "amount": "10.0"})


def test_of_what_is_withdrawn_one_usd_is_the_fee(world):
    account, total = world.accounts[0], world.ledger.total_cash()

    assert withdraw(world.ledger, account, NEW, "5", 77) is None
    assert account.cash == 995 * USD
    assert world.ledger.total_cash() == total - 4 * USD
    assert world.ledger.treasury.cash == USD
    assert deltas(world) == [(account, {"type": "withdraw", "usdc": "4.0", "nonce": 77, "fee": "1.0"})]


@pytest.mark.parametrize("amount", ["1", "1.0", "0", "x", "2.0000001"])
def test_no_less_than_the_fee_can_be_withdrawn(world, amount):
    refused = withdraw(world.ledger, world.accounts[0], NEW, amount, 0)

    assert refused == f"Invalid withdrawal of {amount} to {NEW}"


def test_all_can_be_withdrawn_and_not_more(world):
    assert withdraw(world.ledger, world.accounts[0], NEW, "1000.000001", 0) == TOO_MUCH
    assert withdraw(world.ledger, world.accounts[0], NEW, "1000", 0) is None


# To others.


def test_perpetual_money_goes_to_another_account_and_both_hear_of_it(world):
    giver, taker = world.accounts[:2]
    told = {
        "type": "internalTransfer",
        "usdc": "12.5",
        "user": giver.address,
        "destination": taker.address,
        "fee": "0.0",
    }

    assert usd_send(world.ledger, giver, taker.address.upper().replace("0X", "0x"), "12.5") is None
    assert (giver.cash, taker.cash) == (987_500_000, 1_012_500_000)
    assert deltas(world) == [(giver, told), (taker, told)]


def test_whoever_sends_to_a_new_address_pays_one_usd_for_it_once(world):
    giver = world.accounts[0]

    assert usd_send(world.ledger, giver, NEW, "999.000001") == TOO_MUCH
    assert world.ledger.find(NEW) is None
    assert usd_send(world.ledger, giver, NEW, "10") is None
    assert usd_send(world.ledger, giver, NEW, "10") is None
    assert giver.cash == 979 * USD
    assert world.ledger.find(NEW).exists
    assert [delta["fee"] for _, delta in deltas(world)] == ["1.0", "1.0", "0.0", "0.0"]


@pytest.mark.parametrize("amount", ["0", "0.0", "-1", "1e3", "1.", "01.0", ".5", "", "0.0000001"])
def test_what_is_no_amount_is_refused_everywhere(world, amount):
    account, other = world.accounts[:2]
    refused = f"Invalid amount: {amount}"

    assert usd_send(world.ledger, account, other.address, amount) == refused
    assert usd_class_transfer(world.ledger, account, amount, to_perp=True) == refused
    assert spot_send(world.ledger, account, other.address, PURR_TEXT, amount) == refused
    assert send_asset(world.ledger, account, other.address, "", "spot", USDC_TEXT, amount) in (
        refused,
        "Invalid amount: 0.0000001",
    )


@pytest.mark.parametrize("amount", ["5", "5.0", "5.000000000"])
def test_zeros_behind_an_amount_say_nothing(world, amount):
    account, other = world.accounts[:2]
    before = other.cash

    assert usd_send(world.ledger, account, other.address, amount) is None
    assert other.cash == before + 5 * USD


def test_nobody_sends_anything_to_itself(world):
    account = world.accounts[0]
    own = account.address

    assert usd_send(world.ledger, account, own, "1") == "Cannot self-transfer."
    assert spot_send(world.ledger, account, own, USDC_TEXT, "1") == "Cannot self-transfer."
    assert send_asset(world.ledger, account, own, "spot", "spot", USDC_TEXT, "1") == "Cannot self-transfer."


def test_a_token_goes_to_another_account_with_its_share_of_the_entry_cost(world):
    giver, taker = world.accounts[:2]
    giver.entry_ntls[1] = 1_000 * 10**8
    told = {
        "type": "spotTransfer",
        "token": "PURR",
        "amount": "250.0",
        "usdcValue": "45.3125",
        "user": giver.address,
        "destination": taker.address,
        "fee": "0.0",
    }

    assert spot_send(world.ledger, giver, taker.address, PURR_TEXT, "250") is None
    assert (giver.balances[1], taker.balances[1]) == (750 * 10**5, 1_250 * 10**5)
    assert giver.entry_ntls[1] == 750 * 10**8
    assert taker.entry_ntls[1] == 4_531_250_000
    assert deltas(world) == [(giver, told), (taker, told)]


def test_what_orders_hold_is_not_sent(world):
    account, other = world.accounts[:2]
    world.place(account, "sell", 1, 900, instrument=world.purr)
    refused = "Insufficient balance for token transfer"

    assert spot_send(world.ledger, account, other.address, PURR_TEXT, "100.00001") == refused
    assert spot_send(world.ledger, account, other.address, PURR_TEXT, "100") is None


def test_a_token_for_a_new_address_costs_one_usdc_of_spot(world):
    account = world.accounts[0]
    account.balances[0] = 10**8 - 1
    refused = "Insufficient USDC balance for token transfer gas"

    assert spot_send(world.ledger, account, NEW, PURR_TEXT, "1") == refused
    assert spot_send(world.ledger, account, NEW, USDC_TEXT, "0.99999999") == refused
    assert account.balances[1] == 1_000 * 10**5
    account.balances[0] += 1
    assert spot_send(world.ledger, account, NEW, PURR_TEXT, "1") is None
    assert account.balances[0] == 0
    assert world.ledger.treasury.balances[0] == 10**8


@pytest.mark.parametrize("token", ["PURR", "PURR:0x00", "NOPE:0xc1fb593aeffbeb02f85e0308e9956a90", ""])
def test_a_token_has_its_name_and_its_number(world, token):
    account, other = world.accounts[:2]
    sub, _ = create_sub_account(world.ledger, account, "one")
    refused = f"Unknown token: {token}"

    assert spot_send(world.ledger, account, other.address, token, "1") == refused
    assert send_asset(world.ledger, account, other.address, "spot", "spot", token, "1") == refused
    assert sub_account_spot_transfer(world.ledger, account, sub, token, "1", is_deposit=True) == refused


def test_an_asset_goes_from_the_perpetual_money_of_one_to_the_spot_money_of_another(world):
    giver, taker = world.accounts[:2]
    told = {
        "type": "send",
        "token": "USDC",
        "amount": "33.053999",
        "usdcValue": "33.053999",
        "user": giver.address,
        "destination": taker.address,
        "fee": "0.0",
        "sourceDex": "",
        "destinationDex": "spot",
        "nativeTokenFee": "0.0",
        "nonce": 5,
        "feeToken": "USDC",
    }
    args = (taker.address, "", "spot", USDC_TEXT, "33.053999", "", 5)

    assert send_asset(world.ledger, giver, *args) is None
    assert giver.cash == 1_000 * USD - 33_053_999
    assert taker.balances[0] == 1_000 * 10**8 + 3_305_399_900
    assert deltas(world) == [(giver, told), (taker, told)]


def test_an_asset_may_change_its_place_within_an_account(world):
    account = world.accounts[0]

    assert send_asset(world.ledger, account, account.address, "spot", "", USDC_TEXT, "400") is None
    assert account.cash == 1_400 * USD
    assert account.balances[0] == 600 * 10**8
    assert len(deltas(world)) == 1


def test_an_asset_may_come_from_a_sub_account_of_ones_own(world):
    account, other = world.accounts[:2]
    sub, _ = create_sub_account(world.ledger, account, "one")
    sub_account_transfer(world.ledger, account, sub, 100 * USD, is_deposit=True)
    args = (account.address, "", "", USDC_TEXT, "60", sub)

    assert send_asset(world.ledger, account, *args) is None
    assert world.ledger.find(sub).cash == 40 * USD
    assert send_asset(world.ledger, other, *args) == (
        f"Invalid sub-account transfer from {sub} to {account.address}"
    )


def test_an_asset_for_a_new_address_costs_one_usd(world):
    account = world.accounts[0]

    assert send_asset(world.ledger, account, NEW, "", "", USDC_TEXT, "999.1") == TOO_MUCH
    assert send_asset(world.ledger, account, NEW, "", "", USDC_TEXT, "999") is None
    assert account.cash == 0


def test_only_usdc_goes_to_and_from_the_perpetual_money(world):
    account, other = world.accounts[:2]

    def send(source, destination, token, amount="1"):
        return send_asset(world.ledger, account, other.address, source, destination, token, amount)

    assert send("", "spot", PURR_TEXT) == (
        "Only the collateral token can be transferred to or from a perp DEX."
    )
    assert send("xyz", "spot", USDC_TEXT) == "Unknown perp dex: xyz"
    assert send("spot", "", USDC_TEXT, "0.00000001") == "Invalid amount: 0.00000001"
    assert send("spot", "spot", PURR_TEXT) is None


# Within an account.


def test_usdc_goes_from_spot_to_perpetual_money_and_back(world):
    account = world.accounts[0]

    assert usd_class_transfer(world.ledger, account, "250.5", to_perp=True) is None
    assert (account.cash, account.balances[0]) == (1_250_500_000, 74_950_000_000)
    assert usd_class_transfer(world.ledger, account, "1250.5", to_perp=False) is None
    assert (account.cash, account.balances[0]) == (0, 200_000_000_000)
    assert [delta for _, delta in deltas(world)] == [
        {"type": "accountClassTransfer", "usdc": "250.5", "toPerp": True},
        {"type": "accountClassTransfer", "usdc": "1250.5", "toPerp": False},
    ]


def test_no_more_than_there_is_goes_either_way(world):
    account = world.accounts[0]
    world.place(account, "buy", 1, 100, instrument=world.purr)  # holds 100 USDC
    refused = "Insufficient balance for token transfer"

    assert usd_class_transfer(world.ledger, account, "900.000001", to_perp=True) == refused
    assert usd_class_transfer(world.ledger, account, "1000.000001", to_perp=False) == TOO_MUCH
    assert usd_class_transfer(world.ledger, account, "900", to_perp=True) is None


def test_the_usdc_of_a_sub_account_moves_by_the_end_of_the_amount(world):
    account, other = world.accounts[:2]
    sub, _ = create_sub_account(world.ledger, account, "one")
    sub_account_transfer(world.ledger, account, sub, 100 * USD, is_deposit=True)

    assert usd_class_transfer(world.ledger, account, f"30 subaccount:{sub}", to_perp=False) is None
    assert world.ledger.find(sub).balances == {0: 30 * 10**8}
    assert usd_class_transfer(world.ledger, other, f"30 subaccount:{sub}", to_perp=False) == (
        f"Invalid sub-account transfer from {other.address} to {sub}"
    )


def test_actions_are_bought_with_perpetual_money(world):
    account, other = world.accounts[:2]

    assert reserve_request_weight(world.ledger, account, 1_000) is None
    assert (account.requests_bought, account.cash) == (1_000, 999_500_000)
    assert reserve_request_weight(world.ledger, account, 10, other.address) is None
    assert other.requests_bought == 10
    assert world.ledger.treasury.cash == 505_000
    assert [(type(each), each.account) for each in world.ledger.events] == [
        (AccountChanged, account),
        (AccountChanged, other),
    ]


def test_actions_that_cannot_be_paid_are_not_bought(world):
    assert reserve_request_weight(world.ledger, world.accounts[0], 2_000_001) == TOO_MUCH
    assert reserve_request_weight(world.ledger, world.accounts[0], 1, NEW) == f"Unknown destination: {NEW}"


def test_the_rest_changes_nothing(world):
    assert set_referrer(world.ledger, world.accounts[0], "FRIEND") == "Referral code not registered"
    assert noop(world.ledger, world.accounts[0]) is None
    assert world.ledger.events == []


def test_the_house_is_not_told(world):
    house = world.accounts[0]
    house.is_house = True
    usd_send(world.ledger, house, world.accounts[1].address, "1")

    assert [who for who, _ in deltas(world)] == [world.accounts[1]]
    assert not house.ledger


# Laws.

MOVES = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(0, 3), st.integers(1, 2_000 * USD)),
    max_size=30,
)


@given(moves=MOVES, szi=st.integers(-200, 200))
def test_no_transfer_loses_or_makes_anything_or_leaves_less_than_is_needed(moves, szi):
    world = World(usd=1_000)
    ledger = world.ledger
    first = world.accounts[0]
    world.place(world.accounts[1], "sell" if szi > 0 else "buy", 91_374, wire_units(abs(szi) or 1, 5))
    if szi:
        world.place(first, "buy" if szi > 0 else "sell", 91_374, wire_units(abs(szi), 5), Tif.IOC)
    sub, _ = create_sub_account(ledger, first, "one")
    everybody = [each.address for each in world.accounts] + [NEW]
    cash, usdc, purr = ledger.total_cash(), ledger.total_balance(0), ledger.total_balance(1)
    out = into_perps = 0
    for kind, giver, taker, usd in moves:
        account, to, text = world.accounts[giver], everybody[taker], wire_units(usd, 6)
        if kind == 0:
            usd_send(ledger, account, to, text)
        elif kind == 1:
            spot_send(ledger, account, to, PURR_TEXT, wire_units(usd, 5))
        elif kind == 2:
            into_perps += usd if usd_class_transfer(ledger, account, text, to_perp=True) is None else 0
        elif kind == 3:
            into_perps -= usd if usd_class_transfer(ledger, account, text, to_perp=False) is None else 0
        elif kind == 4:
            out += usd - USD if withdraw(ledger, account, to, text, 0) is None else 0
        elif kind == 5:
            sub_account_transfer(ledger, first, sub, usd, is_deposit=taker < 2)
        elif kind == 6:
            sub_account_spot_transfer(ledger, first, sub, PURR_TEXT, wire_units(usd, 5), is_deposit=taker < 2)
        elif send_asset(ledger, account, to, "", "spot", USDC_TEXT, text) is None:
            into_perps -= usd

        assert all(free_margin(ledger, each) >= 0 for each in ledger.accounts.values())
        assert all(withdrawable(ledger, each) >= 0 for each in ledger.accounts.values())
        assert all(amount >= 0 for each in ledger.accounts.values() for amount in each.balances.values())
    assert ledger.total_cash() == cash - out + into_perps
    assert ledger.total_balance(0) == usdc - 100 * into_perps
    assert ledger.total_balance(1) == purr


def test_a_token_that_nobody_trades_is_worth_nothing(world):
    listing = Listing([], [], [USDC, attrs.evolve(world.purr.base, name="LONE")])

    assert usdc_value(Ledger(listing), listing.tokens[1], 10**9) == 0
    assert usdc_value(Ledger(listing), listing.usdc, 10**9) == 10**9
