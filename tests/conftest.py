"""The tests run as if they were started in a terminal, whoever has started them.

What was started by `nohup`, or in the background by a script, ignores SIGHUP or SIGINT, and so do all
processes that it starts: nothing that is about these signals could be tested there.

Coverage is that of the tests of the parts. Those that run whole worlds for hours of virtual time are not
traced: they would take twice as long, and what they run in passing they do not look at.
"""

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

_UNTRACED = ("scenarios/", "configs/", "exchange/market/test_living_market.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pytest-cov look away while whole worlds run."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(_UNTRACED):
            item.add_marker(pytest.mark.no_cover)
