"""How one HTTP client's connection comes to its end when something is wrong on purpose."""

import pytest
import trio
from edge_client import in_a_virtual_hour
from trio.testing import memory_stream_pair

from livetrio.exchange.edge.line import Line
from livetrio.exchange.edge.outbox import HALF_OPEN_LIMIT


async def live(line, stream):
    """What the exchange does with a line: answer on it, then leave it."""
    with line.life:
        await trio.sleep_forever()
    await line.leave(stream)
    await stream.aclose()


@pytest.mark.parametrize("end", [lambda line: line.kill(0), lambda line: line.kill(3), Line.drop])
@in_a_virtual_hour
async def test_it_ends_when_it_is_told(end, nursery, autojump_clock):
    line = Line()
    client, server = memory_stream_pair()
    nursery.start_soon(live, line, server)
    await trio.sleep(1)
    end(line)

    assert await client.receive_some() == b""
    assert trio.current_time() in (1, 4)


@in_a_virtual_hour
async def test_half_open_it_takes_everything_and_says_nothing(nursery, autojump_clock):
    line = Line()
    client, server = memory_stream_pair()
    nursery.start_soon(live, line, server)
    line.go_dead()
    await client.send_all(b"hello?")

    assert await client.receive_some() == b""
    assert trio.current_time() == HALF_OPEN_LIMIT


@pytest.mark.parametrize("resets", [True, False])
async def test_over_tcp_a_drop_is_a_reset_and_a_kill_an_end(resets, nursery):
    line = Line()
    with trio.fail_after(10):
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listener, await trio.open_tcp_stream(*listener.socket.getsockname()) as client:
            nursery.start_soon(live, line, await listener.accept())
            if resets:
                line.drop()
            else:
                line.kill(0)
            try:
                end = await client.receive_some()
            except trio.BrokenResourceError:
                end = "reset"

    assert end == ("reset" if resets else b"")
