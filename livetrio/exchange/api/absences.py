"""Absences: what may be asked for that the venue has and this exchange has not, and how that is answered.

Vaults that others put money into, staking, TWAP orders, outcomes, annotations, limits of other dexes: there
are none, and empty is the truth. The shapes are those of a public client's schemas, which its authors check
against live servers (nktkas/hyperliquid, 2026-08-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livetrio.exchange.api.requests import DexMessage, InfoMessage
from livetrio.exchange.api.user_requests import UserMessage, UserTimeMessage

# Markets.


class OutcomeMetaInfo(InfoMessage, frozen=True, tag="outcomeMeta"):
    """Outcome markets."""


class SettledOutcomeInfo(InfoMessage, frozen=True, tag="settledOutcome"):
    """How one of them ended."""

    outcome: int


class PerpAnnotationInfo(InfoMessage, frozen=True, tag="perpAnnotation"):
    """What is written beside a perpetual."""

    coin: str


class PerpCategoriesInfo(InfoMessage, frozen=True, tag="perpCategories"):
    """What kinds of perpetuals there are."""


class PerpConciseAnnotationsInfo(InfoMessage, frozen=True, tag="perpConciseAnnotations"):
    """What is written beside all of them, in short."""


class PerpDexLimitsInfo(DexMessage, frozen=True, tag="perpDexLimits"):
    """How large positions on another dex may be."""


class PerpsAtOpenInterestCapInfo(DexMessage, frozen=True, tag="perpsAtOpenInterestCap"):
    """Perpetuals of which nobody may open more."""


class MaxMarketOrderNtlsInfo(InfoMessage, frozen=True, tag="maxMarketOrderNtls"):
    """How large market orders may be, by leverage: there is no limit."""


class LiquidatableInfo(InfoMessage, frozen=True, tag="liquidatable"):
    """Who should be liquidated and is not yet: that is done in the block in which it must be."""


class VaultSummariesInfo(InfoMessage, frozen=True, tag="vaultSummaries"):
    """Vaults that are open to everybody."""


# Accounts.


class TwapHistoryInfo(UserMessage, frozen=True, tag="twapHistory"):
    """TWAP orders."""


class UserTwapHistoryInfo(UserMessage, frozen=True, tag="userTwapHistory"):
    """The same under the name that they have on the socket."""


class UserTwapSliceFillsInfo(UserMessage, frozen=True, tag="userTwapSliceFills"):
    """Their fills."""


class UserTwapSliceFillsByTimeInfo(UserTimeMessage, frozen=True, tag="userTwapSliceFillsByTime"):
    """Those of a time."""


class DelegationsInfo(UserMessage, frozen=True, tag="delegations"):
    """What it has staked."""


class DelegatorSummaryInfo(UserMessage, frozen=True, tag="delegatorSummary"):
    """The same in sum."""


class DelegatorHistoryInfo(UserMessage, frozen=True, tag="delegatorHistory"):
    """What it did about that."""


class DelegatorRewardsInfo(UserMessage, frozen=True, tag="delegatorRewards"):
    """What it earned by it."""


class UserToMultiSigSignersInfo(UserMessage, frozen=True, tag="userToMultiSigSigners"):
    """Who must sign together for it."""


class UserDexAbstractionInfo(UserMessage, frozen=True, tag="userDexAbstraction"):
    """Whether money moves between dexes by itself."""


AbsentRequest = (
    OutcomeMetaInfo
    | SettledOutcomeInfo
    | PerpAnnotationInfo
    | PerpCategoriesInfo
    | PerpConciseAnnotationsInfo
    | PerpDexLimitsInfo
    | PerpsAtOpenInterestCapInfo
    | MaxMarketOrderNtlsInfo
    | LiquidatableInfo
    | VaultSummariesInfo
    | TwapHistoryInfo
    | UserTwapHistoryInfo
    | UserTwapSliceFillsInfo
    | UserTwapSliceFillsByTimeInfo
    | DelegationsInfo
    | DelegatorSummaryInfo
    | DelegatorHistoryInfo
    | DelegatorRewardsInfo
    | UserToMultiSigSignersInfo
    | UserDexAbstractionInfo
)

NO_STAKE: Mapping[str, Any] = {
    "delegated": "0.0",
    "undelegated": "0.0",
    "totalPendingWithdrawal": "0.0",
    "nPendingWithdrawals": 0,
}

ABSENCES: Mapping[type, Any] = {
    OutcomeMetaInfo: {"outcomes": [], "questions": []},
    SettledOutcomeInfo: None,
    PerpAnnotationInfo: None,
    PerpCategoriesInfo: [],
    PerpConciseAnnotationsInfo: [],
    PerpDexLimitsInfo: None,
    PerpsAtOpenInterestCapInfo: [],
    MaxMarketOrderNtlsInfo: [],
    LiquidatableInfo: [],
    VaultSummariesInfo: [],
    TwapHistoryInfo: [],
    UserTwapHistoryInfo: [],
    UserTwapSliceFillsInfo: [],
    UserTwapSliceFillsByTimeInfo: [],
    DelegationsInfo: [],
    DelegatorSummaryInfo: NO_STAKE,
    DelegatorHistoryInfo: [],
    DelegatorRewardsInfo: [],
    UserToMultiSigSignersInfo: None,
    UserDexAbstractionInfo: False,
}
"""What each is answered with."""
