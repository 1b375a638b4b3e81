"""Network: the way to a venue: names, connections, TLS, latency, clocks, WebSockets."""

from __future__ import annotations

import math
import ssl
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import attrs
import trio

from livetrio.app.doctor.check import FAILED, OK, WARNING, Check
from livetrio.clock import NANOSECONDS, Clock
from livetrio.durations import format_delay
from livetrio.errors import ConnectionFailed, ConnectionLost, FrameError, HttpError, TlsError
from livetrio.supervision.dial import Address, Dial
from livetrio.supervision.http import HttpAnswer, HttpClient
from livetrio.supervision.nursery import lone_leaf
from livetrio.supervision.policy import ConnectionPolicy
from livetrio.supervision.upstream import Upstream
from livetrio.supervision.websocket import WebSocket, open_websocket
from livetrio.venues.trading import Question, TradingVenue

PATIENCE = 10.0
"""Seconds for one thing."""

REQUESTS = 5
"""That are timed."""

SLOW = 0.5
"""Seconds there and back that are many."""

SKEWED = 1.0
"""Seconds between two clocks that are worth a word; computers with NTP differ by some milliseconds."""

SOON = 14 * 86_400
"""Seconds: a certificate that ends within them should have been renewed."""


STATUS_PAGE = "see the venue's status page; does a proxy stand in between?"

_SHUT_OUT = "whoever answers there does not know this machine: are the venue's headers set, and right?"

ADVICE: Mapping[int | None, str] = {
    401: _SHUT_OUT,
    403: _SHUT_OUT,
    429: "too much is asked from this machine, by all its programs together: wait a minute, and try again",
}
"""By HTTP's status."""


async def check_name(address: Address) -> Check:
    """Whether the name resolves, and to what."""
    begun = trio.current_time()
    with trio.move_on_after(PATIENCE):
        try:
            found = await trio.socket.getaddrinfo(address.host, address.port, type=trio.socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            words = f"{address.host} does not resolve: {getattr(error, 'strerror', None) or error}"
            return Check("dns", FAILED, words, "is the name right, and the network up? see /etc/resolv.conf")
        numbers = ", ".join(dict.fromkeys(str(each[4][0]) for each in found))
        return Check(
            "dns", OK, f"{address.host} is {numbers}, found in {format_delay(trio.current_time() - begun)}"
        )
    return Check("dns", FAILED, f"{address.host} is not found in {PATIENCE:g} s", "see /etc/resolv.conf")


async def check_way(address: Address, dial: Dial, clock: Clock) -> Sequence[Check]:
    """Whether it can be connected to, and how well that is protected."""
    begun = trio.current_time()
    with trio.move_on_after(PATIENCE):
        try:
            stream = await dial(address)
        except TlsError as error:
            advice = "is this machine's clock right, and ca-certificates up to date? is somebody in between?"
            return [Check("tls", FAILED, str(error), advice)]
        except ConnectionFailed as error:
            return [Check("tcp", FAILED, str(error), "is the address right, and does a firewall let it out?")]
        took = trio.current_time() - begun
        found = _look_at_tls(stream, clock)
        await trio.aclose_forcefully(stream)
        return [
            Check("tcp", OK, f"{address} accepts connections, in {format_delay(took)} with all handshakes"),
            *found,
        ]
    return [Check("tcp", FAILED, f"{address} says nothing in {PATIENCE:g} s", "does a firewall let it out?")]


def _look_at_tls(stream: trio.abc.Stream, clock: Clock) -> Iterator[Check]:
    if not isinstance(stream, trio.SSLStream):
        return
    version: str = stream.version() or "?"
    certificate: dict[str, Any] = stream.getpeercert() or {}
    if "notAfter" not in certificate:
        yield Check("tls", OK, f"{version}; the certificate says no end")
        return
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    left = end - clock.now() / NANOSECONDS
    found = f"{version}; the certificate is good until {datetime.fromtimestamp(end, UTC):%Y-%m-%d}"
    if left < SOON:
        yield Check("tls", WARNING, f"{found}, {left / 86_400:.1f} days", "the venue has to renew it")
    else:
        yield Check("tls", OK, found)


# Questions that are timed.


@attrs.frozen
class Sample:
    """An answer, and what it tells of the clocks."""

    round_trip: float
    """Seconds."""
    offset: float | None
    """Seconds that the venue's clock is ahead of ours, give or take half the round trip; None: not told."""
    date_offset: float | None
    """The same by the ``Date`` of HTTP, as little as it must be: it has whole seconds."""


async def check_answers(
    venue: TradingVenue, http: HttpClient, clock: Clock, expire: float
) -> Sequence[Check]:
    """How fast it answers, and how its clock stands to ours; ``expire``: seconds that an order may take."""
    samples: list[Sample] = []
    with trio.move_on_after(PATIENCE) as limit:
        try:
            for _ in range(REQUESTS):
                samples.append(await _ask(venue, http, clock))  # noqa: PERF401  # those that came are counted
        except (HttpError, FrameError) as error:
            otherwise = "is the address that of the venue's API? see its status page"
            return [Check("latency", FAILED, str(error), advise(error, otherwise))]
    if limit.cancelled_caught:
        found = f"{len(samples)} answers to {REQUESTS} requests in {PATIENCE:g} s"
        return [Check("latency", FAILED, found, "see the venue's status page, and this machine's network")]
    return [_check_latency([each.round_trip for each in samples]), _check_clock(samples, expire)]


def advise(error: HttpError | FrameError, otherwise: str = "see the venue's status page") -> str:
    """What to do about a question that was not answered."""
    status = error.status if isinstance(error, HttpError) else None
    return ADVICE.get(status, otherwise)


async def _ask(venue: TradingVenue, http: HttpClient, clock: Clock) -> Sample:
    question: Question[int] | None = None if venue.trading is None else venue.trading.ask_time()
    request = venue.instrument_requests()[0] if question is None else question.requests[0]
    sent, begun = clock.now(), trio.current_time()
    answer = await http.fetch(request, venue.streams[0].headers)
    took = trio.current_time() - begun
    middle = sent / NANOSECONDS + took / 2
    theirs = None if question is None else question.read([answer.body], clock.now()) / NANOSECONDS - middle
    return Sample(took, theirs, _date_offset(answer, middle))


def _date_offset(answer: HttpAnswer, ours: float) -> float | None:
    try:
        begin = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None
    if begin <= ours < begin + 1:
        return 0.0
    return begin - ours if ours < begin else begin + 1 - ours


def _check_latency(times: Sequence[float]) -> Check:
    median = statistics.median(times)
    found = (
        f"an answer takes {format_delay(min(times))} at best, {format_delay(median)} median of {len(times)}"
    )
    if median > SLOW:
        return Check("latency", WARNING, found, "run nearer to the venue, or on a better line")
    return Check("latency", OK, found)


def _check_clock(samples: Sequence[Sample], expire: float) -> Check:
    best = min(samples, key=lambda each: each.round_trip)
    offset = best.offset if best.offset is not None else best.date_offset
    if offset is None:
        return Check("clock", WARNING, "the venue does not say what time it is", "let NTP keep this clock")
    source = "" if best.offset is not None else ", by its HTTP, in whole seconds"
    differ = max(0.0, abs(offset) - best.round_trip / 2)
    if differ < SKEWED:
        return Check(
            "clock", OK, f"within {format_delay(math.ceil(abs(offset) * 1000) / 1000)} of the venue's{source}"
        )
    found = f"{abs(offset):.1f} s {'behind' if offset > 0 else 'ahead of'} the venue's{source}"
    if best.date_offset is not None and best.offset is not None and abs(best.date_offset - offset) > 2:
        found += f" (its HTTP says {abs(best.date_offset):.0f} s)"
    advice = "set this machine's clock, and let NTP keep it (timedatectl set-ntp true)"
    if differ > expire / 2:
        return Check("clock", FAILED, f"{found}; orders expire after {expire:g} s", advice)
    return Check("clock", WARNING, found, advice)


# WebSockets.


async def check_stream(name: str, upstream: Upstream, dial: Dial, policy: ConnectionPolicy) -> Check:
    """Whether a WebSocket opens as a run opens it, and something comes by it."""
    name = f"ws {name}"
    came = trio.Event()
    begun = trio.current_time()
    words = ""
    failure: BaseExceptionGroup[BaseException] | None = None
    try:
        async with (
            open_websocket(
                upstream.url,
                dial=dial,
                on_messages=lambda _: came.set(),
                headers=upstream.headers,
                max_message_bytes=policy.max_message_bytes,
                connect_timeout=policy.connect_timeout,
            ) as websocket,
            trio.open_nursery() as nursery,
        ):
            up = trio.current_time()
            nursery.start_soon(websocket.wait_closed)
            with trio.move_on_after(PATIENCE):
                what = await _wait_for_life(websocket, upstream, came)
                opened, waited = format_delay(up - begun), format_delay(trio.current_time() - up)
                words = f"opens in {opened}, {what} comes {waited} later"
            nursery.cancel_scope.cancel("it is known how it is")
    except* (ConnectionFailed, ConnectionLost) as group:
        failure = group
    if failure is not None:
        return Check(name, FAILED, str(lone_leaf(failure)), STATUS_PAGE)
    if not words:
        return Check(name, FAILED, f"nothing came by it in {PATIENCE:g} s", STATUS_PAGE)
    return Check(name, OK, words)


async def _wait_for_life(websocket: WebSocket, upstream: Upstream, came: trio.Event) -> str:
    """Say what a session begins with, and wait for an answer; what it was."""
    for message in upstream.subscriptions:
        await websocket.send(message)
    heartbeat = upstream.open_codec(1).heartbeat()
    if heartbeat is None:
        await websocket.ping()
        return "the answer to a ping"
    await websocket.send(heartbeat)
    await came.wait()
    return "the first message"
