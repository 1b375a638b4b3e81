"""Connection: one WebSocket kept up for as long as the engine runs.

A connection is a loop over sessions. Each has a nursery of its own, in which reader, subscriptions,
heartbeat and liveness live and with which they all end; nothing of one session reaches into the next.

    DISCONNECTED → CONNECTING → CONNECTED → RECONNECTING → CONNECTING → …
                                                         ↘ FAILED (given up)

Whatever `TRANSIENT` names ends a session and leads to another after a growing delay; anything else (a
bug of ours, say) is not survived here but ends the engine in order. The delay starts afresh only after a
session that truly worked: one that brought data and outlived the delay before it. So a venue that
accepts and drops us at once is not called every second.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
import trio

from livetrio.bus import MessageBus
from livetrio.clock import Clock
from livetrio.errors import (
    ConnectionFailed,
    ConnectionLost,
    FrameError,
    HandshakeRefused,
    HttpError,
    MaxReconnectAttempts,
    NotRunning,
)
from livetrio.model import ConnectionEvent, ConnectionState, Feed, FeedEvent, FeedState
from livetrio.supervision.announce import announce
from livetrio.supervision.backoff import Backoff
from livetrio.supervision.dial import Dial
from livetrio.supervision.heartbeat import run_heartbeat
from livetrio.supervision.interval import Interval
from livetrio.supervision.liveness import Liveness
from livetrio.supervision.policy import ConnectionPolicy
from livetrio.supervision.session import Receiver, Session
from livetrio.supervision.status import ConnectionStatus
from livetrio.supervision.totals import Totals
from livetrio.supervision.upstream import Upstream
from livetrio.supervision.wanted_feeds import WantedFeeds
from livetrio.supervision.websocket import WebSocket, open_websocket
from livetrio.topics import FEED
from livetrio.venues.base import VenueNotice

log = structlog.get_logger()

TRANSIENT = (ConnectionFailed, ConnectionLost, HttpError, FrameError)
"""What ends a session and is answered by another: the network's faults and the venue's, none of ours."""

MAX_RETRY_AFTER = 3600.0
"""Seconds: the longest that a venue's Retry-After is obeyed."""


class Connection:
    """One supervised WebSocket. `run` is its life; everything else may be called while it runs."""

    def __init__(
        self,
        *,
        name: str,
        upstream: Upstream,
        policy: ConnectionPolicy,
        receive: Receiver,
        receive_other: Receiver = lambda _event: False,
        last_update: Callable[[Feed], int | None],
        bus: MessageBus,
        clock: Clock,
        dial: Dial,
        heartbeat: Interval,
        rng: random.Random | None = None,
        on_state: Callable[[ConnectionEvent], None] = lambda _event: None,
        serve: Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[None]] | None = None,
    ) -> None:
        """``serve``: run in each session that is up, with what sends by it, and cancelled at the session's
        end; what it raises of `TRANSIENT` ends the session."""
        self.name = name
        self.upstream = upstream
        self.state = ConnectionState.DISCONNECTED
        self.generation = 0
        self.settled = trio.Event()
        """Set once the first attempt has succeeded or failed."""
        self.last_error: str | None = None
        self._cause: str | None = None
        """Why the session ended that was the last to; None if we ended it ourselves."""
        self._policy = policy
        self._receive = receive
        self._receive_other = receive_other
        self._last_update = last_update
        self._bus = bus
        self._clock = clock
        self._dial = dial
        self._heartbeat = heartbeat
        self._on_state = on_state
        self._serve = serve
        self._backoff = Backoff(
            policy.reconnect_base, policy.reconnect_max, jitter=policy.reconnect_jitter, rng=rng
        )
        self._wanted = WantedFeeds()
        self._stale_feeds: dict[Feed, int] = {}
        self._faults: Counter[str] = Counter()
        self._session: Session | None = None
        self._socket: WebSocket | None = None
        self._scope: trio.CancelScope | None = None
        self._restarting = False
        self._stopping = False
        self._totals = Totals()
        """Of the sessions that have ended; `status` adds the one that is open."""
        self._waited = policy.reconnect_base
        """The delay before the running session; the first came without, which counts as the shortest."""

    # Its life.

    async def run(self) -> None:
        """Keep the connection up until cancelled, `disconnect`, or given up.

        Given up, its state is FAILED and this returns: whether that matters is for the engine to say.
        """
        try:
            with structlog.contextvars.bound_contextvars(connection=self.name):
                while not self._stopping and await self._attempt():
                    pass
        finally:
            self.settled.set()
            if self.state is not ConnectionState.FAILED:
                self._enter(ConnectionState.DISCONNECTED)

    async def _attempt(self) -> bool:
        """One session and the wait after it; False when there is to be no other."""
        self._enter(ConnectionState.CONNECTING)
        self._cause = None
        retry_after = 0.0
        try:
            with trio.CancelScope() as self._scope:
                await self._run_session()
        except* TRANSIENT as group:
            error = self._note_cause(group)
            if isinstance(error, HandshakeRefused) and error.retry_after is not None:
                retry_after = min(error.retry_after, MAX_RETRY_AFTER)
        finally:
            self._scope = None
        self.settled.set()
        if self._stopping:
            return False
        if self._restarting:
            self._restarting = False
            return True
        return await self._wait_to_reconnect(retry_after)

    async def _run_session(self) -> None:
        policy, upstream = self._policy, self.upstream
        with trio.move_on_after(policy.connect_timeout) as deadline:
            await upstream.prepare()
        if deadline.cancelled_caught:
            limit = f"{policy.connect_timeout:g} s"
            raise ConnectionFailed(f"{upstream.url}: what is asked before a session had no answer in {limit}")
        generation = self.generation + 1
        session = Session(
            connection=self.name,
            generation=generation,
            codec=upstream.open_codec(generation),
            receive=self._receive,
            receive_other=self._receive_other,
            clock=self._clock,
            max_bad_messages=policy.max_bad_messages,
            faults=self._faults,
            on_refused=self._note_refusal,
        )
        timing = self._bus.timing
        async with open_websocket(
            upstream.url,
            dial=self._dial,
            on_messages=session.take if timing is None else timing.timed(self.name, session.take),
            headers=upstream.headers,
            max_message_bytes=policy.max_message_bytes,
            connect_timeout=policy.connect_timeout,
        ) as socket:
            await self._hold_session(socket, session)

    async def _hold_session(self, socket: WebSocket, session: Session) -> None:
        """From its opening to its end. Its goodbye comes after, and is nobody's concern any more.

        It counts as connected once the raw subscriptions are out, so that they come before all else.
        """
        session.open()
        self.generation, self._session = session.generation, session
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run_heartbeat, socket, session, self._heartbeat)
                for message in self.upstream.subscriptions:
                    await socket.send(message)
                self._socket = socket
                self._enter(ConnectionState.CONNECTED)
                self.settled.set()
                nursery.start_soon(self._wanted.keep_subscribed, socket, session)
                nursery.start_soon(self._liveness(session).run)
                if self._serve is not None:
                    nursery.start_soon(self._serve, socket.send)
                await socket.wait_closed()
        except* TRANSIENT as group:
            self._note_cause(group)
            raise
        finally:
            if session.failure is not None:
                self._note_cause(session.failure)
            self._end_session(session)
            self._enter(ConnectionState.DISCONNECTED)

    def _note_cause(self, error: BaseException) -> BaseException:
        """Keep what ended the session; of a group its first, the others are its consequences."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self.last_error = self._cause = str(error)
        return error

    def _liveness(self, session: Session) -> Liveness:
        return Liveness(
            session=session,
            max_silence=self.upstream.max_silence,
            last_update=self._last_update,
            stale=self._stale_feeds,
            subscribe_timeout=self._policy.subscribe_timeout,
            bus=self._bus,
            clock=self._clock,
        )

    def _end_session(self, session: Session) -> None:
        """Nothing is applied from here on; what the session did is added to what the others did."""
        session.close()
        self._session = self._socket = None
        now = trio.current_time()
        self._totals = self._totals.plus(session, now)
        if self._has_worked(session) and now - session.opened >= self._waited:
            self._backoff.reset()

    def _has_worked(self, session: Session) -> bool:
        """Whether the session brought anything of use."""
        if not session.requested:
            return session.messages > 0 or session.latency is not None
        opened = self._clock.at(session.opened)
        updates = (self._last_update(feed) for feed in session.requested)
        return any(update is not None and update >= opened for update in updates)

    async def _wait_to_reconnect(self, retry_after: float) -> bool:
        policy = self._policy
        if not policy.auto_reconnect:
            return self._give_up(f"{self.last_error}; auto_reconnect is off")
        if policy.max_reconnect_attempts and self._backoff.attempts >= policy.max_reconnect_attempts:
            return self._give_up(f"{self.last_error}; given up after {self._backoff.attempts} attempts")
        self._waited = self._backoff.next_delay()
        delay = max(self._waited, retry_after)
        with trio.CancelScope() as self._scope:
            self._enter(ConnectionState.RECONNECTING, attempt=self._backoff.attempts, delay=delay)
            await trio.sleep(delay)
        self._scope = None
        self._restarting = False
        return not self._stopping

    def _give_up(self, reason: str) -> bool:
        self.last_error = self._cause = reason
        self._enter(ConnectionState.FAILED)
        return False

    def _enter(self, state: ConnectionState, *, attempt: int = 0, delay: float = 0.0) -> None:
        was, self.state = self.state, state
        if state is ConnectionState.DISCONNECTED and was is not ConnectionState.CONNECTED:
            return  # it was not up, so that it is down is no news
        reason = None if state in (ConnectionState.CONNECTING, ConnectionState.CONNECTED) else self._cause
        event = ConnectionEvent(
            connection=self.name,
            endpoint=self.upstream.url,
            state=state,
            generation=self.generation,
            timestamp=self._clock.now(),
            attempt=attempt,
            delay=delay,
            reason=reason,
        )
        self._on_state(event)
        announce(event, self._bus)

    def _note_refusal(self, notice: VenueNotice) -> None:
        kind = "refused" if notice.feed is not None else "notice"
        self._faults[kind] += 1
        if self._faults[kind] <= 10:
            log.warning("the venue refuses", text=notice.text)
        if notice.feed is not None:
            self._bus.publish(
                FEED,
                FeedEvent(
                    feed=notice.feed,
                    state=FeedState.REFUSED,
                    timestamp=self._clock.now(),
                    reason=notice.text,
                ),
            )

    # What may be asked of it.

    def subscribe(self, feed: Feed) -> None:
        """Ask for a feed in this session and every later one.

        Raises:
          UnknownInstrument: the venue has no such instrument or feed.
        """
        self.upstream.check(feed)
        self._wanted.add(feed)

    def unsubscribe(self, feed: Feed) -> None:
        """Ask for the feed no more."""
        self._wanted.discard(feed)
        self._stale_feeds.pop(feed, None)

    def drop(self, feed: Feed, reason: str) -> None:
        """Ask for a feed no more because the venue turned out not to have it; said on ``system.feed``."""
        self.unsubscribe(feed)
        self._note_refusal(VenueNotice(reason, feed))

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """What it is to ask for."""
        return tuple(self._wanted)

    async def send(self, message: str | bytes) -> None:
        """Send one text message now.

        Raises:
          NotRunning: the connection is not up. Nothing was sent.
          ConnectionLost: it broke meanwhile; whether the message arrived is unknown.
        """
        if self._socket is None:
            raise NotRunning(f"{self.name} is {self.state.value}, so nothing can be sent by it")
        await self._socket.send(message)

    def restart(self) -> None:
        """End the session, if there is one, and begin another at once, without a delay.

        One that was given up stays so until `run` is called again.
        """
        self._backoff.reset()
        if self._scope is not None:
            self._restarting = True
            self._scope.cancel("restart")

    def disconnect(self) -> None:
        """End the session and begin no other."""
        self._stopping = True
        if self._scope is not None:
            self._scope.cancel("disconnect")

    def status(self) -> ConnectionStatus:
        """The connection as it is now."""
        session, totals = self._session, self._totals
        if session is not None:
            totals = totals.plus(session, trio.current_time())
        return ConnectionStatus(
            name=self.name,
            endpoint=self.upstream.url,
            state=self.state,
            generation=self.generation,
            reconnect_attempts=self._backoff.attempts,
            latency_ms=None if totals.latency is None else totals.latency * 1000,
            messages_received=totals.messages,
            last_message_time=None if totals.last_message is None else self._clock.at(totals.last_message),
            last_error=self.last_error,
            uptime=totals.uptime,
            feeds=tuple(self._wanted),
            stale_feeds=tuple(self._stale_feeds),
            faults=dict(self._faults),
        )

    def failure(self) -> MaxReconnectAttempts:
        """Why it was given up, for whoever has to raise it."""
        return MaxReconnectAttempts(f"{self.name}: {self.last_error}")

    def __repr__(self) -> str:
        return f"<Connection {self.name} {self.state.value}, generation {self.generation}>"
