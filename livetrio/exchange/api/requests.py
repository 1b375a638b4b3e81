"""Everything that may be asked by POST /info, or by an info post, as far as this exchange knows the answer.

As in `subscriptions`, the classes are the protocol's own objects: the tag is the ``type`` on the wire,
unknown keys are passed over, and a wrong type, an unknown ``type`` or a missing field is refused. Here is
what concerns everybody (§4.1-4.5); `user_requests` has what concerns one account.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from livetrio.exchange.api.subscriptions import Interval, Message

Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""ms."""

SCHEMA_ERROR = "Failed to deserialize the JSON body into the target type"
"""The venue's text for a body that does not fit (§1.5)."""


class CannotAnswer(Exception):
    """A request that is no info request, or one that the exchange has no facts for: HTTP 422."""


class InfoMessage(Message, frozen=True, tag_field="type"):
    """The body of POST /info."""


class DexMessage(InfoMessage, frozen=True):
    """What there is one of for each dex. There is one dex here, whose name is empty."""

    dex: str | None = None


# Universes.


class MetaInfo(DexMessage, frozen=True, tag="meta"):
    """Perpetuals."""


class AllPerpMetasInfo(InfoMessage, frozen=True, tag="allPerpMetas"):
    """Perpetuals of each dex."""


class PerpDexsInfo(InfoMessage, frozen=True, tag="perpDexs"):
    """The dexes."""


class SpotMetaInfo(InfoMessage, frozen=True, tag="spotMeta"):
    """Spot pairs and their tokens."""


class MarginTableInfo(InfoMessage, frozen=True, tag="marginTable"):
    """How much leverage is allowed at which size."""

    id: int


class PerpDexStatusInfo(DexMessage, frozen=True, tag="perpDexStatus"):
    """How much money there is on a dex."""


# Contexts and prices.


class MetaAndAssetCtxsInfo(DexMessage, frozen=True, tag="metaAndAssetCtxs"):
    """Perpetuals with their contexts."""


class SpotMetaAndAssetCtxsInfo(InfoMessage, frozen=True, tag="spotMetaAndAssetCtxs"):
    """Spot pairs with their contexts."""


class AllMidsInfo(DexMessage, frozen=True, tag="allMids"):
    """Mid prices, without the ``mids`` wrapper of the socket."""


class L2BookInfo(InfoMessage, frozen=True, tag="l2Book"):
    """One book."""

    coin: str
    n_sig_figs: int | None = None
    mantissa: int | None = None


class RecentTradesInfo(InfoMessage, frozen=True, tag="recentTrades"):
    """The latest public trades."""

    coin: str


# History.


class CandleRange(Message, frozen=True):
    """Which candles; both times inclusive, in milliseconds."""

    coin: str
    interval: Interval
    start_time: Time
    end_time: Time | None = None


class CandleSnapshotInfo(InfoMessage, frozen=True, tag="candleSnapshot"):
    """Candles, the open one last."""

    req: CandleRange


class FundingHistoryInfo(InfoMessage, frozen=True, tag="fundingHistory"):
    """What was paid each hour."""

    coin: str
    start_time: Time
    end_time: Time | None = None


class PredictedFundingsInfo(InfoMessage, frozen=True, tag="predictedFundings"):
    """What would be paid for this hour."""


class ExchangeStatusInfo(InfoMessage, frozen=True, tag="exchangeStatus"):
    """The venue's time."""


PublicRequest = (
    MetaInfo
    | AllPerpMetasInfo
    | PerpDexsInfo
    | SpotMetaInfo
    | MarginTableInfo
    | PerpDexStatusInfo
    | MetaAndAssetCtxsInfo
    | SpotMetaAndAssetCtxsInfo
    | AllMidsInfo
    | L2BookInfo
    | RecentTradesInfo
    | CandleSnapshotInfo
    | FundingHistoryInfo
    | PredictedFundingsInfo
    | ExchangeStatusInfo
)
