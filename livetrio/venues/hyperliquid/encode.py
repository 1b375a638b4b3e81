"""Encode: our feeds as the venue's subscriptions.

Hyperliquid docs, websocket and websocket/subscriptions, 2026-08-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from livetrio.model import Feed, FeedKind

SUBSCRIPTION_TYPES: Mapping[FeedKind, str] = {
    FeedKind.QUOTES: "bbo",
    FeedKind.TRADES: "trades",
    FeedKind.BOOK: "l2Book",
    FeedKind.BARS: "candle",
    FeedKind.CONTEXT: "activeAssetCtx",
    FeedKind.MIDS: "allMids",
}
"""The venue's name for each kind of feed."""

PING = b'{"method":"ping"}'
"""Makes the server send something: it drops a socket to which it has sent nothing for 60 s
(websocket/timeouts-and-heartbeats)."""


def request(
    method: Literal["subscribe", "unsubscribe"], feed: Feed, coin: str | None, *, fast_books: bool
) -> bytes:
    """The message that asks for a feed, or ends it; the two name it by the same object."""
    subscription: dict[str, Any] = {"type": SUBSCRIPTION_TYPES[feed.kind]}
    if coin is not None:
        subscription["coin"] = coin
    if feed.kind is FeedKind.BARS:
        subscription["interval"] = feed.interval
    if feed.kind is FeedKind.BOOK and fast_books:
        subscription["fast"] = True
    return msgspec.json.encode({"method": method, "subscription": subscription})
