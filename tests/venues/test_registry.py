"""The registry: names in the configuration, and nothing imported before it is wanted."""

import subprocess
import sys

import pytest

from livetrio.venues.registry import VENUES, venue_for_host


def test_every_venue_is_known_by_its_own_name_and_makes_itself_from_default_settings():
    for name, entry in VENUES.items():
        factory = entry.load()
        venue = factory.make(factory.settings())

        assert entry.name == name
        assert venue.name == name.upper()
        assert venue.streams
        assert factory.settings().wants_local_exchange is False
        assert factory.settings().has_account is False


def test_a_venue_is_made_where_the_engine_says():
    factory = VENUES["hyperliquid"].load()
    settings = factory.settings(network="local")

    assert settings.wants_local_exchange
    assert settings.has_account
    assert factory.make(settings, base_url="http://127.0.0.1:9").streams[0].url == "ws://127.0.0.1:9/ws"


def test_a_venue_is_given_the_key_of_an_account_there():
    factory = VENUES["hyperliquid"].load()
    settings = factory.settings(network="local")

    without = factory.make(settings, base_url="http://127.0.0.1:9")
    venue = factory.make(settings, base_url="http://127.0.0.1:9", key="11" * 32)

    assert without.trading is None
    assert venue.trading is not None
    assert [each.name for each in venue.streams if each.name == venue.trading.stream] == ["account"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.hyperliquid.xyz", "hyperliquid"),
        ("API.Hyperliquid.xyz.", "hyperliquid"),
        ("api.hyperliquid-testnet.xyz", "hyperliquid"),
        ("hyperliquid.xyz", None),
        ("api.hyperliquid.xyz.example.org", None),
        ("127.0.0.1", None),
        ("", None),
    ],
)
def test_a_host_belongs_to_its_venue(host, name):
    assert venue_for_host(host) == name


def test_the_registry_imports_no_venue():
    code = (
        "import sys, livetrio.venues.registry as registry;"
        "registry.venue_for_host('api.hyperliquid.xyz');"
        "print([each for each in sys.modules if each.startswith('livetrio.venues.hyper')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
