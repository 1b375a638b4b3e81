"""Totals: sessions are added up; what a session has none of stays as it was."""

from __future__ import annotations

from types import SimpleNamespace

from livetrio.supervision.totals import Totals


def session(opened, messages=0, latency=None, last_received=0.0):
    return SimpleNamespace(opened=opened, messages=messages, latency=latency, last_received=last_received)


def test_sessions_are_added_up():
    first = Totals().plus(session(10.0, messages=3, latency=0.2, last_received=14.0), now=15.0)
    second = first.plus(session(20.0, messages=1, latency=0.1, last_received=21.0), now=22.0)

    assert first == Totals(uptime=5.0, messages=3, latency=0.2, last_message=14.0)
    assert second == Totals(uptime=7.0, messages=4, latency=0.1, last_message=21.0)


def test_a_session_without_news_leaves_what_was_known():
    known = Totals(uptime=5.0, messages=3, latency=0.2, last_message=14.0)

    assert known.plus(session(20.0, last_received=20.0), now=22.0) == Totals(
        uptime=7.0, messages=3, latency=0.2, last_message=14.0
    )
