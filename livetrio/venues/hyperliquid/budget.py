"""Budget: how much Hyperliquid lets one machine and one account send.

An IP address has a weight of 1200 a minute for what goes over HTTP, 2000 messages a minute over WebSockets,
and 100 posted requests without an answer. An account has a number of actions for its whole life, which grows
with what it trades; for cancellations it is larger (Hyperliquid docs, rate-limits, 2026-08-22).

Of each a part is kept back: questions leave room for requests over HTTP, orders leave room for cancellations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from livetrio.venues.hyperliquid.batches import MAX_ENTRIES, ActionRequest
from livetrio.venues.hyperliquid.buckets import TokenBucket
from livetrio.venues.trading import Allowance, Cancel, Question, ScheduleCancel, SignedRequest

WEIGHT_PER_MINUTE = 1200
MESSAGES_PER_MINUTE = 2000
MAX_IN_FLIGHT = 100

RESERVE = 0.2
"""The part that is kept: of the weight for requests over HTTP, of the rest for cancellations."""

OTHER_MESSAGES = 200
"""A minute: subscriptions and heartbeats, of all streams."""

WEIGHT_AT_ONCE = 600
"""All that is asked after a start or a lost connection fits into it."""
MESSAGES_AT_ONCE = 600

ANSWER_HORIZON = 10.0
"""Seconds after which a posted request without an answer is no longer counted: it was lost."""

ROUND_TRIP = 0.2
"""Seconds that an answer takes as a rule."""

EXHAUSTED_INTERVAL = 11.0
"""Seconds between two actions of an account that has used up its number. It may have one each 10 s, as they
arrive, and not all travel equally fast."""

_USED_UP = re.compile(r"Too many cumulative requests sent \((\d+) > (\d+)\)")


class HyperliquidBudget:
    """A `livetrio.venues.trading.Budget`. It counts what is spent here, and not what others spend."""

    messages_per_second = (MESSAGES_PER_MINUTE - OTHER_MESSAGES) * (1 - RESERVE) / 60
    """Of orders; cancellations may have what is kept for them besides."""

    def __init__(self) -> None:
        self._weight = TokenBucket(WEIGHT_PER_MINUTE * (1 - RESERVE), at_once=WEIGHT_AT_ONCE)
        self._messages = TokenBucket(MESSAGES_PER_MINUTE - OTHER_MESSAGES, at_once=MESSAGES_AT_ONCE)
        self._in_flight: dict[int, float] = {}
        """By request id: when it was sent. The oldest first."""
        self.used: int | None = None
        """Actions of the account, as far as is known; None: not asked yet, so not limited."""
        self.cap = 0
        """How many it may have, but for cancellations."""
        self._last_action = float("-inf")

    @property
    def allowance(self) -> Allowance | None:
        """Of the account; None: it was not asked."""
        return None if self.used is None else Allowance(used=self.used, cap=self.cap)

    def delay(self, request: SignedRequest | Question[Any], now: float) -> float:
        """Seconds until it may be sent."""
        if isinstance(request, Question):
            return self._weight.delay(request.weight, now)
        cancels = is_cancel(request)
        reserve = 0.0 if cancels else RESERVE
        return max(
            self._messages.delay(1, now, reserve=reserve * self._messages.capacity),
            self._wait_for_answers(now, MAX_IN_FLIGHT * (1 - reserve)),
            self._wait_for_allowance(request, now, cancels=cancels),
        )

    def spend(self, request: SignedRequest | Question[Any], now: float) -> None:
        """It is being sent."""
        if isinstance(request, Question):
            self._weight.spend(request.weight, now)
            return
        self._messages.spend(1, now)
        self._in_flight[request.request_id] = now
        self._last_action = now
        if self.used is not None:
            self.used += actions_in(request)

    def refund(self, weight: int, now: float) -> None:
        """A question has cost that much less than it was taken for."""
        self._weight.spend(-weight, now)

    def left(self, now: float) -> Mapping[str, float]:
        """``weight`` of questions, ``messages``, ``in_flight``; and ``actions``, where they are known."""
        left = {
            "weight": self._weight.level(now),
            "messages": self._messages.level(now),
            "in_flight": float(MAX_IN_FLIGHT - len(self._in_flight)),
        }
        return left if self.used is None else left | {"actions": float(self.cap - self.used)}

    def take_answer(self, request: SignedRequest) -> None:
        """A request has its answer."""
        self._in_flight.pop(request.request_id, None)

    def learn(self, used: int, cap: int) -> None:
        """The venue has told how many actions the account has had, and how many it may have."""
        self.used, self.cap = used, cap

    def learn_from_refusal(self, text: str) -> None:
        """The same, where a refusal tells it."""
        found = _USED_UP.search(text)
        if found is not None:
            self.learn(int(found[1]), int(found[2]))

    def entries_at_once(self) -> int:
        """How many entries an action may have that makes or changes orders: of an account that has used up
        its actions, whole batches are refused, and single orders are let pass now and then."""
        return MAX_ENTRIES if self.used is None else min(MAX_ENTRIES, max(1, self.cap - self.used))

    def _wait_for_answers(self, now: float, most: float) -> float:
        while self._in_flight:
            request_id, sent = next(iter(self._in_flight.items()))
            if now - sent < ANSWER_HORIZON:
                break
            del self._in_flight[request_id]
        if len(self._in_flight) < most:
            return 0.0
        return ROUND_TRIP  # nothing says when an answer comes: look again then

    def _wait_for_allowance(self, request: SignedRequest, now: float, *, cancels: bool) -> float:
        if self.used is None:
            return 0.0
        limit = min(self.cap + 100_000, 2 * self.cap) if cancels else self.cap
        if self.used + actions_in(request) <= limit:
            return 0.0
        return max(0.0, self._last_action + EXHAUSTED_INTERVAL - now)


def is_cancel(request: SignedRequest) -> bool:
    """Whether it can only make risk smaller."""
    return all(isinstance(each, Cancel | ScheduleCancel) for each in request.commands)


def actions_in(request: SignedRequest) -> int:
    """What it counts for the account: each entry of an action is one."""
    return sum(request.entries) if isinstance(request, ActionRequest) else len(request.commands)
