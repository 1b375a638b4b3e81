"""A whole local exchange on in-memory streams, and clients that talk to it, for the tests in this folder."""

from __future__ import annotations

import functools
import json

import coincurve
import h11
import trio
from trio.testing import memory_stream_pair
from trio_websocket import ConnectionClosed, wrap_client_stream

from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.exchange.typed_data import Network, action_hash, agent_digest


def in_a_virtual_hour(test):
    """A scenario that hangs fails instead."""

    @functools.wraps(test)
    async def limited(*args, **kwargs):
        with trio.fail_after(3600):
            return await test(*args, **kwargs)

    return limited


def limit_order(px, sz="0.1", buy=True, tif="Gtc", asset=1, cloid=None):
    one = {"a": asset, "b": buy, "p": px, "s": sz, "r": False, "t": {"limit": {"tif": tif}}}
    return {"type": "order", "orders": [one if cloid is None else one | {"c": cloid}], "grouping": "na"}


class Exchange:
    """A local exchange without a port; nobody trades but the clients, unless the test says otherwise."""

    def __init__(self, nursery, recording=None, speed=1.0, loop=False, **settings):
        self.nursery = nursery
        self.local = LocalExchange(
            ExchangeSettings(**{"regime": "none"} | settings),
            clock=Clock.simulated(),
            recording=recording,
            speed=speed,
            loop=loop,
        )
        self.nonce = self.local.ledger.time

    @classmethod
    async def start(cls, nursery, **options):
        exchange = cls(nursery, **options)
        await nursery.start(exchange.local.run)
        return exchange

    def dial(self):
        """The client's end of a new connection."""
        client, server = memory_stream_pair()
        self.nursery.start_soon(self.local.serve_stream, server)
        return client

    async def websocket(self):
        stream = self.dial()
        connection = await wrap_client_stream(self.nursery, stream, "exchange", "/ws")
        return WebSocketClient(connection, stream)

    async def request(self, method, path, body=b"", stream=None):
        """One HTTP request; its status and its answer, decoded if it is JSON."""
        stream = stream or self.dial()
        http = h11.Connection(h11.CLIENT)
        head = [("host", "exchange"), ("content-length", str(len(body)))]
        await stream.send_all(
            http.send(h11.Request(method=method, target=path, headers=head))
            + (http.send(h11.Data(data=body)) or b"")
            + (http.send(h11.EndOfMessage()) or b"")
        )
        status, data = None, b""
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                data += event.data
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError("the exchange closed the connection without an answer")
            elif isinstance(event, h11.EndOfMessage):
                return status, json.loads(data) if data[:1] in (b"{", b"[", b'"') else data.decode()

    async def post(self, path, payload):
        return await self.request("POST", path, json.dumps(payload).encode())

    async def info(self, kind, **more):
        status, answer = await self.post("/info", {"type": kind} | more)

        assert status == 200, answer
        return answer

    async def control(self, kind, **more):
        return await self.post("/control", {"type": kind} | more)

    def signed(self, action, account=0, nonce=None, expires_after=None):
        """The body that an account of the exchange's own sends."""
        self.nonce += 1
        nonce = nonce or self.nonce
        secret = coincurve.PrivateKey(bytes.fromhex(self.local.keys[account].secret_hex[2:]))
        digest = agent_digest(action_hash(action, nonce, None, expires_after), Network.MAINNET)
        raw = secret.sign_recoverable(digest, hasher=None)
        signature = {"r": f"0x{raw[:32].hex()}", "s": f"0x{raw[32:64].hex()}", "v": 27 + raw[64]}
        body = {"action": action, "nonce": nonce, "signature": signature}
        return body if expires_after is None else body | {"expiresAfter": expires_after}

    async def act(self, action, **how):
        status, answer = await self.post("/exchange", self.signed(action, **how))

        assert status == 200, answer
        return answer


class WebSocketClient:
    """Speaks JSON."""

    def __init__(self, connection, stream):
        self.connection = connection
        self.stream = stream

    async def send(self, message):
        await self.connection.send_message(message if isinstance(message, str) else json.dumps(message))

    async def receive(self):
        return json.loads(await self.connection.get_message())

    async def ask(self, message):
        """Send, and decode the next frame."""
        await self.send(message)
        return await self.receive()

    async def subscribe(self, **subscription):
        return await self.ask({"method": "subscribe", "subscription": subscription})

    async def send_post(self, payload, kind="action", post_id=1):
        await self.send({"method": "post", "id": post_id, "request": {"type": kind, "payload": payload}})

    async def post(self, payload, kind="action", post_id=1):
        await self.send_post(payload, kind, post_id)
        return (await self.next("post"))["response"]

    async def next(self, channel):
        """The data of the next frame on a channel; others are passed over."""
        while True:
            message = await self.receive()
            if message["channel"] == channel:
                return message["data"]

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
                message = await self.receive()
                seen.append((trio.current_time(), message))
        return seen
