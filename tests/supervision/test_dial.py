"""Dialing: URLs, and real loopback sockets for what only those can show."""

from __future__ import annotations

import socket
import ssl
import struct
from functools import partial

import pytest
import trio
import trustme

from livetrio.errors import ConnectionFailed, TlsError
from livetrio.supervision.dial import Address, NetworkDial, parse_url

# URLs.


@pytest.mark.parametrize(
    ("url", "address", "target"),
    [
        ("ws://example.com", Address("example.com", 80, tls=False), "/"),
        ("wss://api.example.com/ws?v=1", Address("api.example.com", 443, tls=True), "/ws?v=1"),
        ("http://127.0.0.1:3001/info", Address("127.0.0.1", 3001, tls=False), "/info"),
        ("https://[::1]:8443/?a=b&c", Address("::1", 8443, tls=True), "/?a=b&c"),
        ("WSS://EXAMPLE.com/Path#part", Address("example.com", 443, tls=True), "/Path"),
    ],
)
def test_a_url_says_whom_to_dial_and_what_to_ask_for(url, address, target):
    assert parse_url(url) == (address, target)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com", "begins with one of ws, http, wss, https"),
        ("example.com", "begins with one of"),
        ("", "begins with one of"),
        ("wss:///ws", "names no host"),
        ("wss://example.com:x/", "no valid port"),
        ("wss://example.com:99999/", "no valid port"),
        ("wss://user:secret@example.com/", "no user name or password"),
        ("wss://example.com/a b", "printable ASCII"),
        ("wss://example.com/\r\nX: y", "printable ASCII"),
        ("wss://exämple.com/", "printable ASCII"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_in_words(url, words):
    with pytest.raises(ValueError, match=words) as refusal:
        parse_url(url)

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "netloc", "text"),
    [
        (Address("example.com", 443, tls=True), "example.com", "example.com:443"),
        (Address("example.com", 80, tls=False), "example.com", "example.com:80"),
        (Address("example.com", 443, tls=False), "example.com:443", "example.com:443"),
        (Address("::1", 3001, tls=False), "[::1]:3001", "[::1]:3001"),
    ],
)
def test_an_address_reads_as_a_host_header_and_as_people_write_it(address, netloc, text):
    assert address.netloc == netloc
    assert str(address) == text


# Real sockets. No MockClock here, and no name that would have to be resolved.


async def echo(stream: trio.abc.Stream) -> None:
    async for data in stream:
        await stream.send_all(data)


async def listen_tcp(nursery: trio.Nursery, serve=echo) -> int:
    """Serve on a free port of the loopback; return the port."""
    (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    return listener.socket.getsockname()[1]


async def listen_tls(nursery: trio.Nursery, authority: trustme.CA, *identities: str) -> int:
    """Serve with a certificate for these identities; return the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*identities).configure_cert(context)

    async def serve(transport: trio.SocketStream) -> None:
        stream = trio.SSLStream(transport, context, server_side=True, https_compatible=True)
        try:
            await echo(stream)
        except trio.BrokenResourceError:
            pass  # the client did not like the certificate

    return await listen_tcp(nursery, serve)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority) -> ssl.SSLContext:
    """What a client has that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_tcp_is_dialed_without_delay_for_small_messages(nursery):
    port = await listen_tcp(nursery)

    stream = await NetworkDial()(Address("127.0.0.1", port, tls=False))

    async with stream:
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"
        assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_tls_is_done_when_dialing_returns(nursery, authority, trusting):
    port = await listen_tls(nursery, authority, "127.0.0.1")

    stream = await NetworkDial(trusting)(Address("127.0.0.1", port, tls=True))

    async with stream:
        assert stream.cipher() is not None
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"


async def test_a_certificate_for_another_name_is_refused(nursery, authority, trusting):
    port = await listen_tls(nursery, authority, "other.example")

    with pytest.raises(TlsError, match=rf"certificate of 127\.0\.0\.1:{port} does not verify: .*mismatch"):
        await NetworkDial(trusting)(Address("127.0.0.1", port, tls=True))


async def test_without_a_context_the_systems_store_decides_and_knows_no_stranger(nursery, authority):
    port = await listen_tls(nursery, authority, "127.0.0.1")
    dial = NetworkDial()

    for _ in range(2):
        with pytest.raises(TlsError, match="does not verify: unable to get local issuer certificate"):
            await dial(Address("127.0.0.1", port, tls=True))


async def test_a_server_that_speaks_no_tls_is_a_tls_error(nursery):
    async def shout(stream: trio.abc.Stream) -> None:
        await stream.send_all(b"220 smtp.example.com ready\r\n" * 10)
        async for _ in stream:
            pass

    port = await listen_tcp(nursery, shout)

    with pytest.raises(TlsError, match=rf"TLS handshake with 127\.0\.0\.1:{port} failed: .*VERSION"):
        await NetworkDial()(Address("127.0.0.1", port, tls=True))


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_server_that_hangs_up_during_the_handshake_is_a_failed_connection(nursery, abruptly):
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        if abruptly:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    port = await listen_tcp(nursery, hang_up)

    with pytest.raises(
        ConnectionFailed, match=rf"handshake.* 127\.0\.0\.1:{port}|127\.0\.0\.1:{port} hung up"
    ):
        await NetworkDial()(Address("127.0.0.1", port, tls=True))


async def test_a_handshake_that_is_given_up_leaves_no_connection_behind(nursery):
    ended = trio.Event()

    async def stall(stream: trio.abc.Stream) -> None:
        async for _ in stream:
            pass
        ended.set()

    port = await listen_tcp(nursery, stall)

    with trio.move_on_after(0.05) as scope:
        await NetworkDial()(Address("127.0.0.1", port, tls=True))

    assert scope.cancelled_caught
    with trio.fail_after(5):
        await ended.wait()


async def test_a_port_that_nobody_listens_on_is_a_failed_connection():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(
        ConnectionFailed, match=rf"^127\.0\.0\.1:{port} does not accept connections: Connection refused$"
    ):
        await NetworkDial()(Address("127.0.0.1", port, tls=False))


class Resolver(trio.abc.HostnameResolver):
    """Knows nobody, or knows everybody at two addresses where nobody listens."""

    def __init__(self, port: int | None = None) -> None:
        self._port = port

    async def getaddrinfo(self, *_args: object, **_options: object) -> list[tuple[object, ...]]:
        if self._port is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, self._port))
            for host in ("127.0.0.1", "127.0.0.2")
        ]

    async def getnameinfo(self, *_args: object) -> tuple[str, str]:
        raise NotImplementedError


async def test_a_name_that_does_not_resolve_is_a_failed_connection():
    trio.socket.set_custom_hostname_resolver(Resolver())

    with pytest.raises(
        ConnectionFailed, match=r"^no\.such\.host does not resolve: Name or service not known$"
    ):
        await NetworkDial()(Address("no.such.host", 443, tls=True))


async def test_a_name_that_cannot_be_one_does_not_resolve():
    with pytest.raises(ConnectionFailed, match=r"does not resolve: .*too long"):
        await NetworkDial()(Address("a" * 64 + ".example", 443, tls=True))


async def test_the_reasons_of_all_addresses_are_told_once_each():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    trio.socket.set_custom_hostname_resolver(Resolver(port))

    with pytest.raises(
        ConnectionFailed, match=r"^api\.example\.com:443 does not accept connections: Connection refused$"
    ):
        await NetworkDial()(Address("api.example.com", 443, tls=True))
