"""Answers: what a venue's answer, or its absence, does to the order it is about."""

from decimal import Decimal

import attrs
import pytest

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.portfolio import Portfolio
from livetrio.engines.risk import RiskEngine
from livetrio.engines.risk_config import RiskConfig
from livetrio.engines.tracker import OrderTracker
from livetrio.errors import FrameError
from livetrio.model import Order, OrderSide, OrderStatus, OrderType
from livetrio.supervision.answers import Answers
from livetrio.venues.trading import Cancel, CommandResult, Modify, ScheduleCancel, Submit, Verdict

S = OrderStatus


class Notes:
    """Takes everything down."""

    def __getattr__(self, name):
        return lambda *args: None


@attrs.define
class Request:
    commands: tuple


class Venue:
    """Its answers are made by the test."""

    def __init__(self):
        self.results = []

    def read_reply(self, request, body):
        if isinstance(self.results, Exception):
            raise self.results
        return self.results


class World:
    def __init__(self, **config):
        self.clock = Clock.simulated()
        bus, cache = MessageBus(), Cache()
        portfolio = Portfolio(cache, bus)
        risk = RiskEngine(RiskConfig(), cache, portfolio, now=self.clock.now, on_breach=lambda _reason: None)
        self.tracker = OrderTracker(
            bus, cache, risk=risk, portfolio=portfolio, journal=Notes(), now=self.clock.now
        )
        self.venue = Venue()
        self.again = []
        self.closed = []
        self.answers = Answers(
            self.venue,
            tracker=self.tracker,
            config=ExecutionConfig(**config),
            clock=self.clock,
            send_again=lambda command, delay: self.again.append((command, delay)),
            on_closed=self.closed.append,
            on_taken=lambda: None,
        )

    def order(self, status=S.SUBMITTED, **more):
        order = Order(
            client_order_id="a", instrument_id="BTC-USD-PERP.HYPERLIQUID", strategy="mm", side=OrderSide.BUY,
            order_type=OrderType.LIMIT, quantity=Decimal(10), price=Decimal(100), status=status, ts_event=0,
            **more,
        )  # fmt: skip
        self.tracker.track(order)
        self.tracker.cache.update_order(order)
        return order

    def answer(self, command, verdict, **more):
        self.venue.results = [CommandResult(command=command, verdict=verdict, **more)]
        self.answers.take(Request((command,)), b"")

    def modification(self, order):
        tracked = self.tracker.get("a")
        tracked.begin_modification(Decimal(10), Decimal(99), None, 1)
        return Modify(order=order, revision=1, quantity=Decimal(10), price=Decimal(99))

    @property
    def watched(self):
        watch = self.tracker.watchlist.get("a")
        return None if watch is None else watch.why


@pytest.fixture
async def world():
    return World()


@pytest.mark.parametrize(
    "verdict, status",
    [(Verdict.DONE, S.ACCEPTED), (Verdict.REFUSED, S.REJECTED), (Verdict.UNKNOWN, S.UNKNOWN)],
)
async def test_what_an_answer_to_a_new_order_means(verdict, status, world):
    order = world.order()
    world.answer(Submit(order), verdict, venue_order_id="7", reason="because")

    assert order.status is status
    assert order.venue_order_id == ("7" if verdict is Verdict.DONE else None)
    assert order.reason == (None if verdict is Verdict.DONE else "because")


async def test_a_venue_that_takes_no_orders_from_anybody_is_told_of_with_its_words(world):
    world.answer(Submit(world.order()), Verdict.REFUSED, reason="Trading is halted.", is_closed=True)

    assert [(each.reason, each.takes_post_only) for each in world.closed] == [("Trading is halted.", False)]


async def test_the_refusal_of_one_order_closes_nothing(world):
    world.answer(Submit(world.order()), Verdict.REFUSED, reason="because")

    assert world.closed == []


async def test_an_order_refused_for_now_is_sent_again_ever_later_and_rejected_in_the_end(world):
    order = world.order()
    for _ in range(4):
        world.answer(Submit(order), Verdict.RETRY, reason="too fast")

    assert [delay for _, delay in world.again] == [1.0, 2.0, 4.0]
    assert order.status is S.REJECTED
    assert order.reason == "too fast"


async def test_an_order_that_is_over_is_not_sent_again(world):
    order = world.order(S.CANCELED)
    world.answer(Submit(order), Verdict.RETRY)

    assert world.again == []
    assert order.status is S.CANCELED


@pytest.mark.parametrize(
    "verdict, why",
    [
        (Verdict.DONE, "the report of its cancellation"),
        (Verdict.RETRY, "because"),
        (Verdict.REFUSED, "because"),
        (Verdict.UNKNOWN, "because"),
    ],
)
async def test_no_answer_to_a_cancellation_ends_an_order_and_each_is_followed_up(verdict, why, world):
    order = world.order(S.ACCEPTED, is_canceling=True)
    world.answer(Cancel(order), verdict, reason="because")

    assert order.status is S.ACCEPTED
    assert order.is_canceling
    assert world.watched == why


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_cancellation_that_was_sent_again_already_is_followed_up_no_sooner(verdict, world):
    order = world.order(S.ACCEPTED, is_canceling=True)
    world.tracker.watch(order, "it rests all the same", 8_000_000_000, asked=4)
    due = world.tracker.watchlist.next_due
    world.answer(Cancel(order), verdict, reason="because")
    world.answers.lose(Cancel(order), "no answer")

    assert world.watched == "it rests all the same"
    assert world.tracker.watchlist.next_due == due


async def test_an_answer_to_the_cancellation_of_what_is_over_changes_nothing(world):
    order = world.order(S.FILLED)
    world.answer(Cancel(order), Verdict.REFUSED, reason="because")

    assert order.status is S.FILLED
    assert world.watched is None


async def test_a_modification_that_is_done_gives_the_order_its_new_leg(world):
    order = world.order(S.ACCEPTED)
    world.answer(world.modification(order), Verdict.DONE, venue_order_id="8")

    assert (order.revision, order.pending_revision, order.price) == (1, None, Decimal(99))
    assert order.venue_order_id == "8"


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_modification_that_is_refused_leaves_the_order_or_takes_it_with_it(is_over, world):
    order = world.order(S.ACCEPTED)
    world.answer(world.modification(order), Verdict.REFUSED, reason="because", is_over=is_over)

    assert (order.revision, order.pending_revision, order.price) == (0, None, Decimal(100))
    assert order.status is (S.CANCELED if is_over else S.ACCEPTED)
    assert world.watched == (None if is_over else "because")


async def test_a_modification_of_which_nothing_is_known_stays_pending_and_is_asked_about(world):
    order = world.order(S.ACCEPTED)
    world.answer(world.modification(order), Verdict.UNKNOWN, reason="because")

    assert order.pending_revision == 1
    assert world.watched == "because"


async def test_an_answer_that_makes_no_sense_loses_all_it_is_about(world):
    order = world.order()
    world.venue.results = FrameError("bad-json", "no JSON")
    world.answers.take(Request((Submit(order), ScheduleCancel(1))), b"?")

    assert order.status is S.UNKNOWN
    assert "makes no sense" in order.reason


async def test_a_lost_cancellation_is_asked_about_unless_the_order_is_over(world):
    order = world.order(S.ACCEPTED)
    world.answers.lose(Cancel(order), "no answer")
    assert world.watched == "no answer"

    world.tracker.watchlist.remove("a")
    order.status = S.FILLED
    world.answers.lose(Cancel(order), "no answer")
    assert world.watched is None


async def test_what_comes_back_unsent_is_denied_and_its_modification_is_over(world):
    order = world.order(S.PENDING)
    world.answers.give_back(Submit(order), "it is down")
    assert (order.status, order.reason) == (S.DENIED, "it is down")

    other = World()
    order = other.order(S.ACCEPTED)
    other.answers.give_back(other.modification(order), "it is down")
    assert (order.status, order.pending_revision) == (S.ACCEPTED, None)


async def test_an_order_that_waited_to_be_sent_again_and_cannot_be_is_rejected(world):
    order = world.order()
    world.answers.give_back(Submit(order), "it is down")

    assert order.status is S.REJECTED


async def test_the_answer_to_the_switch_goes_to_who_asked(world):
    results = []
    world.answers.on_schedule = results.append
    world.answer(ScheduleCancel(5), Verdict.DONE)

    assert [each.command.at for each in results] == [5]


async def test_answers_about_orders_that_are_forgotten_change_nothing(world):
    order = world.order()
    del world.tracker._tracked["a"]
    for command in (Submit(order), Cancel(order), Modify(order=order, revision=1, quantity=1, price=1)):
        world.answer(command, Verdict.DONE)
        world.answers.lose(command, "lost")
        world.answers.give_back(command, "unsent")

    assert order.status is S.SUBMITTED
    assert len(world.tracker.watchlist) == 0
