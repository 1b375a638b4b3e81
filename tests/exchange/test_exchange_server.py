"""What one client costs the others (nothing), the limits of a connection, and the exchange on a real port."""

import json
import socket

import pytest
import trio
from exchange_client import (
    REAL_RECORDING,
    Exchange,
    HttpClient,
    WebSocketClient,
    bbo,
    in_a_virtual_hour,
    masked_frame,
    read_to_the_end,
    recording,
    trades,
    upgrade,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked
from trio_websocket import open_websocket_url, wrap_client_stream

from livetrio.clock import Clock
from livetrio.errors import UsageError
from livetrio.exchange import LocalExchange, Recording, server
from livetrio.exchange.http import REQUEST_LIMIT
from livetrio.exchange.websocket import HANDSHAKE_LIMIT, IDLE_LIMIT, SNAPSHOT_DELAY

MARKET = [bbo(bid=f"{number}.0") for number in range(10)]
"""A frame each second."""

SUBSCRIBE = '{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}'

_HTTP = st.lists(
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

_FRAMES = st.lists(
    st.builds(
        masked_frame,
        st.sampled_from(
            [SUBSCRIBE.encode(), b'{"method":"ping"}', b"\x03\xe8", b"\x03\xedbye", b"\xff\xfe", b""]
        )
        | st.binary(max_size=200),
        opcode=st.integers(0, 15),
        first_bits=st.sampled_from([0x80, 0x80, 0x80, 0x00, 0xC0]),
    )
    | st.binary(max_size=20),
    max_size=8,
)
"""WebSocket frames and what looks like them, in any order."""


def play_beside(pieces, ending):
    """One client plays on while another sends pieces and comes to an end; what the first one saw."""

    async def attack(exchange):
        stream = exchange.dial()
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

    async def scenario():
        with trio.fail_after(3600):
            async with trio.open_nursery() as nursery:
                exchange = Exchange(nursery, recording(*enumerate(MARKET)))
                client = await exchange.websocket()
                await client.subscribe(type="bbo", coin="BTC")
                nursery.start_soon(attack, exchange)
                seen = await client.read_for(20)
                status, _ = await exchange.info(type="meta")
                nursery.cancel_scope.cancel()
        return seen, status

    return trio.run(scenario, clock=MockClock(autojump_threshold=0))


# Garbage.


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pieces=st.lists(st.binary(), max_size=5) | _HTTP, ending=st.sampled_from(["", "half-close", "reset"]))
def test_whatever_one_client_sends_the_others_do_not_notice(pieces, ending):
    seen, status = play_beside(pieces, ending)

    assert [text for _, text in seen] == MARKET
    assert [at for at, _ in seen] == pytest.approx([SNAPSHOT_DELAY + at for at in range(10)], abs=1e-6)
    assert status == 200


@settings(max_examples=100, deadline=None, derandomize=True)
@given(frames=_FRAMES, in_one_go=st.booleans(), ending=st.sampled_from(["", "half-close", "reset"]))
def test_nor_do_they_notice_what_it_sends_after_an_upgrade(frames, in_one_go, ending):
    pieces = [upgrade(), *frames]
    seen, status = play_beside([b"".join(pieces)] if in_one_go else pieces, ending)

    assert [text for _, text in seen] == MARKET
    assert [at for at, _ in seen] == pytest.approx([SNAPSHOT_DELAY + at for at in range(10)], abs=1e-6)
    assert status == 200


# Clients that go, and clients that stay and do nothing.


@pytest.fixture
def exchange(autojump_clock, nursery):
    """A frame each second."""
    return Exchange(nursery, recording(*enumerate(MARKET)))


@pytest.mark.parametrize(
    "sent", [b"", b"POST /in", upgrade()[:40], upgrade(), upgrade() + masked_frame(SUBSCRIBE.encode())]
)
@in_a_virtual_hour
async def test_a_client_that_is_gone_in_mid_handshake_leaves_nothing_behind(exchange, sent, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(sent)
    await trio.aclose_forcefully(stream)
    await trio.sleep(HANDSHAKE_LIMIT)

    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_a_client_that_is_gone_in_mid_play_leaves_nothing_behind(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await client.read_for(3)
    await trio.aclose_forcefully(client.stream)
    await trio.sleep(2)

    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_a_half_closed_client_gets_its_answer_before_the_connection_ends(exchange, autojump_clock):
    stream = exchange.dial()
    body = b'{"type":"perpDexs"}'
    head = b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    await stream.send_all(head % len(body) + body)
    await stream.send_eof()
    answer = await read_to_the_end(stream)

    assert answer.endswith(b"[null]")
    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_a_websocket_client_that_half_closes_is_gone(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await client.stream.send_eof()
    await client.wait_closed()

    assert trio.current_time() < 1


@pytest.mark.parametrize("sent", [b"", b"P", b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"])
@in_a_virtual_hour
async def test_who_does_not_finish_a_request_is_dropped_after_a_minute(exchange, sent, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(sent)

    assert await read_to_the_end(stream) == b""
    assert trio.current_time() == REQUEST_LIMIT


@in_a_virtual_hour
async def test_a_byte_now_and_then_buys_no_time(exchange, autojump_clock):
    stream = exchange.dial()
    for _ in range(int(REQUEST_LIMIT)):
        await stream.send_all(b"x")
        await trio.sleep(1)
    await trio.sleep(1)

    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_who_does_not_take_its_answer_is_dropped_after_a_minute(exchange, nursery, autojump_clock):
    client, far_end = lockstep_stream_pair()
    nursery.start_soon(exchange.local.serve_stream, far_end)
    await client.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await trio.sleep(REQUEST_LIMIT - 1)

    assert exchange.local.connections == 1

    await trio.sleep(2)

    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_who_does_not_take_the_answer_to_its_upgrade_is_dropped(exchange, nursery, autojump_clock):
    client, far_end = lockstep_stream_pair()
    nursery.start_soon(exchange.local.serve_stream, far_end)
    await client.send_all(upgrade())
    await trio.sleep(HANDSHAKE_LIMIT + 0.1)

    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_a_slow_reader_does_not_hold_the_others_and_is_dropped_in_the_end(autojump_clock, nursery):
    frames = [bbo(bid=f"{number}.0") for number in range(500)]
    exchange = Exchange(nursery, recording(*enumerate(frames)), speed=None)
    client, far_end = lockstep_stream_pair()
    nursery.start_soon(exchange.local.serve_stream, far_end)
    slow = WebSocketClient(await wrap_client_stream(nursery, client, "exchange", "/ws"), client)
    await slow.subscribe(type="bbo", coin="BTC")  # and reads no more
    await trio.sleep(1)
    quick = await exchange.websocket()
    await quick.subscribe(type="bbo", coin="BTC")
    seen = await quick.read_for(10)

    assert [text for _, text in seen] == frames
    assert {at for at, _ in seen} == {1 + SNAPSHOT_DELAY}
    assert exchange.local.connections == 2

    await trio.sleep(IDLE_LIMIT - 10)

    assert exchange.local.connections == 1  # the quick one, to which more was sent
    assert await slow.receive() == frames[0]


@in_a_virtual_hour
async def test_a_slow_reader_that_reads_on_gets_everything(autojump_clock, nursery):
    frames = [bbo(bid=f"{number}.0") for number in range(50)]
    exchange = Exchange(nursery, recording(*enumerate(frames)), speed=None)
    client, far_end = lockstep_stream_pair()
    nursery.start_soon(exchange.local.serve_stream, far_end)
    slow = WebSocketClient(await wrap_client_stream(nursery, client, "exchange", "/ws"), client)
    await slow.subscribe(type="bbo", coin="BTC")
    seen = []
    for _ in frames:
        await trio.sleep(20)
        seen.append(await slow.receive())

    assert seen == frames


@in_a_virtual_hour
async def test_above_the_limit_connections_are_closed_unread(exchange, monkeypatch, autojump_clock):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 3)
    streams = [exchange.dial() for _ in range(3)]
    await wait_all_tasks_blocked()
    refused = exchange.dial()

    assert await read_to_the_end(refused) == b""
    assert exchange.local.connections == 3

    await trio.aclose_forcefully(streams[0])
    await wait_all_tasks_blocked()

    assert await exchange.info(type="perpDexs") == (200, [None])


@pytest.mark.parametrize("speed", [0, -1.0, float("nan")])
async def test_time_must_go_forward(autojump_clock, speed):
    with pytest.raises(UsageError, match="speed must be greater than 0"):
        LocalExchange(recording((0, bbo())), clock=Clock.simulated(), speed=speed)


# On a real port, in real time.


@pytest.fixture
async def base_url(nursery):
    """Of an exchange that plays as fast as its clients read."""
    local = LocalExchange(recording(*enumerate(MARKET)), clock=Clock.simulated(), speed=None)
    return await nursery.start(local.serve)


async def dial(base_url):
    host, _, port = base_url.removeprefix("http://").rpartition(":")
    return await trio.open_tcp_stream(host.strip("[]"), int(port))


async def test_two_requests_and_a_websocket_session_over_tcp(base_url):
    with trio.fail_after(10):
        async with await dial(base_url) as stream:
            http = HttpClient(stream)
            answers = [await http.post("/info", {"type": "perpDexs"}) for _ in range(2)]
        async with open_websocket_url(base_url.replace("http", "ws") + "/ws") as connection:
            client = WebSocketClient(connection, None)
            await client.subscribe(type="bbo", coin="BTC")
            seen = [await client.receive() for _ in MARKET]

    assert base_url.startswith("http://127.0.0.1:")
    assert [(status, body) for status, _, body in answers] == [(200, b"[null]")] * 2
    assert seen == MARKET


async def test_the_answer_to_a_mistake_arrives_over_tcp_though_the_client_sends_on(base_url):
    with trio.fail_after(10):
        async with await dial(base_url) as stream:
            await stream.send_all(b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
            await stream.send_all(b" " * 4_000_000)
            answer = await read_to_the_end(stream)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.skipif(not REAL_RECORDING.exists(), reason="the shared real recording is not here")
async def test_the_real_recording_arrives_over_tcp_whole_verbatim_and_in_order(nursery):
    real = Recording.read(REAL_RECORDING)
    with trio.fail_after(10):
        url = await nursery.start(LocalExchange(real, clock=Clock.simulated(), speed=None).serve)
        async with open_websocket_url(url.replace("http", "ws") + "/ws") as connection:
            client = WebSocketClient(connection, None)
            for kind in ("l2Book", "trades"):
                await client.send({"method": "subscribe", "subscription": {"type": kind, "coin": "BTC"}})
            for _ in range(2):
                assert json.loads(await client.receive())["channel"] == "subscriptionResponse"
            seen = [await client.receive() for _ in real.frames]

    assert len(seen) == 55
    assert seen == [frame.text for frame in real.frames]


async def test_cancelling_ends_every_connection_at_once():
    local = LocalExchange(recording((0, bbo()), (3000, trades())), clock=Clock.simulated())
    with trio.fail_after(10):
        async with trio.open_nursery() as serving:
            base_url = await serving.start(local.serve)
            streams = [await dial(base_url) for _ in range(4)]
            await streams[1].send_all(b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
            await streams[2].send_all(b"nonsense\r\n\r\n")
            await streams[3].send_all(upgrade() + masked_frame(SUBSCRIBE.encode()))
            received = b""
            while not received.endswith(bbo().encode()) and (data := await streams[3].receive_some()):
                received += data
            await trio.sleep(0.1)  # for the others to be accepted
            served = local.connections
            cancelled = trio.current_time()
            serving.cancel_scope.cancel()
        ended = trio.current_time()
        for stream in streams:
            await read_to_the_end(stream)
            await stream.aclose()

    assert served == 4
    assert ended - cancelled < 2
    assert local.connections == 0


@pytest.mark.parametrize("host", ["localhost", "::1"])
async def test_the_base_url_can_be_dialled_whatever_the_host(nursery, host):
    local = LocalExchange(recording((0, bbo())), clock=Clock.simulated())
    with trio.fail_after(10):
        try:
            base_url = await nursery.start(local.serve, host)
        except OSError as error:
            pytest.skip(f"no {host} on this machine: {error}")
        async with await dial(base_url) as stream:
            status, _, _ = await HttpClient(stream).post("/info", {"type": "meta"})

    assert status == 200


async def test_a_port_that_is_taken_is_an_error():
    local = LocalExchange(recording((0, bbo())), clock=Clock.simulated())
    with trio.fail_after(10), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await local.serve(port=taken.getsockname()[1])
