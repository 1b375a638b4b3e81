"""Registry: the venues that livetrio can connect to, by their name in the configuration.

A venue's modules are imported when it is first wanted: who trades at one exchange does not wait for the
code of the others. To add a venue, add its entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from livetrio.venues.trading import TradingVenue


class MakeVenue(Protocol):
    """A venue's class, or what makes it."""

    def __call__(self, config: Any, *, base_url: str | None = None, key: str | None = None) -> TradingVenue:
        """A venue by its settings, and by what the engine knows of the local exchange that it has started.

        Args:
          config: the settings.
          base_url: goes before the settings' address.
          key: the private key of an account there, which is traded where the settings have none.

        Raises:
          UsageError: the settings want the local exchange, and no ``base_url`` says where it is.
        """
        ...


@attrs.frozen(kw_only=True)
class VenueFactory:
    """What makes a venue: its settings and itself."""

    settings: type[Any]
    """The attrs class that its section of the configuration is read into; all fields have defaults. It
    has a property ``wants_local_exchange``: whether the engine must start the local exchange and give
    its ``base_url`` and a key; and one, ``has_account``: whether there will be an account to trade."""
    make: MakeVenue


@attrs.frozen(kw_only=True)
class VenueEntry:
    """One venue."""

    name: str
    """As in the configuration: ``hyperliquid``."""
    hosts: frozenset[str]
    """Hosts that speak its protocol."""
    load: Callable[[], VenueFactory]
    """Imports its modules."""


def _load_hyperliquid() -> VenueFactory:
    from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

    return VenueFactory(settings=HyperliquidConfig, make=HyperliquidVenue)


_ENTRIES = (
    VenueEntry(
        name="hyperliquid",
        hosts=frozenset({"api.hyperliquid.xyz", "api.hyperliquid-testnet.xyz"}),
        load=_load_hyperliquid,
    ),
)

VENUES: Mapping[str, VenueEntry] = {entry.name: entry for entry in _ENTRIES}
"""Every venue by its name."""


def venue_for_host(host: str) -> str | None:
    """The name of the venue that owns a host, or None: so an endpoint given by hand is decoded too."""
    folded = host.casefold().removesuffix(".")
    return next((entry.name for entry in _ENTRIES if folded in entry.hosts), None)
