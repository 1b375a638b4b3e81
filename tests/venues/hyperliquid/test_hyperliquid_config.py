"""Settings: what is taken, what is refused and in which words."""

import pytest
from order_samples import KEY

from livetrio.errors import ConfigError
from livetrio.secrets import Secret
from livetrio.venues.hyperliquid import HyperliquidConfig

ADDRESS = "0x" + "Ab" * 20


@pytest.fixture
def key(monkeypatch):
    """A reference to a private key."""
    monkeypatch.setenv("LIVETRIO_TEST_KEY", KEY)
    return Secret("env:LIVETRIO_TEST_KEY")


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


# The account.


def test_without_a_key_there_is_no_account():
    config = HyperliquidConfig()

    assert (config.key, config.account, config.vault) == (None, None, None)


def test_a_key_is_shown_by_its_reference_alone_and_addresses_in_lower_case(key):
    config = HyperliquidConfig(key=key, account=ADDRESS, vault="0x" + "CD" * 20)

    assert (config.account, config.vault) == ("0x" + "ab" * 20, "0x" + "cd" * 20)
    assert "<Secret env:LIVETRIO_TEST_KEY>" in repr(config)
    assert KEY.removeprefix("0x") not in repr(config)


@pytest.mark.parametrize("value", ["hunter2-hunter2", "0x" + "00" * 32, "ff" * 32, "a1" * 31])
def test_what_cannot_be_a_private_key_is_refused_and_not_shown(value, monkeypatch):
    monkeypatch.setenv("LIVETRIO_TEST_KEY", value)
    with pytest.raises(ValueError, match="key: env:LIVETRIO_TEST_KEY: expected a private key") as refused:
        HyperliquidConfig(key=Secret("env:LIVETRIO_TEST_KEY"))

    assert value not in str(refused.value)


@pytest.mark.parametrize("value", [KEY, 5, ""])
def test_a_key_that_is_written_down_is_refused_and_not_shown(value):
    with pytest.raises(
        ValueError, match="key: expected a reference to a secret, env:NAME or file:/path"
    ) as refused:
        HyperliquidConfig(key=value)

    assert "it is not shown" in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_key_that_is_nowhere_is_named(monkeypatch):
    monkeypatch.delenv("LIVETRIO_TEST_KEY", raising=False)

    with pytest.raises(ConfigError, match="the environment variable LIVETRIO_TEST_KEY is not set"):
        HyperliquidConfig(key=Secret("env:LIVETRIO_TEST_KEY"))


@pytest.mark.parametrize("field", ["account", "vault"])
@pytest.mark.parametrize(
    "address", ["", "0x12", "ab" * 20, "0x" + "gg" * 20, ADDRESS + "0", ADDRESS + "\n", 7]
)
def test_what_is_no_address_is_refused(field, address, key):
    with pytest.raises(
        ValueError, match=f"{field}: expected an address, 0x and 40 hex digits, found "
    ) as refused:
        HyperliquidConfig(key=key, **{field: address})

    assert repr(address).lower() in str(refused.value)


@pytest.mark.parametrize("field", ["account", "vault"])
def test_a_private_key_in_the_place_of_an_address_is_not_shown(field, key):
    with pytest.raises(ValueError, match="found what may be a private key; it is not shown") as refused:
        HyperliquidConfig(key=key, **{field: KEY})

    assert KEY not in str(refused.value)


def test_an_account_needs_a_key_and_all_that_lacks_one_is_named():
    with pytest.raises(ConfigError) as refused:
        HyperliquidConfig(account=ADDRESS, vault=ADDRESS)

    assert [each.path for each in refused.value.problems] == ["account", "vault"]
    assert all("expected a key beside it" in each.message for each in refused.value.problems)


def test_a_vault_is_another_than_the_account(key):
    with pytest.raises(
        ConfigError, match="vault: expected a vault or a sub-account, found the account itself"
    ):
        HyperliquidConfig(key=key, account=ADDRESS, vault=ADDRESS.lower())
