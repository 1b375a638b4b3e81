"""Bare: the least that any program in this language on trio must do: receive, cut frames, decode, count.

It uses the engine's own FrameCutter and the adapter's own message types, and nothing else of either. What
it needs in one run and in another says how fast the machine is just now; so the engine is measured as a
share of it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import trio

from livetrio.app.run import freeze_garbage_collector
from livetrio.supervision.frames import FrameCutter
from livetrio.venues.hyperliquid.messages import Frame, ResponseFrame

CHUNK_BYTES = 64 * 1024
PATIENCE = 1.0
"""Seconds of silence after which there is no more: for the loop that does not know what it receives."""

Depth = Literal["receive", "cut", "decode"]

read_frame = msgspec.json.Decoder(Frame).decode


def run(
    *, url: str, kinds: list[str], expected: int, authority: str | None = None, depth: Depth = "decode"
) -> dict[str, Any]:
    """The worker's part: take ``expected`` messages from a feeder; with less depth, only a part of it."""
    if depth == "receive":
        return trio.run(_only_receive, url, kinds)
    return trio.run(_receive_all, url, kinds, expected, authority, read_frame if depth == "decode" else None)


def run_with(take: Callable[[bytes], object], *, url: str, kinds: list[str], expected: int) -> dict[str, Any]:
    """The same, doing something else with each message."""
    return trio.run(_receive_all, url, kinds, expected, None, take)


async def receive_all(url: str, kinds: list[str], take: Callable[[bytes], object]) -> None:
    """Call ``take`` with each message of a feeder, until cancelled."""
    stream, received = await _open(url, kinds, None)
    cutter = FrameCutter(max_message_bytes=2**24)
    try:
        while True:
            for message in cutter.feed(received)[0]:
                take(message)
            received = await _receive(stream)
    finally:
        await trio.aclose_forcefully(stream)


async def _receive_all(
    url: str,
    kinds: list[str],
    expected: int,
    authority: str | None,
    take: Callable[[bytes], object] | None,
) -> dict[str, Any]:
    stream, received = await _open(url, kinds, authority)
    cutter = FrameCutter(max_message_bytes=2**24)
    count, acknowledged = 0, 0
    began = perf_counter(), process_time()
    while True:
        messages, _ = cutter.feed(received)
        if acknowledged < len(kinds):
            # Nothing is sent before everything is acknowledged.
            acknowledgements = [each for each in messages if isinstance(read_frame(each), ResponseFrame)]
            acknowledged += len(acknowledgements)
            messages = messages[len(acknowledgements) :]
            began = perf_counter(), process_time()
        if take is not None:
            for message in messages:
                take(message)
        count += len(messages)
        if count >= expected:
            break
        received = await _receive(stream)
    seconds, cpu_seconds = perf_counter() - began[0], process_time() - began[1]
    await trio.aclose_forcefully(stream)
    return {"messages": count, "seconds": seconds, "cpu_seconds": cpu_seconds}


async def _only_receive(url: str, kinds: list[str]) -> dict[str, Any]:
    stream, _ = await _open(url, kinds, None)
    await _receive(stream)
    began = ended = process_time()
    while True:
        with trio.move_on_after(PATIENCE) as patience:
            while True:
                await _receive(stream)
                ended = process_time()
        if patience.cancelled_caught:
            break
    await trio.aclose_forcefully(stream)
    return {"cpu_seconds": ended - began}


async def _open(url: str, kinds: list[str], authority: str | None) -> tuple[trio.abc.Stream, bytes]:
    """Connect, upgrade, subscribe; returns the stream and what came after the upgrade's answer."""
    stream = await _connect(url, authority)
    await stream.send_all(
        b"GET /ws HTTP/1.1\r\nHost: feeder\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += await _receive(stream)
    freeze_garbage_collector()
    for kind in kinds:
        text = f'{{"method":"subscribe","subscription":{{"type":"{kind}","coin":"BTC"}}}}'
        await stream.send_all(_masked(text.encode()))
    return stream, head.partition(b"\r\n\r\n")[2]


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


async def _receive(stream: trio.abc.Stream) -> bytes:
    data = bytes(await stream.receive_some(CHUNK_BYTES))
    if not data:
        raise EOFError("the feeder hung up")
    return data


def _masked(payload: bytes) -> bytes:
    """The payload as a client's text frame; the mask is zeros."""
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload
