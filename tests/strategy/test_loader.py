"""From a path to a strategy, and how every mistake on the way is told."""

import functools
import itertools
import sys
from decimal import Decimal

import attrs
import pytest

from livetrio import Strategy
from livetrio.errors import ConfigError
from livetrio.strategy.loader import check_strategy, load_strategy

BTC = "BTC-USD-PERP.HYPERLIQUID"
GOOD = """
from __future__ import annotations
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar
import attrs
from livetrio import Strategy
from livetrio.model import InstrumentId
if TYPE_CHECKING:
    from livetrio import Context

@attrs.define
class Spread(Strategy):
    instrument: InstrumentId
    limit: Decimal = Decimal(5)

async def momentum(ctx: Context, instrument: InstrumentId, limit: Decimal = Decimal(5)) -> Decimal:
    return limit

class Plain(Strategy):
    ctx: Context
    VERSION: ClassVar[int] = 1
"""

numbers = itertools.count()


@attrs.frozen
class Settings:
    path: str
    params: dict = attrs.field(factory=dict)


@pytest.fixture(autouse=True)
def clean_imports():
    """What a test imports and what it leaves on the path: nothing."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    assert sys.path == path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    """Writes a module beside the configuration."""

    def write(text, name="mine.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write


@pytest.fixture
def problems(tmp_path):
    """What is wrong with a strategy, as `livetrio check` and as `livetrio run` find it."""

    def problems(path, **params):
        settings = Settings(path, params)
        found = [str(each) for each in check_strategy(settings, tmp_path)]
        if found:
            with pytest.raises(ConfigError) as caught:
                load_strategy(settings, tmp_path)
            assert [str(each) for each in caught.value.problems] == found
        else:
            load_strategy(settings, tmp_path)
        return found

    return problems


# What is right.


def test_a_class_in_a_file_is_made_with_its_parameters(write, problems, tmp_path):
    write(GOOD)
    assert problems("mine.py:Spread", instrument=BTC) == []
    strategy = load_strategy(Settings("mine.py:Spread", {"instrument": BTC, "limit": "7.5"}), tmp_path)

    assert isinstance(strategy, Strategy)
    assert (strategy.instrument, strategy.limit) == (BTC, Decimal("7.5"))


async def test_a_function_has_its_parameters_bound(write, tmp_path):
    write(GOOD)
    strategy = load_strategy(Settings("mine.py:momentum", {"instrument": BTC, "limit": "7.5"}), tmp_path)

    assert isinstance(strategy, functools.partial)
    assert await strategy(object()) == Decimal("7.5")


def test_class_variables_and_the_context_are_no_parameters(write, problems):
    write(GOOD)

    assert problems("mine.py:Plain") == []


def test_class_variables_of_a_module_without_future_annotations(write, problems):
    write("""
import typing
from livetrio import Strategy
class Plain(Strategy):
    A: typing.ClassVar = 1
    B: typing.ClassVar[int] = 1
    C: "typing.ClassVar[int]" = 1
""")

    assert problems("mine.py:Plain") == []


def test_a_file_in_a_folder_beside_the_configuration(write, problems):
    write(GOOD, "deep/er/mine.py")

    assert problems("deep/er/mine.py:Spread", instrument=BTC) == []


def test_a_module_is_looked_for_beside_the_configuration_first(write, problems):
    name = f"strategies_{next(numbers)}"
    write(GOOD, f"{name}/mine.py")
    write("", f"{name}/__init__.py")

    assert problems(f"{name}.mine:Spread", instrument=BTC) == []


def test_a_file_is_imported_once_however_often_it_is_named(write, tmp_path):
    write(GOOD + "\nwith open(__file__ + '.runs', 'a') as runs: runs.write('x')\n")
    write("", "sub/x")
    one = load_strategy(Settings("mine.py:Spread", {"instrument": BTC}), tmp_path)
    other = load_strategy(Settings("../mine.py:Spread", {"instrument": BTC}), tmp_path / "sub")

    assert type(one) is type(other)
    assert one is not other
    assert (tmp_path / "mine.py.runs").read_text() == "x"


def test_two_files_of_one_name_are_two(write, tmp_path):
    write(GOOD, "one/mine.py")
    write(GOOD, "two/mine.py")
    one, two = (
        load_strategy(Settings(f"{folder}/mine.py:Spread", {"instrument": BTC}), tmp_path)
        for folder in ("one", "two")
    )

    assert type(one) is not type(two)


def test_a_file_may_import_what_lies_beside_it(write, tmp_path):
    sibling = f"beside_{next(numbers)}"
    write("LIMIT = 17", f"sub/{sibling}.py")
    write(f"from {sibling} import LIMIT\nasync def strategy(ctx): return LIMIT", "sub/mine.py")
    strategy = load_strategy(Settings("sub/mine.py:strategy"), tmp_path)

    assert strategy.func.__globals__["LIMIT"] == 17


def test_an_author_who_changes_the_path_keeps_the_change(write, problems):
    write("""
import sys
sys.path.remove(__file__.rpartition("/")[0])
async def strategy(ctx): ...
""")

    assert problems("mine.py:strategy") == []


# What is wrong with the path.


def test_a_file_that_is_not_there(problems, tmp_path):
    [problem] = problems("mine.py:Spread")

    assert problem == (
        f"path: the file mine.py does not exist beside the configuration (looked for {tmp_path}/mine.py)"
    )


def test_a_module_that_is_not_there(problems):
    [problem] = problems("no_such_module_anywhere:Spread")

    assert problem == (
        "path: no_such_module_anywhere cannot be imported: ModuleNotFoundError: "
        "No module named 'no_such_module_anywhere'"
    )


def test_a_syntax_error_with_its_line(write, problems):
    write("x = 1\nif x\n    pass\n")
    [problem] = problems("mine.py:Spread")

    assert problem == "path: mine.py cannot be imported: SyntaxError: expected ':' (mine.py, line 2)"


def test_a_syntax_error_in_a_file_that_is_imported(write, problems):
    sibling = f"beside_{next(numbers)}"
    write("\n\nx = = 1\n", f"{sibling}.py")
    write(f"import {sibling}\n")
    [problem] = problems("mine.py:Spread")

    assert problem.endswith(f"SyntaxError: invalid syntax ({sibling}.py, line 3)")


def test_a_module_that_raises_with_its_line(write, problems):
    write("def f():\n    raise RuntimeError('not today')\n\nf()\n")
    [problem] = problems("mine.py:Spread")

    assert problem == "path: mine.py cannot be imported: RuntimeError: not today (mine.py, line 2)"


def test_a_module_that_imports_what_is_not_there(write, problems):
    write("import os\nimport no_such_module_anywhere\n")
    [problem] = problems("mine.py:Spread")

    assert "ModuleNotFoundError: No module named 'no_such_module_anywhere' (mine.py, line 2)" in problem


def test_a_file_that_failed_is_read_again_when_it_was_mended(write, problems):
    write("raise RuntimeError")
    assert len(problems("mine.py:Spread")) == 1
    write(GOOD)

    assert problems("mine.py:Spread", instrument=BTC) == []


@pytest.mark.parametrize("path", ["mine.py:strategy", "mine:strategy"])
def test_a_module_that_ends_the_program_ends_it(write, tmp_path, path):
    write("raise SystemExit(7)")
    with pytest.raises(SystemExit) as caught:
        check_strategy(Settings(path), tmp_path)

    assert caught.value.code == 7
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "name, hint",
    [("Sprad", "; did you mean 'Spread'?"), ("zzzzzz", ""), ("_hidden", "")],
)
def test_a_name_that_is_not_there_with_the_nearest(write, problems, name, hint):
    write(GOOD)

    assert problems(f"mine.py:{name}") == [f"path: mine.py has no {name!r}{hint}"]


@pytest.mark.parametrize(
    "code, found",
    [
        ("class it: pass", "a class 'it'"),
        ("it = 5", "int 'it'"),
        ("def it(ctx): pass", "function 'it'"),
        ("async def it(ctx): yield", "function 'it'"),
    ],
)
def test_what_is_no_strategy(write, problems, code, found):
    write(code)

    assert problems("mine.py:it") == [
        "path: expected a class derived from livetrio.Strategy or an async def function, found " + found
    ]


@pytest.mark.parametrize("parameters", ["", "*, ctx", "**kwargs"])
def test_a_function_that_takes_no_context(write, problems, parameters):
    write(f"async def it({parameters}): pass")

    assert problems("mine.py:it") == [
        "path: the function 'it' takes no context: its first parameter by position"
    ]


@pytest.mark.parametrize("parameters", ["ctx", "ctx, /", "*everything"])
def test_a_function_that_takes_a_context(write, problems, parameters):
    write(f"async def it({parameters}): pass")

    assert problems("mine.py:it") == []


def test_a_class_that_forgot_its_decorator(write, problems):
    write("from livetrio import Strategy\nclass It(Strategy):\n    size: int = 1\n    limit: int = 2\n")

    assert problems("mine.py:It", size=2) == [
        "path: the class 'It' declares size, limit but is not decorated with @attrs.define, so these are no "
        "parameters"
    ]


def test_a_child_that_forgot_the_decorator_its_parent_has(write, problems):
    write(GOOD + "\nclass Child(Spread):\n    extra: int = 1\n")
    [problem] = problems("mine.py:Child", instrument=BTC)

    assert "'Child' declares extra" in problem


# What is wrong with the parameters.


@pytest.mark.parametrize("name", ["Spread", "momentum"])
def test_all_that_is_wrong_with_the_parameters_is_told_at_once(write, problems, name):
    write(GOOD)

    assert problems(f"mine.py:{name}", limt=3, limit=[1]) == [
        "params.limt: unknown parameter; did you mean 'limit'?",
        "params.limit: expected a number, found [1]",
        "params.instrument: missing: expected an instrument id such as BTC-USD-PERP.HYPERLIQUID",
    ]


VALIDATED = """
import attrs
from livetrio import Strategy
@attrs.define
class It(Strategy):
    size: int = attrs.field(default=1, validator=attrs.validators.gt(0))
    side: str = attrs.field(default="buy", validator=attrs.validators.in_(["buy", "sell"]))
    def __attrs_post_init__(self):
        if self.size == 13:
            raise ValueError("13 is not our number")
        if self.size == 14:
            raise ValueError
"""


@pytest.mark.parametrize(
    "params, message",
    [
        ({"size": 0}, "'size' must be > 0: 0"),
        ({"side": "up"}, "'side' must be in ['buy', 'sell'] (got 'up')"),
        ({"size": 13}, "13 is not our number"),
        ({"size": 14}, "ValueError"),
    ],
)
def test_what_the_class_itself_refuses_is_told_in_its_words(write, tmp_path, params, message):
    write(VALIDATED)
    with pytest.raises(ConfigError) as caught:
        load_strategy(Settings("mine.py:It", params), tmp_path)

    assert str(caught.value) == f"mine.py:It: 1 problem\n  params: {message}"
    assert type(caught.value.__cause__) is ValueError
