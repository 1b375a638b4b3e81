"""Frames of the venue, made up, for the tests of recordings and replays."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from livetrio.exchange.market.recording import Recording

REAL_RECORDING = Path(__file__).resolve().parents[4] / "shared/data/hyperliquid_btc_20250126.gz"

MINUTE = Path(__file__).resolve().parents[1] / "data/minute.gz"
"""A minute of an invented market: BTC, ETH, SOL and PURR/USDC on every channel there is."""

BEGAN = 1_700_000_000_000_000_000
BEGAN_MS = BEGAN // 1_000_000

_tids = itertools.count(1)


def frame(channel, data):
    return json.dumps({"channel": channel, "data": data}, separators=(",", ":"))


def level(px, sz="1.5", n=1):
    return {"px": str(px), "sz": str(sz), "n": n}


def bbo(bid=("100.0", "1.5"), ask=("101.0", "1.5"), coin="BTC", time=BEGAN_MS):
    return frame("bbo", {"coin": coin, "time": time, "bbo": [each and level(*each) for each in (bid, ask)]})


def book(bids=(("100.0", "1.5"),), asks=(("101.0", "1.5"),), coin="BTC", time=BEGAN_MS, fast=False):
    data = {"coin": coin, "time": time, "levels": [[level(*each) for each in side] for side in (bids, asks)]}
    return frame("l2Book", data | {"fast": True} if fast else data)


def trade(px="101.0", sz="0.25", side="B", coin="BTC", time=BEGAN_MS, tid=None):
    return {
        "coin": coin, "side": side, "px": str(px), "sz": str(sz), "time": time, "hash": "0x" + "0" * 64,
        "tid": next(_tids) if tid is None else tid, "users": ["0x" + "1" * 40, "0x" + "2" * 40],
    }  # fmt: skip


def trades(*entries):
    return frame("trades", list(entries))


def candle(coin="BTC", interval="1m", t=BEGAN_MS):
    data = {"t": t, "T": t + 59_999, "s": coin, "i": interval}
    return frame("candle", data | {"o": "100.0", "c": "101.0", "h": "102.0", "l": "99.0", "v": "2.5", "n": 3})


def context(coin="BTC", **prices):
    channel = "activeSpotAssetCtx" if "/" in coin or coin.startswith("@") else "activeAssetCtx"
    return frame(channel, {"coin": coin, "ctx": prices or {"markPx": "100.5"}})


def recording(*frames):
    """Frames given as (seconds after the beginning, text)."""
    return Recording((BEGAN + round(at * 1e9), text) for at, text in frames)
