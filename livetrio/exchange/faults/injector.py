"""Injector: the faults that are at work, and what goes wrong because of them.

The exchange asks at each place where something can go wrong; each answer is a small value of `decisions`.
Of several faults the one that was added first decides, except that all delays of a message count, and that
a message goes through all faults of frames in turn. Answers depend on the clock, the random numbers and the
order of the questions, and on nothing else.

    connection   on_connect ─► on_upgrade ─► on_opened
    request      before_request ─► before_action ─► (handled) ─► after_request
    message      on_frame
    by itself    next_due, due
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, Literal

from livetrio.exchange.faults import decisions, payloads, refusals
from livetrio.exchange.faults.catalogue import REQUESTS, Place
from livetrio.exchange.faults.decisions import (
    Act,
    After,
    Connect,
    DropAll,
    GoDeadAll,
    Passage,
    Refusal,
    Restart,
    UpgradeRefusal,
    What,
    Wipe,
)
from livetrio.exchange.faults.grammar import Fault
from livetrio.exchange.faults.running import Running

RequestKind = Literal["info", "action"]

_ACTS: dict[str, Act] = {
    "rst": DropAll(clean=False, mid_frame=True),
    "drop-connection": DropAll(clean=True),
    "half-open": GoDeadAll(),
    "gap": DropAll(clean=False),
    "restart": Restart(),
    "wipe": Wipe(),
}

MAINTENANCE_WAIT = 5
"""Seconds after which clients are asked to come again during maintenance."""

_NO_SCOPES: frozenset[str] = frozenset()


class Injector:
    """Decides what goes wrong."""

    def __init__(self, now: Callable[[], float], random: random.Random) -> None:
        """Begin without faults.

        Args:
          now: the time in seconds, which never goes back.
          random: for all that is left to chance.
        """
        self.is_quiet = True
        """Whether there is nothing to ask: no fault is at work or will be, nothing is held any more, and the
        venue is there."""
        self._now = now
        self._random = random
        self._running: dict[int, Running] = {}
        self._added = 0
        self._latest: dict[str, float] = {}
        """By channel, when the latest message that was held is due: none of the channel overtakes it."""
        self._away_until = -math.inf
        """Until when the venue is starting again."""

    # What is at work.

    def add(self, fault: Fault, *, waits: bool = False) -> int:
        """Let a fault begin its course, now or with the next connection; return its number."""
        self._added += 1
        self._running[self._added] = Running(fault, math.inf if waits else self._now())
        self.is_quiet = False
        return self._added

    def remove(self, number: int | None = None) -> bool:
        """End a fault, or all; whether there was any such."""
        self._sweep()
        if number is None:
            had_any = bool(self._running)
            self._running.clear()
            self._away_until = -math.inf
        else:
            had_any = self._running.pop(number, None) is not None
        self._sweep()
        return had_any

    @property
    def active(self) -> tuple[tuple[int, Fault], ...]:
        """The faults that are at work or will be, with their numbers, oldest first."""
        self._sweep()
        return tuple((number, each.fault) for number, each in self._running.items())

    @property
    def is_away(self) -> bool:
        """Whether the venue is starting again; such a fault is over as soon as that has begun."""
        return self._now() < self._away_until

    # Moments.

    def next_due(self) -> float | None:
        """When `due` is to be called next, if no fault is added before."""
        return min(
            (each.next_at for each in self._running.values() if each.next_at is not None and not each.waits),
            default=None,
        )

    def due(self) -> list[Act]:
        """What is to be done now, in order."""
        now = self._now()
        moved = [each for each in self._running.values() if each.take_moment(now, self._random)]
        acts = [_ACTS[each.kind.name] for each in moved]
        for each, act in zip(moved, acts, strict=True):
            if isinstance(act, Restart | Wipe):
                self._away_until = max(self._away_until, now + each.draw_argument(self._random))
        self._sweep()
        return acts

    # Connections.

    def on_connect(self) -> Connect:
        """What becomes of a new connection. What has waited for one begins its course."""
        for number, each in self._running.items():
            if each.waits:
                self._running[number] = Running(each.fault, self._now())
        if not self._running:
            self._sweep()
        if self.is_away:
            return Connect.REFUSE
        found = self._first(Place.DIAL)
        if found is None:
            return Connect.PASS
        return Connect.REFUSE if found.kind.name == "refuse" else Connect.HOLE

    def on_upgrade(self) -> UpgradeRefusal | None:
        """What an upgrade is answered instead."""
        wanted = [
            each
            for each in self._running.values()
            if each.kind.place is Place.UPGRADE
            or (each.kind.name == "maintenance" and each.fault.scope is None)
        ]
        found = self._first_of(wanted, REQUESTS)
        if found is None:
            return None
        if found.kind.name == "maintenance":
            return UpgradeRefusal(503, MAINTENANCE_WAIT)
        wait = math.ceil(found.draw_argument(self._random))
        return UpgradeRefusal(int(found.kind.name.removeprefix("handshake-")), wait)

    def on_opened(self) -> bool:
        """Whether a connection is to be dropped right after its upgrade."""
        return self._first(Place.OPENED) is not None

    # Requests.

    def before_request(self, kind: RequestKind, name: str = "") -> Refusal | None:
        """What becomes of a request in place of being handled; None if nothing does.

        Args:
          kind: what is requested.
          name: the type of the question or action, if that is known.
        """
        wanted = self._at(Place.REQUEST)
        if kind == "action":  # trading is halted in other words, by `before_action`
            wanted = [each for each in wanted if each.kind.name != "maintenance"]
        if name != "orderStatus":
            wanted = [each for each in wanted if each.kind.name != "not-found"]
        found = self._first_of(wanted, _names(kind, name))
        if found is None:
            return None
        match found.kind.name:
            case "not-found":
                return Refusal(answer=dict(refusals.UNKNOWN_ORDER))
            case "429":
                return Refusal(status=429, text=refusals.TOO_MANY)
            case "timeout-before":
                return Refusal(lose=True)
            case _:
                return Refusal(status=502, text=refusals.BAD_GATEWAY)

    def before_action(self, action: Any, nonce: int = 0) -> Refusal | None:
        """What an action is answered in place of being done. To be asked after `before_request`.

        Args:
          action: as it came, whatever it is.
          nonce: the one it came with.
        """
        wanted = [
            each
            for each in self._running.values()
            if each.kind.name == "maintenance"
            or (each.kind.place is Place.ACTION and each.kind.name != "post-only")
            or (each.kind.name == "post-only" and refusals.places_takers(action))
        ]
        found = self._first_of(wanted, frozenset(("action", refusals.action_type(action))))
        if found is None:
            return None
        match found.kind.name:
            case "nonce":
                answer = refusals.error(f"Invalid nonce: duplicate nonce {nonce}")
            case "post-only":
                answer = refusals.refusal(action, refusals.POST_ONLY)
            case "maintenance":
                answer = refusals.refusal(action, refusals.HALTED)
            case _:
                answer = refusals.rejection(action)
        return Refusal(answer=answer)

    def after_request(self, kind: RequestKind, action: str = "") -> After:
        """What becomes of the reply to a request that was handled."""
        scopes = _names(kind, action)
        latency, delay = self._delays(scopes)
        for each in self._all(Place.REPLY, scopes):
            match each.kind.name:
                case "ack-lost":
                    return decisions.LOSE
                case "500-after":
                    return decisions.STATUS_500
                case _:
                    delay += each.draw_argument(self._random)
        total = latency + delay
        return After(What.DELAY, delay=total) if total else decisions.PASS

    # Messages.

    def on_frame(self, channel: str, message: bytes) -> Passage | None:
        """What is sent in place of a message; None: the message as it is, and now.

        Replies to posts are messages too, of the channel ``post``: `after_request` was asked for them before.
        """
        if not self._running:
            self._sweep()
        scopes = frozenset((channel,))
        messages: list[bytes] = [message]
        raw = b""
        for each in self._all(Place.FRAME, scopes):
            match each.kind.name:
                case "silent" | "gap":
                    return Passage(())
                case "giant":
                    raw += payloads.giant_frame(message)
                case name:
                    messages = self._spoil(name, message, messages)
        latency, delay = self._delays(scopes)
        delay = self._in_order(channel, delay)
        if not (latency or delay or raw) and messages == [message]:
            return None
        return Passage(tuple(messages), latency, delay, raw)

    def _spoil(self, name: str, message: bytes, messages: list[bytes]) -> list[bytes]:
        """What becomes of the messages that go in place of one."""
        draw = self._random
        match name:
            case "dup":
                return [*messages, messages[-1]]
            case "unknown-field":
                return [payloads.unknown_field(each, draw) if each is message else each for each in messages]
            case "stale-snapshot":
                late = payloads.stale_snapshot(message, draw)
                return messages if late is None else [*messages, late]
            case _ if name in payloads.UNTRUE:
                wrong = payloads.UNTRUE[name](message)
                return messages if wrong is None else [wrong, *messages]
            case "garbled":
                return [payloads.garbled(message, draw), *messages]
            case _:
                return [payloads.MAKERS[name](message, draw), *messages]

    def _in_order(self, channel: str, delay: float) -> float:
        """A delay with which no message overtakes one of the same channel."""
        if not delay and channel not in self._latest:
            return 0.0
        now = self._now()
        due = max(now + delay, self._latest.get(channel, now))
        self._latest[channel] = due
        return due - now

    # Common.

    def _delays(self, scopes: frozenset[str]) -> tuple[float, float]:
        """By how much something is late on the way, and by how much it is held before; seconds."""
        latency = delay = 0.0
        for each in self._all(Place.DELAY, scopes):
            late = each.draw_argument(self._random)
            if each.kind.name == "latency":
                latency += late
            else:
                delay += late
        return latency, delay

    def _at(self, place: Place) -> list[Running]:
        return [each for each in self._running.values() if each.kind.place is place]

    def _first(self, place: Place) -> Running | None:
        return self._first_of(self._at(place), _NO_SCOPES)

    def _first_of(self, running: list[Running], scopes: frozenset[str]) -> Running | None:
        """The first fault that acts now; those behind it are not asked."""
        now = self._now()
        found = next((each for each in running if each.hits(now, scopes, self._random)), None)
        self._sweep_if_over(running)
        return found

    def _all(self, place: Place, scopes: frozenset[str]) -> list[Running]:
        """All faults of a place that act now."""
        now = self._now()
        running = self._at(place)
        found = [each for each in running if each.hits(now, scopes, self._random)]
        self._sweep_if_over(running)
        return found

    def _sweep_if_over(self, running: list[Running]) -> None:
        if any(each.is_over for each in running):
            self._sweep()

    def _sweep(self) -> None:
        """Forget what is over."""
        now = self._now()
        self._running = {number: each for number, each in self._running.items() if not each.is_over_at(now)}
        self._latest = {channel: due for channel, due in self._latest.items() if due > now}
        self.is_quiet = not (self._running or self._latest or self.is_away)


def _names(kind: RequestKind, action: str) -> frozenset[str]:
    """What a request goes by. The types of questions are left out: channels are called the same."""
    return frozenset((kind, action)) if kind == "action" else frozenset((kind,))
