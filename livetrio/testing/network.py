"""MemoryNetwork: hosts and connections in memory, with the faults of real ones.

    network = MemoryNetwork(nursery)                      # the test's own nursery
    venue = network.listen("venue.test", 443, server.serve)
    engine = LiveTradingEngine(bus, cache, config, dial=network.dial)
    ...
    venue.refuse = True
    venue.reset()

No sockets, no threads, no names to resolve: with trio's `MockClock` a day on it takes as long as its
messages take to handle. The handlers run in the nursery that was given, so the far side does not die
with the engine that it should answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from livetrio.errors import ConnectionFailed
from livetrio.supervision.dial import Address
from livetrio.testing.streams import Link

Handler = Callable[[trio.abc.Stream], Awaitable[object]]
"""Serves one connection; the stream is closed when it returns."""


class Site:
    """A host's port: who answers there, and what is wrong with the way to it.

    The first three are switches for a test to set, at any time; they apply from then on.
    """

    def __init__(self, handler: Handler) -> None:
        self.refuse = False
        """Refuse whoever dials."""
        self.dial_hole = False
        """Never answer whoever dials."""
        self.latency = 0.0
        """Seconds that bytes take, each way."""
        self.handler = handler
        self.dials: list[float] = []
        """When it was dialed, successfully or not; trio's time."""
        self._links: list[Link] = []

    @property
    def links(self) -> tuple[Link, ...]:
        """The connections that are open, oldest first."""
        self._links = [link for link in self._links if link.is_open]
        return tuple(self._links)

    def reset(self) -> None:
        """Break every open connection: both ends notice."""
        for link in self.links:
            link.reset()

    def half_open(self) -> None:
        """Let every open connection go dead: nobody notices. New ones are well."""
        for link in self.links:
            link.half_open()

    async def connect(self, nursery: trio.Nursery) -> trio.abc.Stream:
        """A new connection, if the switches allow it; its handler is started in the nursery."""
        self.dials.append(trio.current_time())
        if self.dial_hole:
            await trio.sleep_forever()
        await trio.sleep(2 * self.latency)
        if self.refuse:
            raise ConnectionRefusedError("connection refused")
        link = Link(lambda: self.latency)
        self._links = [*self.links, link]
        nursery.start_soon(self._serve, link)
        return link.near

    async def _serve(self, link: Link) -> None:
        try:
            await self.handler(link.far)
        except trio.BrokenResourceError:
            pass  # the link broke, which is what networks are for
        finally:
            link.far.close()


class MemoryNetwork:
    """Hosts by name and port."""

    def __init__(self, nursery: trio.Nursery) -> None:
        """Use a nursery of the test's for the far side of all connections."""
        self._nursery = nursery
        self._sites: dict[tuple[str, int], Site] = {}

    def listen(self, host: str, port: int, handler: Handler) -> Site:
        """Let a handler serve whoever dials this host and port, with or without TLS."""
        site = self._sites[host, port] = Site(handler)
        return site

    async def dial(self, address: Address) -> trio.abc.Stream:
        """Connect; a `livetrio.supervision.dial.Dial`. TLS counts as done.

        Raises:
          ConnectionFailed: nobody listens there, or the site refuses.
        """
        await trio.lowlevel.checkpoint()
        site = self._sites.get((address.host, address.port))
        if site is None:
            raise ConnectionFailed(f"{address.host} does not resolve: nobody listens on {address} here")
        try:
            return await site.connect(self._nursery)
        except OSError as exc:
            raise ConnectionFailed(f"{address} does not accept connections: {exc}") from exc
