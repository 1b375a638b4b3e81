"""The outbox alone: what leaves, when, and in how many writes; and when the connection ends."""

from __future__ import annotations

import pytest
import trio
from edge_client import in_a_virtual_hour
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from livetrio.exchange.edge.frames import frame_text
from livetrio.exchange.edge.outbox import (
    GOODBYE_LIMIT,
    HALF_OPEN_LIMIT,
    IDLE_LIMIT,
    Outbox,
)


class Wire(trio.abc.SendStream):
    """Notes every write with its time; if ``stuck``, the next is not taken before it is freed."""

    def __init__(self):
        self.writes = []
        self.stuck = False
        self.broken = False
        self._freed = trio.Event()

    @property
    def data(self):
        return b"".join(data for _, data in self.writes)

    def free(self):
        self.stuck = False
        self._freed.set()

    async def send_all(self, data):
        await trio.lowlevel.checkpoint()
        if self.broken:
            raise trio.BrokenResourceError("gone")
        self.writes.append((trio.current_time(), bytes(data)))
        if self.stuck:
            await self._freed.wait()

    async def wait_send_all_might_not_block(self):
        await trio.lowlevel.checkpoint()

    async def aclose(self):
        await trio.lowlevel.checkpoint()


class Line:
    """An outbox with its wire and its life."""

    def __init__(self, **options):
        self.outbox = Outbox(**options)
        self.wire = Wire()
        self.ended = None

    async def run(self):
        with self.outbox.life:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.outbox.drain, self.wire)
                await trio.sleep_forever()
        self.ended = trio.current_time()


@pytest.fixture
def line(autojump_clock, nursery):
    line = Line()
    nursery.start_soon(line.run)
    return line


# What leaves, and how.


@in_a_virtual_hour
async def test_what_is_put_in_together_leaves_in_one_write(line, autojump_clock):
    line.outbox.send(b"one")
    line.outbox.send_frame(frame_text(b"two"))
    line.outbox.reply(b"\x8a\x00")
    await wait_all_tasks_blocked()

    assert line.wire.writes == [(0, b"\x81\x03one\x81\x03two\x8a\x00")]


@in_a_virtual_hour
async def test_what_gathers_during_a_write_leaves_with_the_next(line, autojump_clock):
    line.wire.stuck = True
    line.outbox.send(b"1")
    await wait_all_tasks_blocked()
    for number in range(2, 6):
        line.outbox.send(b"%d" % number)
        await trio.sleep(1)
    line.wire.free()
    await wait_all_tasks_blocked()

    assert line.wire.writes == [(0, b"\x81\x011"), (4, b"\x81\x012\x81\x013\x81\x014\x81\x015")]


@in_a_virtual_hour
async def test_a_great_heap_leaves_in_several_writes_and_whole(line, autojump_clock):
    frame = frame_text(b"x" * 10_000)
    for _ in range(1000):
        line.outbox.send_frame(frame)
    await wait_all_tasks_blocked()

    assert line.wire.data == frame * 1000
    assert max(len(data) for _, data in line.wire.writes) < 300_000


@in_a_virtual_hour
async def test_nothing_is_left_of_what_was_sent(line, autojump_clock):
    for _ in range(3):
        line.outbox.send(b"x" * 1000)
        await wait_all_tasks_blocked()

    assert repr(line.outbox) == "<Outbox open: 0 bytes>"


# Its bounds.


@in_a_virtual_hour
async def test_a_client_that_does_not_read_is_dropped_when_too_much_waits_for_it(autojump_clock, nursery):
    line = Line(max_bytes=10_000)
    line.wire.stuck = True
    nursery.start_soon(line.run)
    for _ in range(9):
        line.outbox.send(b"x" * 1000)
        await wait_all_tasks_blocked()
    at_nine = line.ended
    line.outbox.send(b"x" * 1000)
    line.outbox.send(b"to nobody")
    await wait_all_tasks_blocked()

    assert at_nine is None
    assert line.ended == 0
    assert not line.outbox.was_reset


@in_a_virtual_hour
async def test_tiny_frames_count_for_what_they_cost(autojump_clock, nursery):
    line = Line(max_bytes=10_000)
    line.wire.stuck = True
    nursery.start_soon(line.run)
    await wait_all_tasks_blocked()
    for _ in range(300):
        line.outbox.reply(b"\x8a\x00")
    await wait_all_tasks_blocked()

    assert line.ended == 0


@in_a_virtual_hour
async def test_what_is_held_back_counts_too(autojump_clock, nursery):
    line = Line(max_bytes=10_000)
    nursery.start_soon(line.run)
    line.outbox.hold(3)
    for _ in range(10):
        line.outbox.send(b"x" * 1000)
    await wait_all_tasks_blocked()

    assert line.ended == 0


# Its end.


@in_a_virtual_hour
async def test_it_ends_a_minute_after_the_last_message(line, autojump_clock):
    for _ in range(3):
        await trio.sleep(50)
        line.outbox.send(b"x")
    await trio.sleep(IDLE_LIMIT + 1)

    assert line.ended == 150 + IDLE_LIMIT


@in_a_virtual_hour
async def test_the_minute_begins_when_the_message_has_been_taken(line, autojump_clock):
    line.wire.stuck = True
    line.outbox.send(b"x")
    await trio.sleep(50)
    line.wire.free()
    await trio.sleep(IDLE_LIMIT + 1)

    assert line.ended == 50 + IDLE_LIMIT


@in_a_virtual_hour
async def test_the_protocols_own_replies_do_not_keep_it_alive(line, autojump_clock):
    for _ in range(8):
        await trio.sleep(10)
        line.outbox.reply(b"\x8a\x00")

    assert line.ended == IDLE_LIMIT


@in_a_virtual_hour
async def test_killed_it_goes_on_for_a_moment_and_nothing_buys_it_time(line, autojump_clock):
    line.outbox.kill(0.1)
    line.outbox.send(b"x")
    await trio.sleep(0.05)
    line.outbox.send(b"y")
    line.outbox.kill(30)
    await trio.sleep(1)

    assert line.ended == pytest.approx(0.1)
    assert line.wire.data == b"\x81\x01x\x81\x01y"


@in_a_virtual_hour
async def test_it_finishes_once_all_has_been_sent(line, autojump_clock):
    line.outbox.hold(2)
    line.outbox.send(b"x")
    line.outbox.finish()
    await trio.sleep(10)

    assert line.wire.writes == [(2, b"\x81\x01x")]
    assert line.ended == 2


@in_a_virtual_hour
async def test_it_does_not_wait_for_ever_to_finish(line, autojump_clock):
    line.wire.stuck = True
    line.outbox.send(b"x")
    line.outbox.finish()
    await trio.sleep(10)

    assert line.ended == GOODBYE_LIMIT


@in_a_virtual_hour
async def test_it_ends_with_a_broken_stream(line, autojump_clock):
    line.wire.broken = True
    line.outbox.send(b"x")
    await wait_all_tasks_blocked()

    assert line.ended == 0
    assert line.outbox.is_over


@in_a_virtual_hour
async def test_after_its_end_nothing_happens_any_more(line, autojump_clock):
    line.outbox.end("enough")
    await wait_all_tasks_blocked()
    outbox = line.outbox
    for call in (outbox.swallow, outbox.go_dead, outbox.drop, outbox.finish):
        call()
    outbox.send(b"x")
    outbox.kill(0)
    outbox.hold(1)
    await wait_all_tasks_blocked()

    assert line.wire.writes == []
    assert repr(line.outbox) == "<Outbox over: 0 bytes>"


# What can go wrong.


@in_a_virtual_hour
async def test_it_lives_by_messages_that_vanish_as_by_those_that_are_sent(line, autojump_clock):
    line.outbox.send(b"1")
    for _ in range(4):
        await trio.sleep(50)
        line.outbox.swallow()
    line.outbox.reply(b"\x8a\x00")
    await wait_all_tasks_blocked()

    assert line.wire.data == b"\x81\x011\x8a\x00"
    assert line.ended is None

    await trio.sleep(IDLE_LIMIT + 1)

    assert line.ended == 200 + IDLE_LIMIT


@in_a_virtual_hour
async def test_dead_it_sends_nothing_and_tells_nobody(line, autojump_clock):
    line.outbox.hold(1)
    line.outbox.send(b"x")
    await trio.sleep(0.5)
    line.outbox.go_dead()
    line.outbox.send(b"y")
    line.outbox.reply(b"\x8a\x00")
    line.outbox.kill(0.1)
    await trio.sleep(900)

    assert line.ended is None
    assert repr(line.outbox) == "<Outbox dead: 0 bytes>"

    await trio.sleep(100)

    assert line.wire.writes == []
    assert line.ended == 0.5 + HALF_OPEN_LIMIT


@in_a_virtual_hour
async def test_dropped_it_is_reset_and_what_waits_is_lost(line, autojump_clock):
    line.outbox.send(b"x")
    line.outbox.drop()
    await wait_all_tasks_blocked()

    assert line.wire.writes == []
    assert line.ended == 0
    assert line.outbox.was_reset


@in_a_virtual_hour
async def test_dropped_in_mid_frame_it_still_sends_half_of_it(line, autojump_clock):
    line.outbox.hold(5)
    line.outbox.send(b"x")
    line.outbox.drop(b"\x81\x05he")
    line.outbox.send(b"y")
    await wait_all_tasks_blocked()

    assert line.wire.writes == [(0, b"\x81\x05he")]
    assert line.ended == 0
    assert line.outbox.was_reset


@in_a_virtual_hour
async def test_a_dead_one_can_still_be_dropped(line, autojump_clock):
    line.outbox.go_dead()
    line.outbox.drop(b"never")
    await wait_all_tasks_blocked()

    assert line.wire.writes == []
    assert line.ended == 0


@in_a_virtual_hour
async def test_a_delay_applies_from_then_on_and_overtakes_nothing(line, autojump_clock):
    line.outbox.send(b"1")
    line.outbox.hold(3)
    line.outbox.send(b"2")
    await trio.sleep(1)
    line.outbox.hold(0.5)
    line.outbox.send(b"3")  # behind the one before
    await trio.sleep(4)
    line.outbox.send(b"4")
    line.outbox.hold(0)
    line.outbox.reply(b"\x8a\x00")  # behind it, too
    await trio.sleep(1)
    line.outbox.send(b"5")
    await wait_all_tasks_blocked()

    assert line.wire.writes == [
        (0, b"\x81\x011"),
        (3, b"\x81\x012\x81\x013"),
        (5.5, b"\x81\x014\x8a\x00"),
        (6, b"\x81\x015"),
    ]


steps = st.one_of(
    st.tuples(st.just("send"), st.binary(max_size=200)),
    st.tuples(st.just("wait"), st.integers(0, 2)),
    st.tuples(st.just("hold"), st.integers(0, 10)),
)


@settings(max_examples=150, deadline=None)
@given(script=st.lists(steps, max_size=20))
def test_each_leaves_as_early_as_its_delay_and_those_before_it_allow(script):
    async def scenario():
        line, due, delay = Line(), 0.0, 0.0
        expected = {}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(line.run)
            for kind, value in script:
                match kind:
                    case "send":
                        due = max(due, trio.current_time() + delay)
                        expected[due] = expected.get(due, b"") + frame_text(value)
                        line.outbox.send(value)
                    case "wait":
                        await trio.sleep(value)
                    case "hold":
                        delay = value
                        line.outbox.hold(value)
            await trio.sleep(12)
            nursery.cancel_scope.cancel()
        return line.wire.writes, expected

    writes, expected = trio.run(scenario, clock=MockClock(autojump_threshold=0))
    left = {}
    for at, data in writes:
        left[at] = left.get(at, b"") + data

    assert left == expected
