"""AccountMessages: the shape of what Hyperliquid says of an account, over its stream and over HTTP.

As in `messages`, only the fields we use are named. Shapes: Hyperliquid docs, websocket/subscriptions,
websocket/post-requests and info-endpoint, 2026-08-22, where live captures of 2026-07 do not contradict them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from livetrio.venues.hyperliquid.messages import Coin, Milliseconds, Number, PongFrame

OrderNumber = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""An order's id: more than 32 bits."""
TradeNumber = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Word = Annotated[str, Meta(max_length=100)]
"""A word of the venue's, such as an order's status."""
Side = Literal["A", "B"]
"""Sell or buy; always ours."""


# ------------------------------------------------------------------ orders, fills and payments


class WireOrder(Struct):
    """An order. The stream tells the first eight fields; questions are answered with the others as well."""

    coin: Coin
    side: Side
    limitPx: Number
    sz: Number
    """What is open of it; of an ended order, what was not filled."""
    oid: OrderNumber
    timestamp: Milliseconds
    """When it was made."""
    origSz: Number | None = None
    cloid: Word | None = None
    reduceOnly: bool | None = None
    """The stream says it only where it is true."""
    orderType: Word | None = None
    tif: Word | None = None
    isTrigger: bool | None = None
    triggerPx: Number | None = None


class WireOrderUpdate(Struct):
    """How an order stands now."""

    order: WireOrder
    status: Word
    statusTimestamp: Milliseconds


class WireLiquidation(Struct):
    """Of a fill that is part of one: also of the other side's, who only traded."""

    method: Word
    markPx: Number
    liquidatedUser: Word | None = None


class WireFill(Struct):
    """One trade of ours."""

    coin: Coin
    px: Number
    sz: Number
    side: Side
    time: Milliseconds
    startPosition: Number
    dir: Word
    """A label for people."""
    closedPnl: Number
    oid: OrderNumber
    crossed: bool
    """Whether ours was the order that took."""
    fee: Number
    """All of it, a builder's included; below zero where it was a rebate."""
    tid: TradeNumber
    feeToken: Word
    cloid: Word | None = None
    liquidation: WireLiquidation | None = None


class FundingDelta(Struct):
    """What was paid of funding; ``usdc`` is below zero where it was paid."""

    coin: Coin
    usdc: Number
    szi: Number
    fundingRate: Number
    nSamples: int | None = None
    """Of how many hours it is the sum; None: of one."""


class WireFunding(FundingDelta, kw_only=True):
    """One payment, as the stream tells it."""

    time: Milliseconds


class FundingEntry(Struct):
    """One payment, as a question is answered: nested, where the stream is flat."""

    time: Milliseconds
    delta: FundingDelta


# ------------------------------------------------------------------ frames of the account's stream


class OrderUpdatesFrame(Struct, tag_field="channel", tag="orderUpdates"):
    """A bare array, of one block."""

    data: tuple[WireOrderUpdate, ...]


class WireFills(Struct):
    """Fills; the first frame after a subscription is marked and repeats the latest, up to 2000."""

    fills: tuple[WireFill, ...]
    isSnapshot: bool = False
    """Missing in live frames, though the docs promise it (captured 2026-07-25)."""


class FillsFrame(Struct, tag_field="channel", tag="userFills"):
    """The answer to ``userFills``."""

    data: WireFills


class WireFundings(Struct):
    """Payments; the first frame after a subscription is marked and repeats the latest."""

    fundings: tuple[WireFunding, ...]
    isSnapshot: bool = False


class FundingsFrame(Struct, tag_field="channel", tag="userFundings"):
    """The answer to ``userFundings``."""

    data: WireFundings


class WireLiquidated(Struct):
    """Somebody was liquidated: we, or somebody whose position we took over."""

    liquidated_user: Word
    liquidated_ntl_pos: Number
    liquidated_account_value: Number


class WireUserEvent(Struct):
    """One of several kinds; the others are told by the other subscriptions too, and better."""

    liquidation: WireLiquidated | None = None


class UserEventFrame(Struct, tag_field="channel", tag="user"):
    """The answer to ``userEvents``."""

    data: WireUserEvent


class WireResponse(Struct):
    """The answer to a posted request: ``payload`` is the body that HTTP would have had, or a text."""

    type: Word
    payload: Raw


class WirePost(Struct):
    """A posted request's answer, with its id."""

    id: OrderNumber
    response: WireResponse


class PostFrame(Struct, tag_field="channel", tag="post"):
    """The answer to a posted request."""

    data: WirePost


class UserSubscription(Struct):
    """A subscription to news of an account, as it is echoed."""

    type: Word
    user: Word | None = None


class UserRequest(Struct):
    """A request of ours, echoed."""

    method: Literal["subscribe", "unsubscribe"]
    subscription: UserSubscription


class UserResponseFrame(Struct, tag_field="channel", tag="subscriptionResponse"):
    """The venue has taken or ended a subscription. It precedes the first data (observed 2026-09-24)."""

    data: UserRequest


class AccountErrorFrame(Struct, tag_field="channel", tag="error"):
    """A refusal in words; the socket stays open."""

    data: str


AccountFrame = (
    OrderUpdatesFrame
    | FillsFrame
    | FundingsFrame
    | UserEventFrame
    | PostFrame
    | UserResponseFrame
    | AccountErrorFrame
    | PongFrame
)
"""Every frame of the account's stream that we understand."""


# ------------------------------------------------------------------ answers to /info


class OrderAnswer(Struct):
    """The answer to ``orderStatus``."""

    status: Word
    """``order``, or ``unknownOid``."""
    order: WireOrderUpdate | None = None


class MarginSummary(Struct):
    """Margin money."""

    accountValue: Number
    totalMarginUsed: Number


class WirePosition(Struct):
    """A position; ``szi`` is negative short."""

    coin: Coin
    szi: Number
    positionValue: Number
    unrealizedPnl: Number
    entryPx: Number | None = None
    liquidationPx: Number | None = None


class AssetPosition(Struct):
    """A position, in a wrapper that says how it is kept."""

    position: WirePosition


class MarginState(Struct):
    """The answer to ``clearinghouseState``. Coins of which nothing is held are absent."""

    marginSummary: MarginSummary
    withdrawable: Number
    assetPositions: tuple[AssetPosition, ...]
    time: Milliseconds


class SpotBalance(Struct):
    """What there is of one token."""

    coin: Coin
    total: Number
    hold: Number
    """The part that open orders hold."""


class SpotState(Struct):
    """The answer to ``spotClearinghouseState``."""

    balances: tuple[SpotBalance, ...]


class RoleOwner(Struct):
    """Whose an agent or a sub-account is."""

    user: Word | None = None
    master: Word | None = None


class Role(Struct):
    """The answer to ``userRole``."""

    role: Word
    """``user``, ``agent``, ``vault``, ``subAccount`` or ``missing``."""
    data: RoleOwner | None = None


class Agent(Struct):
    """One entry of the answer to ``extraAgents``."""

    address: Word
    name: Word = ""
    validUntil: Milliseconds | None = None


class ExchangeStatus(Struct):
    """The answer to ``exchangeStatus``."""

    time: Milliseconds


class RateLimit(Struct):
    """The answer to ``userRateLimit``."""

    nRequestsUsed: Annotated[int, Meta(ge=0)]
    nRequestsCap: Annotated[int, Meta(ge=0)]
