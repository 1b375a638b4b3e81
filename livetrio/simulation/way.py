"""Way: the network between the engine's process and the exchange, with the faults of a plan on it."""

from __future__ import annotations

from random import Random

import trio

from livetrio.errors import ConnectionFailed, TlsError
from livetrio.exchange.faults.grammar import Fault
from livetrio.exchange.faults.running import Running
from livetrio.supervision.dial import Address
from livetrio.testing.network import Handler, Site

HOST = "exchange.test"

_NONE: frozenset[str] = frozenset()


class Way(Site):
    """The one way to the exchange."""

    def __init__(self, handler: Handler, latency: tuple[float, float], draw: Random) -> None:
        """Take who answers at its end, the usual latency in seconds, and what chance is drawn from."""
        self._span = latency
        self._draw = draw
        self._faults: list[Running] = []
        super().__init__(handler)

    @property
    def latency(self) -> float:
        """Drawn for each lump of bytes."""
        return self._draw.uniform(*self._span) + self.argument("slow-link")

    @latency.setter
    def latency(self, _: float) -> None:
        """It is the plan's."""

    def add(self, fault: Fault) -> None:
        """Let a fault that lasts act when its time has come, which begins now."""
        self._faults.append(Running(fault, trio.current_time()))

    def heal(self) -> None:
        """End all faults. Links that are dead are reset: somebody has noticed."""
        self._faults.clear()
        self.reset()

    def argument(self, name: str) -> float:
        """Seconds, drawn, of all faults of that name that act now together."""
        return sum(each.draw_argument(self._draw) for each in self._faults if self._hits(each, name))

    def let_go(self, *, is_told: bool) -> None:
        """The near ends are gone: nothing more goes out, but what is on its way arrives.

        Args:
          is_told: whether the far side hears of it, as of a process that ends and not of a machine.
        """
        for link in self.links:
            link.near.close()
            if not is_told:
                link.half_open()

    def has(self, name: str) -> bool:
        """Whether a fault of that name acts on what happens now."""
        return any(self._hits(each, name) for each in self._faults)

    async def dial(self, address: Address, nursery: trio.Nursery) -> trio.abc.Stream:
        """A new link, if the faults allow it.

        Raises:
          ConnectionFailed: they do not.
        """
        await trio.lowlevel.checkpoint()
        if address.host != HOST or self.has("dns"):
            raise ConnectionFailed(f"{address.host} does not resolve")
        if self.has("dial-hole"):
            await trio.sleep_forever()
        if self.has("refuse"):
            await trio.sleep(self.latency)
            raise ConnectionFailed(f"{address} does not accept connections: connection refused")
        if self.has("tls"):
            await trio.sleep(self.latency)
            raise TlsError(f"{address}: the certificate has expired")
        stream = await self.connect(nursery)
        if self.has("flap"):
            self.links[-1].reset()
        elif self.has("half-open"):
            self.links[-1].half_open()
        return stream

    def _hits(self, running: Running, name: str) -> bool:
        return running.kind.name == name and running.hits(trio.current_time(), _NONE, self._draw)
