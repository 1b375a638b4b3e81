"""Settings: what is taken, what is refused and in which words."""

import pytest

from livetrio.venues.hyperliquid import HyperliquidConfig


def test_the_defaults_are_mainnet_and_fast_books():
    config = HyperliquidConfig()

    assert config.resolved_base_url == "https://api.hyperliquid.xyz"
    assert config.fast_books
    assert not config.wants_local_exchange


def test_testnet_has_its_own_address():
    assert HyperliquidConfig(network="testnet").resolved_base_url == "https://api.hyperliquid-testnet.xyz"


def test_a_base_url_goes_before_the_network():
    config = HyperliquidConfig(network="local", base_url="http://127.0.0.1:3001")

    assert config.resolved_base_url == "http://127.0.0.1:3001"
    assert not config.wants_local_exchange


def test_local_without_a_base_url_wants_the_engines_own_exchange():
    config = HyperliquidConfig(network="local")

    assert config.wants_local_exchange
    assert config.resolved_base_url is None


@pytest.mark.parametrize("network", ["main", "", None, 1])
def test_another_network_is_refused(network):
    with pytest.raises(ValueError, match=r"network: expected mainnet, testnet or local, found"):
        HyperliquidConfig(network=network)


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:3001", "https://example.org", "http://[::1]:3001", "https://example.org/some/path"],
)
def test_a_base_url_is_any_start_of_a_url(base_url):
    assert HyperliquidConfig(base_url=base_url).resolved_base_url == base_url


@pytest.mark.parametrize(
    ("base_url", "reason"),
    [
        ("", "begins with neither"),
        ("api.hyperliquid.xyz", "begins with neither"),
        ("wss://api.hyperliquid.xyz", "begins with neither"),
        ("HTTP//x", "begins with neither"),
        ("http://", "names no host"),
        ("http://:3001", "names no host"),
        ("http://host:0", "names no port"),
        ("http://host:99999", "out of range"),
        ("http://host:x", "found"),
        ("http://[::1", "found"),
        ("http://host/", "one too many"),
        ("http://host?", "one too many"),
        ("http://host/a?b=c", "found"),
        ("http://host#x", "found"),
        ("http://host/a b", "found"),
        ("http://host/\n", "found"),
        (3001, "found 3001"),
    ],
)
def test_a_base_url_that_cannot_be_one_is_refused_in_words(base_url, reason):
    with pytest.raises(ValueError, match=r"base_url: expected the start of a URL such as") as refused:
        HyperliquidConfig(base_url=base_url)

    assert reason in str(refused.value)


def test_a_password_in_the_base_url_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="send credentials as headers") as refused:
        HyperliquidConfig(base_url="https://me:hunter2@example.org")

    assert "hunter2" not in str(refused.value)


def test_headers_are_copied_and_never_shown():
    given = {"Authorization": "hunter2"}
    config = HyperliquidConfig(headers=given)
    given.clear()

    assert config.headers == {"Authorization": "hunter2"}
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "a\n", 1])
def test_a_header_without_a_name_is_refused(name):
    with pytest.raises(ValueError, match="headers: expected the name of a header, found"):
        HyperliquidConfig(headers={name: "x"})


@pytest.mark.parametrize("text", ["hunter2\r\nX: y", "hunter2\0", 7])
def test_a_header_of_more_than_a_line_is_refused_and_not_shown(text):
    with pytest.raises(ValueError, match=r"headers\.X: expected one line of text") as refused:
        HyperliquidConfig(headers={"X": text})

    assert "hunter2" not in str(refused.value)
