"""HyperliquidConfig: which of Hyperliquid's networks, how, and with whose money."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import attrs

from livetrio.errors import ConfigError, Problem, UsageError
from livetrio.secrets import EXPECTED, Secret
from livetrio.venues.hyperliquid.keys import key_number
from livetrio.venues.hyperliquid.wire import BASE_URLS

Network = Literal["mainnet", "testnet", "local"]

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MAY_BE_A_KEY = re.compile(r"[0-9a-fA-F]{64}")


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


def _check_address(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value is None or (isinstance(value, str) and _ADDRESS.fullmatch(value)):
        return
    found = "what may be a private key; it is not shown" if _MAY_BE_A_KEY.search(str(value)) else repr(value)
    raise ValueError(f"{field.name}: expected an address, 0x and 40 hex digits, found {found}")


def _check_key(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    if not isinstance(value, Secret):  # not shown: it may be the key itself
        raise ValueError(f"{field.name}: expected {EXPECTED}, found something else; it is not shown")
    try:
        key_number(value.resolve())
    except UsageError as error:
        raise ValueError(f"{field.name}: {value.reference}: {error}") from None


def _lower(address: Any) -> Any:
    return address.lower() if isinstance(address, str) else address


def _copy(headers: Mapping[str, str]) -> Mapping[str, str]:
    return dict(headers)


@attrs.frozen(kw_only=True)
class HyperliquidConfig:
    """Settings of Hyperliquid. Market data needs no account; orders need a ``key``."""

    network: Network = attrs.field(default="mainnet", validator=_check_network)
    """``mainnet``: real money. ``testnet``: play money, real rules. ``local``: the exchange that livetrio
    starts itself, unless ``base_url`` names one that runs already."""
    base_url: str | None = attrs.field(default=None, validator=_check_base_url)
    """Where the API is, without a slash at the end; goes before ``network``. The WebSocket is at its
    ``/ws`` (``http`` becomes ``ws``, ``https`` ``wss``), questions are asked at its ``/info``."""
    headers: Mapping[str, str] = attrs.field(
        factory=dict, converter=_copy, validator=_check_headers, repr=False
    )
    """Sent with each request over HTTP and with the WebSocket's upgrade, beside the usual ones. Never shown:
    they may hold secrets."""
    fast_books: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    """Order books of 5 levels a side each half second, or (false) of 20 levels a side each 5.4 seconds."""
    key: Secret | None = attrs.field(default=None, validator=_check_key)
    """To trade: a reference, ``env:NAME`` or ``file:/path``, to the private key of the account, or better of
    an agent ("API wallet") that the account has approved, which can place orders but move no money. A key is
    one program's: two would get in each other's way."""
    account: str | None = attrs.field(default=None, converter=_lower, validator=_check_address)
    """The address of the account for which the key signs. Default: the key's own; an agent needs it."""
    vault: str | None = attrs.field(default=None, converter=_lower, validator=_check_address)
    """The address of a vault or sub-account to trade for, which the account leads or owns. Default: none."""

    def __attrs_post_init__(self) -> None:
        problems = []
        if self.key is None:
            problems = [
                Problem(name, f"expected a key beside it, to sign with, found none: add key, {EXPECTED}")
                for name in ("account", "vault")
                if getattr(self, name) is not None
            ]
        elif self.vault is not None and self.vault == self.account:
            problems = [Problem("vault", "expected a vault or a sub-account, found the account itself")]
        if problems:
            raise ConfigError(problems, source=type(self).__name__)

    @property
    def wants_local_exchange(self) -> bool:
        """Whether the engine must start the local exchange and say where it is."""
        return self.network == "local" and self.base_url is None

    @property
    def has_account(self) -> bool:
        """Whether there will be an account to trade: that of the key, or the local exchange's."""
        return self.key is not None or self.wants_local_exchange

    @property
    def resolved_base_url(self) -> str | None:
        """``base_url``, or else the network's; None where only the engine will know."""
        return self.base_url or BASE_URLS.get(self.network)
