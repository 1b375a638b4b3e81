"""Messages: the shape of Hyperliquid's JSON, for msgspec to decode straight into.

Only the fields we use are named; msgspec passes over the others, which is both faster and kinder to a
venue that adds some. Each frame is ``{"channel": …, "data": …}`` and ``channel`` is the tag by which
msgspec finds the class, wherever in the frame it stands: measured, that costs no more than a decoder for
each channel and a look at the first bytes (a trade 0.89 µs against 0.84 µs).

Shapes: Hyperliquid docs, websocket/subscriptions and info-endpoint/{perpetuals,spot}, 2026-08-22, where
live captures of 2026-07-28 do not contradict them. Structs are ``gc=False``: they hold no cycles, and a
book is forty of them that the collector need not visit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from livetrio.model.book import BookLevel
from livetrio.venues.hyperliquid.numbers import MAX_DIGITS

Number = Annotated[str, Meta(max_length=MAX_DIGITS)]
"""A decimal number as text, not yet checked to be one."""
Coin = Annotated[str, Meta(min_length=1, max_length=64)]
Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
"""Unix time up to the end of the year 9999."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Ids and counts; the trade id is "a 50-bit hash" (websocket/subscriptions)."""


# ------------------------------------------------------------------ frames


class WireTrade(Struct, gc=False):
    """One public trade; ``side`` is the aggressor's."""

    coin: Coin
    side: Literal["A", "B"]
    px: Number
    sz: Number
    time: Milliseconds
    tid: Count


class TradesFrame(Struct, gc=False, tag_field="channel", tag="trades"):
    """Trades, oldest first. The docs' array is bare: it says for which coin only by its entries."""

    data: tuple[WireTrade, ...]


class Level(Struct, gc=False):
    """All resting orders at one price; a `livetrio.model.WireLevel`."""

    px: Number
    sz: Number
    n: Count

    def level(self) -> BookLevel:
        """The level in our words. The decoder has seen to it that both texts are numbers."""
        return BookLevel(Decimal(self.px), Decimal(self.sz), self.n)


class WireQuote(Struct, gc=False):
    """Best bid, best ask; null where nobody quotes."""

    coin: Coin
    time: Milliseconds
    bbo: tuple[Level | None, Level | None]


class QuoteFrame(Struct, gc=False, tag_field="channel", tag="bbo"):
    """Sent when best bid or ask changed in a block."""

    data: WireQuote


class WireBook(Struct, gc=False):
    """Bids from the highest, asks from the lowest."""

    coin: Coin
    time: Milliseconds
    levels: tuple[tuple[Level, ...], tuple[Level, ...]]


class BookFrame(Struct, gc=False, tag_field="channel", tag="l2Book"):
    """A whole book; it replaces the last."""

    data: WireBook


class WireCandle(Struct, gc=False):
    """A candle as it stands; ``T`` is its last millisecond, ``s`` its coin."""

    t: Milliseconds
    T: Milliseconds
    s: Coin
    i: Annotated[str, Meta(max_length=8)]
    o: Number
    c: Number
    h: Number
    l: Number  # noqa: E741  the venue's name
    v: Number
    n: Count


class CandleFrame(Struct, gc=False, tag_field="channel", tag="candle"):
    """A single object, though the docs say array (Python SDK 0.23.0 and live frames)."""

    data: WireCandle


class PerpContext(Struct, gc=False):
    """What the venue derives for a perpetual. ``funding`` is the rate of the current hour."""

    markPx: Number
    oraclePx: Number
    funding: Number
    openInterest: Number
    dayNtlVlm: Number
    prevDayPx: Number
    midPx: Number | None = None


class SpotContext(Struct, gc=False):
    """What the venue derives for a spot pair."""

    markPx: Number
    dayNtlVlm: Number
    prevDayPx: Number
    midPx: Number | None = None


class WirePerpContext(Struct, gc=False):
    """A perpetual's context and whose it is."""

    coin: Coin
    ctx: PerpContext


class WireSpotContext(Struct, gc=False):
    """A spot pair's context and whose it is."""

    coin: Coin
    ctx: SpotContext


class PerpContextFrame(Struct, gc=False, tag_field="channel", tag="activeAssetCtx"):
    """The answer to ``activeAssetCtx`` of a perpetual."""

    data: WirePerpContext


class SpotContextFrame(Struct, gc=False, tag_field="channel", tag="activeSpotAssetCtx"):
    """The answer to ``activeAssetCtx`` of a spot pair."""

    data: WireSpotContext


class WireMids(Struct, gc=False):
    """Mid prices by coin."""

    mids: dict[str, Number]


class MidsFrame(Struct, gc=False, tag_field="channel", tag="allMids"):
    """Mid prices of all that is listed."""

    data: WireMids


class Subscription(Struct, gc=False):
    """What is subscribed to; the venue's echo fills in defaults, so only these are compared."""

    type: str
    coin: str | None = None
    interval: str | None = None


class Request(Struct, gc=False):
    """A request of ours, echoed."""

    method: Literal["subscribe", "unsubscribe"]
    subscription: Subscription


class ResponseFrame(Struct, gc=False, tag_field="channel", tag="subscriptionResponse"):
    """The venue has taken or ended a subscription. It precedes the first data (observed 2026-09-24)."""

    data: Request


class ErrorFrame(Struct, gc=False, tag_field="channel", tag="error"):
    """A refusal in words; the socket stays open."""

    data: str


class PongFrame(Struct, gc=False, tag_field="channel", tag="pong"):
    """The answer to our ping; it has no ``data``."""


Frame = (
    TradesFrame
    | QuoteFrame
    | BookFrame
    | CandleFrame
    | PerpContextFrame
    | SpotContextFrame
    | MidsFrame
    | ResponseFrame
    | ErrorFrame
    | PongFrame
)
"""Every frame we understand."""


# ------------------------------------------------------------------ answers to /info

Name = Annotated[str, Meta(min_length=1, max_length=64)]


class PerpEntry(Struct):
    """One perpetual of ``meta``."""

    name: Name
    szDecimals: Annotated[int, Meta(ge=0, le=6)]
    maxLeverage: Annotated[int, Meta(ge=1)] | None = None
    isDelisted: bool = False


class PerpMeta(Struct):
    """The answer to ``meta``."""

    universe: list[PerpEntry]


class TokenEntry(Struct):
    """One token of ``spotMeta``."""

    name: Annotated[str, Meta(max_length=64)]
    szDecimals: Annotated[int, Meta(ge=0, le=8)]
    index: int


class PairEntry(Struct):
    """One pair of ``spotMeta``; ``tokens`` are base and quote by the tokens' ``index`` field."""

    name: Name
    tokens: tuple[int, int]
    index: int


class SpotMeta(Struct):
    """The answer to ``spotMeta``."""

    universe: list[PairEntry]
    tokens: list[TokenEntry]
