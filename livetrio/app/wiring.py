"""Wiring: from settings and venues to what `supervision` takes."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from livetrio.app.config import LiveTradingConfig
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.errors import UnknownInstrument
from livetrio.model import Feed
from livetrio.supervision.connection import Connection
from livetrio.supervision.dial import NetworkDial
from livetrio.supervision.policy import ConnectionPolicy
from livetrio.supervision.upstream import RawUpstream, Upstream, VenueUpstream
from livetrio.venues.base import StreamAddress, Venue
from livetrio.venues.registry import VENUES, venue_for_host
from livetrio.venues.trading import Trading, TradingVenue


def policy_of(config: LiveTradingConfig) -> ConnectionPolicy:
    """How connections are kept up, in seconds."""
    return ConnectionPolicy(
        auto_reconnect=config.auto_reconnect,
        reconnect_base=config.reconnect_base_ms / 1000,
        reconnect_max=config.reconnect_max_ms / 1000,
        reconnect_jitter=config.reconnect_jitter,
        max_reconnect_attempts=config.max_reconnect_attempts,
        connect_timeout=config.connect_timeout_ms / 1000,
        subscribe_timeout=config.subscribe_timeout_ms / 1000,
        max_message_bytes=config.max_message_bytes,
        max_bad_messages=config.max_bad_frames,
    )


def network_dial(config: LiveTradingConfig) -> NetworkDial:
    """The dial to the real network, with the TLS that is asked for."""
    if config.tls_minimum_version == "1.2":
        return NetworkDial()  # the default; its certificates are loaded when the first TLS dial is made
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return NetworkDial(context)


def upstream_of(endpoint: WebSocketEndpoint) -> Upstream:
    """What is at the other end of an endpoint given by hand: a venue, if one is named or lives there."""
    headers = {name: secret.resolve() for name, secret in endpoint.headers.items()}
    name = endpoint.venue or venue_for_host(endpoint.host)
    if name is None:
        return RawUpstream(endpoint.address, headers, endpoint.subscriptions)
    factory = VENUES[name].load()
    venue = factory.make(factory.settings())
    return VenueUpstream(
        venue,
        StreamAddress(name=venue.streams[0].name, url=endpoint.address, headers=headers),
        http=None,
        subscriptions=endpoint.subscriptions,
    )


def account_headers(venue: TradingVenue, trading: Trading) -> Mapping[str, str]:
    """What is sent with each question about the account."""
    return next(each.headers for each in venue.streams if each.name == trading.stream)


class VenueFeeds:
    """Asks for a venue's feeds by whichever of its connections carries them."""

    def __init__(self, venue: Venue) -> None:
        self.connections: dict[str, Connection] = {}
        """By the name of the stream."""
        self._venue = venue

    def subscribe(self, feed: Feed) -> None:
        """Ask for the feed now and after every reconnect; raises UnknownInstrument."""
        self.connections[self._venue.stream_for(feed)].subscribe(feed)

    def unsubscribe(self, feed: Feed) -> None:
        """Ask for it no more."""
        for connection in self.connections.values():
            connection.unsubscribe(feed)

    def drop_unknown(self) -> None:
        """The list of instruments has come: end what was asked for before and turns out not to exist."""
        for connection in self.connections.values():
            for feed in connection.feeds:
                try:
                    self._venue.stream_for(feed)
                except UnknownInstrument as error:
                    connection.drop(feed, str(error))
