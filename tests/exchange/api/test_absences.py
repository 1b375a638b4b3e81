"""What the venue has and this exchange has not: nothing, where that is the truth, or else refused."""

import json

import pytest
from feed_world import ALICE, NOBODY, Market

from livetrio.exchange.api.absences import ABSENCES
from livetrio.exchange.api.info import CannotAnswer, answer_info
from livetrio.exchange.chain.account import Role
from livetrio.exchange.chain.sub_accounts import create_sub_account


@pytest.fixture
def market():
    return Market()


def ask(market, kind, **fields):
    return json.loads(json.dumps(answer_info({"type": kind, **fields}, market.ledger, market.records)))


FIELDS = {
    "settledOutcome": {"outcome": 1},
    "perpAnnotation": {"coin": "BTC"},
    "userTwapSliceFillsByTime": {"startTime": 0},
}


@pytest.mark.parametrize("kind", [str(each.__struct_config__.tag) for each in ABSENCES])
def test_nothing_is_told_of_what_there_is_not(market, kind):
    market.trade()
    market.block()
    answer = ask(market, kind, user=ALICE, **FIELDS.get(kind, {}))

    assert not answer or kind in ("outcomeMeta", "delegatorSummary")


def test_the_shapes_of_nothing_are_the_venues(market):
    assert ask(market, "outcomeMeta") == {"outcomes": [], "questions": []}
    assert ask(market, "delegatorSummary", user=ALICE) == {
        "delegated": "0.0",
        "undelegated": "0.0",
        "totalPendingWithdrawal": "0.0",
        "nPendingWithdrawals": 0,
    }
    assert ask(market, "perpDexLimits", dex="") is None
    assert ask(market, "userDexAbstraction", user=ALICE) is False


def test_there_is_no_vault_at_an_ordinary_address_and_of_a_real_one_too_little_is_known(market):
    vault = market.open_account(NOBODY)

    assert ask(market, "vaultDetails", vaultAddress=ALICE) is None
    assert ask(market, "vaultDetails", vaultAddress=NOBODY, user=ALICE) is None

    vault.role = Role.VAULT
    with pytest.raises(CannotAnswer, match="nobody knows what the vault"):
        ask(market, "vaultDetails", vaultAddress=NOBODY)


def test_all_money_on_the_exchange_came_from_outside(market):
    market.trade()
    market.block()

    assert ask(market, "perpDexStatus", dex="") == {"totalNetDeposit": "2000000.0"}
    assert ask(market, "perpDexStatus", dex="xyz") is None


def test_sub_accounts_are_told_by_dex_too(market):
    none = ask(market, "subAccounts2", user=ALICE)
    address, _ = create_sub_account(market.ledger, market.alice, "second")
    (sub,) = ask(market, "subAccounts2", user=ALICE)
    (old,) = ask(market, "subAccounts", user=ALICE)

    assert none is None
    assert list(sub) == ["name", "subAccountUser", "master", "dexToClearinghouseState", "spotState"]
    assert (sub["subAccountUser"], sub["master"]) == (address, ALICE)
    assert sub["dexToClearinghouseState"] == [["", old["clearinghouseState"]]]


@pytest.mark.parametrize(
    "kind", ["tokenDetails", "legalCheck", "isVip", "spotDeployState", "validatorSummaries"]
)
def test_what_nobody_knows_is_refused(market, kind):
    with pytest.raises(CannotAnswer):
        ask(market, kind, user=ALICE)
