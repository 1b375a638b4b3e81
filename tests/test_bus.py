"""The bus: who gets what is published, what becomes of a handler's error, and who answers."""

import pytest
import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from trio.testing import wait_all_tasks_blocked

from livetrio import bus as bus_module
from livetrio.bus import MessageBus, TopicStatistics
from livetrio.errors import (
    EndpointAlreadyRegistered,
    EndpointNotFound,
    HandlerError,
    SlowConsumerError,
    UsageError,
)
from livetrio.model import OrderStatus, TickEvent
from livetrio.subscription import Overflow
from livetrio.topics import CONNECTED, TICK, Topic, orders, raw_messages

BTC = "trade.BTC-USD-PERP.HYPERLIQUID"
ETH = "trade.ETH-USD-PERP.HYPERLIQUID"


@pytest.fixture
def bus():
    return MessageBus()


@pytest.fixture
async def running(nursery, autojump_clock):
    """A bus whose handlers run."""
    bus = MessageBus()
    await nursery.start(bus.run_handlers)
    return bus


def drain(subscription):
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return events


# Topics and patterns.


def test_an_event_goes_to_the_topics_subscribers_only(bus):
    btc, btc_too, eth = bus.subscribe(BTC), bus.subscribe(BTC), bus.subscribe(ETH)
    bus.publish(BTC, 1)

    assert [drain(each) for each in (btc, btc_too, eth)] == [[1], [1], []]


def test_publishing_to_nobody_is_no_error(bus):
    bus.publish(BTC, 1)

    assert drain(bus.subscribe(BTC)) == []


def test_exact_and_wildcard_subscriptions_get_an_event_once_each(bus):
    exact, prefix, everything = bus.subscribe(BTC), bus.subscribe("trade.*"), bus.subscribe("*")
    bus.publish(BTC, 1)
    bus.publish(ETH, 2)
    bus.publish("system.feed", 3)

    assert [drain(each) for each in (exact, prefix, everything)] == [[1], [1, 2], [1, 2, 3]]


def test_one_subscription_gets_an_event_once_even_if_all_its_patterns_fit(bus):
    subscription = bus.subscribe(BTC, "trade.*", "*", BTC)
    bus.publish(BTC, 1)

    assert drain(subscription) == [1]
    assert subscription.patterns == (BTC, "trade.*", "*")


def test_a_prefix_fits_itself_and_need_not_end_at_a_dot(bus):
    subscription = bus.subscribe("trade.B*")
    for topic in ("trade.B", "trade.BTC", "trade.", "trade.ETH"):
        bus.publish(topic, topic)

    assert drain(subscription) == ["trade.B", "trade.BTC"]


@pytest.mark.parametrize("pattern", ["trade.*.snapshot", "*trade", "**", "t*de.*"])
def test_a_star_anywhere_but_at_the_end_is_refused_and_nothing_stays_behind(bus, pattern):
    with pytest.raises(UsageError, match="at the end only"):
        bus.subscribe(BTC, pattern)

    assert bus.subscriptions == ()
    bus.publish(BTC, 1)
    assert bus.statistics()[0].readers == 0


def test_there_is_a_limit_of_different_wildcards(bus, monkeypatch):
    monkeypatch.setattr(bus_module, "MAX_WILDCARDS", 2)
    first = bus.subscribe("a*")
    bus.subscribe("b*")
    bus.subscribe("a*")  # the same pattern again costs nothing
    with pytest.raises(UsageError, match="2 wildcard patterns"):
        bus.subscribe("c*")
    bus.subscribe("c")

    first.close()
    bus.subscribe("b*")
    with pytest.raises(UsageError):
        bus.subscribe("c*")
    assert len(bus.subscriptions) == 4


def test_typed_topics_and_plain_names_are_the_same(bus):
    typed, plain = bus.subscribe(TICK), bus.subscribe("system.tick")
    bus.publish("system.tick", 1)
    bus.publish(TICK, 2)

    assert drain(typed) == drain(plain) == [2]
    assert [each.topic for each in bus.statistics()] == ["system.tick"]
    assert type(bus.statistics()[0].topic) is str


def test_a_batch_is_published_in_order(bus):
    subscription = bus.subscribe(BTC)
    bus.publish_batch(BTC, iter([1, 2, 3]))

    assert drain(subscription) == [1, 2, 3]


def test_only_what_is_published_afterwards_arrives(bus):
    bus.publish(BTC, "before")
    subscription = bus.subscribe("trade.*")
    bus.publish(BTC, "after")

    assert drain(subscription) == ["after"]


# Patterns that come and go.


def test_a_pattern_added_later_counts_from_then_on(bus):
    subscription = bus.subscribe(BTC)
    bus.publish(ETH, 1)
    bus.add_pattern(subscription, ETH)
    bus.add_pattern(subscription, ETH)
    bus.publish(ETH, 2)

    assert drain(subscription) == [2]
    assert subscription.patterns == (BTC, ETH)


def test_a_pattern_removed_counts_no_more_and_what_is_held_stays(bus):
    subscription = bus.subscribe(BTC, "trade.*")
    bus.publish(ETH, 1)
    bus.remove_pattern(subscription, "trade.*")
    bus.remove_pattern(subscription, "never added")
    bus.publish(ETH, 2)
    bus.publish(BTC, 3)

    assert drain(subscription) == [1, 3]
    assert subscription.patterns == (BTC,)


def test_an_ended_subscription_takes_no_pattern_and_harms_no_publisher(bus):
    other = bus.subscribe(ETH)
    subscription = bus.subscribe(BTC)
    subscription.close()
    bus.add_pattern(subscription, ETH)
    bus.publish(ETH, 1)

    assert drain(other) == [1]


def test_a_pattern_of_an_ended_subscription_can_be_removed(bus):
    subscription = bus.subscribe(BTC, "trade.*")
    subscription.close()
    bus.remove_pattern(subscription, BTC)

    assert subscription.patterns == ("trade.*",)


# Ends.


def test_unsubscribing_while_events_wait_ends_it_with_them(bus):
    subscription = bus.subscribe(BTC)
    bus.publish(BTC, 1)
    bus.unsubscribe(subscription)
    bus.publish(BTC, 2)

    assert subscription.is_closed
    assert drain(subscription) == []


def test_the_rest_goes_on_when_one_unsubscribes(bus):
    first, second = bus.subscribe("trade.*"), bus.subscribe("trade.*")
    first.close()
    bus.publish(BTC, 1)

    assert drain(second) == [1]
    assert bus.subscriptions == (second,)


def test_all_can_be_ended_at_once(bus):
    subscriptions = [bus.subscribe(BTC), bus.subscribe("*"), bus.subscribe(BTC, print)]
    bus.unsubscribe_all()

    assert all(each.is_closed for each in subscriptions)
    assert bus.subscriptions == ()


def test_an_overrun_reader_disturbs_neither_publisher_nor_others(bus):
    topic = orders(OrderStatus.ACCEPTED)
    slow, quick = bus.subscribe(topic, capacity=1), bus.subscribe(topic)
    bus.publish_batch(topic, range(5))

    assert slow.is_closed
    assert drain(quick) == [0, 1, 2, 3, 4]
    assert [slow.receive_nowait(), slow.receive_nowait()] == [0, 1]
    with pytest.raises(SlowConsumerError, match=r"order\.accepted"):
        slow.receive_nowait()


def test_who_ends_when_another_ends_does_not_hurt_the_publisher(bus):
    topic = orders(OrderStatus.ACCEPTED)
    slow = bus.subscribe(topic, capacity=1)
    dependent = bus.subscribe(topic)
    slow.on_closed(dependent.close)
    slow.on_closed(lambda: bus.publish(topic, "slow has gone"))
    last = bus.subscribe(topic)
    bus.publish_batch(topic, range(3))

    assert dependent.is_closed
    assert drain(last) == [0, 1, "slow has gone", 2]


# What may be lost.


def test_market_data_drops_the_oldest_counted_by_topic(bus):
    bus.subscribe("*", capacity=2)
    raw = raw_messages("x")
    bus.publish_batch(raw, [b"1", b"2", b"3"])

    assert {each.topic: each.dropped for each in bus.statistics()} == {"websocket.x": 1}


def test_the_latest_of_each_topic_if_asked(bus):
    subscription = bus.subscribe("*", overflow=Overflow.LATEST)
    bus.publish_batch("mids.ONE", [1, 2])
    bus.publish_batch("mids.TWO", [3, 4])
    bus.publish_batch(CONNECTED, [5, 6])

    assert drain(subscription) == [2, 4, 5, 6]


def test_the_latest_stays_the_latest_when_subscriptions_change(bus):
    subscription = bus.subscribe("trade.*", overflow=Overflow.LATEST)
    bus.publish(BTC, 1)
    bus.subscribe(BTC)
    bus.publish(BTC, 2)

    assert drain(subscription) == [2]


def test_who_records_loses_no_market_data_unawares(bus):
    recorder = bus.subscribe(BTC, capacity=1, overflow=Overflow.CLOSE)
    bus.publish_batch(BTC, range(3))

    assert recorder.is_closed
    assert [recorder.receive_nowait(), recorder.receive_nowait()] == [0, 1]
    with pytest.raises(SlowConsumerError):
        recorder.receive_nowait()


@pytest.mark.parametrize("overflow", Overflow)
def test_of_ticks_a_busy_reader_finds_the_last(bus, overflow):
    subscription = bus.subscribe(TICK, overflow=overflow)
    for number in (1, 2, 3):
        bus.publish(TICK, TickEvent(timestamp=number, tick_number=number))

    assert [tick.tick_number for tick in drain(subscription)] == [3]


# Handlers.


async def test_a_handler_is_called_with_each_event_in_order(running):
    plain, waiting = [], []

    async def wait_first(event):
        await trio.lowlevel.checkpoint()
        waiting.append(event)

    running.subscribe(BTC, plain.append)
    running.subscribe("trade.*", wait_first)
    running.publish_batch(BTC, [1, 2, 3])
    await wait_all_tasks_blocked()

    assert plain == waiting == [1, 2, 3]


async def test_the_same_handler_subscribed_twice_is_called_twice(running):
    seen = []
    running.subscribe(BTC, seen.append)
    running.subscribe(BTC, seen.append)
    running.publish(BTC, 1)
    await wait_all_tasks_blocked()

    assert seen == [1, 1]


async def test_a_handler_of_several_patterns(running):
    seen = []
    running.subscribe(BTC, ETH, seen.append)
    running.publish(BTC, 1)
    running.publish(ETH, 2)
    await wait_all_tasks_blocked()

    assert seen == [1, 2]


def test_two_handlers_at_once_are_refused(bus):
    with pytest.raises(UsageError, match="at most one handler"):
        bus.subscribe(BTC, print, repr)

    assert bus.subscriptions == ()


async def test_handlers_given_before_they_run_get_what_waited(bus, nursery):
    seen = []
    bus.subscribe(BTC, seen.append)
    bus.publish(BTC, 1)
    await wait_all_tasks_blocked()
    assert seen == []

    await nursery.start(bus.run_handlers)
    await wait_all_tasks_blocked()

    assert seen == [1]


async def test_unsubscribing_a_handler_while_events_wait(running):
    seen = []
    running.subscribe(BTC, seen.append)
    running.publish(BTC, 1)
    await wait_all_tasks_blocked()
    running.publish(ETH, "other")
    running.unsubscribe(BTC, seen.append)
    running.publish(BTC, 2)
    await wait_all_tasks_blocked()

    assert seen == [1]
    assert running.subscriptions == ()


def test_of_two_same_handlers_the_later_is_unsubscribed_first(bus):
    first = bus.subscribe(BTC, print)
    second = bus.subscribe(BTC, print)
    bus.subscribe(ETH, print)
    bus.subscribe(BTC, repr)
    bus.unsubscribe(BTC, print)

    assert second.is_closed
    assert not first.is_closed
    bus.unsubscribe(BTC, print)
    bus.unsubscribe(BTC, print)  # there is none any more: no error
    assert first.is_closed
    assert len(bus.subscriptions) == 2


async def test_a_handler_may_publish_subscribe_and_unsubscribe(running):
    seen = []

    def second(event):
        seen.append(("second", event))
        running.unsubscribe("answer", second)

    def first(event):
        seen.append(("first", event))
        if event == 1:
            running.subscribe("answer", second)
        running.publish("answer", event)

    running.subscribe(BTC, first)
    running.publish_batch(BTC, [1, 2])
    await wait_all_tasks_blocked()

    assert seen == [("first", 1), ("first", 2), ("second", 1)]


async def test_a_handler_may_publish_to_its_own_topic(running):
    seen = []

    def count_down(event):
        seen.append(event)
        if event:
            running.publish(BTC, event - 1)

    running.subscribe(BTC, count_down)
    running.publish(BTC, 3)
    await wait_all_tasks_blocked()

    assert seen == [3, 2, 1, 0]


async def test_with_a_callback_an_error_is_told_and_the_handler_goes_on(running):
    errors, seen, others = [], [], []
    running.on_handler_error = lambda *what: errors.append(what)

    def picky(event):
        if event == 2:
            raise ValueError("not two")
        seen.append(event)

    running.subscribe(BTC, picky)
    running.subscribe(BTC, others.append)
    running.publish_batch(BTC, [1, 2, 3])
    await wait_all_tasks_blocked()

    assert seen == [1, 3]
    assert others == [1, 2, 3]
    [(pattern, event, error)] = errors
    assert (pattern, event, str(error)) == (BTC, 2, "not two")


async def test_without_a_callback_an_error_leaves_run_handlers(bus, autojump_clock):
    async def picky(event):
        raise ValueError("not that")

    bus.subscribe(BTC, picky)
    bus.publish(BTC, 1)
    with pytest.RaisesGroup(
        pytest.RaisesExc(HandlerError, match=r"picky of 'trade\.BTC.*not that")
    ) as caught:
        with trio.fail_after(60):
            await bus.run_handlers()

    assert isinstance(caught.value.exceptions[0].__cause__, ValueError)


async def test_a_handler_without_a_name_can_be_named(bus, autojump_clock):
    class Refuses:
        def __call__(self, event):
            raise ValueError

        def __repr__(self):
            return "<refuses>"

    bus.subscribe(BTC, Refuses())
    bus.publish(BTC, 1)
    with pytest.RaisesGroup(pytest.RaisesExc(HandlerError, match="the handler <refuses> of")):
        with trio.fail_after(60):
            await bus.run_handlers()


async def test_a_handler_that_is_overrun_ends_run_handlers(bus, autojump_clock):
    seen = []
    with pytest.RaisesGroup(SlowConsumerError, flatten_subgroups=True), trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(bus.run_handlers)
            bus.subscribe("order.accepted", seen.append, capacity=1)
            bus.publish_batch("order.accepted", range(3))

    assert seen == [0, 1]


async def test_a_handler_that_is_overrun_is_told_to_the_callback(running):
    errors = []
    running.on_handler_error = lambda *what: errors.append(what)
    running.subscribe("order.accepted", [].append, capacity=1)
    running.publish_batch("order.accepted", range(3))
    await wait_all_tasks_blocked()

    [(pattern, event, error)] = errors
    assert (pattern, event, type(error)) == ("order.accepted", None, SlowConsumerError)


async def test_handlers_can_be_run_again(bus):
    seen = []
    bus.subscribe(BTC, seen.append)
    for number in (1, 2):
        async with trio.open_nursery() as nursery:
            await nursery.start(bus.run_handlers)
            bus.publish(BTC, number)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    assert seen == [1, 2]


# Their end.


async def test_handlers_finish_what_was_published_and_get_nothing_after(running):
    seen = []

    async def slow(event):
        await trio.lowlevel.checkpoint()
        seen.append(event)

    running.subscribe(BTC, slow)
    await wait_all_tasks_blocked()
    running.publish_batch(BTC, range(10))
    with trio.fail_after(60):
        await running.finish_handlers()
    running.publish(BTC, "late")
    await wait_all_tasks_blocked()

    assert seen == list(range(10))


async def test_a_handler_subscribed_just_now_finishes_too(autojump_clock):
    for _ in range(20):  # whether its task has begun when it is to finish is trio's choice
        bus, seen = MessageBus(), []
        async with trio.open_nursery() as nursery:
            await nursery.start(bus.run_handlers)
            bus.subscribe(BTC, seen.append)
            bus.publish(BTC, 1)
            with trio.fail_after(60):
                await bus.finish_handlers()
            nursery.cancel_scope.cancel()

        assert seen == [1]


async def test_two_may_wait_for_the_handlers_to_finish(running, nursery):
    async def slow(event):
        await wait_all_tasks_blocked()

    running.subscribe(BTC, slow)
    running.publish(BTC, 1)
    with trio.fail_after(60):
        async with trio.open_nursery() as waiters:
            waiters.start_soon(running.finish_handlers)
            waiters.start_soon(running.finish_handlers)


async def test_finishing_handlers_that_nobody_runs_does_not_wait(bus, autojump_clock):
    subscription = bus.subscribe(BTC, print)
    with trio.fail_after(60):
        await bus.finish_handlers()

    assert subscription.is_closed


async def test_handlers_can_be_subscribed_again_after_they_finished(running):
    seen = []
    running.subscribe(BTC, seen.append)
    with trio.fail_after(60):
        await running.finish_handlers()
        running.subscribe(BTC, seen.append)
        running.publish(BTC, 1)
        await running.finish_handlers()

    assert seen == [1]


# Endpoints.


def test_a_request_is_answered_at_once(bus):
    bus.register("risk.check", lambda order: f"{order} is fine")

    assert bus.request("risk.check", "it") == "it is fine"


async def test_an_endpoint_may_answer_later(bus):
    async def answer(payload):
        await trio.lowlevel.checkpoint()
        return payload * 2

    bus.register("double", answer)

    assert await bus.request("double", 21) == 42


def test_a_command_has_no_answer(bus):
    commands = []

    def receive(command):
        commands.append(command)
        return "ignored"

    bus.register("order.submit", receive)

    assert bus.send("order.submit", 1) is None
    assert commands == [1]


def test_a_request_needs_no_payload(bus):
    bus.register("ping", lambda payload: payload)

    assert bus.request("ping") is None


def test_what_an_endpoint_raises_the_caller_gets(bus):
    def fail(_payload):
        raise KeyError("its own")

    bus.register("order.query", fail)
    with pytest.raises(KeyError, match="its own"):
        bus.request("order.query")


@pytest.mark.parametrize(
    "asked, hint", [("order.sumbit", "; did you mean 'order.submit'?"), ("something.else", "")]
)
def test_an_unknown_endpoint_is_an_error_that_names_the_nearest(bus, asked, hint):
    bus.register("order.submit", print)
    for call in (bus.request, bus.send):
        with pytest.raises(EndpointNotFound) as caught:
            call(asked, None)

        assert str(caught.value) == f"no endpoint {asked!r} is registered{hint}"


def test_an_endpoint_has_one_receiver(bus):
    bus.register("order.submit", lambda _: "first")
    with pytest.raises(EndpointAlreadyRegistered, match=r"order\.submit"):
        bus.register("order.submit", lambda _: "second")
    assert bus.request("order.submit") == "first"

    bus.deregister("order.submit")
    bus.deregister("order.submit")
    bus.register("order.submit", lambda _: "second")
    assert bus.request("order.submit") == "second"


# What went through.


def test_statistics_by_topic(bus):
    subscription = bus.subscribe("trade.*")
    bus.publish_batch(ETH, [1, 2])
    bus.publish(BTC, 3)
    bus.publish("mine", 4)

    assert bus.statistics() == [
        TopicStatistics(topic="mine", published=1, readers=0, dropped=0),
        TopicStatistics(topic=BTC, published=1, readers=1, dropped=0),
        TopicStatistics(topic=ETH, published=2, readers=1, dropped=0),
    ]
    subscription.close()
    assert [each.readers for each in bus.statistics()] == [0, 0, 0]


def test_topics_forgotten_are_built_anew_and_still_delivered(bus, monkeypatch):
    monkeypatch.setattr(bus_module, "MAX_IDLE_ROUTES", 3)
    kept = bus.subscribe("kept")
    for topic in ["kept", *(f"idle.{number}" for number in range(10)), "kept"]:
        bus.publish(topic, topic)

    assert len(bus.statistics()) <= 4
    assert drain(kept) == ["kept", "kept"]
    late = bus.subscribe("idle.*")
    bus.publish("idle.0", 1)
    assert drain(late) == [1]
    assert {each.topic: each.published for each in bus.statistics()}["kept"] == 2


def test_repr_counts(bus):
    bus.subscribe(BTC)
    bus.publish(ETH, 1)
    bus.register("ping", print)

    assert repr(bus) == "<MessageBus 1 topics, 1 subscriptions, 1 endpoints>"


def test_a_topic_tells_the_checker_what_it_carries(bus):
    topic: Topic[int] = Topic("count.it")
    subscription = bus.subscribe(topic)
    bus.publish(topic, 1)

    assert drain(subscription) == [1]


# The bus against a model of it: a list of pattern sets, each with what it should have received.

TOPICS = ["a", "b", "a.b", "a.bc", "a.b.c", "order.x"]
PATTERNS = [*TOPICS, "*", "a*", "a.*", "a.b*", "order.*", "z*"]


def fits(topic, patterns):
    return any(topic == each or (each[-1] == "*" and topic.startswith(each[:-1])) for each in patterns)


class BusMachine(RuleBasedStateMachine):
    open_ones = Bundle("open_ones")

    @initialize()
    def make(self):
        self.bus = MessageBus()
        self.number = 0
        self.expected = {}

    @rule(target=open_ones, patterns=st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
    def subscribe(self, patterns):
        subscription = self.bus.subscribe(*patterns)
        self.expected[subscription] = (set(patterns), [])
        return subscription

    @rule(topic=st.sampled_from(TOPICS))
    def publish(self, topic):
        self.number += 1
        self.bus.publish(topic, self.number)
        for patterns, events in self.expected.values():
            if fits(topic, patterns):
                events.append(self.number)

    @rule(subscription=open_ones, pattern=st.sampled_from(PATTERNS))
    def add_pattern(self, subscription, pattern):
        self.bus.add_pattern(subscription, pattern)
        self.expected[subscription][0].add(pattern)

    @rule(subscription=open_ones, pattern=st.sampled_from(PATTERNS))
    def remove_pattern(self, subscription, pattern):
        self.bus.remove_pattern(subscription, pattern)
        self.expected[subscription][0].discard(pattern)

    @rule(subscription=consumes(open_ones))
    def close(self, subscription):
        subscription.close()
        del self.expected[subscription]

    @rule(subscription=open_ones)
    def read(self, subscription):
        events = self.expected[subscription][1]

        assert drain(subscription) == events
        events.clear()

    @invariant()
    def nothing_is_left_over_and_nothing_is_missing(self):
        assert self.bus.subscriptions == tuple(self.expected)
        for subscription, (patterns, events) in self.expected.items():
            assert set(subscription.patterns) == patterns
            assert subscription.statistics().waiting == len(events)
        for each in self.bus.statistics():
            assert each.readers == sum(fits(each.topic, patterns) for patterns, _ in self.expected.values())


TestBusMachine = BusMachine.TestCase
TestBusMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
