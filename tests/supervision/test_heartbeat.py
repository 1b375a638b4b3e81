"""Heartbeats: when they go out, and when their absence means death."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from connection_world import gaps
from test_session import Desk

from livetrio.errors import HeartbeatLost
from livetrio.supervision.heartbeat import run_heartbeat
from livetrio.supervision.interval import Interval
from livetrio.supervision.stall import GRACE, let_backlog_in
from livetrio.testing import FakeVenue, within


class Socket:
    """Notes what is sent; answers after a while, or never."""

    def __init__(self, session, nursery, *, answers_after=None):
        self.session = session
        self.nursery = nursery
        self.answers_after = answers_after
        self.sent_at = []
        self.is_stuck = False

    async def send(self, message):
        self.sent_at.append(trio.current_time())
        if self.is_stuck:
            await trio.sleep_forever()
        if self.answers_after is not None:
            self.nursery.start_soon(self._answer)

    async def _answer(self):
        await trio.sleep(self.answers_after)
        self.session.take([b"pong"])

    async def ping(self):
        self.sent_at.append(trio.current_time())
        await trio.sleep(float("inf") if self.answers_after is None else self.answers_after)


def make(nursery, *, own=True, answers_after=None):
    venue = FakeVenue()
    venue.heartbeat = b"ping" if own else None
    session = Desk(codec=venue.open_codec("market", 1)).session
    session.open()
    return session, Socket(session, nursery, answers_after=answers_after)


async def until_death(socket, session, interval):
    """When it was found dead."""
    with pytest.RaisesGroup(pytest.RaisesExc(HeartbeatLost, match="two heartbeat intervals")):
        await run_heartbeat(socket, session, interval)
    return trio.current_time()


@within(3600)
@pytest.mark.parametrize("own", [True, False])
async def test_silence_is_death_after_exactly_two_intervals(nursery, autojump_clock, own):
    session, socket = make(nursery, own=own)

    assert await until_death(socket, session, Interval(30.0)) == 60
    assert socket.sent_at[0] == 30


@within(3600)
@pytest.mark.parametrize("at", [0.0, 0.001, 29.999, 30.0, 44.9, 59.999])
async def test_two_intervals_count_from_the_last_sign_of_life(nursery, autojump_clock, at):
    session, socket = make(nursery)

    async def speak():
        await trio.sleep(at)
        session.take([b"pong"])

    nursery.start_soon(speak)

    assert await until_death(socket, session, Interval(30.0)) == pytest.approx(at + 60)


@within(3600)
async def test_a_socket_that_takes_nothing_is_found_dead_in_time(nursery, autojump_clock):
    session, socket = make(nursery)
    socket.is_stuck = True

    assert await until_death(socket, session, Interval(30.0)) == 60


@within(90_000)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("after", [0.0, 0.5, 20.0, 29.9])
async def test_answers_keep_it_alive_and_are_measured(nursery, autojump_clock, own, after):
    session, socket = make(nursery, own=own, answers_after=after)

    with trio.move_on_after(3600.5):
        await run_heartbeat(socket, session, Interval(30.0))

    assert set(gaps(socket.sent_at)) == {30}
    assert len(socket.sent_at) == 120
    assert session.latency == pytest.approx(after)


@within(3600)
@pytest.mark.parametrize("own", [True, False])
async def test_data_keeps_it_alive_though_nothing_is_answered(nursery, autojump_clock, own):
    session, socket = make(nursery, own=own)

    async def speak():
        for _ in range(100):
            await trio.sleep(20)
            session.take([b"notice hello"])

    nursery.start_soon(speak)

    assert await until_death(socket, session, Interval(30.0)) == 2060
    assert session.latency is None
    assert len(socket.sent_at) >= 68
    assert set(gaps(socket.sent_at)) == {30}, "a ping without an answer does not keep the next one back"


@within(3600)
async def test_the_interval_can_be_changed_and_taken_away(nursery, autojump_clock):
    session, socket = make(nursery, answers_after=0.0)
    interval = Interval(30.0)

    async def change():
        await trio.sleep(29)
        interval.set(5.0)
        await trio.sleep(11)
        interval.set(None)
        await trio.sleep(1000)
        interval.set(100.0)

    nursery.start_soon(change)
    with trio.move_on_after(1400):
        await run_heartbeat(socket, session, interval)

    assert socket.sent_at == [34, 39, 1140, 1240, 1340]


@within(3600)
async def test_a_shorter_interval_is_not_held_against_the_silence_before(nursery, autojump_clock):
    session, socket = make(nursery, answers_after=0.5)
    interval = Interval(30.0)

    async def change():
        await trio.sleep(29)
        interval.set(1.0)

    nursery.start_soon(change)
    with trio.move_on_after(100):
        await run_heartbeat(socket, session, interval)

    assert socket.sent_at[0] == 30
    assert trio.current_time() == 100


@within(3600)
async def test_after_a_stall_what_is_waiting_is_read_first(nursery, mock_clock):
    session, socket = make(nursery)
    nursery.start_soon(run_heartbeat, socket, session, Interval(30.0))
    await trio.testing.wait_all_tasks_blocked()

    async def read_backlog():
        await trio.sleep_until(90)  # wakes together with the judge
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        session.take([b"notice hello"])

    nursery.start_soon(read_backlog)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(90)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(GRACE)
    await trio.testing.wait_all_tasks_blocked()

    assert session.last_received == 90
    assert nursery.child_tasks, "it goes on"


@within(3600)
async def test_the_reader_has_its_turn_before_the_verdict_even_if_nothing_is_late(nursery, autojump_clock):
    session, socket = make(nursery)

    async def read():
        await trio.sleep_until(60)
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        session.take([b"notice hello"])

    nursery.start_soon(read)

    assert await until_death(socket, session, Interval(30.0)) == 120


@within(3600)
async def test_beats_after_a_stall_do_not_bunch(nursery, mock_clock):
    session, socket = make(nursery, answers_after=0.0)
    nursery.start_soon(run_heartbeat, socket, session, Interval(10.0))
    await trio.testing.wait_all_tasks_blocked()

    for jump in (10, 75, 5, 10):
        mock_clock.jump(jump)
        await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(GRACE)
    await trio.testing.wait_all_tasks_blocked()

    assert socket.sent_at == [10, 85, 90, 100]


@within(60)
async def test_in_time_the_backlog_costs_no_time(autojump_clock):
    await let_backlog_in(0.0)

    assert trio.current_time() == 0
    await trio.sleep(5)
    await let_backlog_in(1.0)
    assert trio.current_time() == 5 + GRACE
