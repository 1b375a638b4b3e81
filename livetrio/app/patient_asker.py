"""PatientAsker: puts a command's questions to a venue, and waits where the venue has had enough of them.

How much a machine may ask is counted for all its programs together, an engine that runs and the command
before this one included; of what those have asked, a new command knows nothing until it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

from livetrio.app.wiring import account_headers
from livetrio.clock import Clock
from livetrio.errors import HttpError
from livetrio.supervision.asker import Asker
from livetrio.supervision.backoff import Backoff
from livetrio.supervision.http import HttpClient
from livetrio.venues.trading import Question, Trading, TradingVenue

T = TypeVar("T")

TOO_MANY = 429
"""HTTP's status for who has asked too much."""

LONGEST = 120.0
"""Seconds for which refused questions are asked again; venues count by the minute."""

SHORTEST, USUAL = 2.0, 15.0
"""Seconds from one refusal to the next try, the first and the longest; and what is worth a word at all."""


class PatientAsker(Asker):
    """Of one account."""

    def __init__(
        self,
        venue: TradingVenue,
        trading: Trading,
        http: HttpClient,
        clock: Clock,
        tell: Callable[[str], object] = lambda _words: None,
    ) -> None:
        """Ask with the headers that an engine would send.

        Args:
          tell: called, when it begins to wait, with words for people.
        """
        super().__init__(http, trading.budget, clock, headers=account_headers(venue, trading))
        self._name = venue.name
        self._tell = tell
        self._has_told = False

    async def ask(self, question: Question[T]) -> T:
        """Ask until it is answered, or refused for too long.

        Raises:
          HttpError: no usable answer came, or nothing but refusals.
          FrameError: the answer makes no sense.
        """
        self._tell_delay(self._budget.delay(question, trio.current_time()))
        refusal: HttpError | None = None
        backoff = Backoff(SHORTEST, USUAL)
        with trio.move_on_after(LONGEST):
            while True:
                try:
                    return await super().ask(question)
                except HttpError as error:
                    if error.status != TOO_MANY:
                        raise
                    refusal = error
                self._tell_refusal()
                await trio.sleep(backoff.next_delay())
        words = f"{self._name} has taken no question from this machine for {LONGEST:g} s"
        if refusal is None:
            raise HttpError(f"{words}, and has not refused one")
        raise HttpError(
            f"{words}, because too much is asked from here; the last answer: {refusal}; is there another "
            "program that asks? wait some minutes, and try again",
            status=refusal.status,
        )

    def _tell_delay(self, delay: float) -> None:
        if delay >= SHORTEST:
            self._tell_once(f"waiting: {self._name} takes so many questions a minute, and there are more")

    def _tell_refusal(self) -> None:
        self._tell_once(
            f"{self._name} takes no more questions from this machine for now (status {TOO_MANY}): "
            f"asking again for {LONGEST:g} s"
        )

    def _tell_once(self, words: str) -> None:
        if not self._has_told:
            self._has_told = True
            self._tell(words)
