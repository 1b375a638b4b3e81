"""Identity: whether a key may act for an account, and whether there is anything to trade with.

The venue does not say so by itself. It takes an action of a key that nobody knows for that of an account
without money, and tells nothing of an agent's account: no orders, no money, no error. So it is asked first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import attrs
import msgspec

from livetrio.venues.hyperliquid.account_messages import Agent, MarginState, Role, SpotState
from livetrio.venues.hyperliquid.info import HEAVY, LIGHT, USUAL, info_request, read_answer
from livetrio.venues.hyperliquid.numbers import signed
from livetrio.venues.hyperliquid.wire import NANOSECONDS_PER_MILLISECOND as MS
from livetrio.venues.trading import Question

UNREADABLE_MODES = {"unifiedAccount", "portfolioMargin"}
"""Modes in which the margin money that the venue tells is not what there is (account-abstraction-modes,
2026-08-22)."""

APPROVAL_PATH = "/API"
"""Where an account approves agents, on the venue's own pages."""


@attrs.frozen(kw_only=True)
class Identity:
    """What the venue knows of those who take part."""

    account: str
    signer: str
    owner: str
    """Whose the orders and the money are: the vault's or sub-account's, else the account's."""
    account_role: Role
    signer_role: Role
    owner_role: Role
    agents: Sequence[Agent]
    mode: str
    has_money: bool
    approve_at: str | None
    """The venue's page for it, where there is one."""
    now: int
    """Milliseconds."""


def ask_identity(url: str, account: str, signer: str, vault: str | None = None) -> Question[str | None]:
    """What is wrong with key, account and money, in words; None: nothing.

    Args:
      url: of the venue's ``/info``.
      account: its address.
      signer: the address of the key.
      vault: of a vault or sub-account for which the account acts.
    """
    account, signer, owner = account.lower(), signer.lower(), (vault or account).lower()
    roles = list(dict.fromkeys([account, signer, owner]))
    requests = (
        *(info_request(url, type="userRole", user=each) for each in roles),
        info_request(url, type="extraAgents", user=account),
        info_request(url, type="userAbstraction", user=owner),
        info_request(url, type="clearinghouseState", user=owner),
        info_request(url, type="spotClearinghouseState", user=owner),
    )

    def read(answers: Sequence[bytes], ts_init: int) -> str | None:
        agents, mode, margin, spot = answers[len(roles) :]
        found = {
            address: read_answer(_ROLE, answer, "userRole")
            for address, answer in zip(roles, answers, strict=False)
        }
        identity = Identity(
            account=account,
            signer=signer,
            owner=owner,
            account_role=found[account],
            signer_role=found[signer],
            owner_role=found[owner],
            agents=read_answer(_AGENTS, agents, "extraAgents") or (),
            mode=read_answer(_MODE, mode, "userAbstraction"),
            has_money=_has_money(margin, spot),
            approve_at=_approval_page(url),
            now=ts_init // MS,
        )
        return next((words for check in CHECKS if (words := check(identity)) is not None), None)

    weight = HEAVY * len(roles) + 2 * USUAL + 2 * LIGHT
    return Question(requests=requests, weight=weight, read=read)


def ask_key_end(url: str, account: str, signer: str) -> Question[int | None]:
    """Until when a key may act as an agent, UTC nanoseconds; None: the venue does not tell.

    It tells of named agents that are not over, and an account's own key has no end.
    """
    signer = signer.lower()

    def read(answers: Sequence[bytes], _: int) -> int | None:
        agents = read_answer(_AGENTS, answers[0], "extraAgents") or ()
        ends = [each.validUntil for each in agents if each.address.lower() == signer]
        return None if not ends or ends[0] is None else ends[0] * MS

    request = info_request(url, type="extraAgents", user=account.lower())
    return Question(requests=(request,), weight=USUAL, read=read)


# ------------------------------------------------------------------ what can be wrong


def _check_account(identity: Identity) -> str | None:
    """Whether the account is one."""
    account, role = identity.account, identity.account_role
    owner = None if role.data is None else role.data.user or role.data.master
    match role.role:
        case "missing":
            return f"the account {account} is unknown: nothing was ever paid into it on this network"
        case "agent":
            return f"{account} is no account but an agent, of {owner}; give that address as account"
        case "subAccount" | "vault":
            belongs = f" of {owner}" if owner else ""
            return (
                f"{account} is a {_KINDS[role.role]}{belongs}; give it as vault, and as account the address "
                "that acts for it"
            )
    return None


def _check_signer(identity: Identity) -> str | None:
    """Whether the key may act for the account."""
    account, signer, role = identity.account, identity.signer, identity.signer_role
    if signer == account:
        return None
    key = f"the key's address {signer}"
    page = "" if identity.approve_at is None else f" at {identity.approve_at}"
    named = next((each for each in identity.agents if each.address.lower() == signer), None)
    if named is not None and named.validUntil is not None and named.validUntil <= identity.now:
        return (
            f"{key} was an agent of {account} until {_day(named.validUntil)}; "
            f"let the account approve an agent with a new key{page}"
        )
    if role.role == "agent":
        owner = None if role.data is None or role.data.user is None else role.data.user.lower()
        return None if owner == account else f"{key} is an agent of {owner or 'others'}, and not of {account}"
    if named is not None:
        return None
    if role.role == "missing":
        return f"{key} is no agent of {account}; let the account approve it{page}"
    return (
        f"{key} is itself an account, and no agent of {account}; let that one approve it{page}, "
        "or trade with its own"
    )


def _check_owner(identity: Identity) -> str | None:
    """Whether the vault or sub-account is one that the account may act for."""
    owner, role = identity.owner, identity.owner_role
    if owner == identity.account:
        return None
    if role.role not in ("subAccount", "vault"):
        return f"{owner} is neither a vault nor a sub-account: the venue knows it as {role.role!r}"
    master = None if role.data is None else role.data.master
    if role.role == "subAccount" and master is not None and master.lower() != identity.account:
        return f"{owner} is a sub-account of {master.lower()}, and not of {identity.account}"
    return None


def _check_mode(identity: Identity) -> str | None:
    """Whether what the venue tells of its money can be believed."""
    if identity.mode not in UNREADABLE_MODES:
        return None
    return (
        f"{identity.owner} is of the mode {identity.mode!r}, in which the venue does not tell what margin "
        "money there is; switch it off"
    )


def _check_money(identity: Identity) -> str | None:
    """Whether there is any."""
    if identity.has_money:
        return None
    return f"there is no money in {identity.owner}, neither for perpetuals nor on spot"


CHECKS = (_check_account, _check_signer, _check_owner, _check_mode, _check_money)
"""In this order; the first that finds something says it."""

_KINDS = {"subAccount": "sub-account", "vault": "vault"}

_ROLE = msgspec.json.Decoder(Role)
_AGENTS = msgspec.json.Decoder(list[Agent] | None)
_MODE = msgspec.json.Decoder(str)
_MARGIN = msgspec.json.Decoder(MarginState)
_SPOT = msgspec.json.Decoder(SpotState)


def _day(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _has_money(margin: bytes, spot: bytes) -> bool:
    value = signed(read_answer(_MARGIN, margin, "clearinghouseState").marginSummary.accountValue)
    balances = read_answer(_SPOT, spot, "spotClearinghouseState").balances
    return value > 0 or any(signed(each.total) > 0 for each in balances)


def _approval_page(url: str) -> str | None:
    """``https://app.…/API`` for ``https://api.…/info``; the local exchange has no pages."""
    parts = urlsplit(url)
    if not parts.netloc.startswith("api."):
        return None
    return f"{parts.scheme}://app.{parts.netloc.removeprefix('api.')}{APPROVAL_PATH}"
