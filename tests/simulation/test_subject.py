"""From a configuration to what is simulated: no key is wanted, nothing is connected to, nothing stays."""

import sys
from pathlib import Path

import pytest

from livetrio import Cache, LiveTradingEngine, MessageBus
from livetrio.app.load import load_config
from livetrio.errors import ConfigError
from livetrio.simulation.subject import forget_modules, localize, subject_of

CONFIG = """\
[engine]
tick_interval_ms = 250
ws_endpoints = [{ url = "wss://stream.test/ws", headers = { Authorization = "env:NO_SUCH_TOKEN" } }]

[venues.hyperliquid]
network = "mainnet"
base_url = "https://proxy.test"
headers = { Token = "env:NO_SUCH_TOKEN" }
key = "env:NO_SUCH_KEY"
account = "0x5e9ee1089755c3435139848e47e6635505d5a13a"
vault = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
fast_books = false

[execution]
submit_timeout_ms = 1_234

[risk]
max_open_orders = 3

[journal]
path = "/somewhere/real.journal"
sync = "power"

[[strategies]]
path = "mine.py:Mine"
name = "first"
on_error = "isolate"

[[strategies]]
path = "mine.py:Mine"
"""

STRATEGY = """\
import beside

from livetrio import Strategy

beside.STARTS.append(1)


class Mine(Strategy):
    def starts(self):
        return len(beside.STARTS)
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGY)
    (tmp_path / "beside.py").write_text("STARTS = []\n")
    file = tmp_path / "my.toml"
    file.write_text(CONFIG)
    yield file
    forget_modules(tmp_path)


def test_venues_are_the_local_exchange_and_all_else_is_as_configured(file):
    subject = subject_of(load_config(file, edit=localize))

    venue = subject.venue
    assert venue.wants_local_exchange
    assert (venue.key, venue.account, venue.vault, dict(venue.headers)) == (None, None, None, {})
    assert venue.fast_books is False
    assert subject.engine.ws_endpoints == ()
    assert subject.engine.handle_signals is False
    assert subject.engine.tick_interval_ms == 250
    assert subject.execution.submit_timeout_ms == 1_234
    assert subject.risk.max_open_orders == 3
    assert subject.sync == "power"


def test_mistakes_in_what_is_used_are_told_and_in_what_is_not_are_not(file):
    file.write_text(CONFIG.replace("fast_books = false", 'fast_boks = false\nkey2 = "x"'))
    with pytest.raises(ConfigError) as caught:
        load_config(file, edit=localize)

    assert [each.path for each in caught.value.problems] == [
        "venues.hyperliquid.fast_boks",
        "venues.hyperliquid.key2",
    ]


@pytest.mark.parametrize("text", ["venues = 3", "[venues]\nhyperliquid = 3", "engine = 3"])
def test_what_is_no_table_is_left_for_the_checks_to_refuse(file, text):
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_config(file, edit=localize)


def test_without_a_venue_there_is_nothing_to_simulate(file):
    file.write_text("")
    with pytest.raises(ConfigError, match="venues: expected a venue to simulate, found none"):
        subject_of(load_config(file, edit=localize))


def make_engine(subject):
    engine = LiveTradingEngine(MessageBus(), Cache(), subject.engine)
    for add in subject.strategies:
        add(engine)
    return engine


def test_each_start_makes_the_strategies_anew_by_their_names(file):
    subject = subject_of(load_config(file, edit=localize))

    engine = make_engine(subject)
    assert engine._strategies.names == ["first", "Mine"]


def test_no_variable_of_a_module_beside_the_configuration_outlives_a_start(file):
    subject = subject_of(load_config(file, edit=localize))
    for _ in range(3):
        subject.on_start()
        make_engine(subject)
        mine = str(file.parent / "mine.py")
        [module] = [each for each in sys.modules.values() if getattr(each, "__file__", None) == mine]
        assert module.Mine.starts(None) == 1


def test_modules_elsewhere_and_livetrio_itself_are_kept(file, monkeypatch):
    monkeypatch.setattr(sys, "modules", dict(sys.modules))  # those of other tests lie in that folder, too
    before = sys.modules["livetrio.app.load"]
    forget_modules(file.parent)
    forget_modules(Path(before.__file__).parents[2])

    assert sys.modules["livetrio.app.load"] is before
    assert "pytest" in sys.modules
