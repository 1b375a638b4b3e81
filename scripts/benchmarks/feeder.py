"""Feeder: stands in for the venue in a process of its own, with blocking sockets and ready-made frames.

It speaks just enough of Hyperliquid: ``meta`` and ``spotMeta`` on /info; on /ws the upgrade,
acknowledgements of subscriptions, and pongs. Once all its kinds are subscribed to on one socket it sends
everything as fast as the socket takes it, or evenly paced, and says on its standard output what that was.

The frames are built before the port is announced. It ends when its standard input does, so it never
outlives whoever started it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import select
import socket
import ssl
import struct
import sys
import threading
import time
from typing import Any, NamedTuple

from benchmarks.frames import Block, Sums, build_blocks, build_messages, frame, stamped_trade

STAMP = 10**15
"""Ids of paced trades are this plus the nanoseconds since the epoch that was announced: sixteen digits, and
below 2**50."""

_ANSWERS: dict[str, Any] = {
    "meta": {"universe": [{"szDecimals": 5, "name": "BTC", "maxLeverage": 40}]},
    "spotMeta": {
        "universe": [{"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True}],
        "tokens": [
            {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0},
            {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1},
        ],
    },
}
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SPIN = 200_000
"""Nanoseconds before a message is due from which on it waits busily; before, it sleeps."""
_MIN_REPEATED_POOL = 10_000
"""The engine knows some 4,000 trades again, so a pool that is sent more than once must be larger."""


class Settings(NamedTuple):
    """What to send."""

    kinds: tuple[str, ...] = ()
    """Subscription types; without any it only answers."""
    pool: int = 0
    """Different frames."""
    rounds: int = 1
    """How often the pool is sent, each time with later times."""
    rate: int | None = None
    """Messages a second, or None: as fast as possible. Paced, one kind: trades."""
    certificate: str | None = None
    """File with private key and certificate chain: then it speaks TLS."""


def main(text: str) -> None:
    """Serve until the standard input ends; ``text`` holds the settings as JSON."""
    settings = Settings(**json.loads(text))
    blocks = build_blocks(build_messages(settings.kinds, settings.pool)) if settings.rate is None else []
    if settings.rounds > 1 and settings.pool < _MIN_REPEATED_POOL:
        raise SystemExit(f"to be sent again a pool has at least {_MIN_REPEATED_POOL} frames")
    sent = sum((block.sums.messages for block in blocks), 0) or settings.pool
    size = sum(len(block.data) for block in blocks) / sent if blocks else 0.0
    epoch = time.monotonic_ns()
    listener = socket.create_server(("127.0.0.1", 0), backlog=32)
    context = None
    if settings.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate)
    arguments = (listener, context, settings, blocks, epoch)
    threading.Thread(target=_accept, args=arguments, daemon=True).start()
    port = listener.getsockname()[1]
    _say(port=port, count=sent * settings.rounds, frame_bytes=size, epoch=epoch)
    sys.stdin.read()


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def _accept(
    listener: socket.socket,
    context: ssl.SSLContext | None,
    settings: Settings,
    blocks: list[Block],
    epoch: int,
) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(
            target=_serve, args=(connection, context, settings, blocks, epoch), daemon=True
        ).start()


def _serve(
    connection: socket.socket,
    context: ssl.SSLContext | None,
    settings: Settings,
    blocks: list[Block],
    epoch: int,
) -> None:
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            _Peer(connection, settings, blocks, epoch).serve()
    except (OSError, _Gone):
        pass  # the far side has what it wanted


class _Gone(Exception):
    """The far side has closed."""


class _Peer:
    """One connection, HTTP first, perhaps a WebSocket later."""

    def __init__(
        self, connection: socket.socket, settings: Settings, blocks: list[Block], epoch: int
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._blocks = blocks
        self._epoch = epoch
        self._buffer = b""
        self._subscribed: set[str] = set()

    def serve(self) -> None:
        """Answer requests until one is the upgrade."""
        while True:
            head = self._take_until(b"\r\n\r\n").decode("latin-1")
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            if head.startswith("POST"):
                question = json.loads(self._take(int(fields["content-length"])))
                body = json.dumps(_ANSWERS[question["type"]]).encode()
                self._connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % len(body)
                    + body
                )
            else:
                self._upgrade(head)
                self._serve_websocket()

    def _upgrade(self, head: str) -> None:
        key = next(
            line.split(": ", 1)[1]
            for line in head.split("\r\n")
            if line.lower().startswith("sec-websocket-key:")
        )
        accept = base64.b64encode(hashlib.sha1(key.strip().encode() + _GUID).digest())
        self._connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def _serve_websocket(self) -> None:
        wanted = set(self._settings.kinds)
        while True:
            self._take_frame()
            if wanted and wanted <= self._subscribed:
                wanted = set()
                self._send_pool() if self._settings.rate is None else self._send_paced(self._settings.rate)

    def _send_pool(self) -> None:
        sums = Sums()
        for number in range(self._settings.rounds):
            for block in self._blocks:
                # Between two blocks: after the last one the client may close at once.
                while sums.messages and self._has_input():
                    self._take_frame()
                self._connection.sendall(block.in_round(number))
                sums = sums.plus(block.sums)
        _say(**sums._asdict())

    def _send_paced(self, rate: int) -> None:
        """One trade after the other, evenly; each carries the time of its sending as its id."""
        head, tail = stamped_trade(STAMP)
        now, send = time.monotonic_ns, self._connection.sendall
        started, latest = now() + 50_000_000, 0
        for number in range(self._settings.pool):
            due = started + number * 1_000_000_000 // rate
            if due - now() > 2 * _SPIN:
                time.sleep((due - now() - _SPIN) / 1e9)
            while now() < due:
                pass
            latest = max(latest, now() - due)
            send(b"%b%d%b" % (head, STAMP + now() - self._epoch, tail))
        _say(messages=self._settings.pool, latest_ns=latest)

    def _has_input(self) -> bool:
        if self._buffer:
            return True
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return True
        return bool(select.select([self._connection], [], [], 0)[0])

    def _take_frame(self) -> None:
        """Take one frame of the client's and answer it."""
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        mask = self._take(4)
        payload = bytes(each ^ mask[place % 4] for place, each in enumerate(self._take(length)))
        match first & 0x0F:
            case 0x8:
                self._connection.sendall(bytes((0x88, len(payload))) + payload)
                raise _Gone
            case 0x9:
                self._connection.sendall(bytes((0x8A, len(payload))) + payload)
            case 0x1:
                self._answer(json.loads(payload))

    def _answer(self, request: dict[str, Any]) -> None:
        if request["method"] == "ping":
            self._connection.sendall(frame(b'{"channel":"pong"}'))
            return
        echo = json.dumps({"channel": "subscriptionResponse", "data": request})
        self._connection.sendall(frame(echo.encode()))
        if request["method"] == "subscribe":
            self._subscribed.add(request["subscription"]["type"])

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _take_until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._receive()
        taken, _, self._buffer = self._buffer.partition(end)
        return taken

    def _receive(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise _Gone
        self._buffer += data


if __name__ == "__main__":
    main(sys.argv[1])
