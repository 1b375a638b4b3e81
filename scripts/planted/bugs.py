"""The bugs: each is put in by taking the place of a function or a number of the engine's, in a process that
then runs worlds and nothing else. What is taken must be there: a bug that cannot be planted is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import attrs
import trio

from livetrio.engines import client_ids, tracked
from livetrio.engines.exposure import Exposure
from livetrio.engines.gate import Gate
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.tracked import TrackedOrder
from livetrio.engines.tracker import OrderTracker
from livetrio.errors import JournalCorrupt
from livetrio.journal.journal import Journal
from livetrio.model import Fill, Order, OrderStatus, Sending
from livetrio.model.order import CLOSED_STATUSES
from livetrio.model.order_states import Happening, next_status
from livetrio.supervision import connection, fill_reader
from livetrio.supervision.answers import Answers
from livetrio.supervision.fill_reader import FillReader
from livetrio.supervision.lane import FrameLane
from livetrio.supervision.order_link import OrderLink
from livetrio.supervision.patrol import Patrol
from livetrio.supervision.recovery import GATE, Recovery
from livetrio.supervision.session import Session
from livetrio.venues.hyperliquid.nonces import Nonces
from livetrio.venues.hyperliquid.trading import HyperliquidTrading
from livetrio.venues.trading import Cancel, CommandResult, SignedRequest, Verdict

Plant = Callable[[], None]
Noted = list[tuple[SignedRequest, Sending]]
"""What `OrderLink._note` gives back."""


@attrs.frozen
class Bug:
    """One of them."""

    name: str
    sentence: str
    """What the engine does wrong."""
    plant: Plant
    is_hard: bool = False
    """Whether 300 worlds do not show it for certain: it is hunted only where it is asked for."""


BUGS: dict[str, Bug] = {}
"""By name."""


def _bug(plant: Plant, *, is_hard: bool = False) -> Plant:
    name = plant.__name__.removeprefix("_").replace("_", "-")
    BUGS[name] = Bug(name, str(plant.__doc__).strip(), plant, is_hard)
    return plant


_hard_bug = partial(_bug, is_hard=True)


def _put(owner: Any, name: str, bad: object) -> Any:
    """Put something in the place of an attribute that is there; what was there."""
    good = owner.__dict__[name]
    setattr(owner, name, bad)
    return good


# Requests and their answers.


@_bug
def _blind_retry() -> None:
    """An order without an answer is sent once more."""
    good = _put(Patrol, "_note_late", None)

    def note_late(self: Patrol, tracked: TrackedOrder) -> None:
        was = tracked.order.status
        good(self, tracked)
        if was is not tracked.order.status:
            self._link.submit(tracked.order)

    Patrol._note_late = note_late  # type: ignore[method-assign]


@_bug
def _timeout_is_rejected() -> None:
    """An order without an answer counts as refused."""
    _put(TrackedOrder, "lose", lambda self, reason, now: self.reject(reason, now))


@_bug
def _not_found_is_rejected() -> None:
    """An order that the venue does not know of yet counts as one that never arrived."""

    async def is_past_expiry(self: Patrol, tracked: TrackedOrder) -> bool:
        return True

    _put(Patrol, "_is_past_expiry", is_past_expiry)


@_bug
def _expiry_not_signed() -> None:
    """Orders expire by our word only: the venue is not told."""
    good = _put(HyperliquidTrading, "sign", None)

    def sign(
        self: HyperliquidTrading, commands: Sequence[Any], *, now: int, expires: int | None
    ) -> list[SignedRequest]:
        return [attrs.evolve(each, expires=expires) for each in good(self, commands, now=now, expires=None)]

    HyperliquidTrading.sign = sign  # type: ignore[method-assign]


@_hard_bug
def _expiry_by_our_clock() -> None:
    """Whether an order has expired is judged by our own clock, and to the moment."""

    async def is_past_expiry(self: Patrol, tracked: TrackedOrder) -> bool:
        expires = tracked.order.expires
        return expires is not None and self._clock.now() > expires

    _put(Patrol, "_is_past_expiry", is_past_expiry)


@_bug
def _nonce_from_the_clock() -> None:
    """A nonce is the time, whatever was used before."""
    _put(Nonces, "next", lambda self, now: now // 1_000_000)


@_bug
def _error_on_cancel_is_done() -> None:
    """A refused cancellation counts as one that was done."""
    good = _put(Answers, "_take_cancel_result", None)

    def take(self: Answers, order: Order, result: CommandResult) -> None:
        tracked = self._tracker.get(order.client_order_id)
        if tracked is not None and result.verdict is Verdict.REFUSED:
            self._tracker.publish(tracked, tracked.cancel("refused", self._clock.now()))
        else:
            good(self, order, result)

    Answers._take_cancel_result = take  # type: ignore[method-assign]


@_bug
def _cancel_for_granted() -> None:
    """An order is over as soon as its cancellation has left."""
    good = _put(OrderLink, "_note", None)

    def note(self: OrderLink, requests: list[SignedRequest]) -> Noted:
        noted: Noted = good(self, requests)
        for request, _ in noted:
            for command in request.commands:
                if isinstance(command, Cancel):
                    found = self._tracker.get(command.order.client_order_id)
                    if found is not None:
                        self._tracker.publish(found, found.cancel("canceled", self.clock.now()))
        return noted

    OrderLink._note = note  # type: ignore[method-assign]


# News.


@_bug
def _fills_twice() -> None:
    """A fill that is told twice counts twice."""
    _put(KnownFills, "add", lambda self, fill_id, ts_event: True)


@_bug
def _fills_of_tracked_orders_ignored() -> None:
    """What is filled of an order that is known counts only when the order's own news says so."""
    good = _put(OrderTracker, "take_fill", None)

    def take(self: OrderTracker, fill: Fill) -> None:
        if self._find(fill.client_order_id, fill.venue_order_id) is None:
            good(self, fill)

    OrderTracker.take_fill = take  # type: ignore[method-assign]


@_hard_bug
def _fills_after_the_end_ignored() -> None:
    """A fill of an order that is over already does not count."""
    good = _put(OrderTracker, "take_fill", None)

    def take(self: OrderTracker, fill: Fill) -> None:
        found = self._find(fill.client_order_id, fill.venue_order_id)
        if found is None or not found.order.is_closed:
            good(self, fill)

    OrderTracker.take_fill = take  # type: ignore[method-assign]


@_bug
def _late_news_turns_back() -> None:
    """A late acceptance brings an order back to life."""

    def step(status: OrderStatus, happening: Happening) -> OrderStatus | None:
        if happening is Happening.ACCEPT and status in CLOSED_STATUSES:
            return OrderStatus.ACCEPTED
        return next_status(status, happening)

    _put(tracked, "next_status", step)


@_bug
def _old_sessions_are_heard() -> None:
    """What comes by a session that was given up is taken for news."""
    _put(Session, "close", lambda self: None)
    FrameLane.handing_over = property(lambda self: True, lambda self, _: None)  # type: ignore[assignment]


@_bug
def _silent_sockets_kept() -> None:
    """A socket on which nothing is heard any more is never given up."""

    async def wait(*_: object) -> None:
        await trio.sleep_forever()

    _put(connection, "run_heartbeat", wait)
    _put(connection.Connection, "_liveness", lambda self, session: _Forever())


class _Forever:
    async def run(self) -> None:
        await trio.sleep_forever()


# After a loss.


@_bug
def _no_recovery_after_a_reconnect() -> None:
    """Only the first connect is followed by a comparison with the venue."""
    good = _put(Recovery, "_recover", None)

    async def recover(self: Recovery) -> None:
        if not self.count:
            await good(self)
        else:
            for key in ("connection", GATE):
                self._link.gate.open(key)
            self._fills.begin(self._clock.now(), self._clock.now())

    Recovery._recover = recover  # type: ignore[method-assign]

    async def compare(self: Recovery) -> None:
        await trio.lowlevel.checkpoint()

    _put(Recovery, "_compare", compare)


@_bug
def _gate_never_closes_again() -> None:
    """Once open, the gate stays open."""
    good = _put(Gate, "close", None)

    def close(self: Gate, key: str, words: str, now: int, *, passes_post_only: bool = False) -> None:
        if not self.is_open:
            good(self, key, words, now, passes_post_only=passes_post_only)

    Gate.close = close  # type: ignore[method-assign]


@_bug
def _gate_opens_too_early() -> None:
    """Orders leave as soon as the socket is up, before anything is compared."""
    good = _put(Gate, "close", None)

    def close(self: Gate, key: str, words: str, now: int, *, passes_post_only: bool = False) -> None:
        if key != GATE:
            good(self, key, words, now, passes_post_only=passes_post_only)

    Gate.close = close  # type: ignore[method-assign]


@_hard_bug
def _one_page_of_fills() -> None:
    """Only the first page of fills is read."""
    _put(fill_reader, "MAX_PAGES", 1)


@_hard_bug
def _page_boundary_exclusive() -> None:
    """The next page of fills begins behind the last millisecond of this one."""
    good = _put(HyperliquidTrading, "ask_fills", None)
    seen: dict[int, int] = {}

    def ask(self: HyperliquidTrading, since: int) -> Any:
        question = good(self, seen.pop(since, since))

        def read(answers: Sequence[bytes], ts_init: int) -> Any:
            page = question.read(answers, ts_init)
            if page.next_since is not None:
                seen[page.next_since] = page.next_since + 1_000_000
            return page

        return attrs.evolve(question, read=read)

    HyperliquidTrading.ask_fills = ask  # type: ignore[method-assign]


@_hard_bug
def _cursor_at_the_last_fill() -> None:
    """Fills are read from the last one on, though older ones may come later."""
    _put(fill_reader, "OVERLAP", 0)


@_hard_bug
def _fills_not_read_at_the_start() -> None:
    """What was filled while the process was down is not asked for."""
    good = _put(FillReader, "begin", None)

    def begin(self: FillReader, fills_since: int, fundings_since: int) -> None:
        now = self._asker._clock.now() + fill_reader.OVERLAP
        good(self, now, now)

    FillReader.begin = begin  # type: ignore[method-assign]


# The journal and the process.


@_bug
def _journal_after_the_request() -> None:
    """Orders are written down a moment after they have left."""
    good = _put(OrderLink, "_note", None)

    def note(self: OrderLink, requests: list[SignedRequest]) -> Noted:
        journal, self._journal = self._journal, _Lazy(self._journal)
        try:
            noted: Noted = good(self, requests)
            return noted
        finally:
            self._journal = journal

    OrderLink._note = note  # type: ignore[method-assign]


class _Lazy:
    def __init__(self, journal: Any) -> None:
        self._journal = journal

    def commit(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


@_bug
def _client_ids_used_again() -> None:
    """After a restart client order ids begin anew."""
    good = _put(client_ids.ClientOrderIds, "__init__", None)

    def make(self: client_ids.ClientOrderIds, journal_id: bytes, run: int) -> None:
        good(self, journal_id, 1)

    client_ids.ClientOrderIds.__init__ = make  # type: ignore[method-assign]


@_bug
def _torn_tail_ends_the_start() -> None:
    """A journal whose end is torn is refused."""
    good = Journal.__dict__["load"]

    def load(self: Journal, *, fills_since: int = 0) -> Any:
        if self._torn_bytes:
            raise JournalCorrupt(f"{self.path}: its end is torn")
        return good(self, fills_since=fills_since)

    _put(Journal, "load", load)


# Limits.


@_hard_bug
def _unknown_is_no_exposure() -> None:
    """An order of which nobody knows whether it arrived does not count in the limits."""
    good = _put(Exposure, "_count", None)

    def count(self: Exposure, order: Order, left: Any) -> None:
        good(self, order, left * (order.status is not OrderStatus.UNKNOWN))

    Exposure._count = count  # type: ignore[method-assign]
