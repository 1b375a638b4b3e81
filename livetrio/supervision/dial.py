"""Dialing: the seam between the engine and the network.

Whoever wants a connection is given a `Dial` and knows no more of the network than that. Live it is
`NetworkDial`, TCP and TLS; in a simulation it is a function that returns one end of an in-memory pair.
So the whole engine runs without a socket, a thread or a name to resolve, which is what makes virtual
time exact.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Awaitable, Callable
from socket import gaierror
from urllib.parse import urlsplit

import attrs
import trio

from livetrio.errors import ConnectionFailed, TlsError

_DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_TLS_SCHEMES = ("wss", "https")


@attrs.frozen
class Address:
    """Whom to dial."""

    host: str
    port: int
    tls: bool

    @property
    def netloc(self) -> str:
        """As a ``Host`` header names it: without the port if that is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Dial = Callable[[Address], Awaitable[trio.abc.Stream]]
"""Connects: TCP and, if the address says so, TLS, both handshakes done. The deadline is the caller's.

Raises `ConnectionFailed` (`TlsError`) in words.
"""


def parse_url(url: str) -> tuple[Address, str]:
    """The address and the target (path and query) of a ws, wss, http or https URL.

    Raises:
      ValueError: it is none of these; the message says why.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"a URL has printable ASCII characters only, found {url!r}")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"a URL begins with one of {', '.join(_DEFAULT_PORTS)}, found {url!r}")
    if not parts.hostname:
        raise ValueError(f"the URL {url!r} names no host")
    if "@" in parts.netloc:
        raise ValueError(f"a URL holds no user name or password here, found one for {parts.hostname!r}")
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"the URL {url!r} has no valid port") from None
    address = Address(parts.hostname, port or _DEFAULT_PORTS[parts.scheme], parts.scheme in _TLS_SCHEMES)
    return address, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class NetworkDial:
    """Dials the real network. Certificates are always verified, against the system's store."""

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        self._ssl_context = ssl_context

    async def __call__(self, address: Address) -> trio.abc.Stream:
        """Connect.

        Raises:
          ConnectionFailed: the name does not resolve, or nobody accepts.
          TlsError: the certificate does not verify, or the handshake failed otherwise.
        """
        stream = await _connect(address)
        if not address.tls:
            return stream
        if self._ssl_context is None:
            self._ssl_context = _default_ssl_context()
        try:
            return await _start_tls(stream, self._ssl_context, address.host)
        except trio.BrokenResourceError as exc:
            raise _tls_failure(exc, address) from exc


def _default_ssl_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _connect(address: Address) -> trio.SocketStream:
    try:
        return await trio.open_tcp_stream(address.host, address.port)
    except (gaierror, UnicodeError) as exc:
        raise ConnectionFailed(f"{address.host} does not resolve: {_reason(exc)}") from exc
    except OSError as exc:
        raise ConnectionFailed(f"{address} does not accept connections: {_reason(exc)}") from exc


async def _start_tls(
    transport: trio.SocketStream, context: ssl.SSLContext, host: str
) -> trio.SSLStream[trio.SocketStream]:
    stream = trio.SSLStream(transport, context, server_hostname=host, https_compatible=True)
    try:
        await stream.do_handshake()
    except BaseException:
        with trio.move_on_after(0, shield=True):
            await transport.aclose()
        raise
    return stream


def _tls_failure(exc: trio.BrokenResourceError, address: Address) -> ConnectionFailed:
    """Why a TLS handshake broke off; trio keeps that in the cause."""
    cause = exc.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return TlsError(f"the certificate of {address} does not verify: {cause.verify_message}")
    if isinstance(cause, ssl.SSLError):
        return TlsError(f"the TLS handshake with {address} failed: {cause.reason or _reason(cause)}")
    return ConnectionFailed(f"{address} hung up during the TLS handshake: {_reason(cause or exc)}")


def _reason(exc: BaseException) -> str:
    """The reason in words; trio tries several addresses and keeps their reasons in a group."""
    if isinstance(exc.__cause__, ExceptionGroup):
        return ", ".join(dict.fromkeys(_reason(each) for each in exc.__cause__.exceptions))
    if isinstance(exc, OSError) and exc.errno and not isinstance(exc, gaierror | ssl.SSLError):
        return os.strerror(exc.errno)  # trio puts the address before its own
    return (isinstance(exc, OSError) and exc.strerror) or str(exc) or type(exc).__name__
