"""Tests of the README: what it shows loads, runs, and is so."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from livetrio import load_config
from livetrio.app.cli import livetrio as cli
from livetrio.simulation.catalogue import CATALOGUE
from livetrio.strategy.loader import check_strategy

ROOT = Path(__file__).resolve().parent.parent

TEXT = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


TOML = blocks("toml")

PYTHON = {block.splitlines()[0].removeprefix("# "): block for block in blocks("python")}
"""By the name of the file, which each says in its first line."""

SHELL = [
    line.removeprefix("$ ")
    for block in blocks("console")
    for line in block.splitlines()
    if line.startswith("$ ")
]

TABLE = re.findall(r"^\| `livetrio (.*?)` \|", TEXT, re.MULTILINE)
"""The table of commands, each with what it takes."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All that the README shows, as files, and the configurations that it names."""
    for name, block in PYTHON.items():
        (tmp_path / name).write_text(block)
    (tmp_path / "spread.toml").write_text(TOML[0])
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    return tmp_path


@pytest.mark.parametrize("text", TOML)
def test_the_configurations_load(folder: Path, text: str) -> None:
    file = folder / "readme.toml"
    file.write_text(text)

    assert load_config(file, environ={}, check_strategy=check_strategy).strategies


def test_the_tests_that_it_shows_pass(folder: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "trio_mode=true", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "1 passed" in outcome.stdout, outcome.stdout


@pytest.mark.parametrize("name", PYTHON)
def test_the_programs_compile(name: str) -> None:
    assert name.endswith(".py")
    compile(PYTHON[name], name, "exec")


@pytest.mark.parametrize("line", [each for each in SHELL if re.match(r"livetrio |\./scripts/demo ", each)])
def test_the_commands_are_taken(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo hands its arguments to `livetrio run`."""
    monkeypatch.chdir(folder)
    command = line.replace("./scripts/demo", "livetrio run configs/demo.toml")
    _, name, *arguments = shlex.split(re.sub(r" > .*", "", command), comments=True)

    params = cli.commands[name].make_context("livetrio", arguments).params
    if "overrides" in params:
        assert load_config(params["config"], overrides=params["overrides"], environ={}).strategies


def test_what_is_killed_is_configured_as_it_shows(folder: Path) -> None:
    lines = [shlex.split(line, comments=True) for line in SHELL if line.startswith("export ")]
    environ = dict(word.split("=", 1) for _, *words in lines for word in words)
    config = load_config(folder / "configs/demo.toml", environ=environ)

    venue = config.venues["hyperliquid"]
    assert venue.has_account
    assert not venue.wants_local_exchange
    assert f"livetrio orders configs/{config.journal.path} " in TEXT  # it lies beside the configuration


def test_every_command_has_its_line_and_takes_what_is_said_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for line in TABLE:
        name, *words = line.split()
        taken = {"CONFIG": "spread.toml", "JOURNAL": "some.journal"}
        cli.commands[name].make_context("livetrio", [taken.get(word, word) for word in words])

    assert {line.split()[0] for line in TABLE} == cli.commands.keys()


def test_every_guide_is_named() -> None:
    named = re.findall(r"^\| \[.*?\]\((docs/guides/.*?)\) \|", TEXT, re.MULTILINE)

    assert set(named) == {f"docs/guides/{each.name}" for each in (ROOT / "docs/guides").glob("*.md")}


def test_it_counts_faults_bugs_and_promises_right() -> None:
    bugs = (ROOT / "scripts/planted/bugs.py").read_text()
    promises = re.findall(r"^\| I\d+ \|", (ROOT / "docs/guides/simulation.md").read_text(), re.MULTILINE)

    assert f"{len(CATALOGUE.kinds)} kinds of faults" in TEXT
    assert f"each of {len(re.findall('^@_bug$', bugs, re.MULTILINE))}," in TEXT
    assert len(re.findall("^@_hard_bug$", bugs, re.MULTILINE)) == 7
    assert "seven more" in TEXT
    assert len(promises) == 14
    assert "Fourteen invariants" in TEXT


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_files_and_folders_that_a_page_names_are_there(name: str) -> None:
    text = (ROOT / name).read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)
    pictures = re.findall(r'(?:src|href)="(?!https?:)([^"#]+)', text)
    named = re.findall(r"`((?:configs|scripts|livetrio|tests|\.ci)/[\w./-]*)`", text)

    assert links
    assert [each for each in links + pictures if not (ROOT / each).exists()] == []
    assert [each for each in named if "NAME" not in each and not (ROOT / each).exists()] == []


def test_it_speaks_of_nothing_but_the_project() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text()
        assert str(Path.home()) not in text, name
        assert not re.search(r"(?<![\w.)\]}/:])/(?:home|usr|opt|srv|var|tmp|mnt)/|localhost:|@@", text), name
