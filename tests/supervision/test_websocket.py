"""One WebSocket session, on in-memory streams and in virtual time.

The far side is a script of a few lines: wsproto talks for it while it behaves, and where it does not, it
sends bytes. It runs in the test's nursery, so that it does not die with the session it should answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio
from trio.testing import lockstep_stream_pair, memory_stream_pair
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Pong, Request, TextMessage

from livetrio.errors import (
    ConnectionFailed,
    ConnectionLost,
    ConnectTimeout,
    HandshakeRefused,
    HeartbeatLost,
    WebSocketError,
)
from livetrio.supervision.dial import Address
from livetrio.supervision.lane import OnMessages
from livetrio.supervision.websocket import (
    CLOSE_TIMEOUT,
    FAILED_CLOSE_TIMEOUT,
    WebSocket,
    open_websocket,
)
from livetrio.version import __version__

URL = "wss://api.example.com/ws?v=1"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


class Server:
    """The far side of one connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.wsproto = WSConnection(ConnectionType.SERVER)

    async def receive(self) -> Event | None:
        """The next event from the client; None when it is gone."""
        while True:
            for event in self.wsproto.events():
                return event
            data = await self.stream.receive_some()
            if not data:
                return None
            self.wsproto.receive_data(bytes(data))

    async def accept(self) -> Request:
        request = await self.receive()
        assert isinstance(request, Request)
        await self.say(AcceptConnection())
        return request

    async def say(self, event: Event) -> None:
        await self.send(self.wsproto.send(event))

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def read_to_the_end(self) -> list[Event]:
        events = []
        while (event := await self.receive()) is not None:
            events.append(event)
        return events


Script = Callable[[Server], Awaitable[object]]
Session = Callable[..., AbstractAsyncContextManager[WebSocket]]


def ignore(_messages: list[bytes]) -> None:
    pass


@pytest.fixture
async def session(nursery) -> Session:
    """Opens sessions, each with a far side that follows a script, and each in a virtual hour.

    A test that uses it takes `autojump_clock` as well: pytest-trio looks for a clock nowhere else.
    """

    @asynccontextmanager
    async def open_session(
        script: Script,
        on_messages: OnMessages = ignore,
        *,
        stream_pair=memory_stream_pair,
        **options,
    ) -> AsyncIterator[WebSocket]:
        async def dial(address: Address) -> trio.abc.Stream:
            near, far = stream_pair()
            nursery.start_soon(script, Server(far))
            return near

        with trio.fail_after(3600):
            async with open_websocket(URL, dial=dial, on_messages=on_messages, **options) as socket:
                yield socket

    return open_session


def accepting(script: Script) -> Script:
    """A far side that accepts the upgrade before it follows a script."""

    async def accept_first(server: Server) -> None:
        await server.accept()
        await script(server)

    return accept_first


def sending(*chunks: bytes) -> Script:
    """A far side that accepts, sends these chunks, and then reads to the end."""

    @accepting
    async def script(server: Server) -> None:
        for chunk in chunks:
            await server.send(chunk)
        await server.read_to_the_end()

    return script


async def silent(_server: Server) -> None:
    """A far side that does nothing."""


def text(payload: bytes, *, first: int = 0x81) -> bytes:
    assert len(payload) < 126
    return bytes([first, len(payload)]) + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return text(code.to_bytes(2, "big") + reason, first=0x88)


# Messages.


async def test_messages_that_arrive_together_are_handed_over_together(session, autojump_clock):
    batches: list[list[bytes]] = []
    script = sending(text(b"a") + text(b"b"), text(b"c") + text(b"", first=0x89) + text(b"d"))

    async with session(script, batches.append):
        await trio.sleep(1)

    assert [message for batch in batches for message in batch] == [b"a", b"b", b"c", b"d"]
    assert batches[0][:2] == [b"a", b"b"]
    assert all(type(message) is bytes for batch in batches for message in batch)


async def test_nothing_overtakes_a_fragmented_message(session, autojump_clock):
    messages: list[bytes] = []
    script = sending(
        text(b"frag", first=0x01), text(b"", first=0x89), text(b"ment", first=0x80) + text(b"later")
    )

    async with session(script, messages.extend):
        await trio.sleep(1)

    assert messages == [b"fragment", b"later"]


async def test_a_message_right_behind_the_answer_to_the_upgrade_is_not_lost(session, autojump_clock):
    messages: list[bytes] = []

    async def script(server: Server) -> None:
        await server.receive()
        await server.send(server.wsproto.send(AcceptConnection()) + text(b"early") + text(b"half")[:3])
        await server.send(text(b"half")[3:])
        await server.read_to_the_end()

    async with session(script, messages.extend):
        await trio.sleep(1)

    assert messages == [b"early", b"half"]


async def test_text_that_is_not_utf8_is_handed_over_and_the_session_lives_on(session, autojump_clock):
    messages: list[bytes] = []

    async with session(sending(text(b"\xff"), text(b"good")), messages.extend):
        await trio.sleep(1)

    assert messages == [b"\xff", b"good"]


async def test_a_message_that_the_library_takes_after_all_is_handed_over_too(session, autojump_clock):
    """It counts characters where we count bytes, so a message too long for us can be short enough for it."""
    messages: list[bytes] = []
    payload = "é".encode() * 8

    async with session(
        sending(text(b"a") + text(payload) + text(b"b")), messages.extend, max_message_bytes=10
    ):
        await trio.sleep(1)

    assert messages == [b"a", payload, b"b"]


async def test_what_we_send_goes_out_as_text(session, autojump_clock):
    received = []

    @accepting
    async def script(server: Server) -> None:
        received.extend(await server.read_to_the_end())

    async with session(script) as socket:
        await socket.send(b'{"price": "1"}')
        await socket.send('{"name": "é"}')
        await trio.sleep(1)

    assert received[:2] == [TextMessage(data='{"price": "1"}'), TextMessage(data='{"name": "é"}')]


async def test_pings_are_answered_by_the_library_at_once(session, autojump_clock):
    answers = []

    @accepting
    async def script(server: Server) -> None:
        await server.say(Ping(payload=b"are you there"))
        answers.append((await server.receive(), trio.current_time()))
        await server.read_to_the_end()

    async with session(script):
        before = trio.current_time()
        await trio.sleep(1)

    assert answers == [(Pong(payload=b"are you there"), before)]


async def test_our_ping_returns_when_its_pong_has_come(session, autojump_clock):
    @accepting
    async def script(server: Server) -> None:
        while (event := await server.receive()) is not None:
            if isinstance(event, Ping):
                await trio.sleep(3)
                await server.say(event.response())

    async with session(script) as socket:
        before = trio.current_time()
        await socket.ping()
        await socket.ping()

        assert trio.current_time() - before == pytest.approx(6)


# How a session ends.


async def test_a_clean_close_by_the_server_is_a_lost_connection_and_is_answered(session, autojump_clock):
    received = []

    @accepting
    async def script(server: Server) -> None:
        await server.send(text(b"last words") + close_frame(1000, b"bye"))
        received.extend(await server.read_to_the_end())

    messages: list[bytes] = []
    with pytest.raises(
        ConnectionLost, match=r"api.example.com:443 closed the connection: 1000 NORMAL.*'bye'"
    ) as end:
        async with session(script, messages.extend) as socket:
            await socket.wait_closed()

    assert type(end.value) is ConnectionLost
    assert messages == [b"last words"]
    await trio.testing.wait_all_tasks_blocked()
    assert received == [CloseConnection(code=1000, reason="bye")]


async def test_a_server_that_accuses_us_has_closed_the_connection_not_broken_the_protocol(
    session, autojump_clock
):
    with pytest.raises(ConnectionLost, match="closed the connection: 1002 PROTOCOL_ERROR") as end:
        async with session(sending(close_frame(1002))) as socket:
            await socket.wait_closed()

    assert not isinstance(end.value, WebSocketError)


@pytest.mark.parametrize("sent", [b"", text(b"half a message")[:5]])
async def test_a_connection_that_breaks_off_is_lost(session, autojump_clock, sent):
    @accepting
    async def script(server: Server) -> None:
        await server.send(sent)
        await server.stream.aclose()

    messages: list[bytes] = []
    with pytest.raises(ConnectionLost, match="broke off"):
        async with session(script, messages.extend) as socket:
            await socket.wait_closed()

    assert messages == []


@pytest.mark.parametrize(
    ("offence", "code", "words"),
    [
        pytest.param(b"\x81\x81\0\0\0\0x", 1002, "a server's frame is masked", id="masked"),
        pytest.param(b"\xc1\x01x", 1002, "reserved bits", id="reserved bits"),
        pytest.param(text(b"a", first=0x01) + text(b"b"), 1002, "begins inside another", id="misplaced"),
        pytest.param(close_frame(1000, b"\xff"), 1007, "decoding CLOSE reason", id="garbled close"),
        pytest.param(
            b"\x81\x7e\x10\x00" + bytes(4096), 1009, "4096 bytes or more, where 1000", id="too long"
        ),
        pytest.param(
            text(b"x" * 100, first=0x01) + text(b"x" * 100, first=0x00) * 10, 1009, "1100", id="fragments"
        ),
    ],
)
async def test_a_server_that_breaks_the_protocol_is_told_so(session, autojump_clock, offence, code, words):
    received = []

    @accepting
    async def script(server: Server) -> None:
        await server.send(text(b"before") + offence + text(b"after"))
        received.extend(await server.read_to_the_end())

    messages: list[bytes] = []
    with pytest.raises(WebSocketError, match=rf"broke the WebSocket protocol: .*{words}"):
        async with session(script, messages.extend, max_message_bytes=1000) as socket:
            await socket.wait_closed()

    assert messages == [b"before"]
    await trio.testing.wait_all_tasks_blocked()
    assert [event.code for event in received] == [code]


async def test_a_server_that_breaks_the_protocol_and_is_gone_cannot_be_told(session, autojump_clock):
    @accepting
    async def script(server: Server) -> None:
        await server.send(b"\xc1\x01x")
        await server.stream.aclose()

    with pytest.raises(WebSocketError, match="reserved bits"):
        async with session(script) as socket:
            await socket.wait_closed()


async def test_calls_on_a_session_that_has_ended_say_so(session, autojump_clock):
    async with session(sending(close_frame(1001))) as socket:
        with pytest.raises(ConnectionLost, match="1001"):
            await socket.wait_closed()
        with pytest.raises(ConnectionLost, match="1001"):
            await socket.send("{}")
        with pytest.raises(ConnectionLost, match="1001"):
            await socket.ping()
        assert repr(socket) == "<WebSocket api.example.com:443 ended>"


async def test_a_ping_does_not_outlive_the_session(session, autojump_clock):
    @accepting
    async def script(server: Server) -> None:
        await server.receive()
        await trio.sleep(5)
        await server.stream.aclose()

    async with session(script) as socket:
        with pytest.raises(ConnectionLost, match="broke off"):
            await socket.ping()


# Errors of our own side.


async def sleep(_socket: WebSocket) -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize("wait", [sleep, WebSocket.wait_closed, WebSocket.ping])
@pytest.mark.parametrize(
    "error", [ValueError("ours"), trio.BrokenResourceError("ours"), trio.ClosedResourceError("ours")]
)
async def test_what_on_messages_raises_comes_out_as_it_is(session, autojump_clock, error, wait):
    """Alone, whatever the body waits for, and even if the library would take it for the network's."""

    def fail(_messages: list[bytes]) -> None:
        raise error

    before = trio.current_time()
    with pytest.raises(type(error), match="ours") as raised:
        async with session(sending(text(b"a")), fail) as socket:
            await wait(socket)

    assert raised.value is error
    assert trio.current_time() == before, "no goodbye is waited for when nobody reads the answer"


async def test_what_on_messages_raises_for_a_message_of_the_library_comes_out_too(session, autojump_clock):
    def fail(_messages: list[bytes]) -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        async with session(sending(text("é".encode() * 8)), fail, max_message_bytes=10):
            await trio.sleep_forever()


async def test_what_the_body_raises_comes_out_as_it_is(session, autojump_clock):
    error = ValueError("ours")

    with pytest.raises(ValueError, match="ours") as raised:
        async with session(sending()):
            raise error

    assert raised.value is error
    assert raised.value.__context__ is None


async def test_a_group_that_the_body_raises_comes_out_in_its_shape(session, autojump_clock):
    async def fail() -> None:
        raise ValueError("ours")

    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="ours")):
        async with session(sending()), trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(trio.sleep_forever)


async def test_an_error_on_its_way_out_is_not_lost_to_a_cancellation_from_outside(session, autojump_clock):
    async def fail_while_cancelled() -> None:
        with trio.CancelScope() as scope:
            async with session(sending()):
                scope.cancel()
                raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        await fail_while_cancelled()


async def test_if_both_raise_neither_error_hides_the_other(session, autojump_clock):
    def fail(_messages: list[bytes]) -> None:
        raise ValueError("reader")

    with pytest.RaisesGroup(ValueError, KeyError):
        async with session(sending(text(b"a")), fail):
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("body")


# Leaving.


async def test_leaving_says_goodbye_and_waits_for_the_answer(session, autojump_clock):
    received = []

    @accepting
    async def script(server: Server) -> None:
        received.append(await server.receive())
        await trio.sleep(1)
        await server.say(received[0].response())

    async with session(script):
        before = trio.current_time()

    assert [event.code for event in received] == [1000]
    assert trio.current_time() - before == pytest.approx(1)


@pytest.mark.parametrize(
    "stream_pair", [memory_stream_pair, lockstep_stream_pair], ids=["no answer", "no reader"]
)
async def test_a_stuck_peer_does_not_hold_us_longer_than_the_limit(session, autojump_clock, stream_pair):
    @accepting
    async def script(_server: Server) -> None:
        await trio.sleep_forever()

    async with session(script, stream_pair=stream_pair):
        before = trio.current_time()

    assert trio.current_time() - before == pytest.approx(CLOSE_TIMEOUT)


async def test_a_session_given_up_for_dead_does_not_hold_up_the_next_one(session, autojump_clock):
    @accepting
    async def script(_server: Server) -> None:
        await trio.sleep_forever()

    before = None
    with pytest.raises(HeartbeatLost):
        async with session(script):
            before = trio.current_time()
            raise HeartbeatLost("nothing was received")

    assert trio.current_time() - before == pytest.approx(FAILED_CLOSE_TIMEOUT)


async def test_cancelled_from_outside_it_still_says_goodbye(session, autojump_clock):
    received = []

    @accepting
    async def script(server: Server) -> None:
        received.append(await server.receive())
        await server.say(received[0].response())

    with trio.move_on_after(10) as scope:
        async with session(script):
            await trio.sleep_forever()

    assert scope.cancelled_caught
    assert [event.code for event in received] == [1000]
    assert trio.current_time() - scope.deadline == pytest.approx(0), "the answer was heard"


async def test_cancelled_from_outside_a_stuck_peer_does_not_hold_us_either(session, autojump_clock):
    @accepting
    async def script(_server: Server) -> None:
        await trio.sleep_forever()

    with trio.move_on_after(10) as scope:
        async with session(script):
            await trio.sleep_forever()

    assert trio.current_time() - scope.deadline == pytest.approx(CLOSE_TIMEOUT)


async def test_once_the_body_has_been_left_no_message_is_handed_over(session, autojump_clock):
    messages: list[bytes] = []

    @accepting
    async def script(server: Server) -> None:
        close = await server.receive()
        await server.send(text(b"late"))
        await server.say(close.response())

    async with session(script, messages.extend) as socket:
        pass

    assert messages == []
    with pytest.raises(ConnectionLost, match="was closed here"):
        await socket.send("{}")


async def test_after_a_send_that_was_cancelled_halfway_nothing_more_is_sent(session, autojump_clock):
    @accepting
    async def script(server: Server) -> None:
        await server.stream.receive_some(1)
        await trio.sleep_forever()

    async with session(script, stream_pair=lockstep_stream_pair) as socket:
        with trio.move_on_after(1):
            await socket.send("x" * 1000)
        with pytest.raises(ConnectionLost):
            await socket.send("the rest would be read as part of the frame before")
        before = trio.current_time()

    assert trio.current_time() == before, "not even goodbye"


# Connecting.


async def test_the_upgrade_carries_host_target_headers_and_who_we_are(session, autojump_clock):
    requests = []

    async def script(server: Server) -> None:
        requests.append(await server.accept())
        await server.read_to_the_end()

    async with session(script, headers={"X-Api-Key": "key"}):
        pass

    (request,) = requests
    assert (request.host, request.target) == ("api.example.com", "/ws?v=1")
    assert (b"x-api-key", b"key") in request.extra_headers
    assert (b"user-agent", f"livetrio/{__version__}".encode()) in request.extra_headers


async def test_a_user_agent_of_ones_own_goes_before_ours(session, autojump_clock):
    requests = []

    async def script(server: Server) -> None:
        requests.append(await server.accept())
        await server.read_to_the_end()

    async with session(script, headers={"user-agent": "mine"}):
        pass

    assert [value for name, value in requests[0].extra_headers if name == b"user-agent"] == [b"mine"]


def answering(answer: bytes) -> Script:
    """A far side that answers the upgrade with these bytes and hangs up."""

    async def script(server: Server) -> None:
        await server.receive()
        await server.send(answer)
        await server.stream.aclose()

    return script


@pytest.mark.parametrize(
    ("headers", "retry_after"),
    [
        ("Retry-After: 17", 17.0),
        ("retry-after:  3 ", 3.0),
        ("Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2026 07:30:00 GMT", 120.0),
        ("Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        ("Retry-After: Wed, 21 Oct 2026 07:30:00 GMT", None),
        ("Date: Wed, 21 Oct 2026 07:28:00\r\nRetry-After: Wed, 21 Oct 2026 07:30:00 GMT", None),
        ("Retry-After: soon", None),
        ("Retry-After: -1", None),
        ("X-Other: 1", None),
    ],
)
async def test_a_refusal_says_when_to_come_back(session, autojump_clock, headers, retry_after):
    answer = f"HTTP/1.1 429 Too Many Requests\r\n{headers}\r\n\r\n".encode()

    with pytest.raises(HandshakeRefused, match=r"refused the upgrade: 429 Too Many Requests$") as refusal:
        async with session(answering(answer)):
            pytest.fail("there is no session")

    assert (refusal.value.status, refusal.value.retry_after) == (429, retry_after)


async def test_a_refusal_tells_the_servers_words(session, autojump_clock):
    answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 16\r\n\r\ndown till Monday"

    with pytest.raises(
        HandshakeRefused, match="refused the upgrade: 503 Service Unavailable, down till Monday"
    ):
        async with session(answering(answer)):
            pytest.fail("there is no session")


async def test_a_refusal_that_comes_byte_by_byte_is_understood_and_its_body_not_waited_for(
    session, autojump_clock
):
    async def script(server: Server) -> None:
        await server.receive()
        for byte in b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n":
            await server.send(bytes([byte]))
        await trio.sleep_forever()

    with pytest.raises(HandshakeRefused, match="refused the upgrade: 404 Not Found"):
        async with session(script):
            pytest.fail("there is no session")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(b"", "hung up", id="nothing"),
        pytest.param(b"HTTP/1.1 101 Swi", "hung up", id="half an answer"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not HTTP", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "no end", id="endless"),
        pytest.param(SWITCHING + b"Sec-WebSocket-Accept: x\r\n\r\n", "Bad accept token", id="wrong token"),
        pytest.param(b"HTTP/1.1 101 Yes\r\n\r\n", "Missing header, 'Connection: Upgrade'", id="no upgrade"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_failed_connection_and_not_a_hang(
    session, autojump_clock, answer, words
):
    before = trio.current_time()
    with pytest.raises(ConnectionFailed, match=words) as failure:
        async with session(answering(answer)):
            pytest.fail("there is no session")

    assert type(failure.value) is ConnectionFailed
    assert trio.current_time() == before


async def test_messages_behind_an_upgrade_that_is_wrong_are_not_handed_over(session, autojump_clock):
    messages: list[bytes] = []

    with pytest.raises(ConnectionFailed):
        async with session(
            answering(SWITCHING + b"Sec-WebSocket-Accept: x\r\n\r\n" + text(b"forged")), messages.extend
        ):
            pytest.fail("there is no session")

    assert messages == []


async def test_a_server_that_never_answers_is_given_up_at_the_deadline(session, autojump_clock):
    before = trio.current_time()
    with pytest.raises(ConnectTimeout, match=r"api\.example\.com:443"):
        async with session(silent, connect_timeout=7):
            pytest.fail("there is no session")

    assert trio.current_time() - before == pytest.approx(7)


async def test_the_deadline_is_for_dialing_and_upgrade_together_and_ends_there(session, autojump_clock):
    async def slow(server: Server) -> None:
        await trio.sleep(6)
        await server.accept()
        await server.read_to_the_end()

    async with session(slow, connect_timeout=7) as socket:
        await trio.sleep(100)
        await socket.send("still here")


async def test_dialing_that_takes_too_long_is_given_up(autojump_clock):
    async def dial(_address: Address) -> trio.abc.Stream:
        await trio.sleep_forever()
        raise AssertionError

    with trio.fail_after(3600), pytest.raises(ConnectTimeout):
        async with open_websocket(URL, dial=dial, on_messages=ignore, connect_timeout=7):
            pytest.fail("there is no session")


@pytest.mark.parametrize(
    "error", [OSError("no route"), trio.BrokenResourceError("cut"), ConnectionFailed("no")]
)
async def test_dialing_that_fails_is_a_failed_connection(error):
    async def dial(_address: Address) -> trio.abc.Stream:
        raise error

    with pytest.raises(ConnectionFailed, match=str(error)):
        async with open_websocket(URL, dial=dial, on_messages=ignore):
            pytest.fail("there is no session")


@pytest.mark.parametrize("operation", ["send_all", "receive_some"])
async def test_a_connection_that_breaks_during_the_upgrade_is_a_failed_one_and_not_a_hang(
    autojump_clock, operation
):
    near, _far = memory_stream_pair()

    async def dial(_address: Address) -> trio.abc.Stream:
        return near

    async def broken(*_args: object) -> None:
        raise trio.BrokenResourceError("cut")

    hook = "send_all_hook" if operation == "send_all" else "receive_some_hook"
    side = near.send_stream if operation == "send_all" else near.receive_stream
    setattr(side, hook, broken)

    with trio.fail_after(3600), pytest.raises(ConnectionFailed, match="broke off before it was up: cut"):
        async with open_websocket(URL, dial=dial, on_messages=ignore):
            pytest.fail("there is no session")
    with pytest.raises(trio.ClosedResourceError):
        await near.send_all(b"the transport is closed whatever happened")


async def test_a_url_that_makes_no_sense_is_refused_before_dialing():
    with pytest.raises(ValueError, match="begins with one of"):
        async with open_websocket("ftp://x", dial=None, on_messages=ignore):
            pytest.fail("there is no session")
