"""The account's stream: what each frame of it means, and when nothing is missed any more."""

import json
import random
from decimal import Decimal

import pytest
from account_samples import (
    CANCELED,
    FILL,
    FOREIGN,
    FUNDING,
    OPENED,
    OURS,
    OURS_3,
    SNAPSHOT,
    USER,
    USER_EVENT,
    account_codec,
    ack,
    fills_frame,
    frame,
    order_frame,
    ready_codec,
)
from hypothesis import given
from hypothesis import strategies as st
from order_samples import LISTING, make_listing
from test_hyperliquid_samples import BBO, BTC, MS, NOW, PONG

from livetrio.errors import FrameError, UnknownInstrument
from livetrio.model import Feed, FeedKind, Fill, FundingPayment, OrderReport, OrderStatus
from livetrio.venues.base import Pong, VenueNotice
from livetrio.venues.hyperliquid.account_decode import (
    MAX_NOTICES,
    SHOWN,
    SUBSCRIPTIONS,
    AccountCodec,
    subscriptions_of,
)
from livetrio.venues.hyperliquid.wire import GREETING
from livetrio.venues.trading import AccountStreamReady, Reply


def decode(*frames, codec=None):
    """All that the frames mean to one codec, by default to one that has nothing to confirm any more."""
    codec = codec or ready_codec()
    return [message for each in frames for message in codec.decode(each, NOW)]


def decode_one(sent, codec=None):
    (message,) = decode(sent, codec=codec)
    return message


# Ready.


@given(st.randoms(use_true_random=False))
def test_it_is_ready_once_when_all_is_acknowledged_and_the_latest_fills_have_come(rng: random.Random):
    frames = [*map(ack, SUBSCRIPTIONS), SNAPSHOT]
    rng.shuffle(frames)
    codec = account_codec()

    *before, last = (decode(each, codec=codec) for each in frames)

    assert before == [[]] * 4
    assert last == [AccountStreamReady()]
    assert decode(*frames, codec=codec) == []


def test_live_fills_are_no_snapshot():
    codec = account_codec()
    live = decode(*map(ack, SUBSCRIPTIONS), fills_frame({}), codec=codec)

    assert [type(each) for each in live] == [Fill]
    assert decode_one(SNAPSHOT, codec) == AccountStreamReady()


def test_the_fills_of_the_snapshot_come_before_it_is_ready():
    codec = account_codec()
    messages = decode(*map(ack, SUBSCRIPTIONS), fills_frame({}, isSnapshot=True), codec=codec)

    assert [type(each) for each in messages] == [Fill, AccountStreamReady]


def test_a_subscription_that_was_there_already_is_acknowledged_too():
    codec = account_codec()
    already = "Already subscribed: " + json.dumps({"type": "userEvents", "user": USER})
    acks = [ack(each) for each in SUBSCRIPTIONS if each != "userEvents"]

    assert decode(*acks, SNAPSHOT, codec=codec) == []
    assert decode_one(frame("error", already), codec) == AccountStreamReady()


@pytest.mark.parametrize("missing", SUBSCRIPTIONS)
def test_without_one_of_its_subscriptions_it_is_never_ready(missing):
    acks = [ack(each) for each in SUBSCRIPTIONS if each != missing]
    unsubscribed = ack(missing).replace(b'"subscribe"', b'"unsubscribe"')

    assert decode(*acks, SNAPSHOT, ack("notification"), unsubscribed, codec=account_codec()) == []


def test_a_snapshot_that_makes_no_sense_does_not_make_it_ready():
    codec = account_codec()
    decode(*map(ack, SUBSCRIPTIONS), codec=codec)
    with pytest.raises(FrameError):
        codec.decode(fills_frame({"px": "NaN"}, isSnapshot=True), NOW)

    assert decode_one(SNAPSHOT, codec) == AccountStreamReady()


def test_it_asks_for_the_accounts_news_in_lower_case():
    (first, *_) = messages = subscriptions_of("0x" + "AB" * 20)

    assert json.loads(first) == {
        "method": "subscribe",
        "subscription": {"type": "orderUpdates", "user": "0x" + "ab" * 20},
    }
    assert len(messages) == len(SUBSCRIPTIONS)


# Orders.


def test_captured_orders_open_and_end():
    opened, canceled = decode(OPENED, CANCELED)

    assert (opened.client_order_id, opened.status, opened.reason) == (FOREIGN, OrderStatus.ACCEPTED, None)
    assert (canceled.status, canceled.filled_quantity) == (OrderStatus.CANCELED, 0)
    assert canceled.ts_event - opened.ts_event == 1519 * MS


def test_one_frame_tells_of_several_orders_in_the_venues_order():
    reports = decode(
        order_frame(
            ("open", {"cloid": OURS, "oid": 1}),
            ("filled", {"cloid": OURS, "oid": 1, "sz": "0.0"}),
            ("badAloPxRejected", {"cloid": OURS_3, "oid": 2, "coin": "ETH"}),
        )
    )

    assert [(each.venue_order_id, each.revision, each.status, each.reason) for each in reports] == [
        ("1", 0, OrderStatus.ACCEPTED, None),
        ("1", 0, OrderStatus.FILLED, None),
        ("2", 3, OrderStatus.REJECTED, "badAloPxRejected"),
    ]
    assert reports[1].filled_quantity == Decimal("0.00037")


def test_a_status_that_nobody_knows_breaks_no_frame_and_is_said():
    report, notice = decode(order_frame(("levitating", {"cloid": OURS}), ("open", {"oid": 7})))

    assert isinstance(report, OrderReport)
    assert report.venue_order_id == "7"
    assert notice == VenueNotice(
        f"the order 57118842019 ({OURS}) of BTC has the status 'levitating', which is not known here; "
        "it is left as it was"
    )


def test_orders_of_what_is_not_listed_are_passed_over_and_that_is_said_once():
    codec = ready_codec()
    sent = order_frame(("open", {"coin": "xyz:TSLA"}), ("open", {}), ("open", {"coin": "xyz:TSLA"}))

    assert [type(each) for each in decode(sent, sent, codec=codec)] == [OrderReport, VenueNotice, OrderReport]
    assert (
        decode(sent, codec=ready_codec())[1].text
        == "orders of xyz:TSLA, which is not listed, are passed over"
    )


def test_what_was_said_long_ago_may_be_said_again():
    codec = ready_codec()
    for number in range(MAX_NOTICES):
        decode(order_frame(("open", {"coin": f"xyz:{number}"})), codec=codec)

    assert decode(order_frame(("open", {"coin": f"xyz:{MAX_NOTICES - 1}"})), codec=codec) == []
    assert [type(each) for each in decode(order_frame(("open", {"coin": "#10"})), codec=codec)] == [
        VenueNotice
    ]
    assert [type(each) for each in decode(order_frame(("open", {"coin": "xyz:0"})), codec=codec)] == [
        VenueNotice
    ]


# Fills.


def test_fills_are_told_the_oldest_first_whichever_way_they_come():
    newest_first = fills_frame(
        {"time": 3, "tid": 1},
        {"time": 2, "tid": 2},
        {"time": 2, "tid": 3},
        {"time": 1, "tid": 4},
        isSnapshot=True,
    )
    oldest_first = fills_frame(
        {"time": 1, "tid": 4}, {"time": 2, "tid": 3}, {"time": 2, "tid": 2}, {"time": 3, "tid": 1}
    )

    assert decode(newest_first) == decode(oldest_first)
    assert [each.fill_id.split(":")[2] for each in decode(newest_first)] == ["4", "3", "2", "1"]


def test_a_fill_of_what_is_not_listed_is_never_lost_without_a_word():
    codec = ready_codec()
    sent = fills_frame({"coin": "xyz:TSLA"}, {}, {"coin": "#10"}, {"coin": "xyz:TSLA"})
    messages = decode(sent, codec=codec)

    assert [type(each) for each in messages] == [Fill, VenueNotice, VenueNotice]
    assert [each.text for each in messages[1:]] == [
        "2 fills of xyz:TSLA, which is not listed, are counted nowhere",
        "a fill of #10, which is not listed, is counted nowhere",
    ]
    assert decode(sent, codec=codec) == messages


def test_fills_are_taken_from_one_of_the_two_subscriptions_that_tell_them():
    assert decode(USER_EVENT) == []
    assert [type(each) for each in decode(fills_frame({}))] == [Fill]


def test_while_nothing_is_listed_fills_get_their_instrument_by_the_form_of_the_coin():
    listing = make_listing()
    listing.replace([])

    (fill,) = AccountCodec(listing, USER).decode(fills_frame({}), NOW)

    assert fill.instrument_id == BTC


# Funding.


def test_funding_is_told_each_hour():
    payment = decode_one(frame("userFundings", {"user": USER, "fundings": [FUNDING]}))

    assert isinstance(payment, FundingPayment)
    assert (payment.amount, payment.ts_event) == (Decimal("-3.625312"), 1785261600076 * MS)


def test_sums_of_hours_that_came_singly_are_not_counted_again():
    fundings = [{**FUNDING, "nSamples": 24}, FUNDING]
    snapshot = frame("userFundings", {"isSnapshot": True, "user": USER, "fundings": fundings})
    live = frame("userFundings", {"user": USER, "fundings": fundings})

    assert len(decode(snapshot)) == 1
    assert len(decode(live)) == 2


def test_funding_of_what_is_not_listed_is_said_once():
    sent = frame("userFundings", {"user": USER, "fundings": [{**FUNDING, "coin": "xyz:TSLA"}] * 2})

    assert decode(sent, sent) == [VenueNotice("funding of xyz:TSLA, which is not listed, is counted nowhere")]


# Other events.


def liquidation(user):
    return frame(
        "user",
        {
            "liquidation": {
                "lid": 7,
                "liquidator": "0x" + "ee" * 20,
                "liquidated_user": user,
                "liquidated_ntl_pos": "12345.6",
                "liquidated_account_value": "78.9",
            }
        },
    )


def test_our_own_liquidation_is_said_to_people_and_somebody_elses_is_not():
    assert decode(liquidation("0x" + "ab" * 20)) == []
    assert decode_one(liquidation(USER.upper().replace("X", "x"))) == VenueNotice(
        f"the account {USER} was liquidated: positions of 12345.6 USD at an account value of 78.9 USD"
    )


@pytest.mark.parametrize(
    "event",
    [
        {"nonUserCancel": [{"coin": "BTC", "oid": 1}]},
        {"funding": FUNDING},
        {"twapHistory": []},
        {"somethingNew": {"a": 1}},
        {},
    ],
)
def test_events_that_others_tell_better_are_left_to_them(event):
    assert decode(frame("user", event)) == []


# Answers.


def test_an_answer_is_handed_on_as_it_came():
    body = b'{"status":"ok","response":{"type":"cancel","data":{"statuses":["success"]}}}'
    sent = b'{"channel":"post","data":{"id":5,"response":{"type":"action","payload":%s}}}' % body

    assert decode_one(sent) == Reply(5, body)


def test_a_refusal_instead_of_an_answer_is_handed_on_as_one():
    text = '422 Failed to deserialize the JSON body into the target type: "x"'
    sent = frame("post", {"id": 5, "response": {"type": "error", "payload": text}})

    reply = decode_one(sent)

    assert reply.request_id == 5
    assert json.loads(reply.body) == {"error": text}


def test_a_refusal_that_is_no_text_is_handed_on_as_it_stands():
    sent = frame("post", {"id": 5, "response": {"type": "error", "payload": {"code": 500}}})

    assert json.loads(decode_one(sent).body) == {"error": '{"code": 500}'}


def test_too_many_waiting_answers_are_the_answer_to_the_one_that_was_too_many():
    reply = decode_one(frame("error", "too many pending post requests id=17"))

    assert reply.request_id == 17
    assert json.loads(reply.body) == {"error": "too many pending post requests id=17"}


@pytest.mark.parametrize(
    "text",
    [
        "Cannot track more than 15 total users.",
        'Invalid subscription {"type":"userFills","user":"x"}',
        "Already subscribed: nonsense",
        "Already subscribed: {",
    ],
)
def test_other_refusals_are_said_to_people(text):
    assert decode_one(frame("error", text), account_codec()) == VenueNotice(text)


def test_a_refusal_that_quotes_a_whole_request_is_cut_short():
    text = "Error parsing JSON into valid websocket request: " + "x" * 5000

    assert decode_one(frame("error", text)).text == f"{text[:SHOWN]} …"


def test_the_heartbeat_is_that_of_the_market():
    assert account_codec().heartbeat() == b'{"method":"ping"}'
    assert decode_one(PONG) == Pong()
    assert decode(GREETING) == []


def test_it_carries_no_feeds():
    feed = Feed(FeedKind.TRADES, "HYPERLIQUID", BTC)
    for ask in (account_codec().subscribe, account_codec().unsubscribe):
        with pytest.raises(UnknownInstrument, match="the stream of an account carries no feeds"):
            ask(feed)


# What makes no sense.


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", "bad-json"),
        (b"\xff", "bad-utf8"),
        (b"null", "null"),
        (BBO, "unknown-channel"),
        (frame("orderUpdates", None), "null"),
        (order_frame(("open", {"sz": "-1"})), "negative-size"),
        (order_frame(("open", {}), ("open", {"limitPx": "x"})), "wrong-types"),
        (fills_frame({}, {"fee": "NaN"}), "wrong-types"),
        (fills_frame({"side": "C"}), "wrong-types"),
        (frame("userFundings", {"user": USER, "fundings": [{**FUNDING, "usdc": "1e5"}]}), "wrong-types"),
        (frame("post", {"id": -1, "response": {"type": "action", "payload": {}}}), "wrong-types"),
        (frame("post", {"id": 1, "response": {"type": "action"}}), "wrong-types"),
    ],
)
def test_a_frame_that_makes_no_sense_is_refused_whole_and_leaves_the_codec_as_it_was(sent, kind):
    codec = account_codec()
    state = {**vars(codec)}

    with pytest.raises(FrameError) as refused:
        codec.decode(sent, NOW)

    assert refused.value.kind == kind
    assert vars(codec) == state


def test_a_frame_with_a_garbled_byte_anywhere_is_refused_and_no_order_is_taken_for_a_strangers():
    sent = order_frame(("open", {"cloid": OURS}))
    for at in range(len(sent) + 1):
        with pytest.raises(FrameError) as refused:
            account_codec().decode(sent[:at] + b"\xff" + sent[at:], NOW)
        assert refused.value.kind == "bad-utf8"


def test_a_notice_of_a_refused_frame_is_not_taken_for_said():
    codec = ready_codec()
    with pytest.raises(FrameError):
        codec.decode(order_frame(("open", {"coin": "xyz:TSLA"}), ("open", {"sz": "x"})), NOW)

    assert [type(each) for each in decode(order_frame(("open", {"coin": "xyz:TSLA"})), codec=codec)] == [
        VenueNotice
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["BTC", "0.5", USER]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_but_a_frame_error(sent):
    _try(sent)


@given(
    st.sampled_from(
        ["orderUpdates", "userFills", "userFundings", "user", "post", "error", "subscriptionResponse"]
    ),
    anything,
)
def test_nothing_on_a_channel_that_we_know_raises_anything_but_a_frame_error(channel, data):
    _try(frame(channel, data))


@given(st.sampled_from(sorted(FILL)), anything)
def test_no_field_of_a_fill_raises_anything_but_a_frame_error(name, value):
    _try(fills_frame({name: value}))


@given(st.sampled_from(["coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz", "cloid"]), anything)
def test_no_field_of_an_order_raises_anything_but_a_frame_error(name, value):
    _try(order_frame(("open", {name: value})))


KNOWN = Fill | OrderReport | FundingPayment | VenueNotice | Reply | Pong


def _try(sent):
    try:
        messages = AccountCodec(LISTING, USER).decode(sent, NOW)
    except FrameError:
        return
    assert all(isinstance(each, KNOWN) for each in messages)
