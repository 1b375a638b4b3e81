"""What may be asked about one account (§4.6-4.17). Whoever knows an address may ask."""

from __future__ import annotations

from typing import Annotated

import msgspec

from livetrio.exchange.api.requests import InfoMessage, Time

Address = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{40}\Z")]
"""In any case: the venue's own client sends checksummed ones (§8.1)."""

Oid = Annotated[int, msgspec.Meta(ge=0)]

Cloid = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{32}\Z")]


class UserMessage(InfoMessage, frozen=True):
    """About one account. An address that has none is answered as an empty one."""

    user: Address


class UserDexMessage(UserMessage, frozen=True):
    """What an account has in each dex."""

    dex: str | None = None


class UserTimeMessage(UserMessage, frozen=True, kw_only=True):
    """What happened to it in a time, both ends included."""

    start_time: Time
    end_time: Time | None = None


# Orders.


class OpenOrdersInfo(UserDexMessage, frozen=True, tag="openOrders"):
    """Live orders."""


class FrontendOpenOrdersInfo(UserDexMessage, frozen=True, tag="frontendOpenOrders"):
    """The same in full."""


class OrderStatusInfo(UserMessage, frozen=True, tag="orderStatus"):
    """What became of one order."""

    oid: Oid | Cloid


class HistoricalOrdersInfo(UserMessage, frozen=True, tag="historicalOrders"):
    """What became of all."""


# Fills.


class UserFillsInfo(UserMessage, frozen=True, tag="userFills"):
    """The latest ones."""

    aggregate_by_time: bool | None = None


class UserFillsByTimeInfo(UserTimeMessage, frozen=True, tag="userFillsByTime"):
    """Those of a time."""

    aggregate_by_time: bool | None = None
    reversed: bool | None = None


# States.


class ClearinghouseStateInfo(UserDexMessage, frozen=True, tag="clearinghouseState"):
    """Positions and margin."""


class SpotClearinghouseStateInfo(UserMessage, frozen=True, tag="spotClearinghouseState"):
    """Spot balances."""


class ActiveAssetDataInfo(UserMessage, frozen=True, tag="activeAssetData"):
    """How it trades one perpetual."""

    coin: str


class WebData2Info(UserMessage, frozen=True, tag="webData2"):
    """What the venue's old website showed."""


# Money.


class UserMoneyMessage(UserMessage, frozen=True):
    """What happened to its money; unlike elsewhere, the start may be left out (§4.13)."""

    start_time: Time | None = None
    end_time: Time | None = None


class UserFundingInfo(UserMoneyMessage, frozen=True, tag="userFunding"):
    """What its positions paid or got."""


class UserLedgerUpdatesInfo(UserMoneyMessage, frozen=True, tag="userNonFundingLedgerUpdates"):
    """Money that came, went or moved."""


class UserFeesInfo(UserMessage, frozen=True, tag="userFees"):
    """What it pays for trading."""


class ReferralInfo(UserMessage, frozen=True, tag="referral"):
    """Who brought it here, and whom it brought."""


class PortfolioInfo(UserMessage, frozen=True, tag="portfolio"):
    """What it is worth."""


class UserVaultEquitiesInfo(UserMessage, frozen=True, tag="userVaultEquities"):
    """What it has in vaults."""


class LeadingVaultsInfo(UserMessage, frozen=True, tag="leadingVaults"):
    """The vaults that it leads."""


class VaultDetailsInfo(InfoMessage, frozen=True, tag="vaultDetails"):
    """What a vault is, and how it did."""

    vault_address: Address
    user: Address | None = None


# Who it is, and what it may do.


class UserRoleInfo(UserMessage, frozen=True, tag="userRole"):
    """What an address is."""


class ExtraAgentsInfo(UserMessage, frozen=True, tag="extraAgents"):
    """Its agents that have names."""


class SubAccountsInfo(UserMessage, frozen=True, tag="subAccounts"):
    """The accounts below it."""


class SubAccounts2Info(UserMessage, frozen=True, tag="subAccounts2"):
    """The same, with the states of each dex."""


class UserAbstractionInfo(UserMessage, frozen=True, tag="userAbstraction"):
    """In how far its balances are one: they are not."""


class MaxBuilderFeeInfo(UserMessage, frozen=True, tag="maxBuilderFee"):
    """How much a builder may take."""

    builder: Address


class ApprovedBuildersInfo(UserMessage, frozen=True, tag="approvedBuilders"):
    """Who may take a fee."""


class UserRateLimitInfo(UserMessage, frozen=True, tag="userRateLimit"):
    """How many actions it may still send."""


UserRequest = (
    OpenOrdersInfo
    | FrontendOpenOrdersInfo
    | OrderStatusInfo
    | HistoricalOrdersInfo
    | UserFillsInfo
    | UserFillsByTimeInfo
    | ClearinghouseStateInfo
    | SpotClearinghouseStateInfo
    | ActiveAssetDataInfo
    | WebData2Info
    | UserFundingInfo
    | UserLedgerUpdatesInfo
    | UserFeesInfo
    | ReferralInfo
    | PortfolioInfo
    | UserVaultEquitiesInfo
    | LeadingVaultsInfo
    | VaultDetailsInfo
    | UserRoleInfo
    | ExtraAgentsInfo
    | SubAccountsInfo
    | SubAccounts2Info
    | UserAbstractionInfo
    | MaxBuilderFeeInfo
    | ApprovedBuildersInfo
    | UserRateLimitInfo
)
