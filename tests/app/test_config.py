"""Settings made in Python: defaults, and what each setting refuses in words."""

from __future__ import annotations

import types
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refusal

from livetrio.app.config import (
    Config,
    ExchangeConfig,
    LiveTradingConfig,
    LoggingConfig,
    StrategyConfig,
)
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.rules import YEAR_MS
from livetrio.cache import CacheConfig
from livetrio.errors import ConfigError

MILLISECONDS = "expected a whole number of milliseconds ≥ 1"


# Defaults.


def test_the_engines_defaults_are_the_seeds():
    assert attrs.asdict(LiveTradingConfig()) == {
        # the seed's
        "ws_endpoints": (),
        "heartbeat_interval_ms": 30_000,
        "tick_interval_ms": None,
        "enable_recovery": True,
        "auto_reconnect": True,
        "reconnect_base_ms": 1_000,
        "reconnect_max_ms": 60_000,
        "max_reconnect_attempts": 0,
        # ours
        "reconnect_jitter": 0.0,
        "connect_timeout_ms": 10_000,
        "subscribe_timeout_ms": 10_000,
        "stop_timeout_ms": 5_000,
        "max_message_bytes": 16_777_216,
        "max_bad_frames": 100,
        "tls_minimum_version": "1.2",
        "handle_signals": True,
    }


def test_a_configuration_is_whole_without_a_single_setting():
    config = Config()

    assert config == Config(
        engine=LiveTradingConfig(),
        venues={},
        strategies=(),
        logging=LoggingConfig(level="info", format="console"),
        exchange=ExchangeConfig(
            seed=None, regime="calm", faults=(), limits=True, replay=None, speed=1.0, loop=False, port=0
        ),
        cache=CacheConfig(),
        source=None,
    )
    assert config.base == Path()
    assert Config(source=Path("/etc/livetrio/run.toml")).base == Path("/etc/livetrio")


def test_settings_are_never_changed_after():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        LiveTradingConfig().tick_interval_ms = 5  # type: ignore[misc]


# The engine's settings.


@pytest.mark.parametrize(
    "settings, words",
    [
        *(
            ({name: value}, f"{name}: {MILLISECONDS}, found {shown}")
            for name in (
                "heartbeat_interval_ms",
                "tick_interval_ms",
                "reconnect_base_ms",
                "connect_timeout_ms",
                "subscribe_timeout_ms",
                "stop_timeout_ms",
            )
            for value, shown in [(0, "0"), (True, "the boolean true"), (1.5, "1.5"), ("1s", 'the text "1s"')]
        ),
        (
            {"tick_interval_ms": YEAR_MS + 1},
            f"tick_interval_ms: {MILLISECONDS}, found 31536000001; at most 31536000000",
        ),
        (
            {"reconnect_max_ms": 10**5000},
            f"reconnect_max_ms: {MILLISECONDS}, found a number of 16610 bits; at most 31536000000",
        ),
        (
            {"heartbeat_interval_ms": None},
            f"heartbeat_interval_ms: {MILLISECONDS}, found nothing",
        ),
        ({"enable_recovery": 1}, "enable_recovery: expected true or false, found the number 1"),
        ({"auto_reconnect": "no"}, 'auto_reconnect: expected true or false, found the text "no"'),
        ({"handle_signals": None}, "handle_signals: expected true or false, found nothing"),
        (
            {"max_reconnect_attempts": -1},
            "max_reconnect_attempts: expected a whole number of attempts ≥ 0, found -1",
        ),
        ({"reconnect_jitter": 1.1}, "reconnect_jitter: expected a number from 0 to 1, found 1.1"),
        (
            {"reconnect_jitter": False},
            "reconnect_jitter: expected a number from 0 to 1, found the boolean false",
        ),
        (
            {"reconnect_jitter": float("nan")},
            "reconnect_jitter: expected a number from 0 to 1, found nan",
        ),
        ({"reconnect_jitter": 10**400}, "reconnect_jitter: expected a number from 0 to 1, found inf"),
        (
            {"max_message_bytes": 1_000},
            "max_message_bytes: expected a whole number of bytes from 1024 to 1073741824, found 1000",
        ),
        ({"max_bad_frames": 0}, "max_bad_frames: expected a whole number of frames ≥ 1, found 0"),
        (
            {"tls_minimum_version": 1.2},
            'tls_minimum_version: expected "1.2" or "1.3", found the number 1.2',
        ),
        (
            {"ws_endpoints": ["wss://example.com"]},
            "ws_endpoints: expected an array of endpoints, found an array of 1",
        ),
        (
            {"ws_endpoints": types.MappingProxyType({})},
            "ws_endpoints: expected an array of endpoints, found an object of mappingproxy",
        ),
        (
            {"reconnect_base_ms": 5_000, "reconnect_max_ms": 4_999},
            "reconnect_max_ms: expected at least reconnect_base_ms (5000), found 4999",
        ),
    ],
)
def test_what_the_engine_refuses_it_refuses_in_words(settings: dict[str, Any], words: str):
    assert refusal(LiveTradingConfig, **settings) == words


def test_lists_are_taken_where_there_are_several():
    endpoint = WebSocketEndpoint(host="a", subscriptions=["one", "two"])
    config = LiveTradingConfig(ws_endpoints=[endpoint])

    assert endpoint.subscriptions == ("one", "two")
    assert config.ws_endpoints == (endpoint,)
    assert Config(strategies=[StrategyConfig(path="m:A")]).strategies[0].name == "A"


def test_numbers_of_any_kind_make_a_share():
    for one in (1, 1.0, Decimal(1)):
        assert isinstance(LiveTradingConfig(reconnect_jitter=one).reconnect_jitter, float)


# Strategies.


@pytest.mark.parametrize(
    "path", ["m:A", "a.b.c:d_1", "file.py:A", "/abs/dir x/file.py:A", "../x.py:A", "ä.ö:ü"]
)
def test_a_strategys_path_is_a_module_or_a_file_and_a_name(path: str):
    assert StrategyConfig(path=path).path == path


@pytest.mark.parametrize(
    "path", ["", "m", "m:", ":A", "a-b:A", "a..b:A", "file.py", ".py:A", "m:A.b", "1m:A", "m:A "]
)
def test_what_is_no_path_of_a_strategy_is_refused(path: str):
    assert refusal(StrategyConfig, path=path) == (
        f'path: expected "module:Class", "module:function" or "file.py:Class", found the text "{path}"'
    )


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"name": " "}, 'name: expected a name, found the text " "'),
        ({"params": [1]}, "params: expected a table of parameters, found an array of 1"),
        (
            {"on_error": "isolated"},
            'on_error: expected "stop" or "isolate", found the text "isolated"; did you mean "isolate"?',
        ),
        (
            {"overflow": "drop"},
            'overflow: expected "drop_oldest" or "latest", found the text "drop"',
        ),
        ({"queue": 0}, "queue: expected a whole number of events from 1 to 1000000, found 0"),
        (
            {"queue": True},
            "queue: expected a whole number of events from 1 to 1000000, found the boolean true",
        ),
    ],
)
def test_what_a_strategy_refuses_it_refuses_in_words(settings: dict[str, Any], words: str):
    assert refusal(StrategyConfig, path="m:A", **settings) == words


def names(*strategies: tuple[str, str | None]) -> list[str | None]:
    config = Config(strategies=[StrategyConfig(path=path, name=name) for path, name in strategies])
    return [each.name for each in config.strategies]


def test_strategies_without_a_name_get_their_classs_numbered_from_the_second_on():
    assert names(("m:A", None), ("n:A", None), ("m:B", None), ("a.py:A", None)) == ["A", "A-2", "B", "A-3"]


def test_a_made_up_name_makes_way_for_one_that_was_given_wherever_that_stands():
    assert names(("m:A", None), ("m:A", "A"), ("m:A", None), ("m:B", "A-2")) == ["A-3", "A", "A-4", "A-2"]


def test_two_strategies_with_the_same_given_name_are_refused():
    assert refusal(
        Config, strategies=[StrategyConfig(path="m:A", name="x"), StrategyConfig(path="m:B", name="x")]
    ) == ('[1].name: "x" is the name of strategies[0], too')


@settings(deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["m:A", "n:A", "m:B"]),
            st.sampled_from([None, "A", "A-2", "A-3", "B"]),
        ),
        max_size=8,
    ).filter(
        lambda each: len({name for _, name in each if name}) == sum(name is not None for _, name in each)
    )
)
def test_after_naming_every_name_is_there_once_and_given_ones_are_kept(strategies):
    named = names(*strategies)

    assert len(set(named)) == len(named)
    assert None not in named
    assert all(given_name in (None, name) for (_, given_name), name in zip(strategies, named, strict=True))


def test_naming_twice_changes_nothing():
    config = Config(strategies=[StrategyConfig(path="m:A"), StrategyConfig(path="m:A")])

    assert attrs.evolve(config) == config


# The rest.


@pytest.mark.parametrize(
    "kind, settings, words",
    [
        (
            LoggingConfig,
            {"level": "warn"},
            'level: expected "debug", "info", "warning" or "error", found the text "warn"; '
            'did you mean "warning"?',
        ),
        (LoggingConfig, {"format": None}, 'format: expected "console" or "json", found nothing'),
        (ExchangeConfig, {"replay": ""}, 'replay: expected the path of a recording, found the text ""'),
        (ExchangeConfig, {"speed": 0}, "speed: expected a number > 0, found 0.0"),
        (ExchangeConfig, {"speed": True}, "speed: expected a number > 0, found the boolean true"),
        (ExchangeConfig, {"speed": "max"}, 'speed: expected a number > 0, found the text "max"'),
        (
            ExchangeConfig,
            {"seed": -1},
            "seed: expected a whole number from 0 to 9223372036854775807, found -1",
        ),
        (
            ExchangeConfig,
            {"regime": "clam"},
            'regime: expected "calm", "trend", "crash" or "none", found the text "clam"; '
            'did you mean "calm"?',
        ),
        (ExchangeConfig, {"limits": 0}, "limits: expected true or false, found the number 0"),
        (
            ExchangeConfig,
            {"faults": "rst"},
            "faults: expected an array of faults, found a text of 3 characters",
        ),
        (ExchangeConfig, {"loop": 1}, "loop: expected true or false, found the number 1"),
        (ExchangeConfig, {"port": -1}, "port: expected a whole number from 0 to 65535, found -1"),
        (Config, {"engine": {}}, "engine: expected an object of LiveTradingConfig, found a table of 0"),
        (Config, {"logging": None}, "logging: expected an object of LoggingConfig, found nothing"),
        (Config, {"exchange": 5}, "exchange: expected an object of ExchangeConfig, found the number 5"),
        (
            Config,
            {"cache": LoggingConfig()},
            "cache: expected an object of CacheConfig, found an object of LoggingConfig",
        ),
        (Config, {"strategies": ["m:A"]}, "strategies: expected an array of strategies, found an array of 1"),
        (
            Config,
            {"strategies": {"m:A"}},
            "strategies: expected an array of strategies, found an array of 1",
        ),
        (Config, {"venues": ["hyperliquid"]}, "venues: expected a table of venues, found an array of 1"),
        (
            Config,
            {"venues": {"hyperliqid": None}},
            "venues.hyperliqid: no such venue; did you mean hyperliquid?",
        ),
        (Config, {"venues": {"nasdaq": None}}, "venues.nasdaq: no such venue; known: hyperliquid"),
    ],
)
def test_what_the_other_sections_refuse_they_refuse_in_words(kind, settings: dict[str, Any], words: str):
    assert refusal(kind, **settings) == words


def test_every_fault_that_is_none_is_named():
    with pytest.raises(ConfigError) as caught:
        ExchangeConfig(faults=["drop-connection every 30s", "drop-conection", "502 20%", "rst every soon"])

    assert [each.path for each in caught.value.problems] == ["faults[1]", "faults[3]"]
    assert "drop-connection" in caught.value.problems[0].message


def test_speed_is_a_number():
    assert ExchangeConfig(speed=Decimal("2.5")).speed == 2.5
