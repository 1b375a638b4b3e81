"""The universe as the wire has it: what can be traded here (§4.1-4.4).

Positions count: an asset's number is its place among the perpetuals, delisted ones included.
"""

from __future__ import annotations

from typing import Any

from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Perp, SpotPair, Token

View = dict[str, Any]

FIRST_TIERED_TABLE = 50
"""Below it, the number of a margin table is its highest leverage, which holds at every size (§4.1)."""


def meta(ledger: Ledger) -> View:
    """``meta``: the perpetuals, and how large positions in them may be."""
    leverages = sorted({perp.max_leverage for perp in ledger.listing.perps})
    return {
        "universe": [_perp(perp) for perp in ledger.listing.perps],
        "marginTables": [[leverage, margin_table(leverage)] for leverage in leverages],
        "collateralToken": ledger.listing.usdc.index,
    }


def all_perp_metas(ledger: Ledger) -> list[View]:
    """``allPerpMetas``: one for each dex, bare as live servers have it (§4.2); there is one dex."""
    return [meta(ledger)]


def perp_dexs() -> list[None]:
    """``perpDexs``: the first is the default dex, which has no description (§4.3)."""
    return [None]


def margin_table(leverage: int) -> View:
    """``marginTable``: of one tier, as all are here."""
    return {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": leverage}]}


def _perp(perp: Perp) -> View:
    entry: View = {
        "szDecimals": perp.sz_decimals,
        "name": perp.coin,
        "maxLeverage": perp.max_leverage,
        "marginTableId": perp.max_leverage,
    }
    if perp.is_delisted:
        entry["isDelisted"] = True
    if perp.only_isolated:
        entry["onlyIsolated"] = True
        entry["marginMode"] = "strictIsolated"
    return entry


def spot_meta(ledger: Ledger) -> View:
    """``spotMeta``: the pairs and their tokens."""
    return {
        "universe": [_pair(pair) for pair in ledger.listing.spots],
        "tokens": [_token(token) for token in ledger.listing.tokens],
    }


def _pair(pair: SpotPair) -> View:
    return {
        "tokens": [pair.base.index, pair.quote.index],
        "name": pair.coin,
        "index": pair.index,
        "isCanonical": pair.is_canonical,
    }


def _token(token: Token) -> View:
    return {
        "name": token.name,
        "szDecimals": token.sz_decimals,
        "weiDecimals": token.wei_decimals,
        "index": token.index,
        "tokenId": token.token_id,
        "isCanonical": token.is_canonical,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }
