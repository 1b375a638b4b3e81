"""Whose a stream is, and how it is left."""

import socket

import pytest
import trio
from edge_client import in_a_virtual_hour
from trio.testing import memory_stream_pair

from livetrio.exchange.edge.streams import LINGER_LIMIT, ignore, linger, peer_address, reset_on_close
from livetrio.testing.streams import Link


async def listen(host):
    try:
        listeners = await trio.open_tcp_listeners(0, host=host)
    except OSError as error:
        pytest.skip(f"no {host} on this machine: {error}")
    return listeners[0]


@pytest.mark.parametrize(
    "host, dialled, address", [("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "::1")]
)
async def test_the_address_of_a_socket_is_its_far_ends(host, dialled, address):
    with trio.fail_after(10):
        async with await listen(host) as listener:
            client = await trio.open_tcp_stream(dialled, listener.socket.getsockname()[1])
            async with client, await listener.accept() as stream:
                found = peer_address(stream)

    assert found == address


async def test_an_ipv4_client_on_an_ipv6_socket_is_the_same_client():
    with trio.fail_after(10), trio.socket.socket(socket.AF_INET6) as listening:
        try:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            await listening.bind(("::", 0))
        except OSError as error:
            pytest.skip(f"no IPv6 on this machine: {error}")
        listening.listen()
        client = await trio.open_tcp_stream("127.0.0.1", listening.getsockname()[1])
        async with client, await trio.SocketListener(listening).accept() as stream:
            found = peer_address(stream)

    assert found == "127.0.0.1"


async def test_a_stream_in_memory_has_an_address_too():
    stream, _ = memory_stream_pair()

    assert peer_address(stream) == "memory"


async def test_a_client_that_has_gone_or_has_no_ip_address_is_unknown():
    near, far = trio.socket.socketpair()
    stream = trio.SocketStream(far)
    with near, far:
        without_address = peer_address(stream)

    assert without_address == "unknown"
    assert peer_address(stream) == "unknown"


@pytest.mark.parametrize("resets", [True, False])
async def test_a_reset_is_seen_as_one(resets):
    with trio.fail_after(10):
        async with await listen("127.0.0.1") as listener:
            client = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
            async with client:
                stream = await listener.accept()
                if resets:
                    reset_on_close(stream)
                await stream.aclose()
                if resets:
                    with pytest.raises(trio.BrokenResourceError):
                        await client.receive_some()
                else:
                    assert await client.receive_some() == b""


async def test_a_stream_in_memory_is_just_closed():
    near, far = memory_stream_pair()
    reset_on_close(near)
    await near.aclose()

    assert await far.receive_some() == b""


@in_a_virtual_hour
async def test_lingering_ends_with_the_client_or_soon(autojump_clock):
    near, far = memory_stream_pair()
    await near.send_all(b"x" * 100_000)
    await linger(far)
    lingered = trio.current_time()
    await trio.aclose_forcefully(near)
    await linger(far)

    assert lingered == LINGER_LIMIT
    assert trio.current_time() == LINGER_LIMIT


@in_a_virtual_hour
async def test_nobody_lingers_for_a_client_that_sends_without_end(autojump_clock):
    near, far = memory_stream_pair()
    await near.send_all(bytes(20 * 2**20))
    await linger(far)

    assert trio.current_time() == 0


@in_a_virtual_hour
async def test_nor_for_one_that_has_reset_the_connection(autojump_clock):
    link = Link()
    await link.far.send_all(b"an answer")
    link.reset()
    await linger(link.near)

    assert trio.current_time() == 0


@pytest.mark.parametrize("leave", ["aclose", "reset", None])
@in_a_virtual_hour
async def test_who_is_ignored_is_read_until_it_goes_and_not_for_ever(leave, nursery, autojump_clock):
    link = Link()

    async def be_ignored():
        await link.far.send_all(b"hello?" * 100_000)
        await trio.sleep(5)
        if leave == "aclose":
            await link.far.aclose()
        elif leave == "reset":
            link.reset()

    nursery.start_soon(be_ignored)
    await ignore(link.near, 30)

    assert trio.current_time() == (30 if leave is None else 5)
