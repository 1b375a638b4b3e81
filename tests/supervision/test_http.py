"""HTTP over the dialing seam, on in-memory streams and in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
from trio.testing import memory_stream_pair

from livetrio.errors import ConnectionFailed, HttpError
from livetrio.supervision.dial import Address, NetworkDial
from livetrio.supervision.http import KEEP_ALIVE, MAX_BODY_BYTES, HttpClient
from livetrio.venues.base import HttpRequest
from livetrio.version import __version__

INFO = HttpRequest(url="https://api.example.com/info?v=1", body=b'{"type": "meta"}')


class Network:
    """Dials far sides that answer each request by the same function, and notes what was asked of whom."""

    def __init__(self, nursery: trio.Nursery, answer: Callable[[trio.abc.Stream], Awaitable[object]]) -> None:
        self.dialed: list[Address] = []
        self.requests: list[bytes] = []
        self.closed = 0
        self._nursery = nursery
        self._answer = answer

    async def dial(self, address: Address) -> trio.abc.Stream:
        self.dialed.append(address)
        near, far = memory_stream_pair()
        self._nursery.start_soon(self._serve, far)
        return near

    async def _serve(self, stream: trio.abc.Stream) -> None:
        received = b""
        async for data in stream:
            received += data
            if received.endswith(b"}"):  # every body here is a JSON object
                self.requests.append(received)
                received = b""
                await self._answer(stream)
        self.closed += 1


def saying(answer: bytes, *, then_close: bool = False) -> Callable[[trio.abc.Stream], Awaitable[None]]:
    async def answer_with(stream: trio.abc.Stream) -> None:
        await stream.send_all(answer)
        if then_close:
            await stream.send_eof()

    return answer_with


def response(status: str, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


async def ask(network: Network, request: HttpRequest = INFO) -> bytes:
    with trio.fail_after(3600):
        async with HttpClient(network.dial) as client:
            return await client.post(request)


# Answers.


async def test_the_answer_is_the_body_of_a_200(nursery, autojump_clock):
    network = Network(nursery, saying(response("200 OK", b"[1, 2]")))

    assert await ask(network) == b"[1, 2]"

    (request,) = network.requests
    head, body = request.split(b"\r\n\r\n")
    assert body == INFO.body
    assert head.startswith(b"POST /info?v=1 HTTP/1.1\r\n")
    for header in (
        "Host: api.example.com",
        "Content-Type: application/json",
        f"User-Agent: livetrio/{__version__}",
    ):
        assert header.encode() in head.split(b"\r\n")


async def test_a_chunked_answer_is_put_together(nursery, autojump_clock):
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    assert await ask(Network(nursery, saying(answer))) == b"abcde"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api.example.com/info", Address("api.example.com", 443, tls=True)),
        ("http://127.0.0.1:3001/info", Address("127.0.0.1", 3001, tls=False)),
    ],
)
async def test_tls_is_left_to_the_dial(nursery, autojump_clock, url, address):
    network = Network(nursery, saying(response("200 OK", b"ok")))

    assert await ask(network, HttpRequest(url=url, body=b"{}")) == b"ok"

    assert network.dialed == [address]


async def test_headers_of_ones_own_go_before_ours(nursery, autojump_clock):
    network = Network(nursery, saying(response("200 OK", b"ok")))

    async with HttpClient(network.dial) as client:
        await client.post(INFO, {"X-Api-Key": "key", "User-Agent": "mine"})

    head = network.requests[0].split(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"X-Api-Key: key" in head
    assert [line for line in head if line.lower().startswith(b"user-agent")] == [b"User-Agent: mine"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            "422 Unprocessable Entity",
            b"Failed to deserialize the JSON body",
            "status 422, Failed to deserialize",
        ),
        ("429 Too Many Requests", b"", "status 429$"),
        ("502 Bad Gateway", b"<html>" + b"x" * 1000, r"status 502, <html>x{194}$"),
        ("500 Internal Server Error", b"\xff\n", r"status 500, \\xff$"),
        ("301 Moved Permanently", b"", "status 301$"),
        ("204 No Content", b"", "status 204$"),
    ],
)
async def test_another_status_is_an_error_that_tells_the_servers_words(
    nursery, autojump_clock, status, body, words
):
    with pytest.raises(HttpError, match=rf"^POST https://api\.example\.com/info\?v=1: {words}") as error:
        await ask(Network(nursery, saying(response(status, body, "Location: /elsewhere\r\n"))))

    assert error.value.status == int(status[:3])


# No answer.


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="before the answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="in the head"),
        pytest.param(response("200 OK", b"half of it is missing")[:-10], id="in the body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="between chunks"
        ),
    ],
)
async def test_a_connection_lost_before_the_answer_was_complete_is_no_answer(nursery, autojump_clock, answer):
    with pytest.raises(HttpError, match="no answer, ") as error:
        await ask(Network(nursery, saying(answer, then_close=True)))

    assert error.value.status is None
    assert error.value.__cause__ is not None


async def test_something_that_is_not_http_is_no_answer(nursery, autojump_clock):
    with pytest.raises(HttpError, match="no answer, ") as error:
        await ask(Network(nursery, saying(b"220 smtp.example.com ready\r\n\r\n")))

    assert error.value.status is None


@pytest.mark.parametrize(
    "failure", [ConnectionFailed("it does not resolve"), OSError("no route"), trio.BrokenResourceError("cut")]
)
async def test_a_server_that_cannot_be_reached_is_no_answer(failure):
    async def dial(_address: Address) -> trio.abc.Stream:
        raise failure

    async with HttpClient(dial) as client:
        with pytest.raises(HttpError, match=f"no answer, {failure}") as error:
            await client.post(INFO)

    assert error.value.status is None
    assert error.value.__cause__ is failure


async def test_a_connection_that_breaks_is_no_answer(autojump_clock):
    async def broken() -> None:
        raise trio.BrokenResourceError("cut")

    async def dial(_address: Address) -> trio.abc.Stream:
        near, _far = memory_stream_pair()
        near.send_stream.send_all_hook = broken
        near.receive_stream.receive_some_hook = broken
        return near

    async with HttpClient(dial) as client:
        with pytest.raises(HttpError, match="no answer, the connection broke off"):
            await client.post(INFO)


async def test_an_answer_sent_before_the_server_stopped_reading_is_heard(nursery, autojump_clock):
    near, far = memory_stream_pair()

    async def dial(_address: Address) -> trio.abc.Stream:
        async def broken() -> None:
            raise trio.BrokenResourceError("the far side reads no more")

        near.send_stream.send_all_hook = broken
        await far.send_all(response("413 Content Too Large", b"too much"))
        return near

    async with HttpClient(dial) as client:
        with pytest.raises(HttpError, match="too much") as error:
            await client.post(INFO)

    assert error.value.status == 413


async def test_a_server_that_never_answers_costs_the_caller_his_deadline_and_no_more(nursery, autojump_clock):
    async def stay_silent(_stream: trio.abc.Stream) -> None:
        pass

    network = Network(nursery, stay_silent)
    async with HttpClient(network.dial) as client:
        with trio.move_on_after(10) as scope:
            await client.post(INFO)

        assert scope.cancelled_caught
        assert trio.current_time() == pytest.approx(scope.deadline)
        await trio.testing.wait_all_tasks_blocked()
        assert network.closed == 1, "a connection with a request under way is of no further use"


async def test_an_answer_without_end_is_not_read_to_the_end(nursery, autojump_clock):
    async def endless(stream: trio.abc.Stream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                await stream.send_all(b"10000\r\n" + bytes(2**16) + b"\r\n")
        except trio.BrokenResourceError:
            pass

    with pytest.raises(HttpError, match=f"longer than {MAX_BODY_BYTES} bytes") as error:
        await ask(Network(nursery, endless))

    assert error.value.status == 200


async def test_a_url_that_makes_no_sense_is_refused():
    async with HttpClient(None) as client:
        with pytest.raises(ValueError, match="begins with one of"):
            await client.post(HttpRequest(url="api.example.com/info", body=b"{}"))


# Reuse.


async def test_a_connection_is_used_again_while_it_is_fresh(nursery, autojump_clock):
    network = Network(nursery, saying(response("200 OK", b"ok")))

    async with HttpClient(network.dial) as client:
        for pause in (0, KEEP_ALIVE / 2, KEEP_ALIVE - 0.5, KEEP_ALIVE + 0.5):
            await trio.sleep(pause)
            assert await client.post(INFO) == b"ok"
        await trio.testing.wait_all_tasks_blocked()
        assert (len(network.dialed), network.closed) == (2, 1), "the stale one was closed, and dialed anew"

    await trio.testing.wait_all_tasks_blocked()
    assert network.closed == 2, "none outlives the client"


async def test_requests_at_once_have_a_connection_each(nursery, autojump_clock):
    async def answer_slowly(stream: trio.abc.Stream) -> None:
        await trio.sleep(1)
        await stream.send_all(response("200 OK", b"ok"))

    network = Network(nursery, answer_slowly)
    before = trio.current_time()
    async with HttpClient(network.dial) as client, trio.open_nursery() as asking:
        for _ in range(3):
            asking.start_soon(client.post, INFO)

    assert len(network.dialed) == 3
    assert trio.current_time() - before == pytest.approx(1)


async def test_a_socket_that_the_server_has_closed_is_not_used_again(nursery):
    """On a real socket of the loopback, where httpcore2 can see that."""

    async def answer_once(stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(response("200 OK", b"ok"))

    (listener,) = await nursery.start(partial(trio.serve_tcp, answer_once, 0, host="127.0.0.1"))
    url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/info"

    async with HttpClient(NetworkDial()) as client:
        for _ in range(3):
            assert await client.post(HttpRequest(url=url, body=b"{}")) == b"ok"
            await trio.sleep(0.02)  # for the end of the connection to arrive
