"""The last lines of the log that matter."""

import io

import pytest
import structlog

from livetrio import secrets
from livetrio.app.logs import configure_logs
from livetrio.operations.recent import KEPT, RecentLines
from livetrio.secrets import register_secret


@pytest.fixture
def process(monkeypatch):
    """The process as it was."""
    monkeypatch.setattr(secrets, "_known", set())
    yield
    structlog.reset_defaults()


def test_warnings_and_errors_are_kept_for_people_whatever_the_format(process):
    recent, stream = RecentLines(), io.StringIO()
    heard = []
    recent.on_line = heard.append
    configure_logs("json", stream=stream, now=lambda: 0, listener=recent.take)
    log = structlog.get_logger()
    register_secret("hunter22hunter22")
    log.info("all is well")
    log.warning("it\n is not", key="hunter22hunter22")
    log.error("worse", exc_info=ValueError("bad"))

    first, second = recent
    assert first == "1970-01-01T00:00:00.000Z warning it\\n is not  key=[secret]"
    assert second.startswith("1970-01-01T00:00:00.000Z error worse")
    assert "ValueError: bad" in second
    assert heard == [first, second]
    assert stream.getvalue().count("\n") == 3
    assert stream.getvalue().splitlines()[2].count("ValueError: bad") == 1


def test_the_oldest_are_forgotten_and_counted_all_the_same():
    recent = RecentLines()
    for number in range(KEPT + 1):
        recent.take("warning", str(number))
    assert next(iter(recent)) == "1"
    assert recent.count == KEPT + 1
