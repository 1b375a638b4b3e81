"""Listing: what can be traded on the exchange, and by which names and numbers.

An asset's number is its position among the perpetuals, or 10000 + the index of a spot pair (§5.2). Both
kinds of instrument have the same first four fields, so that a book, an order and a trade need not ask
which they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from livetrio.exchange.chain.units import PERP_DECIMALS, SPOT_DECIMALS

SPOT_ASSETS = 10_000
"""The first asset number of spot pairs (docs page *asset-ids*, 2026-08-22)."""


@attrs.frozen(kw_only=True)
class Token:
    """What a spot pair is made of."""

    index: int
    name: str
    sz_decimals: int
    wei_decimals: int
    token_id: str
    is_canonical: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Perp:
    """A perpetual, paid and settled in USDC."""

    asset: int
    coin: str
    sz_decimals: int
    px_decimals: int
    """Of the unit prices are counted in; valid prices are coarser where they are large."""
    max_leverage: int
    only_isolated: bool = False
    is_delisted: bool = False
    reference: int
    """A price to begin at, in units of price: oracle and mark until there is a market."""

    is_perp = True


@attrs.frozen(kw_only=True, eq=False)
class SpotPair:
    """A pair of tokens."""

    asset: int
    coin: str
    """``PURR/USDC``, or ``@107``: its index."""
    sz_decimals: int
    px_decimals: int
    index: int
    base: Token
    quote: Token
    is_canonical: bool = False
    reference: int
    """A price to begin at, in units of price."""

    is_perp = False

    @property
    def base_scale(self) -> int:
        """Smallest units of the base token in a lot."""
        return int(10 ** (self.base.wei_decimals - self.sz_decimals))

    @property
    def quote_scale(self) -> int:
        """Smallest units of the quote token in one unit of price × size."""
        return int(10 ** (self.quote.wei_decimals - SPOT_DECIMALS))


Instrument = Perp | SpotPair


class Listing:
    """All instruments and tokens. It does not change while the exchange runs."""

    def __init__(self, perps: Iterable[Perp], spots: Iterable[SpotPair], tokens: Iterable[Token]) -> None:
        self.perps = tuple(perps)
        self.spots = tuple(spots)
        self.tokens = tuple(tokens)
        """By index; the first is USDC."""
        self.instruments: tuple[Instrument, ...] = (*self.perps, *self.spots)
        self.by_asset: Mapping[int, Instrument] = {each.asset: each for each in self.instruments}
        self.by_coin: Mapping[str, Instrument] = {each.coin: each for each in self.instruments}
        assert [each.asset for each in self.perps] == list(range(len(self.perps)))
        assert [each.index for each in self.tokens] == list(range(len(self.tokens)))

    @property
    def usdc(self) -> Token:
        """What perpetuals and most pairs are paid in."""
        return self.tokens[0]


def perp(asset: int, coin: str, sz_decimals: int, max_leverage: int, reference: str, **more: bool) -> Perp:
    """A perpetual, its reference price given as a number in a text."""
    px_decimals = PERP_DECIMALS - sz_decimals
    return Perp(
        asset=asset,
        coin=coin,
        sz_decimals=sz_decimals,
        px_decimals=px_decimals,
        max_leverage=max_leverage,
        reference=_units(reference, px_decimals),
        **more,
    )


def spot_pair(index: int, coin: str, base: Token, quote: Token, reference: str) -> SpotPair:
    """A spot pair; its sizes are as fine as those of its base token (§4.4)."""
    px_decimals = SPOT_DECIMALS - base.sz_decimals
    return SpotPair(
        asset=SPOT_ASSETS + index,
        coin=coin,
        sz_decimals=base.sz_decimals,
        px_decimals=px_decimals,
        index=index,
        base=base,
        quote=quote,
        is_canonical="/" in coin,
        reference=_units(reference, px_decimals),
    )


def _units(text: str, decimals: int) -> int:
    whole, _, fraction = text.partition(".")
    assert len(fraction) <= decimals, f"{text} has more than {decimals} decimals"
    return int(whole + fraction.ljust(decimals, "0"))


USDC = Token(
    index=0,
    name="USDC",
    sz_decimals=8,
    wei_decimals=8,
    token_id="0x6d1e7cde53ba9467b783cb7c530ce054",
    is_canonical=True,
)
"""As the venue has it (§4.4)."""


def default_listing(most: int | None = None) -> Listing:
    """Four perpetuals and two pairs, like some of the venue's; leverages and prices as in 2026.

    Args:
      most: only the first so many of them; None: all.
    """
    purr = Token(
        index=1,
        name="PURR",
        sz_decimals=0,
        wei_decimals=5,
        token_id="0xc1fb593aeffbeb02f85e0308e9956a90",
        is_canonical=True,
    )
    hype = Token(
        index=2, name="HYPE", sz_decimals=2, wei_decimals=8, token_id="0x0d01dc56dcaaca66ad901c959b4011ec"
    )
    perps = [
        perp(0, "BTC", 5, 40, "91374"),
        perp(1, "ETH", 4, 25, "3118.2"),
        perp(2, "SOL", 2, 20, "141.21"),
        perp(3, "HYPE", 2, 10, "38.451"),
    ]
    spots = [
        spot_pair(0, "PURR/USDC", purr, USDC, "0.18125"),
        spot_pair(107, "@107", hype, USDC, "38.452"),
    ]
    if most is not None:
        perps, spots = perps[:most], spots[: max(0, most - len(perps))]
    return Listing(perps=perps, spots=spots, tokens=[USDC, purr, hype])
