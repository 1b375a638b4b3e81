"""The connections in memory: streams like trio's own, and what can go wrong on them."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from livetrio.testing import Link, within
from livetrio.testing.streams import BUFFER_BYTES


async def make_pair():
    link = Link()
    return link.near, link.far


async def make_clogged_pair():
    link = Link()
    for stream in (link.near, link.far):
        await stream.send_all(bytes(BUFFER_BYTES))
    return link.near, link.far


async def test_it_is_a_stream_as_trio_wants_them():
    await trio.testing.check_half_closeable_stream(make_pair, make_clogged_pair)


@within(60)
async def test_latency_delays_and_keeps_the_order(autojump_clock):
    delay = 2.0
    link = Link(lambda: delay)
    await link.near.send_all(b"first")
    delay = 0.5
    await link.near.send_all(b"second")
    await link.near.send_eof()

    assert await link.far.receive_some() == b"firstsecond"
    assert trio.current_time() == 2
    assert await link.far.receive_some() == b""


@within(60)
async def test_what_has_arrived_comes_together_up_to_the_limit(autojump_clock):
    link = Link()
    for part in (b"abc", b"def", b"gh"):
        await link.near.send_all(part)

    assert await link.far.receive_some(5) == b"abcde"
    assert await link.far.receive_some() == b"fgh"


@within(60)
async def test_a_reset_is_told_to_both_ends_and_loses_what_is_on_its_way(nursery, autojump_clock):
    link = Link(lambda: 1.0)
    await link.near.send_all(b"lost")
    told = []

    async def receive(stream):
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()
        told.append(stream)

    nursery.start_soon(receive, link.near)
    nursery.start_soon(receive, link.far)
    await trio.sleep(0.5)
    link.reset()
    await trio.sleep(0.1)

    assert len(told) == 2
    with pytest.raises(trio.BrokenResourceError):
        await link.near.send_all(b"more")


@within(600)
async def test_a_half_open_link_takes_writes_until_it_is_full_and_brings_nothing(autojump_clock):
    link = Link()
    await link.near.send_all(b"before")
    link.half_open()

    await link.near.send_all(bytes(BUFFER_BYTES))
    with trio.move_on_after(60) as scope:
        await link.near.send_all(b"more")
    assert scope.cancelled_caught
    with trio.move_on_after(60) as scope:
        await link.far.receive_some()
    assert scope.cancelled_caught
    await link.near.aclose()
    with trio.move_on_after(60) as scope:
        await link.far.receive_some()
    assert scope.cancelled_caught, "not even the end arrives"
    await link.far.send_all(b"hello?")


@within(60)
async def test_it_is_open_until_both_ends_have_let_go():
    link = Link()

    assert link.is_open
    await link.near.aclose()
    assert link.is_open
    await link.far.aclose()
    assert not link.is_open


@within(60)
async def test_saying_that_nothing_more_comes_while_sending_is_a_mistake(nursery, autojump_clock):
    near, _ = await make_clogged_pair()
    told = trio.Event()

    async def send():
        with pytest.raises(trio.ClosedResourceError):
            await near.send_all(b"more")
        told.set()

    nursery.start_soon(send)
    await trio.testing.wait_all_tasks_blocked()

    with pytest.raises(trio.BusyResourceError):
        await near.send_eof()
    near.close()
    await told.wait()
    with pytest.raises(trio.ClosedResourceError):
        await near.send_eof()
