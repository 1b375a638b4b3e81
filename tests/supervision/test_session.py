"""What a session makes of what its socket brings."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from connection_world import BOOK, BTC, TRADES
from structlog.testing import capture_logs

from livetrio.clock import SIMULATED_EPOCH, Clock
from livetrio.errors import FrameError, WebSocketError
from livetrio.model import Quote, Trade
from livetrio.supervision.session import SAMPLE, Session
from livetrio.testing import FakeVenue, within


class Desk:
    """A session and all that it hands on."""

    def __init__(self, codec=None, max_bad_messages=100, takes=(Trade, Quote), others=()):
        self.events = []
        self.others = []
        self.refused = []
        self.faults = Counter()

        def receive(event):
            if isinstance(event, takes):
                self.events.append(event)
                return True
            return False

        def receive_other(event):
            self.others.append(event)
            return isinstance(event, tuple(others))

        self.session = Session(
            connection="fake/market",
            generation=7,
            codec=codec or FakeVenue().open_codec("market", 7),
            receive=receive,
            receive_other=receive_other,
            clock=Clock.simulated(),
            max_bad_messages=max_bad_messages,
            faults=self.faults,
            on_refused=self.refused.append,
        )

    def take(self, *messages):
        self.session.take([each.encode() if isinstance(each, str) else each for each in messages])


@within(60)
async def test_messages_are_taken_in_order_with_generation_and_time(autojump_clock):
    desk = Desk()
    await trio.sleep(3)

    desk.take(f"trade {BTC} 100 1 1", f"quote {BTC} 99 1 101 1", f"trade {BTC} 101 1 2")

    assert [type(event).__name__ for event in desk.events] == ["Trade", "Quote", "Trade"]
    assert {event.generation for event in desk.events} == {7}
    assert {event.ts_init for event in desk.events} == {SIMULATED_EPOCH + 3 * 10**9}
    assert desk.session.messages == 3
    assert desk.session.last_received == 3


@within(60)
async def test_opened_is_when_it_came_up(autojump_clock):
    desk = Desk()
    await trio.sleep(3)

    desk.session.open()

    assert desk.session.opened == desk.session.last_received == 3


@within(60)
async def test_a_pong_measures_the_way_there_and_back(autojump_clock):
    desk = Desk()
    desk.session.pinged = trio.current_time()
    await trio.sleep(0.25)

    desk.take("pong")
    await trio.sleep(1)
    desk.take("pong")  # to nothing of ours

    assert desk.session.latency == 0.25
    assert desk.session.pinged is None
    assert desk.session.last_received == 1.25


@within(60)
async def test_answers_to_subscriptions_are_noted(autojump_clock):
    desk = Desk()
    desk.session.request(TRADES)
    desk.session.request(BOOK)
    changed = desk.session.changed

    desk.take(f"subscribed {TRADES}", f"refused {BOOK}")

    assert changed.is_set()
    assert desk.session.acknowledged == {TRADES, BOOK}
    assert desk.session.refused == {BOOK}
    assert [notice.feed for notice in desk.refused] == [BOOK]
    desk.take(f"unsubscribed {TRADES}", f"subscribed {BOOK}")
    assert desk.session.acknowledged == {BOOK}
    assert desk.session.refused == set()


@within(60)
async def test_an_old_answer_is_none_to_a_new_request(autojump_clock):
    desk = Desk()
    desk.session.request(TRADES)
    desk.take(f"subscribed {TRADES}")

    desk.session.withdraw(TRADES)
    desk.session.request(TRADES)

    assert desk.session.acknowledged == set()
    assert list(desk.session.requested) == [TRADES]


@within(60)
async def test_after_its_end_nothing_is_applied_and_all_is_counted(autojump_clock):
    desk = Desk()
    desk.session.close()

    desk.take(f"trade {BTC} 100 1 1", "nonsense", "pong")

    assert desk.events == []
    assert desk.faults == {"stale": 3}
    assert desk.session.messages == 0


@within(60)
async def test_a_bad_message_is_named_once_with_a_sample(autojump_clock):
    desk = Desk()

    with capture_logs() as logs:
        desk.take("nonsense " + "x" * 1000, b"\xff\xfe", f"trade {BTC} 100 1 1", "rubbish")

    assert desk.faults == {"unknown-word": 2, "bad-utf8": 1}
    assert len(desk.events) == 1
    named = {each["kind"]: each for each in logs}
    assert len(logs) == 2
    assert len(named["unknown-word"]["sample"]) == SAMPLE
    assert named["bad-utf8"]["sample"] == "\\xff\\xfe"
    assert "detail" in named["bad-utf8"]


@within(60)
async def test_too_many_bad_messages_in_a_row_end_the_session(autojump_clock):
    desk = Desk(max_bad_messages=10)
    desk.take(*["x"] * 9)
    desk.take(f"trade {BTC} 100 1 1")
    desk.take(*["x"] * 9)

    with pytest.raises(WebSocketError, match="the last 10 messages made no sense") as caught:
        desk.take("x")
    assert desk.session.failure is caught.value


@within(60)
async def test_bad_ones_among_good_ones_do_not_end_it(autojump_clock):
    desk = Desk(max_bad_messages=10)

    for number in range(100):
        desk.take("x", "x", f"trade {BTC} 100 1 {number}", "x", "x")

    assert desk.faults == {"unknown-word": 400}
    assert len(desk.events) == 100


@within(60)
async def test_what_nobody_takes_is_counted_and_named_once(autojump_clock):
    desk = Desk(takes=(Quote,))

    with capture_logs() as logs:
        desk.take(f"trade {BTC} 100 1 1", f"trade {BTC} 100 1 2", f"quote {BTC} 99 1 101 1")

    assert desk.faults == {"unhandled Trade": 2}
    assert [each["kind"] for each in logs] == ["Trade"]
    assert len(desk.events) == 1


@within(60)
async def test_what_somebody_else_takes_is_no_fault(autojump_clock):
    desk = Desk(takes=(Quote,), others=(Trade,))

    desk.take(f"trade {BTC} 100 1 1")

    assert desk.faults == {}
    assert len(desk.others) == 1


@within(60)
async def test_a_bug_in_a_codec_comes_out_as_it_is(autojump_clock):
    class Broken:
        def decode(self, frame, _ts_init):
            if frame == b"bug":
                raise KeyError("bug")
            raise FrameError("bad", "theirs")

    desk = Desk(codec=Broken())
    desk.take("fine")

    with pytest.raises(KeyError):
        desk.take("bug")
    assert desk.session.failure is None
    assert desk.faults == {"bad": 1}
