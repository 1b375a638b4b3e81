"""FakeVenue: a venue of the plainest kind, so that a test can say exactly what its strategy sees.

Both ends are here: `FakeVenue` is what an engine is given, `FakeVenueServer` is whom it talks to. Their
protocol is lines of words, in which a test can read and write:

    to the venue    subscribe trades BTC-USD-PERP.FAKE      unsubscribe …      ping
    from it         subscribed trades BTC-USD-PERP.FAKE     unsubscribed …     pong
                    refused trades BTC-USD-PERP.FAKE        notice any words
                    quote BTC-USD-PERP.FAKE 99 1 101 2      bid, size, ask, size
                    book BTC-USD-PERP.FAKE 99 1 101 2       the same, one level on each side
                    trade BTC-USD-PERP.FAKE 100 0.5 17      price, size, trade id
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

import attrs
import trio

from livetrio.errors import FrameError, UnknownInstrument
from livetrio.exchange.edge.http import Request, Response
from livetrio.model import (
    AggressorSide,
    BookLevel,
    Feed,
    FeedKind,
    Instrument,
    InstrumentId,
    InstrumentKind,
    OrderBook,
    Quote,
    Trade,
)
from livetrio.testing.peer import PeerSession, WebSocketPeer
from livetrio.venues.base import HttpRequest, Message, Pong, StreamAddress, SubscriptionAck, VenueNotice
from livetrio.venues.trading import Trading


class FakeVenue:
    """A venue; a `livetrio.venues.base.Venue`. The attributes are for a test to set."""

    def __init__(self, name: str = "FAKE", *, host: str = "fake.test") -> None:
        """``name`` ends its instrument ids; ``host`` is where it is dialed, at port 443."""
        self.name = name
        self.streams: Sequence[StreamAddress] = (StreamAddress(name="market", url=f"wss://{host}/ws"),)
        self.heartbeat: bytes | None = b"ping"
        """None: WebSocket pings will do."""
        self.silence: dict[FeedKind, float] = {}
        """Seconds for which each kind of feed may be silent; those not named may be quiet for ever."""
        self.instruments: Mapping[InstrumentId, Instrument] = {}
        self.trading: Trading | None = None
        """It has no account."""
        self._info_url = f"https://{host}/instruments"

    def instrument_requests(self) -> Sequence[HttpRequest]:
        """One, without a body."""
        return [HttpRequest(url=self._info_url, body=b"")]

    def load_instruments(self, answers: Sequence[bytes]) -> Sequence[Instrument]:
        """Ids, divided by spaces."""
        names = [InstrumentId(each) for each in answers[0].decode().split()]
        self.instruments = {name: _instrument(name) for name in names}
        return list(self.instruments.values())

    def stream_for(self, feed: Feed) -> str:
        """The one stream carries whatever is listed."""
        if self.instruments and feed.instrument_id is not None and feed.instrument_id not in self.instruments:
            raise UnknownInstrument(f"{self.name} does not list {feed.instrument_id}")
        return self.streams[0].name

    def max_silence(self, feed: Feed) -> float | None:
        """As set."""
        return self.silence.get(feed.kind)

    def open_codec(self, stream: str, generation: int) -> FakeCodec:
        """A codec for a new session."""
        return FakeCodec(self, generation)


class FakeCodec:
    """Translates for one session; a `livetrio.venues.base.Codec`."""

    def __init__(self, venue: FakeVenue, generation: int) -> None:
        self._venue = venue
        self._generation = generation

    def subscribe(self, feed: Feed) -> bytes:
        """``subscribe`` and the feed."""
        return f"subscribe {feed}".encode()

    def unsubscribe(self, feed: Feed) -> bytes:
        """``unsubscribe`` and the feed."""
        return f"unsubscribe {feed}".encode()

    def heartbeat(self) -> bytes | None:
        """As set."""
        return self._venue.heartbeat

    def decode(self, frame: bytes, ts_init: int) -> Sequence[Message]:
        """One message a frame."""
        try:
            word, *rest = frame.decode().split()
        except UnicodeDecodeError as error:
            raise FrameError("bad-utf8", str(error)) from error
        except ValueError as error:
            raise FrameError("empty", "expected a word, found none") from error
        try:
            return [self._message(word, rest, ts_init)]
        except (ValueError, InvalidOperation) as error:
            raise FrameError("wrong-types", str(error)) from error

    def _message(self, word: str, rest: list[str], now: int) -> Message:
        match word, rest:
            case "pong", []:
                return Pong()
            case "notice", words:
                return VenueNotice(" ".join(words))
            case (("subscribed" | "unsubscribed"), [kind, *subject]):
                return SubscriptionAck(self._feed(kind, *subject), word == "subscribed")
            case "refused", [kind, *subject]:
                return VenueNotice(f"refused {kind} {' '.join(subject)}", self._feed(kind, *subject))
            case (("quote" | "book"), [name, *numbers]):
                bid, bid_size, ask, ask_size = (Decimal(each) for each in numbers)
                instrument = InstrumentId(name)
                if word == "quote":
                    return Quote(instrument, bid, bid_size, ask, ask_size, now, now, self._generation)
                levels = [_Level(bid, bid_size)], [_Level(ask, ask_size)]
                return OrderBook(instrument, *levels, now, now, self._generation)
            case "trade", [name, price, size, trade_id]:
                return Trade(
                    InstrumentId(name),
                    Decimal(price),
                    Decimal(size),
                    AggressorSide.UNKNOWN,
                    trade_id,
                    now,
                    now,
                    self._generation,
                )
        raise FrameError("unknown-word", f"{word} with {len(rest)} more")

    def _feed(self, kind: str, subject: str, interval: str | None = None) -> Feed:
        name = None if subject == self._venue.name else InstrumentId(subject)
        return Feed(FeedKind(kind), self._venue.name, name, interval)


class FakeVenueServer:
    """The far side of a `FakeVenue`: answers, and sends what a test says.

    ``network.listen("fake.test", 443, server.serve)``; everything that arrived is in ``server.peer``.
    """

    def __init__(self, *instruments: str) -> None:
        """Take what is listed, by instrument id."""
        self.instruments = instruments
        self.quiet = False
        """Whether nothing is answered any more, though the socket stays open."""
        self.unanswered: set[str] = set()
        """Messages that get no answer, in full."""
        self.refused: set[str] = set()
        """Feeds (``trades BTC-USD-PERP.FAKE``) that are refused."""
        self.status = 200
        """With which HTTP status the list of instruments is answered."""
        self.peer = WebSocketPeer(on_message=self._answer, on_request=self._list)

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Serve one connection."""
        await self.peer.serve(stream)

    async def send(self, *messages: str) -> None:
        """Send to the client by the latest session."""
        await self.peer.session.send(*messages)

    def _answer(self, _session: PeerSession, text: str) -> list[str]:
        if self.quiet or text in self.unanswered:
            return []
        if text == "ping":
            return ["pong"]
        word, _, feed = text.partition(" ")
        if feed in self.refused:
            return [f"refused {feed}"]
        return [f"{word}d {feed}"]

    def _list(self, _request: Request) -> Response:
        return Response(self.status, " ".join(self.instruments).encode())


@attrs.frozen
class _Level:
    price: Decimal
    size: Decimal

    def level(self) -> BookLevel:
        return BookLevel(self.price, self.size, 0)


def _instrument(name: InstrumentId) -> Instrument:
    base, _, quote = name.partition(".")[0].partition("-")
    return Instrument(
        instrument_id=name,
        kind=InstrumentKind.PERPETUAL,
        base=base,
        quote=quote.partition("-")[0],
        venue_symbol=base,
        price_step=Decimal("0.01"),
        size_step=Decimal("0.001"),
    )
