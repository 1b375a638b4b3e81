"""load_config: what a file says, and every mistake in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from config_files import ENDPOINTS, STRATEGY, UNKNOWN, load, mistakes

from livetrio.app.config import (
    Config,
    ExchangeConfig,
    LiveTradingConfig,
    LoggingConfig,
    StrategyConfig,
    WebSocketEndpoint,
)
from livetrio.app.load import MAX_FILE_BYTES, load_config
from livetrio.cache import CacheConfig
from livetrio.errors import ConfigError, Problem
from livetrio.strategy.loader import check_strategy
from livetrio.venues.hyperliquid import HyperliquidConfig

BTC = "BTC-USD-PERP.HYPERLIQUID"

# Files.


def test_an_empty_file_is_all_defaults(file: Path):
    assert load(file) == Config(source=file)


def test_every_section_goes_into_its_own_class(file: Path):
    (file.parent / "mine.gz").touch()
    config = load(
        file,
        f"""
        [engine]
        tick_interval_ms = 500
        reconnect_jitter = 0.25
        [[engine.ws_endpoints]]
        url = "ws://127.0.0.1:9/ws"
        subscriptions = ["a", "b"]
        [venues.hyperliquid]
        network = "testnet"
        fast_books = false
        [[strategies]]
        path = "spread.py:Spread"
        params = {{ instrument = "{BTC}", size = 3 }}
        [[strategies]]
        path = "spread.py:momentum"
        name = "fast"
        queue = 10
        [logging]
        level = "debug"
        [exchange]
        replay = "mine.gz"
        seed = 7
        faults = ["drop-connection every 30s"]
        speed = 2
        loop = true
        [cache]
        max_bars_per_series = 5
        """,
    )

    assert config == Config(
        engine=LiveTradingConfig(
            tick_interval_ms=500,
            reconnect_jitter=0.25,
            ws_endpoints=[WebSocketEndpoint(url="ws://127.0.0.1:9/ws", subscriptions=["a", "b"])],
        ),
        venues={"hyperliquid": HyperliquidConfig(network="testnet", fast_books=False)},
        strategies=[
            StrategyConfig(path="spread.py:Spread", name="Spread", params={"instrument": BTC, "size": 3}),
            StrategyConfig(path="spread.py:momentum", name="fast", queue=10),
        ],
        logging=LoggingConfig(level="debug"),
        exchange=ExchangeConfig(
            replay=str(file.parent / "mine.gz"),
            seed=7,
            faults=["drop-connection every 30s"],
            speed=2.0,
            loop=True,
        ),
        cache=CacheConfig(max_bars_per_series=5),
        source=file,
    )


def test_a_file_with_all_kinds_of_mistakes_has_each_of_them_told_at_once(file: Path):
    text = """
        colour = "red"

        [engine]
        tick_intervall_ms = 1000
        heartbeat_interval_ms = "30s"
        auto_reconnect = 1
        reconnect_base_ms = 9_000
        reconnect_max_ms = 8_000
        reconnect_jitter = 1.5
        max_reconnect_attempts = true
        connect_timeout_ms = 10.0
        tls_minimum_version = "1.4"

        [[engine.ws_endpoints]]
        host = "example.com"
        port = 99_999
        headers = { Authorization = "Bearer abcdef" }
        subscriptions = ["a", 2, "c", false]

        [[engine.ws_endpoints]]
        use_tls = "yes"

        [venues.hyperliqid]
        network = "mainnet"

        [venues.hyperliquid]
        network = "mainet"
        fast_books = 1
        headers = { Cookie = "env:NOT_SET" }

        [[strategies]]
        path = "spread.py:Sprad"
        on_error = "ignore"

        [[strategies]]
        path = "spread.py:Spread"
        name = "one"
        params = { size = "big", instrumnt = 5 }

        [[strategies]]
        path = "broken.py:A"
        name = "one"

        [[strategies]]
        name = "nothing to run"

        [logging]
        level = "inf"

        [exchange]
        replay = "gone.gz"
        speed = 0

        [cache]
        max_bars_series = 5
        quote_expiry_ms = 1979-05-27
    """

    assert mistakes(file, text) == [
        "cache.max_bars_series: unknown key; did you mean max_bars_per_series?",
        "cache.quote_expiry_ms: expected a whole number, found the date or time 1979-05-27",
        f"colour: {UNKNOWN}",
        "engine.auto_reconnect: expected true or false, found the number 1",
        "engine.connect_timeout_ms: expected a whole number of milliseconds ≥ 1, found 10.0",
        'engine.heartbeat_interval_ms: expected a whole number of milliseconds ≥ 1, found the text "30s"',
        "engine.max_reconnect_attempts: expected a whole number of attempts ≥ 0, found the boolean true",
        "engine.reconnect_jitter: expected a number from 0 to 1, found 1.5",
        "engine.reconnect_max_ms: expected at least reconnect_base_ms (9000), found 8000",
        "engine.tick_intervall_ms: unknown key; did you mean tick_interval_ms?",
        'engine.tls_minimum_version: expected "1.2" or "1.3", found the text "1.4"; did you mean "1.3"?',
        "engine.ws_endpoints[0].headers.Authorization: expected a reference to a secret, env:NAME or "
        "file:/path, found something else; it is not shown",
        "engine.ws_endpoints[0].port: expected a whole number from 1 to 65535, found 99999",
        "engine.ws_endpoints[0].subscriptions[1]: expected text, found the number 2",
        "engine.ws_endpoints[0].subscriptions[3]: expected text, found the boolean false",
        "engine.ws_endpoints[1].url: missing: give url, or host",
        'engine.ws_endpoints[1].use_tls: expected true or false, found the text "yes"',
        "exchange.replay: no such file: DIR/gone.gz",
        "exchange.speed: expected a number > 0, found 0.0",
        'logging.level: expected "debug", "info", "warning" or "error", found the text "inf"; '
        'did you mean "info"?',
        'strategies[0].on_error: expected "stop" or "isolate", found the text "ignore"',
        "strategies[0].path: spread.py has no 'Sprad'; did you mean 'Spread'?",
        "strategies[1].params.instrument: missing: expected an instrument id such as " + BTC,
        "strategies[1].params.instrumnt: unknown parameter; did you mean 'instrument'?",
        "strategies[1].params.size: expected a whole number, found 'big'",
        'strategies[2].name: "one" is the name of strategies[1], too',
        "strategies[2].path: broken.py cannot be imported: ModuleNotFoundError: No module named "
        "'no_such_module_anywhere' (broken.py, line 3)",
        'strategies[3].path: missing; expected "module:Class", "module:function" or "file.py:Class"',
        "venues.hyperliqid: no such venue; did you mean hyperliquid?",
        "venues.hyperliquid.fast_books: expected true or false, found the number 1",
        "venues.hyperliquid.headers.Cookie: the environment variable NOT_SET is not set",
        'venues.hyperliquid.network: expected "mainnet", "testnet" or "local", found the text "mainet"; '
        'did you mean "mainnet"?',
    ]


@pytest.mark.parametrize(
    "text, lines",
    [
        ("engine = 5", ["engine: expected a table, found the number 5"]),
        ("engine = []", ["engine: expected a table, found an array of 0"]),
        ("[[cache]]", ["cache: expected a table, found an array of 1"]),
        ("exchange = 1", ["exchange: expected a table, found the number 1"]),
        (
            "venues = ['hyperliquid']",
            ["venues: expected a table for each venue, such as [venues.hyperliquid], found an array of 1"],
        ),
        ("venues.hyperliquid = true", ["venues.hyperliquid: expected a table, found the boolean true"]),
        ('venues."a b".c = 1', ['venues."a b": no such venue; known: hyperliquid']),
        (
            "[strategies]\npath = 'm:A'",
            ["strategies: expected an array of tables, each beginning [[strategies]], found a table of 1"],
        ),
        ("strategies = [5]", ["strategies[0]: expected a table, found the number 5"]),
        (
            "[[strategies]]\npath = 'spread.py:momentum'\nparams = 5",
            ["strategies[0].params: expected a table of parameters, found the number 5"],
        ),
        (
            "[[strategies]]\npath = 'spread.py:Spread'\nparams = 5",
            ["strategies[0].params: expected a table of parameters, found the number 5"],
        ),
        (
            "[[strategies]]\npath = 'gone:A'\nparams = 5",
            [
                "strategies[0].params: expected a table of parameters, found the number 5",
                "strategies[0].path: gone cannot be imported: ModuleNotFoundError: No module named 'gone'",
            ],
        ),
        (
            "[engine]\nws_endpoints = 'wss://a'",
            ["engine.ws_endpoints: expected an array of endpoints, found a text of 7 characters"],
        ),
        ("[engine.ws_endpoints]", [f"{ENDPOINTS}: expected an array of endpoints, found a table of 0"]),
        ("source = 'x'", [f"source: {UNKNOWN}"]),
        ('"engi\\nne" = 1', ['"engi\\nne": unknown key; did you mean engine?']),
        ("logging.levle = 'info'", ["logging.levle: unknown key; did you mean level?"]),
        (
            "engine.ws_endpoints = [{ url = 5 }]",
            [
                "engine.ws_endpoints[0].url: expected text, found the number 5",
            ],
        ),
        (
            "engine.ws_endpoints = [{ url = 'wss://a/b', path = '/c', venue = 'nasdaq' }]",
            [
                'engine.ws_endpoints[0].path: "/c" contradicts url, which says "/b"; let them agree, or '
                "leave one out",
                'engine.ws_endpoints[0].venue: expected "hyperliquid", found the text "nasdaq"',
            ],
        ),
        (
            "engine.reconnect_base_ms = 'x'\nengine.reconnect_max_ms = 5",
            ['engine.reconnect_base_ms: expected a whole number of milliseconds ≥ 1, found the text "x"'],
        ),
        (
            "venues.hyperliquid.base_url = 'http://me:pass@host'",
            [
                "venues.hyperliquid.base_url: expected the start of a URL such as http://127.0.0.1:3001, "
                "found one with a user name in it; send credentials as headers"
            ],
        ),
        (
            f"[engine]\nheartbeat_interval_ms = {'9' * 40}",
            [
                "engine.heartbeat_interval_ms: "
                "expected a whole number of milliseconds ≥ 1, found a number of 133 bits; at most 31536000000"
            ],
        ),
        ("exchange.speed = inf", ["exchange.speed: expected a number > 0, found Infinity"]),
        ("exchange.speed = 1e400", ["exchange.speed: expected a number > 0, found 1E+400"]),
        ("exchange.replay = ''", ['exchange.replay: expected the path of a recording, found the text ""']),
        ("exchange.replay = '.'", ["exchange.replay: no such file: DIR"]),
        (
            "exchange = { replay = 'gone.gz', prot = 1 }",
            ["exchange.prot: unknown key; did you mean port?", "exchange.replay: no such file: DIR/gone.gz"],
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_what_was_expected_and_what_was_found(file: Path, text: str, lines):
    assert mistakes(file, text) == lines


@pytest.mark.parametrize(
    "content, line",
    [
        (b"[engine]\ntick = = 5", "line 2, column 8: not TOML: Invalid value"),
        (b"[engine", "end of document: not TOML: Expected ']' at the end of a table declaration"),
        (b"a = 1\na = 2\n", "line 2, column 6: not TOML: Cannot overwrite a value"),
        (b"# fine\nname = '\xff'", "line 2: expected UTF-8 text, found the byte 0xff"),
        ("a = 1".encode("utf-16"), "line 1: expected UTF-8 text, found the byte 0xff"),
        (b"a = " + b"[" * 5_000, "values are nested too deeply"),
        (b"#" * (MAX_FILE_BYTES + 1), f"expected a configuration, found more than {MAX_FILE_BYTES} bytes"),
    ],
    ids=["syntax", "end", "twice", "latin", "utf-16", "deep", "long"],
)
def test_a_file_that_is_no_toml_says_where(file: Path, content: bytes, line: str):
    assert mistakes(file, content) == [line]


def test_numbers_beyond_all_bounds_are_told(file: Path):
    (line,) = mistakes(file, f"a = 1e{'9' * 25}")
    assert line.endswith(f"the number 1e{'9' * 25} is out of range")

    (line,) = mistakes(file, f"a = {'9' * 5_000}")
    assert line.startswith("not TOML: Exceeds the limit")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(file: Path):
    assert load(file, b"\xef\xbb\xbf[logging]\r\nlevel = 'debug'\r\n").logging.level == "debug"


@pytest.mark.parametrize(
    "name, reason",
    [("none.toml", "No such file or directory"), ("", "Is a directory"), ("a\0b", "embedded null byte")],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, reason: str):
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / name)

    assert caught.value.problems == (Problem("", f"the file cannot be read: {reason}"),)
    assert caught.value.source == str(tmp_path / name)


# Strategies and recordings.


def test_strategies_and_recordings_are_looked_for_beside_the_configuration(file: Path, monkeypatch):
    (file.parent / "sub").mkdir()
    (file.parent / "sub" / "own.py").write_text(STRATEGY)
    (file.parent / "r.gz").touch()
    file.write_text("[[strategies]]\npath = 'sub/own.py:momentum'\n[exchange]\nreplay = 'r.gz'\n")
    monkeypatch.chdir(file.parent.parent)
    relative = Path(file.parent.name) / file.name
    config = load_config(relative, environ={}, check_strategy=check_strategy)

    assert config.source == relative
    assert config.exchange.replay == str(file.parent / "r.gz")
    assert mistakes(file, "[[strategies]]\npath = 'own.py:momentum'") == [
        "strategies[0].path: the file own.py does not exist beside the configuration (looked for DIR/own.py)"
    ]


def test_a_recordings_path_that_no_file_can_have_is_told_like_one_that_is_not_there(file: Path):
    for path in ("a\\u0000b", "a" * 5_000):
        (line,) = mistakes(file, f'exchange.replay = "{path}"')
        assert line.startswith('exchange.replay: no such file: "')
        assert len(line) < 150


def test_without_a_check_strategies_are_not_imported(file: Path):
    file.write_text("[[strategies]]\npath = 'gone.py:A'")

    assert load_config(file, environ={}).strategies[0].name == "A"


def test_what_the_check_finds_goes_below_the_strategy(file: Path):
    file.write_text("strategies = [{ path = 'm:A' }, { path = 'm:B', params.x = [1] }]")

    def check(strategy: StrategyConfig, base: Path) -> Sequence[Problem]:
        assert base == file.parent
        return [Problem("params.x[0]", "no"), Problem("", "nor that")] if strategy.params else []

    with pytest.raises(ConfigError) as caught:
        load_config(file, environ={}, check_strategy=check)

    assert caught.value.problems == (
        Problem("strategies[1]", "nor that"),
        Problem("strategies[1].params.x[0]", "no"),
    )
