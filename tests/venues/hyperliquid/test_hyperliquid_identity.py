"""Whether key and account belong together: what is said of those that do not."""

import json

import pytest
from order_samples import make_trading
from test_hyperliquid_questions import MARGIN, SPOT
from test_hyperliquid_samples import MS

from livetrio.errors import FrameError
from livetrio.venues.hyperliquid.identity import ask_identity

URL = "https://api.hyperliquid-testnet.xyz/info"
PAGE = "https://app.hyperliquid-testnet.xyz/API"
ACCOUNT, SIGNER, VAULT, OTHER = ("0x" + each * 20 for each in ("aa", "bb", "cc", "dd"))
NOW = 1_785_261_600_000
"""Milliseconds: 2026-07-28 18:00 UTC."""

USER = {"role": "user"}
MISSING = {"role": "missing"}
AGENT = {"role": "agent", "data": {"user": ACCOUNT}}
SUB_ACCOUNT = {"role": "subAccount", "data": {"master": ACCOUNT}}
EMPTY = {**MARGIN, "marginSummary": {"accountValue": "0.0", "totalMarginUsed": "0.0"}}
NO_COINS = {"balances": [{"coin": "USDC", "token": 0, "hold": "0.0", "total": "0.0"}]}


class Venue:
    """Answers what is asked about identities."""

    def __init__(self, *, roles=(), agents=(), mode="default", margin=MARGIN, spot=SPOT):
        self.roles = {ACCOUNT: USER, SIGNER: AGENT, VAULT: SUB_ACCOUNT, **dict(roles)}
        self.others = {
            "extraAgents": list(agents),
            "userAbstraction": mode,
            "clearinghouseState": margin,
            "spotClearinghouseState": spot,
        }
        self.asked = []

    def answer(self, request):
        body = json.loads(request.body)
        self.asked.append((body["type"], body["user"]))
        answer = self.roles[body["user"]] if body["type"] == "userRole" else self.others[body["type"]]
        return json.dumps(answer).encode()

    def judge(self, account=ACCOUNT, signer=SIGNER, vault=None, url=URL):
        question = ask_identity(url, account, signer, vault)
        return question.read([self.answer(each) for each in question.requests], NOW * MS)


# What is right.


def test_the_accounts_own_key_may_act_for_it():
    venue = Venue()

    assert venue.judge(signer=ACCOUNT) is None
    assert venue.asked == [
        ("userRole", ACCOUNT),
        ("extraAgents", ACCOUNT),
        ("userAbstraction", ACCOUNT),
        ("clearinghouseState", ACCOUNT),
        ("spotClearinghouseState", ACCOUNT),
    ]


def test_an_agent_may_act_for_the_account_that_has_approved_it():
    assert Venue().judge() is None
    assert Venue().judge(account="0x" + "AA" * 20, signer="0x" + "BB" * 20) is None


def test_an_agent_that_is_only_in_the_accounts_list_is_one_too():
    named = {"name": "bot", "address": SIGNER.upper().replace("X", "x"), "validUntil": NOW + 1}

    assert Venue(roles={SIGNER: MISSING}, agents=[named]).judge() is None


def test_an_agent_without_a_last_day_is_valid():
    assert Venue(agents=[{"name": "bot", "address": SIGNER, "validUntil": None}]).judge() is None
    assert Venue(agents=[{"name": "bot", "address": OTHER, "validUntil": 1}]).judge() is None


def test_a_list_of_agents_may_be_missing():
    venue = Venue()
    venue.others["extraAgents"] = None

    assert venue.judge() is None


def test_an_account_may_act_for_its_own_sub_account_and_for_a_vault():
    venue = Venue()

    assert venue.judge(vault=VAULT) is None
    assert ("clearinghouseState", VAULT) in venue.asked
    assert Venue(roles={VAULT: {"role": "vault"}}).judge(vault="0x" + "CC" * 20) is None
    assert Venue(roles={VAULT: {"role": "subAccount"}}).judge(vault=VAULT) is None


def test_money_on_spot_is_money():
    assert Venue(margin=EMPTY).judge() is None
    assert Venue(spot=NO_COINS).judge() is None


def test_the_account_that_is_traded_asks_all_of_it():
    questions = make_trading(account=ACCOUNT, vault=VAULT).ask_identity()
    users = {json.loads(each.body)["user"] for each in questions.requests}

    assert {ACCOUNT, VAULT} < users
    assert questions.weight == 3 * 60 + 2 * 20 + 2 * 2


# What is wrong.


@pytest.mark.parametrize(
    ("venue", "given", "words"),
    [
        (
            {"roles": {ACCOUNT: MISSING}},
            {},
            f"the account {ACCOUNT} is unknown: nothing was ever paid into it on this network",
        ),
        (
            {"roles": {ACCOUNT: {"role": "agent", "data": {"user": OTHER}}}},
            {},
            f"{ACCOUNT} is no account but an agent, of {OTHER}; give that address as account",
        ),
        (
            {"roles": {ACCOUNT: {"role": "subAccount", "data": {"master": OTHER}}}},
            {},
            f"{ACCOUNT} is a sub-account of {OTHER}; give it as vault, "
            "and as account the address that acts for it",
        ),
        (
            {"roles": {ACCOUNT: {"role": "vault"}}},
            {},
            f"{ACCOUNT} is a vault; give it as vault, and as account the address that acts for it",
        ),
        (
            {"roles": {SIGNER: MISSING}},
            {},
            f"the key's address {SIGNER} is no agent of {ACCOUNT}; let the account approve it at {PAGE}",
        ),
        (
            {"roles": {SIGNER: MISSING}},
            {"url": "http://127.0.0.1:3001/info"},
            f"the key's address {SIGNER} is no agent of {ACCOUNT}; let the account approve it",
        ),
        (
            {"roles": {SIGNER: {"role": "agent", "data": {"user": OTHER}}}},
            {},
            f"the key's address {SIGNER} is an agent of {OTHER}, and not of {ACCOUNT}",
        ),
        (
            {"roles": {SIGNER: {"role": "agent"}}},
            {},
            f"the key's address {SIGNER} is an agent of others, and not of {ACCOUNT}",
        ),
        (
            {"roles": {SIGNER: USER}},
            {},
            f"the key's address {SIGNER} is itself an account, and no agent of {ACCOUNT}; "
            f"let that one approve it at {PAGE}, or trade with its own",
        ),
        (
            {"agents": [{"name": "bot", "address": SIGNER, "validUntil": NOW - 90_000}]},
            {},
            f"the key's address {SIGNER} was an agent of {ACCOUNT} until 2026-07-28 17:58 UTC; "
            f"let the account approve an agent with a new key at {PAGE}",
        ),
        (
            {"roles": {VAULT: USER}},
            {"vault": VAULT},
            f"{VAULT} is neither a vault nor a sub-account: the venue knows it as 'user'",
        ),
        (
            {"roles": {VAULT: {"role": "subAccount", "data": {"master": OTHER}}}},
            {"vault": VAULT},
            f"{VAULT} is a sub-account of {OTHER}, and not of {ACCOUNT}",
        ),
        (
            {"mode": "unifiedAccount"},
            {},
            f"{ACCOUNT} is of the mode 'unifiedAccount', in which the venue does not tell what margin money "
            "there is; switch it off",
        ),
        (
            {"margin": EMPTY, "spot": NO_COINS},
            {},
            f"there is no money in {ACCOUNT}, neither for perpetuals nor on spot",
        ),
        (
            {"margin": EMPTY, "spot": {"balances": []}},
            {"vault": VAULT},
            f"there is no money in {VAULT}, neither for perpetuals nor on spot",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(venue, given, words):
    assert Venue(**venue).judge(**given) == words


def test_of_several_things_that_are_wrong_the_one_that_the_others_may_follow_from_is_said():
    words = Venue(roles={ACCOUNT: MISSING, SIGNER: MISSING}, margin=EMPTY, spot=NO_COINS).judge()

    assert words.startswith(f"the account {ACCOUNT} is unknown")


@pytest.mark.parametrize(
    "name", ["extraAgents", "userAbstraction", "clearinghouseState", "spotClearinghouseState"]
)
def test_an_answer_that_makes_no_sense_judges_nobody(name):
    venue = Venue()
    venue.others[name] = 7

    with pytest.raises(FrameError, match=name):
        venue.judge()
