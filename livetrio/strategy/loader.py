"""Loader: from ``path`` and ``params`` of a configuration to a strategy.

A path is ``package.module:Name`` or ``file.py:Name``, the file beside the configuration. The name is a
class derived from `Strategy`, or an ``async def`` function whose first parameter is the context.

`check_strategy` finds everything that is wrong without making the strategy; the import itself runs the
author's module, as any import does.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
import traceback
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from livetrio.errors import ConfigError, Problem
from livetrio.model import nearest
from livetrio.strategy.base import Strategy
from livetrio.strategy.params import structure_params
from livetrio.strategy.runner import StrategyFunction


class StrategySettings(Protocol):
    """What the loader needs of a strategy's settings."""

    @property
    def path(self) -> str:
        """``module:Name`` or ``file.py:Name``."""
        ...

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters by name."""
        ...


def check_strategy(settings: StrategySettings, base: Path) -> Sequence[Problem]:
    """Everything that is wrong with a strategy's path and parameters; paths begin at the strategy.

    Args:
      base: the folder that files are relative to, and where modules are looked for first.
    """
    try:
        target = _find(settings.path, base)
    except ConfigError as error:
        return error.problems
    return structure_params(target, settings.params)[1]


def load_strategy(settings: StrategySettings, base: Path) -> Strategy | StrategyFunction:
    """Make the strategy.

    Raises:
      ConfigError: whatever `check_strategy` finds, or the class refused its parameters when made.
    """
    target = _find(settings.path, base)
    arguments, problems = structure_params(target, settings.params)
    if problems:
        raise ConfigError(problems, source=settings.path)
    if not isinstance(target, type):
        return functools.partial(target, **arguments)
    try:
        strategy: Strategy = target(**arguments)
    except (ValueError, TypeError) as error:
        # The validators of attrs raise with what they know in ``args``, the words first.
        words = str(error.args[0]) if error.args else type(error).__name__
        raise ConfigError([Problem("params", words)], source=settings.path) from error
    return strategy


def _find(path: str, base: Path) -> Callable[..., Any]:
    where, _, name = path.rpartition(":")
    module = _import_file(base / where, where) if where.endswith(".py") else _import_module(where, base)
    try:
        target = getattr(module, name)
    except AttributeError:
        close = nearest(name, [each for each in vars(module) if not each.startswith("_")])
        hint = f"; did you mean {close!r}?" if close else ""
        raise _problem(f"{where} has no {name!r}{hint}") from None
    if isinstance(target, type) and issubclass(target, Strategy):
        _check_class(target, name)
    elif not inspect.iscoroutinefunction(target):
        kind = "a class" if isinstance(target, type) else type(target).__name__
        raise _problem(
            f"expected a class derived from livetrio.Strategy or an async def function, found {kind} {name!r}"
        )
    elif not _takes_context(target):
        raise _problem(f"the function {name!r} takes no context: its first parameter by position")
    return target  # type: ignore[no-any-return]  # checked just above


def _check_class(target: type[Strategy], name: str) -> None:
    own = [
        each
        for each, kind in inspect.get_annotations(target).items()
        if each != "ctx" and not _is_class_variable(kind)
    ]
    if own and "__attrs_attrs__" not in vars(target):
        raise _problem(
            f"the class {name!r} declares {', '.join(own)} but is not decorated with @attrs.define, so these "
            "are no parameters"
        )


def _is_class_variable(annotation: object) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return typing.ClassVar in (annotation, typing.get_origin(annotation))


def _takes_context(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and first.kind in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )


def _import_file(file: Path, shown: str) -> ModuleType:
    if not file.is_file():
        raise _problem(f"the file {shown} does not exist beside the configuration (looked for {file})")
    name = f"livetrio_strategy_{file.stem}_{abs(hash(file.resolve())):x}"
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, file)
    assert specification is not None  # a .py file has one
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # before it runs: attrs looks annotations up there
    try:
        with _first_on_path(file.parent):
            specification.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name, None)
        if isinstance(error, Exception):
            raise _import_problem(shown, error) from error
        raise  # it ends the process
    return module


def _import_module(name: str, base: Path) -> ModuleType:
    try:
        with _first_on_path(base):
            return importlib.import_module(name)
    except Exception as error:
        raise _import_problem(name, error) from error


class _first_on_path:  # reads as a verb, like contextlib's
    """Lets imports look into a folder first, as Python itself does for a script's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder.resolve())

    def __enter__(self) -> None:
        sys.path.insert(0, self._folder)

    def __exit__(self, *exc_info: object) -> None:
        if self._folder in sys.path:  # unless the module itself took it away
            sys.path.remove(self._folder)


def _import_problem(what: str, error: Exception) -> ConfigError:
    """An import that failed, in words, with the line of the author's code."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename
    ]
    own = [frame for frame in frames if frame.filename != __file__]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        where = f" ({Path(error.filename or what).name}, line {error.lineno})"
        return _problem(f"{what} cannot be imported: SyntaxError: {error.msg}{where}")
    return _problem(f"{what} cannot be imported: {type(error).__name__}: {error}{where}")


def _problem(message: str) -> ConfigError:
    return ConfigError([Problem("path", message)], source="strategy")
