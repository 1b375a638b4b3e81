"""Sub-accounts: accounts below one's own, and vaults, which have no key but are led by an account.

What they are asked to do is signed by their master, or by the master's agents (`agents.resolve_actor`). The
functions return None, or why not, and then nothing has changed; texts as in `transfers`.
"""

from __future__ import annotations

import hashlib

from livetrio.exchange.chain.account import Account, Role
from livetrio.exchange.chain.events import AccountChanged
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.money import (
    USD,
    give_token,
    invalid_amount,
    note,
    read_amount,
    read_token,
    spend_token,
    spend_usd,
    spot_delta,
    unknown_token,
    usd_text,
)

MAX_SUB_ACCOUNTS = 10
"""And one more for each 100 million USD of volume, up to 50 (docs page *sub-accounts*, 2026-08-22)."""

MOST_SUB_ACCOUNTS = 50


def create_sub_account(ledger: Ledger, account: Account, name: str) -> tuple[str, str | None]:
    """Open an account below one's own: its address and None, or nothing and why not.

    The address is made of the master's and of how many there are already. The venue asks for 100,000 USD of
    volume first; here nothing is asked for.
    """
    if account.role is not Role.USER:
        return "", "Only users can create sub-accounts."  # the text is ours
    count = len(account.sub_accounts)
    if count >= min(MAX_SUB_ACCOUNTS + account.volume // (100_000_000 * USD), MOST_SUB_ACCOUNTS):
        return "", "Too many sub-accounts."
    if not name.strip() or any(each.name == name for each in account.sub_accounts):
        return "", f"Invalid sub-account name: {name}"  # ours, too
    digest = hashlib.blake2b(f"{account.address}/{count}".encode(), digest_size=20).hexdigest()
    sub = ledger.account("0x" + digest)
    sub.role, sub.master, sub.name, sub.exists = Role.SUB_ACCOUNT, account, name, True
    account.sub_accounts.append(sub)
    ledger.events.append(AccountChanged(account, ledger.time))
    return sub.address, None


def find_sub_account(ledger: Ledger, master: Account, address: str) -> Account | None:
    """A sub-account of this master."""
    found = ledger.find(address)
    if found is None or found.role is not Role.SUB_ACCOUNT or found.master is not master:
        return None
    return found


def invalid_sub_account(source: str, destination: str) -> str:
    """What the venue says of a transfer with an account that is not the sender's [seen on testnet]."""
    return f"Invalid sub-account transfer from {source.lower()} to {destination.lower()}"


def sub_account_transfer(
    ledger: Ledger, account: Account, sub_account: str, usd: int, *, is_deposit: bool
) -> str | None:
    """Perpetual money to a sub-account, or back from it; millionths of a USD."""
    sub = find_sub_account(ledger, account, sub_account)
    if sub is None:
        return _invalid(account, sub_account, is_deposit)
    giver, taker = (account, sub) if is_deposit else (sub, account)
    fault = spend_usd(ledger, giver, usd)
    if fault is not None:
        return fault
    taker.cash += usd
    delta = {
        "type": "subAccountTransfer",
        "usdc": usd_text(usd),
        "user": giver.address,
        "destination": taker.address,
    }
    note(ledger, giver, delta)
    note(ledger, taker, delta)
    return None


def sub_account_spot_transfer(
    ledger: Ledger, account: Account, sub_account: str, token: str, amount: str, *, is_deposit: bool
) -> str | None:
    """A token to a sub-account, or back from it; ``token`` as ``NAME:0xID``."""
    sub = find_sub_account(ledger, account, sub_account)
    if sub is None:
        return _invalid(account, sub_account, is_deposit)
    kind = read_token(ledger, token)
    if kind is None:
        return unknown_token(token)
    wei = read_amount(amount, kind.wei_decimals)
    if wei is None:
        return invalid_amount(amount)
    giver, taker = (account, sub) if is_deposit else (sub, account)
    fault = spend_token(ledger, giver, kind, wei)
    if fault is not None:
        return fault
    give_token(ledger, taker, kind, wei)
    delta = spot_delta(ledger, giver, taker, kind, wei, 0)
    note(ledger, giver, delta)
    note(ledger, taker, delta)
    return None


def vault_transfer(
    ledger: Ledger, account: Account, vault_address: str, usd: int, *, is_deposit: bool
) -> str | None:
    """Perpetual money to a vault, or back; millionths of a USD. A vault here is its leader's alone."""
    vault = ledger.find(vault_address)
    if vault is None or vault.role is not Role.VAULT:
        return f"Vault not registered: {vault_address.lower()}"
    if vault.master is not account:
        return "Vault is not open to others."  # the text is ours
    giver, taker = (account, vault) if is_deposit else (vault, account)
    fault = spend_usd(ledger, giver, usd)
    if fault is not None:
        return fault
    taker.cash += usd
    text = usd_text(usd)
    delta = {"type": "vaultDeposit", "vault": vault.address, "usdc": text}
    if not is_deposit:
        delta = {
            "type": "vaultWithdraw",
            "vault": vault.address,
            "user": account.address,
            "requestedUsd": text,
            "commission": "0.0",
            "closingCost": "0.0",
            "basis": text,
            "netWithdrawnUsd": text,
        }
    note(ledger, account, delta)
    note(ledger, vault, delta)
    return None


def _invalid(account: Account, address: str, is_deposit: bool) -> str:
    source, destination = (account.address, address) if is_deposit else (address, account.address)
    return invalid_sub_account(source, destination)
