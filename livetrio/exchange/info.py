"""Answers to info requests, from a recording at the place where a playback stands.

Only what a recording can answer truly is answered; everything else is refused as the venue refuses what
its schema does not know, HTTP 422. What is invented is the frame around the truth and is marked so:
leverage limits, token ids and the index of a pair are not in any recording.

The protocol page's §4.1-4.5 have the shapes (docs pages *info endpoint*, *perpetuals*, *spot*, 2026-08-22).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from livetrio.clock import Clock
from livetrio.exchange.messages import (
    AllMidsInfo,
    AllPerpMetasInfo,
    CandleSnapshotInfo,
    ExchangeStatusInfo,
    InfoRequest,
    L2BookInfo,
    MetaAndAssetCtxsInfo,
    MetaInfo,
    OutcomeMetaInfo,
    PerpDexsInfo,
    RecentTradesInfo,
    SpotMetaAndAssetCtxsInfo,
    SpotMetaInfo,
)
from livetrio.exchange.recording import StreamKey
from livetrio.exchange.replay import Playback

SCHEMA_ERROR = "Failed to deserialize the JSON body into the target type"
"""The venue's text for a body that does not fit (§1.5)."""

MAX_LEVERAGE = 20
"""Invented, for every perpetual. Below 50 it is at the same time the id of its margin table (§4.1)."""

RECENT_TRADES = 30
"""How many trades are recent: the length of the replay on subscribing (§2.3)."""

MAX_CANDLES = 5000
"""The most that one request returns (§4.5)."""

USDC = {
    "name": "USDC",
    "szDecimals": 8,
    "weiDecimals": 8,
    "index": 0,
    "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True,
    "evmContract": None,
    "fullName": None,
    "deployerTradingFeeShare": "0.0",
}
"""As the venue has it (§4.4)."""


class CannotAnswer(Exception):
    """A request that is no info request, or that the recording does not know the answer to: HTTP 422."""


def read_info_request(payload: Any) -> InfoRequest:
    """Read the decoded body of an info request.

    Raises:
      CannotAnswer: it is none of those that a recording can answer.
    """
    try:
        request: InfoRequest = msgspec.convert(payload, InfoRequest)
    except (msgspec.ValidationError, RecursionError):
        raise CannotAnswer(SCHEMA_ERROR) from None
    return request


def answer_info(request: InfoRequest, playback: Playback, clock: Clock) -> Any:
    """The answer to an info request, ready to be encoded.

    Raises:
      CannotAnswer: the recording does not know.
    """
    return _ANSWERS[type(request)](request, playback, clock)


def is_spot(coin: str) -> bool:
    """Whether a coin names a spot pair, ``PURR/USDC`` or ``@107`` (§4)."""
    return "/" in coin or coin.startswith("@")


def _perps(playback: Playback) -> list[str]:
    """Perpetuals of the default dex; ``dex:NAME`` and ``#outcome`` coins are in no meta here."""
    return [
        coin
        for coin in playback.recording.coins
        if not is_spot(coin) and ":" not in coin and not coin.startswith("#")
    ]


def _spots(playback: Playback) -> list[str]:
    return [coin for coin in playback.recording.coins if is_spot(coin)]


# Universes.


def _meta(request: MetaInfo, playback: Playback, clock: Clock) -> Any:
    if request.dex:
        return None
    decimals = playback.recording.sz_decimals
    return {
        "universe": [
            {
                "szDecimals": decimals[coin],
                "name": coin,
                "maxLeverage": MAX_LEVERAGE,
                "marginTableId": MAX_LEVERAGE,
            }
            for coin in _perps(playback)
        ],
        "marginTables": [
            [
                MAX_LEVERAGE,
                {
                    "description": "",
                    "marginTiers": [{"lowerBound": "0.0", "maxLeverage": MAX_LEVERAGE}],
                },
            ]
        ],
        "collateralToken": 0,
    }


def _all_perp_metas(request: AllPerpMetasInfo, playback: Playback, clock: Clock) -> Any:
    return [_meta(MetaInfo(), playback, clock)]  # bare metas, as live servers have it (§4.2)


def _perp_dexs(request: PerpDexsInfo, playback: Playback, clock: Clock) -> Any:
    return [None]  # index 0 is the default dex, which has no description (§4.3)


def _spot_meta(request: SpotMetaInfo, playback: Playback, clock: Clock) -> Any:
    coins = _spots(playback)
    decimals = playback.recording.sz_decimals
    tokens: dict[str, dict[str, Any]] = {"USDC": dict(USDC)}
    universe = []
    indexes = _pair_indexes(coins)
    for coin in coins:
        base, _, quote = coin.partition("/")
        for name, sz_decimals in ((base, decimals[coin]), (quote or "USDC", 8)):
            tokens.setdefault(name, _token(name, index=len(tokens), sz_decimals=sz_decimals))
        universe.append(
            {
                "tokens": [tokens[base]["index"], tokens[quote or "USDC"]["index"]],
                "name": coin,
                "index": indexes[coin],
                "isCanonical": "/" in coin,
            }
        )
    return {"universe": universe, "tokens": list(tokens.values())}


def _pair_indexes(coins: list[str]) -> dict[str, int]:
    """``@107`` says its index itself; pairs with a name get the free ones from 0 on."""
    indexes = {coin: int(coin[1:]) for coin in coins if coin[1:].isdecimal()}
    taken = set(indexes.values())
    free = (index for index in range(len(coins) + len(taken)) if index not in taken)
    return {coin: indexes[coin] if coin in indexes else next(free) for coin in coins}


def _token(name: str, *, index: int, sz_decimals: int) -> dict[str, Any]:
    return {
        "name": name,
        "szDecimals": sz_decimals,
        "weiDecimals": sz_decimals + 5,
        "index": index,
        "tokenId": f"0x{hashlib.sha256(name.encode()).hexdigest()[:32]}",
        "isCanonical": False,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }


# Contexts.


def _meta_and_contexts(request: MetaAndAssetCtxsInfo, playback: Playback, clock: Clock) -> Any:
    meta = _meta(MetaInfo(dex=request.dex), playback, clock)
    return meta and [meta, _contexts("activeAssetCtx", _perps(playback), playback)]


def _spot_meta_and_contexts(request: SpotMetaAndAssetCtxsInfo, playback: Playback, clock: Clock) -> Any:
    contexts = _contexts("activeSpotAssetCtx", _spots(playback), playback)
    return [_spot_meta(SpotMetaInfo(), playback, clock), contexts]


def _contexts(channel: str, coins: list[str], playback: Playback) -> list[Any]:
    """One for each of the universe: positions count, so none may be missing."""
    missing = [coin for coin in coins if not playback.recording.has(StreamKey(channel, coin))]
    if missing:
        raise CannotAnswer(f"{SCHEMA_ERROR}: the recording has no {channel} of {', '.join(missing)}")
    return [playback.latest(StreamKey(channel, coin))["ctx"] for coin in coins]


# Prices.


def _all_mids(request: AllMidsInfo, playback: Playback, clock: Clock) -> Any:
    if request.dex:
        return {}
    recorded = playback.latest(StreamKey("allMids"))
    mids: dict[str, str] = dict(recorded["mids"]) if recorded else {}
    for coin in playback.recording.coins:
        mid = _mid(coin, playback)
        if mid is not None:
            mids[coin] = mid
    return mids


def _mid(coin: str, playback: Playback) -> str | None:
    """The middle of the newest touch, or the last trade's price where there is none (§2.4)."""
    touches = []
    quote = playback.latest(StreamKey("bbo", coin))
    if quote is not None:
        touches.append((quote["time"], quote["bbo"]))
    for fast in (False, True):
        book = playback.latest(StreamKey("l2Book", coin, fast=fast))
        if book is not None:
            touches.append((book["time"], [side[0] if side else None for side in book["levels"]]))
    if touches:
        bid, ask = max(touches, key=lambda touch: int(touch[0]))[1]
        if bid and ask:
            return _number((Decimal(bid["px"]) + Decimal(ask["px"])) / 2)
    trades = playback.latest(StreamKey("trades", coin))
    return str(trades[-1]["px"]) if trades else None


def _number(value: Decimal) -> str:
    """As the venue prints numbers: no trailing zeros, but always a point (§0)."""
    text = f"{value.normalize():f}"
    return text if "." in text else f"{text}.0"


def _book(request: L2BookInfo, playback: Playback, clock: Clock) -> Any:
    if request.n_sig_figs is not None or request.mantissa is not None:
        raise CannotAnswer(f"{SCHEMA_ERROR}: a recording cannot be asked for aggregated books")
    for fast in (False, True):
        data = playback.latest(StreamKey("l2Book", request.coin, fast=fast))
        if data is not None:
            return {"coin": data["coin"], "time": data["time"], "levels": data["levels"]}
    if request.coin in playback.recording.sz_decimals:
        raise CannotAnswer(f"{SCHEMA_ERROR}: the recording has no l2Book of {request.coin}")
    return None  # as the venue answers for an unknown coin (§4.5)


def _recent_trades(request: RecentTradesInfo, playback: Playback, clock: Clock) -> Any:
    key = StreamKey("trades", request.coin)
    if not playback.recording.has(key):
        if request.coin in playback.recording.sz_decimals:
            raise CannotAnswer(f"{SCHEMA_ERROR}: the recording has no trades of {request.coin}")
        return None
    trades = {trade["tid"]: trade for data in playback.gone_by(key)[-RECENT_TRADES:] for trade in data}
    return list(reversed(trades.values()))[:RECENT_TRADES]


def _candles(request: CandleSnapshotInfo, playback: Playback, clock: Clock) -> Any:
    """As far back as this lap goes: a recording does not know the candles before its beginning."""
    wanted = request.req
    key = StreamKey("candle", wanted.coin, wanted.interval)
    if not playback.recording.has(key):
        raise CannotAnswer(f"{SCHEMA_ERROR}: the recording has no {key}")
    candles = {candle["t"]: candle for candle in playback.gone_by(key)}
    end = wanted.end_time
    found = [
        candle
        for start, candle in sorted(candles.items())
        if start >= wanted.start_time and (end is None or start <= end)
    ]
    return found[-MAX_CANDLES:]


# The rest.


def _status(request: ExchangeStatusInfo, playback: Playback, clock: Clock) -> Any:
    return {"time": clock.now() // 1_000_000, "specialStatuses": None}


def _outcomes(request: OutcomeMetaInfo, playback: Playback, clock: Clock) -> Any:
    return {"outcomes": [], "questions": []}


_ANSWERS: dict[type, Callable[[Any, Playback, Clock], Any]] = {
    MetaInfo: _meta,
    AllPerpMetasInfo: _all_perp_metas,
    PerpDexsInfo: _perp_dexs,
    SpotMetaInfo: _spot_meta,
    MetaAndAssetCtxsInfo: _meta_and_contexts,
    SpotMetaAndAssetCtxsInfo: _spot_meta_and_contexts,
    AllMidsInfo: _all_mids,
    L2BookInfo: _book,
    RecentTradesInfo: _recent_trades,
    CandleSnapshotInfo: _candles,
    ExchangeStatusInfo: _status,
    OutcomeMetaInfo: _outcomes,
}
