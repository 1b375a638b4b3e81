"""Everything a client may say to the exchange: the schema of its WebSocket messages and info requests.

The classes are the protocol's own objects, written so that msgspec decodes straight into them: the tag is
the ``type`` (or ``method``) on the wire, fields stand in the venue's order, and defaults are those that the
venue fills in. So a decoded `Subscription`, encoded again, *is* the normalised echo of an ack
(protocol page §2.1; docs page *subscriptions*, 2026-08-22, and the live probes of
2026-09-24 quoted there), and two ways to write one subscription compare equal. Unknown keys are passed
over, as the venue does; a wrong type, an unknown ``type`` or a missing field is a
`msgspec.ValidationError`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec

Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"]
"""Candle intervals [docs: subscriptions, 2026-08-22]."""


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """The root of all of them: never changed, camelCase on the wire."""


# Subscriptions to market data (§2.4).


class MarketSubscription(Message, frozen=True, tag_field="type"):
    """A stream of public data."""

    served: ClassVar[bool] = True
    """False for types that the venue has and this exchange has not (yet)."""


class AllMids(MarketSubscription, frozen=True, tag="allMids"):
    """The mid price of every coin."""

    dex: str = ""


class Bbo(MarketSubscription, frozen=True, tag="bbo"):
    """Best bid and ask, when they change."""

    coin: str


class L2Book(MarketSubscription, frozen=True, tag="l2Book"):
    """Whole books: 20 levels slowly, or with `fast` 5 levels ten times as often."""

    coin: str
    n_sig_figs: int | None = None
    mantissa: int | None = None
    fast: bool = False


class Trades(MarketSubscription, frozen=True, tag="trades"):
    """Public trades."""

    coin: str


class Candle(MarketSubscription, frozen=True, tag="candle"):
    """The open candle, again at each change."""

    coin: str
    interval: Interval


class ActiveAssetCtx(MarketSubscription, frozen=True, tag="activeAssetCtx"):
    """Mark and oracle price, funding, open interest."""

    coin: str


class AllDexsAssetCtxs(MarketSubscription, frozen=True, tag="allDexsAssetCtxs"):
    """Not served."""

    served = False


class FastAssetCtxs(MarketSubscription, frozen=True, tag="fastAssetCtxs"):
    """Not served."""

    served = False


class OutcomeMetaUpdates(MarketSubscription, frozen=True, tag="outcomeMetaUpdates"):
    """Not served."""

    served = False


# Subscriptions to an account (§2.5): none is served before the exchange knows accounts.


class UserSubscription(Message, frozen=True, tag_field="type"):
    """What happens to one account."""

    user: str

    served: ClassVar[bool] = False


class OrderUpdates(UserSubscription, frozen=True, tag="orderUpdates"):
    """Not served."""


class UserEvents(UserSubscription, frozen=True, tag="userEvents"):
    """Not served."""


class UserFills(UserSubscription, frozen=True, tag="userFills"):
    """Not served."""

    aggregate_by_time: bool = False


class UserFundings(UserSubscription, frozen=True, tag="userFundings"):
    """Not served."""


class UserNonFundingLedgerUpdates(UserSubscription, frozen=True, tag="userNonFundingLedgerUpdates"):
    """Not served."""


class UserHistoricalOrders(UserSubscription, frozen=True, tag="userHistoricalOrders"):
    """Not served."""


class UserTwapSliceFills(UserSubscription, frozen=True, tag="userTwapSliceFills"):
    """Not served."""


class UserTwapHistory(UserSubscription, frozen=True, tag="userTwapHistory"):
    """Not served."""


class TwapStates(UserSubscription, frozen=True, tag="twapStates"):
    """Not served."""

    dex: str = ""


class ClearinghouseState(UserSubscription, frozen=True, tag="clearinghouseState"):
    """Not served."""

    dex: str = ""


class OpenOrders(UserSubscription, frozen=True, tag="openOrders"):
    """Not served."""

    dex: str = ""


class SpotState(UserSubscription, frozen=True, tag="spotState"):
    """Not served."""


class AllDexsClearinghouseState(UserSubscription, frozen=True, tag="allDexsClearinghouseState"):
    """Not served."""


class ActiveAssetData(UserSubscription, frozen=True, tag="activeAssetData"):
    """Not served."""

    coin: str


class Notification(UserSubscription, frozen=True, tag="notification"):
    """Not served."""


class WebData2(UserSubscription, frozen=True, tag="webData2"):
    """Not served."""


class WebData3(UserSubscription, frozen=True, tag="webData3"):
    """Not served."""


Subscription = (
    AllMids
    | Bbo
    | L2Book
    | Trades
    | Candle
    | ActiveAssetCtx
    | AllDexsAssetCtxs
    | FastAssetCtxs
    | OutcomeMetaUpdates
    | OrderUpdates
    | UserEvents
    | UserFills
    | UserFundings
    | UserNonFundingLedgerUpdates
    | UserHistoricalOrders
    | UserTwapSliceFills
    | UserTwapHistory
    | TwapStates
    | ClearinghouseState
    | OpenOrders
    | SpotState
    | AllDexsClearinghouseState
    | ActiveAssetData
    | Notification
    | WebData2
    | WebData3
)

# The messages themselves (§2.1, §3).


class Ping(Message, frozen=True, tag_field="method", tag="ping"):
    """Answered by a pong without data."""


class Subscribe(Message, frozen=True, tag_field="method", tag="subscribe"):
    """One subscription in each message."""

    subscription: Subscription


class Unsubscribe(Message, frozen=True, tag_field="method", tag="unsubscribe"):
    """The same object that was subscribed to."""

    subscription: Subscription


class InfoPost(Message, frozen=True, tag_field="type", tag="info"):
    """The payload is what POST /info takes."""

    payload: Any


class ActionPost(Message, frozen=True, tag_field="type", tag="action"):
    """The payload is what POST /exchange takes."""

    payload: Any


class Post(Message, frozen=True, tag_field="method", tag="post"):
    """A request over the socket; the answer carries its id."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    request: InfoPost | ActionPost


ClientMessage = Ping | Subscribe | Unsubscribe | Post

# Info requests that a recording can answer (§4.1-4.5).


class InfoMessage(Message, frozen=True, tag_field="type"):
    """The body of POST /info."""


class MetaInfo(InfoMessage, frozen=True, tag="meta"):
    """Perpetuals."""

    dex: str | None = None


class SpotMetaInfo(InfoMessage, frozen=True, tag="spotMeta"):
    """Spot pairs and their tokens."""


class AllPerpMetasInfo(InfoMessage, frozen=True, tag="allPerpMetas"):
    """Perpetuals of each dex."""


class PerpDexsInfo(InfoMessage, frozen=True, tag="perpDexs"):
    """The dexes."""


class MetaAndAssetCtxsInfo(InfoMessage, frozen=True, tag="metaAndAssetCtxs"):
    """Perpetuals with their contexts."""

    dex: str | None = None


class SpotMetaAndAssetCtxsInfo(InfoMessage, frozen=True, tag="spotMetaAndAssetCtxs"):
    """Spot pairs with their contexts."""


class AllMidsInfo(InfoMessage, frozen=True, tag="allMids"):
    """Mid prices, without the ``mids`` wrapper of the socket."""

    dex: str | None = None


class L2BookInfo(InfoMessage, frozen=True, tag="l2Book"):
    """One book."""

    coin: str
    n_sig_figs: int | None = None
    mantissa: int | None = None


class RecentTradesInfo(InfoMessage, frozen=True, tag="recentTrades"):
    """The latest public trades."""

    coin: str


class CandleRange(Message, frozen=True):
    """Which candles; both times inclusive, in milliseconds."""

    coin: str
    interval: Interval
    start_time: int
    end_time: int | None = None


class CandleSnapshotInfo(InfoMessage, frozen=True, tag="candleSnapshot"):
    """Candles, the open one last."""

    req: CandleRange


class ExchangeStatusInfo(InfoMessage, frozen=True, tag="exchangeStatus"):
    """The venue's time."""


class OutcomeMetaInfo(InfoMessage, frozen=True, tag="outcomeMeta"):
    """Outcome markets: none."""


InfoRequest = (
    MetaInfo
    | SpotMetaInfo
    | AllPerpMetasInfo
    | PerpDexsInfo
    | MetaAndAssetCtxsInfo
    | SpotMetaAndAssetCtxsInfo
    | AllMidsInfo
    | L2BookInfo
    | RecentTradesInfo
    | CandleSnapshotInfo
    | ExchangeStatusInfo
    | OutcomeMetaInfo
)


# A request to trade (§5.1).


class Signature(Message, frozen=True):
    """Of the action; not looked at while there is no trading."""

    r: str
    s: str
    v: int


class ExchangeRequest(Message, frozen=True):
    """The body of POST /exchange; what the action must hold depends on its type."""

    action: dict[str, Any]
    nonce: int
    signature: Signature


NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON; the last for nesting deeper than the stack."""
