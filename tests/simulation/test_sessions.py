"""What comes by a session that is over reaches nobody: who watches for that, and that it finds it."""

from __future__ import annotations

import pytest

from livetrio.model import ConnectionEvent, ConnectionState
from livetrio.simulation.sessions import Sessions

MARKET, ACCOUNT = "hyperliquid/market", "hyperliquid/account"


def event(state, connection=MARKET):
    return ConnectionEvent(
        connection=connection, endpoint="ws://exchange.test", state=state, generation=1, timestamp=1
    )


@pytest.fixture
def broken():
    return []


@pytest.fixture
def sessions(broken):
    return Sessions(broken.append)


def test_what_comes_by_the_session_that_is_up_is_well(sessions, broken):
    number = sessions.begin(MARKET)
    sessions.begin(ACCOUNT)
    sessions.take(MARKET, number, ["early"])
    sessions.hear(event(ConnectionState.CONNECTED))
    sessions.hear(event(ConnectionState.DISCONNECTED, ACCOUNT))
    sessions.take(MARKET, number, ["a quote"])

    assert not broken


@pytest.mark.parametrize(
    "state", [ConnectionState.DISCONNECTED, ConnectionState.RECONNECTING, ConnectionState.FAILED]
)
def test_what_comes_after_the_session_was_given_up_is_found(state, sessions, broken):
    number = sessions.begin(MARKET)
    sessions.hear(event(state))
    sessions.take(MARKET, number, [])
    assert not broken

    sessions.take(MARKET, number, ["a quote", "another"])
    [found] = broken
    assert str(found).startswith("I9 ")
    assert found.sentence == f"{MARKET}: str of a session that had ended reach the engine"


def test_what_comes_by_the_session_before_this_one_is_found(sessions, broken):
    old = sessions.begin(MARKET)
    sessions.begin(MARKET)
    sessions.take(MARKET, old, ["a quote"])

    assert len(broken) == 1
