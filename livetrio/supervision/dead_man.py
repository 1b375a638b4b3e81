"""DeadMan: lets the venue cancel everything by itself, unless the engine keeps saying that it is well.

At venues that offer it, a time is set at which all orders are canceled, and put off again and again. What
puts it off is not a timer but the engine's health, asked each time: the gate open, the loop in time, the
journal writable. An engine that hangs, or that has lost its way, is silent, and the venue acts.

A clean stop takes the time back.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
import trio

from livetrio.clock import Clock
from livetrio.supervision.order_link import OrderLink
from livetrio.venues.trading import CommandResult, ScheduleCancel, Verdict

log = structlog.get_logger()

MILLISECOND = 1_000_000

UNWELL_INTERVAL = 1.0
"""Seconds, at the most, from one look to the next while the engine is not well: when it is again, orders may
leave at once."""

LATE = 1.0
"""Seconds of oversleeping after which the loop does not count as being in time."""


class DeadMan:
    """Of one account."""

    def __init__(
        self, link: OrderLink, clock: Clock, *, patience_ms: int, health: Callable[[], str | None]
    ) -> None:
        """``patience_ms``: for how long the engine may be unwell; ``health``: what is wrong, or None."""
        self._link = link
        self._clock = clock
        self._patience = patience_ms
        self._health = health
        self.armed_until: int | None = None
        """When the venue will act if it hears nothing, UTC nanoseconds by its clock; None: it will not."""
        self.refusal: str | None = None
        """Why the venue does not offer it, if it does not."""
        link.answers.on_schedule = self._take_result
        self._may_be_armed = False
        """Whether a time was sent, and not taken back: an answer may be lost."""
        self._answered = trio.Event()
        self._is_over = False

    async def run(self) -> None:
        """Put the time off while all is well, until cancelled."""
        interval = self._patience / 1000 / 3
        told = None
        due = trio.current_time()
        while self.refusal is None and not self._is_over:
            late = trio.current_time() - due
            unwell = self._health() if late < LATE else f"the loop was {late:.1f} s late"
            if unwell is None:
                at = self._clock.now() + self._link.venue_offset + self._patience * MILLISECOND
                self._may_be_armed = True
                self._link.schedule_cancel(at)
            elif told is None and self._may_be_armed:
                log.warning("the dead man's switch is not put off", because=unwell)
            told = unwell
            now = trio.current_time()
            due = max(due + interval, now) if unwell is None else now + min(interval, UNWELL_INTERVAL)
            await trio.sleep_until(due)

    async def disarm(self) -> None:
        """Take the time back, and wait for the venue's word; the limit is the caller's."""
        self._is_over = True
        if self._may_be_armed:
            self._link.schedule_cancel(None)
            await self._answered.wait()

    def _take_result(self, result: CommandResult) -> None:
        assert isinstance(result.command, ScheduleCancel)
        at = result.command.at
        if result.verdict is Verdict.DONE:
            self.armed_until = at
            self._may_be_armed = at is not None
        elif result.verdict is Verdict.REFUSED and at is not None and self.refusal is None:
            self._may_be_armed = self.armed_until is not None
            self.refusal = result.reason or "refused"
            log.warning("the venue offers no dead man's switch", because=self.refusal)
        if at is None:
            self._answered.set()
