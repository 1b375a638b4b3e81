"""HttpClient: asks venues over HTTP, through the same dialing seam as everything else.

httpcore2 speaks the protocol and keeps connections for reuse; its network is replaced by our `Dial`, so
that requests run in virtual time on in-memory streams as they do on sockets. An answer is a 200 or an
`HttpError`; there are no retries and no redirects, because only the caller knows whether asking twice
does something twice.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import attrs
import httpcore2
import trio

from livetrio.errors import ConnectionFailed, HttpError
from livetrio.supervision.dial import Address, Dial, parse_url
from livetrio.venues.base import HttpRequest
from livetrio.version import __version__

MAX_BODY_BYTES = 16 * 2**20
"""The longest answer that is read."""

MAX_CONNECTIONS = 10
"""At once, for each of http and https; a further request waits until one is free."""

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept for reuse: less than any usual server's patience (5 s), so that
a request is hardly ever sent into a connection that the server is closing."""

_NETWORK_ERRORS = (
    ConnectionFailed,
    httpcore2.NetworkError,
    httpcore2.RemoteProtocolError,
    OSError,
    trio.BrokenResourceError,
)


@attrs.frozen
class HttpAnswer:
    """What a server answered."""

    body: bytes
    headers: Mapping[str, str]
    """Names in lower case; of repeated ones the last."""


class HttpClient:
    """POSTs JSON. Used with ``async with``, or closed with `aclose`."""

    def __init__(self, dial: Dial) -> None:
        self._pools = {tls: _open_pool(dial, tls=tls) for tls in (False, True)}

    async def post(self, request: HttpRequest, headers: Mapping[str, str] | None = None) -> bytes:
        """Send a request and return the body of the answer, which was a 200; see `fetch`."""
        return (await self.fetch(request, headers)).body

    async def fetch(self, request: HttpRequest, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Send a request and return the answer, which was a 200.

        The deadline is the caller's. If it passes, or if the error has no status, the server may or may
        not have done what was asked.

        Raises:
          HttpError: the answer had another status, was too long, or did not come.
          ValueError: the URL makes no sense.
        """
        address, _ = parse_url(request.url)
        given = {
            "Content-Type": "application/json",
            "User-Agent": f"livetrio/{__version__}",
            **(headers or {}),
        }
        try:
            async with self._pools[address.tls].stream(
                "POST", request.url, headers=list(given.items()), content=request.body
            ) as response:
                body = await _read(response, request.url)
        except _NETWORK_ERRORS as exc:
            raise HttpError(f"POST {request.url}: no answer, {_reason(exc)}") from exc
        if response.status != 200:
            text = body[:200].decode("utf-8", "backslashreplace").strip()
            words = f"POST {request.url}: status {response.status}" + (f", {text}" if text else "")
            raise HttpError(words, status=response.status)
        told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return HttpAnswer(body, told)

    async def aclose(self) -> None:
        """Close what connections are kept."""
        for pool in self._pools.values():
            await pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


async def _read(response: httpcore2.Response, url: str) -> bytes:
    body = bytearray()
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HttpError(
                    f"POST {url}: the answer is longer than {MAX_BODY_BYTES} bytes", status=response.status
                )
    return bytes(body)


def _reason(exc: BaseException) -> str:
    return str(exc) or str(exc.__cause__ or "") or type(exc).__name__


def _open_pool(dial: Dial, *, tls: bool) -> httpcore2.AsyncConnectionPool:
    return httpcore2.AsyncConnectionPool(
        ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # not used: TLS is the dial's
        max_connections=MAX_CONNECTIONS,
        network_backend=_Network(dial, tls=tls),
    )


class _Network(httpcore2.AsyncNetworkBackend):
    """What httpcore2 takes for TCP. It asks for TLS afterwards, when our dial has done it already."""

    def __init__(self, dial: Dial, *, tls: bool) -> None:
        self._dial = dial
        self._tls = tls

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore2's interface; we never set one
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return _Stream(await self._dial(Address(host, port, self._tls)))


class _Stream(httpcore2.AsyncNetworkStream):
    """A dialed stream as httpcore2 wants it."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._last_used = trio.current_time()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        try:
            data = await self._stream.receive_some(max_bytes)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise httpcore2.ReadError("the connection broke off") from exc
        self._last_used = trio.current_time()
        return bytes(data)  # in-memory streams give bytearrays

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            # httpcore2 goes on to read after this one: the server may have answered before it hung up.
            raise httpcore2.WriteError("the connection broke off") from exc
        self._last_used = trio.current_time()

    async def aclose(self) -> None:
        # At once: httpcore2 shields its closing, and sets no limit to it.
        await trio.aclose_forcefully(self._stream)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        """Answer the one question that matters: is this idle connection past use?

        An idle one that can be read from has been closed by the server (httpcore2 asks for that), and one
        that has been idle for long may be any moment. By trio's clock: httpcore2's own expiry is not.
        """
        if info != "is_readable":
            return None
        return trio.current_time() - self._last_used > KEEP_ALIVE or _is_readable(self._stream)


def _is_readable(stream: trio.abc.Stream) -> bool:
    while isinstance(stream, trio.SSLStream):
        stream = stream.transport_stream
    return isinstance(stream, trio.SocketStream) and stream.socket.is_readable()
