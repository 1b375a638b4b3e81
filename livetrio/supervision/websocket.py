"""open_websocket: one WebSocket session, with the fast lane for what arrives.

trio-websocket opens the session, answers pings and closes. It reads from a `FrameLane` of ours, which lies
between it and the transport: complete messages are taken out there and handed to ``on_messages`` in batches,
by a plain call in the task that reads; the library gets the rest (see `frames`). Messages that leave go into
the lane past the library as well: it would mask them byte by byte, and lets all other tasks run before it
sends.

    transport ◄─► FrameLane ◄─► trio-websocket     handshake, control frames, offences
                   ▲  └───────► on_messages        all messages, in order
                   └─────────── send

What is expected to go wrong is raised as one of livetrio's errors and bare: `ConnectionFailed` and its
children until the session is up, `ConnectionLost` and its children afterwards. What the body of the
block or ``on_messages`` raises comes out as it is; only if both raise, they come out together as a group.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import NoReturn, cast

import h11
import trio
import trio_websocket
from wsproto.utilities import RemoteProtocolError

from livetrio.errors import (
    ConnectionFailed,
    ConnectionLost,
    ConnectTimeout,
    WebSocketError,
)
from livetrio.supervision.dial import Address, Dial, parse_url
from livetrio.supervision.lane import FrameLane, OnMessages, handshaking
from livetrio.supervision.nursery import is_cancellation, open_service_nursery
from livetrio.supervision.text_frame import text_frame
from livetrio.version import __version__

CLOSE_TIMEOUT = 2.0
"""Seconds that a polite close may take before the transport is torn down."""

FAILED_CLOSE_TIMEOUT = 0.2
"""… where the block failed: most often of a session that is dead, and the next one is waiting."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""The longest message that is taken, unless the caller says otherwise."""

_MISREAD = (trio.BrokenResourceError, trio.ClosedResourceError)
"""What trio-websocket takes for the network's, whoever raised it."""
_UNSPOKEN_VERDICTS = (1002, 1007)
"""Close codes of an offence which trio-websocket notes without telling the far side; we tell it."""


@asynccontextmanager
async def open_websocket(
    url: str,
    *,
    dial: Dial,
    on_messages: OnMessages,
    headers: Mapping[str, str] | None = None,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    connect_timeout: float = 10.0,
) -> AsyncIterator[WebSocket]:
    """Dial, do the handshake, and hold the session while the block runs.

    ``on_messages`` may be called as soon as the handshake is done, even before the block begins, and is
    not called once it has been left. Leaving closes politely, for at most `CLOSE_TIMEOUT` seconds even
    if cancelled (`FAILED_CLOSE_TIMEOUT` after an error); then the transport is torn down, whatever the
    far side does.

    Args:
      url: of a WebSocket, ``ws://`` or ``wss://``.
      headers: sent with the upgrade.
      max_message_bytes: a longer message ends the session with close code 1009.
      connect_timeout: seconds for dialing, TLS and the upgrade together. A parameter, against the house
        rule: a caller's cancel scope could not end where connecting does.

    Raises:
      ConnectionFailed: no session came about (`ConnectTimeout`, `TlsError`, `HandshakeRefused`).
      ValueError: the URL makes no sense.
    """
    address, target = parse_url(url)
    deadline = trio.current_time() + connect_timeout
    with _connecting(address, deadline):
        transport = await dial(address)
    lane = FrameLane(transport, on_messages, address, max_message_bytes=max_message_bytes)
    error: BaseException | None = None
    try:
        # The reader is a service: a session cancelled from outside can still say goodbye.
        async with open_service_nursery() as nursery:
            with _connecting(address, deadline):
                connection = await trio_websocket.wrap_client_stream(
                    cast("trio.Nursery", nursery),  # its start_soon is all that is used
                    cast("trio.SocketStream", lane),  # any stream will do
                    address.netloc,
                    target,
                    extra_headers=_encode_headers(headers),
                    max_message_size=max_message_bytes,
                    receive_buffer_size=None,
                )
            websocket = WebSocket(connection, lane, address)
            nursery.start_soon(websocket._listen)
            patience = CLOSE_TIMEOUT
            try:
                yield websocket
            except BaseException as exc:
                if not is_cancellation(exc):
                    patience = FAILED_CLOSE_TIMEOUT
                raise
            finally:
                with trio.move_on_after(patience, shield=True):
                    await websocket._close()
    except BaseExceptionGroup as group:
        _, errors = group.split(trio.Cancelled)  # an error goes before a cancellation
        if errors is None or len(errors.exceptions) > 1:
            raise
        error = errors.exceptions[0]
    finally:
        # At once, and shielded: a cancellation from outside must not take an error's place here.
        with trio.move_on_after(0, shield=True):
            await transport.aclose()
    if error is not None:
        _raise(error, address)  # outside the handler, so that the group does not become its context


class WebSocket:
    """A session that is up. Made by `open_websocket`; any task may use it."""

    def __init__(
        self, connection: trio_websocket.WebSocketConnection, lane: FrameLane, address: Address
    ) -> None:
        self._connection = connection
        self._lane = lane
        self._address = address
        self._ended = trio.Event()
        self._pings = 0
        self._pinging: set[trio.CancelScope] = set()

    async def send(self, message: bytes | str) -> None:
        """Send a text message; bytes are taken for UTF-8.

        Cancelled while it waits for the network, it may have sent half a frame; the session cannot send
        any more then and every later call fails.

        Raises:
          ConnectionLost: the session has ended.
        """
        data = message.encode() if isinstance(message, str) else message
        fault: Exception | None = None
        if self._connection.closed is None and not self._lane.close_sent:
            try:
                await self._lane.send_all(text_frame(data))
                return
            except _MISREAD as exc:
                fault = exc
            if not self._lane.close_sent:
                with suppress(trio_websocket.ConnectionClosed):
                    await self._connection.send_message("")  # it finds the lane broken, and ends the session
        raise self._lost() from fault

    async def ping(self) -> None:
        """Send a ping and wait for its pong.

        Raises:
          ConnectionLost: the session has ended, or ended before the pong came.
        """
        self._pings += 1
        # trio-websocket would wait for the pong of a connection that has ended for ever.
        with trio.CancelScope() as scope:
            self._pinging.add(scope)
            try:
                await self._connection.ping(struct.pack("!Q", self._pings))
            except trio_websocket.ConnectionClosed as exc:
                raise self._lost() from exc
            finally:
                self._pinging.discard(scope)
        if scope.cancelled_caught:
            raise self._lost()

    async def wait_closed(self) -> NoReturn:
        """Wait until the session ends.

        Raises:
          WebSocketError: it ended because the far side broke the protocol.
          ConnectionLost: it ended otherwise, a clean close by the server included.
        """
        await self._ended.wait()
        raise self._lost()

    async def _listen(self) -> None:
        """Wait for the end; until then, hand over what the library makes of what the lane left to it."""
        while (message := await self._next_message()) is not None:
            self._lane.hand_over([message])
        failure = self._lane.failure
        if failure is None:
            self._ended.set()
            for scope in self._pinging:
                scope.cancel()
        elif isinstance(failure, _MISREAD):
            raise failure  # any other comes out of the library's reader

    async def _next_message(self) -> bytes | None:
        try:
            message = await self._connection.get_message()
        except trio_websocket.ConnectionClosed:
            return None
        return message.encode() if isinstance(message, str) else message

    async def _close(self) -> None:
        """Say goodbye, if there is anyone to say it to."""
        self._lane.handing_over = False
        if self._lane.failure is not None:
            return  # nobody reads any more
        verdict = self._connection.closed
        if verdict is not None and verdict.code in _UNSPOKEN_VERDICTS and not self._lane.close_sent:
            await self._lane.send_close(verdict.code, verdict.reason)
        await self._connection.aclose()

    def _lost(self) -> ConnectionLost:
        """Why the session ended, in words."""
        end, lane = self._connection.closed, self._lane
        offence = lane.offence
        if end is not None and end.code in _UNSPOKEN_VERDICTS and not lane.close_sent:
            offence = offence or end.reason
        if offence is not None:
            return WebSocketError(f"{self._address} broke the WebSocket protocol: {offence}")
        if end is None or end.code == 1006:
            return ConnectionLost(f"the connection to {self._address} broke off")
        if not lane.handing_over:
            return ConnectionLost(f"the connection to {self._address} was closed here")
        words = f"{end.code} {end.name}" + (f", {end.reason!r}" if end.reason else "")
        return ConnectionLost(f"{self._address} closed the connection: {words}")

    def __repr__(self) -> str:
        return f"<WebSocket {self._address} {'ended' if self._ended.is_set() else 'open'}>"


@contextmanager
def _connecting(address: Address, deadline: float) -> Iterator[None]:
    try:
        with trio.fail_at(deadline), handshaking(address):
            yield
    except trio.TooSlowError as exc:
        raise ConnectTimeout(f"{address} did not answer in time") from exc


def _raise(error: BaseException, address: Address) -> NoReturn:
    """Raise what came out of the session, in our words if it is the library's."""
    fault: BaseException | None = error if isinstance(error, h11.LocalProtocolError) else None
    while fault is not None and not isinstance(fault, RemoteProtocolError):
        fault = fault.__context__  # it found fault with the upgrade, and then in itself when it said so
    if fault is not None:
        raise ConnectionFailed(f"{address} did not accept the upgrade as it should: {fault}") from fault
    raise error


def _encode_headers(headers: Mapping[str, str] | None) -> list[tuple[bytes, bytes]]:
    given = dict(headers or {})
    if not any(name.lower() == "user-agent" for name in given):
        given["User-Agent"] = f"livetrio/{__version__}"
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in given.items()]
