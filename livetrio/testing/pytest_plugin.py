"""A plugin of pytest: the fixture ``simulated``, the mark ``seeds``, and the option ``--simulate-seeds N``.

    pytest_plugins = ["livetrio.testing.pytest_plugin"]  # in conftest.py

    @pytest.mark.seeds(50)
    def test_it_keeps_its_limit(simulated, seed):
        run = simulated(Maker, seed=seed, faults="all")
        assert abs(run.position("BTC-USD-PERP.HYPERLIQUID")) <= Decimal("0.05")

It is asked for, and not found by pytest itself (which an entry point would do): every run of pytest in the
environment would import livetrio then, and before any coverage is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from livetrio.testing.simulated_run import SimulatedRun

OPTION = "--simulate-seeds"

_MARK = (
    "seeds(which): run the test once for each seed, its argument `seed`; "
    "a number, of which 50 are the seeds 0 to 49, or the seeds themselves"
)

_worlds = pytest.StashKey["KeptWorlds"]()


class KeptWorlds:
    """The worlds of one test, whose plans and traces are kept if it fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def simulate(self, what: Any, **how: Any) -> SimulatedRun:
        """`livetrio.testing.simulate`, which writes down plan and trace."""
        from livetrio.testing.simulations import simulate

        __tracebackhide__ = True
        self._count += 1
        files = {kind: self._folder / f"simulated-{self._count}.{name}" for kind, name in _FILES.items()}
        return simulate(what, **{**files, **how})

    def files(self) -> list[Path]:
        """Those that were written."""
        return sorted(self._folder.glob("simulated-*"))


_FILES = {"save": "plan", "trace": "trace"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("livetrio").addoption(
        OPTION,
        type=_count,
        metavar="N",
        help="Run each test that is marked `seeds` with the seeds 0 to N-1, whatever its mark says.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", _MARK)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that is marked its seeds."""
    mark = metafunc.definition.get_closest_marker("seeds")
    if mark is None:
        return
    where = metafunc.definition.nodeid
    if "seed" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{where}: expected an argument `seed`, since it is marked seeds, found none")
    wanted = metafunc.config.getoption(OPTION)
    metafunc.parametrize("seed", _read_seeds(mark, where) if wanted is None else range(wanted))


@pytest.fixture
def simulated(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., SimulatedRun]:
    """`livetrio.testing.simulate`; of a test that fails plans and traces are kept, and it names them."""
    worlds = request.node.stash[_worlds] = KeptWorlds(tmp_path)
    return worlds.simulate


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Name the files of a test that has failed, and drop those of any other."""
    report = yield
    worlds = item.stash.get(_worlds, None)
    if worlds is not None and report.when == "call":
        if report.failed:
            report.sections.append(("simulated worlds", "\n".join(map(str, worlds.files()))))
        else:
            for file in worlds.files():
                file.unlink()
    return report


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _read_seeds(mark: pytest.Mark, where: str) -> list[int]:
    which: Any = mark.args[0] if len(mark.args) == 1 and not mark.kwargs else None
    if isinstance(which, int) and not isinstance(which, bool) and which > 0:
        return list(range(which))
    if isinstance(which, Iterable) and not isinstance(which, str):
        seeds = list(which)
        if seeds and all(isinstance(each, int) for each in seeds):
            return seeds
    raise pytest.UsageError(
        f"{where}: expected seeds(50), or seeds(range(100, 150)), found "
        f"seeds({', '.join(map(repr, mark.args))})"
    )
