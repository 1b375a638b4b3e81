"""Mischief: performs the faults that are on. `Injector` decides; here is who does it, and to whom.

While no fault is on it stands in nobody's way. What is to happen later (a late reply, a frame that others
overtake, the next drop) waits here, and the heart comes by when it is due.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from typing import Any

import trio

from livetrio.exchange.edge.faulty import FaultyOutbox
from livetrio.exchange.edge.http import Hangup
from livetrio.exchange.edge.line import Line
from livetrio.exchange.edge.outbox import Outbox
from livetrio.exchange.faults.decisions import Act, After, Connect, DropAll, GoDeadAll, Refusal, What, Wipe
from livetrio.exchange.faults.grammar import parse_fault
from livetrio.exchange.faults.injector import Injector
from livetrio.exchange.faults.payloads import torn_frame
from livetrio.exchange.faults.refusals import action_type
from livetrio.exchange.outcome import Lost, Unavailable

Done = Callable[[Any], None]
"""Is handed an answer as the wire has it, or `Unavailable`, or `Lost`; some time, and once."""

HOLE_LIMIT = 3600.0
"""Seconds for which a connection is left open that is never answered."""

MAX_WAITING = 10_000
"""Late replies and held frames, of all clients together."""


class Mischief:
    """Of one exchange."""

    def __init__(self, seed: int, *, wipe: Callable[[], None], wake: Callable[[], None]) -> None:
        """Begin without faults.

        Args:
          seed: of what is left to chance.
          wipe: cancels the orders of all clients.
          wake: called when something is due earlier than was known.
        """
        self._random = random.Random(f"{seed}/faults")
        self.injector = Injector(trio.current_time, self._random)
        self._wipe = wipe
        self._wake = wake
        self._connections: dict[Line | Outbox, None] = {}
        """All there are, of clients that the venue has let in."""
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    def add(self, lines: Iterable[str]) -> None:
        """Let these go wrong from the next connection on; raises `BadFault`."""
        for line in lines:
            self.injector.add(parse_fault(line), waits=True)
        self._wake()

    # When.

    def watch(self, now: int) -> int | None:
        """Do what is due; when to come again, ms on the exchange's clock. None: not before it is called."""
        time = trio.current_time()
        while self._later and self._later[0][0] <= time:
            heapq.heappop(self._later)[2]()
        for act in () if self.injector.is_quiet else self.injector.due():
            self._perform(act)
        due = [each[0] for each in self._later[:1]]
        moment = self.injector.next_due()
        if moment is not None:
            due.append(moment)
        return now + max(1, round((min(due) - time) * 1000)) if due else None

    def later(self, delay: float, do: Callable[[], object]) -> None:
        """Do something after so many seconds; of what is due at one moment, first what was asked first.

        Beyond `MAX_WAITING` such things, what is due first is done at once: its order is kept, not its time.
        """
        self._count += 1
        heapq.heappush(self._later, (trio.current_time() + delay, self._count, do))
        if len(self._later) > MAX_WAITING:
            heapq.heappop(self._later)[2]()
        self._wake()

    # Connections.

    def let_in(self, line: Line) -> Hangup | None:
        """A client asks for something on a new connection: None, or how that ends."""
        match Connect.PASS if self.injector.is_quiet else self.injector.on_connect():
            case Connect.REFUSE:
                return Hangup(reset=True)
            case Connect.HOLE:
                return Hangup(after=HOLE_LIMIT)
        self._connections[line] = None
        return None

    def guard(self, outbox: Outbox) -> FaultyOutbox:
        """A WebSocket is open, perhaps not for long; what is to be used in place of its outbox."""
        self._connections[outbox] = None
        if not self.injector.is_quiet and self.injector.on_opened():
            outbox.drop()
        return FaultyOutbox(outbox, self.injector, self.later)

    def forget(self, connection: Line | Outbox) -> None:
        """A connection is no more, or has become a WebSocket."""
        self._connections.pop(connection, None)

    def _perform(self, act: Act) -> None:
        if isinstance(act, Wipe):
            self._wipe()
        for connection in list(self._connections):
            if isinstance(act, GoDeadAll):
                connection.go_dead()
            elif isinstance(act, DropAll) and act.clean:
                connection.kill(0)
            elif isinstance(act, DropAll) and act.mid_frame:
                connection.drop(torn_frame(self._random))
            else:
                connection.drop()

    # Requests.

    def check_info(self, kind: str, done: Done) -> Done | None:
        """Let an info request pass: whom to hand its answer; None if he has had another already."""
        if self.injector.is_quiet:
            return done
        refusal = self.injector.before_request("info", kind)
        if refusal is not None:
            done(_outcome(refusal))
            return None
        return lambda answer: self._answer(self.injector.after_request("info", kind), answer, done)

    def check_action(self, payload: Any, done: Done) -> Done | None:
        """Let an action pass: whom to hand its answer; None if he has had another already."""
        if self.injector.is_quiet or not isinstance(payload, dict):
            return done
        action, nonce = payload.get("action"), payload.get("nonce")
        kind = action_type(action)
        refusal = self.injector.before_request("action", kind)
        if refusal is None:
            refusal = self.injector.before_action(action, nonce if isinstance(nonce, int) else 0)
        if refusal is not None:
            done(_outcome(refusal))
            return None
        return lambda answer: self._answer(self.injector.after_request("action", kind), answer, done)

    def _answer(self, after: After, answer: Any, done: Done) -> None:
        if after.what is What.LOSE:
            answer = Lost()
        elif after.what is What.STATUS:
            answer = Unavailable(after.status, "Internal Server Error")
        if after.what is What.DELAY:
            self.later(after.delay, lambda: done(answer))
        else:
            done(answer)


def _outcome(refusal: Refusal) -> Any:
    if refusal.lose:
        return Lost()
    if refusal.status is not None:
        return Unavailable(refusal.status, refusal.text)
    return refusal.answer
