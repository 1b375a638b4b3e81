"""OrderLink: the way of orders to one account at one venue, and of the answers back.

`submit`, `cancel` and `modify` are plain calls that put a command into the outbox. The writer takes out what
is there, signs it in as few requests as the venue allows, notes in the journal that it leaves, and only
then sends it. What an answer says is told to the tracker; so is what a lost connection means:

- what was still in the outbox has certainly not left: denied;
- what was sent and not answered is UNKNOWN, until recovery or patrol find proof.

Requests go over the account's stream. Without it only cancellations leave, over HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

import structlog
import trio

from livetrio.clock import Clock
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.gate import Gate
from livetrio.engines.tracker import OrderTracker
from livetrio.errors import ConnectionLost, HttpError, JournalFailed
from livetrio.model import Order, Sending, SubmitOrder
from livetrio.supervision.answers import Answers
from livetrio.supervision.http import HttpClient
from livetrio.supervision.outbox import Outbox
from livetrio.supervision.request_log import RequestLog
from livetrio.supervision.sent_requests import SentRequests
from livetrio.venues.base import Venue
from livetrio.venues.trading import (
    Cancel,
    Command,
    CommandResult,
    Modify,
    Reply,
    ScheduleCancel,
    SignedRequest,
    Submit,
    Trading,
)

log = structlog.get_logger()

MILLISECOND = 1_000_000
SECOND = 1_000_000_000

AT_ONCE = 100
"""Commands that are signed and noted together before they leave, in some 10 ms: all other tasks wait."""

Send = Callable[[bytes], Awaitable[None]]


class OrderLink:
    """An `OrderClient` for one account. `run` is its life."""

    def __init__(
        self,
        venue: Venue,
        trading: Trading,
        *,
        tracker: OrderTracker,
        journal: RequestLog,
        config: ExecutionConfig,
        clock: Clock,
        http: HttpClient,
        headers: Mapping[str, str] | None = None,
        on_journal_failure: Callable[[JournalFailed], None],
    ) -> None:
        self.venue = venue
        self.trading = trading
        self.gate = Gate()
        self.needs_limit_for_market = trading.needs_limit_for_market
        self.venue_offset = 0
        """The venue's clock less ours, nanoseconds, as far as is known."""
        self.answers = Answers(
            trading,
            tracker=tracker,
            config=config,
            clock=clock,
            send_again=self._send_again,
            on_closed=self._close,
            on_taken=lambda: self.gate.settle("venue"),
        )
        self._tracker = tracker
        self._journal = journal
        self._config = config
        self.clock = clock
        self._http = http
        self._headers = headers
        self._on_journal_failure = on_journal_failure
        self._outbox = Outbox()
        self.sent = SentRequests(tracker)
        """Requests without an answer."""
        self._nursery: trio.Nursery | None = None
        self.disturbed = trio.Event()
        """Set when all should be compared soon, rather than when it is due: the venue takes no orders, or not
        all, or one has come up that must not be. `calm` makes it anew."""
        self._send: Send | None = None
        """By the session that is up, if one is."""

    # What is asked of it: plain calls.

    def refusal(self, command: SubmitOrder) -> str | None:
        """Why the venue would not take such an order, or None."""
        instrument = self.venue.instruments.get(command.instrument_id)
        return None if instrument is None else self.trading.refusal(command, instrument)

    def submit(self, order: Order) -> None:
        """Let it leave as soon as it can."""
        self._outbox.put(Submit(order))

    def cancel(self, order: Order) -> None:
        """Cancel it; one that has not left yet never will."""
        if self._outbox.remove(order):
            self.answers.deny(order, "it was canceled before it left")
        else:
            self._outbox.put(Cancel(order))

    def send_cancel(self, order: Order) -> None:
        """Send the cancellation of an order again. At the venue twice is as once."""
        self._outbox.put(Cancel(order))

    def modify(self, order: Order, quantity: Decimal, price: Decimal | None, trigger: Decimal | None) -> None:
        """Let it become its `pending_revision`."""
        assert order.pending_revision is not None
        self._outbox.put(
            Modify(
                order=order,
                revision=order.pending_revision,
                quantity=quantity,
                price=price,
                trigger_price=trigger,
            )
        )

    def schedule_cancel(self, at: int | None) -> None:
        """Let the venue cancel everything by itself at this instant; None: not any more."""
        self._outbox.put(ScheduleCancel(at))

    @property
    def is_connected(self) -> bool:
        """Whether a session is up."""
        return self._send is not None

    @property
    def waiting(self) -> int:
        """Commands that have not left yet, and requests without an answer that could still tell something."""
        return len(self._outbox) + self.sent.awaited

    def _close(self, result: CommandResult) -> None:
        taken = "post-only orders alone" if result.takes_post_only else "no orders"
        words = f"the venue takes {taken}: {result.reason or 'it is closed'}"
        if "venue" not in self.gate.reasons and not self.gate.is_on_trial("venue"):
            log.error("the gate is closed", because=words)
        self.gate.close("venue", words, self.clock.now(), passes_post_only=result.takes_post_only)
        self.disturbed.set()

    def calm(self) -> None:
        """All was compared: try whether the venue takes orders, if it did not."""
        self.disturbed = trio.Event()
        if "venue" in self.gate.reasons:
            self.gate.open("venue", on_trial=True)
        else:
            self.gate.settle("venue")

    # The session that carries it.

    def connect(self, send: Send) -> None:
        """A session is up: requests leave by it from now on."""
        self._send = send

    def disconnect(self, reason: str) -> None:
        """The session has ended, and with it what was on its way."""
        self._send = None
        now = self.clock.now()
        self.gate.close("connection", f"the account's stream is down: {reason}", now)
        commands = self._outbox.take()
        for request in self.sent.take_all():
            for command in request.commands:
                self.answers.lose(command, f"the connection ended before the answer came: {reason}")
        for command in commands:
            self._return(command, f"the connection ended before it left: {reason}")

    def _return(self, command: Command, reason: str) -> None:
        """A command cannot leave by a session; cancellations find another way."""
        if isinstance(command, Cancel):
            self._outbox.put(command)
        else:
            self.answers.give_back(command, reason)

    # Sending.

    async def run(self) -> None:
        """Send what is to be sent, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                while True:
                    await self._outbox.wait()
                    if self._send is None:
                        await self._send_without_session(nursery)
                    else:
                        await self._send_all(self._send)
            finally:
                self._nursery = None

    def _send_again(self, command: Command, delay: float) -> None:
        if self._nursery is None:
            self._return(command, "it cannot be sent again: the engine has stopped")
        else:
            self._nursery.start_soon(self._put_later, [command], delay)

    async def _send_all(self, send: Send) -> None:
        requests, held_back, delay = self._admit(self._sign(self._outbox.take(AT_ONCE)))
        for command in held_back:
            self._hold_back(command, delay)
        leaving = self._note(requests) if requests else []
        for request, sending in leaving:
            self.sent.add(request, sending)
        for request, sending in leaving:
            if request.request_id not in self.sent:
                continue  # the session has ended meanwhile; what was on its way is lost already
            try:
                await send(request.frame)
            except ConnectionLost:
                return  # `disconnect` is told by the session itself
            sending.sent = sending.sent or self.clock.now()

    def _sign(self, commands: Sequence[Command]) -> Sequence[SignedRequest]:
        """Requests for those of the commands that still make sense now that they are to leave."""
        now = self.clock.now()
        expires = now + self.venue_offset + self._config.expire_ms * MILLISECOND
        wanted = [each for each in commands if isinstance(each, ScheduleCancel) or self._is_ready(each)]
        return self.trading.sign(wanted, now=now, expires=expires)

    def _is_ready(self, command: Submit | Cancel | Modify) -> bool:
        """Whether there is still something to send, and it may leave: it may have waited for the budget."""
        order = command.order
        if order.is_closed:
            return False
        if isinstance(command, Cancel):
            if order.instrument_id in self.venue.instruments:
                return True
            # Not listed (yet, or any more), so that nothing can be signed; patrol comes back to it.
            words = f"the venue does not list {order.instrument_id}"
            self._tracker.hasten(order, words, self._config.retry_interval_ms * MILLISECOND)
            return False
        closed = self.gate.reason(self.clock.now(), post_only=order.post_only)
        if isinstance(command, Modify) and order.is_canceling:
            closed = "the order is being canceled"
        if closed is not None:
            self.answers.give_back(command, closed)
        return closed is None

    def _admit(self, requests: Sequence[SignedRequest]) -> tuple[list[SignedRequest], list[Command], float]:
        """Those that the budget allows now; the commands of the others, and in how many seconds."""
        now = trio.current_time()
        admitted: list[SignedRequest] = []
        held_back: list[Command] = []
        longest = 0.0
        for request in requests:
            delay = self.trading.budget.delay(request, now)
            if delay > 0:
                held_back += request.commands
                longest = max(longest, delay)
            else:
                self.trading.budget.spend(request, now)
                admitted.append(request)
        return admitted, held_back, longest

    def _hold_back(self, command: Command, delay: float) -> None:
        """The budget does not allow it yet. What would be old when it leaves does not leave at all."""
        age = (self.clock.now() - command.order.ts_init) / SECOND if isinstance(command, Submit) else 0
        if isinstance(command, Submit | Modify) and (age + delay) * 1000 > self._config.expire_ms:
            words = f"the venue's limits would hold it back for {delay:.0f} s more, and make it too old"
            self.answers.give_back(command, words)
        else:
            self._send_again(command, delay)

    async def _put_later(self, commands: list[Command], delay: float) -> None:
        await trio.sleep(delay)
        for command in commands:
            if isinstance(command, Submit) and command.order.is_canceling:
                self.answers.deny(command.order, "it was canceled before it left")
            elif self._send is None and not isinstance(command, Cancel):
                self._return(command, "the connection ended before it left")
            else:
                self._outbox.put(command)

    def _note(self, requests: list[SignedRequest]) -> list[tuple[SignedRequest, Sending]]:
        """Let the journal have what is about to leave; what may. Without it only cancellations do."""
        now = self.clock.now()
        noted = []
        for request in requests:
            noted.append((request, self.sent.begin(request, now)))
            self._record(request, now)
            for command in request.commands:
                if isinstance(command, Submit):
                    tracked = self._tracker.get(command.order.client_order_id)
                    if tracked is not None:
                        self._tracker.publish(tracked, tracked.submit(now, request.expires))
                        self._tracker.watch(
                            command.order,
                            "no answer to its submission",
                            self._config.submit_timeout_ms * MILLISECOND,
                        )
                elif isinstance(command, Modify):
                    command.order.expires = request.expires
                    tracked = self._tracker.get(command.order.client_order_id)
                    if tracked is not None:
                        self._tracker.publish(tracked, ())
        try:
            self._journal.commit()
        except JournalFailed as error:
            self._give_back(requests, f"its record cannot be written: {error}")
            self._on_journal_failure(error)
            return [each for each in noted if isinstance(each[0].commands[0], Cancel)]
        now = self.clock.now()
        for _, sending in noted:
            sending.journaled = now
        return noted

    def _record(self, request: SignedRequest, now: int) -> None:
        kind = type(request.commands[0]).__name__
        ids = [
            each.order.client_order_id for each in request.commands if not isinstance(each, ScheduleCancel)
        ]
        self._journal.record_request(request.nonce, kind, ids, request.expires, now)

    def _give_back(self, requests: list[SignedRequest], reason: str) -> None:
        now = self.clock.now()
        for request in requests:
            for command in request.commands:
                match command:
                    case Submit(order):
                        tracked = self._tracker.get(order.client_order_id)
                        if tracked is not None:
                            self._tracker.publish(tracked, tracked.reject(reason, now))
                    case Modify():
                        self.answers.end_modification(command, reason)

    async def _send_without_session(self, nursery: trio.Nursery) -> None:
        for command in self._outbox.take():
            if not isinstance(command, Cancel):
                self._return(command, "the account's stream is down")
            else:
                for request in self._sign([command]):
                    nursery.start_soon(self.post, request)
        await trio.lowlevel.checkpoint()

    async def post(self, request: SignedRequest) -> None:
        """Send a request over HTTP, and take in its answer."""
        sending = self.sent.begin(request, self.clock.now())
        try:
            self._record(request, self.clock.now())
            self._journal.commit()
            sending.journaled = self.clock.now()
        except JournalFailed as error:
            log.error("a cancellation leaves without its record", because=str(error))
        body = None
        sending.sent = self.clock.now()
        with trio.move_on_after(self._config.cancel_timeout_ms / 1000):
            try:
                body = await self._http.post(request.http, headers=self._headers)
            except HttpError as error:
                log.warning("a request over HTTP failed", because=str(error))
        if body is None:
            for command in request.commands:
                self.answers.lose(command, "no answer over HTTP")
        else:
            self.sent.note_answer(sending, self.clock.now())
            self.answers.take(request, body)

    # Answers.

    def take(self, event: object) -> bool:
        """Take in an answer that came by the stream; False for what is something else."""
        if not isinstance(event, Reply):
            return False
        request = self.sent.take(event.request_id, self.clock.now())
        if request is None:
            log.warning("an answer to a request that nobody remembers", request=event.request_id)
        else:
            self.answers.take(request, event.body)
        return True
