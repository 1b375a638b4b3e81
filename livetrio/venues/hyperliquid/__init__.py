"""Hyperliquid: perpetuals and spot, market data over one public WebSocket.

General layout: `wire` states the facts of the protocol, `messages` the shape of its JSON, `numbers` and
`shape` read its texts as numbers, `instruments` knows what is listed, `encode` and `decode` translate,
`config` holds the settings, and `venue` joins them into what the engine sees.
"""

from livetrio.venues.hyperliquid.config import HyperliquidConfig as HyperliquidConfig
from livetrio.venues.hyperliquid.venue import HyperliquidVenue as HyperliquidVenue

__all__ = ["HyperliquidConfig", "HyperliquidVenue"]
