"""What goes wrong, when, and to whom."""

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.faults.catalogue import FAULTS
from livetrio.exchange.faults.decisions import (
    LOSE,
    PASS,
    STATUS_500,
    Connect,
    DropAll,
    GoDeadAll,
    Passage,
    Restart,
    UpgradeRefusal,
    What,
    Wipe,
)
from livetrio.exchange.faults.grammar import parse_fault
from livetrio.exchange.faults.injector import Injector

FRAME = b'{"channel":"userFills","data":{"fills":[]}}'
BOOK = b'{"channel":"l2Book","data":{"coin":"BTC","time":1800000000000,"levels":[[{"px":"1"}],[{"px":"2"}]]}}'
ALO = {"a": 0, "t": {"limit": {"tif": "Alo"}}}
GTC = {"a": 3, "t": {"limit": {"tif": "Gtc"}}}


class World:
    """An injector, and the time it is told."""

    def __init__(self, *lines, seed=0):
        self.time = 1000.0
        self.injector = Injector(lambda: self.time, random.Random(seed))
        for line in lines:
            self.injector.add(parse_fault(line))

    def at(self, seconds):
        self.time = 1000.0 + seconds
        return self.injector


def order(*orders):
    return {"type": "order", "orders": list(orders), "grouping": "na"}


# Which faults.


def test_without_faults_all_is_quiet_and_passes():
    injector = World().injector

    assert injector.is_quiet
    assert injector.next_due() is None
    assert injector.due() == []
    assert injector.on_connect() is Connect.PASS
    assert injector.on_upgrade() is None
    assert not injector.on_opened()
    assert injector.before_request("info") is None
    assert injector.before_action(order(GTC)) is None
    assert injector.after_request("action") == PASS
    assert injector.on_frame("userFills", FRAME) is None


def test_faults_are_numbered_listed_and_removed():
    injector = World("dup", "429").injector

    assert [(number, str(fault)) for number, fault in injector.active] == [(1, "dup"), (2, "429")]
    assert injector.remove(1)
    assert not injector.remove(1)
    assert injector.add(parse_fault("502")) == 3
    assert injector.remove()
    assert not injector.remove()
    assert injector.is_quiet


def test_what_is_over_is_forgotten():
    world = World("dup for 5s", "reject once", "rst after 1s")
    world.at(1).due()
    world.injector.before_action(order(GTC))

    assert [number for number, _ in world.injector.active] == [1]
    assert world.at(5).on_frame("userFills", FRAME) is None
    assert world.injector.is_quiet


# Time.


def test_a_fault_lasts_from_after_for_so_long():
    world = World("429 after 60s for 10s")

    hit = [second for second in range(59, 72) if world.at(second).before_request("info") is not None]

    assert hit == list(range(60, 70))


def test_every_so_often_it_comes_back_the_first_time_after_one_period():
    world = World("maintenance for 30s every 5m")

    hit = [second for second in range(0, 700, 10) if world.at(second).before_request("info") is not None]

    assert hit == [300, 310, 320, 600, 610, 620]


def test_every_without_for_is_one_hit_in_each_period():
    world = World("reject every 10s after 1s")

    hit = [second for second in range(25) if world.at(second).before_action(order(GTC)) is not None]

    assert hit == [1, 11, 21]


def test_once_is_the_first_opportunity_that_is_drawn():
    world = World("502 10% once")
    refused = [world.injector.before_request("info") for _ in range(300)]

    assert sum(each is not None for each in refused) == 1
    assert world.injector.is_quiet


def test_a_chance_is_met_about_as_often_as_it_says():
    world = World("ack-lost 5%")
    lost = sum(world.injector.after_request("action") == LOSE for _ in range(10_000))

    assert 400 < lost < 600


# Moments.


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("rst", DropAll(clean=False, mid_frame=True)),
        ("drop-connection", DropAll(clean=True, mid_frame=False)),
        ("half-open", GoDeadAll()),
        ("restart", Restart()),
        ("wipe", Wipe()),
    ],
)
def test_a_moment_comes_once(line, act):
    world = World(f"{line} after 10s")

    assert world.injector.next_due() == 1010.0
    assert world.at(9).due() == []
    assert world.at(10).due() == [act]
    assert world.injector.active == ()
    assert world.at(20).due() == []
    assert world.injector.is_quiet


def test_what_waits_begins_its_course_with_the_next_connection():
    world = World()
    world.injector.add(parse_fault("rst"), waits=True)
    world.injector.add(parse_fault("gap after 2s for 3s"), waits=True)

    assert not world.injector.is_quiet
    assert world.injector.next_due() is None
    assert world.at(60).due() == []
    assert [str(fault) for _, fault in world.injector.active] == ["rst", "gap after 2s for 3s"]
    assert world.injector.on_connect() is Connect.PASS
    assert world.injector.due() == [DropAll(clean=False, mid_frame=True)]
    assert world.at(64).on_frame("bbo", b"{}") == Passage(())
    assert world.injector.next_due() == 1065.0
    assert world.at(65).due() == [DropAll(clean=False)]
    assert world.injector.on_connect() is Connect.PASS
    assert world.injector.is_quiet


def test_moments_repeat_until_for_is_over():
    world = World("drop-connection every 30s for 90s")
    dropped = []
    while (due := world.injector.next_due()) is not None:
        world.time = due
        dropped += [due - 1000 for _ in world.injector.due()]

    assert dropped == [30, 60, 90]
    assert world.injector.is_quiet


def test_moments_that_were_missed_are_not_made_up_for():
    world = World("rst every 10s")

    assert len(world.at(55).due()) == 1
    assert world.injector.next_due() == 1060.0


def test_a_moment_can_be_left_to_chance():
    world = World("rst 50% every 1s")
    acts = sum(len(world.at(second).due()) for second in range(1, 1001))

    assert 400 < acts < 600


def test_in_a_gap_frames_are_lost_until_the_connections_drop():
    world = World("gap every 1m for 2s")

    assert world.at(59).on_frame("userFills", FRAME) is None
    assert world.at(60).on_frame("userFills", FRAME) == Passage(())
    assert world.injector.next_due() == 1062.0
    assert world.at(62.1).on_frame("userFills", FRAME) == Passage(())
    assert world.injector.due() == [DropAll(clean=False)]
    assert world.injector.on_frame("userFills", FRAME) is None
    assert world.injector.next_due() == 1122.0


# Connections.


@pytest.mark.parametrize("name", ["restart", "wipe"])
def test_who_starts_again_refuses_connections_until_it_is_there(name):
    world = World(f"{name} 4s after 1s")
    world.at(1).due()
    later = [world.at(second).on_connect() for second in (1, 3, 4.9, 5)]

    assert later == [Connect.REFUSE, Connect.REFUSE, Connect.REFUSE, Connect.PASS]
    assert world.injector.is_quiet


def test_healing_ends_a_restart():
    world = World("restart 1h")
    world.at(0).due()
    world.injector.remove()

    assert world.injector.is_quiet
    assert world.injector.on_connect() is Connect.PASS


def test_connections_are_refused_or_fall_into_a_hole():
    assert World("refuse").injector.on_connect() is Connect.REFUSE
    assert World("dial-hole").injector.on_connect() is Connect.HOLE


def test_upgrades_are_refused_with_a_time_to_come_again():
    assert World("handshake-429").injector.on_upgrade() == UpgradeRefusal(429, 10)
    assert World("handshake-503 1500ms").injector.on_upgrade() == UpgradeRefusal(503, 2)


def test_in_maintenance_no_websocket_is_opened_unless_it_is_of_some_requests_only():
    assert World("maintenance").injector.on_upgrade() == UpgradeRefusal(503, 5)
    assert World("maintenance on info").injector.on_upgrade() is None


def test_a_connection_flaps():
    assert World("flap").injector.on_opened()


# Requests.


def test_requests_are_refused_before_they_are_handled():
    assert World("429").injector.before_request("info").status == 429
    assert World("502 on action").injector.before_request("action").status == 502
    assert World("502 on action").injector.before_request("info") is None
    assert World("502 on cancel").injector.before_request("action", "cancel").status == 502
    assert World("timeout-before").injector.before_request("action").lose
    assert World("timeout-before").injector.before_request("info") is None


def test_an_order_is_not_found_though_it_is_there():
    injector = World("not-found 100% once").injector

    assert injector.before_request("info", "openOrders") is None
    assert injector.before_request("action", "order") is None
    assert injector.before_request("info", "orderStatus").answer == {"status": "unknownOid"}
    assert injector.before_request("info", "orderStatus") is None


def test_in_maintenance_questions_fail_and_trading_is_halted():
    injector = World("maintenance").injector
    statuses = injector.before_action(order(ALO, GTC)).answer["response"]["data"]["statuses"]

    assert injector.before_request("info").status == 502
    assert injector.before_request("action") is None
    assert statuses == [
        {"error": "Trading is halted. asset=0"},
        {"error": "Trading is halted. asset=3"},
    ]
    assert injector.before_action({"type": "noop"}).answer == {
        "status": "err",
        "response": "Trading is halted.",
    }


def test_a_rejection_has_a_text_for_each_part():
    injector = World("reject").injector
    cancel = injector.before_action({"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": "0x"}]})
    modify = injector.before_action({"type": "batchModify", "modifies": [{"oid": 1, "order": GTC}]})

    assert cancel.answer["response"] == {
        "type": "cancel",
        "data": {
            "statuses": [{"error": "Order was never placed, already canceled, or filled. asset=1"}],
        },
    }
    assert modify.answer["response"] == {
        "type": "order",
        "data": {"statuses": [{"error": "Insufficient margin to place order. asset=3"}]},
    }


def test_a_nonce_is_refused():
    answer = World("nonce").injector.before_action(order(GTC), 17).answer

    assert answer == {"status": "err", "response": "Invalid nonce: duplicate nonce 17"}


def test_faults_of_actions_can_be_aimed_at_a_type():
    injector = World("reject on cancel").injector

    assert injector.before_action(order(GTC)) is None
    assert injector.before_action({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}) is not None


@pytest.mark.parametrize(
    ("action", "is_refused"),
    [
        (order(ALO), False),
        (order(ALO, GTC), True),
        (order({"a": 0, "t": {"trigger": {}}}), True),
        ({"type": "modify", "oid": 1, "order": GTC}, True),
        ({"type": "modify", "oid": 1, "order": ALO}, False),
        ({"type": "batchModify", "modifies": [{"oid": 1, "order": GTC}]}, True),
        ({"type": "batchModify", "modifies": 7}, False),
        ({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}, False),
        ([], False),
    ],
)
def test_in_the_post_only_period_only_post_only_orders_are_taken(action, is_refused):
    assert (World("post-only").injector.before_action(action) is not None) == is_refused


@given(st.none() | st.text() | st.integers() | st.lists(st.none() | st.text() | st.lists(st.integers())))
def test_an_action_may_be_anything(value):
    shapes = [value, {"type": value}, {"type": "order", "orders": value}, order(value), order({"t": value})]
    injector = World("reject 50%", "post-only").injector

    for shape in shapes:
        refusal = injector.before_action(shape)
        assert refusal is None or refusal.answer["status"] in ("ok", "err")


def test_replies_are_lost_late_or_turned_into_an_error():
    assert World("timeout-after").injector.after_request("action") == LOSE
    assert World("ack-lost").injector.after_request("info") == PASS
    assert World("ack-lost on info").injector.after_request("info") == LOSE
    assert World("500-after").injector.after_request("action") == STATUS_500
    assert World("ack-late 20s").injector.after_request("action").delay == 20.0
    assert World("ack-late 20s", "latency 1s").injector.after_request("action").delay == 21.0


# Messages.


def test_silence_is_of_feeds_and_not_of_pongs_and_replies():
    injector = World("silent").injector

    assert injector.on_frame("l2Book", BOOK) == Passage(())
    for channel in ("pong", "post", "subscriptionResponse", "error"):
        assert injector.on_frame(channel, FRAME) is None


def test_silence_may_be_of_one_channel():
    injector = World("silent on l2Book").injector

    assert injector.on_frame("l2Book", BOOK) == Passage(())
    assert injector.on_frame("userFills", FRAME) is None


def test_a_frame_comes_twice():
    assert World("dup").injector.on_frame("userFills", FRAME) == Passage((FRAME, FRAME))


@pytest.mark.parametrize(
    "name", ["bad-json", "bad-utf8", "null", "wrong-types", "unknown-channel", "garbled"]
)
def test_the_true_frame_follows_the_garbled_one(name):
    for seed in range(20):
        passage = World(name, seed=seed).injector.on_frame("l2Book", BOOK)

        assert len(passage.messages) == 2
        assert passage.messages[0] != BOOK == passage.messages[1]


def test_an_unknown_field_changes_the_frame_itself():
    [message] = World("unknown-field").injector.on_frame("l2Book", BOOK).messages

    assert json.loads(message)["data"].items() > json.loads(BOOK)["data"].items()


def test_books_are_crossed_or_followed_by_stale_ones():
    crossed, true = World("crossed-book").injector.on_frame("l2Book", BOOK).messages
    also_true, stale = World("stale-snapshot").injector.on_frame("l2Book", BOOK).messages

    assert true == also_true == BOOK
    assert json.loads(crossed)["data"]["levels"] == [[{"px": "2"}], [{"px": "1"}]]
    assert json.loads(stale)["data"]["time"] < 1_800_000_000_000
    assert World("crossed-book", "stale-snapshot").injector.on_frame("userFills", FRAME) is None
    assert World("crossed-book", "stale-snapshot").injector.on_frame("l2Book", FRAME) is None


def test_a_wrong_size_or_price_goes_before_the_true_one():
    trade = b'{"channel":"trades","data":[{"px":"64000","sz":"0.1"}]}'
    negative, true = World("negative-size").injector.on_frame("trades", trade).messages
    off_tick, also_true = World("price-off-tick").injector.on_frame("trades", trade).messages

    assert true == also_true == trade
    assert json.loads(negative)["data"] == [{"px": "64000", "sz": "-0.1"}]
    assert json.loads(off_tick)["data"] == [{"px": "64000.00001", "sz": "0.1"}]
    assert World("negative-size").injector.on_frame("userFills", trade) is None
    assert World("negative-size").injector.on_frame("bbo", FRAME) is None


def test_a_giant_goes_before_the_frame():
    passage = World("giant").injector.on_frame("l2Book", BOOK)

    assert passage.messages == (BOOK,)
    assert passage.raw.endswith(BOOK)


def test_faults_of_frames_add_up():
    passage = World("unknown-field", "dup", "bad-utf8").injector.on_frame("l2Book", BOOK)

    assert len(passage.messages) == 3
    assert passage.messages[1] == passage.messages[2]


def test_latency_is_of_frames_and_replies_but_a_reply_is_late_only_once():
    injector = World("latency 200ms..2s").injector

    assert 0.2 <= injector.on_frame("l2Book", BOOK).latency <= 2
    assert 0.2 <= injector.after_request("info").delay <= 2
    assert injector.on_frame("post", FRAME) is None


def test_reordering_holds_replies_or_news_and_no_market_data():
    injector = World("reorder 1s").injector
    replies = [injector.after_request("action").what for _ in range(100)]
    news = [injector.on_frame("orderUpdates", FRAME) for _ in range(5)]

    assert {What.PASS, What.DELAY} == set(replies)
    assert any(each is not None and each.delay == 1.0 for each in news)
    assert injector.on_frame("l2Book", BOOK) is None
    assert injector.after_request("info") == PASS


@pytest.mark.parametrize("seed", range(20))
def test_reordering_once_is_of_a_reply_that_is_held(seed):
    injector = World("reorder 1s once", seed=seed).injector
    held = [after for _ in range(50) if (after := injector.after_request("action")).what is What.DELAY]

    assert [after.delay for after in held] == [1.0]
    assert injector.is_quiet


def test_a_chance_that_is_given_is_all_the_chance_there_is():
    injector = World("reorder 1s 100%").injector

    assert all(injector.after_request("action").delay == 1.0 for _ in range(100))


def test_a_question_does_not_go_by_the_channel_of_the_same_name():
    injector = World("latency 1s on userFills").injector

    assert injector.after_request("info", "userFills") == PASS
    assert injector.on_frame("userFills", FRAME).latency == 1.0


@given(st.integers(0, 1000), st.lists(st.floats(0, 0.5), max_size=30))
def test_held_messages_of_a_channel_stay_in_order_even_when_all_is_healed(seed, pauses):
    world = World("reorder 1ms..1s", seed=seed)
    seconds, dues = 0.0, []
    for index, pause in enumerate(pauses):
        seconds += pause
        if index == 20:
            world.injector.remove()
        passage = world.at(seconds).on_frame("userFills", FRAME)
        dues.append(world.time + (passage.delay if passage is not None else 0.0))

    assert all(late - early > -1e-9 for early, late in itertools.pairwise(dues))


def test_nothing_is_quiet_until_the_last_held_message_has_left():
    world = World("reorder 1s on userFills")
    world.injector.on_frame("userFills", FRAME)
    world.injector.remove()

    assert not world.injector.is_quiet
    assert world.at(0.5).on_frame("userFills", FRAME).delay == 0.5
    assert world.at(1.5).on_frame("userFills", FRAME) is None
    assert world.injector.is_quiet


# Laws.

QUESTIONS = st.lists(
    st.tuples(
        st.floats(0, 30),
        st.sampled_from(["connect", "upgrade", "opened", "request", "action", "after", "frame", "due"]),
    ),
    max_size=40,
)


def answers_of(lines, seed, questions):
    world = World(*lines, seed=seed)
    ask = {
        "connect": world.injector.on_connect,
        "upgrade": world.injector.on_upgrade,
        "opened": world.injector.on_opened,
        "request": lambda: world.injector.before_request("action", "order"),
        "action": lambda: world.injector.before_action(order(GTC)),
        "after": lambda: world.injector.after_request("action"),
        "frame": lambda: world.injector.on_frame("l2Book", BOOK),
        "due": world.injector.due,
    }
    answers, seconds = [], 0.0
    for pause, question in questions:
        seconds += pause
        world.at(seconds)
        answers.append(ask[question]())
    return answers


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from(["", " 30%", " once", " every 7s"])),
        max_size=5,
    ),
    st.integers(0, 100),
    QUESTIONS,
)
def test_the_same_questions_get_the_same_answers(faults, seed, questions):
    lines = [name + more for name, more in faults]

    assert answers_of(lines, seed, questions) == answers_of(lines, seed, questions)
