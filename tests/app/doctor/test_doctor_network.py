"""The way to a venue, by real sockets, for what only those can show; and what times mean."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import trio
import trustme

from livetrio.app.doctor.check import Verdict
from livetrio.app.doctor.network import Sample, _check_clock, _date_offset, check_name, check_way
from livetrio.clock import Clock
from livetrio.supervision.dial import Address, NetworkDial
from livetrio.supervision.http import HttpAnswer

OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


async def listen(nursery, authority, **options):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", **options).configure_cert(context)

    async def serve(transport):
        stream = trio.SSLStream(transport, context, server_side=True, https_compatible=True)
        try:
            await stream.receive_some()
        except trio.BrokenResourceError:
            pass  # the client did not like the certificate

    (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    return Address("127.0.0.1", listener.socket.getsockname()[1], tls=True)


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return NetworkDial(context)


async def test_tls_is_told_with_its_version_and_the_certificates_end(nursery, authority):
    end = datetime.now(UTC) + timedelta(days=90)
    address = await listen(nursery, authority, not_after=end)
    tcp, tls = await check_way(address, trusting(authority), Clock.live())

    assert (tcp.verdict, tls.verdict) == (OK, OK)
    assert tls.found == f"TLSv1.3; the certificate is good until {end:%Y-%m-%d}"


async def test_a_certificate_that_ends_soon_is_told_before(nursery, authority):
    address = await listen(nursery, authority, not_after=datetime.now(UTC) + timedelta(days=3))
    _, tls = await check_way(address, trusting(authority), Clock.live())

    assert tls.verdict is WARNING
    assert tls.found.endswith("3.0 days")


async def test_a_certificate_that_nobody_vouches_for_fails(nursery, authority):
    [tls] = await check_way(await listen(nursery, authority), NetworkDial(), Clock.live())

    assert (tls.name, tls.verdict) == ("tls", FAILED)
    assert "does not verify" in tls.found


async def test_a_port_that_is_closed_fails():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = Address("127.0.0.1", closed.getsockname()[1], tls=False)
    [tcp] = await check_way(address, NetworkDial(), Clock.live())

    assert (tcp.name, tcp.verdict) == ("tcp", FAILED)
    assert tcp.found == f"{address} does not accept connections: Connection refused"


async def test_a_name_is_told_with_its_numbers_and_one_that_is_none_fails():
    assert (await check_name(Address("127.0.0.1", 80, tls=False))).found.startswith(
        "127.0.0.1 is 127.0.0.1, found"
    )
    check = await check_name(Address("no-such-host.invalid", 80, tls=False))

    assert check.verdict is FAILED
    assert check.found.startswith("no-such-host.invalid does not resolve")


# Clocks.


@pytest.mark.parametrize(
    ("date", "ours", "offset"),
    [
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.0, 0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.9, 0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 97.5, 2.5),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 105.0, -4),
        ("yesterday", 105.0, None),
        (None, 105.0, None),
    ],
)
def test_the_date_of_http_has_whole_seconds_and_says_no_more_than_it_knows(date, ours, offset):
    assert _date_offset(HttpAnswer(b"", {} if date is None else {"date": date}), ours) == offset


def test_the_fastest_answer_knows_best():
    check = _check_clock([Sample(6.0, -3.0, 0.0), Sample(0.01, 0.002, 0.0)], 10)

    assert check.verdict is OK
    assert check.found == "within 2.0 ms of the venue's"


def test_half_of_a_slow_answer_is_not_taken_for_a_clock_that_is_off():
    assert _check_clock([Sample(6.0, 2.9, None)], 10).verdict is OK


def test_where_the_venue_tells_no_time_its_http_does_and_otherwise_nobody():
    assert _check_clock([Sample(0.1, None, 7.0)], 10).found == (
        "7.0 s behind the venue's, by its HTTP, in whole seconds; orders expire after 10 s"
    )
    assert _check_clock([Sample(0.1, None, None)], 10).verdict is WARNING


def test_two_clocks_of_a_venue_that_disagree_are_both_told():
    assert "(its HTTP says 0 s)" in _check_clock([Sample(0.1, 9.0, 0.0)], 10).found
