"""Hyperliquid: perpetuals and spot, market data over one public WebSocket, orders over another.

General layout: `wire` states the facts of the protocol, `messages` the shape of its JSON, `numbers` and
`shape` read its texts as numbers, `instruments` knows what is listed, `encode` and `decode` translate,
`config` holds the settings, and `venue` joins them into what the engine sees.

With an account there is `trading`. On the way out, `order_rules` says which orders the venue knows, `ids`
how they are called there, `actions` how they are written, `batches` which of them leave together, `signing`
what of them is signed (by one of the `signers`, with `keys`, `keccak` and `nonces`), and `budget` when they
may leave (by `buckets`). On the way back, `replies` reads the answers and `refusals` the texts in them,
`account_decode` the stream's news, `questions` and `identity` what was asked (over `info`);
`account_messages` has the shape of it all, and `account_reports` and `statuses` put it into our words.
"""

from livetrio.venues.hyperliquid.config import HyperliquidConfig as HyperliquidConfig
from livetrio.venues.hyperliquid.venue import HyperliquidVenue as HyperliquidVenue

__all__ = ["HyperliquidConfig", "HyperliquidVenue"]
