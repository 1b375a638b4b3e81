"""Market feeds: what everybody may know (§2.4). The rhythms are those observed on 2026-09-24."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from livetrio.exchange.api.feed import Asked, Feed, Source, encode
from livetrio.exchange.api.market_view import BOOK_LEVELS
from livetrio.exchange.api.subscriptions import (
    ActiveAssetCtx,
    AllDexsAssetCtxs,
    AllMids,
    Bbo,
    Candle,
    FastAssetCtxs,
    L2Book,
    Trades,
)
from livetrio.exchange.api.texts import px_text
from livetrio.exchange.api.views import (
    bbo_view,
    book_view,
    mids,
    perp_context,
    spot_context,
    trade_view,
)
from livetrio.exchange.chain.book import Side
from livetrio.exchange.chain.events import PublicTrade
from livetrio.exchange.chain.listing import Perp

BOOK_EVERY = 5400
FAST_BOOK_EVERY = 540
MIDS_EVERY = 5000
CONTEXT_EVERY = 1000
ALL_CONTEXTS_EVERY = 13_600
FAST_CONTEXTS_EVERY = 1000
"""Milliseconds."""

BOOK_DELAY = 100
"""Milliseconds from the ack to the first book: 101-287 were observed, the way there and back included."""

FAST_BOOK_LEVELS = 5


class CoinFeed(Feed[Asked]):
    """News of one instrument."""

    def __init__(self, source: Source, asked: Asked) -> None:
        super().__init__(source, asked)
        self.instrument = source.ledger.listing.by_coin[asked.coin]  # type: ignore[attr-defined]  # all have one


class TradingFeed(CoinFeed[Asked]):
    """News of each block in which there was trading, or the book changed."""

    def __init__(self, source: Source, asked: Asked) -> None:
        super().__init__(source, asked)
        self.asset: int = self.instrument.asset


class TradesFeed(TradingFeed[Trades]):
    """All trades of a block in one frame; before that the latest ones, in the order in which they happened.

    There is no first frame where nothing was ever traded."""

    def first(self) -> Sequence[bytes]:
        return self.after_block(self.source.records.trades(self.instrument))

    def after_block(self, events: Sequence[PublicTrade]) -> Sequence[bytes]:
        if not events:
            return ()
        return (encode(self.channel, [trade_view(each) for each in events]),)


class BboFeed(TradingFeed[Bbo]):
    """The touch, after a block that changed it."""

    def __init__(self, source: Source, asked: Bbo) -> None:
        super().__init__(source, asked)
        self._book = source.ledger.books[self.asset]
        self._known = self._touch()

    def first(self) -> Sequence[bytes]:
        return (encode(self.channel, bbo_view(self.source.ledger, self.instrument)),)

    def after_block(self, events: Sequence[Any]) -> Sequence[bytes]:
        touch = self._touch()
        if touch == self._known:
            return ()
        self._known = touch
        return self.first()

    def _touch(self) -> tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]:
        """What makes two of them differ."""
        return _best(self._book.bids), _best(self._book.asks)


def _best(side: Side) -> tuple[int, int, int] | None:
    level = side.best
    return None if level is None else (level.px, level.sz, len(level.orders))


class CandleFeed(TradingFeed[Candle]):
    """The open candle, after a block that changed it; not before there is one."""

    def first(self) -> Sequence[bytes]:
        candle = self.source.records.candle(self.instrument, self.asked.interval)
        return () if candle is None else (encode(self.channel, candle),)

    def after_block(self, events: Sequence[PublicTrade]) -> Sequence[bytes]:
        return self.first() if events else ()


class BookFeed(CoinFeed[L2Book]):
    """The whole book, whether it has changed or not."""

    delay: ClassVar[int] = BOOK_DELAY

    def __init__(self, source: Source, asked: L2Book) -> None:
        super().__init__(source, asked)
        self.every = FAST_BOOK_EVERY if asked.fast else BOOK_EVERY

    def first(self) -> Sequence[bytes]:
        asked = self.asked
        book = book_view(
            self.source.ledger,
            self.instrument,
            FAST_BOOK_LEVELS if asked.fast else BOOK_LEVELS,
            asked.n_sig_figs,
            asked.mantissa,
        )
        if asked.fast:
            book["fast"] = True  # and only then [captured 2026-07-28]
        return (encode(self.channel, book),)


class ContextFeed(CoinFeed[ActiveAssetCtx]):
    """The context of a perpetual, or on a channel of its own, of a pair."""

    every = CONTEXT_EVERY

    def __init__(self, source: Source, asked: ActiveAssetCtx) -> None:
        super().__init__(source, asked)
        if not self.instrument.is_perp:
            self.channel = "activeSpotAssetCtx"

    def first(self) -> Sequence[bytes]:
        ledger, records, instrument = self.source.ledger, self.source.records, self.instrument
        if isinstance(instrument, Perp):
            context = perp_context(ledger, records, instrument)
        else:
            context = spot_context(ledger, records, instrument)
        return (encode(self.channel, {"coin": instrument.coin, "ctx": context}),)


class AllMidsFeed(Feed[AllMids]):
    """The middle of every book."""

    every = MIDS_EVERY

    def first(self) -> Sequence[bytes]:
        return (encode(self.channel, {"mids": mids(self.source.ledger)}),)


class AllContextsFeed(Feed[AllDexsAssetCtxs]):
    """The contexts of all perpetuals, in the order of their universe; there is one dex here."""

    every = ALL_CONTEXTS_EVERY

    def first(self) -> Sequence[bytes]:
        ledger, records = self.source.ledger, self.source.records
        contexts = [perp_context(ledger, records, each) for each in ledger.listing.perps]
        return (encode(self.channel, {"ctxs": [["", contexts]]}),)


class FastContextsFeed(Feed[FastAssetCtxs]):
    """The prices of everything, and then what has changed of them since the last beat.

    A subscriber that comes between two beats gets the prices of the beat before, for the next changes are
    told against those. A beat at which nothing has changed is left out.
    """

    every = FAST_CONTEXTS_EVERY

    def __init__(self, source: Source, asked: FastAssetCtxs) -> None:
        super().__init__(source, asked)
        self._known = self._prices()

    def first(self) -> Sequence[bytes]:
        return (encode(self.channel, deflate(self._known)),)

    def at_beat(self) -> Sequence[bytes]:
        before, self._known = self._known, self._prices()
        changes: dict[str, dict[str, str]] = {}
        for coin, prices in self._known.items():
            changed = {name: px for name, px in prices.items() if before[coin][name] != px}
            if changed:
                changes[coin] = changed
        return (encode(self.channel, deflate(changes)),) if changes else ()

    def _prices(self) -> dict[str, dict[str, str]]:
        ledger = self.source.ledger
        middles = mids(ledger)
        return {
            each.coin: {"markPx": px_text(each, ledger.marks[each.asset]), "midPx": middles[each.coin]}
            for each in ledger.listing.instruments
        }


def deflate(data: Any) -> str:
    """As ``fastAssetCtxs`` has it: JSON, compressed without a header, in base64."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(msgspec.json.encode(data)) + packer.flush()).decode()
