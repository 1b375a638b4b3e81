"""Instruments: what Hyperliquid lists, in our words, and which coin on the wire means which.

Only the venue's own perpetuals and spot pairs are listed: ``meta`` and ``spotMeta`` tell nothing of the
exchanges that others build on it (``xyz:TSLA``) nor of outcome markets (``#10``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import attrs
import msgspec

from livetrio.errors import FrameError
from livetrio.model import Instrument, InstrumentId, InstrumentKind, instrument_id, symbol_of
from livetrio.venues.hyperliquid import wire
from livetrio.venues.hyperliquid.faults import DECODING_ERRORS, frame_error
from livetrio.venues.hyperliquid.messages import PairEntry, PerpEntry, PerpMeta, SpotMeta, TokenEntry
from livetrio.venues.hyperliquid.numbers import PriceTable

MAX_COINS = 4096
"""Most coins kept that are in no list; then they begin anew."""


@attrs.frozen
class Market:
    """What decoder and orders must know of one coin."""

    instrument_id: InstrumentId
    prices: PriceTable
    asset: int | None = None
    """The number by which orders name it; None where that is not known."""


class Listing(dict[str, Market]):
    """What is listed: ``listing["BTC"]`` is the market of that coin.

    One object for the life of a venue, so that a codec which is in use sees a newly loaded list too.
    While nothing is loaded, coins get their id by their form (`id_by_form`) and prices have no grid.
    """

    def __init__(self) -> None:
        super().__init__()
        self.instruments: dict[InstrumentId, Instrument] = {}

    def replace(self, instruments: Sequence[Instrument], assets: Mapping[str, int] | None = None) -> None:
        """These and no others are listed from now on; ``assets``: their numbers, by coin."""
        numbers = assets or {}
        markets = {
            each.venue_symbol: Market(each.instrument_id, PriceTable(each), numbers.get(each.venue_symbol))
            for each in instruments
        }
        self.instruments = {each.instrument_id: each for each in instruments}
        self.clear()
        self.update(markets)

    def __missing__(self, coin: str) -> Market:
        name = None if self.instruments else id_by_form(coin)
        if name is None:
            raise FrameError("unknown-instrument", f"no instrument is listed for the coin {coin!r}")
        if len(self) >= MAX_COINS:
            self.clear()
        market = self[coin] = Market(name, PriceTable(None))
        return market

    def instrument_id_of(self, coin: str) -> InstrumentId | None:
        """The id of a coin, or None where it has none."""
        market = self.get(coin)
        if market is not None:
            return market.instrument_id
        return None if self.instruments else id_by_form(coin)

    def asset_of(self, name: InstrumentId) -> int | None:
        """The number by which orders name an instrument, or None where that is not known."""
        instrument = self.instruments.get(name)
        return None if instrument is None else self[instrument.venue_symbol].asset

    def coin_of(self, name: InstrumentId) -> str | None:
        """The venue's name for an instrument, or None where it has none."""
        if self.instruments:
            instrument = self.instruments.get(name)
            return None if instrument is None else instrument.venue_symbol
        return coin_by_form(name)


def read_instruments(perps: bytes, spot: bytes) -> list[Instrument]:
    """The instruments in the answers to ``meta`` and ``spotMeta``.

    Perpetuals are named ``BTC-USD-PERP``, spot pairs ``PURR-USDC-SPOT`` after their tokens. Anybody may
    list a token of any name. Characters that an id cannot have become ``_``; and of two pairs that would
    have one id, the older (the lower ``index``) keeps it and the other is named ``PURR-USDC-1042-SPOT``
    after its index, so that no newcomer can take over an id that a strategy uses.

    Raises:
      FrameError: an answer makes no sense.
    """
    meta = _decode(_PERPS, perps, "meta")
    spot_meta = _decode(_SPOT, spot, "spotMeta")
    tokens = {token.index: token for token in spot_meta.tokens}
    taken: set[InstrumentId] = set()
    found = [_perpetual(entry, index, taken) for index, entry in enumerate(meta.universe)]
    found += [
        _pair(entry, tokens, taken) for entry in sorted(spot_meta.universe, key=lambda each: each.index)
    ]
    _refuse_repeated(each.venue_symbol for each in found)
    return found


def read_assets(perps: bytes, spot: bytes) -> dict[str, int]:
    """The number by which orders name each coin, from the same answers.

    Of a perpetual it is its place in the list, the delisted counted; of a pair 10000 and its ``index``
    (Hyperliquid docs, asset-ids, 2026-08-22).

    Raises:
      FrameError: an answer makes no sense.
    """
    meta, spot_meta = _decode(_PERPS, perps, "meta"), _decode(_SPOT, spot, "spotMeta")
    return {entry.name: index for index, entry in enumerate(meta.universe)} | {
        entry.name: wire.FIRST_SPOT_ASSET + entry.index for entry in spot_meta.universe
    }


def id_by_form(coin: str) -> InstrumentId | None:
    """The id that a coin's form suggests: ``BTC`` is a perpetual, ``PURR/USDC`` and ``@107`` are spot.

    None for what is neither: outcome markets (``#10``), and names that no id can have.
    """
    base, slash, quote = coin.rpartition("/")
    if coin.startswith("#"):
        return None
    if slash:
        symbol = f"{base}-{quote}-SPOT" if base and quote else ""
    else:
        symbol = f"{coin}-SPOT" if coin.startswith("@") else f"{coin}-USD-PERP"
    try:
        return instrument_id(f"{symbol}.{wire.VENUE}")
    except ValueError:
        return None


def coin_by_form(name: str) -> str | None:
    """The coin that an instrument id's form suggests, or None: the way back of `id_by_form`."""
    symbol = symbol_of(name)
    if symbol.endswith("-USD-PERP"):
        return symbol.removesuffix("-USD-PERP") or None
    if symbol.endswith("-SPOT"):
        base, dash, quote = symbol.removesuffix("-SPOT").rpartition("-")
        return f"{base}/{quote}" if dash else quote or None
    return None


# ------------------------------------------------------------------ how each is read

_PERPS = msgspec.json.Decoder(PerpMeta)
_SPOT = msgspec.json.Decoder(SpotMeta)
_Answer = TypeVar("_Answer")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9@#:/_-]")  # see `livetrio.model.identifiers`


def _perpetual(entry: PerpEntry, index: int, taken: set[InstrumentId]) -> Instrument:
    return Instrument(
        instrument_id=_free_id((entry.name, "USD"), index, "PERP", taken),
        kind=InstrumentKind.PERPETUAL,
        base=entry.name,
        quote="USD",
        venue_symbol=entry.name,
        price_step=_step(wire.PERP_PRICE_DECIMALS - entry.szDecimals),
        significant_figures=wire.PRICE_FIGURES,
        size_step=_step(entry.szDecimals),
        min_notional=Decimal(wire.MIN_NOTIONAL),
        max_leverage=entry.maxLeverage,
        is_active=not entry.isDelisted,
    )


def _pair(entry: PairEntry, tokens: dict[int, TokenEntry], taken: set[InstrumentId]) -> Instrument:
    try:
        base, quote = (tokens[index] for index in entry.tokens)
    except KeyError as exc:
        raise FrameError(
            "wrong-types", f"spotMeta: {entry.name} is of token {exc}, which is not listed"
        ) from exc
    return Instrument(
        instrument_id=_free_id((base.name, quote.name), entry.index, "SPOT", taken),
        kind=InstrumentKind.SPOT,
        base=base.name,
        quote=quote.name,
        venue_symbol=entry.name,
        price_step=_step(wire.SPOT_PRICE_DECIMALS - base.szDecimals),
        significant_figures=wire.PRICE_FIGURES,
        size_step=_step(base.szDecimals),
        min_notional=Decimal(wire.MIN_NOTIONAL),
    )


def _free_id(names: tuple[str, str], index: int, kind: str, taken: set[InstrumentId]) -> InstrumentId:
    parts = [_NOT_IN_IDS.sub("_", name) or "_" for name in names]
    while (name := instrument_id("-".join([*parts, kind]) + f".{wire.VENUE}")) in taken:
        parts.append(str(index))
    taken.add(name)
    return name


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _refuse_repeated(coins: Iterable[str]) -> None:
    seen: set[str] = set()
    for coin in coins:
        if coin in seen:
            raise FrameError("wrong-types", f"the coin {coin!r} is listed twice")
        seen.add(coin)


def _decode(decoder: msgspec.json.Decoder[_Answer], answer: bytes, what: str) -> _Answer:
    try:
        return decoder.decode(answer)
    except DECODING_ERRORS as exc:
        fault = frame_error(answer, exc)
        raise FrameError(fault.kind, f"{what}: {fault.detail}") from exc
