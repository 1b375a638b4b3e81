"""The network in memory, and its faults."""

from __future__ import annotations

import pytest
import trio

from livetrio.errors import ConnectionFailed
from livetrio.supervision.dial import Address
from livetrio.testing import MemoryNetwork, within

VENUE = Address("venue.test", 443, True)


async def echo(stream):
    while data := await stream.receive_some():
        await stream.send_all(data)


@within(60)
async def test_a_dial_reaches_whoever_listens(nursery, autojump_clock):
    network = MemoryNetwork(nursery)
    site = network.listen("venue.test", 443, echo)
    site.latency = 0.1

    stream = await network.dial(VENUE)
    assert trio.current_time() == pytest.approx(0.2)
    await stream.send_all(b"hello")

    assert await stream.receive_some() == b"hello"
    assert trio.current_time() == pytest.approx(0.4)
    assert site.dials == [0]
    assert len(site.links) == 1
    await stream.aclose()
    await trio.sleep(1)
    assert site.links == ()


@within(60)
@pytest.mark.parametrize("address", [Address("elsewhere.test", 443, True), Address("venue.test", 80, False)])
async def test_where_nobody_listens_there_is_no_connection(nursery, address):
    network = MemoryNetwork(nursery)
    network.listen("venue.test", 443, echo)

    with pytest.raises(ConnectionFailed, match="nobody listens"):
        await network.dial(address)


@within(60)
async def test_the_switches(nursery, autojump_clock):
    network = MemoryNetwork(nursery)
    site = network.listen("venue.test", 443, echo)

    site.refuse = True
    with pytest.raises(ConnectionFailed, match="refused"):
        await network.dial(VENUE)
    site.refuse, site.dial_hole = False, True
    with trio.move_on_after(10) as scope:
        await network.dial(VENUE)
    assert scope.cancelled_caught
    site.dial_hole = False
    streams = [await network.dial(VENUE) for _ in range(2)]
    site.reset()
    for stream in streams:
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()
    assert len(site.dials) == 4


@within(60)
async def test_half_open_concerns_what_is_open_and_not_what_comes(nursery, autojump_clock):
    network = MemoryNetwork(nursery)
    site = network.listen("venue.test", 443, echo)
    old = await network.dial(VENUE)
    site.half_open()
    new = await network.dial(VENUE)

    await old.send_all(b"hello")
    await new.send_all(b"hello")

    assert await new.receive_some() == b"hello"
    with trio.move_on_after(10) as scope:
        await old.receive_some()
    assert scope.cancelled_caught


@within(60)
async def test_a_handler_that_fails_fails_the_test():
    async def broken(_stream):
        raise KeyError("bug")

    with pytest.RaisesGroup(KeyError):
        async with trio.open_nursery() as nursery:
            network = MemoryNetwork(nursery)
            network.listen("venue.test", 443, broken)
            await network.dial(VENUE)
            await trio.sleep(1)
