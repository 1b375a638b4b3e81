"""Wire: the facts of Hyperliquid's protocol that are neither ours nor the messages' shape.

It imports nothing of livetrio, so the local exchange may read it too. Each fact names its page and date;
*observed* is a third party's probe of mainnet, 2026-09-24, *captured* bytes from testnet, 2026-07-28.
"""

from __future__ import annotations

from collections.abc import Mapping

VENUE = "HYPERLIQUID"
"""The last part of our instrument ids."""

BASE_URLS: Mapping[str, str] = {
    "mainnet": "https://api.hyperliquid.xyz",
    "testnet": "https://api.hyperliquid-testnet.xyz",
}
"""Hyperliquid docs, for-developers/api, 2026-08-22."""

INFO_PATH = "/info"
"""Where questions are asked: a POST of JSON. Hyperliquid docs, info-endpoint, 2026-08-22."""

EXCHANGE_PATH = "/exchange"
"""Where signed actions are sent: a POST of JSON. Hyperliquid docs, exchange-endpoint, 2026-08-22."""

FIRST_SPOT_ASSET = 10_000
"""Orders name a pair by this and its index. Hyperliquid docs, asset-ids, 2026-08-22."""

PERP_PRICE_DECIMALS = 6
SPOT_PRICE_DECIMALS = 8
"""A price has at most this many decimals less the asset's ``szDecimals``; sizes have ``szDecimals``.
Hyperliquid docs, tick-and-lot-size, 2026-08-22."""

PRICE_FIGURES = 5
"""A price has at most this many significant figures, whole numbers excepted. The same page."""

MIN_NOTIONAL = 10
"""Least price × size of an order, in the quote currency. Hyperliquid docs, error-responses, 2026-08-22."""

BOOK_CADENCE = 5.4
FAST_BOOK_CADENCE = 0.54
"""Seconds between two ``l2Book`` frames, sent though nothing changed: 20 levels a side, or 5 with
``fast``. Observed; a recording of 2025-01-26 has 20 levels each 0.55 s, so it was faster once."""

MIDS_CADENCE = 5.0
"""Seconds between two ``allMids`` frames. Observed."""

CONTEXT_CADENCE = 1.0
"""Seconds between two ``activeAssetCtx`` frames. Observed."""

NANOSECONDS_PER_MILLISECOND = 1_000_000
"""All times on the wire are Unix milliseconds. Hyperliquid docs, notation, 2026-08-22."""

GREETING = b"Websocket connection established."
"""Not JSON: a first message that older servers sent. Python SDK 0.23.0, websocket_manager.py."""


def websocket_url(base_url: str) -> str:
    """``wss://host/ws`` for ``https://host``, as the Python SDK makes it (0.23.0, websocket_manager.py)."""
    return "ws" + base_url.removeprefix("http") + "/ws"
