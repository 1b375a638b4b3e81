"""SentRequests: signed requests that have no answer yet, and when each came past which stage.

The stages go into the timelines of the orders that a request is about (see `livetrio.model.timeline`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from livetrio.engines.tracker import OrderTracker
from livetrio.model import Sending
from livetrio.venues.trading import Modify, ScheduleCancel, SignedRequest

KEPT_REQUESTS = 10_000
"""Sent requests whose answers are waited for, however late."""


class SentRequests:
    """Of one account."""

    def __init__(self, tracker: OrderTracker) -> None:
        self.counts: Counter[str] = Counter()
        """How many were signed, by their kind."""
        self._tracker = tracker
        self._requests: dict[int, tuple[SignedRequest, Sending]] = {}
        """By their ids, from when they are about to leave."""

    def begin(self, request: SignedRequest, now: int) -> Sending:
        """It was signed, and is to be noted and sent: its orders' timelines have it from here on."""
        sending = Sending(kind=type(request.commands[0]).__name__.lower(), signed=now)
        self.counts[sending.kind] += 1
        for command in request.commands:
            if not isinstance(command, ScheduleCancel):
                tracked = self._tracker.get(command.order.client_order_id)
                if tracked is not None:
                    revision = command.revision if isinstance(command, Modify) else command.order.revision
                    tracked.timeline.add_request(revision, sending)
        return sending

    def add(self, request: SignedRequest, sending: Sending) -> None:
        """It leaves now, and its answer is waited for."""
        self._requests[request.request_id] = request, sending
        if len(self._requests) > KEPT_REQUESTS:
            del self._requests[next(iter(self._requests))]

    def take(self, request_id: int, now: int) -> SignedRequest | None:
        """Its answer has come. None where nobody remembers it."""
        found = self._requests.pop(request_id, None)
        if found is None:
            return None
        request, sending = found
        self.note_answer(sending, now)
        return request

    def note_answer(self, sending: Sending, now: int) -> None:
        """The answer is here, so that the request has been sent, whether or not the call has returned."""
        sending.answered = now
        if sending.sent is None:
            sending.sent = now
        if self._tracker.times is not None:
            self._tracker.times.take_answer(sending)

    def take_all(self) -> Iterable[SignedRequest]:
        """None of them will be answered."""
        requests = [request for request, _ in self._requests.values()]
        self._requests.clear()
        return requests

    @property
    def awaited(self) -> int:
        """Those whose answer could still tell something."""
        return sum(_is_awaited(request) for request, _ in self._requests.values())

    def __contains__(self, request_id: int) -> bool:
        return request_id in self._requests

    def __len__(self) -> int:
        return len(self._requests)


def _is_awaited(request: SignedRequest) -> bool:
    """Whether an order of the request is not settled. Once it is, by proof, a lost answer is not missed."""
    return any(
        not isinstance(each, ScheduleCancel)
        and (each.order.is_inflight or each.order.is_canceling or each.order.pending_revision is not None)
        and each.order.is_working
        for each in request.commands
    )
