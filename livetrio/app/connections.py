"""Connections: those of one run, made from venues and from endpoints given by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Protocol

from livetrio.app.config import LiveTradingConfig
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.order_desk import OrderDesk
from livetrio.app.wiring import VenueFeeds, policy_of, upstream_of
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.model import ConnectionEvent, Instrument
from livetrio.supervision.account import AccountService
from livetrio.supervision.connection import Connection
from livetrio.supervision.dial import Dial
from livetrio.supervision.http import HttpClient
from livetrio.supervision.interval import Interval
from livetrio.supervision.upstream import RawMessage, Upstream, VenueUpstream
from livetrio.topics import raw_messages
from livetrio.venues.trading import TradingVenue


class ExecutionHandler(Protocol):
    """Whoever takes care of orders instead of the engine itself: see
    `LiveTradingEngine.set_execution_engine`."""

    def process(self, event: object) -> object:
        """Take in one event of a venue that is not market data."""
        ...

    def on_connection(self, event: ConnectionEvent) -> None:
        """A connection came up or went down; called before strategies can learn of it."""
        ...


class Connections:
    """Makes connections, tells the data engine whose feeds they carry, and hands on what they bring.

    Whoever owns it runs them: nothing here is a task.
    """

    def __init__(
        self,
        *,
        config: LiveTradingConfig,
        data: DataEngine,
        cache: Cache,
        execution: ExecutionHandler | None,
        desk: OrderDesk | None = None,
        clock: Clock,
        dial: Dial,
        http: HttpClient,
        heartbeat: Interval,
        rng: random.Random,
    ) -> None:
        self._config = config
        self._data = data
        self._cache = cache
        self._execution = execution
        self._desk = desk
        self._clock = clock
        self._dial = dial
        self._http = http
        self._heartbeat = heartbeat
        self._rng = rng
        self._all: list[Connection] = []
        self._clients: list[str] = []
        """The venues whose feeds these connections ask for."""

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._all.copy())

    def __len__(self) -> int:
        return len(self._all)

    def add_all(self, venues: Sequence[TradingVenue], endpoints: Sequence[WebSocketEndpoint]) -> None:
        """Make those of a configuration."""
        for venue in venues:
            self.add_venue(venue)
        for endpoint in endpoints:
            self.add_endpoint(endpoint)

    def add_venue(self, venue: TradingVenue) -> None:
        """Make the connections that a venue wants."""
        feeds = VenueFeeds(venue)

        def take_instruments(instruments: Sequence[Instrument]) -> None:
            for instrument in instruments:
                self._cache.update_instrument(instrument)
            feeds.drop_unknown()

        for stream in venue.streams:
            account = None
            if venue.trading is not None and stream.name == venue.trading.stream:
                if self._desk is None:
                    continue  # nobody here takes care of orders
                account = self._desk.add_account(venue, stream, self._http)
            upstream = VenueUpstream(venue, stream, http=self._http, on_instruments=take_instruments)
            connection = self._make(f"{venue.name.lower()}/{stream.name}", upstream, account)
            if account is None:
                feeds.connections[stream.name] = connection
        self._add_client(venue.name, feeds)

    def add_endpoint(self, endpoint: WebSocketEndpoint) -> Connection:
        """Make the connection to an endpoint given by hand."""
        name = base = endpoint.address.partition("://")[2]
        number = 1
        while any(each.name == name for each in self._all):
            number += 1
            name = f"{base}#{number}"
        upstream = upstream_of(endpoint)
        connection = self._make(name, upstream)
        if isinstance(upstream, VenueUpstream) and not self._data.has_client(upstream.venue.name):
            # Without a venue of its own in the configuration, its feeds can be had by this connection.
            feeds = VenueFeeds(upstream.venue)
            feeds.connections[upstream.stream] = connection
            self._add_client(upstream.venue.name, feeds)
        return connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection; no error if it is none of these."""
        if connection in self._all:
            self._all.remove(connection)

    def release_feeds(self) -> None:
        """Ask for no feed from now on, nor end one: the connections are about to."""
        for venue in self._clients:
            self._data.remove_client(venue)
        self._clients.clear()

    def _add_client(self, venue: str, feeds: VenueFeeds) -> None:
        self._clients.append(venue)
        self._data.add_client(venue, feeds)

    def _make(self, name: str, upstream: Upstream, account: AccountService | None = None) -> Connection:
        connection = Connection(
            name=name,
            upstream=upstream,
            policy=policy_of(self._config),
            receive=self._data.process,
            receive_other=(lambda event: self._take_other(name, event)) if account is None else account.take,
            last_update=self._data.last_update,
            bus=self._data.bus,
            clock=self._clock,
            dial=self._dial,
            heartbeat=self._heartbeat,
            rng=self._rng,
            on_state=self._take_state if account is None else account.take_state,
            serve=None if account is None else account.serve,
        )
        self._all.append(connection)
        return connection

    def _take_state(self, event: ConnectionEvent) -> None:
        if self._execution is not None:
            self._execution.on_connection(event)

    def _take_other(self, connection: str, event: object) -> bool:
        """What is no market data: raw messages, and whatever an execution engine knows."""
        if type(event) is RawMessage:
            self._data.bus.publish(raw_messages(connection), event.data)
        elif self._execution is not None:
            self._execution.process(event)
        else:
            return False
        return True
