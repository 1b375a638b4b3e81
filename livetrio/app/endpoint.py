"""WebSocketEndpoint: a WebSocket to connect to by hand, by its URL or by the parts of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from livetrio.app.rules import Rule, as_tuple, boolean, found, one_of, optional, several, text, whole
from livetrio.errors import ConfigError, Problem
from livetrio.secrets import Secret
from livetrio.venues.registry import VENUES

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2: a token."""

_URL_PATH = re.compile(r"/[^\s\x00-\x1f\x7f\\#]*")


def _as_secrets(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    headers = {}
    for name, each in value.items():
        try:
            headers[name] = Secret(each) if isinstance(each, str) else each
        except ConfigError as error:
            raise _wrong(f"headers.{name}", error.problems[0].message) from None
    return headers


def _check_url(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, str):
        _parse_url(value)
    elif value is not None:
        raise _wrong(attribute.name, f"expected a URL that begins with ws:// or wss://, found {found(value)}")


def _are_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and _HEADER_NAME.fullmatch(name) and isinstance(each, Secret)
        for name, each in value.items()
    )


@attrs.frozen(kw_only=True)
class WebSocketEndpoint:
    """A WebSocket to connect to by hand, beside those that the venues ask for.

    Give ``url``, or ``host`` with what differs from the defaults, or both where they agree; all of these
    fields are set afterwards, whichever were given.
    """

    # The defaults of these five are None until `__attrs_post_init__` has derived them from each other, so
    # that a port that was given can be told from one that was not.
    url: str = attrs.field(
        default=None,
        validator=_check_url,
    )
    """``wss://api.hyperliquid.xyz/ws``. Default: from the others."""
    host: str = attrs.field(
        default=None,
        validator=optional(text("the name or address of a host", lambda value: value != "")),
    )
    """``api.hyperliquid.xyz``, or an address. Default: from ``url``."""
    port: int = attrs.field(
        default=None,
        validator=optional(whole("", 1, 65_535)),
    )
    """TCP port. Default: the one in ``url``, or 443; 80 where a ``url`` says ws:// and no port."""
    path: str = attrs.field(
        default=None,
        validator=optional(
            text("a path that begins with /", lambda value: _URL_PATH.fullmatch(value) is not None)
        ),
    )
    """Path and query. Default: the one in ``url``, or ``/ws``."""
    use_tls: bool = attrs.field(
        default=None,
        validator=optional(boolean()),
    )
    """Whether to encrypt and to check the certificate. Default: true unless ``url`` says ws://."""
    subscriptions: tuple[str, ...] = attrs.field(
        default=(), converter=as_tuple, validator=several(str, "an array of messages as text")
    )
    """Messages sent as they are at the start of every session, the ones after a reconnect included."""
    venue: str | None = attrs.field(default=None, validator=optional(one_of(*VENUES)))
    """Whose messages these are, for decoding. Default: the venue that is known to live at this host; if
    none does, the messages are published as they came."""
    headers: Mapping[str, Secret] = attrs.field(
        factory=dict,
        converter=_as_secrets,
        validator=Rule("a table of HTTP headers, each a reference to a secret", _are_headers),
    )
    """Sent with the upgrade. Every value is a reference, ``env:NAME`` or ``file:/path``, because what goes
    into headers by hand is most often a key."""

    @property
    def address(self) -> str:
        """The full URL."""
        return self.url

    def __attrs_post_init__(self) -> None:
        given = {name: getattr(self, name) for name in ("host", "port", "path", "use_tls")}
        given = {name: value for name, value in given.items() if value is not None}
        if self.url is not None:
            derived = _parse_url(self.url)
            for name, value in given.items():
                if _folded(value) != _folded(derived[name]):
                    raise _wrong(
                        name,
                        f"{_bare(value)} contradicts url, which says {_bare(derived[name])}; "
                        "let them agree, or leave one out",
                    )
        elif self.host is not None:
            derived = _complete_url(**{"port": 443, "path": "/ws", "use_tls": True} | given)
        else:
            raise _wrong("url", "missing: give url, or host")
        for name, value in derived.items():
            object.__setattr__(self, name, value)


def _parse_url(url: str) -> dict[str, Any]:
    """A WebSocket URL as url, host, port, path and use_tls."""
    shown = _shown(url)
    try:
        if re.search(r"[\s\x00-\x1f\x7f\\]", url):
            raise ValueError
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("url", f"expected a URL such as wss://example.com/ws, found {shown}") from None
    if parts.username is not None or parts.password is not None:
        raise _wrong("url", "expected a URL without user and password (not shown); send them as headers")
    if parts.scheme not in ("ws", "wss"):
        raise _wrong("url", f"expected a URL that begins with ws:// or wss://, found {shown}")
    if not parts.hostname or parts.fragment or port == 0:
        raise _wrong("url", f"expected a URL such as wss://example.com/ws, found {shown}")
    return {
        "url": url,
        "host": parts.hostname,
        "port": port or (443 if parts.scheme == "wss" else 80),
        "path": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        "use_tls": parts.scheme == "wss",
    }


def _complete_url(host: str, port: int, path: str, use_tls: bool) -> dict[str, Any]:
    """What `_parse_url` gives, from the other side."""
    scheme, usual = ("wss", 443) if use_tls else ("ws", 80)
    name = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{name}{'' if port == usual else f':{port}'}{path}"
    whole_url = {"url": url, "host": host, "port": port, "path": path, "use_tls": use_tls}
    try:
        fits = _parse_url(url) | {"host": host} == whole_url
    except ConfigError:
        fits = False
    if not fits:
        raise _wrong("host", f"expected the name or address of a host alone, found {_shown(host)}")
    return whole_url


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _shown(text: str) -> str:
    """The part of an address in words, unless a password may stand in front of its @."""
    return "something with an @ in it (not shown)" if "@" in text else found(text)


def _bare(value: Any) -> str:
    words = _shown(value) if isinstance(value, str) else found(value, "a number")
    return words.removeprefix("the boolean ").removeprefix("the text ")


def _wrong(field: str, message: str) -> ConfigError:
    return ConfigError([Problem(field, message)], source="WebSocketEndpoint")
