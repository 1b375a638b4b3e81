"""What the venue's website shows: the shapes, and the money that came and went."""

import pytest
from feed_world import ALICE, BOB, NOBODY, START, Market

from livetrio.exchange.api.vaults_view import led_vaults
from livetrio.exchange.api.views import leading_vaults, vault_equities, web_data2, web_data3
from livetrio.exchange.api.website_view import cum_ledger
from livetrio.exchange.chain import sub_accounts, transfers
from livetrio.exchange.chain.account import Account, Agent, Role
from livetrio.exchange.chain.events import LedgerUpdate

USD = 10**6


@pytest.fixture
def market():
    return Market()


def open_vault(market):
    vault = market.open_account(NOBODY)
    vault.role, vault.master, vault.name, vault.cash = Role.VAULT, market.alice, "Alice's", 0
    return vault


def test_the_new_website_has_one_entry_for_each_dex(market):
    view = web_data3(market.ledger, market.alice)

    assert list(view["userState"].items()) == [
        ("agentAddress", None),
        ("agentValidUntil", None),
        ("cumLedger", "0.0"),
        ("serverTime", START),
        ("isVault", False),
        ("user", ALICE),
    ]
    assert view["perpDexStates"] == [
        {"totalVaultEquity": "0.0", "perpsAtOpenInterestCap": [], "leadingVaults": []}
    ]


def test_the_unnamed_agent_is_the_websites(market):
    for name, digit in (("bot", "1"), ("", "2")):
        address = "0x" + digit * 40
        market.alice.agents[address] = Agent(address=address, name=name, valid_until=START + 1)
    state = web_data3(market.ledger, market.alice)["userState"]

    assert (state["agentAddress"], state["agentValidUntil"]) == ("0x" + "2" * 40, START + 1)


def test_the_old_website_has_all_in_one(market):
    market.place(market.alice, "buy", 90_000, 0.5)
    view = web_data2(market.ledger, market.records, market.alice)

    assert list(view) == [
        "clearinghouseState",
        "leadingVaults",
        "totalVaultEquity",
        "openOrders",
        "agentAddress",
        "agentValidUntil",
        "cumLedger",
        "meta",
        "assetCtxs",
        "serverTime",
        "isVault",
        "user",
        "twapStates",
        "spotState",
        "spotAssetCtxs",
        "perpsAtOpenInterestCap",
    ]
    assert len(view["openOrders"]) == 1
    assert len(view["assetCtxs"]) == len(view["meta"]["universe"])
    assert len(view["spotAssetCtxs"]) == 2


# Vaults.


def test_a_vault_is_its_leaders_alone(market):
    vault = open_vault(market)
    assert sub_accounts.vault_transfer(market.ledger, market.alice, NOBODY, 50 * USD, is_deposit=True) is None

    assert led_vaults(market.ledger, market.alice) == [vault]
    assert vault_equities(market.ledger, market.alice) == [
        {"vaultAddress": NOBODY, "equity": "50.0", "lockedUntilTimestamp": 0}
    ]
    assert leading_vaults(market.ledger, market.alice) == [{"address": NOBODY, "name": "Alice's"}]
    assert web_data3(market.ledger, market.alice)["perpDexStates"][0]["totalVaultEquity"] == "50.0"
    assert web_data3(market.ledger, vault)["userState"]["isVault"] is True
    assert vault_equities(market.ledger, Account(BOB)) == []


# What came and went.


def test_what_came_and_went_is_what_changed_the_perpetual_money(market):
    """Each kind of transfer, and after each of them the sum is what has come in all."""
    ledger, alice = market.ledger, market.alice
    vault = open_vault(market)
    usdc = f"USDC:{ledger.listing.usdc.token_id}"
    sub_address, _ = sub_accounts.create_sub_account(ledger, alice, "desk")
    sub = ledger.account(sub_address)
    begun = {each.address: each.cash for each in (alice, market.bob, vault, sub)}
    steps = [
        lambda: transfers.deposit(ledger, alice, 500 * USD),
        lambda: transfers.deposit_spot(ledger, alice, ledger.listing.usdc, 10**10),
        lambda: transfers.withdraw(ledger, alice, BOB, "20", 1),
        lambda: transfers.usd_send(ledger, alice, BOB, "12.5"),
        lambda: transfers.usd_send(ledger, market.bob, ALICE, "2.000001"),
        lambda: transfers.usd_class_transfer(ledger, alice, "7", to_perp=True),
        lambda: transfers.usd_class_transfer(ledger, alice, "3", to_perp=False),
        lambda: transfers.spot_send(ledger, alice, BOB, usdc, "1"),
        lambda: transfers.send_asset(ledger, alice, BOB, "", "", usdc, "4"),
        lambda: transfers.send_asset(ledger, alice, ALICE, "spot", "", usdc, "5"),
        lambda: transfers.send_asset(ledger, alice, "0x" + "77" * 20, "", "spot", usdc, "6"),
        lambda: sub_accounts.sub_account_transfer(ledger, alice, sub_address, 30 * USD, is_deposit=True),
        lambda: sub_accounts.sub_account_transfer(ledger, alice, sub_address, 9 * USD, is_deposit=False),
        lambda: sub_accounts.vault_transfer(ledger, alice, NOBODY, 8 * USD, is_deposit=True),
        lambda: sub_accounts.vault_transfer(ledger, alice, NOBODY, 1 * USD, is_deposit=False),
    ]
    for step in steps:
        assert step() is None

        for each in (alice, market.bob, vault, sub):
            assert cum_ledger(each) == each.cash - begun[each.address]


def test_a_liquidation_brings_and_takes_nothing(market):
    delta = {"type": "liquidation", "accountValue": "1.0", "leverageType": "Cross", "liquidatedPositions": []}
    market.alice.ledger.append(LedgerUpdate(market.alice, delta, START, "0x00"))

    assert cum_ledger(market.alice) == 0
