"""What an answer says of each command: done, refused, to be tried again, or not known."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_samples import make_order
from test_hyperliquid_actions import modify

from livetrio.errors import FrameError
from livetrio.model import OrderType, TimeInForce
from livetrio.venues.hyperliquid.refusals import (
    ACTION_REFUSALS,
    ORDER_REFUSALS,
    STATUS_VERDICTS,
    TRANSPORT_REFUSALS,
)
from livetrio.venues.hyperliquid.replies import read_proof, read_reply
from livetrio.venues.trading import Cancel, CommandResult, ScheduleCancel, Submit, Verdict

DONE, REFUSED, RETRY, UNKNOWN = Verdict.DONE, Verdict.REFUSED, Verdict.RETRY, Verdict.UNKNOWN

SUBMIT = Submit(make_order())
CANCEL = Cancel(make_order())
MODIFY = modify(make_order())
SCHEDULE = ScheduleCancel(None)

PLACED = b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":77738308}}]}}}'
FILLED = (
    b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"filled":{"totalSz":"0.02",'
    b'"avgPx":"1891.4","oid":77747314}}]}}}'
)
CANCELED = b'{"status":"ok","response":{"type":"cancel","data":{"statuses":["success"]}}}'
NOT_CANCELED = (
    b'{"status":"ok","response":{"type":"cancel","data":{"statuses":[{"error":'
    b'"Order was never placed, already canceled, or filled. asset=0"}]}}}'
)
DEFAULT = b'{"status":"ok","response":{"type":"default"}}'
"""Examples of the docs (exchange-endpoint, 2026-08-22)."""


def answer(*statuses):
    return json.dumps(
        {"status": "ok", "response": {"type": "order", "data": {"statuses": statuses}}}
    ).encode()


def error(text):
    return json.dumps({"status": "err", "response": text}).encode()


def not_handed_on(text):
    return json.dumps({"error": text}).encode()


def read(body, *commands):
    return read_reply(commands, (1,) * len(commands), body)


def read_one(body, command):
    (result,) = read(body, command)
    return result


# Done.


def test_an_order_that_rests_has_an_id_and_nothing_filled():
    assert read_one(PLACED, SUBMIT) == CommandResult(
        command=SUBMIT, verdict=DONE, venue_order_id="77738308", filled_quantity=Decimal(0)
    )


@pytest.mark.parametrize(
    "order, is_over",
    [
        (make_order(quantity=Decimal("0.02")), True),
        (make_order(quantity=Decimal("0.03")), False),  # the rest is on the book
        (make_order(quantity=Decimal("0.03"), time_in_force=TimeInForce.IOC), True),
        (make_order(quantity=Decimal("0.03"), order_type=OrderType.MARKET), True),
    ],
)
def test_what_was_filled_at_once_says_whether_the_order_is_over(order, is_over):
    assert read_one(FILLED, Submit(order)) == CommandResult(
        command=Submit(order),
        verdict=DONE,
        venue_order_id="77747314",
        filled_quantity=Decimal("0.02"),
        is_over=is_over,
    )


@pytest.mark.parametrize("quantity, is_over", [("0.02", True), ("0.5", False)])
def test_a_modified_order_is_over_when_what_should_be_open_is_filled(quantity, is_over):
    assert read_one(FILLED, modify(make_order(), quantity=Decimal(quantity))).is_over == is_over


@pytest.mark.parametrize("word", ["waitingForTrigger", "waitingForFill"])
@pytest.mark.parametrize("command", [SUBMIT, MODIFY])
def test_an_order_that_waits_has_been_taken_and_its_id_comes_later(command, word):
    assert read_one(answer(word), command) == CommandResult(command=command, verdict=DONE)


def test_a_cancellation_is_done():
    assert read_one(CANCELED, CANCEL) == CommandResult(command=CANCEL, verdict=DONE)


@pytest.mark.parametrize("command", [SCHEDULE, MODIFY])
def test_some_actions_are_done_without_a_word(command):
    assert read_one(DEFAULT, command) == CommandResult(command=command, verdict=DONE)


# Not known.


@pytest.mark.parametrize("command", [SUBMIT, CANCEL])
def test_of_an_order_an_answer_without_a_word_tells_nothing(command):
    assert read_one(DEFAULT, command).verdict is UNKNOWN


@pytest.mark.parametrize(
    "outcome, command",
    [
        ("success", SUBMIT),
        ("success", MODIFY),
        ("waitingForTrigger", CANCEL),
        ("waitingForGodot", SUBMIT),
        ("success", SCHEDULE),
        ("waitingForFill", SCHEDULE),
        ({"resting": {"oid": 1}}, CANCEL),
        ({"filled": {"oid": 1, "totalSz": "1"}}, SCHEDULE),
        ({}, SUBMIT),
        ({"parked": {"oid": 1}}, SUBMIT),
    ],
)
def test_an_outcome_that_does_not_belong_to_the_command_proves_nothing(outcome, command):
    assert read_one(answer(outcome), command).verdict is UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"status":"ok"}',
        b'{"status":"ok","response":"done"}',
        b'{"status":"err"}',
        b'{"status":"err","response":{"type":"order"}}',
        b'{"status":"maybe","response":{"type":"default"}}',
        b'{"status":"ok","response":{"type":"order","data":{"statuses":[]}}}',
        answer({"resting": {"oid": 1}}, {"resting": {"oid": 2}}),
        answer({"resting": {"oid": -1}}),
        answer({"resting": {"oid": "1"}}),
        answer({"filled": {"oid": 1, "totalSz": "much"}}),
        answer({"filled": {"oid": 1, "totalSz": "-1"}}),
        answer(1),
    ],
)
def test_an_answer_that_makes_no_sense_is_a_fault_of_the_frame(body):
    with pytest.raises(FrameError):
        read(body, SUBMIT)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_answer_whatsoever_raises_anything_else(body):
    try:
        results = read(body, SUBMIT, CANCEL)
    except FrameError:
        return
    assert [each.command for each in results] == [SUBMIT, CANCEL]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["statuses", "resting", "filled", "oid", "totalSz", "error", "data", "type"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["ok", "err", "new"]), json_values)
def test_no_answer_of_nearly_the_right_shape_raises_anything_else(status, response):
    test_body = json.dumps({"status": status, "response": response}).encode()
    try:
        results = read(test_body, SUBMIT, MODIFY, CANCEL, SCHEDULE)
    except FrameError:
        return
    assert [each.command for each in results] == [SUBMIT, MODIFY, CANCEL, SCHEDULE]


# Several in one action.


def test_outcomes_belong_to_the_commands_by_their_places():
    other = Submit(make_order(quantity=Decimal("0.02")))
    results = read(
        answer(
            {"resting": {"oid": 1}},
            {"error": "Order has zero size."},
            {"filled": {"oid": 3, "totalSz": "0.02"}},
        ),
        SUBMIT,
        MODIFY,
        other,
    )

    assert [(each.command, each.verdict, each.venue_order_id) for each in results] == [
        (SUBMIT, DONE, "1"),
        (MODIFY, REFUSED, None),
        (other, DONE, "3"),
    ]


@pytest.mark.parametrize("body", [answer({"error": "Order has zero size."}), error("Order has zero size.")])
def test_one_error_for_a_whole_batch_is_that_of_all(body):
    results = read(body, SUBMIT, SUBMIT, SUBMIT)

    assert [(each.verdict, each.is_over, each.reason) for each in results] == [
        (REFUSED, True, "Order has zero size.")
    ] * 3


def test_one_success_for_a_whole_batch_makes_no_sense():
    with pytest.raises(FrameError, match="expected the outcome of 2 entries, found 1"):
        read(PLACED, SUBMIT, SUBMIT)


NEVER = {"error": "Order was never placed, already canceled, or filled. asset=0"}


@pytest.mark.parametrize(
    "outcomes, verdict",
    [
        (("success", NEVER), DONE),
        ((NEVER, "success"), DONE),
        ((NEVER, NEVER), REFUSED),
        ((NEVER, "what?"), UNKNOWN),
    ],
)
def test_a_cancellation_of_either_of_two_legs_is_done_if_one_is(outcomes, verdict):
    (one, other) = read_reply((CANCEL, CANCEL), (2, 1), answer(*outcomes, "success"))

    assert one.verdict is verdict
    assert other.verdict is DONE


# Refused.


@pytest.mark.parametrize("row", ORDER_REFUSALS, ids=lambda row: row.text)
def test_a_refusal_beside_an_order_is_of_that_order(row):
    result = read_one(answer({"error": f"{row.text}. asset=0"}), SUBMIT)

    assert (result.verdict, result.is_over) == (row.verdict, True)
    assert result.reason == f"{row.text}. asset=0"


@pytest.mark.parametrize("row", ACTION_REFUSALS, ids=lambda row: row.text)
def test_a_refusal_of_the_action_means_what_the_table_says(row):
    result = read_one(error(f"L1 error: {row.text} 0x12"), SUBMIT)

    assert (result.verdict, result.is_over) == (row.verdict, row.verdict is REFUSED)


@pytest.mark.parametrize("row", TRANSPORT_REFUSALS, ids=lambda row: row.text)
def test_what_the_server_did_not_hand_on_was_not_done(row):
    assert read_one(not_handed_on(f"{row.text} id=7"), SUBMIT).verdict is row.verdict


@pytest.mark.parametrize(
    "text, verdict",
    [
        # error-responses, 2026-08-22
        ("Price must be divisible by tick size.", REFUSED),
        ("Order must have minimum value of $10.", REFUSED),
        ("Order must have minimum value of 10 USDC.", REFUSED),
        ("Insufficient margin to place order.", REFUSED),
        ("Reduce only order would increase position.", REFUSED),
        ("Post only order would have immediately matched, bbo was 63460@63488.", REFUSED),
        ("Order could not immediately match against any resting orders.", REFUSED),
        ("Invalid TP/SL price.", REFUSED),
        ("No liquidity available for market order.", REFUSED),
        ("Order would increase open interest while open interest is capped", REFUSED),
        ("Order rejected due to price more aggressive than oracle while at open interest cap", REFUSED),
        ("Order would increase open interest too quickly", REFUSED),
        ("Order has insufficient spot balance to trade", REFUSED),
        ("Order price too far from oracle", REFUSED),
        ("Order would cause position to exceed margin tier limit at current leverage", REFUSED),
        ("Order was never placed, already canceled, or filled.", REFUSED),
        # seen live
        ("Insufficient spot balance asset=10107", REFUSED),
        ("Order price cannot be more than 80% away from the reference price", REFUSED),
        ("Order price cannot be more than 95% away from the reference price", REFUSED),
        ("User or API Wallet 0xbb2dc553881fa2142ecebefc81f7a973fcf2470f does not exist.", REFUSED),
        ("L1 error: User or API Wallet 0xbb2dc553881fa2142ecebefc81f7a973fcf2470f does not exist.", REFUSED),
        ("Must deposit before performing actions. User: 0xbb2d", REFUSED),
        ("Unable to recover signer.", REFUSED),
        ("Vault not registered: 0xbb2d", REFUSED),
        ("Invalid nonce: duplicate nonce 1764000000123", UNKNOWN),
        ("Invalid nonce: too old", RETRY),
        ("Action already expired", REFUSED),
        (
            "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92. Place"
            " taker orders to free up 1 request per USDC traded.",
            RETRY,
        ),
        ("Cannot set scheduled cancel time until enough volume traded. Required: $1000000.", REFUSED),
        ("Cannot switch leverage type with open position.", REFUSED),
        ("Position does not use isolated margin.", REFUSED),
        ("Action disabled when unified account is active", REFUSED),
        ("User has pending agent removal", REFUSED),
        ("Agent valid_until already expired.", REFUSED),
        ("a text that nobody has seen yet", UNKNOWN),
    ],
)
def test_the_texts_of_the_venue_instead_of_all_answers(text, verdict):
    assert read_one(error(text), SUBMIT).verdict is verdict


def test_an_unknown_text_beside_an_order_still_proves_that_it_was_not_placed():
    result = read_one(answer({"error": "a text that nobody has seen yet"}), SUBMIT)

    assert (result.verdict, result.is_over) == (REFUSED, True)


@pytest.mark.parametrize("status", [*STATUS_VERDICTS, 408, 500, 502, 503])
def test_what_a_number_says_of_an_action_that_was_not_handed_on(status):
    result = read_one(not_handed_on(f"{status} Some Words"), SUBMIT)

    assert result.verdict is STATUS_VERDICTS.get(status, UNKNOWN)


@pytest.mark.parametrize("text", ["", "no", "4220", "error 422"])
def test_what_has_no_number_says_nothing(text):
    assert read_one(not_handed_on(text), SUBMIT).verdict is UNKNOWN


@pytest.mark.parametrize(
    "text, is_over",
    [
        ("Error placing new order during modify: Order has zero size. asset=0", True),
        ("Cannot modify canceled or filled order", False),  # if it was filled, its fills say so
        ("Post only order would have immediately matched, bbo was 1@2.", False),
        ("a text that nobody has seen yet", False),
    ],
)
def test_a_modification_that_was_refused_may_have_lost_the_order(text, is_over):
    result = read_one(answer({"error": text}), MODIFY)

    assert (result.verdict, result.is_over) == (REFUSED, is_over)


@pytest.mark.parametrize("make", [error, lambda text: answer({"error": text})])
def test_where_one_of_several_was_lost_and_it_is_not_said_which_nothing_is_known(make):
    lost = make("Error placing new order during modify: Order has zero size.")

    assert read_one(lost, MODIFY).is_over
    assert [(each.verdict, each.is_over) for each in read(lost, MODIFY, MODIFY)] == [(UNKNOWN, False)] * 2


def test_a_cancellation_that_found_nothing_does_not_say_that_the_order_is_over():
    result = read_one(NOT_CANCELED, CANCEL)

    assert (result.verdict, result.is_over) == (REFUSED, False)


@pytest.mark.parametrize(
    "text, is_closed, takes_post_only",
    [
        ("Trading is halted. asset=0", True, False),
        ("Only post-only orders allowed immediately after a network upgrade. asset=0", True, True),
        ("Post only order would have immediately matched, bbo was 1@2. asset=0", False, False),
    ],
)
def test_a_refusal_that_meets_everybody_says_so(text, is_closed, takes_post_only):
    (result,) = read(answer({"error": text}), SUBMIT)

    assert (result.verdict, result.is_closed, result.takes_post_only) == (REFUSED, is_closed, takes_post_only)


@pytest.mark.parametrize(
    "text", ["User or API Wallet 0xab does not exist.", "Must deposit before performing actions. User: 0xab"]
)
def test_a_key_that_is_not_known_any_more_closes_the_gate(text):
    (result,) = read(error(text), SUBMIT)

    assert (result.verdict, result.is_closed, result.takes_post_only) == (REFUSED, True, False)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b'{"status":"ok","response":{"type":"default"}}', None),
        (
            b'{"status":"err","response":"User or API Wallet 0x1 does not exist."}',
            "User or API Wallet 0x1 does not exist.",
        ),
        (b'{"error":"busy"}', "busy"),
    ],
)
def test_a_proof_is_that_the_venue_took_it(body, wrong):
    assert read_proof(body) == wrong


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"status":"err"}', b'{"status":"what","response":{"type":"x"}}']
)
def test_an_answer_that_makes_no_sense_proves_nothing(body):
    with pytest.raises(FrameError):
        read_proof(body)
