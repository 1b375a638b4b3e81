"""Agents: who may sign for an account: its own key, the API wallets it approved, and the master of others.

An agent is known by its address, and has a name or is the one unnamed. Approving another under the same name,
or without one, replaces the old; approving the zero address removes it. After either, none is approved for
some seconds. An address that was once an agent is never taken as a new one: what it signed before must not
count again (§5.11, docs page *nonces-and-api-wallets*, 2026-08-22).

How long after their time agents are heard at the venue is not known (minutes were seen on testnet,
2026-09-07). Here they are not heard from that moment on.
"""

from __future__ import annotations

import re

from livetrio.exchange.chain.account import Account, Agent, Role
from livetrio.exchange.chain.events import AccountChanged
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.units import NotANumber, TooFine, parse_units

DAY = 86_400_000
"""ms."""

DEFAULT_LIFE = 90 * DAY
"""Of an agent whose name does not end in a time [seen on testnet, 2026-09-07]."""

MAX_LIFE = 180 * DAY

NAMED_AGENTS = 3
"""And two more for each sub-account (§5.11)."""

MAX_NAME = 16
"""Characters, the time not counted [notes of a public testnet experiment, 2026-09-07]."""

SETTLING = 5_000
"""ms from the removal of an agent to the next approval [seen on testnet, 2026-09-07: 4.9 s]."""

MAX_BUILDERS = 10
"""Approvals at a time (docs page *builder-codes*, 2026-08-22)."""

MAX_BUILDER_TENTHS = 1_000
"""1 %, the most on spot; in tenths of a basis point."""

NOBODY = "0x" + "0" * 40

PENDING = "User has pending agent removal"
USED = "Extra agent already used."
EXPIRED = "Agent valid_until already expired."
"""The venue says so as well of a time that is too far away."""

_UNTIL = re.compile(r"(?:(.*) )?valid_until ([0-9]{1,15})", re.ASCII)


# Who signs.


def resolve_signer(ledger: Ledger, signer: str, time: int) -> Account | None:
    """The account that a signature speaks for at this time, ms: the agent's owner's, or the signer's own.

    The owner goes first: whoever sends an agent a cent must not thereby take it away from its owner.
    """
    owner = ledger.agents.get(signer)
    if owner is not None:
        agent = owner.agents.get(signer)
        if agent is not None and time <= agent.valid_until:
            return owner
    return resolve_owner(ledger, signer)


def resolve_owner(ledger: Ledger, signer: str) -> Account | None:
    """The signer's own account: no agent speaks for another where money leaves (§5.11).

    Where there is none the venue answers ``Must deposit before performing actions. User: 0x…``.
    """
    found = ledger.accounts.get(signer)
    return found if found is not None and found.exists and found.role is Role.USER else None


def resolve_actor(ledger: Ledger, signer_account: Account, vault_address: str | None) -> Account | str:
    """Whom an action is for: the account, or the sub-account or vault named that is its own.

    Otherwise the venue's text.
    """
    if vault_address is None:
        return signer_account
    found = ledger.find(vault_address)
    if found is None or found.master is not signer_account:
        return f"Vault not registered: {vault_address.lower()}"
    return found


# Who may sign from now on.


def approve_agent(ledger: Ledger, account: Account, address: str, name: str | None = None) -> str | None:
    """Let a key sign for an account, or with the zero address, take an agent away; None, or why not.

    Args:
      ledger: the state.
      account: whose own key signed this.
      address: of the new agent.
      name: ``NAME``, ``NAME valid_until MS`` or nothing; names are told apart as they are written.
    """
    address = address.lower()
    plain, valid_until = _read_name(name or "", ledger.time)
    if len(plain) > MAX_NAME:
        return f"Agent name must have at most {MAX_NAME} characters"  # the text is ours
    if not ledger.time < valid_until <= ledger.time + MAX_LIFE:
        return EXPIRED
    if ledger.time < account.agents_settle_at:
        return PENDING
    _forget_expired(account, ledger.time)
    old = next((each for each in account.agents.values() if each.name == plain), None)
    if address != NOBODY:
        fault = _new_fault(ledger, account, address, plain, old)
        if fault is not None:
            return fault
    if old is not None:
        del account.agents[old.address]
        if old.address != address:
            account.agents_settle_at = ledger.time + SETTLING
    if address != NOBODY:
        account.agents[address] = Agent(address=address, name=plain, valid_until=valid_until)
        ledger.agents[address] = account
    ledger.events.append(AccountChanged(account, ledger.time))
    return None


def _read_name(text: str, time: int) -> tuple[str, int]:
    """A name, and until when its agent may sign."""
    match = _UNTIL.fullmatch(text)
    if match is None:
        return text, time + DEFAULT_LIFE
    return match[1] or "", int(match[2])


def _new_fault(ledger: Ledger, account: Account, address: str, name: str, old: Agent | None) -> str | None:
    found = ledger.find(address)
    if found is not None and found.exists and address not in ledger.agents:
        return USED
    if address in ledger.agents:
        prolongs = not name and old is not None and old.address == address
        return None if prolongs else USED
    if name and old is None:
        limit = NAMED_AGENTS + 2 * len(account.sub_accounts)
        if sum(1 for each in account.agents.values() if each.name) >= limit:
            return f"Too many extra agents for cumulative volume traded. Current limit is {limit}"
    return None


def _forget_expired(account: Account, time: int) -> None:
    for each in list(account.agents.values()):
        if each.valid_until < time:
            del account.agents[each.address]


# Who may take a fee.


def approve_builder_fee(ledger: Ledger, account: Account, builder: str, max_fee_rate: str) -> str | None:
    """Let a builder take so much of the account's orders, ``"0.001%"``; ``"0%"`` takes it back.

    The venue asks for 100 USDC in the builder's account; nobody's builder has any here, so nothing is asked.
    """
    try:
        tenths = parse_units(max_fee_rate.removesuffix("%"), 3)
    except (NotANumber, TooFine):
        return f"Invalid builder fee rate: {max_fee_rate}"  # the text is ours
    if not max_fee_rate.endswith("%"):
        return f"Invalid builder fee rate: {max_fee_rate}"  # ours, too
    if tenths > MAX_BUILDER_TENTHS:
        return "Builder fee is too high."
    builder = builder.lower()
    if tenths == 0:
        account.builder_limits.pop(builder, None)
    elif builder not in account.builder_limits and len(account.builder_limits) >= MAX_BUILDERS:
        return f"Too many builder fee approvals. Current limit is {MAX_BUILDERS}"  # ours, too
    else:
        account.builder_limits[builder] = tenths
    ledger.events.append(AccountChanged(account, ledger.time))
    return None
