"""HyperliquidConfig: which of Hyperliquid's networks, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import attrs

from livetrio.venues.hyperliquid.wire import BASE_URLS

Network = Literal["mainnet", "testnet", "local"]


def _check_network(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value not in get_args(Network):
        raise ValueError(f"{field.name}: expected mainnet, testnet or local, found {value!r}")


def _check_base_url(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    expected = f"{field.name}: expected the start of a URL such as http://127.0.0.1:3001"
    if not isinstance(value, str):
        raise ValueError(f"{expected}, found {value!r}")
    if "@" in value:  # not shown: it holds a password
        raise ValueError(f"{expected}, found one with a user name in it; send credentials as headers")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"{expected}, found {value!r} ({exc})") from exc
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{expected}, found {value!r}, which begins with neither http:// nor https://")
    if not parts.hostname or port == 0:
        raise ValueError(
            f"{expected}, found {value!r}, which names no {'port' if parts.hostname else 'host'}"
        )
    if parts.query or parts.fragment or any(each.isspace() or not each.isprintable() for each in value):
        raise ValueError(f"{expected}, found {value!r}")
    if value.endswith(("/", "?", "#")):
        raise ValueError(f"{expected}, found {value!r}, whose last {value[-1]!r} is one too many")


def _check_headers(_: Any, field: attrs.Attribute[Any], value: Mapping[object, object]) -> None:
    for name, text in value.items():
        if (
            not isinstance(name, str)
            or not name
            or not all("!" <= each <= "~" for each in name)
            or ":" in name
        ):
            raise ValueError(f"{field.name}: expected the name of a header, found {name!r}")
        if not isinstance(text, str) or any(each in text for each in "\r\n\0"):  # not shown: may be secret
            raise ValueError(f"{field.name}.{name}: expected one line of text, found something else")


def _copy(headers: Mapping[str, str]) -> Mapping[str, str]:
    return dict(headers)


@attrs.frozen(kw_only=True)
class HyperliquidConfig:
    """Settings of one connection to Hyperliquid's public market data. It needs no account."""

    network: Network = attrs.field(default="mainnet", validator=_check_network)
    """``mainnet``: real money. ``testnet``: play money, real rules. ``local``: the exchange that livetrio
    starts itself, unless ``base_url`` names one that runs already."""
    base_url: str | None = attrs.field(default=None, validator=_check_base_url)
    """Where the API is, without a slash at the end; goes before ``network``. The WebSocket is at its
    ``/ws`` (``http`` becomes ``ws``, ``https`` ``wss``), questions are asked at its ``/info``."""
    headers: Mapping[str, str] = attrs.field(
        factory=dict, converter=_copy, validator=_check_headers, repr=False
    )
    """Sent with the WebSocket's upgrade, beside the usual ones. Never shown: they may hold secrets."""
    fast_books: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    """Order books of 5 levels a side each half second, or (false) of 20 levels a side each 5.4 seconds."""

    @property
    def wants_local_exchange(self) -> bool:
        """Whether the engine must start the local exchange and say where it is."""
        return self.network == "local" and self.base_url is None

    @property
    def resolved_base_url(self) -> str | None:
        """``base_url``, or else the network's; None where only the engine will know."""
        return self.base_url or BASE_URLS.get(self.network)
