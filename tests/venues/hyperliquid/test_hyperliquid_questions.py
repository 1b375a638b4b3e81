"""What can be asked of an account, what it costs, and how the answers are read."""

import json
from decimal import Decimal

import pytest
from account_samples import FILL, FOREIGN, FRONTEND_ORDER, FUNDING, OURS, OURS_3, USER
from hypothesis import given
from hypothesis import strategies as st
from order_samples import LISTING, make_foreign_order, make_order
from test_hyperliquid_samples import BTC, MS, NOW

from livetrio.errors import FrameError
from livetrio.model import AccountReport, Balance, OrderStatus, PositionReport
from livetrio.venues.hyperliquid import questions
from livetrio.venues.hyperliquid.questions import MAX_FILLS, MAX_FUNDINGS, Usage

URL = "https://api.hyperliquid.xyz/info"
TIME = 1785261289146
"""When the sample order was made, milliseconds."""


def asked(question):
    """The bodies of what is asked."""
    assert {each.url for each in question.requests} == {URL}
    return [json.loads(each.body) for each in question.requests]


def read(question, *answers):
    """What the question makes of these answers."""
    return question.read(
        [each if isinstance(each, bytes) else json.dumps(each).encode() for each in answers], NOW
    )


def entry(status="open", at=TIME, **given_):
    """An order with its status, as orderStatus and historicalOrders have it."""
    return {"order": {**FRONTEND_ORDER, **given_}, "status": status, "statusTimestamp": at}


# Open orders.


def test_open_orders_are_those_that_rest():
    question = questions.ask_open_orders(URL, USER, LISTING)
    first, second = read(
        question, [{**FRONTEND_ORDER, "cloid": OURS_3, "sz": "0.0002"}, {**FRONTEND_ORDER, "oid": 2}]
    )

    assert asked(question) == [{"type": "frontendOpenOrders", "user": USER}]
    assert question.weight == 20
    assert (first.client_order_id, first.revision, first.filled_quantity) == (OURS, 3, Decimal("0.00017"))
    assert (second.client_order_id, second.venue_order_id, second.status) == (
        FOREIGN,
        "2",
        OrderStatus.ACCEPTED,
    )
    assert second.ts_event == TIME * MS


def test_open_orders_of_what_is_not_listed_are_passed_over():
    orders = [{**FRONTEND_ORDER, "coin": "xyz:TSLA"}, FRONTEND_ORDER]

    assert len(read(questions.ask_open_orders(URL, USER, LISTING), orders)) == 1


# One order.


def ask_order(order=None, revision=0):
    return questions.ask_order(URL, USER, LISTING, order or make_order(client_order_id=OURS), revision)


def test_an_order_of_ours_is_asked_for_by_the_name_of_its_revision():
    question = ask_order(revision=3)

    assert asked(question) == [{"type": "orderStatus", "user": USER, "oid": OURS_3}]
    assert question.weight == 2


def test_anothers_order_is_asked_for_by_the_venues_name_and_without_one_by_its_own():
    known, unknown = make_foreign_order(), make_foreign_order(venue_order_id=None)

    assert asked(ask_order(known))[0]["oid"] == 57118842019
    assert asked(ask_order(unknown))[0]["oid"] == FOREIGN


def test_an_order_that_is_known_is_reported_as_it_stands():
    report = read(ask_order(), {"status": "order", "order": entry("filled", TIME + 5, cloid=OURS, sz="0.0")})

    assert (report.client_order_id, report.status) == (OURS, OrderStatus.FILLED)
    assert (report.remaining_quantity, report.ts_event) == (0, (TIME + 5) * MS)


def test_an_order_that_is_not_known_is_none():
    assert read(ask_order(), {"status": "unknownOid"}) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": "order", "order": entry("levitating")}, "unknown-status"),
        ({"status": "order", "order": entry(coin="xyz:TSLA")}, "unknown-instrument"),
        ({"status": "order"}, "wrong-types"),
        ({"status": "somethingNew"}, "wrong-types"),
        (None, "null"),
    ],
)
def test_an_answer_that_does_not_tell_is_not_taken_for_there_being_no_such_order(answer, kind):
    with pytest.raises(FrameError) as refused:
        read(ask_order(), answer)

    assert refused.value.kind == kind


# Recent orders.


def ask_recent(*entries):
    return read(questions.ask_recent_orders(URL, USER, LISTING), list(entries))


def test_recent_orders_may_be_two_thousand():
    question = questions.ask_recent_orders(URL, USER, LISTING)

    assert asked(question) == [{"type": "historicalOrders", "user": USER}]
    assert question.weight == 120


@given(
    st.permutations(
        [("open", 0, "0.00037"), ("open", 5, "0.0002"), ("filled", 5, "0.0"), ("open", 5, "0.0001")]
    )
)
def test_of_an_order_that_is_told_more_than_once_the_latest_counts(told):
    (report,) = ask_recent(*(entry(status, TIME + later, sz=sz) for status, later, sz in told))

    assert report.status is OrderStatus.FILLED


@given(st.permutations(["0.0003", "0.0002", "0.0001"]))
def test_of_what_happened_at_one_time_the_least_open_is_the_latest(sizes):
    (report,) = ask_recent(*(entry(sz=each) for each in sizes))

    assert report.remaining_quantity == Decimal("0.0001")


def test_recent_orders_that_mean_nothing_here_are_passed_over():
    (report,) = ask_recent(
        entry("levitating", oid=1), entry(coin="xyz:TSLA", oid=2), entry("canceled", oid=3)
    )

    assert report.venue_order_id == "3"


# Fills and payments.


def test_fills_are_asked_for_from_the_millisecond_on():
    question = questions.ask_fills(URL, USER, LISTING, TIME * MS + 999_999)

    assert asked(question) == [{"type": "userFillsByTime", "user": USER, "startTime": TIME}]
    assert question.weight == 120


def ask_fills(*fills):
    return read(questions.ask_fills(URL, USER, LISTING, 0), [{**FILL, **each} for each in fills])


def test_fills_come_the_oldest_first_and_what_is_not_listed_is_passed_over():
    page = ask_fills(
        {"time": 3, "tid": 1}, {"time": 2, "tid": 2}, {"time": 2, "tid": 3}, {"coin": "#10", "time": 1}
    )

    assert [each.fill_id.split(":")[2] for each in page.items] == ["3", "2", "1"]
    assert page.next_since is None


@pytest.mark.parametrize("coin", ["BTC", "xyz:TSLA"])
def test_a_full_page_says_where_the_next_begins_whatever_is_on_it(coin):
    page = ask_fills(*({"coin": coin, "tid": number, "time": number} for number in range(MAX_FILLS)))

    assert page.next_since == (MAX_FILLS - 1) * MS
    assert len(page.items) in (0, MAX_FILLS)
    assert ask_fills(*({"tid": number} for number in range(MAX_FILLS - 1))).next_since is None


def test_no_fills_are_a_page_too():
    page = ask_fills()

    assert (page.items, page.next_since) == ((), None)


def ask_fundings(*given_):
    entries = [
        {"time": time, "hash": "0x0", "delta": {"type": "funding", **FUNDING, "coin": coin}}
        for time, coin in given_
    ]
    return read(questions.ask_fundings(URL, USER, LISTING, 0), entries)


def test_payments_are_asked_for_and_come_the_oldest_first():
    question = questions.ask_fundings(URL, USER, LISTING, TIME * MS)
    page = ask_fundings((1, "ETH"), (1, "BTC"), (3, "xyz:TSLA"))

    assert asked(question) == [{"type": "userFunding", "user": USER, "startTime": TIME}]
    assert question.weight == 45
    assert [each.instrument_id for each in page.items] == ["ETH-USD-PERP.HYPERLIQUID", BTC]
    assert (page.items[0].ts_event, page.items[0].amount) == (1 * MS, Decimal("-3.625312"))


def test_a_full_page_of_payments_says_where_the_next_begins():
    page = ask_fundings(*((number, "BTC") for number in range(MAX_FUNDINGS)))

    assert page.next_since == (MAX_FUNDINGS - 1) * MS


# Money.

MARGIN = {
    "marginSummary": {
        "accountValue": "13109.48",
        "totalNtlPos": "100.02",
        "totalRawUsd": "-95.05",
        "totalMarginUsed": "4.967826",
    },
    "crossMaintenanceMarginUsed": "0.0",
    "withdrawable": "13104.51",
    "assetPositions": [
        {
            "type": "oneWay",
            "position": {
                "coin": "ETH",
                "szi": "-0.0335",
                "leverage": {"type": "isolated", "value": 20, "rawUsd": "-95.059824"},
                "entryPx": "2986.3",
                "positionValue": "100.02765",
                "unrealizedPnl": "-0.0134",
                "liquidationPx": "2866.27",
                "marginUsed": "4.967826",
                "maxLeverage": 50,
            },
        },
        {
            "type": "oneWay",
            "position": {"coin": "xyz:TSLA", "szi": "1.0", "positionValue": "400.0", "unrealizedPnl": "0.0"},
        },
        {
            "type": "oneWay",
            "position": {
                "coin": "BTC",
                "szi": "0.0",
                "entryPx": None,
                "positionValue": "0.0",
                "unrealizedPnl": "0.0",
                "liquidationPx": None,
            },
        },
    ],
    "time": TIME,
}
SPOT = {
    "balances": [
        {"coin": "USDC", "token": 0, "hold": "4.5", "total": "14.625485", "entryNtl": "0.0"},
        {"coin": "PURR", "token": 1, "hold": "0.0", "total": "2000.0", "entryNtl": "1234.56"},
    ]
}


def test_the_account_is_its_margin_money_its_positions_and_what_there_is_on_spot():
    question = questions.ask_account(URL, USER.upper().replace("X", "x"), LISTING)
    report = read(question, MARGIN, SPOT)

    assert [each["type"] for each in asked(question)] == ["clearinghouseState", "spotClearinghouseState"]
    assert question.weight == 4
    assert report == AccountReport(
        account_id=f"HYPERLIQUID-{USER}",
        currency="USDC",
        equity=Decimal("13109.48"),
        available=Decimal("13104.51"),
        margin_used=Decimal("4.967826"),
        balances={
            "USDC": Balance(total=Decimal("14.625485"), locked=Decimal("4.5")),
            "PURR": Balance(total=Decimal("2000.0"), locked=Decimal(0)),
        },
        positions=(
            PositionReport(
                instrument_id="ETH-USD-PERP.HYPERLIQUID",
                quantity=Decimal("-0.0335"),
                entry_price=Decimal("2986.3"),
                mark_price=Decimal("2985.9"),
                liquidation_price=Decimal("2866.27"),
                unrealized_pnl=Decimal("-0.0134"),
                ts_event=TIME * MS,
            ),
            PositionReport(
                instrument_id=BTC, quantity=Decimal(0), unrealized_pnl=Decimal(0), ts_event=TIME * MS
            ),
        ),
        ts_event=TIME * MS,
        ts_init=NOW,
    )


# The rest.


def test_the_venue_has_a_clock():
    question = questions.ask_time(URL)

    assert asked(question) == [{"type": "exchangeStatus"}]
    assert question.weight == 2
    assert read(question, {"time": TIME, "specialStatuses": None}) == TIME * MS


def test_the_venue_tells_how_many_actions_an_account_has_had():
    question = questions.ask_usage(URL, USER)
    answer = {
        "cumVlm": "2854574.593578",
        "nRequestsUsed": 2890,
        "nRequestsCap": 2864574,
        "nRequestsSurplus": 0,
    }

    assert asked(question) == [{"type": "userRateLimit", "user": USER}]
    assert question.weight == 20
    assert read(question, answer) == Usage(used=2890, cap=2864574)


ALL = {
    "open orders": questions.ask_open_orders(URL, USER, LISTING),
    "order": ask_order(),
    "recent orders": questions.ask_recent_orders(URL, USER, LISTING),
    "fills": questions.ask_fills(URL, USER, LISTING, 0),
    "fundings": questions.ask_fundings(URL, USER, LISTING, 0),
    "account": questions.ask_account(URL, USER, LISTING),
    "identity": questions.ask_identity(URL, USER, USER),
    "time": questions.ask_time(URL),
    "usage": questions.ask_usage(URL, USER),
}


@pytest.mark.parametrize("question", ALL.values(), ids=ALL)
@given(
    st.binary(max_size=40)
    | st.sampled_from([b"null", b"[null]", b"{}", b"[{}]", b'"x"', b"7", b'{"status":"x"}'])
)
def test_no_answer_raises_anything_but_a_frame_error(question, answer):
    try:
        question.read([answer] * len(question.requests), NOW)
    except FrameError as fault:
        detail = fault.detail

        assert len(detail) < 400
