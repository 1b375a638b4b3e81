"""Asker: puts questions to a venue over HTTP, as fast as its budget allows and as often as it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

import structlog
import trio

from livetrio.clock import Clock
from livetrio.errors import FrameError, HttpError
from livetrio.supervision.backoff import Backoff
from livetrio.supervision.http import HttpClient
from livetrio.venues.trading import Budget, Question

log = structlog.get_logger()

T = TypeVar("T")

ANSWER_TIMEOUT = 5.0
"""Seconds for one answer; then the question is asked again."""


MOMENT = 0.001
"""Seconds: the shortest wait for the budget."""


class Asker:
    """Asks one venue."""

    def __init__(
        self,
        http: HttpClient,
        budget: Budget,
        clock: Clock,
        *,
        headers: Mapping[str, str] | None = None,
        retry_base: float = 1.0,
        retry_max: float = 10.0,
    ) -> None:
        self._http = http
        self._budget = budget
        self._clock = clock
        self._headers = headers
        self._retry = retry_base, retry_max
        self.counts: Counter[str] = Counter()
        """What came of how many questions: ``answered``, ``senseless``, ``no answer``, or HTTP's status."""

    async def ask(self, question: Question[T]) -> T:
        """Ask once; its requests one after the other.

        Raises:
          HttpError: no usable answer came in time.
          FrameError: the answer makes no sense.
        """
        while True:
            delay = self._budget.delay(question, trio.current_time())
            if delay <= 0:
                break
            # Others may have asked meanwhile, so look again; and not before the clock has moved.
            await trio.sleep(max(delay, MOMENT))
        self._budget.spend(question, trio.current_time())
        try:
            result = await self._ask(question)
        except HttpError as error:
            self.counts["no answer" if error.status is None else str(error.status)] += 1
            raise
        except FrameError:
            self.counts["senseless"] += 1
            raise
        self.counts["answered"] += 1
        if question.cost is not None:
            self._budget.refund(question.weight - question.cost(result), trio.current_time())
        return result

    async def _ask(self, question: Question[T]) -> T:
        answers = []
        for request in question.requests:
            with trio.move_on_after(ANSWER_TIMEOUT) as limit:
                answers.append(await self._http.post(request, headers=self._headers))
            if limit.cancelled_caught:
                raise HttpError(f"POST {request.url}: no answer in {ANSWER_TIMEOUT:g} s")
        return question.read(answers, self._clock.now())

    async def insist(self, question: Question[T]) -> T:
        """Ask until there is an answer, with growing waits between; the limit is the caller's."""
        backoff = Backoff(*self._retry)
        while True:
            try:
                return await self.ask(question)
            except (HttpError, FrameError) as error:
                delay = backoff.next_delay()
                log.warning("the venue does not answer, asking again", because=str(error), delay=delay)
                await trio.sleep(delay)
