"""From settings and venues to what supervision takes."""

from __future__ import annotations

import ssl

import pytest

from livetrio import LiveTradingConfig, WebSocketEndpoint
from livetrio.app.wiring import VenueFeeds, network_dial, policy_of, upstream_of
from livetrio.errors import UnknownInstrument
from livetrio.model import Feed, FeedKind, InstrumentId
from livetrio.supervision.policy import ConnectionPolicy
from livetrio.supervision.upstream import RawUpstream, VenueUpstream
from livetrio.testing import FakeVenue

BTC = InstrumentId("BTC-USD-PERP.FAKE")
GONE = InstrumentId("GONE-USD-PERP.FAKE")


def feed(name):
    return Feed(FeedKind.TRADES, "FAKE", name)


def test_the_seed_s_defaults_are_the_policy_s():
    assert policy_of(LiveTradingConfig()) == ConnectionPolicy()
    assert (ConnectionPolicy().reconnect_base, ConnectionPolicy().reconnect_max) == (1, 60)
    assert ConnectionPolicy().max_reconnect_attempts == 0


def test_milliseconds_become_seconds():
    policy = policy_of(
        LiveTradingConfig(
            auto_reconnect=False,
            reconnect_base_ms=100,
            reconnect_max_ms=1500,
            reconnect_jitter=0.25,
            max_reconnect_attempts=7,
            connect_timeout_ms=2500,
            subscribe_timeout_ms=3500,
            max_message_bytes=2048,
            max_bad_frames=9,
        )
    )

    assert policy == ConnectionPolicy(
        auto_reconnect=False,
        reconnect_base=0.1,
        reconnect_max=1.5,
        reconnect_jitter=0.25,
        max_reconnect_attempts=7,
        connect_timeout=2.5,
        subscribe_timeout=3.5,
        max_message_bytes=2048,
        max_bad_messages=9,
    )


def test_tls_is_as_new_as_asked_for():
    usual = network_dial(LiveTradingConfig())
    newest = network_dial(LiveTradingConfig(tls_minimum_version="1.3"))

    assert usual._ssl_context is None, "made when it is first needed"
    context = newest._ssl_context
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_an_endpoint_of_nobody_is_raw(monkeypatch):
    monkeypatch.setenv("MY_KEY", "hush")
    upstream = upstream_of(
        WebSocketEndpoint(
            url="wss://example.test/feed", subscriptions=["hello"], headers={"X-Key": "env:MY_KEY"}
        )
    )

    assert isinstance(upstream, RawUpstream)
    assert upstream.url == "wss://example.test/feed"
    assert upstream.headers == {"X-Key": "hush"}
    assert list(upstream.subscriptions) == ["hello"]


@pytest.mark.parametrize(
    "endpoint",
    [
        WebSocketEndpoint(host="api.hyperliquid.xyz", subscriptions=["hello"]),
        WebSocketEndpoint(url="ws://127.0.0.1:3001/ws", venue="hyperliquid", subscriptions=["hello"]),
    ],
    ids=["by its host", "by its name"],
)
def test_an_endpoint_of_a_venue_is_decoded_by_it(endpoint):
    upstream = upstream_of(endpoint)

    assert isinstance(upstream, VenueUpstream)
    assert upstream.url == endpoint.address
    assert upstream.venue.name == "HYPERLIQUID"
    assert list(upstream.subscriptions) == ["hello"]


class Asked:
    """Stands for a connection."""

    def __init__(self):
        self.feeds = ()
        self.dropped = []

    def subscribe(self, feed):
        self.feeds += (feed,)

    def unsubscribe(self, feed):
        self.feeds = tuple(each for each in self.feeds if each != feed)

    def drop(self, feed, reason):
        self.unsubscribe(feed)
        self.dropped.append((feed, reason))


def test_feeds_go_by_the_stream_that_carries_them():
    venue = FakeVenue()
    feeds = VenueFeeds(venue)
    market, other = Asked(), Asked()
    feeds.connections = {"market": market, "other": other}

    feeds.subscribe(feed(BTC))
    assert (market.feeds, other.feeds) == ((feed(BTC),), ())
    feeds.unsubscribe(feed(BTC))
    assert market.feeds == ()


def test_what_turns_out_not_to_exist_is_dropped():
    venue = FakeVenue()
    feeds = VenueFeeds(venue)
    feeds.connections["market"] = market = Asked()
    feeds.subscribe(feed(BTC))
    feeds.subscribe(feed(GONE))
    venue.load_instruments([BTC.encode()])

    feeds.drop_unknown()

    assert market.feeds == (feed(BTC),)
    ((dropped, reason),) = market.dropped
    assert dropped == feed(GONE)
    assert "does not list GONE" in reason
    with pytest.raises(UnknownInstrument):
        feeds.subscribe(feed(GONE))
