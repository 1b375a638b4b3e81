"""Accounts below one's own, and vaults."""

import pytest
from chain_world import USD, World, address

from livetrio.exchange.chain.account import Role
from livetrio.exchange.chain.events import AccountChanged, LedgerUpdate
from livetrio.exchange.chain.sub_accounts import (
    create_sub_account,
    find_sub_account,
    sub_account_spot_transfer,
    sub_account_transfer,
    vault_transfer,
)

PURR_TEXT = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"


@pytest.fixture
def world():
    return World(usd=1_000)


def deltas(world):
    return [(each.account, each.delta) for each in world.take_events() if isinstance(each, LedgerUpdate)]


def make(world, account, name="one"):
    made, fault = create_sub_account(world.ledger, account, name)
    assert fault is None
    return world.ledger.find(made)


def test_a_sub_account_is_an_account_below_its_master(world):
    account = world.accounts[0]
    sub = make(world, account)

    assert (sub.role, sub.master, sub.name, sub.exists) == (Role.SUB_ACCOUNT, account, "one", True)
    assert account.sub_accounts == [sub]
    assert find_sub_account(world.ledger, account, sub.address) is sub
    assert find_sub_account(world.ledger, world.accounts[1], sub.address) is None
    assert [type(each) for each in world.ledger.events] == [AccountChanged]


def test_the_address_is_the_same_whenever_the_same_master_makes_it(world):
    again = World(usd=5)
    first, second = make(world, world.accounts[0]), make(world, world.accounts[0], "two")

    assert make(again, again.accounts[0], "other").address == first.address
    assert make(again, again.accounts[1]).address not in (first.address, second.address)
    assert first.address != second.address
    assert len(first.address) == 42


def test_sub_accounts_have_names_of_their_own(world):
    make(world, world.accounts[0])

    assert create_sub_account(world.ledger, world.accounts[0], "one")[1] == "Invalid sub-account name: one"
    assert create_sub_account(world.ledger, world.accounts[0], " ")[1] == "Invalid sub-account name:  "


def test_a_sub_account_has_none_below_it(world):
    sub = make(world, world.accounts[0])

    assert create_sub_account(world.ledger, sub, "deeper") == ("", "Only users can create sub-accounts.")


def test_there_are_ten_sub_accounts_and_more_for_much_volume(world):
    account = world.accounts[0]
    for index in range(10):
        make(world, account, f"{index}")
    refused = create_sub_account(world.ledger, account, "10")
    account.volume = 100_000_000 * USD

    assert refused == ("", "Too many sub-accounts.")
    make(world, account, "10")
    assert create_sub_account(world.ledger, account, "11")[1] == "Too many sub-accounts."


def test_perpetual_money_goes_down_and_comes_back(world):
    account = world.accounts[0]
    sub = make(world, account)
    world.take_events()
    down = {
        "type": "subAccountTransfer",
        "usdc": "100.0",
        "user": account.address,
        "destination": sub.address,
    }

    assert sub_account_transfer(world.ledger, account, sub.address, 100 * USD, is_deposit=True) is None
    assert (account.cash, sub.cash) == (900 * USD, 100 * USD)
    assert deltas(world) == [(account, down), (sub, down)]
    assert sub_account_transfer(world.ledger, account, sub.address, 30 * USD, is_deposit=False) is None
    assert (account.cash, sub.cash) == (930 * USD, 70 * USD)
    assert deltas(world)[0][1]["user"] == sub.address


def test_a_token_goes_down_and_comes_back(world):
    account = world.accounts[0]
    sub = make(world, account)
    send = (world.ledger, account, sub.address, PURR_TEXT)

    assert sub_account_spot_transfer(*send, "10", is_deposit=True) is None
    assert sub_account_spot_transfer(*send, "4", is_deposit=False) is None
    assert sub.balances == {1: 6 * 10**5}
    assert account.balances[1] == 994 * 10**5
    assert [delta["type"] for _, delta in deltas(world)] == ["spotTransfer"] * 4


@pytest.mark.parametrize("is_deposit", [True, False])
def test_only_a_sub_account_of_ones_own_is_good(world, is_deposit):
    account, other = world.accounts[:2]
    sub = make(world, other)
    ends = (account.address, sub.address) if is_deposit else (sub.address, account.address)
    refused = "Invalid sub-account transfer from {} to {}".format(*ends)

    assert sub_account_transfer(world.ledger, account, sub.address, USD, is_deposit=is_deposit) == refused
    assert refused == sub_account_spot_transfer(
        world.ledger, account, sub.address, PURR_TEXT, "1", is_deposit=is_deposit
    )


def test_what_is_not_there_does_not_move(world):
    account = world.accounts[0]
    sub = make(world, account)
    send = (world.ledger, account, sub.address)

    assert sub_account_transfer(*send, 1_001 * USD, is_deposit=True) == "Insufficient balance for withdrawal."
    assert sub_account_transfer(*send, 0, is_deposit=True) == "Invalid amount: 0.0"
    assert sub_account_spot_transfer(*send, PURR_TEXT, "x", is_deposit=True) == "Invalid amount: x"
    assert sub_account_spot_transfer(*send, PURR_TEXT, "1", is_deposit=False) == (
        "Insufficient balance for token transfer"
    )


def test_a_vault_takes_its_leaders_money_and_gives_it_back(world):
    leader, other = world.accounts[:2]
    vault = world.ledger.account(address(0xF00))
    vault.role, vault.master = Role.VAULT, leader

    assert vault_transfer(world.ledger, leader, vault.address, 100 * USD, is_deposit=True) is None
    assert vault_transfer(world.ledger, leader, vault.address, 60 * USD, is_deposit=False) is None
    assert (leader.cash, vault.cash) == (960 * USD, 40 * USD)
    told = [delta for who, delta in deltas(world) if who is leader]
    assert told == [
        {"type": "vaultDeposit", "vault": vault.address, "usdc": "100.0"},
        {
            "type": "vaultWithdraw",
            "vault": vault.address,
            "user": leader.address,
            "requestedUsd": "60.0",
            "commission": "0.0",
            "closingCost": "0.0",
            "basis": "60.0",
            "netWithdrawnUsd": "60.0",
        },
    ]
    assert vault_transfer(world.ledger, leader, vault.address, 41 * USD, is_deposit=False) is not None
    assert vault_transfer(world.ledger, other, vault.address, USD, is_deposit=True) == (
        "Vault is not open to others."
    )


def test_what_is_no_vault_is_not_registered(world):
    account, other = world.accounts[:2]
    refused = f"Vault not registered: {other.address}"

    assert vault_transfer(world.ledger, account, other.address, USD, is_deposit=True) == refused
    assert "Vault not registered" in vault_transfer(
        world.ledger, account, address(0xF01), USD, is_deposit=True
    )
