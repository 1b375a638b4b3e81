"""What the environment and the command line set in a configuration, and what is told of their mistakes."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from config_files import ENDPOINTS, UNKNOWN, load, mistakes

from livetrio.app.config import LiveTradingConfig, WebSocketEndpoint
from livetrio.app.load import load_config

MILLISECONDS = "expected a whole number of milliseconds ≥ 1, found"

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
