"""What users import: there, documented, the same to Python and to the type checker, and free until used."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import livetrio
from livetrio import errors, model, testing, topics

PUBLIC = [livetrio, model, topics, errors, testing]


def public_names(module):
    """The names that a module offers: its ``__all__``, or what it defines without an underscore."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def public_things():
    for module in PUBLIC:
        for name in public_names(module):
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isroutine(thing):
                yield pytest.param(thing, id=f"{module.__name__}.{name}")


def members_of(thing):
    """The public methods and properties that a class defines itself."""
    for name, member in vars(thing).items():
        member = getattr(member, "__func__", member)
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            yield name, member


def static_names():
    """What the type checker sees: the imports under TYPE_CHECKING, as name: module."""
    tree = ast.parse(Path(livetrio.__file__).read_text())
    [block] = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        alias.asname: (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_all_is_sorted_with_the_version_first():
    assert livetrio.__all__ == ["__version__", *sorted(livetrio._HOMES)]
    assert list(livetrio._HOMES) == sorted(livetrio._HOMES)
    assert dir(livetrio) == sorted(livetrio.__all__)


def test_the_type_checker_sees_what_python_does():
    assert static_names() == {name: (home, name) for name, home in livetrio._HOMES.items()}


@pytest.mark.parametrize("name", livetrio.__all__)
def test_every_name_is_there(name):
    thing = getattr(livetrio, name)

    if name in livetrio._HOMES:
        assert thing is getattr(importlib.import_module(livetrio._HOMES[name]), name)
        assert vars(livetrio)[name] is thing  # the next look-up finds it at once


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'livetrio' has no attribute 'LiveTradingEngin'"):
        livetrio.LiveTradingEngin  # noqa: B018  # asking is the point


@pytest.mark.parametrize("module", [model, testing], ids=lambda module: module.__name__)
def test_what_a_package_names_it_has(module):
    assert len(set(module.__all__)) == len(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("thing", list(public_things()))
def test_everything_public_says_what_it_is(thing):
    silent = [
        name for name, member in (members_of(thing) if inspect.isclass(thing) else ()) if not member.__doc__
    ]

    assert inspect.getdoc(thing)
    assert not (thing.__doc__ or "").startswith(f"{thing.__name__}("), "made by a decorator, not written"
    assert not silent, f"{thing.__name__} has these without a docstring: {', '.join(silent)}"


def test_import_livetrio_costs_nothing():
    code = "import sys; import livetrio; print(*sorted(name.split('.')[0] for name in sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "livetrio" in loaded
    heavy = {
        "trio",
        "attr",
        "attrs",
        "cattrs",
        "msgspec",
        "structlog",
        "click",
        "httpcore2",
        "trio_websocket",
    }
    assert heavy.isdisjoint(loaded)


def test_a_name_brings_only_what_stands_below_it():
    code = (
        "import sys; from livetrio import Clock; print(*(name for name in sys.modules if 'livetrio' in name))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert sorted(loaded) == ["livetrio", "livetrio.clock", "livetrio.version"]
