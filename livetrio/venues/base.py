"""Venue: what the engine must be told about an exchange to trade there.

A venue does no I/O and has no tasks. It says which connections it wants and what to ask over HTTP, and
it translates: our subscriptions into its messages, its messages into our events. `supervision` dials,
retries, listens and asks on its behalf; so one venue's adapter is a few hundred lines of codec that can
be tested with strings.

To add a venue: a package beside `hyperliquid` with a `Venue` and its settings class, and its line in
`registry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from livetrio.model import Feed, Instrument, InstrumentId
from livetrio.model.book import OrderBook
from livetrio.model.market import MarketEvent


@attrs.frozen(kw_only=True)
class HttpRequest:
    """A question to ask a venue over HTTP: a POST of JSON."""

    url: str
    body: bytes


@attrs.frozen(kw_only=True)
class StreamAddress:
    """Where a venue's WebSocket stream is."""

    name: str
    """Short and unique within the venue: ``market``."""
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Sent with the upgrade. May hold secrets, so they are not shown."""
    subscriptions: tuple[str, ...] = ()
    """Messages sent as they are at the beginning of every session."""


@attrs.frozen
class Pong:
    """The answer to our heartbeat."""


@attrs.frozen
class SubscriptionAck:
    """The venue has taken (``active``) or ended a subscription."""

    feed: Feed
    active: bool


@attrs.frozen
class VenueNotice:
    """The venue says something to people: most often what it refuses."""

    text: str
    feed: Feed | None = None
    """The feed it is about, where the venue tells: it refuses to serve that feed."""


Message = MarketEvent | OrderBook | Pong | SubscriptionAck | VenueNotice
"""What one frame of market data can mean. What else comes by an account's stream, `venues.trading` says."""


class Codec(Protocol):
    """Translates for one session of one connection; made anew for every session."""

    def subscribe(self, feed: Feed) -> bytes:
        """The message that asks for a feed."""
        ...

    def unsubscribe(self, feed: Feed) -> bytes:
        """The message that ends a feed."""
        ...

    def heartbeat(self) -> bytes | None:
        """The venue's own heartbeat message, or None where WebSocket pings do."""
        ...

    def decode(self, frame: bytes, ts_init: int) -> Sequence[object]:
        """What a frame means, in the venue's order: a `Message` each, or what an account's stream brings.

        Args:
          ts_init: goes into every event.

        Raises:
          FrameError: it makes no sense. The codec is as it was before the call.
        """
        ...


class Venue(Protocol):
    """One exchange, as the engine sees it."""

    name: str
    """``HYPERLIQUID``: the last part of its instrument ids."""

    @property
    def streams(self) -> Sequence[StreamAddress]:
        """The connections it wants, each supervised on its own."""
        ...

    def instrument_requests(self) -> Sequence[HttpRequest]:
        """What to ask for the list of instruments."""
        ...

    def load_instruments(self, answers: Sequence[bytes]) -> Sequence[Instrument]:
        """Take in the answers to `instrument_requests`, in order, and return all instruments.

        Raises:
          FrameError: an answer makes no sense; what was known before stays.
        """
        ...

    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """What is listed; empty until `load_instruments`."""
        ...

    def stream_for(self, feed: Feed) -> str:
        """The name of the stream (of `streams`) that carries the feed.

        Raises:
          UnknownInstrument: the instruments are loaded, and the feed's is not among them, is delisted,
            or the venue has no such feed for it.
        """
        ...

    def max_silence(self, feed: Feed) -> float | None:
        """Seconds after which silence of the feed means that it is broken; None if it may be quiet."""
        ...

    def open_codec(self, stream: str, generation: int) -> Codec:
        """A codec for a new session of a stream (of `streams`); its events carry the generation."""
        ...
