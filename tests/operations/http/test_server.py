"""HTTP over streams in memory: what clients may do, and that they cost themselves alone."""

import socket

import trio
from http_world import read_answer, served
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from trio.testing import wait_all_tasks_blocked

from livetrio.operations.http.asked import Stream
from livetrio.operations.http.plain import reply
from livetrio.operations.http.server import (
    BURST,
    MAX_BODY_BYTES,
    MAX_CONNECTIONS,
    REQUEST_LIMIT,
    SEND_LIMIT,
    HttpServer,
)
from livetrio.testing import within

GET = b"GET /a%20b?x=1&y=%C3%A4 HTTP/1.1\r\nHost: here\r\n\r\n"


def tell(asked):
    """Says what was asked."""
    return reply({"method": asked.method, "path": asked.path, "query": asked.query, "who": asked.who})


@within(600)
async def test_requests_on_one_connection_are_answered_one_by_one(autojump_clock):
    async with served(tell) as (stream, _):
        await stream.send_all(GET + GET.replace(b"/a%20b", b"/second"))
        first = await read_answer(stream)
        second = await read_answer(stream) if b"second" not in first.body else None

    assert first.status == 200
    assert first.json == {"method": "GET", "path": "/a b", "query": {"x": "1", "y": "ä"}, "who": "memory"}
    assert second is None or second.json["path"] == "/second"


@within(600)
async def test_what_is_no_http_is_told_so_and_the_connection_ends(autojump_clock):
    async with served(tell) as (stream, server):
        await stream.send_all(b"\x16\x03\x01 hello\r\n\r\n")
        answer = await read_answer(stream)
        left = await stream.receive_some()
        await wait_all_tasks_blocked()
        await trio.sleep(2)
        connections = server.connections

    assert answer.status == 400
    assert answer.words.startswith("this is no HTTP: ")
    assert left == b""
    assert connections == 0


@within(600)
async def test_what_is_too_long_is_refused(autojump_clock):
    async with served(tell) as (stream, _):
        await stream.send_all(
            b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 99999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1)
        )
        body = await read_answer(stream)
    async with served(tell) as (stream, _):
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"x" * 20_000)
        head = await read_answer(stream)

    assert (body.status, head.status) == (413, 431)


@within(600)
async def test_a_client_that_sends_nothing_or_half_is_left_in_time(autojump_clock):
    for said in (b"", GET[:20]):
        async with served(tell) as (stream, server):
            began = trio.current_time()
            if said:
                await stream.send_all(said)
            assert await stream.receive_some() == b""
            took = trio.current_time() - began

        assert REQUEST_LIMIT <= took < REQUEST_LIMIT + 2
        assert server.connections == 0


@within(600)
async def test_a_stream_goes_on_until_the_client_has_gone(autojump_clock):
    count = 0

    def take():
        nonlocal count
        count += 1
        return b"data: %d\n\n" % count

    async with served(lambda asked: Stream(take=take, interval=0.5)) as (stream, server):
        await stream.send_all(GET)
        got = b""
        while b"data: 5\n\n" not in got:
            got += await stream.receive_some()
        at = trio.current_time()
        await stream.aclose()
        await trio.sleep(0.1)
        left = server.connections

    assert b"text/event-stream" in got
    assert at == autojump_clock.current_time() - 0.1
    assert left == 0
    assert count == 5


@within(600)
async def test_a_client_that_stops_reading_misses_what_is_new_and_is_left_in_time(autojump_clock):
    """And until then it holds nobody up: what it does not take is not made."""
    taken = 0

    def take():
        nonlocal taken
        taken += 1
        return b"x" * 100_000

    nursery: trio.Nursery
    async with trio.open_nursery() as nursery:
        ours, theirs = trio.testing.lockstep_stream_pair()
        server = HttpServer(lambda asked: Stream(take=take, interval=0.5))
        nursery.start_soon(server.serve_stream, theirs, "memory")
        await ours.send_all(GET)
        await ours.receive_some()
        began = trio.current_time()
        while server.connections:  # noqa: ASYNC110  # of the server there is no event to wait for
            await trio.sleep(0.1)
        took = trio.current_time() - began

    assert SEND_LIMIT <= took < SEND_LIMIT + 1
    assert taken == 1


@within(60)
async def test_a_reader_over_tcp_that_has_stopped_reading_does_not_keep_the_server_from_ending():
    """Real sockets and real time: their buffers are full, as those of a frozen browser tab."""
    async with trio.open_nursery() as nursery:
        server = HttpServer(lambda asked: Stream(take=lambda: b"x" * 1_000_000, interval=0.001))
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(
            trio.serve_listeners, lambda stream: server.serve_stream(stream, "tcp"), [listener]
        )
        client = socket.create_connection(listener.socket.getsockname()[:2])
        client.sendall(GET)
        await trio.sleep(0.5)
        assert server.connections == 1
        began = trio.current_time()
        nursery.cancel_scope.cancel()
    client.close()

    assert trio.current_time() - began < 1


@within(600)
async def test_those_above_the_number_are_closed_unread(autojump_clock):
    async with trio.open_nursery() as nursery:
        server = HttpServer(tell)
        ends = []
        for _ in range(MAX_CONNECTIONS + 1):
            ours, theirs = trio.testing.memory_stream_pair()
            nursery.start_soon(server.serve_stream, theirs, "memory")
            ends.append(ours)
            await wait_all_tasks_blocked()
        closed = await ends[-1].receive_some()
        await ends[0].send_all(GET)
        answer = await read_answer(ends[0])
        nursery.cancel_scope.cancel()

    assert closed == b""
    assert answer.status == 200


@within(600)
async def test_a_bug_in_what_is_streamed_ends_that_connection_alone(autojump_clock):
    def take():
        raise ZeroDivisionError

    async with served(lambda asked: Stream(take=take, interval=0.5)) as (stream, server):
        await stream.send_all(GET)
        while await stream.receive_some():
            pass

    assert server.connections == 0


@within(600)
async def test_head_has_no_body(autojump_clock):
    async with served(tell) as (stream, _):
        await stream.send_all(GET.replace(b"GET", b"HEAD") + GET)
        data = b""
        while b'"GET"' not in data:
            data += await stream.receive_some()

    assert b'"HEAD"' not in data
    assert data.count(b"HTTP/1.1 200") == 2


@within(600)
async def test_however_many_ask_the_engine_answers_no_more_than_so_many_each_second(autojump_clock):
    answers = 0

    def count(asked):
        nonlocal answers
        answers += 1
        return tell(asked)

    async with trio.open_nursery() as nursery:
        server = HttpServer(count)
        for _ in range(20):
            ours, theirs = trio.testing.memory_stream_pair()
            nursery.start_soon(server.serve_stream, theirs, "memory")
            nursery.start_soon(_hammer, ours)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()

    assert BURST + 990 <= answers <= BURST + 1010


async def _hammer(stream):
    while True:
        await stream.send_all(GET)
        await read_answer(stream)


PIECES = [
    GET,
    b"GET / HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    b"\r\n",
    b"\xff\xfe",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(PIECES)), max_size=6))
def test_whatever_bytes_come_the_connection_ends_without_a_bug(pieces):
    async def main():
        async with served(tell) as (stream, server):
            for piece in pieces:
                try:
                    await stream.send_all(piece)
                except trio.BrokenResourceError:
                    break
            try:
                await stream.send_eof()
                while await stream.receive_some():
                    pass
            except trio.BrokenResourceError:
                pass
            await trio.sleep(5)
            assert server.connections == 0

    with capture_logs() as lines:
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert lines == []
