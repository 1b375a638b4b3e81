"""Endpoints by hand, from either side: by their URL, by its parts, by both; and what they refuse in words."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refusal

from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.secrets import Secret

BY_DEFAULT = {"port": 443, "path": "/ws", "use_tls": True}


def parts(endpoint: WebSocketEndpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in ("url", "host", "port", "path", "use_tls")}


def test_an_endpoints_defaults_are_the_seeds():
    endpoint = WebSocketEndpoint(host="example.com")

    assert parts(endpoint) == {"url": "wss://example.com/ws", "host": "example.com"} | BY_DEFAULT
    assert (endpoint.subscriptions, endpoint.venue, endpoint.headers) == ((), None, {})


@pytest.mark.parametrize(
    "url, host, port, path, use_tls",
    [
        ("wss://api.hyperliquid.xyz/ws", "api.hyperliquid.xyz", 443, "/ws", True),
        ("ws://127.0.0.1:3001/ws", "127.0.0.1", 3001, "/ws", False),
        ("ws://example.com", "example.com", 80, "/", False),
        ("wss://example.com:8443/a/b?c=d&e", "example.com", 8443, "/a/b?c=d&e", True),
        ("wss://example.com?c=d", "example.com", 443, "/?c=d", True),
        ("WSS://Example.COM/Ws", "example.com", 443, "/Ws", True),
        ("wss://[::1]:9/ws", "::1", 9, "/ws", True),
    ],
)
def test_an_endpoint_is_told_by_its_url_alone(url: str, host: str, port: int, path: str, use_tls: bool):
    endpoint = WebSocketEndpoint(url=url)

    assert parts(endpoint) == {"url": url, "host": host, "port": port, "path": path, "use_tls": use_tls}
    assert endpoint.address == url


@pytest.mark.parametrize(
    "given_parts, url",
    [
        ({"host": "example.com", "port": 8443}, "wss://example.com:8443/ws"),
        ({"host": "example.com", "use_tls": False}, "ws://example.com:443/ws"),
        ({"host": "example.com", "use_tls": False, "port": 80}, "ws://example.com/ws"),
        ({"host": "example.com", "path": "/v1/stream?x=1"}, "wss://example.com/v1/stream?x=1"),
        ({"host": "::1", "port": 9}, "wss://[::1]:9/ws"),
        ({"host": "Example.com"}, "wss://Example.com/ws"),
    ],
)
def test_an_endpoint_is_told_by_its_parts_alone(given_parts: dict[str, Any], url: str):
    endpoint = WebSocketEndpoint(**given_parts)

    assert endpoint.address == endpoint.url == url
    assert parts(endpoint) == {"url": url} | BY_DEFAULT | given_parts


def test_an_endpoint_may_be_told_twice_if_both_agree():
    endpoint = WebSocketEndpoint(
        url="ws://Example.com:8080/ws", host="example.COM", port=8080, path="/ws", use_tls=False
    )

    assert endpoint == WebSocketEndpoint(url="ws://Example.com:8080/ws")


@settings(deadline=None, derandomize=True)
@given(
    host=st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5})?", fullmatch=True),
    port=st.integers(1, 65_535),
    path=st.from_regex(r"/[a-z0-9/._-]{0,10}(\?[a-z0-9=&]{1,9})?", fullmatch=True),
    use_tls=st.booleans(),
)
def test_from_parts_to_url_and_back_nothing_is_lost(host: str, port: int, path: str, use_tls: bool):
    endpoint = WebSocketEndpoint(host=host, port=port, path=path, use_tls=use_tls)

    assert WebSocketEndpoint(url=endpoint.url) == endpoint
    assert attrs.evolve(endpoint) == endpoint


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("host", "other.com", 'host: "other.com" contradicts url, which says "example.com"'),
        ("port", 80, "port: 80 contradicts url, which says 443"),
        ("path", "/", 'path: "/" contradicts url, which says "/ws"'),
        ("use_tls", False, "use_tls: false contradicts url, which says true"),
    ],
)
def test_an_endpoint_told_twice_and_differently_says_what_contradicts_what(field, value, words):
    assert refusal(WebSocketEndpoint, url="wss://example.com/ws", **{field: value}) == (
        f"{words}; let them agree, or leave one out"
    )


def test_an_endpoint_needs_a_url_or_a_host():
    assert refusal(WebSocketEndpoint, port=443) == "url: missing: give url, or host"


BEGINS = "url: expected a URL that begins with ws:// or wss://, found"
SUCH_AS = "url: expected a URL such as wss://example.com/ws, found"


@pytest.mark.parametrize(
    "url, words",
    [
        ("https://example.com/ws", f'{BEGINS} the text "https://example.com/ws"'),
        ("example.com", f'{BEGINS} the text "example.com"'),
        ("", f'{BEGINS} the text ""'),
        (5, f"{BEGINS} the number 5"),
        ("wss://", f'{SUCH_AS} the text "wss://"'),
        ("wss://a/ws#x", f'{SUCH_AS} the text "wss://a/ws#x"'),
        ("wss://a:0/ws", f'{SUCH_AS} the text "wss://a:0/ws"'),
        ("wss://a:99999/ws", f'{SUCH_AS} the text "wss://a:99999/ws"'),
        ("wss://a:x/ws", f'{SUCH_AS} the text "wss://a:x/ws"'),
        ("wss://a b/ws", f'{SUCH_AS} the text "wss://a b/ws"'),
        ("wss://a/ws\r\nX: y", f'{SUCH_AS} the text "wss://a/ws\\r\\nX: y"'),
        ("wss://[a/ws", f'{SUCH_AS} the text "wss://[a/ws"'),
        ("wss://a\\b/ws", f'{SUCH_AS} the text "wss://a\\\\b/ws"'),
        ("wss://me:it@a/", "url: expected a URL without user and password (not shown); send them as headers"),
        ("wss://me:it@a:x/", f"{SUCH_AS} something with an @ in it (not shown)"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: object, words: str):
    assert refusal(WebSocketEndpoint, url=url) == words


@pytest.mark.parametrize(
    "host", ["example.com/ws", "example.com:80", "wss://example.com", "a b", "a?b", "[::1]"]
)
def test_a_host_is_a_name_or_an_address_alone(host: str):
    assert refusal(WebSocketEndpoint, host=host) == (
        f'host: expected the name or address of a host alone, found the text "{host}"'
    )


HEADERS = "headers: expected a table of HTTP headers, each a reference to a secret, found"


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"host": ""}, 'host: expected the name or address of a host, found the text ""'),
        ({"host": 5}, "host: expected the name or address of a host, found the number 5"),
        ({"port": 0}, "port: expected a whole number from 1 to 65535, found 0"),
        ({"port": 65_536}, "port: expected a whole number from 1 to 65535, found 65536"),
        ({"port": True}, "port: expected a whole number from 1 to 65535, found the boolean true"),
        ({"port": "443"}, 'port: expected a whole number from 1 to 65535, found the text "443"'),
        ({"path": "ws"}, 'path: expected a path that begins with /, found the text "ws"'),
        ({"path": "/a b"}, 'path: expected a path that begins with /, found the text "/a b"'),
        ({"use_tls": 1}, "use_tls: expected true or false, found the number 1"),
        (
            {"subscriptions": "{}"},
            "subscriptions: expected an array of messages as text, found a text of 2 characters",
        ),
        (
            {"subscriptions": [{}]},
            "subscriptions: expected an array of messages as text, found an array of 1",
        ),
        (
            {"venue": "hyperliqid"},
            'venue: expected "hyperliquid", found the text "hyperliqid"; did you mean "hyperliquid"?',
        ),
        ({"headers": [1]}, f"{HEADERS} an array of 1"),
        ({"headers": {"A": 5}}, f"{HEADERS} a table of 1"),
        ({"headers": {"A b": "env:X"}}, f"{HEADERS} a table of 1"),
        ({"headers": {"": "env:X"}}, f"{HEADERS} a table of 1"),
        (
            {"headers": {"A": "letmein"}},
            "headers.A: expected a reference to a secret, env:NAME or file:/path, found something else; "
            "it is not shown",
        ),
    ],
)
def test_what_an_endpoint_refuses_it_refuses_in_words(settings: dict[str, Any], words: str):
    assert refusal(WebSocketEndpoint, **{"host": "example.com"} | settings) == words


def test_headers_are_references_written_or_made():
    endpoint = WebSocketEndpoint(host="a", headers={"X-One": "env:A", "X-Two": Secret("file:/b")})

    assert endpoint.headers == {"X-One": Secret("env:A"), "X-Two": Secret("file:/b")}
