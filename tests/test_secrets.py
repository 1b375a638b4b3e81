"""Secrets: found by reference, never shown."""

from __future__ import annotations

import copy
import json
import os
import pickle
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio import secrets
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.load import load_config
from livetrio.errors import ConfigError
from livetrio.secrets import MASK, MAX_SECRET_BYTES, Secret, mask, register_secret

VALUE = "hunter2-and-more"

values = st.text(string.ascii_letters + string.digits + "\"'\\%{}é\n\t ", min_size=8, max_size=40).map(
    lambda text: f"Zq{text}qZ"  # so that it stands in no sentence by chance
)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test registers is not masked in the next."""
    monkeypatch.setattr(secrets, "_known", set())
    monkeypatch.setattr(secrets, "_pattern", None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of one's own, with a secret in it."""
    file = tmp_path / "token"
    file.write_text(f"{VALUE}\n")
    file.chmod(0o600)
    return file


def refusal(reference: object, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        Secret(reference).resolve(environ)  # type: ignore[arg-type]  # what people write
    (problem,) = caught.value.problems
    return problem.message


# Where they are found.


def test_a_secret_is_read_from_the_environment_given_or_that_of_the_process(monkeypatch):
    monkeypatch.setenv("LIVETRIO_TEST_TOKEN", VALUE)

    assert Secret("env:LIVETRIO_TEST_TOKEN").resolve() == VALUE
    assert Secret("env:A").resolve({"A": " spaces go \n"}) == "spaces go"


def test_a_secret_is_read_from_a_file_without_the_newline_at_its_end(file: Path):
    assert Secret(f"file:{file}").resolve() == VALUE


def test_a_secret_is_read_once_and_remembered(file: Path):
    secret = Secret(f"file:{file}")
    secret.resolve()
    file.unlink()

    assert secret.resolve() == VALUE


def test_neither_copies_nor_pickles_carry_the_value():
    secret = Secret("env:A")
    secret.resolve({"A": VALUE})

    assert VALUE.encode() not in pickle.dumps(secret)
    assert copy.deepcopy(secret) == secret
    assert refusal(copy.copy(secret).reference, {}) == "the environment variable A is not set"


def test_secrets_with_the_same_reference_are_equal_and_show_it_alone():
    secret = Secret("env:A")
    secret.resolve({"A": VALUE})

    assert secret == Secret("env:A") != Secret("env:B")
    assert secret != "env:A"
    assert hash(secret) == hash(Secret("env:A"))
    assert repr(secret) == str(secret) == f"{secret}" == "<Secret env:A>"


# What is refused.


@pytest.mark.parametrize(
    "literal",
    [
        VALUE,
        "",
        "env:",
        "env:1A",
        "env:A B",
        "ENV:A",
        "file:",
        "file:relative",
        "file:~/x",
        "file:/a\nb",
        "file:/a\0b",
        "env:A\n",
        " env:A",
        "env:Ä",
        5,
        None,
        ["env:A"],
    ],
)
def test_what_is_no_reference_is_refused_and_not_shown(literal: object):
    assert refusal(literal) == (
        "expected a reference to a secret, env:NAME or file:/path, found something else; it is not shown"
    )


def test_a_missing_or_empty_variable_is_named():
    assert refusal("env:A", {}) == "the environment variable A is not set"
    assert refusal("env:A", {"A": " \n"}) == "the environment variable A is empty"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(file: Path, mode: int):
    file.chmod(mode)

    assert refusal(f"file:{file}") == (
        f"others may read or change {file} (mode {mode:04o}); make it yours: chmod 600 {file}"
    )


def test_a_file_that_is_missing_a_folder_or_a_pipe_is_refused_without_waiting(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert refusal(f"file:{tmp_path}/no") == f"{tmp_path}/no cannot be read: No such file or directory"
    assert refusal(f"file:{tmp_path}") == f"{tmp_path} cannot be read: Is a directory"
    assert refusal(f"file:{tmp_path}/pipe") == f"{tmp_path}/pipe is not a file"
    assert refusal("file:/\ud800") == "/\ud800 cannot be read: its name is no text"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_no_file_stays_open_after_a_refusal(tmp_path: Path):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        refusal(f"file:{tmp_path}")

    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * (MAX_SECRET_BYTES + 1), "is too long for a secret (more than 65536 bytes)"),
    ],
    ids=["empty", "blank", "binary", "long"],
)
def test_a_file_without_one_text_in_it_is_refused(file: Path, content: bytes, message: str):
    file.write_bytes(content)

    assert refusal(f"file:{file}") == f"{file} {message}"


# Masking.


def test_whatever_was_read_is_masked_from_then_on():
    assert mask(f"refused: {VALUE}") == f"refused: {VALUE}"

    Secret("env:A").resolve({"A": VALUE})

    assert mask(f"refused: {VALUE}, again {VALUE}!") == f"refused: {MASK}, again {MASK}!"


def test_of_secrets_within_each_other_the_longest_is_masked_and_the_mask_stays_whole():
    for value in ("secret", "secret-of-secrets", "token-1"):
        register_secret(value)

    assert mask("secret-of-secrets, secret, token-1, token-2") == f"{MASK}, {MASK}, {MASK}, token-2"


def test_a_value_too_short_to_be_a_secret_is_left_so_that_words_stay_legible():
    register_secret("on")

    assert mask("on and on") == "on and on"


@settings(deadline=None, derandomize=True, max_examples=60)
@given(values)
def test_a_masked_line_has_no_form_of_the_value_in_it(value: str):
    register_secret(value)
    forms = [value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]]

    assert mask(f"<{'|'.join(forms)}>") == f"<{'|'.join([MASK] * 4)}>"


# In a configuration.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("secrets")


CONFIG = """
[venues.hyperliquid.headers]
Authorization = "env:TOKEN"

[[engine.ws_endpoints]]
host = "example.com"
headers = { X-Key = "env:TOKEN" }
"""


@settings(deadline=None, derandomize=True, max_examples=60)
@given(values.filter(lambda value: "\n" not in value))
def test_the_value_is_in_no_repr_of_the_configuration_but_where_it_is_used(folder: Path, value: str):
    file = folder / "config.toml"
    file.write_text(CONFIG)
    config = load_config(file, environ={"TOKEN": value})

    assert config.venues["hyperliquid"].headers == {"Authorization": value}
    assert config.engine.ws_endpoints[0].headers["X-Key"].resolve() == value
    assert value not in f"{config!r} {config} {config.venues!r} {config.engine.ws_endpoints[0]}"
    assert "hunter2" not in repr(config)


PLACES = [
    "venues.hyperliquid.headers.Authorization = {}",
    "venues.hyperliquid.headers = {}",
    "venues.hyperliquid.headers = [{}]",
    "venues.hyperliquid.headers.Authorization = [{}]",
    "venues.hyperliquid.headers.Authorization = {{ x = {} }}",
    "venues.hyperliquit.headers.Authorization = {}",
    "engine.ws_endpoints = [{{ host = 'a', headers = {{ K = {} }} }}]",
    "engine.ws_endpoints = [{{ host = 'a', port = 0, headers = {{ K = {} }} }}]",
    "engine.ws_endpoints = [{{ host = 'a', headers = {} }}]",
    "engine.ws_endpoints = [{{ host = 'a', headers = [{}] }}]",
    "engine.ws_endpoints = [{{ host = 'a', header = {{ K = {} }} }}]",
]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(value=values, place=st.sampled_from(PLACES))
def test_a_secret_written_down_is_refused_wherever_it_stands_and_is_not_shown(folder: Path, value, place):
    file = folder / "literal.toml"
    file.write_text(place.format(json.dumps(value)))
    with pytest.raises(ConfigError) as caught:
        load_config(file, environ={})

    assert caught.value.problems
    assert "Zq" not in str(caught.value)
    assert "Zq" not in repr(caught.value)


@pytest.mark.parametrize(
    "place, path",
    [
        ("venues.hyperliquid.headers", "venues.hyperliquid.headers"),
        ("venues.hyperliquid.headers.K", "venues.hyperliquid.headers.K"),
        ("venues.hyperliquid", "venues.hyperliquid"),
        ("venues", "venues"),
        ("engine.ws_endpoints", "engine.ws_endpoints"),
    ],
)
def test_a_secret_written_into_a_variable_or_an_option_is_not_shown_either(folder: Path, place, path):
    file = folder / "empty.toml"
    file.write_text("")
    text = VALUE if "headers" in place else json.dumps({"headers": VALUE})  # which is no TOML
    for given_ in (
        {"environ": {f"LIVETRIO__{place.upper().replace('.', '__')}": text}},
        {"environ": {}, "overrides": [f"{place}={text}"]},
    ):
        with pytest.raises(ConfigError) as caught:
            load_config(file, **given_)

        assert all(problem.path.casefold().startswith(path.casefold()) for problem in caught.value.problems)
        assert VALUE not in str(caught.value)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(values)
def test_a_header_made_by_hand_is_refused_without_being_shown(value: str):
    with pytest.raises(ConfigError) as caught:
        WebSocketEndpoint(host="example.com", headers={"Authorization": value})

    assert [problem.path for problem in caught.value.problems] == ["headers.Authorization"]
    assert "Zq" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"wss://me:{VALUE}@example.com/ws",
        f"wss://me:{VALUE}@example.com:99999/ws",
        f"wss://me:{VALUE} @example.com/ws",
        f"wss://me:a/{VALUE}@example.com/ws",
        f"https://me:{VALUE}@example.com/ws",
        f"wss:me:{VALUE}@example.com",
        f"wss://[me:{VALUE}@example.com",
    ],
)
def test_a_password_in_an_address_is_refused_without_being_shown(url: str):
    rest = url.partition("://")[2]
    for address in (
        {"url": url},
        {"host": rest.removesuffix("/ws")},
        {"url": "wss://example.com/ws", "host": rest},
    ):
        with pytest.raises(ConfigError) as caught:
            WebSocketEndpoint(**address)

        assert VALUE not in str(caught.value)


def test_a_value_that_comes_back_in_somebody_elses_message_is_masked(folder: Path):
    file = folder / "echo.toml"
    file.write_text(f"""
        venues.hyperliquid.headers.A = "env:TOKEN"
        venues.hyperliquid.base_url = "{VALUE}"
    """)
    with pytest.raises(ConfigError) as caught:
        load_config(file, environ={"TOKEN": VALUE})

    assert VALUE not in str(caught.value)
    assert MASK in str(caught.value)
