"""Vaults as the wire has them. A vault here is its leader's alone, who may take out what is free."""

from __future__ import annotations

from typing import Any

from livetrio.exchange.api.account_view import perp_value
from livetrio.exchange.api.texts import usd_text
from livetrio.exchange.chain.account import Account, Role
from livetrio.exchange.chain.ledger import Ledger

View = dict[str, Any]


def led_vaults(ledger: Ledger, account: Account) -> list[Account]:
    """The vaults that an account leads."""
    return [each for each in ledger.accounts.values() if each.role is Role.VAULT and each.master is account]


def vault_equities(ledger: Ledger, account: Account) -> list[View]:
    """``userVaultEquities``: what an account has in vaults; nothing of it is locked."""
    return [
        {
            "vaultAddress": vault.address,
            "equity": usd_text(perp_value(ledger, vault)),
            "lockedUntilTimestamp": 0,
        }
        for vault in led_vaults(ledger, account)
    ]


def leading_vaults(ledger: Ledger, account: Account) -> list[View]:
    """``leadingVaults``: the vaults an account leads, by name."""
    return [{"address": vault.address, "name": vault.name} for vault in led_vaults(ledger, account)]


def total_vault_equity(ledger: Ledger, account: Account) -> str:
    """All that an account has in vaults."""
    return usd_text(sum(perp_value(ledger, vault) for vault in led_vaults(ledger, account)))
