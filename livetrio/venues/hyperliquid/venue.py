"""HyperliquidVenue: what the engine must know of Hyperliquid to hear its market data, and to trade."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec

from livetrio.errors import FrameError, UnknownInstrument, UsageError
from livetrio.model import BAR_INTERVALS, Feed, FeedKind, Instrument, InstrumentId, nearest
from livetrio.venues.base import Codec, HttpRequest, Message, StreamAddress
from livetrio.venues.hyperliquid import encode, wire
from livetrio.venues.hyperliquid.account_decode import AccountCodec, subscriptions_of
from livetrio.venues.hyperliquid.config import HyperliquidConfig
from livetrio.venues.hyperliquid.decode import FrameDecoder
from livetrio.venues.hyperliquid.instruments import Listing, coin_by_form, read_assets, read_instruments
from livetrio.venues.hyperliquid.signers import make_signer
from livetrio.venues.hyperliquid.trading import ACCOUNT_STREAM, HyperliquidTrading
from livetrio.venues.trading import Trading

MARKET_STREAM = "market"
"""The stream that is there without an account: public market data."""

_QUESTIONS = ("meta", "spotMeta")


class HyperliquidVenue:
    """Hyperliquid as the engine sees it; a `livetrio.venues.trading.TradingVenue`."""

    name = wire.VENUE

    def __init__(
        self, config: HyperliquidConfig, *, base_url: str | None = None, key: str | None = None
    ) -> None:
        """What the engine knows of the local exchange that it has started goes beside the configuration.

        Args:
          base_url: goes before the configuration's.
          key: a private key, 64 hex digits; where the configuration has none.

        Raises:
          UsageError: the configuration leaves the address to the engine, and none is given; or the key is
            none.
        """
        base_url = base_url or config.resolved_base_url
        if base_url is None:
            raise UsageError("network is local: expected the base_url of the local exchange, found none")
        self._base_url = base_url
        self._config = config
        self._listing = Listing()
        account = self._open_account(key if config.key is None else config.key.resolve())
        self.trading: Trading | None = account
        self._user = None if account is None else account.user
        self.streams: Sequence[StreamAddress] = tuple(self._streams())

    def _open_account(self, key: str | None) -> HyperliquidTrading | None:
        if key is None:
            return None
        # An address that is known to be a network's says more than the word for it.
        networks = {url: network for network, url in wire.BASE_URLS.items()}
        return HyperliquidTrading(
            base_url=self._base_url,
            account=self._config.account or make_signer(key).address,
            vault=self._config.vault,
            secret=key,
            is_mainnet=networks.get(self._base_url, self._config.network) == "mainnet",
            listing=self._listing,
        )

    def _streams(self) -> Iterator[StreamAddress]:
        """Market data, and the account on a socket of its own: what ends one does not end the other."""
        url, headers = wire.websocket_url(self._base_url), self._config.headers
        yield StreamAddress(name=MARKET_STREAM, url=url, headers=headers)
        if self._user is not None:
            subscriptions = subscriptions_of(self._user)
            yield StreamAddress(name=ACCOUNT_STREAM, url=url, headers=headers, subscriptions=subscriptions)

    def instrument_requests(self) -> Sequence[HttpRequest]:
        """``meta`` for the perpetuals and ``spotMeta`` for the spot pairs (info-endpoint, 2026-08-22)."""
        url = self._base_url + wire.INFO_PATH
        return [HttpRequest(url=url, body=msgspec.json.encode({"type": each})) for each in _QUESTIONS]

    def load_instruments(self, answers: Sequence[bytes]) -> Sequence[Instrument]:
        """Take in both answers; see `read_instruments` for the names."""
        if len(answers) != len(_QUESTIONS):
            raise FrameError("wrong-types", f"expected {len(_QUESTIONS)} answers, found {len(answers)}")
        instruments = read_instruments(*answers)
        self._listing.replace(instruments, read_assets(*answers))
        return instruments

    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """What is listed, the delisted included; empty until loaded."""
        return MappingProxyType(self._listing.instruments)

    def stream_for(self, feed: Feed) -> str:
        """The name of the stream, if the feed can be had.

        To ask for a coin that is not there ends the whole socket with all other feeds on it, and without
        a word (observed 2026-09-24). So nothing is asked for that this has not let pass.
        """
        if feed.venue != self.name:
            raise UnknownInstrument(f"{feed} is a feed of {feed.venue}, not of {self.name}")
        if feed.kind is FeedKind.MIDS:
            return MARKET_STREAM
        if feed.instrument_id is None:
            raise UnknownInstrument(f"{feed.kind.value}: expected an instrument, found none")
        if feed.kind is FeedKind.BARS and feed.interval not in BAR_INTERVALS:
            offered = ", ".join(BAR_INTERVALS)
            raise UnknownInstrument(f"{feed}: {self.name} has bars of {offered}, not of {feed.interval}")
        self._check_listed(feed.instrument_id)
        return MARKET_STREAM

    def _check_listed(self, name: InstrumentId) -> None:
        known = self._listing.instruments
        if not known:
            if coin_by_form(name) is None or not name.endswith(f".{self.name}"):
                raise UnknownInstrument(
                    f"expected an instrument such as BTC-USD-PERP.{self.name} or PURR-USDC-SPOT.{self.name},"
                    f" found {name}"
                )
            return
        instrument = known.get(name)
        if instrument is None:
            guess = nearest(name, (each for each in known if known[each].is_active))
            hint = f"; did you mean {guess}?" if guess else ""
            raise UnknownInstrument(f"{self.name} does not list {name}{hint}")
        if not instrument.is_active:
            raise UnknownInstrument(f"{name} is delisted: {self.name} trades it no more")

    def max_silence(self, feed: Feed) -> float | None:
        """Three times the venue's own rhythm, where the feed has one; the others speak on change."""
        match feed.kind:
            case FeedKind.BOOK:
                cadence = wire.FAST_BOOK_CADENCE if self._config.fast_books else wire.BOOK_CADENCE
                return max(5.0, 3 * cadence)
            case FeedKind.MIDS:
                return 4 * wire.MIDS_CADENCE
            case FeedKind.CONTEXT:
                return 10 * wire.CONTEXT_CADENCE
            case _:
                return None

    def open_codec(self, stream: str, generation: int) -> Codec:
        """A codec for a new session of the stream."""
        if stream == ACCOUNT_STREAM and self._user is not None:
            return AccountCodec(self._listing, self._user)
        return HyperliquidCodec(self._listing, generation, fast_books=self._config.fast_books)


class HyperliquidCodec:
    """Translates for one session; a `livetrio.venues.base.Codec`."""

    def __init__(self, listing: Listing, generation: int, *, fast_books: bool) -> None:
        self._listing = listing
        self._fast_books = fast_books
        self.decode: Callable[[bytes, int], Sequence[Message]] = FrameDecoder(listing, generation).decode
        """The decoder's own method, so that a frame does not pay for a call more."""

    def subscribe(self, feed: Feed) -> bytes:
        """The message that asks for a feed, which `HyperliquidVenue.stream_for` has let pass.

        Raises:
          UnknownInstrument: its instrument is not listed: to ask would end the socket.
        """
        return self._request("subscribe", feed, self._listing.coin_of(_instrument(feed)))

    def unsubscribe(self, feed: Feed) -> bytes:
        """The message that ends a feed, also of what was asked for before the list was there."""
        name = _instrument(feed)
        return self._request("unsubscribe", feed, self._listing.coin_of(name) or coin_by_form(name))

    def heartbeat(self) -> bytes:
        """The venue's own ping: it sends none itself and wants to hear from us (observed 2026-09-24)."""
        return encode.PING

    def _request(self, method: Literal["subscribe", "unsubscribe"], feed: Feed, coin: str | None) -> bytes:
        if feed.kind is FeedKind.MIDS:
            coin = None
        elif coin is None:
            raise UnknownInstrument(f"{wire.VENUE} does not list what {feed} is of")
        return encode.request(method, feed, coin, fast_books=self._fast_books)


def _instrument(feed: Feed) -> InstrumentId:
    return feed.instrument_id or InstrumentId("")
