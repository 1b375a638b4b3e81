"""Tests of the configuration reference: it tells of every setting, and its variables are those that count."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs
import pytest

from livetrio import Config, load_config
from livetrio.venues.registry import VENUES

ROOT = Path(__file__).resolve().parent.parent.parent

sys.path.append(str(ROOT / "docs/_ext"))

from settings import environment_name, settings_of  # noqa: E402  # it is no package

PAGE = (ROOT / "docs/guides/configuration.md").read_text()

SECTIONS: dict[str, str | None] = {
    name: section or None
    for name, section in re.findall(r"^```\{settings\} (\S+)\n(?::section: (\S+)\n)?```$", PAGE, re.MULTILINE)
}
"""By the class's full name, the section that it is told of under."""


def settings_classes(kind: type[Any]) -> list[type[Any]]:
    """A class of settings and those in its fields."""
    found = [kind]
    for hint in get_type_hints(kind).values():
        for each in (hint, *get_args(hint)):
            if isinstance(each, type) and attrs.has(each) and each not in found:
                found += settings_classes(each)
    return found


def full_name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


CLASSES = {
    full_name(each): each
    for kind in (Config, *(venue.load().settings for venue in VENUES.values()))
    for each in settings_classes(kind)
    if each is not Config
}


def test_every_class_of_settings_is_on_the_page() -> None:
    assert SECTIONS.keys() == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_every_setting_says_what_it_is(name: str) -> None:
    settings = settings_of(CLASSES[name])

    assert [each.name for each in settings] == [each.name for each in attrs.fields(CLASSES[name])]
    assert [each.name for each in settings if not each.text or not each.words] == []


def test_types_and_defaults_are_told_in_words() -> None:
    told = {each.name: (each.words, each.default) for kind in CLASSES.values() for each in settings_of(kind)}

    assert told["tick_interval_ms"] == ("milliseconds", "not set")
    assert told["on_error"] == ('one of `"stop"`, `"isolate"`', '`"stop"`')
    assert told["flatten_on_loss"] == ("true or false", "`false`")
    assert told["protections"] == ("an array, each a table (Protection)", "`[]`")
    assert told["strategies"] == ("a table, each a table (StrategyLimits)", "`{}`")
    assert told["key"] == ("a reference to a secret", "not set")


VALUES = {
    "engine": ("heartbeat_interval_ms", "20000"),
    "engine.ws_endpoints.0": ("venue", "hyperliquid"),
    "venues.hyperliquid": ("base_url", "http://127.0.0.1:3001"),
    "strategies.NAME": ("queue", "9"),
    "logging": ("level", "debug"),
    "exchange": ("regime", "crash"),
    "execution": ("submit_timeout_ms", "4000"),
    "risk": ("max_open_orders", "7"),
    "risk.strategies.NAME": ("max_open_orders", "7"),
    "risk.protections.0": ("lock_ms", "5"),
    "journal": ("sync", "power"),
    "cache": ("quote_expiry_ms", "5000"),
    "operations": ("http", "127.0.0.1:8787"),
    "operations.alerts.0": ("every_ms", "5"),
    "operations.channels.NAME": ("url", "env:OTHER"),
}
"""One setting of each section, and a value that is neither its default nor that of the test's file."""

FILE = """\
[[strategies]]
path = "my.py:my"
name = "NAME"

[[risk.protections]]
kind = "cooldown"

[[engine.ws_endpoints]]
host = "example.com"

[risk.strategies.NAME]
max_open_orders = 1

[[operations.alerts]]
rule = "gate_closed"

[operations.channels.NAME]
kind = "webhook"
url = "env:HOOK_URL"
"""


@pytest.mark.parametrize("section", [each for each in SECTIONS.values() if each is not None])
def test_the_variable_that_is_told_overrides_the_file(section: str, tmp_path: Path) -> None:
    field, value = VALUES[section]
    file = tmp_path / "my.toml"
    file.write_text(FILE)
    variable = environment_name(section, field)
    assert variable == variable.upper()
    environ = {"HOOK_URL": "https://example.com/hook", "OTHER": "https://example.com/other"}

    before = getattr(part_of(load_config(file, environ=environ), section), field, None)
    found = getattr(part_of(load_config(file, environ=environ | {variable: value}), section), field)

    assert str(before) != value
    assert getattr(found, "reference", str(found)) == value


def part_of(config: Config, section: str) -> Any:
    """A section's settings; None where a venue is not there."""
    found: Any = config
    for part in section.split("."):
        if isinstance(found, tuple):
            found = found[0]
        else:
            found = found.get(part) if isinstance(found, Mapping) else getattr(found, part)
    return found
