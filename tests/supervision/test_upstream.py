"""What a session needs of the other end before it begins."""

from __future__ import annotations

import pytest
import trio
from connection_world import BTC, ETH, TRADES
from structlog.testing import capture_logs

from livetrio.errors import HttpError, UnknownInstrument
from livetrio.model import Feed, FeedKind, InstrumentId
from livetrio.supervision.http import HttpClient
from livetrio.supervision.upstream import REFRESH, RawMessage, RawUpstream, VenueUpstream
from livetrio.testing import FakeVenue, FakeVenueServer, MemoryNetwork, within
from livetrio.venues.base import StreamAddress


class Asked:
    """A venue upstream whose venue is asked over HTTP."""

    def __init__(self, nursery, **options):
        network = MemoryNetwork(nursery)
        self.server = FakeVenueServer(BTC, ETH)
        network.listen("fake.test", 443, self.server.serve)
        self.venue = FakeVenue()
        self.lists = []
        address = StreamAddress(name="market", url="wss://fake.test/ws", headers={"X-Key": "secret"})
        self.upstream = VenueUpstream(
            self.venue,
            address,
            http=HttpClient(network.dial),
            on_instruments=self.lists.append,
            **options,
        )


@within(3600)
async def test_instruments_are_asked_for_before_the_first_session_and_not_before_each(
    nursery, autojump_clock
):
    asked = Asked(nursery)

    for _ in range(5):
        await asked.upstream.prepare()
        await trio.sleep(60)

    assert len(asked.server.peer.requests) == 1
    assert asked.server.peer.requests[0].headers["x-key"] == "secret"
    assert [[each.instrument_id for each in instruments] for instruments in asked.lists] == [[BTC, ETH]]


@within(86_400)
async def test_instruments_are_refreshed_by_a_session_an_hour_later(nursery, autojump_clock):
    asked = Asked(nursery)
    await asked.upstream.prepare()
    await trio.sleep(REFRESH)
    asked.server.instruments = (BTC,)

    await asked.upstream.prepare()

    assert set(asked.venue.instruments) == {BTC}
    assert len(asked.lists) == 2


@within(86_400)
async def test_a_refresh_that_fails_leaves_the_old_list_and_no_session_waits_for_it(nursery, autojump_clock):
    asked = Asked(nursery)
    await asked.upstream.prepare()
    await trio.sleep(REFRESH)
    asked.server.status = 500

    with capture_logs() as logs:
        await asked.upstream.prepare()

    assert set(asked.venue.instruments) == {BTC, ETH}
    assert [each["event"] for each in logs] == ["instruments not refreshed, the old list is used"]


@within(3600)
async def test_the_first_list_must_come(nursery, autojump_clock):
    asked = Asked(nursery)
    asked.server.status = 500

    with pytest.raises(HttpError, match="status 500"):
        await asked.upstream.prepare()
    asked.server.status = 200
    await asked.upstream.prepare()

    assert len(asked.lists) == 1


@within(3600)
async def test_without_http_nothing_is_asked_for(autojump_clock):
    venue = FakeVenue()
    venue.silence[FeedKind.TRADES] = 3.0
    upstream = VenueUpstream(venue, venue.streams[0], http=None, subscriptions=["hello"])

    await upstream.prepare()

    assert upstream.subscriptions == ("hello",)
    assert upstream.stream == "market"
    assert upstream.max_silence(TRADES) == 3.0
    upstream.check(TRADES)


def test_a_streams_own_subscriptions_go_before_those_that_are_given_by_hand():
    stream = StreamAddress(name="account", url="wss://fake.test/ws", subscriptions=("orders", "fills"))

    upstream = VenueUpstream(FakeVenue(), stream, http=None, subscriptions=["hello"])

    assert upstream.subscriptions == ("orders", "fills", "hello")


def test_a_session_gets_the_codec_of_its_stream():
    opened = []

    class TwoStreams(FakeVenue):
        def open_codec(self, stream, generation):
            opened.append((stream, generation))
            return super().open_codec(stream, generation)

    stream = StreamAddress(name="account", url="wss://fake.test/ws")
    VenueUpstream(TwoStreams(), stream, http=None).open_codec(7)

    assert opened == [("account", 7)]


@within(3600)
async def test_what_is_not_listed_is_refused(nursery, autojump_clock):
    asked = Asked(nursery)
    await asked.upstream.prepare()

    asked.upstream.check(TRADES)
    with pytest.raises(UnknownInstrument):
        asked.upstream.check(Feed(FeedKind.TRADES, "FAKE", InstrumentId("X.FAKE")))


async def test_a_raw_endpoint_hands_bytes_on_and_takes_no_feeds():
    upstream = RawUpstream("wss://fake.test/ws", {"A": "b"}, ["hello"])
    codec = upstream.open_codec(1)

    await upstream.prepare()

    assert codec.decode(b"\x00anything", 5) == (RawMessage(b"\x00anything"),)
    assert codec.heartbeat() is None
    assert upstream.max_silence(TRADES) is None
    for ask in (codec.subscribe, codec.unsubscribe, upstream.check):
        with pytest.raises(UnknownInstrument, match="belongs to no venue"):
            ask(TRADES)
