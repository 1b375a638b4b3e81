"""Answers to what may be asked about an account itself: what it has, who it is, what it may do (§4.11-4.17).

They are given for addresses without account, too: nothing, zero, or as the rates of whom would begin now.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from livetrio.exchange.api.market_answers import MAX_ITEMS, Answerer
from livetrio.exchange.api.records import Records
from livetrio.exchange.api.requests import SCHEMA_ERROR, CannotAnswer, InfoMessage
from livetrio.exchange.api.trading_answers import account_of, between
from livetrio.exchange.api.user_requests import (
    ActiveAssetDataInfo,
    ApprovedBuildersInfo,
    ClearinghouseStateInfo,
    ExtraAgentsInfo,
    LeadingVaultsInfo,
    MaxBuilderFeeInfo,
    PortfolioInfo,
    ReferralInfo,
    SpotClearinghouseStateInfo,
    SubAccounts2Info,
    SubAccountsInfo,
    UserAbstractionInfo,
    UserFeesInfo,
    UserFundingInfo,
    UserLedgerUpdatesInfo,
    UserRateLimitInfo,
    UserRoleInfo,
    UserVaultEquitiesInfo,
    VaultDetailsInfo,
    WebData2Info,
)
from livetrio.exchange.api.views import (
    active_asset_data,
    clearinghouse_state,
    leading_vaults,
    ledger_view,
    nested_funding_view,
    portfolio,
    referral,
    spot_state,
    user_fees,
    vault_equities,
    web_data2,
)
from livetrio.exchange.chain.account import Account, Role
from livetrio.exchange.chain.agents import resolve_signer
from livetrio.exchange.chain.budget import rate_limit_view
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Perp

# What it has.


def _state(request: ClearinghouseStateInfo, ledger: Ledger, records: Records) -> Any:
    return None if request.dex else clearinghouse_state(ledger, account_of(request, ledger))


def _spot_state(request: SpotClearinghouseStateInfo, ledger: Ledger, records: Records) -> Any:
    return spot_state(ledger, account_of(request, ledger))


def _active_asset_data(request: ActiveAssetDataInfo, ledger: Ledger, records: Records) -> Any:
    perp = ledger.listing.by_coin.get(request.coin)
    if not isinstance(perp, Perp):
        return None
    return active_asset_data(ledger, account_of(request, ledger), perp)


def _web_data2(request: WebData2Info, ledger: Ledger, records: Records) -> Any:
    return web_data2(ledger, records, account_of(request, ledger))


# Money.


def _funding(request: UserFundingInfo, ledger: Ledger, records: Records) -> Any:
    found = between(account_of(request, ledger).fundings, request.start_time, request.end_time)
    return [nested_funding_view(each) for each in islice(found, MAX_ITEMS)]


def _ledger_updates(request: UserLedgerUpdatesInfo, ledger: Ledger, records: Records) -> Any:
    found = between(account_of(request, ledger).ledger, request.start_time, request.end_time)
    return [ledger_view(each) for each in islice(found, MAX_ITEMS)]


def _fees(request: UserFeesInfo, ledger: Ledger, records: Records) -> Any:
    return user_fees(ledger, records, account_of(request, ledger))


def _referral(request: ReferralInfo, ledger: Ledger, records: Records) -> Any:
    return referral(account_of(request, ledger))


def _portfolio(request: PortfolioInfo, ledger: Ledger, records: Records) -> Any:
    return portfolio(ledger, records, account_of(request, ledger))


def _vault_equities(request: UserVaultEquitiesInfo, ledger: Ledger, records: Records) -> Any:
    return vault_equities(ledger, account_of(request, ledger))


def _leading_vaults(request: LeadingVaultsInfo, ledger: Ledger, records: Records) -> Any:
    return leading_vaults(ledger, account_of(request, ledger))


def _vault(request: VaultDetailsInfo, ledger: Ledger, records: Records) -> Any:
    vault = ledger.find(request.vault_address)
    if vault is not None and vault.role is Role.VAULT:
        raise CannotAnswer(f"{SCHEMA_ERROR}: nobody knows what the vault {vault.address} has earned")
    return None


# Who it is, and what it may do.


def _role(request: UserRoleInfo, ledger: Ledger, records: Records) -> Any:
    account = account_of(request, ledger)
    if account.exists:
        return _own_role(account)
    owner = resolve_signer(ledger, account.address, records.now)
    if owner is not None:
        return {"role": "agent", "data": {"user": owner.address}}
    return {"role": "missing"}


def _own_role(account: Account) -> dict[str, Any]:
    if account.role is Role.SUB_ACCOUNT and account.master is not None:
        return {"role": account.role.value, "data": {"master": account.master.address}}
    return {"role": account.role.value}


def _extra_agents(request: ExtraAgentsInfo, ledger: Ledger, records: Records) -> Any:
    return [
        {"name": each.name, "address": each.address, "validUntil": each.valid_until}
        for each in account_of(request, ledger).agents.values()
        if each.name and each.valid_until >= records.now
    ]


def _sub_accounts(request: SubAccountsInfo, ledger: Ledger, records: Records) -> Any:
    return [
        {
            **_whose(each),
            "clearinghouseState": clearinghouse_state(ledger, each),
            "spotState": spot_state(ledger, each),
        }
        for each in account_of(request, ledger).sub_accounts
    ] or None


def _sub_accounts2(request: SubAccounts2Info, ledger: Ledger, records: Records) -> Any:
    return [
        {
            **_whose(each),
            "dexToClearinghouseState": [["", clearinghouse_state(ledger, each)]],
            "spotState": spot_state(ledger, each),
        }
        for each in account_of(request, ledger).sub_accounts
    ] or None


def _whose(sub: Account) -> dict[str, Any]:
    assert sub.master is not None, f"{sub} has no master"
    return {"name": sub.name, "subAccountUser": sub.address, "master": sub.master.address}


def _abstraction(request: UserAbstractionInfo, ledger: Ledger, records: Records) -> Any:
    return "default"


def _max_builder_fee(request: MaxBuilderFeeInfo, ledger: Ledger, records: Records) -> Any:
    return account_of(request, ledger).builder_limits.get(request.builder.lower(), 0)


def _approved_builders(request: ApprovedBuildersInfo, ledger: Ledger, records: Records) -> Any:
    return list(account_of(request, ledger).builder_limits)


def _rate_limit(request: UserRateLimitInfo, ledger: Ledger, records: Records) -> Any:
    return rate_limit_view(account_of(request, ledger))


ACCOUNT_ANSWERS: Mapping[type[InfoMessage], Answerer] = {
    ClearinghouseStateInfo: _state,
    SpotClearinghouseStateInfo: _spot_state,
    ActiveAssetDataInfo: _active_asset_data,
    WebData2Info: _web_data2,
    UserFundingInfo: _funding,
    UserLedgerUpdatesInfo: _ledger_updates,
    UserFeesInfo: _fees,
    ReferralInfo: _referral,
    PortfolioInfo: _portfolio,
    UserVaultEquitiesInfo: _vault_equities,
    LeadingVaultsInfo: _leading_vaults,
    VaultDetailsInfo: _vault,
    UserRoleInfo: _role,
    ExtraAgentsInfo: _extra_agents,
    SubAccountsInfo: _sub_accounts,
    SubAccounts2Info: _sub_accounts2,
    UserAbstractionInfo: _abstraction,
    MaxBuilderFeeInfo: _max_builder_fee,
    ApprovedBuildersInfo: _approved_builders,
    UserRateLimitInfo: _rate_limit,
}
