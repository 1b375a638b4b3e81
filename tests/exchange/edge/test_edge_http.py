"""How HTTP is spoken, whatever the answers are."""

import h11
import pytest
import trio
from edge_client import (
    Edge,
    HttpClient,
    client_frame,
    echo_body,
    in_a_virtual_hour,
    read_to_the_end,
    read_until,
    server_frames,
    upgrade,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, lockstep_stream_pair

from livetrio.exchange.edge.http import (
    ANSWER_LIMIT,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    REQUEST_LIMIT,
    Hangup,
    Response,
    plain,
)
from livetrio.exchange.edge.streams import LINGER_LIMIT


@pytest.fixture
def edge(autojump_clock, nursery):
    """Answers every request with its body."""
    return Edge(nursery)


def post(body=b"hello", *headers, version=b"1.1"):
    """A request as bytes."""
    lines = b"".join(b"%s\r\n" % header for header in headers)
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST /info HTTP/%s\r\nHost: exchange\r\n%s%s\r\n%s" % (version, length, lines, body)


async def converse(edge, data):
    """Send bytes, then read to the end of the connection."""
    stream = edge.dial()
    await stream.send_all(data)
    return await read_to_the_end(stream)


# Requests and answers.


@in_a_virtual_hour
async def test_a_request_arrives_as_it_was_sent_and_its_answer_as_it_was_given(edge, autojump_clock):
    requests = []

    async def answer(request):
        requests.append(request)
        return Response(201, b'{"a":1}', headers=(("retry-after", "5"),))

    edge.answer = answer
    status, headers, body = await edge.http().post(b"x", "/info?colour=red", Colour="blue")

    assert (status, body) == (201, b'{"a":1}')
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"retry-after"] == b"5"
    assert [(each.method, each.path, each.body) for each in requests] == [("POST", "/info", b"x")]
    assert requests[0].headers["colour"] == "blue"


@in_a_virtual_hour
async def test_a_connection_takes_one_request_after_another(edge, autojump_clock):
    client = edge.http()
    answers = [await client.post(b"%d" % number) for number in range(20)]
    await trio.sleep(50)
    answers.append(await client.post(b"20"))

    assert [(status, body) for status, _, body in answers] == [(200, b"%d" % number) for number in range(21)]
    assert edge.connections == 1


@in_a_virtual_hour
async def test_requests_sent_in_one_go_are_answered_in_order(edge, autojump_clock):
    stream = edge.dial()
    await stream.send_all(post(b"one") + post(b"two") + post(b"three"))
    await stream.send_eof()
    answers = (await read_to_the_end(stream)).split(b"HTTP/1.1 ")

    assert [answer[-5:].strip() for answer in answers] == [b"", b"one", b"two", b"three"]


@in_a_virtual_hour
async def test_a_request_may_come_byte_by_byte(edge, autojump_clock):
    stream = edge.dial()
    for byte in post():
        await stream.send_all(bytes([byte]))
        await trio.sleep(0.01)
    await stream.send_eof()

    assert (await read_to_the_end(stream)).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize(
    "data",
    [
        post(version=b"1.0"),
        post(b"hello", b"Connection: keep-alive", version=b"1.0"),
        post(b"hello", b"Connection: close"),
    ],
)
@in_a_virtual_hour
async def test_who_wants_no_further_answer_is_closed_after_the_first(edge, data, autojump_clock):
    answer = await converse(edge, data + post())

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close\r\n" in answer.lower()


@in_a_virtual_hour
async def test_who_expects_to_be_told_to_continue_is_told(edge, autojump_clock):
    stream = edge.dial()
    request = post(b"hello", b"Expect: 100-continue", b"Connection: close")
    await stream.send_all(request.removesuffix(b"hello"))
    go_on = await stream.receive_some()
    await stream.send_all(b"hello")
    answer = await read_to_the_end(stream)

    assert go_on.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")


@in_a_virtual_hour
async def test_a_chunked_body_is_read(edge, autojump_clock):
    client = edge.http()
    head = [("host", "exchange"), ("transfer-encoding", "chunked")]
    await client.stream.send_all(client.h11.send(h11.Request(method="POST", target="/info", headers=head)))
    for piece in (b"a", b"bc", b"def"):
        await client.stream.send_all(client.h11.send(h11.Data(data=piece)))
        await trio.sleep(1)
    await client.stream.send_all(client.h11.send(h11.EndOfMessage()))
    status, _, body = await client.response()

    assert (status, body) == (200, b"abcdef")
    assert (await client.post(b"next"))[0] == 200


@in_a_virtual_hour
async def test_an_answer_to_head_has_no_body_and_the_connection_goes_on(edge, autojump_clock):
    client = edge.http()
    status, headers, body = await client.request("HEAD", "/info", b"hello")

    assert (status, headers[b"content-length"], body) == (200, b"5", b"")
    assert (await client.post(b"next"))[0] == 200


@in_a_virtual_hour
async def test_a_half_closed_client_gets_its_answer_before_the_connection_ends(edge, autojump_clock):
    stream = edge.dial()
    await stream.send_all(post())
    await stream.send_eof()
    answer = await read_to_the_end(stream)

    assert answer.endswith(b"hello")
    assert edge.connections == 0


# Refusals.


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /info HTTP/1.1\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
    ],
)
@in_a_virtual_hour
async def test_what_is_no_http_is_400_and_the_connection_is_closed(edge, data, autojump_clock):
    answer = await converse(edge, data)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close\r\n" in answer.lower()


@in_a_virtual_hour
async def test_an_unknown_transfer_coding_is_501(edge, autojump_clock):
    answer = await converse(edge, b"POST /info HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 501 ")


@in_a_virtual_hour
async def test_headers_too_large_are_431(edge, autojump_clock):
    answer = await converse(edge, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * MAX_HEAD_BYTES)

    assert answer.startswith(b"HTTP/1.1 431 ")


@in_a_virtual_hour
async def test_a_body_announced_too_large_is_413_before_it_is_sent(edge, autojump_clock):
    head = b"POST /info HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    answer = await converse(edge, head % (MAX_BODY_BYTES + 1))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"Payload Too Large")


@in_a_virtual_hour
async def test_a_body_of_the_largest_size_is_read(edge, autojump_clock):
    status, _, body = await edge.http().post(b" " * MAX_BODY_BYTES)

    assert (status, len(body)) == (200, MAX_BODY_BYTES)


@in_a_virtual_hour
async def test_a_body_that_becomes_too_large_is_413_though_the_client_sends_on(edge, autojump_clock):
    stream = edge.dial()
    await stream.send_all(b"POST /info HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(40):
        await stream.send_all(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    answer = await read_to_the_end(stream)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "rest, status",
    [
        (b"Content-Length: 99999999\r\n\r\n", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    ],
)
@in_a_virtual_hour
async def test_a_refusal_of_a_head_request_has_no_body_either(edge, rest, status, autojump_clock):
    answer = await converse(edge, b"HEAD /info HTTP/1.1\r\nHost: a\r\n" + rest)

    assert answer.startswith(b"HTTP/1.1 %s " % status)
    assert answer.endswith(b"\r\n\r\n")


@in_a_virtual_hour
async def test_after_a_refusal_nobody_listens_for_long(edge, autojump_clock):
    stream = edge.dial()
    await stream.send_all(b"hello\r\n\r\n")
    await read_to_the_end(stream)
    await trio.sleep(LINGER_LIMIT + 0.1)

    assert edge.connections == 0


# Time.


@pytest.mark.parametrize("sent", [b"", b"P", post()[:-1], post() + b"P"])
@in_a_virtual_hour
async def test_who_does_not_finish_a_request_is_dropped_after_a_minute(edge, sent, autojump_clock):
    stream = edge.dial()
    await stream.send_all(sent)
    answer = await read_to_the_end(stream)

    assert answer.endswith(b"hello" if sent.endswith(b"P") and len(sent) > 1 else b"")
    assert trio.current_time() == REQUEST_LIMIT


@in_a_virtual_hour
async def test_a_byte_now_and_then_buys_no_time(edge, autojump_clock):
    stream = edge.dial()
    for _ in range(int(REQUEST_LIMIT)):
        await stream.send_all(b"x")
        await trio.sleep(1)
    await trio.sleep(1)

    assert edge.connections == 0


@in_a_virtual_hour
async def test_who_does_not_take_its_answer_is_dropped_after_a_minute(edge, autojump_clock):
    stream = edge.dial(lockstep_stream_pair)
    await stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await trio.sleep(ANSWER_LIMIT - 1)

    assert edge.connections == 1

    await trio.sleep(2)

    assert edge.connections == 0


@in_a_virtual_hour
async def test_an_answer_may_take_a_while_even_after_a_slow_request(edge, autojump_clock):
    async def answer(request):
        await trio.sleep(45)
        return await echo_body(request)

    edge.answer = answer
    stream = edge.dial()
    await trio.sleep(50)
    await stream.send_all(post())
    await stream.send_eof()

    assert (await read_to_the_end(stream)).endswith(b"hello")
    assert trio.current_time() == 95


@in_a_virtual_hour
async def test_an_answer_that_is_not_found_in_a_minute_is_504(edge, autojump_clock):
    async def answer(request):
        await trio.sleep_forever()

    edge.answer = answer
    client = edge.http()
    status, headers, body = await client.post(b"hello")

    assert trio.current_time() == ANSWER_LIMIT
    assert (status, body) == (504, b"Gateway Time-out")
    assert headers[b"content-type"] == b"text/plain; charset=utf-8"

    edge.answer = echo_body

    assert (await client.post(b"next"))[0] == 200


# No answer at all.


@pytest.mark.parametrize("hangup", [Hangup(), Hangup(reset=True)])
@pytest.mark.parametrize("data", [post(), post() + post(), upgrade()])
@in_a_virtual_hour
async def test_an_answer_may_be_refused_by_hanging_up(edge, hangup, data, autojump_clock):
    async def answer(request):
        await trio.sleep(0.5)
        return hangup

    edge.answer = answer

    assert await converse(edge, data) == b""
    assert trio.current_time() == 0.5
    assert edge.connections == 0


@in_a_virtual_hour
async def test_an_answer_may_be_long_in_not_coming(edge, autojump_clock):
    async def answer(request):
        return Hangup(after=10 * ANSWER_LIMIT)

    edge.answer = answer

    assert await converse(edge, post() + post()) == b""
    assert trio.current_time() == 10 * ANSWER_LIMIT


@pytest.mark.parametrize("reset", [True, False])
async def test_over_tcp_a_hangup_is_an_end_or_a_reset(nursery, reset):
    async def answer(request):
        return Hangup(reset=reset)

    edge = Edge(nursery)
    edge.answer = answer
    with trio.fail_after(10):
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, edge.serve, [listener])
        async with await trio.open_tcp_stream(*listener.socket.getsockname()) as stream:
            await stream.send_all(post())
            try:
                end = await stream.receive_some()
            except trio.BrokenResourceError:
                end = "reset"
    nursery.cancel_scope.cancel()

    assert end == ("reset" if reset else b"")


async def test_the_answer_to_a_mistake_arrives_over_tcp_though_the_client_sends_on(nursery):
    edge = Edge(nursery)
    with trio.fail_after(10):
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, edge.serve, [listener])
        async with await trio.open_tcp_stream(*listener.socket.getsockname()) as stream:
            await stream.send_all(b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
            await stream.send_all(b" " * 4_000_000)
            answer = await read_to_the_end(stream)
    nursery.cancel_scope.cancel()

    assert answer.startswith(b"HTTP/1.1 413 ")


# Upgrades.


@pytest.mark.parametrize(
    "changed, wants",
    [
        ({}, True),
        ({"Upgrade": "WebSocket"}, True),
        ({"Connection": "keep-alive, upgrade"}, True),
        ({"Connection": "keep-alive\r\nConnection: Upgrade"}, True),
        ({"Upgrade": None}, False),
        ({"Upgrade": "h2c"}, False),
        ({"Connection": "keep-alive"}, False),
        ({"Sec_WebSocket_Version": "12"}, False),
        ({"Sec_WebSocket_Key": None}, False),
        ({"Sec_WebSocket_Key": "short"}, False),
        ({"Content_Length": "1\r\n\r\nx"}, False),
    ],
)
@in_a_virtual_hour
async def test_only_a_whole_upgrade_is_one(edge, changed, wants, autojump_clock):
    wanted = []

    async def answer(request):
        wanted.append(request.wants_websocket)
        return plain(400, "no")

    edge.answer = answer
    stream = edge.dial()
    await stream.send_all(upgrade(**changed))
    await read_until(stream, b"no")

    assert wanted[0] is wants


@pytest.mark.parametrize("status", [429, 502, 503])
@in_a_virtual_hour
async def test_an_upgrade_may_be_refused_and_the_connection_goes_on(edge, status, autojump_clock):
    async def answer(request):
        return plain(status, "not now", ("retry-after", "3")) if request.wants_websocket else plain(200, "ok")

    edge.answer = answer
    stream = edge.dial()
    await stream.send_all(upgrade())
    refusal = await read_until(stream, b"not now")
    refused, (went_on, _, _) = refusal.lower(), await HttpClient(stream).post(b"")

    assert refused.startswith(b"http/1.1 %d " % status)
    assert b"\r\nretry-after: 3\r\n" in refused
    assert b"\r\ncontent-type: text/plain; charset=utf-8\r\n" in refused
    assert went_on == 200


@in_a_virtual_hour
async def test_an_offer_of_http2_is_passed_over(edge, autojump_clock):
    status, _, _ = await edge.http().post(b"hello", upgrade="h2c", connection="upgrade")

    assert status == 200


@in_a_virtual_hour
async def test_a_connection_turns_to_websocket_after_requests_and_takes_what_came_with_the_upgrade(
    edge, autojump_clock
):
    client = edge.http()
    await client.post(b"hello")
    offers = {"Sec_WebSocket_Extensions": "permessage-deflate", "Sec_WebSocket_Protocol": "chat"}
    await client.stream.send_all(upgrade(**offers) + client_frame(1, b"early"))
    head, _, frames = (await read_until(client.stream, b"early")).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the example of RFC 6455 §1.3
    assert b"extensions" not in head.lower()
    assert b"protocol:" not in head.lower()
    assert server_frames(frames) == [(1, b"early")]


# Garbage.

PIECES = st.lists(
    st.sampled_from(
        [
            b"GET /ws HTTP/1.1\r\n",
            b"POST /info HTTP/1.1\r\n",
            b"POST /exchange HTTP/1.0\r\n",
            b"HEAD /info HTTP/1.1\r\n",
            b"CONNECT /info HTTP/1.1\r\n",
            b"Host: a\r\n",
            b"Content-Length: 15\r\n",
            b"Content-Length: 99999999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Expect: 100-continue\r\n",
            b"Connection: close\r\n",
            b"Upgrade: websocket\r\n",
            b"Connection: Upgrade\r\n",
            b"Sec-WebSocket-Version: 13\r\n",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            b"\r\n",
            b"f\r\n",
            b"zz\r\n",
            b"0\r\n\r\n",
            b'{"type":"meta"}',
        ]
    )
    | st.binary(max_size=20),
    max_size=12,
)
"""Pieces of requests, in any order."""


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    pieces=st.lists(st.binary(), max_size=5) | PIECES,
    ending=st.sampled_from(["", "half-close", "reset"]),
)
def test_whatever_a_client_sends_it_is_done_with_in_the_end_and_nothing_is_raised(pieces, ending):
    async def scenario():
        async with trio.open_nursery() as nursery:
            edge = Edge(nursery)
            stream = edge.dial()
            try:
                for piece in pieces:
                    await stream.send_all(piece)
                    await trio.sleep(0.3)
                if ending == "half-close":
                    await stream.send_eof()
                elif ending == "reset":
                    await trio.aclose_forcefully(stream)
            except trio.BrokenResourceError:
                pass  # the exchange was faster
            await trio.sleep(2 * REQUEST_LIMIT + 10)
        return edge

    edge = trio.run(scenario, clock=MockClock(autojump_threshold=0))

    assert edge.connections == 0
    assert [client.closings for client in edge.clients] in ([], [1])
