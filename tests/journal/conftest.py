"""What a test has opened is closed after it: a connection that is left to the collector is a warning."""

import pytest

from livetrio.journal.journal import Journal


@pytest.fixture(autouse=True)
def _close_what_was_opened(monkeypatch):
    opened = []
    make = Journal.open

    def open_and_remember(*arguments, **options):
        opened.append(make(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(Journal, "open", open_and_remember)
    yield
    for journal in opened:
        journal._connection.close()
