"""Upstream: what is at the other end of a connection, and what a session with it needs.

`RawUpstream` is an endpoint that no venue decodes: raw subscriptions go out, messages come in as bytes.
`VenueUpstream` is a stream of a venue. Before its first session it asks for the list of instruments,
because venues answer a subscription to a name that does not exist with anything from silence to hanging
up; later it asks again once in a while, and does without the answer if there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import attrs
import structlog
import trio

from livetrio.errors import FrameError, HttpError, UnknownInstrument
from livetrio.model import Feed, Instrument
from livetrio.supervision.http import HttpClient
from livetrio.venues.base import Codec, StreamAddress, Venue

log = structlog.get_logger()

REFRESH = 3600.0
"""Seconds after which a new session asks for the list of instruments again."""


class Upstream(Protocol):
    """What a connection must know of its other end."""

    url: str
    headers: Mapping[str, str]
    subscriptions: Sequence[str]
    """Raw messages to send at the beginning of every session."""

    async def prepare(self) -> None:
        """Do what must be done before a session; the caller sets the deadline.

        Raises:
          HttpError, FrameError: it could not be done now.
        """
        ...

    def open_codec(self, generation: int) -> Codec:
        """A codec for a new session."""
        ...

    def check(self, feed: Feed) -> None:
        """Raise UnknownInstrument if the feed cannot be had here."""
        ...

    def max_silence(self, feed: Feed) -> float | None:
        """Seconds after which silence of the feed means that it is broken; None if it may be quiet."""
        ...


@attrs.frozen
class RawMessage:
    """One message of an endpoint that no venue decodes."""

    data: bytes


class _RawCodec:
    """Hands messages on as they are."""

    def subscribe(self, feed: Feed) -> bytes:
        raise UnknownInstrument(f"{feed}: this endpoint belongs to no venue, it takes raw subscriptions only")

    unsubscribe = subscribe

    def heartbeat(self) -> bytes | None:
        return None

    def decode(self, frame: bytes, ts_init: int) -> tuple[RawMessage]:
        return (RawMessage(frame),)


class RawUpstream:
    """An endpoint given by hand that no venue decodes."""

    def __init__(self, url: str, headers: Mapping[str, str], subscriptions: Sequence[str]) -> None:
        self.url = url
        self.headers = headers
        self.subscriptions = subscriptions

    async def prepare(self) -> None:
        """Nothing is needed."""

    def open_codec(self, generation: int) -> Codec:
        """The codec that changes nothing."""
        return _RawCodec()

    def check(self, feed: Feed) -> None:
        """Refuse every feed: nothing is known of what can be had here."""
        raise UnknownInstrument(f"{feed}: {self.url} belongs to no venue, it takes raw subscriptions only")

    def max_silence(self, _feed: Feed) -> float | None:
        """Not known."""
        return None


class VenueUpstream:
    """One stream of a venue.

    An endpoint given by hand whose messages a venue decodes is one, too, with ``http`` None: then
    nothing is asked for, and the venue makes do without its list of instruments.
    """

    def __init__(
        self,
        venue: Venue,
        stream: StreamAddress,
        *,
        http: HttpClient | None,
        subscriptions: Sequence[str] = (),
        on_instruments: Callable[[Sequence[Instrument]], None] = lambda _instruments: None,
    ) -> None:
        self.url = stream.url
        self.headers = stream.headers
        self.subscriptions: Sequence[str] = (*stream.subscriptions, *subscriptions)
        self.venue = venue
        self.stream = stream.name
        self._http = http
        self._on_instruments = on_instruments
        self._loaded: float | None = None

    async def prepare(self) -> None:
        """See to it that the venue knows its instruments."""
        if self._http is None:
            return
        if self._loaded is None:
            await self._load(self._http)
        elif trio.current_time() - self._loaded >= REFRESH:
            try:
                await self._load(self._http)
            except (HttpError, FrameError) as error:
                log.warning("instruments not refreshed, the old list is used", because=str(error))

    async def _load(self, http: HttpClient) -> None:
        answers = [
            await http.post(request, headers=self.headers) for request in self.venue.instrument_requests()
        ]
        instruments = self.venue.load_instruments(answers)
        self._loaded = trio.current_time()
        log.info("instruments loaded", venue=self.venue.name, count=len(instruments))
        self._on_instruments(instruments)

    def open_codec(self, generation: int) -> Codec:
        """The venue's codec for this stream."""
        return self.venue.open_codec(self.stream, generation)

    def check(self, feed: Feed) -> None:
        """Ask the venue whether it has the feed."""
        self.venue.stream_for(feed)

    def max_silence(self, feed: Feed) -> float | None:
        """Ask the venue how long the feed may be silent."""
        return self.venue.max_silence(feed)
