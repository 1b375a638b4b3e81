"""The edge of an exchange without the exchange, and clients that talk to it, for the tests in this folder."""

from __future__ import annotations

import functools

import h11
import trio
from trio.testing import memory_stream_pair, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, wrap_client_stream

from livetrio.exchange.edge.http import plain, serve_http
from livetrio.exchange.edge.websocket import serve_websocket

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def in_a_virtual_hour(test):
    """A scenario that hangs fails instead."""

    @functools.wraps(test)
    async def limited(*args, **kwargs):
        with trio.fail_after(3600):
            return await test(*args, **kwargs)

    return limited


async def echo_body(request):
    """Answers everything with what was said; the upgrade with the upgrade."""
    return None if request.wants_websocket else plain(200, request.body.decode("latin-1"))


def echo(outbox, message):
    outbox.send(message)


class FakeClient:
    """What the exchange would have for one WebSocket client: remembers all, and does what the test says."""

    def __init__(self, outbox, on_message):
        self.outbox = outbox
        self.on_message = on_message
        self.received = []
        self.closings = 0

    def receive(self, message):
        assert not self.closings, "the connection is over"
        self.received.append(message)
        self.on_message(self.outbox, message)

    def closed(self):
        self.closings += 1


class Edge:
    """Serves streams. ``answer`` and ``on_message`` are for a test to set."""

    def __init__(self, nursery):
        self.nursery = nursery
        self.answer = echo_body
        self.on_message = echo
        self.clients = []
        self.opened = trio.Event()
        """Set when there is a client."""
        self.connections = 0

    @property
    def client(self):
        """The latest."""
        return self.clients[-1]

    def open_client(self, outbox):
        self.clients.append(FakeClient(outbox, lambda *given: self.on_message(*given)))
        self.opened.set()
        return self.client

    async def serve(self, stream):
        self.connections += 1
        try:
            upgrade = await serve_http(stream, lambda request: self.answer(request))
            if upgrade is not None:
                await serve_websocket(stream, upgrade, self.open_client)
        except trio.BrokenResourceError:
            pass  # in mid-request
        finally:
            self.connections -= 1
            await trio.aclose_forcefully(stream)

    def dial(self, pair=memory_stream_pair):
        """The client's end of a new connection."""
        near, far = pair()
        self.nursery.start_soon(self.serve, far)
        return near

    async def websocket(self, pair=memory_stream_pair):
        stream = self.dial(pair)
        connection = await wrap_client_stream(self.nursery, stream, "exchange", "/ws")
        await wait_all_tasks_blocked()
        return WebSocketClient(connection, stream)

    async def raw_websocket(self):
        """The client's end after the handshake, for frames that no decent client would send."""
        stream = self.dial()
        await stream.send_all(upgrade())
        await read_until(stream, b"\r\n\r\n")
        return stream

    def http(self):
        return HttpClient(self.dial())


async def read_until(stream, end):
    """Whatever comes, up to these bytes, or to the end of the connection."""
    received = bytearray()
    while not received.endswith(end) and (data := await stream.receive_some()):
        received += data
    return bytes(received)


async def read_to_the_end(stream):
    """Whatever comes until the exchange ends the connection, gently or not."""
    received = bytearray()
    try:
        while data := await stream.receive_some():
            received += data
    except trio.BrokenResourceError:
        pass
    return bytes(received)


def upgrade(**headers):
    """An upgrade request as bytes, with headers changed; None leaves one out."""
    head = {
        "Host": "exchange",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    } | headers
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in head.items() if value is not None]
    return f"GET /ws HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


def client_frame(
    opcode, payload=b"", *, fin=True, reserved=0, mask=b"\x11\x22\xf3\x44", width=None, declared=None
):
    """A frame as any client might send it: ``width`` bytes of length instead of the fewest, and so on."""
    length = len(payload) if declared is None else declared
    if width is None:
        width = 0 if length < 126 else 2 if length < 1 << 16 else 8
    code = {0: length, 2: 126, 8: 127}[width]
    head = bytes([fin << 7 | reserved << 4 | opcode, (mask is not None) << 7 | code])
    head += length.to_bytes(9, "big")[9 - width :]
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def server_frames(data):
    """The frames of a server as (opcode, payload), if they are whole; none of these tests needs long ones."""
    frames = []
    while data:
        length, start = data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4]), 4
        assert length < 126 or start == 4
        assert len(data) >= start + length, "the last frame is torn"
        frames.append((data[0] & 0x0F, bytes(data[start : start + length])))
        data = data[start + length :]
    return frames


class WebSocketClient:
    """trio-websocket in the client's role."""

    def __init__(self, connection, stream):
        self.connection = connection
        self.stream = stream

    async def send(self, message):
        await self.connection.send_message(message)

    async def receive(self):
        return await self.connection.get_message()

    async def ask(self, message):
        await self.send(message)
        return await self.receive()

    async def wait_closed(self):
        """Read on until the exchange ends the connection; the close code."""
        try:
            while True:
                await self.receive()
        except ConnectionClosed as closed:
            return closed.reason.code

    async def read_for(self, seconds):
        """What comes within that time, each with the virtual time of its coming."""
        seen = []
        with trio.move_on_after(seconds):
            while True:
                text = await self.receive()
                seen.append((trio.current_time(), text))
        return seen


class HttpClient:
    """One connection; h11 in the client's role."""

    def __init__(self, stream):
        self.stream = stream
        self.h11 = h11.Connection(h11.CLIENT)

    async def post(self, body, path="/info", **headers):
        return await self.request("POST", path, body, **headers)

    async def request(self, method, path, body=b"", **headers):
        """One request and its answer as (status, headers, body)."""
        head = [("host", "exchange"), ("content-length", str(len(body))), *headers.items()]
        await self.stream.send_all(
            self.h11.send(h11.Request(method=method, target=path, headers=head))
            + (self.h11.send(h11.Data(data=body)) or b"")
            + (self.h11.send(h11.EndOfMessage()) or b"")
        )
        return await self.response()

    async def response(self):
        status, headers, body = None, {}, b""
        while True:
            event = self.h11.next_event()
            if event is h11.NEED_DATA:
                self.h11.receive_data(await self.stream.receive_some())
            elif isinstance(event, h11.Response):
                status, headers = event.status_code, dict(event.headers)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError("the exchange closed the connection without an answer")
            elif isinstance(event, h11.EndOfMessage):
                if self.h11.our_state is h11.DONE and self.h11.their_state is h11.DONE:
                    self.h11.start_next_cycle()
                return status, headers, body
