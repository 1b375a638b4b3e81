"""Bare: the least that any program in this language on trio must do: receive, cut frames, decode, count.

It uses the engine's own FrameCutter and the adapter's own message types, and nothing else of either. What
it needs longer than, or less than, in another run says how fast the machine is just now; so the engine
is measured as a share of it.
"""

from __future__ import annotations

import ssl
from time import perf_counter
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import trio

from livetrio.app.run import freeze_garbage_collector
from livetrio.supervision.frames import FrameCutter
from livetrio.venues.hyperliquid.messages import BookFrame, Frame, QuoteFrame, TradesFrame

CHUNK_BYTES = 64 * 1024

Depth = Literal["receive", "cut", "decode"]


def run_bare(
    url: str, kinds: list[str], expected: int, *, authority: str | None = None, depth: Depth = "decode"
) -> dict[str, Any]:
    """Take ``expected`` messages from a feeder; with less ``depth``, do only a part of that to each."""
    return trio.run(_run, url, kinds, expected, authority, depth)


async def _run(url: str, kinds: list[str], expected: int, authority: str | None, depth: Depth) -> dict[str, Any]:
    stream = await _connect(url, authority)
    received = await _upgrade(stream)
    for kind in kinds:
        await stream.send_all(_masked(b'{"method":"subscribe","subscription":{"type":"%b","coin":"BTC"}}' % kind.encode()))
    freeze_garbage_collector()
    if depth == "receive":
        # Frames are not told apart, so the end is where nothing more comes for a while.
        return await _only_receive(stream, received)
    cutter = FrameCutter(max_message_bytes=2**24)
    decode = msgspec.json.Decoder(Frame).decode
    data_frames = (TradesFrame, QuoteFrame, BookFrame)
    count, acknowledged, first = 0, 0, 0.0
    while count < expected:
        messages, _ = cutter.feed(received)
        if acknowledged < len(kinds):  # everything before and between the acknowledgements is no data yet
            left = [each for each in messages if not isinstance(decode(each), data_frames)]
            acknowledged += len(left)
            messages = messages[len(left) :]
        if messages and not count:
            first = perf_counter()
        if depth == "decode":
            for message in messages:
                decode(message)
        count += len(messages)
        if count < expected:
            received = await _receive(stream)
    seconds = perf_counter() - first
    await trio.aclose_forcefully(stream)
    return {"count": count, "seconds": seconds}


async def _only_receive(stream: trio.abc.Stream, received: bytes) -> dict[str, Any]:
    await _receive(stream)
    first = last = perf_counter()
    size = 0
    while True:
        with trio.move_on_after(1.0) as patience:
            while True:
                size += len(await stream.receive_some(CHUNK_BYTES))
                last = perf_counter()
        if patience.cancelled_caught:
            break
    await trio.aclose_forcefully(stream)
    return {"bytes": size, "seconds": last - first}


async def _connect(url: str, authority: str | None) -> trio.abc.Stream:
    parts = urlsplit(url)
    assert parts.hostname is not None
    stream = await trio.open_tcp_stream(parts.hostname, parts.port or 0)
    if authority is None:
        return stream
    context = ssl.create_default_context(cafile=authority)
    tls = trio.SSLStream(stream, context, server_hostname=parts.hostname, https_compatible=True)
    await tls.do_handshake()
    return tls


async def _upgrade(stream: trio.abc.Stream) -> bytes:
    """Ask for the WebSocket; returns what came after the answer's head."""
    await stream.send_all(
        b"GET /ws HTTP/1.1\r\nHost: feeder\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += await _receive(stream)
    return head.partition(b"\r\n\r\n")[2]


async def _receive(stream: trio.abc.Stream) -> bytes:
    data = bytes(await stream.receive_some(CHUNK_BYTES))
    if not data:
        raise EOFError("the feeder hung up")
    return data


def _masked(payload: bytes) -> bytes:
    """The payload as a client's text frame; the mask is zeros."""
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload
