"""One reader's channel: what it keeps when it is full, and how it ends."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from livetrio.errors import SlowConsumerError
from livetrio.subscription import Overflow, Subscription


def drain(subscription):
    """Everything that can be read now."""
    events = []
    while True:
        try:
            events.append(subscription.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel, SlowConsumerError):
            return events


async def read_all(subscription, take):
    """Give every event to ``take``, until the subscription ends."""
    async for event in subscription:
        take(event)


# Laws. An event is (kind, number); numbers rise, so order can be read off.

KINDS = ("market", "named", "latest a", "latest b", "certain", "tick")


def offer(subscription, event):
    kind = event[0]
    match kind:
        case "market":
            subscription.offer(event)
        case "named":
            subscription.offer_named("websocket.x", event)
        case "latest a" | "latest b":
            subscription.offer_latest(kind, event)
        case "certain":
            subscription.offer_certain(event)
        case "tick":
            subscription.offer_tick(event)


def numbered(kinds):
    return [(kind, number) for number, kind in enumerate(kinds)]


capacities = st.integers(1, 6)


@given(capacities, st.lists(st.sampled_from(KINDS), max_size=30))
def test_what_waits_is_what_is_read_then_and_looking_takes_nothing_out(capacity, kinds):
    subscription = Subscription(capacity=capacity)
    for event in numbered(kinds):
        offer(subscription, event)
    waiting, number = [*subscription.waiting()], subscription.statistics().waiting
    again = [*subscription.waiting()]

    assert waiting == again == drain(subscription)
    assert len(waiting) == number


@given(capacities, st.integers(0, 30))
def test_of_market_data_the_newest_are_kept_in_order(capacity, count):
    subscription = Subscription(capacity=capacity)
    events = list(range(count))
    for event in events:
        subscription.offer(event)

    assert drain(subscription) == events[-capacity:]
    assert subscription.dropped == max(0, count - capacity)


@given(capacities, st.data())
def test_what_may_not_be_lost_is_not_and_market_data_goes_oldest_first(capacity, data):
    kinds = data.draw(st.lists(st.sampled_from(["market", "certain"]), max_size=40))
    events = numbered(kinds)
    certain = [event for event in events if event[0] == "certain"][: 2 * capacity]
    events = [event for event in events if event[0] == "market" or event in certain]
    subscription = Subscription(capacity=capacity)
    for event in events:
        offer(subscription, event)
    received = drain(subscription)

    assert received == sorted(received, key=lambda event: event[1])
    assert [event for event in received if event[0] == "certain"] == certain
    market = [event for event in events if event[0] == "market"]
    kept = [event for event in received if event[0] == "market"]
    assert kept == market[len(market) - len(kept) :]
    assert len(received) >= min(len(events), capacity)
    assert len(kept) <= capacity
    assert not subscription.is_closed


@given(capacities, st.lists(st.sampled_from([*KINDS, "read"]), max_size=60))
def test_every_event_that_was_offered_is_received_waiting_dropped_or_replaced(capacity, steps):
    subscription = Subscription(capacity=capacity)
    offered = certain = ticks = 0
    received = []
    for number, step in enumerate(steps):
        if step == "read":
            try:
                received.append(subscription.receive_nowait())
            except trio.WouldBlock:
                assert subscription.statistics().waiting == 0
            continue
        certain += step == "certain"
        offer(subscription, (step, number))
        if subscription.is_closed:
            break
        offered += 1
        ticks += step == "tick"
        counts = subscription.statistics()

        assert counts.dropped + counts.conflated + counts.received + counts.waiting == offered
        assert counts.waiting <= 3 * capacity
    received += drain(subscription)

    counts = subscription.statistics()
    assert counts.dropped + counts.conflated + counts.received == offered
    assert counts.received == len(received)
    for kind in KINDS:
        numbers = [event[1] for event in received if event[0] == kind]
        assert numbers == sorted(numbers)
    if not subscription.is_closed:
        assert sum(event[0] == "certain" for event in received) == certain
        if ticks:
            last = max(number for number, step in enumerate(steps) if step == "tick")
            assert ("tick", last) in received


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=30))
def test_the_latest_of_each_topic_stands_where_its_first_stood(events):
    subscription = Subscription(capacity=3, overflow=Overflow.LATEST)
    for topic, value in events:
        subscription.offer_latest(topic, (topic, value))

    assert drain(subscription) == list({topic: (topic, value) for topic, value in events}.values())
    assert subscription.conflated == len(events) - len({topic for topic, _ in events})
    assert subscription.dropped == 0


# What is full.


def test_a_capacity_of_nothing_is_refused():
    with pytest.raises(ValueError, match="capacity=0"):
        Subscription(capacity=0)


def test_a_topic_that_was_read_takes_a_place_anew():
    subscription = Subscription(capacity=2, overflow=Overflow.LATEST)
    subscription.offer_latest("a", 1)
    subscription.offer_latest("b", 2)
    assert subscription.receive_nowait() == 1

    subscription.offer_latest("a", 3)

    assert drain(subscription) == [2, 3]
    assert subscription.conflated == 0


def test_more_topics_than_places_drop_the_oldest_with_their_names():
    dropped = []
    subscription = Subscription(
        capacity=2, overflow=Overflow.LATEST, on_drop=lambda topic, event: dropped.append((topic, event))
    )
    for topic in "abc":
        subscription.offer_latest(topic, topic.upper())
    subscription.offer_latest("a", "A again")

    assert dropped == [("a", "A"), ("b", "B")]
    assert drain(subscription) == ["C", "A again"]


def test_what_is_dropped_is_told():
    dropped = []
    subscription = Subscription(capacity=1, on_drop=lambda *what: dropped.append(what))
    subscription.offer("one")
    subscription.offer_named("websocket.x", b"two")
    subscription.offer("three")

    assert dropped == [(None, "one"), ("websocket.x", b"two")]


def test_a_flood_of_market_data_pushes_no_tick_out():
    subscription = Subscription(capacity=2)
    for number in range(10):
        subscription.offer(number)
        if number == 3:
            subscription.offer_tick("tick 1")
        if number == 7:
            subscription.offer_tick("tick 2")

    assert drain(subscription) == ["tick 2", 8, 9]
    assert subscription.conflated == 1


def test_a_tick_that_was_read_is_not_replaced():
    subscription = Subscription()
    subscription.offer_tick(1)
    assert subscription.receive_nowait() == 1
    subscription.offer_tick(2)
    subscription.offer_tick(3)

    assert drain(subscription) == [3]


def test_a_flood_of_market_data_closes_no_subscription():
    subscription = Subscription(capacity=2)
    certain = [f"certain {number}" for number in range(4)]
    for event in certain:
        subscription.offer_certain(event)
    for number in range(100):
        subscription.offer(number)

    assert not subscription.is_closed
    assert drain(subscription) == [*certain, 98, 99]


@pytest.mark.parametrize("end", ["certain", "tick"])
def test_one_too_many_that_may_not_be_lost_closes_and_what_was_held_is_delivered(end):
    closed = []
    subscription = Subscription(capacity=3, on_close=closed.append)
    subscription.patterns = ("order.*", "system.tick")
    for number in range(6):
        subscription.offer_certain(number)
    subscription.offer("market")
    assert not subscription.is_closed
    offer(subscription, (end, 6))
    offer(subscription, (end, 7))

    assert subscription.is_closed
    assert closed == [subscription]
    assert [subscription.receive_nowait() for _ in range(7)] == [0, 1, 2, 3, 4, 5, "market"]
    for _ in range(2):
        with pytest.raises(SlowConsumerError, match=r"order\.\*, system\.tick was not read .* 6 events"):
            subscription.receive_nowait()


async def test_a_reader_that_waits_hears_of_the_overrun_after_what_was_held():
    subscription = Subscription(capacity=1)
    for number in range(3):
        subscription.offer_certain(number)

    assert await subscription.receive() == 0
    assert await subscription.receive() == 1
    with pytest.raises(SlowConsumerError):
        await subscription.receive()


async def test_iteration_over_an_overrun_subscription_raises_rather_than_ends():
    subscription = Subscription(capacity=1)
    for number in range(3):
        subscription.offer_certain(number)
    received = []
    with pytest.raises(SlowConsumerError):
        await read_all(subscription, received.append)

    assert received == [0, 1]


# Who waits.


async def test_a_waiting_reader_gets_what_is_offered(nursery):
    subscription = Subscription(capacity=1)
    received = []
    nursery.start_soon(read_all, subscription, received.append)
    for send in (
        lambda: subscription.offer("market"),
        lambda: subscription.offer_certain("certain"),
        lambda: subscription.offer_latest("topic", "latest"),
        lambda: subscription.offer_tick("tick"),
    ):
        await wait_all_tasks_blocked()
        send()
    await wait_all_tasks_blocked()
    subscription.close()

    assert received == ["market", "certain", "latest", "tick"]
    assert subscription.received == 4


async def test_a_reader_that_is_on_its_way_gets_the_latest_still(nursery):
    subscription = Subscription(overflow=Overflow.LATEST)
    received = []

    async def read():
        received.append(await subscription.receive())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    subscription.offer_latest("a", 1)
    subscription.offer_latest("a", 2)
    await wait_all_tasks_blocked()

    assert received == [2]
    assert subscription.statistics().conflated == 1


@pytest.mark.parametrize("kind", ["latest a", "tick", "certain", "market"])
async def test_close_while_the_reader_is_on_its_way_is_no_error(kind, nursery):
    subscription = Subscription()
    received = []
    nursery.start_soon(read_all, subscription, received.append)
    await wait_all_tasks_blocked()
    offer(subscription, (kind, 1))
    subscription.close()
    await wait_all_tasks_blocked()

    assert received == [(kind, 1)]


async def test_cancelling_a_waiting_reader_loses_nothing():
    subscription = Subscription(capacity=2)
    with trio.CancelScope() as scope:
        scope.cancel()
        await subscription.receive()
    for number in range(3):
        subscription.offer_certain(number)  # one is set aside
    with trio.CancelScope() as scope:
        scope.cancel()
        await subscription.receive()

    assert drain(subscription) == [0, 1, 2]
    assert subscription.received == 3


async def test_cancelling_a_reader_that_sleeps_in_receive_loses_nothing(nursery):
    subscription = Subscription()
    scope = trio.CancelScope()

    async def read():
        with scope:
            await subscription.receive()

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    scope.cancel()
    await wait_all_tasks_blocked()
    subscription.offer(1)

    assert drain(subscription) == [1]


async def test_reading_is_a_checkpoint_also_when_something_is_there():
    subscription = Subscription(capacity=1)
    for number in range(2):
        subscription.offer_certain(number)

    with trio.testing.assert_checkpoints():
        assert await subscription.receive() == 0  # was set aside
    with trio.testing.assert_checkpoints():
        assert await subscription.receive() == 1


async def test_close_while_readers_fetch_what_was_set_aside_ends_them(nursery):
    # Many, because only those that trio lets run before this task are on their way.
    subscriptions = [Subscription(capacity=1) for _ in range(20)]
    ended = []

    async def read(subscription):
        await read_all(subscription, print)
        ended.append(subscription)

    for subscription in subscriptions:
        subscription.offer_certain(0)
        subscription.offer_certain(1)
        nursery.start_soon(read, subscription)
    await trio.lowlevel.checkpoint()
    for subscription in subscriptions:
        subscription.close()
    await wait_all_tasks_blocked()

    assert len(ended) == 20


async def test_two_readers_share_what_was_set_aside(nursery):
    subscription = Subscription(capacity=1)
    for number in range(2):
        subscription.offer_certain(number)
    received = []

    async def read():
        received.append(await subscription.receive())

    nursery.start_soon(read)
    nursery.start_soon(read)
    await wait_all_tasks_blocked()

    assert sorted(received) == [0, 1]


# How it ends.


async def test_close_wakes_the_waiting_reader(nursery):
    subscription = Subscription()
    ended = trio.Event()

    async def read():
        await read_all(subscription, print)
        ended.set()

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    subscription.close()
    await wait_all_tasks_blocked()

    assert ended.is_set()


async def test_what_a_closed_subscription_held_is_gone():
    subscription = Subscription(capacity=2)
    for number in range(3):
        subscription.offer_certain(number)
    subscription.offer_latest("a", 3)
    subscription.offer_tick(4)
    subscription.close()

    assert subscription.statistics().waiting == 0
    with pytest.raises(trio.EndOfChannel):
        subscription.receive_nowait()
    with pytest.raises(trio.EndOfChannel):
        await subscription.receive()


async def test_what_a_finished_subscription_held_can_be_read():
    subscription = Subscription(capacity=2)
    for number in range(3):
        subscription.offer_certain(number)
    subscription.finish()

    assert [event async for event in subscription] == [0, 1, 2]
    assert subscription.is_closed


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_subscription_takes_nothing_more_and_blames_nobody(kind):
    subscription = Subscription(capacity=1)
    subscription.close()
    for number in range(5):
        offer(subscription, (kind, number))

    assert drain(subscription) == []
    assert subscription.statistics().waiting == 0


def test_the_end_is_told_once_in_the_order_of_asking():
    told = []
    subscription = Subscription(on_close=lambda _: told.append("bus"))
    subscription.on_closed(lambda: told.append("first"))
    subscription.on_closed(lambda: told.append("second"))
    subscription.finish()
    subscription.close()
    subscription.close()

    assert told == ["bus", "first", "second"]


def test_leaving_the_block_closes():
    with Subscription() as subscription:
        assert not subscription.is_closed

    assert subscription.is_closed


# What it says of itself.


def test_statistics():
    subscription = Subscription(capacity=2)
    subscription.patterns = ("trade.*",)
    for number in range(3):
        subscription.offer(number)
    subscription.receive_nowait()
    counts = subscription.statistics()

    assert counts.patterns == ("trade.*",)
    assert (counts.capacity, counts.waiting, counts.received, counts.dropped, counts.conflated) == (
        2,
        1,
        1,
        1,
        0,
    )
    assert counts.peak >= 1


def test_repr_tells_the_state():
    subscription = Subscription()
    subscription.patterns = ("trade.*", "system.tick")
    subscription.offer(1)

    assert repr(subscription) == "<Subscription trade.* system.tick: 1 waiting>"
    subscription.close()
    assert repr(subscription) == "<Subscription trade.* system.tick: closed>"
