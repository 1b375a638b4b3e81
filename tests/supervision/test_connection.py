"""One connection, against a fake venue on an in-memory network and in virtual time."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from connection_world import BOOK, BTC, ETH, ETH_BOOK, TRADES, World, drain, gaps
from structlog.testing import capture_logs

from livetrio.errors import ConnectionLost, MaxReconnectAttempts, NotRunning, UnknownInstrument
from livetrio.exchange.edge.http import plain
from livetrio.model import ConnectionState, Feed, FeedKind, FeedState, InstrumentId
from livetrio.supervision.connection import MAX_RETRY_AFTER
from livetrio.testing import FakeVenue, within
from livetrio.testing.venue import FakeCodec

CONNECTED, DISCONNECTED = ConnectionState.CONNECTED, ConnectionState.DISCONNECTED
RECONNECTING, FAILED = ConnectionState.RECONNECTING, ConnectionState.FAILED


async def never_answer(_stream):
    await trio.sleep_forever()


# Back-off.


@within(3600)
async def test_a_refused_dial_is_tried_again_after_1_2_4_and_so_on_up_to_60_seconds(nursery, autojump_clock):
    world = World(nursery)
    world.site.refuse = True

    await world.up(nursery)
    await trio.sleep(400)

    expected = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    assert gaps(world.site.dials) == expected
    assert world.delays() == [*expected, 60]


@within(3600)
async def test_the_base_and_the_longest_delay_can_be_set(nursery, autojump_clock):
    world = World(nursery, reconnect_base=0.1, reconnect_max=0.5)
    world.site.refuse = True

    await world.up(nursery)
    await trio.sleep(2)

    assert gaps(world.site.dials) == [0.1, 0.2, 0.4, 0.5, 0.5]


@within(7200)
async def test_jitter_draws_each_delay_between_nothing_and_the_whole(nursery, autojump_clock):
    world = World(nursery, reconnect_jitter=1.0, rng=random.Random(7))
    world.site.refuse = True

    await world.up(nursery)
    await trio.sleep(3600)

    whole = [1, 2, 4, 8, 16, 32] + [60] * 1000
    delays = world.delays()
    assert all(0 <= delay <= most for delay, most in zip(delays, whole, strict=False))
    assert len({round(delay, 6) for delay in delays}) == len(delays)
    assert 20 < sum(delays[6:]) / len(delays[6:]) < 40


@within(3600)
async def test_half_jitter_keeps_half_of_each_delay(nursery, autojump_clock):
    world = World(nursery, reconnect_jitter=0.5)
    world.site.refuse = True

    await world.up(nursery)
    await trio.sleep(1000)

    assert all(30 <= delay <= 60 for delay in world.delays()[6:])


@within(3600)
async def test_given_up_after_three_attempts_in_1_2_and_4_seconds(nursery, autojump_clock):
    world = World(nursery, max_reconnect_attempts=3)
    world.site.refuse = True

    await world.connection.run()

    assert trio.current_time() == pytest.approx(7)
    assert len(world.site.dials) == 4
    assert world.connection.state is FAILED
    assert world.connection.status().reconnect_attempts == 3
    last = world.told()[-1]
    assert (last.state, last.reason) == (FAILED, world.connection.last_error)
    assert "refused" in last.reason
    assert "given up after 3 attempts" in last.reason
    failure = world.connection.failure()
    assert isinstance(failure, MaxReconnectAttempts)
    assert "fake/market" in str(failure)


@within(3600)
async def test_without_auto_reconnect_the_first_failure_is_the_last(nursery, autojump_clock):
    world = World(nursery, auto_reconnect=False)
    world.site.refuse = True

    await world.connection.run()

    assert world.connection.state is FAILED
    assert world.connection.settled.is_set()
    assert world.site.dials == [0]
    assert "auto_reconnect is off" in world.connection.last_error


@within(3600)
async def test_without_auto_reconnect_a_lost_session_is_not_followed_by_another(nursery, autojump_clock):
    world = World(nursery, auto_reconnect=False)
    await world.up(nursery)

    world.site.reset()
    await trio.sleep(100)

    assert [event.state for event in world.told()] == [CONNECTED, DISCONNECTED, FAILED]
    assert len(world.peer.sessions) == 1


@within(7200)
async def test_a_venue_that_drops_us_at_once_for_an_hour_is_not_hammered(nursery, autojump_clock):
    world = World(nursery)

    async def drop_everyone():
        number = 0
        while True:
            number += 1
            await (await world.peer.wait_session(number)).hang_up()

    nursery.start_soon(drop_everyone)
    await world.up(nursery)
    world.connection.subscribe(TRADES)
    await trio.sleep(3600)

    assert gaps(world.site.dials)[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(world.site.dials) < 70
    assert world.connection.status().reconnect_attempts == len(world.site.dials)


@within(7200)
async def test_data_alone_does_not_start_the_delays_afresh(nursery, autojump_clock):
    """A venue that drops us after its first message works no better than one that drops us at once."""
    world = World(nursery)
    world.connection.subscribe(TRADES)

    async def speak_and_drop():
        number = 0
        while True:
            number += 1
            session = await world.peer.wait_session(number)
            await session.wait_received(f"subscribe {TRADES}")
            await session.send(f"trade {BTC} 100 1 {number}")
            await trio.sleep(0.5)
            await session.hang_up()

    nursery.start_soon(speak_and_drop)
    await world.up(nursery)
    await trio.sleep(300)

    assert gaps(world.site.dials)[:7] == [1.5, 2.5, 4.5, 8.5, 16.5, 32.5, 60.5]


@within(7200)
async def test_time_alone_does_not_start_the_delays_afresh(nursery, autojump_clock):
    world = World(nursery)
    world.connection.subscribe(TRADES)

    async def wait_and_drop():
        number = 0
        while True:
            number += 1
            session = await world.peer.wait_session(number)
            await trio.sleep(100)
            await session.hang_up()

    nursery.start_soon(wait_and_drop)
    await world.up(nursery)
    await trio.sleep(1000)

    assert gaps(world.site.dials)[:7] == [101, 102, 104, 108, 116, 132, 160]


@within(7200)
async def test_a_session_that_brought_data_and_outlived_its_delay_starts_them_afresh(nursery, autojump_clock):
    world = World(nursery)
    world.connection.subscribe(TRADES)
    world.site.refuse = True
    await world.up(nursery)
    await trio.sleep(10)  # at 0, 1, 3 and 7; the next is at 15, after 8 s
    world.site.refuse = False
    await world.wait_state(CONNECTED)
    await world.peer.session.wait_received(f"subscribe {TRADES}")
    await world.server.send(f"trade {BTC} 100 1 1")

    await trio.sleep(9)
    world.site.reset()
    await world.wait_state(RECONNECTING)

    assert world.delays() == [1, 2, 4, 8, 1]
    assert world.connection.status().reconnect_attempts == 1


@within(7200)
async def test_an_endpoint_without_feeds_works_if_it_answers(nursery, autojump_clock):
    world = World(nursery, raw=[])
    await world.up(nursery)

    for _ in range(5):
        await trio.sleep(35)  # a heartbeat and its pong
        world.site.reset()
        await world.wait_state(RECONNECTING)
        await world.wait_state(CONNECTED)

    assert world.delays() == [1] * 5


# What the other end says.


@within(7200)
async def test_retry_after_is_waited_for(nursery, autojump_clock):
    world = World(nursery)
    world.peer.refusal = plain(429, "Too Many Requests", ("retry-after", "17"))

    await world.up(nursery)
    await trio.sleep(100)

    assert gaps(world.site.dials)[:5] == [17, 17, 17, 17, 17]
    event = next(event for event in world.told() if event.state is RECONNECTING)
    assert (event.delay, event.attempt) == (17, 1)
    assert "429" in event.reason


@within(7200)
async def test_retry_after_does_not_shorten_the_delay(nursery, autojump_clock):
    world = World(nursery)
    world.peer.refusal = plain(503, "busy", ("retry-after", "3"))

    await world.up(nursery)
    await trio.sleep(60)

    assert gaps(world.site.dials)[:5] == [3, 3, 4, 8, 16]


@within(3 * 86_400)
async def test_a_senseless_retry_after_is_not_obeyed_for_ever(nursery, autojump_clock):
    world = World(nursery)
    world.peer.refusal = plain(503, "busy", ("retry-after", "99999999"))

    await world.up(nursery)
    await trio.sleep(86_400)

    assert set(gaps(world.site.dials)) == {MAX_RETRY_AFTER}


@within(3600)
async def test_a_dial_that_is_never_answered_ends_with_the_connect_timeout(nursery, autojump_clock):
    world = World(nursery, connect_timeout=10)
    world.site.dial_hole = True

    await world.up(nursery)
    assert trio.current_time() == pytest.approx(10)
    await trio.sleep(40)

    assert gaps(world.site.dials) == [11, 12, 14]


@within(3600)
async def test_an_upgrade_that_is_never_answered_ends_with_the_connect_timeout(nursery, autojump_clock):
    world = World(nursery, connect_timeout=10)
    world.site.handler = never_answer

    await world.up(nursery)

    assert trio.current_time() == pytest.approx(10)
    assert "did not answer in time" in world.connection.last_error


@within(3600)
async def test_a_list_of_instruments_that_is_never_answered_ends_with_the_connect_timeout(
    nursery, autojump_clock
):
    world = World(nursery, http=True, connect_timeout=10)
    world.site.handler = never_answer

    await world.up(nursery)

    assert trio.current_time() == pytest.approx(10)
    assert world.connection.state is RECONNECTING
    assert "no answer in 10 s" in world.connection.last_error


@within(3600)
async def test_a_list_of_instruments_that_cannot_be_had_is_asked_for_again(nursery, autojump_clock):
    world = World(nursery, http=True)
    world.server.status = 503
    await world.up(nursery)
    await trio.sleep(2)
    assert "status 503" in world.connection.last_error
    assert world.peer.sessions == []
    world.server.status = 200

    await trio.sleep(2)

    assert world.connection.state is CONNECTED
    assert set(world.venue.instruments) == {BTC, ETH}


@within(3600)
async def test_states_are_told_with_reason_generation_and_attempt(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery)

    await world.peer.session.close(1012, "restart")
    await trio.sleep(5)
    world.connection.disconnect()
    await trio.sleep(1)

    told = world.told()
    assert [event.state for event in told] == [CONNECTED, DISCONNECTED, RECONNECTING, CONNECTED, DISCONNECTED]
    assert [event.generation for event in told] == [1, 1, 1, 2, 2]
    assert [event.attempt for event in told] == [0, 0, 1, 0, 0]
    assert all(event.endpoint == "wss://fake.test/ws" for event in told)
    assert "1012" in told[1].reason
    assert "1012" in told[2].reason
    assert told[3].reason is None
    assert told[4].reason is None, "the old session's reason is none of this one's"
    assert "1012" in world.connection.status().last_error


@within(3600)
async def test_uptime_and_age_count_from_the_session_and_not_from_the_dial(nursery, autojump_clock):
    world = World(nursery, heartbeat=2.0)
    world.site.latency = 1.5  # three seconds for the dial, three for the upgrade
    await world.up(nursery)
    assert trio.current_time() == pytest.approx(6)
    assert world.connection.status().uptime == 0
    world.site.latency = 0.5

    await trio.sleep(20)

    assert world.connection.generation == 1, "a slow dial is no silence"
    assert world.connection.status().uptime == pytest.approx(20)
    assert world.connection.status().latency_ms == pytest.approx(1000)


@within(3600)
async def test_status_adds_up_over_sessions(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)
    await world.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(31)
    before = world.connection.status()
    world.site.reset()
    await trio.sleep(1.5)
    between = world.connection.status()
    await trio.sleep(10)
    after = world.connection.status()

    assert (before.messages_received, before.uptime) == (3, 31)  # ack, trade, pong
    assert before.latency_ms == 0
    assert between.generation == 2
    assert after.messages_received == 4
    assert after.uptime == pytest.approx(41.5)
    assert after.latency_ms == 0
    assert after.feeds == (TRADES,)
    assert after.last_message_time == world.clock.at(32)
    assert "generation 2" in repr(world.connection)


# Subscriptions.


@within(3600)
async def test_subscriptions_are_sent_again_in_every_session(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)
    world.connection.subscribe(BOOK)
    await trio.sleep(1)

    for _ in range(5):
        world.site.reset()
        await trio.sleep(100)

    assert len(world.peer.sessions) == 6
    for session in world.peer.sessions:
        assert set(session.received) - {"ping"} == {f"subscribe {TRADES}", f"subscribe {BOOK}"}


@within(3600)
async def test_raw_subscriptions_are_sent_again_in_every_session(nursery, autojump_clock):
    world = World(nursery, raw=["subscribe a", "subscribe b"])
    await world.up(nursery)
    await trio.sleep(1)

    world.site.reset()
    await trio.sleep(2)

    assert [session.received for session in world.peer.sessions] == [["subscribe a", "subscribe b"]] * 2
    assert [event.data for event in world.others] == [b"subscribed a", b"subscribed b"] * 2


@within(3600)
async def test_what_is_wanted_while_it_is_down_is_asked_for_when_it_is_up(nursery, autojump_clock):
    world = World(nursery)
    world.site.refuse = True
    await world.up(nursery)
    world.connection.subscribe(TRADES)
    world.connection.subscribe(BOOK)
    world.connection.unsubscribe(TRADES)
    world.site.refuse = False

    await trio.sleep(2)

    assert world.peer.session.received == [f"subscribe {BOOK}"]
    assert world.connection.feeds == (BOOK,)


@within(3600)
async def test_unsubscribing_while_it_is_up_is_told_and_not_asked_for_again(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)
    await trio.sleep(1)

    world.connection.unsubscribe(TRADES)
    world.connection.unsubscribe(BOOK)  # was never asked for
    await trio.sleep(1)
    world.site.reset()
    await trio.sleep(2)

    assert world.peer.sessions[0].received == [f"subscribe {TRADES}", f"unsubscribe {TRADES}"]
    assert world.peer.sessions[1].received == []


@within(3600)
async def test_what_is_wanted_again_is_asked_for_again(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)
    await trio.sleep(1)

    world.connection.unsubscribe(TRADES)
    await trio.sleep(1)
    world.connection.subscribe(BOOK)
    await trio.sleep(1)
    world.connection.subscribe(TRADES)
    await trio.sleep(1)

    assert world.peer.session.received == [
        f"subscribe {TRADES}",
        f"unsubscribe {TRADES}",
        f"subscribe {BOOK}",
        f"subscribe {TRADES}",
    ]


@within(3600)
async def test_the_end_state_is_asked_for_whatever_happened_in_mid_send(nursery, autojump_clock):
    """The transport is stuck while the wishes change."""
    world = World(nursery)
    world.site.latency = 0.01
    await world.up(nursery)
    session = world.peer.session
    for feed in (TRADES, BOOK, ETH_BOOK):
        world.connection.subscribe(feed)
    await trio.lowlevel.checkpoint()
    world.connection.unsubscribe(BOOK)
    await trio.lowlevel.checkpoint()
    world.connection.unsubscribe(TRADES)
    world.connection.subscribe(BOOK)
    await trio.sleep(1)

    wanted = set()
    for text in session.received:
        word, _, feed = text.partition(" ")
        (wanted.add if word == "subscribe" else wanted.discard)(feed)
    assert wanted == {str(BOOK), str(ETH_BOOK)}


@within(3600)
async def test_a_feed_that_goes_while_another_is_being_sent_is_not_asked_for(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery)
    feeds = [Feed(FeedKind.TRADES, "FAKE", InstrumentId(f"X{number}.FAKE")) for number in range(50)]

    for feed in feeds:
        world.connection.subscribe(feed)
    await trio.lowlevel.checkpoint()
    for feed in feeds[1:]:
        world.connection.unsubscribe(feed)
    await trio.sleep(1)

    asked = [text for text in world.peer.session.received if text.startswith("subscribe")]
    ended = [text for text in world.peer.session.received if text.startswith("unsubscribe")]
    assert len(asked) - len(ended) == 1
    assert len(asked) < 50


@within(3600)
async def test_a_subscription_without_an_answer_ends_the_session(nursery, autojump_clock):
    world = World(nursery, subscribe_timeout=10)
    world.server.unanswered.add(f"subscribe {TRADES}")
    await world.up(nursery, TRADES)

    await trio.sleep(10.5)
    assert [event.state for event in world.told()] == [CONNECTED, DISCONNECTED, RECONNECTING]
    assert "had no answer for 10 s" in world.connection.last_error
    world.server.unanswered.clear()
    await trio.sleep(30)

    assert len(world.peer.sessions) == 2
    assert world.connection.state is CONNECTED


@within(3600)
async def test_a_refused_subscription_is_told_and_the_session_kept(nursery, autojump_clock):
    world = World(nursery)
    world.venue.silence[FeedKind.BOOK] = 5
    world.server.refused.add(str(BOOK))
    await world.up(nursery, BOOK)

    await trio.sleep(600)

    (event,) = world.told("FeedEvent")
    assert (event.feed, event.state) == (BOOK, FeedState.REFUSED)
    assert event.reason == f"refused {BOOK}"
    assert len(world.peer.sessions) == 1, "what is refused cannot fall silent"
    assert world.connection.status().faults == {"refused": 1}
    assert world.connection.status().stale_feeds == ()


@within(3600)
async def test_a_notice_of_the_venue_is_counted_and_logged_at_first(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery)

    with capture_logs() as logs:
        for _ in range(25):
            await world.server.send("notice maintenance at noon")
        await trio.sleep(1)

    assert world.connection.status().faults == {"notice": 25}
    assert [each["text"] for each in logs if "text" in each] == ["maintenance at noon"] * 10
    assert world.told("FeedEvent") == []


@within(3600)
async def test_an_unknown_instrument_is_refused_at_the_call_once_the_list_is_there(nursery, autojump_clock):
    world = World(nursery, http=True)
    await world.up(nursery)

    with pytest.raises(UnknownInstrument, match="does not list NO-SUCH"):
        world.connection.subscribe(Feed(FeedKind.TRADES, "FAKE", InstrumentId("NO-SUCH.FAKE")))
    await trio.sleep(1)

    assert world.connection.feeds == ()
    assert world.peer.session.received == []


@within(3600)
async def test_a_feed_that_is_dropped_is_told_as_refused(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)

    world.connection.drop(TRADES, "it is not listed")
    await trio.sleep(1)

    (event,) = world.told("FeedEvent")
    assert (event.feed, event.state, event.reason) == (TRADES, FeedState.REFUSED, "it is not listed")
    assert world.peer.session.received[-1] == f"unsubscribe {TRADES}"


@within(3600)
async def test_an_endpoint_of_no_venue_takes_no_feeds(nursery, autojump_clock):
    world = World(nursery, raw=[])
    await world.up(nursery)

    with pytest.raises(UnknownInstrument, match="belongs to no venue"):
        world.connection.subscribe(TRADES)


# Death, and how it is found.


@within(3600)
@pytest.mark.parametrize("heartbeat", [b"ping", None], ids=["the venue's own", "WebSocket pings"])
async def test_a_half_open_socket_is_found_within_two_intervals(nursery, autojump_clock, heartbeat):
    world = World(nursery, heartbeat=30)
    world.venue.heartbeat = heartbeat
    world.site.latency = 0.05
    await world.up(nursery, TRADES)
    await trio.sleep(100)
    broke = trio.current_time()

    world.site.half_open()
    await world.wait_state(DISCONNECTED)

    assert trio.current_time() - broke <= 60
    assert "two heartbeat intervals" in world.connection.last_error
    await trio.sleep(5)
    assert world.peer.session.received == [f"subscribe {TRADES}"]
    assert world.connection.generation == 2


@within(86_400)
@pytest.mark.parametrize("heartbeat", [b"ping", None], ids=["the venue's own", "WebSocket pings"])
async def test_pongs_alone_keep_a_session_alive(nursery, autojump_clock, heartbeat):
    world = World(nursery, heartbeat=30)
    world.venue.heartbeat = heartbeat
    world.site.latency = 0.2
    await world.up(nursery)

    await trio.sleep(7200)

    session = world.peer.session
    assert world.connection.generation == 1
    beats = session.received_at if heartbeat else session.pings
    assert len(beats) == 239 or len(beats) == 240
    assert set(gaps(beats)) == {30}
    assert world.connection.status().latency_ms == pytest.approx(400)


@within(3600)
async def test_the_heartbeat_interval_can_be_changed_meanwhile(nursery, autojump_clock):
    world = World(nursery, heartbeat=30)
    await world.up(nursery)
    await trio.sleep(29)

    world.heartbeat.set(5)
    await trio.sleep(21)

    assert gaps(world.peer.session.received_at) == [5, 5, 5]
    assert world.connection.generation == 1


@within(3600)
async def test_a_stall_of_ours_is_not_taken_for_a_dead_venue(nursery, mock_clock):
    """The program blocks for minutes; what the venue sent meanwhile is waiting."""
    world = World(nursery, heartbeat=30)
    world.venue.silence[FeedKind.BOOK] = 5
    await world.up(nursery, BOOK)
    mock_clock.autojump_threshold = 0
    await trio.sleep(1)
    await world.server.send(f"book {BTC} 99 1 101 1")
    await trio.sleep(1)

    mock_clock.autojump_threshold = float("inf")
    for _ in range(10):
        await world.server.send(f"book {BTC} 99 1 101 1")
        mock_clock.jump(300)  # no checkpoint since the message was sent
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(1.5)
        await world.server.send(f"book {BTC} 99 1 101 1")
        await trio.testing.wait_all_tasks_blocked()

    assert world.connection.generation == 1
    assert world.connection.state is CONNECTED
    assert world.told("FeedEvent") == []


@within(3600)
async def test_a_stall_of_ours_does_not_hide_a_dead_venue(nursery, mock_clock):
    world = World(nursery, heartbeat=30)
    await world.up(nursery, TRADES)
    await trio.testing.wait_all_tasks_blocked()
    world.site.half_open()

    mock_clock.jump(300)
    mock_clock.autojump_threshold = 0
    await world.wait_state(DISCONNECTED)

    assert trio.current_time() == pytest.approx(301)
    assert "two heartbeat intervals" in world.told()[-1].reason


@within(3600)
async def test_silent_feeds_end_the_session_and_the_delays_grow(nursery, autojump_clock):
    """The socket answers its pings and its subscriptions; no book ever comes."""
    world = World(nursery)
    world.venue.silence[FeedKind.BOOK] = 5
    await world.up(nursery, BOOK)

    await trio.sleep(120)

    assert world.delays() == [1, 2, 4, 8, 16, 32, 60]
    assert "fell silent" in world.connection.last_error


@within(3600)
async def test_one_silent_feed_among_others_is_named_and_the_session_kept(nursery, autojump_clock):
    world = World(nursery)
    world.venue.silence[FeedKind.BOOK] = 5
    await world.up(nursery, BOOK)
    world.connection.subscribe(ETH_BOOK)

    for _ in range(60):
        await world.server.send(f"book {ETH} 9 1 11 1")
        await trio.sleep(1)
    assert world.connection.status().stale_feeds == (BOOK,)
    for _ in range(20):
        await world.server.send(f"book {ETH} 9 1 11 1", f"book {BTC} 99 1 101 1")
        await trio.sleep(1)

    told = world.told("FeedEvent")
    assert [(event.feed, event.state) for event in told] == [
        (BOOK, FeedState.STALE),
        (BOOK, FeedState.RECOVERED),
    ]
    assert told[0].age == pytest.approx(5)
    assert told[1].timestamp - told[0].timestamp == pytest.approx(56e9, abs=1.1e9)
    assert world.connection.generation == 1
    assert world.connection.status().stale_feeds == ()


@within(3600)
async def test_a_feed_has_not_recovered_by_being_asked_for_again(nursery, autojump_clock):
    world = World(nursery)
    world.venue.silence[FeedKind.BOOK] = 5
    await world.up(nursery, BOOK)

    await trio.sleep(8)  # silent at 5, a new session at 6

    assert world.connection.generation == 2
    assert world.connection.status().stale_feeds == (BOOK,)
    await world.server.send(f"book {BTC} 99 1 101 1")
    await trio.sleep(1.1)
    assert world.connection.status().stale_feeds == ()
    assert [event.state for event in world.told("FeedEvent")] == [FeedState.STALE, FeedState.RECOVERED]


# Frames that make no sense.

BAD = {
    "bad-utf8": b"\x81\x02\xff\xfe",
    "unknown-word": b"\x81\x05hello",
    "wrong-types": b"\x81\x1d" + b"trade BTC-USD-PERP.FAKE x 1 1",
}


@within(3600)
async def test_senseless_messages_are_counted_named_once_a_kind_and_the_session_kept(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)

    with capture_logs() as logs:
        for number in range(20):
            for kind in ("unknown-word", "wrong-types"):
                await world.peer.session.send_raw(BAD[kind])
            await world.server.send(f"trade {BTC} 100 1 {number}")
            await trio.sleep(1)

    assert world.connection.status().faults == {"unknown-word": 20, "wrong-types": 20}
    named = [each for each in logs if each["event"].startswith("message dropped")]
    assert sorted(each["kind"] for each in named) == ["unknown-word", "wrong-types"]
    assert {"hello"} < {each["sample"] for each in named}
    assert len(drain(world.market)) == 20
    assert world.connection.generation == 1


@within(3600)
async def test_bytes_that_are_no_text_end_the_session_or_are_counted(nursery, autojump_clock):
    """Text that is not UTF-8: RFC 6455 lets a client fail the connection; the data is never applied."""
    world = World(nursery)
    await world.up(nursery, TRADES)

    await world.peer.session.send_raw(BAD["bad-utf8"])
    await trio.sleep(5)

    assert world.connection.state is CONNECTED
    counted = world.connection.status().faults.get("bad-utf8", 0)
    assert counted == 1 or world.connection.generation == 2


@within(3600)
async def test_nothing_but_senseless_messages_ends_the_session(nursery, autojump_clock):
    world = World(nursery, max_bad_messages=100)
    await world.up(nursery, TRADES)

    for _ in range(99):
        await world.peer.session.send("nonsense")
        await trio.sleep(0.01)
    assert world.connection.generation == 1
    await world.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(0.1)
    for _ in range(99):
        await world.peer.session.send("nonsense")
        await trio.sleep(0.01)
    assert world.connection.state is CONNECTED, "one good message starts the count afresh"
    await world.peer.session.send("nonsense")
    await trio.sleep(0.1)

    assert world.connection.state is RECONNECTING
    assert "the last 100 messages made no sense" in world.connection.last_error
    await trio.sleep(10)
    assert world.connection.generation == 2
    assert world.connection.status().faults == {"unknown-word": 199}


@within(3600)
async def test_a_giant_message_ends_the_session_with_1009(nursery, autojump_clock):
    world = World(nursery, max_message_bytes=1024)
    await world.up(nursery, TRADES)
    first = world.peer.session

    await first.send("x" * 2000)
    await trio.sleep(5)

    assert first.close_code == 1009
    assert "2000 bytes" in world.connection.last_error
    assert world.connection.generation == 2
    assert world.peer.session.received == [f"subscribe {TRADES}"]


@within(3600)
async def test_a_reset_in_mid_frame_drops_the_torn_frame(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)

    await world.peer.session.send_raw(b"\x81\x1dtrade BTC-USD")
    await trio.sleep(1)
    world.site.reset()
    await trio.sleep(5)
    await world.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(1)

    (trade,) = drain(world.market)
    assert trade.generation == 2
    assert world.connection.status().faults == {}


@within(3600)
async def test_a_bug_in_a_codec_is_not_retried(nursery, autojump_clock):
    class Broken(FakeCodec):
        def decode(self, frame, ts_init):
            return {}[frame]

    class BrokenVenue(FakeVenue):
        def open_codec(self, stream, generation):
            return Broken(self, generation)

    world = World(nursery, venue=BrokenVenue())

    async def send_one():
        await (await world.peer.wait_session(1)).send("anything")

    with pytest.RaisesGroup(pytest.RaisesExc(KeyError), allow_unwrapped=True, flatten_subgroups=True):
        async with trio.open_nursery() as inner:
            inner.start_soon(send_one)
            await world.connection.run()

    assert len(world.site.dials) == 1
    assert [event.state for event in world.told()] == [CONNECTED, DISCONNECTED]


@within(3600)
async def test_a_bug_that_comes_together_with_a_lost_connection_is_not_hidden_by_it(nursery, autojump_clock):
    world = World(nursery)

    async def fail_twice(*_):
        async with trio.open_nursery() as inner:
            inner.start_soon(_raise, ConnectionLost("gone"))
            inner.start_soon(_raise, KeyError("bug"))

    world.connection._run_session = fail_twice

    with pytest.RaisesGroup(KeyError):
        await world.connection.run()


async def _raise(error):
    raise error


# Generations.


@within(3600)
async def test_every_event_carries_the_generation_of_its_session(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)

    for number in range(4):
        await world.server.send(f"trade {BTC} 100 1 {number}")
        await trio.sleep(1)
        world.site.reset()
        await trio.sleep(10)

    assert [trade.generation for trade in drain(world.market)] == [1, 2, 3, 4]


@within(3600)
async def test_nothing_of_an_old_session_is_applied(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)
    old = world.connection._session
    await world.server.send(f"trade {BTC} 100 1 1")
    await trio.sleep(1)
    world.site.reset()
    await trio.sleep(5)
    assert world.connection.generation == 2

    old.take([f"trade {BTC} 666 1 2".encode(), b"ping"])

    assert [str(trade.price) for trade in drain(world.market)] == ["100"]
    assert world.cache.get_trade(BTC).trade_id == "1"
    assert world.connection.status().faults == {"stale": 2}


# At any moment.


@within(3600)
async def test_restart_while_connected_begins_a_new_session_at_once(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery, TRADES)
    await trio.sleep(5)

    world.connection.restart()
    await trio.sleep(1)

    assert world.site.dials == [0, 5]
    assert world.peer.sessions[0].close_code == 1000
    assert world.peer.session.received == [f"subscribe {TRADES}"]
    told = world.told()
    assert [event.state for event in told] == [CONNECTED, DISCONNECTED, CONNECTED]
    assert told[1].reason is None


@within(3600)
async def test_restart_while_dialing_dials_again(nursery, autojump_clock):
    world = World(nursery)
    world.site.dial_hole = True
    nursery.start_soon(world.connection.run)
    await trio.sleep(3)
    world.site.dial_hole = False

    world.connection.restart()
    await trio.sleep(0.1)

    assert world.site.dials == [0, 3]
    assert world.connection.state is CONNECTED


@within(3600)
async def test_restart_while_waiting_ends_the_wait_and_starts_the_delays_afresh(nursery, autojump_clock):
    world = World(nursery)
    world.site.refuse = True
    await world.up(nursery)
    await trio.sleep(20)  # in the wait of 16 s that began at 15

    world.connection.restart()
    await trio.sleep(4)

    assert world.site.dials == [0, 1, 3, 7, 15, 20, 21, 23]


@within(3600)
async def test_restart_before_and_after_its_life_does_nothing(nursery, autojump_clock):
    world = World(nursery, auto_reconnect=False)
    world.connection.restart()
    world.site.refuse = True
    await world.connection.run()

    world.connection.restart()

    assert world.site.dials == [0]
    world.site.refuse = False
    await world.up(nursery)
    await trio.sleep(1)
    assert world.connection.state is CONNECTED


@within(3600)
@pytest.mark.parametrize("moment", ["connected", "dialing", "waiting"])
async def test_disconnect_at_any_moment_ends_it(nursery, autojump_clock, moment):
    world = World(nursery)
    world.site.dial_hole = moment == "dialing"
    world.site.refuse = moment == "waiting"
    ended = trio.Event()

    async def run():
        await world.connection.run()
        ended.set()

    nursery.start_soon(run)
    await trio.sleep(0.5)
    world.connection.disconnect()
    await ended.wait()

    assert trio.current_time() == 0.5
    assert world.connection.state is DISCONNECTED
    assert world.connection.settled.is_set()
    assert len(world.site.dials) == 1
    expected = {"connected": [CONNECTED, DISCONNECTED], "dialing": [], "waiting": [RECONNECTING]}
    assert [event.state for event in world.told()] == expected[moment]


@within(3600)
async def test_cancelled_at_any_step_it_ends_in_order(autojump_clock):
    """However far it has come: the state is right, and the far side is rid of us."""
    seen = set()
    for steps in range(240):
        async with trio.open_nursery() as far_side:
            world = World(far_side, http=True)
            world.connection.subscribe(TRADES)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(world.connection.run)
                for _ in range(steps):
                    await trio.lowlevel.checkpoint()
                seen.add((world.connection.state, len(world.peer.sessions)))
                nursery.cancel_scope.cancel()
            await trio.sleep(5)

            assert world.connection.state is DISCONNECTED
            assert world.connection.settled.is_set()
            assert all(session.ended.is_set() for session in world.peer.sessions)
            assert [event.state for event in world.told()] in ([], [CONNECTED, DISCONNECTED])
            far_side.cancel_scope.cancel()
    assert seen >= {(ConnectionState.CONNECTING, 0), (CONNECTED, 1)}


# Sending by hand.


@within(3600)
async def test_a_message_sent_by_hand_arrives(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery)

    await world.connection.send("hello")
    await world.connection.send(b"again")
    await trio.sleep(1)

    assert world.peer.session.received == ["hello", "again"]


@within(3600)
async def test_what_cannot_be_sent_is_said_to_be_not_sent(nursery, autojump_clock):
    world = World(nursery)
    with pytest.raises(NotRunning, match="disconnected"):
        await world.connection.send("hello")
    world.site.refuse = True
    await world.up(nursery)

    with pytest.raises(NotRunning, match="reconnecting"):
        await world.connection.send("hello")


@within(3600)
async def test_a_message_into_a_connection_that_breaks_is_connection_lost(nursery, autojump_clock):
    world = World(nursery)
    await world.up(nursery)
    world.site.reset()

    with pytest.raises(ConnectionLost):
        await world.connection.send("hello")


@within(3600)
async def test_a_peer_that_reads_nothing_holds_up_nobody_but_itself(nursery, autojump_clock):
    """The sender waits; heartbeat and stop do not."""
    world = World(nursery, heartbeat=30)

    async def accept_and_read_no_more(stream):
        await world.server.serve(Deaf(stream))

    world.site.handler = accept_and_read_no_more
    await world.up(nursery)

    async def send_much():
        for _ in range(10):
            await world.connection.send("x" * 100_000)

    with pytest.raises(ConnectionLost):
        await send_much()

    assert trio.current_time() <= 62 + 2
    assert "two heartbeat intervals" in world.connection.last_error


class Deaf(trio.abc.Stream):
    """Reads the upgrade and nothing more."""

    def __init__(self, stream):
        self.stream = stream
        self.reads = 0

    async def receive_some(self, max_bytes=None):
        self.reads += 1
        if self.reads > 1:
            await trio.sleep_forever()
        return await self.stream.receive_some(max_bytes)

    async def send_all(self, data):
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self):
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self):
        await self.stream.aclose()
