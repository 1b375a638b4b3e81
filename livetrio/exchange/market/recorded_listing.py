"""Recorded listing: what an exchange must list so that a recording can be played on it.

What a recording tells is taken from it: the coins, how fine their sizes are, their first prices. The rest is
invented and is so for every recording: leverage limits, the tokens of a pair and their ids, and the index of
a pair that has a name.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

from livetrio.exchange.chain.listing import SPOT_ASSETS, USDC, Listing, Perp, SpotPair, Token
from livetrio.exchange.chain.units import PERP_DECIMALS, SPOT_DECIMALS
from livetrio.exchange.market.frames import units_of
from livetrio.exchange.market.recording import BadRecording, Coin, Recording, is_spot, is_tradable

MAX_LEVERAGE = 20
"""Invented, for every perpetual."""

_WEI_BEYOND_SZ = 5
"""Invented: how much finer a token is than its sizes are."""


def listing_of(recording: Recording) -> Listing:
    """All coins of a recording that have a price, in the order of their first frames.

    Coins of other dexes (``dex:NAME``) and outcomes (``#1``) are left out: nobody could trade them here.

    Raises:
      BadRecording: nothing of it can be traded.
    """
    coins: dict[str, tuple[Coin, Decimal]] = {
        name: (coin, coin.first_px)
        for name, coin in recording.coins.items()
        if is_tradable(name) and coin.first_px is not None
    }
    if not coins:
        raise BadRecording(f"{recording.source}: holds no price of a perpetual or a pair")
    perps = [
        _perp(asset, name, *coins[name])
        for asset, name in enumerate(each for each in coins if not is_spot(each))
    ]
    pairs, tokens = _pairs({name: found for name, found in coins.items() if is_spot(name)})
    return Listing(perps, pairs, tokens)


def _perp(asset: int, name: str, coin: Coin, first_px: Decimal) -> Perp:
    px_decimals = PERP_DECIMALS - coin.sz_decimals
    return Perp(
        asset=asset,
        coin=name,
        sz_decimals=coin.sz_decimals,
        px_decimals=px_decimals,
        max_leverage=MAX_LEVERAGE,
        reference=max(units_of(first_px, px_decimals), 1),
    )


def _pairs(coins: dict[str, tuple[Coin, Decimal]]) -> tuple[list[SpotPair], list[Token]]:
    """The pairs, and the tokens they are made of. A token's sizes are as fine as the finest pair's."""
    fineness: dict[str, int] = {}
    quotes: dict[str, int] = {}
    for name, (coin, _) in coins.items():
        base, _, quote = name.partition("/")
        fineness[base] = max(fineness.get(base, 0), coin.sz_decimals)
        if quote not in ("", USDC.name):
            quotes[quote] = USDC.sz_decimals
    tokens = {USDC.name: USDC}
    for token, sz_decimals in (fineness | quotes).items():
        tokens.setdefault(token, _token(token, index=len(tokens), sz_decimals=sz_decimals))
    indexes = _indexes(list(coins))
    pairs = []
    for name, (coin, first_px) in coins.items():
        base, _, quote = name.partition("/")
        px_decimals = SPOT_DECIMALS - coin.sz_decimals
        pairs.append(
            SpotPair(
                asset=SPOT_ASSETS + indexes[name],
                coin=name,
                sz_decimals=coin.sz_decimals,
                px_decimals=px_decimals,
                index=indexes[name],
                base=tokens[base],
                quote=tokens[quote or USDC.name],
                is_canonical="/" in name,
                reference=max(units_of(first_px, px_decimals), 1),
            )
        )
    return pairs, list(tokens.values())


def _indexes(names: list[str]) -> dict[str, int]:
    """``@107`` says its index itself; pairs with a name get the free ones from 0 on."""
    indexes = {name: int(name[1:]) for name in names if name[1:].isdecimal()}
    taken = set(indexes.values())
    free = (index for index in range(len(names) + len(taken)) if index not in taken)
    return {name: indexes[name] if name in indexes else next(free) for name in names}


def _token(name: str, *, index: int, sz_decimals: int) -> Token:
    return Token(
        index=index,
        name=name,
        sz_decimals=sz_decimals,
        wei_decimals=sz_decimals + _WEI_BEYOND_SZ,
        token_id=f"0x{hashlib.sha256(name.encode()).hexdigest()[:32]}",
    )
