"""A local exchange on in-memory streams, and clients that talk to it, for the tests in this folder."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import h11
import trio
from trio.testing import memory_stream_pair
from trio_websocket import ConnectionClosed, wrap_client_stream

from livetrio.clock import Clock
from livetrio.exchange import LocalExchange, Recording

REAL_RECORDING = Path(__file__).resolve().parents[3] / "shared/data/hyperliquid_btc_20250126.gz"

START = 1_700_000_000_000_000_000
START_MS = START // 1_000_000


def in_a_virtual_hour(test):
    """A scenario that hangs fails instead."""

    @functools.wraps(test)
    async def limited(*args, **kwargs):
        with trio.fail_after(3600):
            return await test(*args, **kwargs)

    return limited


def frame(channel, data):
    return json.dumps({"channel": channel, "data": data}, separators=(",", ":"))


def level(px, sz="1.5", n=1):
    return {"px": px, "sz": sz, "n": n}


def bbo(coin="BTC", time=START_MS, bid="100.0", ask="101.0", sz="1.5"):
    return frame("bbo", {"coin": coin, "time": time, "bbo": [level(bid, sz), level(ask, sz)]})


def book(coin="BTC", time=START_MS, bid="100.0", ask="101.0", fast=False):
    data = {"coin": coin, "time": time, "levels": [[level(bid)], [level(ask)]]}
    return frame("l2Book", data | {"fast": True} if fast else data)


def trade(coin="BTC", time=START_MS, px="101.0", sz="0.25", tid=1):
    users = ["0x" + "1" * 40, "0x" + "2" * 40]
    return {
        "coin": coin, "side": "B", "px": px, "sz": sz, "time": time,
        "hash": "0x" + "0" * 64, "tid": tid, "users": users,
    }  # fmt: skip


def trades(*entries):
    return frame("trades", list(entries or (trade(),)))


def candle(coin="BTC", interval="1m", t=START_MS, close="101.0"):
    data = {"t": t, "T": t + 59_999, "s": coin, "i": interval}
    return frame("candle", data | {"o": "100.0", "c": close, "h": "102.0", "l": "99.0", "v": "2.5", "n": 3})


def context(coin="BTC", mark="100.5"):
    channel = "activeSpotAssetCtx" if "/" in coin or coin.startswith("@") else "activeAssetCtx"
    return frame(channel, {"coin": coin, "ctx": {"markPx": mark}})


def recording(*frames):
    """Frames given as (seconds after the start, text)."""
    return Recording((START + round(at * 1e9), text) for at, text in frames)


class Exchange:
    """A local exchange without a port."""

    def __init__(self, nursery, recording, **options):
        self.nursery = nursery
        self.local = LocalExchange(recording, clock=Clock.simulated(), **options)

    def dial(self):
        """The client's end of a new connection."""
        client, server = memory_stream_pair()
        self.nursery.start_soon(self.local.serve_stream, server)
        return client

    async def websocket(self):
        stream = self.dial()
        connection = await wrap_client_stream(self.nursery, stream, "exchange", "/ws")
        return WebSocketClient(connection, stream)

    def http(self):
        return HttpClient(self.dial())

    async def info(self, **request):
        """The status and the decoded answer of one info request."""
        status, _, body = await self.http().post("/info", request)
        return status, (json.loads(body) if status == 200 else body.decode())


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


def masked_frame(payload, opcode=1, first_bits=0x80):
    """A WebSocket frame of a client; the mask is zero, so the payload can be read."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([first_bits | opcode]) + length + bytes(4) + payload


class WebSocketClient:
    """Speaks JSON."""

    def __init__(self, connection, stream):
        self.connection = connection
        self.stream = stream

    async def send(self, message):
        await self.connection.send_message(message if isinstance(message, str) else json.dumps(message))

    async def receive(self):
        return await self.connection.get_message()

    async def ask(self, message):
        """Send, and decode the next frame."""
        await self.send(message)
        return json.loads(await self.receive())

    async def subscribe(self, **subscription):
        return await self.ask({"method": "subscribe", "subscription": subscription})

    async def unsubscribe(self, **subscription):
        return await self.ask({"method": "unsubscribe", "subscription": subscription})

    async def post(self, payload, kind="info", post_id=1):
        return await self.ask(
            {"method": "post", "id": post_id, "request": {"type": kind, "payload": payload}}
        )

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

    async def post(self, path, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.request("POST", path, data, **headers)

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
