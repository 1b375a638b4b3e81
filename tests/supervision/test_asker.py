"""Asker: within the budget, within a time, and again until there is an answer."""

import pytest
import trio

from livetrio.clock import Clock
from livetrio.errors import FrameError, HttpError
from livetrio.supervision.asker import ANSWER_TIMEOUT, Asker
from livetrio.venues.base import HttpRequest
from livetrio.venues.trading import Question

REQUEST = HttpRequest(url="http://exchange.test/info", body=b"{}")


class Http:
    """Answers, or does not, in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def post(self, request, headers=None):
        self.asked.append((trio.current_time(), request, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return answer


class Budget:
    """Allows nothing before a time, and remembers."""

    def __init__(self, *, opens=0.0, step=None):
        self.opens = opens
        self.step = step
        self.spent = self.refunded = 0

    def delay(self, request, now):
        left = self.opens - now
        return min(left, self.step) if self.step and left > 0 else left

    def spend(self, request, now):
        self.spent += request.weight

    def refund(self, weight, now):
        self.refunded += weight


def question(requests=1, *, cost=None, read=None):
    return Question(
        requests=(REQUEST,) * requests,
        weight=20,
        read=read or (lambda bodies, ts: (list(bodies), ts)),
        cost=cost,
    )


def make_asker(http, budget=None, **more):
    clock = Clock.simulated()
    return Asker(http, budget or Budget(), clock, headers={"X-Key": "1"}, **more), clock


async def test_all_requests_of_a_question_are_sent_in_turn_and_read_together(autojump_clock):
    http = Http(b"1", b"2")
    asker, clock = make_asker(http)

    assert await asker.ask(question(2)) == ([b"1", b"2"], clock.now())
    assert [each[1:] for each in http.asked] == [(REQUEST, {"X-Key": "1"})] * 2


async def test_a_question_waits_for_its_budget_and_gives_back_what_it_did_not_cost(autojump_clock):
    http = Http(b"1")
    began = trio.current_time()
    budget = Budget(opens=began + 3, step=1.0)
    asker, _ = make_asker(http, budget)
    await asker.ask(question(cost=lambda _result: 2))

    assert http.asked[0][0] - began == pytest.approx(3)
    assert (budget.spent, budget.refunded) == (20, 18)


async def test_a_budget_that_opens_in_less_than_a_moment_is_not_asked_in_a_circle(autojump_clock):
    http = Http(b"1")
    asker, _ = make_asker(http, Budget(opens=trio.current_time() + 1e-12))
    with trio.fail_after(1):
        await asker.ask(question())

    assert len(http.asked) == 1


async def test_a_question_without_an_answer_in_time_fails(autojump_clock):
    asker, _ = make_asker(Http(None))
    began = trio.current_time()
    with pytest.raises(HttpError, match="no answer in 5 s"):
        await asker.ask(question())

    assert trio.current_time() - began == pytest.approx(ANSWER_TIMEOUT)


async def test_who_insists_asks_again_with_growing_waits_until_there_is_an_answer(autojump_clock):
    answers = iter([FrameError("bad-json", "no JSON"), "the answer"])

    def read(bodies, ts):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = Http(HttpError("status 502", status=502), None, b"?", b"!")
    asker, _ = make_asker(http, retry_base=1.0, retry_max=2.0)

    assert await asker.insist(question(read=read)) == "the answer"
    assert len(http.asked) == 4
    waits = [later[0] - earlier[0] for earlier, later in zip(http.asked, http.asked[1:], strict=False)]
    assert all(0 < wait <= ANSWER_TIMEOUT + 2.0 for wait in waits)
    assert waits[1] > ANSWER_TIMEOUT


async def test_a_bug_in_reading_an_answer_is_not_asked_away(autojump_clock):
    def read(bodies, ts):
        raise KeyError("a bug")

    asker, _ = make_asker(Http(b"1"))
    with pytest.raises(KeyError):
        await asker.insist(question(read=read))


async def test_what_came_of_each_question_is_counted(autojump_clock):
    def fail(bodies, ts):
        raise FrameError("bad-json", "no JSON")

    limited = HttpError("too many", status=429)
    asker, _ = make_asker(Http(b"1", limited, limited, HttpError("reset"), None, b"2"))
    await asker.ask(question())
    for _ in range(4):
        with pytest.raises(HttpError):
            await asker.ask(question())
    with pytest.raises(FrameError):
        await asker.ask(question(read=fail))

    assert asker.counts == {"answered": 1, "429": 2, "no answer": 2, "senseless": 1}
