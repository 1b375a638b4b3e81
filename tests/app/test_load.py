"""load_config: what a file, the environment and the command line say together, and every mistake in them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

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
from livetrio.app.load import MAX_FILE_BYTES, load_config
from livetrio.app.structure import structure
from livetrio.cache import CacheConfig
from livetrio.errors import ConfigError, Problem
from livetrio.strategy.loader import check_strategy
from livetrio.venues.hyperliquid import HyperliquidConfig

BTC = "BTC-USD-PERP.HYPERLIQUID"

ENDPOINTS = "engine.ws_endpoints"

MILLISECONDS = "expected a whole number of milliseconds ≥ 1, found"

UNKNOWN = "unknown key; known here: engine, venues, strategies, logging, exchange, cache"

STRATEGY = """\
import attrs

from livetrio import Strategy
from livetrio.model import InstrumentId


@attrs.define
class Spread(Strategy):
    instrument: InstrumentId
    size: int = 1


async def momentum(ctx, period: int = 20):
    pass
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration goes, with a strategy beside it."""
    (tmp_path / "spread.py").write_text(STRATEGY)
    (tmp_path / "broken.py").write_text("import attrs\n\nimport no_such_module_anywhere\n")
    return tmp_path / "run.toml"


def load(file: Path, text: str | bytes = "", *overrides: str, **environ: str) -> Config:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(file, overrides=overrides, environ=environ, check_strategy=check_strategy)


def mistakes(file: Path, text: str | bytes = "", *overrides: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file, text, *overrides, **environ)
    lines = str(caught.value).splitlines()
    problems = caught.value.problems
    assert lines[0] == f"{file}: {len(problems)} problem{'' if len(problems) == 1 else 's'}"
    return [line.removeprefix("  ").replace(str(file.parent), "DIR") for line in lines[1:]]


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
        "colour: unknown key; known here: engine, venues, strategies, logging, exchange, cache",
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


# Overrides.

ENGINE = "[engine]\ntick_interval_ms = 1\n"


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(file: Path):
    name, option = "LIVETRIO__ENGINE__TICK_INTERVAL_MS", "engine.tick_interval_ms"

    assert load(file, ENGINE).engine.tick_interval_ms == 1
    assert load(file, ENGINE, **{name: "2"}).engine.tick_interval_ms == 2
    assert load(file, ENGINE, f"{option}=3", f"{option} = 4 ", **{name: "2"}).engine.tick_interval_ms == 4


def test_the_environment_of_the_process_is_the_default(file: Path, monkeypatch):
    monkeypatch.setenv("LIVETRIO__LOGGING__LEVEL", "debug")
    file.touch()

    assert load_config(file).logging.level == "debug"


@pytest.mark.parametrize(
    "name", ["LIVETRIO__LOGGING__LEVEL", "livetrio__logging__level", "LiveTrio__Logging__Level"]
)
def test_variables_are_read_in_any_case(file: Path, name: str):
    assert load(file, "", **{name: "debug"}).logging.level == "debug"


def test_other_variables_are_none_of_ours(file: Path):
    assert load(file, LIVETRIO="5", LIVETRIO_ENGINE="5", OTHER__X="5").engine == LiveTradingConfig()


def test_a_variable_finds_a_key_that_is_not_in_lower_case(file: Path):
    text = "[[strategies]]\npath = 'spread.py:Spread'\nname = 'Big One'\nparams = { Size = 1 }"
    file.write_text(text)
    config = load_config(
        file,
        environ={"LIVETRIO__STRATEGIES__BIG ONE__PARAMS__SIZE": "5", "LIVETRIO__STRATEGIES__0__QUEUE": "7"},
    )

    assert config.strategies[0].params == {"Size": 5}
    assert config.strategies[0].queue == 7


@pytest.mark.parametrize(
    "text, value",
    [
        ("5", 5),
        ("0.5", Decimal("0.5")),
        ("true", True),
        ("True", "True"),
        ("'quoted'", "quoted"),
        ("plain text", "plain text"),
        ("", ""),
        ("[1, 'a']", [1, "a"]),
        ("{ a = 1 }", {"a": 1}),
        ("2024-01-02", datetime.date(2024, 1, 2)),
        ("wss://a/b?c=d", "wss://a/b?c=d"),
        ("1\nother = 2", "1\nother = 2"),
        (f"{'[' * 5_000}", "[" * 5_000),
        (f"1e{'9' * 30}", f"1e{'9' * 30}"),
    ],
)
def test_what_is_set_is_a_toml_value_or_else_plain_text(file: Path, text: str, value: object):
    file.write_text("[[strategies]]\npath = 'm:A'")
    option = load_config(file, environ={}, overrides=[f"strategies.0.params.x={text}"])
    variable = load_config(file, environ={"LIVETRIO__STRATEGIES__0__PARAMS__X": text})

    assert option.strategies[0].params == {"x": value.strip() if isinstance(value, str) else value}
    assert variable.strategies[0].params == {"x": value}


@pytest.mark.parametrize(
    "key",
    [
        "strategies.0.queue",
        "strategies[0].queue",
        "strategies.A.queue",
        'strategies."A".queue',
        '"strategies"[0]."queue"',
    ],
)
def test_an_element_of_an_array_goes_by_number_and_a_strategy_by_name(file: Path, key: str):
    file.write_text("[[strategies]]\npath = 'm:A'\n[[strategies]]\npath = 'm:B'\nname = 'second'")
    config = load_config(file, environ={}, overrides=[f"{key}=9", "strategies.second.queue=8"])

    assert [each.queue for each in config.strategies] == [9, 8]


def test_what_the_file_does_not_have_is_made(file: Path):
    config = load(
        file,
        "",
        "engine.ws_endpoints.0.host=a",
        "engine.ws_endpoints.0.subscriptions.0='one'",
        "engine.ws_endpoints.0.subscriptions.1='two'",
        "engine.ws_endpoints.1={ host = 'b' }",
        LIVETRIO__VENUES__HYPERLIQUID__NETWORK="local",
        LIVETRIO__STRATEGIES__0__PATH="spread.py:momentum",
    )

    assert config.engine.ws_endpoints == (
        WebSocketEndpoint(host="a", subscriptions=("one", "two")),
        WebSocketEndpoint(host="b"),
    )
    assert config.venues["hyperliquid"].network == "local"
    assert config.strategies[0].name == "momentum"


@pytest.mark.parametrize(
    "name, value, lines",
    [
        ("ENGINE__TICK_INTERVAL_MS", "x", [f'engine.tick_interval_ms: {MILLISECONDS} the text "x"']),
        ("ENGIN__X", "5", ["engin: unknown key; did you mean engine?"]),
        ("ENGINE__TICK_INTERVAL", "5", ["engine.tick_interval: unknown key; did you mean tick_interval_ms?"]),
        (
            "ENGINE__TICK_INTERVAL_MS__X",
            "5",
            ["engine.tick_interval_ms.X: engine.tick_interval_ms is no table"],
        ),
        ("ENGINE__WS_ENDPOINTS__1__HOST", "a", [f"{ENDPOINTS}[1]: {ENDPOINTS} has 0 elements"]),
        (
            "ENGINE__ENDPOINTS__1__HOST",
            "a",
            [
                "engine.endpoints: unknown key; did you mean ws_endpoints?",
                "engine.endpoints[1]: engine.endpoints has 0 elements",
            ],
        ),
        ("ENGINE__WS_ENDPOINTS__0__PORT", "5", [f"{ENDPOINTS}[0].url: missing: give url, or host"]),
        ("VENUES__NASDAQ__X", "1", ["venues.nasdaq: no such venue; known: hyperliquid"]),
        ("STRATEGIES__Spread__QUEUE", "1", ["strategies.Spread: strategies has 0 elements"]),
        ("EXCHANGE__REPLAY", "gone.gz", ["exchange.replay: no such file: DIR/gone.gz"]),
        ("ENGINE", "5", ["engine: expected a table, found the number 5"]),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(file: Path, name: str, value: str, lines: list[str]):
    text = f"strategies = []\n{ENGINE}ws_endpoints = []"

    assert mistakes(file, text, **{f"LIVETRIO__{name}": value}) == [
        f"{line} (set by LIVETRIO__{name})" for line in lines
    ]


@pytest.mark.parametrize(
    "name", ["LIVETRIO__", "LIVETRIO__ENGINE__", "LIVETRIO____ENGINE", "LIVETRIO__A____B"]
)
def test_a_variable_without_a_whole_name_names_no_setting(file: Path, name: str):
    assert mistakes(file, ENGINE, **{name: "1"}) == [f"{name}: names no setting"]


@pytest.mark.parametrize(
    "key, value, line",
    [
        ("engine.tick_interval_ms", "x", f'engine.tick_interval_ms: {MILLISECONDS} the text "x"'),
        ("ENGINE.tick_interval_ms", "5", "ENGINE: unknown key; did you mean engine?"),
        (f"{ENDPOINTS}.None.port", "5", f"{ENDPOINTS}.None: {ENDPOINTS} has 1 element"),
        (f"{ENDPOINTS}.9999999999", "5", f"{ENDPOINTS}.9999999999: {ENDPOINTS} has 1 element"),
        (f"{ENDPOINTS}[2]", "5", f"{ENDPOINTS}[2]: {ENDPOINTS} has 1 element"),
        ("colour", "'red'", f"colour: {UNKNOWN}"),
    ],
)
def test_a_mistake_in_an_option_names_the_option(file: Path, key: str, value: str, line: str):
    text = f"{ENGINE}ws_endpoints = [{{ host = 'a' }}]"

    assert mistakes(file, text, f"{key}={value}") == [f"{line} (set by --set {key})"]


@pytest.mark.parametrize(
    "key", ["", "a..b", "a.", ".a", "a[x]", "a[0", "a]", "[0]", 'a."b', 'a."b"c', 'a."".b', "a[0]b"]
)
def test_an_option_without_a_whole_name_names_no_setting(file: Path, key: str):
    assert mistakes(file, ENGINE, f"{key}=5") == [f"--set {key}: names no setting"]


def test_an_option_is_a_key_and_a_value(file: Path):
    assert mistakes(file, "", "engine.tick_interval_ms") == [
        "--set engine.tick_interval_ms: expected KEY=VALUE"
    ]
    assert mistakes(file, "", "a\nb=5") == [f'"a\\nb": {UNKNOWN} (set by "--set a\\nb")']


def test_a_mistake_is_put_down_to_what_set_the_value_last(file: Path):
    lines = mistakes(
        file,
        "",
        "engine={ tick_interval_ms = 'x' }",
        LIVETRIO__ENGINE__TICK_INTERVAL_MS="y",
        LIVETRIO__LOGGING__LEVEL="z",
    )

    assert lines == [
        'engine.tick_interval_ms: expected a whole number of milliseconds ≥ 1, found the text "x" '
        "(set by --set engine)",
        'logging.level: expected "debug", "info", "warning" or "error", found the text "z" '
        "(set by LIVETRIO__LOGGING__LEVEL)",
    ]


def test_a_wrong_value_that_is_overridden_is_no_mistake(file: Path):
    text = "[engine]\ntick_interval_ms = 'x'"

    assert load(file, text, "engine.tick_interval_ms=5").engine.tick_interval_ms == 5


# structure, on classes that are not ours.


@attrs.frozen(kw_only=True)
class Leg:
    size: Decimal
    side: Literal["buy", "sell"] = "buy"


def _refuse(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    raise RuntimeError if value == "boom" else ValueError(f"kind: {value}")


def _look_at(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if instance.legs and value == 5:
        raise ValueError("with legs there is no five")


@attrs.frozen(kw_only=True)
class Trader:
    legs: tuple[Leg, ...] = ()
    by_name: Mapping[str, Leg] = attrs.field(factory=dict)
    share: float = 0.5
    either: int | str = 0
    lone: Leg | str = ""
    mode: Literal["a", "b"] | bool = "a"
    kind: str = attrs.field(default="", validator=attrs.validators.optional(attrs.validators.in_(["", "k"])))
    odd: str | None = attrs.field(default=None, validator=attrs.validators.optional(_refuse))
    late: int = attrs.field(default=0, validator=_look_at)
    shown: int = attrs.field(default=0, converter=attrs.Converter(lambda value: value))
    key: str | None = attrs.field(default=None, repr=False)
    keys: tuple[str, ...] = attrs.field(default=(), repr=False)
    made: int = attrs.field(default=0, init=False)


def objections(value: object, kind: type[Any] = Trader) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        structure(value, kind, path=("x",), environ={})
    return [str(each) for each in caught.value.problems]


def test_values_go_into_their_types_without_being_bent():
    trader = structure(
        {
            "legs": [{"size": "1.50"}, {"size": 2, "side": "sell"}, {"size": 0.5}],
            "by_name": {"a b": {"size": Decimal("3")}},
            "share": Decimal("0.25"),
            "either": "text",
            "lone": {"size": 1},
            "mode": True,
            "shown": 4,
            "key": "env:KEY",
        },
        Trader,
        environ={"KEY": "hidden-key"},
    )

    assert [str(leg.size) for leg in trader.legs] == ["1.50", "2", "0.5"]
    assert trader.by_name == {"a b": Leg(size=Decimal(3))}
    assert (trader.share, trader.either, trader.lone, trader.mode) == (
        0.25,
        "text",
        Leg(size=Decimal(1)),
        True,
    )
    assert (trader.shown, trader.key) == (4, "hidden-key")
    assert "hidden-key" not in repr(trader)


@pytest.mark.parametrize(
    "table, lines",
    [
        ({"legs": {}}, ["x.legs: expected an array, found a table of 0"]),
        ({"legs": [{}]}, ["x.legs[0].size: missing; expected a number"]),
        ({"legs": [{"size": "1e5"}]}, ['x.legs[0].size: expected a number, found the text "1e5"']),
        ({"legs": [{"size": Decimal("nan")}]}, ["x.legs[0].size: expected a number, found NaN"]),
        (
            {"legs": [{"size": True, "side": "by"}]},
            [
                'x.legs[0].side: expected "buy" or "sell", found the text "by"; did you mean "buy"?',
                "x.legs[0].size: expected a number, found the boolean true",
            ],
        ),
        (
            {"by_name": {"a b": {"sise": 1}}},
            [
                'x.by_name."a b".sise: unknown key; did you mean size?',
                'x.by_name."a b".size: missing; expected a number',
            ],
        ),
        ({"by_name": []}, ["x.by_name: expected a table, found an array of 0"]),
        ({"share": "1"}, ['x.share: expected a number, found the text "1"']),
        ({"share": 10**400}, ["x.share: expected a number, found a number of 1329 bits"]),
        ({"either": 1.5}, ["x.either: expected a whole number or text, found 1.5"]),
        ({"lone": {}}, ["x.lone.size: missing; expected a number"]),
        ({"lone": 5}, ["x.lone: expected a table or text, found the number 5"]),
        ({"mode": 1}, ['x.mode: expected "a" or "b" or true or false, found the number 1']),
        ({"kind": "q"}, ["x.kind: 'kind' must be in ['', 'k'] (got 'q')"]),
        ({"odd": "it"}, ["x.odd: kind: it"]),
        ({"odd": "boom"}, ["x: RuntimeError"]),
        ({"late": 5, "legs": [{"size": 1}]}, ["x: with legs there is no five"]),
        (
            {"key": "secret"},
            [
                "x.key: expected a reference to a secret, env:NAME or file:/path, found "
                "something else; it is not shown"
            ],
        ),
        ({"keys": [5]}, ["x.keys[0]: expected text, found something else; it is not shown"]),
        ({"made": 1}, ["x.made: unknown key; did you mean mode?"]),
        ({"zzz": 1}, ["x.zzz: unknown key"]),
        ([], ["x: expected a table, found an array of 0"]),
        (object(), ["x: expected a table, found an object of object"]),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_told_in_words(table: object, lines: list[str]):
    assert objections(table) == lines


# Laws.

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
