"""Courier: brings messages to one channel, in order, and tries again; whoever gives it one never waits."""

from __future__ import annotations

from collections import deque

import attrs
import structlog
import trio

from livetrio.clock import Clock
from livetrio.errors import AlertNotSent
from livetrio.operations.alerts.channels import Channel
from livetrio.operations.alerts.message import Message
from livetrio.supervision.backoff import Backoff

log = structlog.get_logger()

CAPACITY = 50
"""Messages that wait. Then the oldest is dropped and counted; the next that gets through says how many."""

DEADLINE = 20.0
"""Seconds for one attempt: mail servers take some."""

GIVE_UP = 6 * 3600.0
"""Seconds after which a message is dropped and counted, so that one that is never taken blocks nobody for
ever. A night's outage loses nothing but what is older."""

HURRIED = 0.5
"""Seconds between attempts at the end."""


class Courier:
    """Of one channel."""

    def __init__(self, name: str, channel: Channel, clock: Clock) -> None:
        self.name = name
        self._channel = channel
        self._clock = clock
        self._waiting: deque[Message] = deque()
        self._lost = 0
        self._news = trio.Event()
        self._empty = trio.Event()
        self._empty.set()
        self._hurried = trio.Event()
        self._backoff = Backoff(1.0, 60.0)

    def put(self, message: Message) -> None:
        """Let a message be sent. Returns at once."""
        if len(self._waiting) >= CAPACITY:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(message)
        self._empty = trio.Event() if self._empty.is_set() else self._empty
        self._news.set()

    async def finish(self) -> None:
        """Wait until nothing waits; from now on attempts follow each other quickly. The limit is the
        caller's."""
        self._hurried.set()
        await self._empty.wait()

    async def run(self) -> None:
        """Send what is given, until cancelled."""
        while True:
            while self._waiting:
                await self._send(self._waiting[0])
            self._empty.set()
            self._news = trio.Event()
            await self._news.wait()

    async def _send(self, message: Message) -> None:
        lost = self._lost
        try:
            with trio.fail_after(DEADLINE):
                await self._channel.send(self._with_losses(message))
        except AlertNotSent as error:
            await self._wait_again(message, str(error))
        except trio.TooSlowError:
            await self._wait_again(message, f"no answer in {DEADLINE:g} s")
        else:
            self._lost -= lost
            if not self._drop(message):
                self._lost -= 1  # it was dropped on its way, and has arrived
            if self._backoff.attempts:
                log.info("alerts reach their channel again", channel=self.name)
                self._backoff.reset()

    async def _wait_again(self, message: Message, because: str) -> None:
        if not self._backoff.attempts:
            log.warning(
                "alerts do not reach their channel; it is tried again", channel=self.name, because=because
            )
        if (self._clock.now() - message.ts) / 1e9 > GIVE_UP and self._drop(message):
            self._lost += 1
        delay = self._backoff.next_delay()
        if not self._hurried.is_set():
            with trio.move_on_after(delay):
                await self._hurried.wait()
        else:
            await trio.sleep(min(delay, HURRIED))

    def _drop(self, message: Message) -> bool:
        """Take it off the front; whether it was still there."""
        if self._waiting and self._waiting[0] is message:
            self._waiting.popleft()
            return True
        return False

    def _with_losses(self, message: Message) -> Message:
        if not self._lost:
            return message
        count = f"{self._lost} earlier alert{'' if self._lost == 1 else 's'}"
        words = f"({count} did not get through; the log has all)"
        return attrs.evolve(message, lines=(words, *message.lines))
