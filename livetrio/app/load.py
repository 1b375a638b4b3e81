"""load_config: a TOML file, overridden by the environment, overridden by the command line, as a `Config`.

`LIVETRIO__ENGINE__TICK_INTERVAL_MS=500` and ``engine.tick_interval_ms=500`` set what the file says under
``[engine]`` as ``tick_interval_ms``; elements of arrays go by number (``strategies.0.params.size``), and
strategies by name, too. Both are read as TOML values, or else as text. They are put into what the file
said before anything is checked, so a mistake in them is found like one in the file, and says where it
came from.

All mistakes are reported at once. Nothing is started here, but secrets are read and strategies imported,
because what does not work is better known before than after the start.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import attrs

from livetrio.app.config import (
    Config,
    ExchangeConfig,
    StrategyConfig,
    find_accounts_without_recovery,
    find_duplicate_names,
    find_limits_of_nobody,
    name_strategies,
    no_such_venue,
)
from livetrio.app.mistakes import unknown_key
from livetrio.app.paths import PathParts, join_paths, render_path, sort_problems
from livetrio.app.rules import found, quote
from livetrio.app.structure import structure
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import ConfigError, Problem, UsageError
from livetrio.operations.config import OperationsConfig
from livetrio.secrets import mask
from livetrio.venues.registry import VENUES

T = TypeVar("T")

CheckStrategy = Callable[[StrategyConfig, Path], Sequence[Problem]]
"""Imports a strategy (files are relative to the folder given) and tells what is wrong with it and with its
parameters; paths are within the strategy: ``path``, ``params.size``."""

CheckRecording = Callable[[Path], object]
"""Reads a recording; raises UsageError where it cannot be played."""

MAX_FILE_BYTES = 4 * 2**20

ENVIRONMENT_PREFIX = "LIVETRIO__"


def load_config(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    check_strategy: CheckStrategy | None = None,
    check_recording: CheckRecording | None = None,
    edit: Callable[[dict[str, Any]], None] | None = None,
) -> Config:
    """Read, check and complete a configuration.

    Args:
      path: the TOML file.
      overrides: ``engine.tick_interval_ms=500``, as after ``--set``; later ones win.
      environ: variables that override and hold secrets; by default those of the process.
      check_strategy: what to check strategies with; None leaves them unchecked.
      check_recording: what to check the recording with; None asks only whether the file is there.
      edit: changes the values, overrides included, before they are checked.

    Raises:
      ConfigError: with every problem, sorted by path.
    """
    environ = os.environ if environ is None else environ
    data = _read_toml(Path(path))
    loader = _Loader(data, Path(path), environ)
    loader.override(overrides)
    if edit is not None:
        edit(data)
    return loader.load(check_strategy, check_recording)


def find_journal_path(path: Path, environ: Mapping[str, str] | None = None) -> Path:
    """Where the journal of a configuration is, by the file and the environment.

    Nothing else of it is looked at, so that no secret has to be there, and nothing else has to be right.

    Raises:
      ConfigError: the file cannot be read.
    """
    data = _read_toml(path)
    _Loader(data, path, os.environ if environ is None else environ).override(())
    table = data.get("journal")
    named = table.get("path") if isinstance(table, dict) else None
    return path.parent / (named if isinstance(named, str) else f"{path.stem}.journal")


def _read_toml(path: Path) -> dict[str, Any]:
    def fail(message: str, where: str = "") -> ConfigError:
        return ConfigError([Problem(where, message)], source=str(path))

    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise fail(f"the file cannot be read: {reason}") from None
    if len(content) > MAX_FILE_BYTES:
        raise fail(f"expected a configuration, found more than {MAX_FILE_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise fail(
            f"expected UTF-8 text, found the byte 0x{content[error.start]:02x}", f"line {line}"
        ) from None
    try:
        return tomllib.loads(text, parse_float=_parse_float)
    except RecursionError:
        raise fail("values are nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, or a number too long for int()
        message = re.fullmatch(r"(.*) \(at (.*)\)", str(error), re.DOTALL)
        where, what = (message[2], message[1]) if message else ("", str(error))
        raise fail(f"not TOML: {what}", where) from None


def _parse_float(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"the number {text[:40]} is out of range") from None


class _Loader:
    """One load: the values, and the problems so far."""

    def __init__(self, data: dict[str, Any], source: Path, environ: Mapping[str, str]) -> None:
        self._data = data
        self._source = source
        self._base = source.absolute().parent
        self._environ = environ
        self._problems: list[Problem] = []
        self._misplaced: list[Problem] = []
        """Overrides of what cannot be; these name their origin themselves."""
        self._origins: dict[str, str] = {}
        """By path: the variable or option that a value came from."""

    def load(self, check_strategy: CheckStrategy | None, check_recording: CheckRecording | None) -> Config:
        sections = {each.name: each for each in attrs.fields(Config) if each.name != "source"}
        for name in self._data.keys() - sections.keys():
            self._problems.append(unknown_key((name,), list(sections)))
        values: dict[str, Any] = {}
        for name in ("engine", "logging", "exchange", "execution", "risk", "journal", "cache", "operations"):
            if name in self._data:
                values[name] = self._structure(self._data[name], type(_default(sections[name])), (name,))
        self._check_channels(values.get("operations"))
        values["exchange"] = self._find_recording(
            values.get("exchange") or _sound_part(self._data.get("exchange"), ExchangeConfig, "replay"),
            check_recording,
        )
        values["venues"] = self._load_venues()
        values["strategies"] = self._load_strategies(check_strategy)
        self._check_limits(values.get("risk"), values["strategies"])
        if values.get("engine") is not None:
            venues = {name: each for name, each in values["venues"].items() if each is not None}
            self._problems.extend(find_accounts_without_recovery(values["engine"], venues))
        problems = [*map(self._name_origin, self._problems), *self._misplaced]
        if problems:
            raise ConfigError(sort_problems(problems), source=str(self._source))
        return Config(**values, source=self._source)

    def _structure(self, value: object, kind: type[Any], path: PathParts) -> Any:
        """The value as an object of the class, or None after noting what is wrong with it."""
        try:
            return structure(value, kind, path=path, environ=self._environ)
        except ConfigError as error:
            self._problems.extend(error.problems)
            return None

    def _load_venues(self) -> dict[str, Any]:
        tables = self._data.get("venues", {})
        if not isinstance(tables, dict):
            expected = "a table for each venue, such as [venues.hyperliquid]"
            message = f"expected {expected}, found {found(tables, expected)}"
            self._problems.append(Problem("venues", message))
            return {}
        venues = {}
        for name, table in tables.items():
            if name in VENUES:
                venues[name] = self._structure(table, VENUES[name].load().settings, ("venues", name))
                continue
            self._problems.append(Problem(render_path(("venues", name)), no_such_venue(name)))
        return venues

    def _load_strategies(self, check_strategy: CheckStrategy | None) -> tuple[StrategyConfig, ...]:
        tables = self._data.get("strategies", [])
        if not isinstance(tables, list):
            expected = "an array of tables, each beginning [[strategies]]"
            message = f"expected {expected}, found {found(tables, expected)}"
            self._problems.append(Problem("strategies", message))
            return ()
        strategies = []
        for index, table in enumerate(tables):
            strategy = self._structure(table, StrategyConfig, ("strategies", index))
            if strategy is not None:
                strategies.append(strategy)
            else:
                strategy = _sound_part(table, StrategyConfig, "path", "params")
            has_params = strategy is not None
            strategy = strategy or _sound_part(table, StrategyConfig, "path")
            for problem in check_strategy(strategy, self._base) if check_strategy and strategy else ():
                if not has_params and problem.path != "path":
                    continue  # about parameters that are no table, which has been said
                where = join_paths(f"strategies[{index}]", problem.path)
                self._problems.append(Problem(where, mask(problem.message)))
        names = [table.get("name") if isinstance(table, dict) else None for table in tables]
        for problem in find_duplicate_names([name if isinstance(name, str) else None for name in names]):
            self._problems.append(Problem(join_paths("strategies", problem.path), problem.message))
        return tuple(strategies)

    def _check_limits(self, risk: RiskConfig | None, strategies: tuple[StrategyConfig, ...]) -> None:
        """Whether limits are of strategies that there are, which is known if these are as they should be."""
        is_known = not any(_is_below(each.path, "strategies") for each in self._problems)
        if risk is not None and is_known:
            self._problems.extend(find_limits_of_nobody(risk, name_strategies(strategies)))

    def _check_channels(self, operations: OperationsConfig | None) -> None:
        """Whether those who are to be told can be reached at all, as far as that is known here."""
        if operations is None or not operations.channels:
            return
        from livetrio.operations.alerts.channels import find_bad_channels  # and with it all of HTTP

        for problem in find_bad_channels(operations.channels):
            self._problems.append(Problem(join_paths("operations", problem.path), problem.message))

    def _find_recording(
        self, exchange: ExchangeConfig | None, check_recording: CheckRecording | None
    ) -> ExchangeConfig:
        if exchange is None or exchange.replay is None:
            return exchange or ExchangeConfig()
        recording = self._base / exchange.replay
        try:
            is_file = recording.is_file()
        except (OSError, ValueError):
            is_file = False
        if not is_file:
            self._problems.append(Problem("exchange.replay", f"no such file: {_one_line(str(recording))}"))
        elif check_recording is not None:
            try:
                check_recording(recording)
            except UsageError as error:
                self._problems.append(Problem("exchange.replay", str(error)))
        return attrs.evolve(exchange, replay=str(recording))

    # Overrides.

    def override(self, options: Sequence[str]) -> None:
        """Put in what the environment says, then what the options say."""
        for name in sorted(self._environ):
            if name.upper().startswith(ENVIRONMENT_PREFIX):
                parts = name[len(ENVIRONMENT_PREFIX) :].split("__")
                self._set(parts, self._environ[name], name, folded=True)
        for option in options:
            key, equals, value = option.partition("=")
            parts = _split_key(key.strip())
            if not equals:
                self._misplaced.append(Problem(f"--set {_one_line(key)}", "expected KEY=VALUE"))
            else:
                self._set(parts, value.strip(), f"--set {key.strip()}", folded=False)

    def _set(self, parts: Sequence[str], text: str, origin: str, *, folded: bool) -> None:
        if not parts or not all(parts):
            self._misplaced.append(Problem(_one_line(origin), "names no setting"))
            return
        node: Any = self._data
        path: PathParts = ()
        created: PathParts | None = None
        for depth, part in enumerate(parts):
            place = _find_place(node, part, folded)
            if place is None:
                is_index = isinstance(node, list) and part.isdecimal() and len(part) < 9
                where = render_path((*path, int(part) if is_index else part))
                count = "is no table"
                if isinstance(node, list):
                    count = f"has {len(node)} element{'' if len(node) == 1 else 's'}"
                self._misplaced.append(
                    Problem(where, f"{render_path(path)} {count} (set by {_one_line(origin)})")
                )
                path = created or ()
                break
            path = (*path, place)
            is_new = place not in node if isinstance(node, dict) else place == len(node)
            created = path if is_new and created is None else created
            if depth == len(parts) - 1:
                child: Any = _parse_value(text)
            elif is_new:
                child = [] if parts[depth + 1].isdecimal() else {}
            else:
                child = node[place]
            if isinstance(node, list) and is_new:
                node.append(child)
            else:
                node[place] = child
            node = child
        changed = {render_path(each) for each in (created, path) if each}
        for where in [each for each in self._origins if any(_is_below(each, path) for path in changed)]:
            del self._origins[where]  # what it had set is there no more
        self._origins |= dict.fromkeys(changed, origin)

    def _name_origin(self, problem: Problem) -> Problem:
        """Add the variable or option that a wrong value came from."""
        paths = [each for each in self._origins if _is_below(problem.path, each)]
        if not paths:
            return problem
        origin = self._origins[max(paths, key=len)]
        return Problem(problem.path, f"{problem.message} (set by {_one_line(origin)})")


def _sound_part(table: Any, kind: type[T], *names: str) -> T | None:
    """An object of these settings alone, to check further what is right among others that are not."""
    try:
        return structure({name: table[name] for name in names if name in table}, kind)
    except (ConfigError, TypeError):
        return None


def _default(attribute: attrs.Attribute[Any]) -> Any:
    factory: Any = attribute.default
    return factory.factory()


def _find_place(node: Any, part: str, folded: bool) -> str | int | None:
    """The key or index that a part of an override's name means in a table or an array."""
    if isinstance(node, dict):
        if not folded or part in node:
            return part
        return next((key for key in node if key.casefold() == part.casefold()), part.lower())
    if not isinstance(node, list):
        return None
    if part.isdecimal() and part.isascii():
        return int(part) if len(part) < 9 and int(part) <= len(node) else None
    for index, each in enumerate(node):
        name = each.get("name", each.get("path")) if isinstance(each, dict) else None
        name = name.rpartition(":")[2] if isinstance(name, str) and "name" not in each else name
        if name == part or (folded and isinstance(name, str) and name.casefold() == part.casefold()):
            return index
    return None


def _is_below(path: str, place: str) -> bool:
    """Whether it is the place itself, or inside."""
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _split_key(key: str) -> list[str]:
    """``strategies[0]."a.b".size`` as strategies, 0, a.b, size; empty if it makes no sense."""
    name = r"""(?:"[^"]+"|[^."\[\]]+)"""
    if not re.fullmatch(rf"{name}(?:\.{name}|\[\d+\])*", key):
        return []
    return [
        match[1] or match[2] or match[3] for match in re.finditer(r'"([^"]+)"|\[(\d+)\]|([^."\[\]]+)', key)
    ]


def _parse_value(text: str) -> Any:
    """The text as a TOML value, or as itself."""
    try:
        values = tomllib.loads(f"value = {text}", parse_float=_parse_float)
    except (ValueError, RecursionError):
        return text
    return values["value"] if values.keys() == {"value"} else text


def _one_line(text: str) -> str:
    return text if text.isprintable() and len(text) <= 200 else quote(text)
