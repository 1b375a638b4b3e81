"""Nonces: the number that makes a signed request count once.

Of each key the venue keeps the 100 highest nonces that it has seen. It refuses one that is among them or
below them all, and one that is two days before or one day after its clock (Hyperliquid docs,
nonces-and-api-wallets, 2026-08-22). So a key belongs to one process: two that share one will meet.
"""

from __future__ import annotations

from livetrio.venues.hyperliquid.wire import NANOSECONDS_PER_MILLISECOND


class Nonces:
    """Of one key. Milliseconds by our clock, and one more than the last where that is not enough."""

    def __init__(self) -> None:
        self.last = 0
        """The highest used."""

    def next(self, now: int) -> int:
        """One that was not used yet; ``now`` is UTC nanoseconds."""
        self.last = max(now // NANOSECONDS_PER_MILLISECOND, self.last + 1)
        return self.last
