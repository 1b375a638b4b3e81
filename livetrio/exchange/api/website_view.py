"""What the venue's website shows of an account in one piece: ``webData2`` and ``webData3`` (§2.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from livetrio.exchange.api.account_view import clearinghouse_state, spot_state
from livetrio.exchange.api.market_view import perp_context, spot_context
from livetrio.exchange.api.orders_view import frontend_orders
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.texts import usd_text
from livetrio.exchange.api.universe_view import meta
from livetrio.exchange.api.vaults_view import leading_vaults, total_vault_equity
from livetrio.exchange.chain.account import Account, Role
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.units import USD_DECIMALS

View = dict[str, Any]


def web_data2(ledger: Ledger, records: Records, account: Account) -> View:
    """What the old website showed, as a public client of the venue describes it (nktkas/hyperliquid,
    2026-08-02)."""
    listing = ledger.listing
    address, until = _unnamed_agent(account)
    return {
        "clearinghouseState": clearinghouse_state(ledger, account),
        "leadingVaults": leading_vaults(ledger, account),
        "totalVaultEquity": total_vault_equity(ledger, account),
        "openOrders": frontend_orders(ledger, account),
        "agentAddress": address,
        "agentValidUntil": until,
        "cumLedger": usd_text(cum_ledger(account)),
        "meta": meta(ledger),
        "assetCtxs": [perp_context(ledger, records, perp) for perp in listing.perps],
        "serverTime": records.now,
        "isVault": account.role is Role.VAULT,
        "user": account.address,
        "twapStates": [],
        "spotState": spot_state(ledger, account),
        "spotAssetCtxs": [spot_context(ledger, records, pair) for pair in listing.spots],
        "perpsAtOpenInterestCap": [],
    }


def web_data3(ledger: Ledger, account: Account) -> View:
    """What the website shows; one entry for each dex, of which there is one here."""
    address, until = _unnamed_agent(account)
    return {
        "userState": {
            "agentAddress": address,
            "agentValidUntil": until,
            "cumLedger": usd_text(cum_ledger(account)),
            "serverTime": ledger.time,
            "isVault": account.role is Role.VAULT,
            "user": account.address,
        },
        "perpDexStates": [
            {
                "totalVaultEquity": total_vault_equity(ledger, account),
                "perpsAtOpenInterestCap": [],
                "leadingVaults": leading_vaults(ledger, account),
            }
        ],
    }


def _unnamed_agent(account: Account) -> tuple[str | None, int | None]:
    """The API wallet of the website, and until when it may sign, ms."""
    for agent in account.agents.values():
        if not agent.name:
            return agent.address, agent.valid_until
    return None, None


# What came and went.


def cum_ledger(account: Account) -> int:
    """``cumLedger``: perpetual money that came, less what went, other than by trading and funding.

    In millionths of a USD, and as far back as transfers are remembered.
    """
    return sum(_usd(*_flow(account.address, update.delta)) for update in account.ledger)


def _flow(user: str, delta: View) -> tuple[str, str]:
    """What came to a user and what went, of one piece of news as the wire has it."""
    came = went = "0"
    match delta:
        case {"type": "deposit", "usdc": usdc}:
            came = usdc
        case {"type": "withdraw", "usdc": usdc, "fee": fee}:
            went = _plus(usdc, fee)
        case {"type": "accountClassTransfer", "usdc": usdc, "toPerp": to_perp}:
            came, went = (usdc, "0") if to_perp else ("0", usdc)
        case {"type": "internalTransfer" | "subAccountTransfer", "usdc": usdc, "user": giver}:
            came, went = ("0", _plus(usdc, delta.get("fee", "0"))) if giver == user else (usdc, "0")
        case {"type": "vaultDeposit", "usdc": usdc, "vault": vault}:
            came, went = (usdc, "0") if vault == user else ("0", usdc)
        case {"type": "vaultWithdraw", "netWithdrawnUsd": usdc, "vault": vault}:
            came, went = ("0", usdc) if vault == user else (usdc, "0")
        case {"type": "send", "amount": amount, "fee": fee, "user": giver, "destination": taker}:
            if giver == user and delta["sourceDex"] == "":
                went = _plus(amount, fee)
            if taker == user and delta["destinationDex"] == "":
                came = amount
    return came, went


def _plus(usdc: str, fee: str) -> str:
    return str(Decimal(usdc) + Decimal(fee))


def _usd(came: str, went: str) -> int:
    return int((Decimal(came) - Decimal(went)).scaleb(USD_DECIMALS))
