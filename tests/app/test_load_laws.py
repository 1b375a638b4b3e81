"""Laws of load_config: whatever it is given, it loads or explains, and what is right it keeps as it is."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.app.config import (
    Config,
    ExchangeConfig,
    LiveTradingConfig,
    LoggingConfig,
    StrategyConfig,
    WebSocketEndpoint,
)
from livetrio.app.load import load_config
from livetrio.cache import CacheConfig
from livetrio.errors import ConfigError
from livetrio.venues.hyperliquid import HyperliquidConfig

texts = st.text(max_size=8)
keys = st.sampled_from(
    [each.name for kind in (Config, LiveTradingConfig, WebSocketEndpoint, StrategyConfig, ExchangeConfig,
                            HyperliquidConfig, CacheConfig, LoggingConfig) for each in attrs.fields(kind)]
    + ["hyperliquid"]
) | texts  # fmt: skip
scalars = (
    st.booleans()
    | st.integers()
    | st.floats().map(str).map(Decimal)
    | texts
    | st.sampled_from(["m:A", "wss://a/b", "env:A", "max", "local", "1.2", "stop"])
    | st.datetimes()
    | st.dates()
    | st.times()
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
endpoints = st.lists(st.dictionaries(keys, anything, max_size=4), max_size=2)
configurations = st.fixed_dictionaries(
    {},
    optional={
        "engine": st.dictionaries(keys, anything, max_size=4)
        | endpoints.map(lambda each: {"ws_endpoints": each}),
        "venues": st.dictionaries(st.just("hyperliquid") | keys, anything, max_size=2),
        "strategies": endpoints,
        "exchange": st.dictionaries(keys, anything, max_size=4),
        "cache": anything,
        "logging": anything,
    },
) | st.dictionaries(keys, anything, max_size=4)


def key_of(text: str) -> str:
    return '"' + "".join(f"\\U{ord(each):08x}" for each in text) + '"'


def toml(value: object) -> str:
    """A value as TOML writes it inline."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return key_of(value)
        case float() | Decimal():
            text = str(value).lower().replace("infinity", "inf")
            return text if any(each in text for each in ".en") else f"{text}.0"
        case list() | tuple():
            return f"[{', '.join(toml(each) for each in value)}]"
        case Mapping():
            return f"{{ {', '.join(f'{key_of(key)} = {toml(each)}' for key, each in value.items())} }}"
        case datetime.date() | datetime.time():
            return value.isoformat()
    return str(value)


def document(table: Mapping[str, object]) -> str:
    return "\n".join(f"{key_of(key)} = {toml(value)}" for key, value in table.items())


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws") / "any.toml"


def assert_loads_or_explains(file: Path, **options: Any) -> None:
    """And nothing else; each problem on a line of its own."""
    try:
        load_config(file, **{"environ": {}} | options)
    except ConfigError as error:
        lines = str(error).splitlines()
        problems = error.problems
    else:
        return

    assert problems
    assert len(lines) == 1 + len(problems)
    assert all(each.message for each in problems)


@settings(deadline=None, derandomize=True)
@given(configurations)
def test_whatever_a_file_says_it_loads_or_is_a_config_error(scratch: Path, table: dict[str, Any]):
    scratch.write_text(document(table))

    assert_loads_or_explains(scratch, check_strategy=lambda *_: [])


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=60) | texts.map(str.encode))
def test_whatever_the_bytes_of_a_file_they_load_or_are_a_config_error(scratch: Path, content: bytes):
    scratch.write_bytes(content)

    assert_loads_or_explains(scratch)


names = st.lists(keys | st.sampled_from(["0", "1", "9"]) | texts, min_size=1, max_size=4)


@settings(deadline=None, derandomize=True)
@given(configurations, st.lists(st.tuples(names, texts | anything.map(toml)), max_size=3))
def test_whatever_is_set_it_loads_or_is_a_config_error(scratch: Path, table: dict[str, Any], changes):
    scratch.write_text(document(table))
    options = [f"{'.'.join(parts)}={text}" for parts, text in changes]
    environ = {f"LIVETRIO__{'__'.join(parts)}": text for parts, text in changes}

    assert_loads_or_explains(scratch, overrides=options)
    assert_loads_or_explains(scratch, environ=environ)


plain = texts | st.integers() | st.booleans() | st.dates() | st.decimals(-1_000, 1_000, places=2)
milliseconds = st.integers(1, 10**9)
engines = st.fixed_dictionaries(
    {},
    optional={
        "heartbeat_interval_ms": milliseconds,
        "tick_interval_ms": milliseconds,
        "enable_recovery": st.booleans(),
        "auto_reconnect": st.booleans(),
        "reconnect_base_ms": st.integers(1, 60_000),
        "reconnect_max_ms": st.integers(60_000, 10**9),
        "max_reconnect_attempts": st.integers(0, 10**6),
        "reconnect_jitter": st.floats(0, 1),
        "max_message_bytes": st.integers(1_024, 2**30),
        "max_bad_frames": st.integers(1, 10**6),
        "tls_minimum_version": st.sampled_from(["1.2", "1.3"]),
        "ws_endpoints": st.lists(
            st.fixed_dictionaries(
                {"host": st.from_regex(r"[a-z]{1,9}\.com", fullmatch=True)},
                optional={
                    "port": st.integers(1, 65_535),
                    "use_tls": st.booleans(),
                    "subscriptions": st.lists(texts, max_size=3),
                    "venue": st.just("hyperliquid"),
                },
            ),
            max_size=2,
        ),
    },
)
wholes = st.fixed_dictionaries(
    {},
    optional={
        "engine": engines,
        "venues": st.fixed_dictionaries(
            {}, optional={"hyperliquid": st.fixed_dictionaries({}, optional={"fast_books": st.booleans()})}
        ),
        "strategies": st.lists(
            st.fixed_dictionaries(
                {
                    "path": st.sampled_from(["m:A", "m:B"]),
                    "params": st.dictionaries(texts, plain, max_size=3),
                },
                optional={"queue": st.integers(1, 10**6), "overflow": st.just("latest")},
            ),
            max_size=3,
        ),
        "logging": st.fixed_dictionaries({}, optional={"level": st.sampled_from(["debug", "error"])}),
        "exchange": st.fixed_dictionaries(
            {}, optional={"speed": st.floats(0.01, 1e6), "loop": st.booleans(), "seed": st.integers(0, 99)}
        ),
        "cache": st.fixed_dictionaries({}, optional={"quote_expiry_ms": milliseconds}),
    },
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(wholes)
def test_what_is_right_comes_out_as_it_was_made_in_python(scratch: Path, table: dict[str, Any]):
    scratch.write_text(document(table))
    engine = dict(table.get("engine", {}))
    engine["ws_endpoints"] = [WebSocketEndpoint(**each) for each in engine.get("ws_endpoints", [])]
    made = Config(
        engine=LiveTradingConfig(**engine),
        venues={name: HyperliquidConfig(**each) for name, each in table.get("venues", {}).items()},
        strategies=[StrategyConfig(**each) for each in table.get("strategies", [])],
        logging=LoggingConfig(**table.get("logging", {})),
        exchange=ExchangeConfig(**table.get("exchange", {})),
        cache=CacheConfig(**table.get("cache", {})),
        source=scratch,
    )

    assert str(load_config(scratch, environ={})) == str(made)
