"""Who may sign for whom, and who may take a fee."""

import pytest
from chain_world import START, World, address

from livetrio.exchange.chain.account import Role
from livetrio.exchange.chain.agents import (
    DAY,
    DEFAULT_LIFE,
    EXPIRED,
    MAX_LIFE,
    NOBODY,
    PENDING,
    SETTLING,
    USED,
    approve_agent,
    approve_builder_fee,
    resolve_actor,
    resolve_owner,
    resolve_signer,
)
from livetrio.exchange.chain.events import AccountChanged
from livetrio.exchange.chain.sub_accounts import create_sub_account

KEYS = [address(0xA000 + index) for index in range(12)]


@pytest.fixture
def world():
    return World()


def approve(world, account, key, name=None, after=SETTLING):
    """Approve, with enough time gone by since the last."""
    world.ledger.time += after
    return approve_agent(world.ledger, account, key, name)


def signer_of(world, key):
    return resolve_signer(world.ledger, key, world.ledger.time)


# Who signs.


def test_an_account_signs_for_itself_and_a_stranger_for_nobody(world):
    account = world.accounts[0]

    assert signer_of(world, account.address) is account
    assert resolve_owner(world.ledger, account.address) is account
    assert signer_of(world, KEYS[0]) is None


def test_an_address_that_never_had_money_is_no_account(world):
    world.ledger.account(KEYS[0])

    assert signer_of(world, KEYS[0]) is None
    assert resolve_owner(world.ledger, KEYS[0]) is None


def test_an_agent_signs_for_its_account_and_owns_nothing(world):
    account = world.accounts[0]
    approve(world, account, KEYS[0].upper().replace("0X", "0x"), "bot")

    assert signer_of(world, KEYS[0]) is account
    assert resolve_owner(world.ledger, KEYS[0]) is None
    assert [(type(each), each.account) for each in world.ledger.events] == [(AccountChanged, account)]


def test_what_is_for_a_sub_account_or_a_vault_of_ones_own_is_done_for_it(world):
    account, other = world.accounts[:2]
    sub, _ = create_sub_account(world.ledger, account, "one")
    vault = world.ledger.account(KEYS[5])
    vault.role, vault.master = Role.VAULT, account

    assert resolve_actor(world.ledger, account, None) is account
    assert resolve_actor(world.ledger, account, sub.upper().replace("0X", "0x")).address == sub
    assert resolve_actor(world.ledger, account, vault.address) is vault
    assert resolve_actor(world.ledger, other, sub) == f"Vault not registered: {sub}"
    assert resolve_actor(world.ledger, account, account.address).startswith("Vault not registered: 0x")
    assert resolve_actor(world.ledger, account, KEYS[6]) == f"Vault not registered: {KEYS[6]}"


def test_nobody_signs_with_the_address_of_a_sub_account(world):
    sub, _ = create_sub_account(world.ledger, world.accounts[0], "one")

    assert signer_of(world, sub) is None


# Approving.


def test_an_agent_lives_for_ninety_days_if_its_name_does_not_say_otherwise(world):
    account = world.accounts[0]
    approve(world, account, KEYS[0], "bot", after=0)
    world.ledger.time = START + DEFAULT_LIFE

    assert account.agents[KEYS[0]].valid_until == START + 90 * DAY
    assert signer_of(world, KEYS[0]) is account
    world.ledger.time += 1
    assert signer_of(world, KEYS[0]) is None


@pytest.mark.parametrize(("text", "name"), [("bot valid_until {}", "bot"), ("valid_until {}", "")])
def test_a_name_may_say_how_long_its_agent_lives(world, text, name):
    account = world.accounts[0]
    until = START + 60_000

    assert approve(world, account, KEYS[0], text.format(until), after=0) is None
    assert (account.agents[KEYS[0]].name, account.agents[KEYS[0]].valid_until) == (name, until)


@pytest.mark.parametrize("until", [0, START, START + MAX_LIFE + 1])
def test_a_time_that_is_past_or_too_far_away_is_refused_in_the_same_words(world, until):
    assert approve(world, world.accounts[0], KEYS[0], f"bot valid_until {until}", after=0) == EXPIRED


def test_the_farthest_time_is_good(world):
    assert approve(world, world.accounts[0], KEYS[0], f"b valid_until {START + MAX_LIFE}", after=0) is None


def test_a_name_that_is_too_long_is_refused(world):
    account = world.accounts[0]

    assert approve(world, account, KEYS[0], "n" * 17) == "Agent name must have at most 16 characters"
    assert approve(world, account, KEYS[0], "n" * 16) is None


def test_three_may_have_names_and_one_none_and_each_sub_account_brings_two_more(world):
    account = world.accounts[0]
    for index in range(3):
        assert approve(world, account, KEYS[index], f"bot {index}") is None
    assert approve(world, account, KEYS[3]) is None
    refused = approve(world, account, KEYS[4], "bot 4")
    create_sub_account(world.ledger, account, "one")

    assert refused == "Too many extra agents for cumulative volume traded. Current limit is 3"
    assert approve(world, account, KEYS[4], "bot 4") is None
    assert approve(world, account, KEYS[5], "bot 5") is None
    assert "Current limit is 5" in approve(world, account, KEYS[6], "bot 6")


def test_agents_whose_time_is_over_are_not_counted(world):
    account = world.accounts[0]
    for index in range(3):
        approve(world, account, KEYS[index], f"bot {index} valid_until {START + DAY}")
    world.ledger.time += 2 * DAY

    assert approve(world, account, KEYS[3], "bot 3") is None
    assert list(account.agents) == [KEYS[3]]


@pytest.mark.parametrize("name", ["bot", None])
def test_a_new_agent_of_the_same_name_replaces_the_old_one(world, name):
    account = world.accounts[0]
    approve(world, account, KEYS[0], name)

    assert approve(world, account, KEYS[1], name) is None
    assert signer_of(world, KEYS[0]) is None
    assert signer_of(world, KEYS[1]) is account


@pytest.mark.parametrize("name", ["bot", None])
def test_the_zero_address_removes_an_agent(world, name):
    account = world.accounts[0]
    approve(world, account, KEYS[0], name)

    assert approve(world, account, NOBODY, name) is None
    assert signer_of(world, KEYS[0]) is None
    assert account.agents == {}


def test_removing_nobody_is_no_fault(world):
    assert approve(world, world.accounts[0], NOBODY, "bot") is None
    assert approve(world, world.accounts[0], KEYS[0], "bot", after=0) is None


def test_after_a_removal_none_is_approved_for_five_seconds(world):
    account = world.accounts[0]
    approve(world, account, KEYS[0], "bot")
    approve(world, account, NOBODY, "bot")

    assert approve(world, account, KEYS[1], "bot", after=SETTLING - 1) == PENDING
    assert approve(world, account, KEYS[1], "bot", after=1) is None


def test_an_address_that_was_an_agent_is_never_taken_again(world):
    account, other = world.accounts[:2]
    approve(world, account, KEYS[0], "bot")
    approve(world, account, NOBODY, "bot")

    assert approve(world, account, KEYS[0], "bot") == USED
    assert approve(world, account, KEYS[0], "another") == USED
    assert approve(world, other, KEYS[0]) == USED


def test_the_unnamed_agent_may_be_prolonged(world):
    account = world.accounts[0]
    approve(world, account, KEYS[0])

    assert approve(world, account, KEYS[0], after=DAY) is None
    assert account.agents[KEYS[0]].valid_until == world.ledger.time + DEFAULT_LIFE
    assert approve(world, account, KEYS[1], after=0) is None


# Builders.


@pytest.mark.parametrize(("rate", "tenths"), [("0.001%", 1), ("0.05%", 50), ("0.1%", 100), ("1%", 1_000)])
def test_a_builder_is_allowed_a_rate_in_tenths_of_a_basis_point(world, rate, tenths):
    account = world.accounts[0]

    assert approve_builder_fee(world.ledger, account, KEYS[0].upper().replace("0X", "0x"), rate) is None
    assert account.builder_limits == {KEYS[0]: tenths}
    assert [type(each) for each in world.ledger.events] == [AccountChanged]


@pytest.mark.parametrize("rate", ["0.0001%", "0.1", "x%", "-1%", "0.10%", ""])
def test_a_rate_that_is_none_is_refused(world, rate):
    refused = approve_builder_fee(world.ledger, world.accounts[0], KEYS[0], rate)

    assert refused == f"Invalid builder fee rate: {rate}"


def test_more_than_one_percent_is_too_high(world):
    refused = approve_builder_fee(world.ledger, world.accounts[0], KEYS[0], "1.001%")

    assert refused == "Builder fee is too high."


def test_ten_builders_may_be_allowed_and_a_rate_of_zero_takes_it_back(world):
    account = world.accounts[0]
    for key in KEYS[:10]:
        approve_builder_fee(world.ledger, account, key, "0.01%")
    refused = approve_builder_fee(world.ledger, account, KEYS[10], "0.01%")

    assert refused == "Too many builder fee approvals. Current limit is 10"
    assert approve_builder_fee(world.ledger, account, KEYS[0], "0.02%") is None
    assert approve_builder_fee(world.ledger, account, KEYS[0], "0%") is None
    assert KEYS[0] not in account.builder_limits
    assert approve_builder_fee(world.ledger, account, KEYS[10], "0.01%") is None
