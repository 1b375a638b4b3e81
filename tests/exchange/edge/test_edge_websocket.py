"""One WebSocket client at the edge: what it sends and gets, how it ends, and what can go wrong."""

import pytest
import trio
from edge_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Edge,
    WebSocketClient,
    client_frame,
    in_a_virtual_hour,
    read_to_the_end,
    server_frames,
    upgrade,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked
from trio_websocket import open_websocket_url

from livetrio.exchange.edge.frames import frame_text
from livetrio.exchange.edge.outbox import HALF_OPEN_LIMIT, IDLE_LIMIT
from livetrio.exchange.edge.streams import LINGER_LIMIT
from livetrio.exchange.edge.websocket import HANDSHAKE_LIMIT, MAX_MESSAGE_BYTES
from livetrio.testing.streams import Link


@pytest.fixture
def edge(autojump_clock, nursery):
    """Echoes what its WebSocket clients say."""
    return Edge(nursery)


# Messages.


@in_a_virtual_hour
async def test_messages_arrive_in_order_whatever_they_are_made_of(edge, autojump_clock):
    messages = ["one", "", "é" * 200, "x" * 126, "y" * 70_000, "z" * MAX_MESSAGE_BYTES, "last"]
    client = await edge.websocket()
    for message in messages:
        await client.send(message)
    echoed = [await client.receive() for _ in messages]

    assert echoed == messages
    assert edge.client.received == [message.encode() for message in messages]


@in_a_virtual_hour
async def test_a_binary_message_is_received_like_a_text(edge, autojump_clock):
    client = await edge.websocket()
    await client.send(b"\x00\xff")
    await client.send("text")
    await wait_all_tasks_blocked()

    assert edge.client.received == [b"\x00\xff", b"text"]


@in_a_virtual_hour
async def test_fragments_are_one_message_with_a_ping_among_them(edge, autojump_clock):
    stream = await edge.raw_websocket()
    for frame in (
        client_frame(TEXT, b"a", fin=False),
        client_frame(PING, b"now"),
        client_frame(CONTINUATION, b"b"),
        client_frame(BINARY, b"later"),
    ):
        await stream.send_all(frame)
        await trio.sleep(1)
    frames = server_frames(await stream.receive_some())

    assert edge.client.received == [b"ab", b"later"]
    assert frames == [(PONG, b"now"), (TEXT, b"ab"), (TEXT, b"later")]


@in_a_virtual_hour
async def test_messages_sent_in_one_go_are_answered_in_one_write(edge, autojump_clock):
    stream = edge.dial(lockstep_stream_pair)  # takes one write at a time
    await stream.send_all(upgrade())
    head = await stream.receive_some()
    await stream.send_all(client_frame(TEXT, b"a") * 100 + client_frame(PING))
    answers = await stream.receive_some()

    assert head.endswith(b"\r\n\r\n")
    assert server_frames(answers) == [(TEXT, b"a")] * 100 + [(PONG, b"")]


@in_a_virtual_hour
async def test_one_frame_goes_to_many_clients(edge, autojump_clock):
    clients = [await edge.websocket() for _ in range(50)]
    frame = frame_text(b'{"channel":"allMids"}')
    for each in edge.clients:
        each.outbox.send_frame(frame)

    assert {await client.receive() for client in clients} == {'{"channel":"allMids"}'}


# The end of the connection.


@in_a_virtual_hour
async def test_a_socket_on_which_nothing_was_sent_for_a_minute_is_dropped(edge, autojump_clock):
    client = await edge.websocket()
    code = await client.wait_closed()

    assert code == 1006  # no close frame came
    assert trio.current_time() == IDLE_LIMIT
    assert edge.client.closings == 1


@in_a_virtual_hour
async def test_answers_keep_a_silent_socket_alive_and_protocol_pings_do_not(edge, autojump_clock):
    client = await edge.websocket()
    for _ in range(10):
        await trio.sleep(50)
        assert await client.ask("ping") == "ping"
    await trio.sleep(50)
    await client.connection.ping()

    assert await client.wait_closed() == 1006
    assert trio.current_time() == 560


@in_a_virtual_hour
async def test_messages_to_which_there_is_no_answer_do_not_keep_it_alive(edge, autojump_clock):
    edge.on_message = lambda outbox, message: None
    client = await edge.websocket()
    for _ in range(59):
        await trio.sleep(1)
        await client.send("?")

    assert await client.wait_closed() == 1006
    assert trio.current_time() == IDLE_LIMIT


@in_a_virtual_hour
async def test_a_killed_socket_answers_for_a_moment_and_ends_without_a_word(edge, autojump_clock):
    client = await edge.websocket()
    edge.client.outbox.kill(0.1)

    assert await client.ask("still there?") == "still there?"
    assert await client.wait_closed() == 1006
    assert trio.current_time() == pytest.approx(0.1)


@in_a_virtual_hour
async def test_a_client_that_says_goodbye_gets_its_goodbye(edge, autojump_clock):
    client = await edge.websocket()
    await client.ask("hello")
    await client.connection.aclose(1000, "bye")
    await wait_all_tasks_blocked()

    assert client.connection.closed.code == 1000
    assert edge.client.closings == 1
    assert edge.connections == 0
    assert trio.current_time() == 0


@in_a_virtual_hour
async def test_what_waits_is_sent_before_the_goodbye_and_then_the_stream_ends(edge, autojump_clock):
    stream = await edge.raw_websocket()
    await stream.send_all(
        client_frame(TEXT, b"a") + client_frame(CLOSE, b"\x0f\xa1why") + client_frame(TEXT, b"ghost")
    )
    frames = server_frames(await read_to_the_end(stream))

    assert frames == [(TEXT, b"a"), (CLOSE, b"\x0f\xa1why")]
    assert edge.client.received == [b"a"]
    assert trio.current_time() == 0


@pytest.mark.parametrize(
    "offence, code",
    [
        (client_frame(TEXT, b"a", mask=None), 1002),
        (client_frame(TEXT, b"a", reserved=2), 1002),
        (client_frame(CONTINUATION, b"a"), 1002),
        (client_frame(PING, bytes(126)), 1002),
        (client_frame(TEXT, b"\xff"), 1007),
        (client_frame(TEXT, b" " * (MAX_MESSAGE_BYTES + 1)), 1009),
    ],
)
@in_a_virtual_hour
async def test_an_offence_is_told_its_code_and_ends_the_connection(edge, offence, code, autojump_clock):
    stream = await edge.raw_websocket()
    await stream.send_all(client_frame(TEXT, b"before") + offence + client_frame(TEXT, b"after"))
    message, (opcode, reason) = server_frames(await read_to_the_end(stream))
    await trio.sleep(LINGER_LIMIT + 0.1)

    assert message == (TEXT, b"before")
    assert (opcode, int.from_bytes(reason[:2])) == (CLOSE, code)
    assert edge.client.received == [b"before"]
    assert edge.connections == 0


@in_a_virtual_hour
async def test_a_client_that_half_closes_is_gone(edge, autojump_clock):
    client = await edge.websocket()
    await client.stream.send_eof()
    await wait_all_tasks_blocked()

    assert edge.client.closings == 1
    assert edge.connections == 0


@pytest.mark.parametrize("sent", [b"", client_frame(TEXT, b"hello"), client_frame(TEXT, b"hello")[:7]])
@in_a_virtual_hour
async def test_a_client_that_is_gone_is_noticed(edge, sent, autojump_clock):
    stream = await edge.raw_websocket()
    await stream.send_all(sent)
    await trio.aclose_forcefully(stream)
    await wait_all_tasks_blocked()

    assert edge.client.closings == 1
    assert edge.connections == 0


@in_a_virtual_hour
async def test_a_reset_is_noticed(edge, autojump_clock):
    link = Link()
    stream = edge.dial(lambda: (link.near, link.far))
    await stream.send_all(upgrade())
    await stream.receive_some()
    link.reset()
    await wait_all_tasks_blocked()

    assert edge.client.closings == 1
    assert edge.connections == 0


@in_a_virtual_hour
async def test_a_client_that_goes_while_it_is_sent_to_is_noticed(edge, autojump_clock):
    client = await edge.websocket(lockstep_stream_pair)
    edge.client.outbox.send(b"x")
    await wait_all_tasks_blocked()
    client.stream.receive_stream.close()
    edge.client.outbox.send(b"y")
    await wait_all_tasks_blocked()

    assert edge.client.closings == 1


@in_a_virtual_hour
async def test_a_client_that_goes_in_mid_goodbye_is_no_trouble(edge, autojump_clock):
    stream = edge.dial(lockstep_stream_pair)
    await stream.send_all(upgrade())
    await stream.receive_some()
    await stream.send_all(client_frame(CLOSE))
    await trio.aclose_forcefully(stream)
    await wait_all_tasks_blocked()

    assert edge.client.closings == 1
    assert edge.connections == 0


@pytest.mark.parametrize("sent", [upgrade()[:40], upgrade()])
@in_a_virtual_hour
async def test_a_client_that_is_gone_in_mid_handshake_leaves_nothing_behind(edge, sent, autojump_clock):
    stream = edge.dial()
    await stream.send_all(sent)
    await trio.aclose_forcefully(stream)
    await trio.sleep(HANDSHAKE_LIMIT)

    assert edge.connections == 0
    assert edge.clients == []


@in_a_virtual_hour
async def test_who_does_not_take_the_answer_to_its_upgrade_is_dropped(edge, autojump_clock):
    stream = edge.dial(lockstep_stream_pair)
    await stream.send_all(upgrade())
    await trio.sleep(HANDSHAKE_LIMIT + 0.1)

    assert edge.connections == 0
    assert edge.clients == []


# Slow readers.


@in_a_virtual_hour
async def test_a_slow_reader_holds_nobody_and_is_dropped_in_the_end(edge, autojump_clock):
    quick = await edge.websocket()
    await edge.websocket(lockstep_stream_pair)  # and reads no more
    boxes = [client.outbox for client in edge.clients]
    for number in range(100):
        for outbox in boxes:
            outbox.send(b"%d" % number)
        await trio.sleep(0.5)
    seen = await quick.read_for(1)
    await trio.sleep(IDLE_LIMIT - 50)

    assert [text for _, text in seen] == [str(number) for number in range(100)]
    assert [client.closings for client in edge.clients] == [0, 1]


@in_a_virtual_hour
async def test_a_slow_reader_that_reads_on_gets_everything(edge, autojump_clock):
    client = await edge.websocket(lockstep_stream_pair)
    texts = [str(number) * 10_000 for number in range(200)]  # more than one write
    for text in texts:
        edge.client.outbox.send(text.encode())
    seen = []
    for _ in texts:
        await trio.sleep(1)
        seen.append(await client.receive())

    assert seen == texts


@in_a_virtual_hour
async def test_who_asks_for_ever_and_reads_nothing_is_dropped(edge, autojump_clock):
    edge.on_message = lambda outbox, message: outbox.send(b"x" * 100_000)
    stream = edge.dial(lockstep_stream_pair)
    await stream.send_all(upgrade())
    await stream.receive_some()
    with pytest.raises(trio.BrokenResourceError):
        for _ in range(1000):
            await stream.send_all(client_frame(TEXT, b"more"))

    await wait_all_tasks_blocked()

    assert len(edge.client.received) == pytest.approx(16 * 2**20 / 100_000, abs=4)
    assert edge.client.closings == 1


# Whose fault it is.


@in_a_virtual_hour
async def test_a_mistake_of_ours_is_raised_and_the_client_object_is_told_of_the_end(autojump_clock):
    def fail(outbox, message):
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            edge = Edge(nursery)
            edge.on_message = fail
            stream = await edge.raw_websocket()
            await stream.send_all(client_frame(TEXT, b"a") * 2)

    assert edge.client.received == [b"a"]
    assert edge.client.closings == 1


@in_a_virtual_hour
async def test_cancelled_it_ends_at_once_and_the_client_object_is_told(autojump_clock):
    async with trio.open_nursery() as nursery:
        edge = Edge(nursery)
        stream = await edge.raw_websocket()
        nursery.cancel_scope.cancel()

    assert edge.client.closings == 1
    assert await stream.receive_some() == b""


FRAMES = st.lists(
    st.builds(
        client_frame,
        st.integers(0, 15),
        st.sampled_from([b"hello", b"\x03\xe8", b"\x03\xedbye", b"\xff\xfe", b""]) | st.binary(max_size=200),
        fin=st.sampled_from([True, True, False]),
        reserved=st.sampled_from([0, 0, 0, 4]),
    )
    | st.binary(max_size=20),
    max_size=8,
)
"""WebSocket frames and what looks like them, in any order."""


@settings(max_examples=150, deadline=None, derandomize=True)
@given(frames=FRAMES, in_one_go=st.booleans(), ending=st.sampled_from(["", "half-close", "reset"]))
def test_whatever_one_client_sends_the_others_do_not_notice(frames, in_one_go, ending):
    async def attack(edge):
        stream = edge.dial()
        try:
            pieces = [upgrade(), *frames]
            for piece in [b"".join(pieces)] if in_one_go else pieces:
                await stream.send_all(piece)
                await trio.sleep(0.3)
            if ending == "half-close":
                await stream.send_eof()
            elif ending == "reset":
                await trio.aclose_forcefully(stream)
        except trio.BrokenResourceError:
            pass  # the exchange was faster

    async def scenario():
        async with trio.open_nursery() as nursery:
            edge = Edge(nursery)
            client = await edge.websocket()
            nursery.start_soon(attack, edge)
            seen = []
            for _ in range(20):
                seen.append((trio.current_time(), await client.ask("are you there?")))
                await trio.sleep(10)
            assert edge.connections == 1
            nursery.cancel_scope.cancel()
        return edge, seen

    edge, seen = trio.run(scenario, clock=MockClock(autojump_threshold=0))

    assert seen == [(10.0 * number, "are you there?") for number in range(20)]
    assert [client.closings for client in edge.clients] in ([1], [1, 1])


# What can go wrong with a connection.


@in_a_virtual_hour
async def test_a_half_open_connection_hears_and_says_nothing(edge, autojump_clock):
    client = await edge.websocket()
    edge.client.outbox.go_dead()
    await client.send("hello?")
    with trio.move_on_after(500) as waiting:
        await client.connection.ping()
    await client.stream.send_all(client_frame(CLOSE))
    await trio.sleep(1)

    assert waiting.cancelled_caught
    assert edge.client.received == []
    assert edge.client.closings == 0

    assert await client.wait_closed() == 1006
    assert trio.current_time() == HALF_OPEN_LIMIT


@pytest.mark.parametrize("fault", ["go_dead", "drop"])
@in_a_virtual_hour
async def test_a_fault_in_mid_batch_lets_nothing_more_through(edge, fault, autojump_clock):
    edge.on_message = lambda outbox, message: message == b"now" and getattr(outbox, fault)()
    stream = await edge.raw_websocket()
    data = client_frame(TEXT, b"before") + client_frame(TEXT, b"now") + client_frame(TEXT, b"after")
    await stream.send_all(data + client_frame(CLOSE))
    await wait_all_tasks_blocked()

    assert edge.client.received == [b"before", b"now"]
    assert edge.client.closings == (fault == "drop")

    await trio.aclose_forcefully(stream)
    await wait_all_tasks_blocked()

    assert edge.connections == 0


@in_a_virtual_hour
async def test_a_dropped_connection_may_break_off_in_mid_frame(edge, autojump_clock):
    stream = await edge.raw_websocket()
    edge.client.outbox.drop(frame_text(b"hello")[:4])
    await stream.send_all(client_frame(TEXT, b"too late"))

    assert await read_to_the_end(stream) == b"\x81\x05he"
    assert edge.client.received == []
    assert edge.connections == 0


@in_a_virtual_hour
async def test_latency_delays_pongs_and_messages_alike(edge, autojump_clock):
    client = await edge.websocket()
    edge.client.outbox.hold(2.5)
    await client.connection.ping()
    ponged = trio.current_time()
    await client.ask("hello")

    assert (ponged, trio.current_time()) == (2.5, 5)


# Over TCP, in real time.


@pytest.fixture
async def tcp(nursery):
    """An edge on a real port, and its address."""
    edge = Edge(nursery)
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, edge.serve, [listener])
    yield edge, listener.socket.getsockname()
    nursery.cancel_scope.cancel()


async def test_a_session_over_tcp(tcp):
    edge, (host, port) = tcp
    with trio.fail_after(10):
        async with open_websocket_url(f"ws://{host}:{port}/ws") as connection:
            client = WebSocketClient(connection, None)
            for message in ("one", "x" * MAX_MESSAGE_BYTES):
                assert await client.ask(message) == message

    assert connection.closed.code == 1000
    assert len(edge.client.received) == 2


async def test_the_code_of_an_offence_arrives_over_tcp_though_the_client_sends_on(tcp):
    _, address = tcp
    with trio.fail_after(10):
        async with await trio.open_tcp_stream(*address) as stream:
            await stream.send_all(upgrade() + client_frame(TEXT, b"a" * 4_000_000))
            answer = await read_to_the_end(stream)
    [(opcode, reason)] = server_frames(answer.partition(b"\r\n\r\n")[2])

    assert (opcode, reason[:2]) == (CLOSE, (1009).to_bytes(2))


@pytest.mark.parametrize("last", [b"", b"\x81\x05he"])
async def test_a_dropped_connection_is_reset_over_tcp(tcp, last):
    edge, address = tcp
    with trio.fail_after(10):
        async with await trio.open_tcp_stream(*address) as stream:
            await stream.send_all(upgrade())
            while not (await stream.receive_some()).endswith(b"\r\n\r\n"):
                pass
            await edge.opened.wait()
            edge.client.outbox.drop(last)
            received = b""
            with pytest.raises(trio.BrokenResourceError):
                while data := await stream.receive_some():
                    received += data

    assert received == last
