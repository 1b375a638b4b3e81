"""TrackedOrder: whatever the order in which a venue's news comes, the order ends as it should."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.tracked import TrackedOrder
from livetrio.model import Fill, Liquidity, Order, OrderReport, OrderSide, OrderStatus, OrderType
from livetrio.model.order import CLOSED_STATUSES

S = OrderStatus
BTC = "BTC-USD-PERP.HYPERLIQUID"
ID = "0x6c74" + "0" * 28
SIZE = Decimal(10)


def order(status=S.SUBMITTED, **changes):
    values = {
        "client_order_id": ID, "instrument_id": BTC, "strategy": "mm", "side": OrderSide.BUY,
        "order_type": OrderType.LIMIT, "quantity": SIZE, "price": Decimal(100), "status": status,
        "ts_event": 0,
    }  # fmt: skip
    return Order(**values | changes)


def report(status, left=SIZE, *, of=SIZE, revision=0, venue_id="1", ts=1, **more):
    return OrderReport(
        client_order_id=ID, revision=revision, venue_order_id=venue_id, instrument_id=BTC, status=status,
        quantity=Decimal(of), remaining_quantity=Decimal(left), price=Decimal(100 + revision),
        ts_event=ts, ts_init=ts, **more,
    )  # fmt: skip


def fill(number, quantity, *, price=100, revision=0, venue_id="1"):
    return Fill(
        fill_id=str(number), venue_order_id=venue_id, client_order_id=ID, revision=revision,
        instrument_id=BTC, side=OrderSide.BUY, price=Decimal(price), quantity=Decimal(quantity),
        fee=Decimal(0), fee_currency="USD", liquidity=Liquidity.MAKER, ts_event=number, ts_init=number,
    )  # fmt: skip


def take(tracked, *news):
    """Let all of that be told; the names of the events."""
    events = []
    for each in news:
        events += tracked.take_fill(each) if isinstance(each, Fill) else tracked.take_report(each)
    return [type(each).__name__ for each in events]


def test_an_order_that_is_accepted_filled_in_parts_and_filled():
    tracked = TrackedOrder(order())

    assert take(tracked, report(S.ACCEPTED), fill(1, 4, price=100), fill(2, 6, price=110)) == [
        "OrderAccepted",
        "OrderFilled",
        "OrderFilled",
    ]
    assert tracked.order.status is S.FILLED
    assert tracked.order.filled_quantity == 10
    assert tracked.order.average_price == 106
    assert tracked.order.venue_order_id == "1"


def test_fills_that_come_before_any_answer_count():
    tracked = TrackedOrder(order())

    assert take(tracked, fill(1, 4), report(S.ACCEPTED), report(S.ACCEPTED, 6)) == ["OrderFilled"]
    assert tracked.order.status is S.PARTIALLY_FILLED
    assert tracked.order.venue_order_id == "1"


def test_what_the_venue_calls_filled_waits_for_its_fills():
    tracked = TrackedOrder(order())

    assert take(tracked, report(S.FILLED, 0)) == []
    assert tracked.missing == 10
    assert take(tracked, fill(1, 10)) == ["OrderFilled"]
    assert tracked.order.status is S.FILLED
    assert tracked.missing == 0


def test_what_is_canceled_with_less_left_than_we_know_waits_for_the_fills_between():
    tracked = TrackedOrder(order(S.ACCEPTED))

    assert take(tracked, report(S.CANCELED, 7)) == []
    assert tracked.order.is_open
    assert take(tracked, fill(1, 2)) == ["OrderFilled"]
    assert take(tracked, fill(2, 1)) == ["OrderFilled", "OrderCanceled"]
    assert tracked.order.status is S.CANCELED
    assert tracked.order.filled_quantity == 3


def test_a_fill_after_the_cancellation_counts_and_the_order_stays_canceled():
    tracked = TrackedOrder(order(S.ACCEPTED))
    take(tracked, report(S.CANCELED, 10))

    assert take(tracked, fill(1, 10)) == ["OrderFilled"]
    assert tracked.order.status is S.CANCELED
    assert tracked.order.filled_quantity == 10


def test_an_old_report_does_not_open_what_is_over():
    tracked = TrackedOrder(order(S.ACCEPTED))
    take(tracked, report(S.CANCELED))

    assert take(tracked, report(S.ACCEPTED), report(S.TRIGGERED), report(S.REJECTED)) == []
    assert tracked.order.status is S.CANCELED


def test_a_refusal_of_what_was_there_is_a_cancellation():
    tracked = TrackedOrder(order(S.ACCEPTED))

    assert take(tracked, report(S.REJECTED, reason="margin")) == ["OrderCanceled"]
    assert tracked.order.reason == "margin"


def test_missing_fills_can_be_given_up():
    tracked = TrackedOrder(order(S.ACCEPTED))
    take(tracked, report(S.FILLED, 0), fill(1, 4))
    events = tracked.give_up_missing(9)

    assert [type(each).__name__ for each in events] == ["OrderCanceled"]
    assert "has not told of all its fills" in tracked.order.reason
    assert tracked.order.filled_quantity == 4


# Modifications.


def modified(quantity=8, price=101):
    tracked = TrackedOrder(order(S.ACCEPTED, venue_order_id="1"))
    tracked.begin_modification(Decimal(quantity), Decimal(price), None, 5)
    return tracked


def test_the_end_of_the_old_leg_is_no_end_of_the_order():
    for news in permutations([report(S.CANCELED), report(S.ACCEPTED, 8, of=8, revision=1, venue_id="2")]):
        tracked = modified()

        assert take(tracked, *news) == ["OrderUpdated"]
        assert tracked.order.status is S.ACCEPTED
        assert tracked.order.venue_order_id == "2"
        assert (tracked.order.price, tracked.order.quantity) == (101, 8)
        assert tracked.order.pending_revision is None


def test_what_the_old_leg_had_filled_is_part_of_the_order():
    for news in permutations([fill(1, 3), report(S.CANCELED, 7), report(S.ACCEPTED, 8, of=8, revision=1)]):
        tracked = modified()
        take(tracked, *news)

        assert tracked.order.filled_quantity == 3
        assert tracked.order.quantity == 11
        assert tracked.order.remaining_quantity == 8
        assert tracked.order.status in (S.PARTIALLY_FILLED, S.ACCEPTED)


def test_a_modification_that_lost_the_order_ends_it():
    tracked = modified()
    take(tracked, report(S.CANCELED))
    events = tracked.end_modification("Error placing new order", 9, is_over=True)

    assert [type(each).__name__ for each in events] == ["OrderModifyRejected", "OrderCanceled"]
    assert tracked.order.status is S.CANCELED


def test_an_order_that_was_lost_in_a_modification_says_why_whatever_is_told_first():
    tracked = modified()
    take(tracked, report(S.CANCELED))
    tracked.end_modification("no margin", 5, is_over=True)

    assert tracked.order.status is S.CANCELED
    assert tracked.order.reason == "no margin"


def test_a_modification_that_came_too_late_leaves_the_order_to_its_end():
    tracked = modified()

    assert take(tracked, fill(1, 10)) == ["OrderFilled"]
    assert tracked.order.status is S.FILLED
    assert tracked.end_modification("Cannot modify canceled or filled order", 9) == []
    assert tracked.order.pending_revision is None


def test_a_refused_modification_leaves_the_order_as_it_was():
    tracked = modified()

    assert take(tracked, report(S.REJECTED, 8, of=8, revision=1, reason="post only")) == [
        "OrderModifyRejected"
    ]
    assert tracked.order.status is S.ACCEPTED
    assert (tracked.order.price, tracked.order.quantity) == (100, 10)


def test_a_leg_that_only_the_venue_knows_is_taken_in():
    tracked = TrackedOrder(order(S.UNKNOWN))

    assert take(tracked, report(S.ACCEPTED, 5, of=5, revision=2, venue_id="3")) == [
        "OrderUpdated",
        "OrderAccepted",
    ]
    assert tracked.order.revision == 2
    assert tracked.order.quantity == 5


def test_fills_of_a_modification_that_the_journal_has_lost_say_that_there_was_one_but_not_its_size():
    tracked = TrackedOrder(order(S.ACCEPTED))
    events = take(tracked, fill(1, 12, revision=1, venue_id="2"), fill(2, 8, revision=1, venue_id="2"))

    assert events == ["OrderUpdated", "OrderFilled", "OrderFilled"]
    assert tracked.order.status is S.PARTIALLY_FILLED
    assert (tracked.order.filled_quantity, tracked.order.quantity) == (20, 20)
    assert (tracked.order.revision, tracked.order.venue_order_id) == (1, "2")
    assert tracked.leg.is_guessed


@pytest.mark.parametrize(
    ("said", "status", "event"),
    [
        (report(S.FILLED, 0, of=20, revision=1, venue_id="2"), S.FILLED, "OrderUpdated"),
        (report(S.CANCELED, 5, of=25, revision=1, venue_id="2"), S.CANCELED, "OrderCanceled"),
        (report(S.ACCEPTED, 5, of=25, revision=1, venue_id="2"), S.PARTIALLY_FILLED, None),
    ],
)
def test_its_size_is_the_venues_word_whether_before_or_after_the_fills(said, status, event):
    fills = fill(1, 12, revision=1, venue_id="2"), fill(2, 8, revision=1, venue_id="2")
    for news in permutations([*fills, said]):
        tracked = TrackedOrder(order(S.ACCEPTED))
        events = take(tracked, *news)

        assert tracked.order.status is status, news
        assert (tracked.order.filled_quantity, tracked.order.quantity) == (20, said.quantity)
        assert not tracked.leg.is_guessed
        if news[-1] is said and event is not None:
            assert events[-1] == event


@pytest.mark.parametrize("is_over", [True, False])
def test_the_end_of_a_modification_that_nobody_made_is_nothing(is_over):
    assert TrackedOrder(order(S.ACCEPTED)).end_modification("x", 1, is_over=is_over) == []


def test_a_modification_that_was_under_way_before_a_restart_is_remembered():
    tracked = TrackedOrder(order(S.UNKNOWN, pending_revision=1))

    assert take(tracked, report(S.CANCELED)) == []
    assert take(tracked, report(S.ACCEPTED, 8, of=8, revision=1, venue_id="2")) == [
        "OrderUpdated",
        "OrderAccepted",
    ]
    assert tracked.order.quantity == 8


def test_a_modification_that_was_done_before_a_restart_and_told_of_by_a_fill_alone_has_its_size():
    before = TrackedOrder(order(S.ACCEPTED))
    (change,) = before.begin_modification(Decimal(8), Decimal(101), None, 1)
    assert (change.quantity, change.price) == (8, 101)

    tracked = TrackedOrder(order(S.ACCEPTED, pending_revision=1), change)
    assert take(tracked, fill(1, 3, revision=1, venue_id="2")) == ["OrderUpdated", "OrderFilled"]
    assert (tracked.order.quantity, tracked.order.price) == (8, 101)
    assert tracked.order.remaining_quantity == 5


def test_what_was_filled_before_a_modification_is_still_part_of_the_order_after_a_restart():
    restored = order(S.PARTIALLY_FILLED, revision=1, quantity=Decimal(10), filled_quantity=Decimal(4))
    tracked = TrackedOrder(restored, filled_before=Decimal(4))

    take(tracked, report(S.ACCEPTED, 6, of=6, revision=1, venue_id="2"))
    assert (restored.quantity, restored.remaining_quantity) == (10, 6)
    take(tracked, fill(1, 2, revision=1, venue_id="2"))
    assert (restored.status, restored.remaining_quantity) == (S.PARTIALLY_FILLED, 4)
    take(tracked, fill(2, 4, revision=1, venue_id="2"))
    assert (restored.status, restored.quantity) == (S.FILLED, 10)


def test_a_late_fill_of_what_an_order_was_before_a_restart_takes_nothing_from_what_it_is():
    tracked = TrackedOrder(order(S.ACCEPTED, revision=1, quantity=Decimal(8)))

    assert take(tracked, fill(1, 2, revision=0)) == ["OrderFilled"]
    assert tracked.order.filled_quantity == 2
    assert tracked.order.quantity == 10
    assert tracked.order.remaining_quantity == 8
    assert take(tracked, fill(2, 8, revision=1)) == ["OrderFilled"]
    assert tracked.order.status is S.FILLED


# Laws.


@st.composite
def lives(draw):
    """A life as a venue would tell it: fills that add up, reports that agree, and when they come."""
    parts = draw(st.lists(st.integers(1, 5), max_size=4))
    size = Decimal(sum(parts) + draw(st.integers(0, 3)) or 1)
    news, filled = [report(S.ACCEPTED, size, of=size)], 0
    for number, part in enumerate(parts):
        filled += part
        news += [fill(number, part, price=100 + number), report(S.ACCEPTED, size - filled, of=size)]
    end = S.FILLED if filled == size else draw(st.sampled_from([S.CANCELED, S.EXPIRED]))
    news.append(report(end, size - filled, of=size))
    return size, Decimal(filled), end, draw(st.permutations(news))


@given(lives(), st.sampled_from([S.SUBMITTED, S.UNKNOWN, S.PENDING]))
def test_whatever_the_order_of_the_news_the_order_ends_as_the_venue_has_it(life, status):
    size, filled, end, news = life
    tracked = TrackedOrder(order(status, quantity=size))
    closed_at = None
    for each in news:
        take(tracked, each)
        if closed_at is None and tracked.order.is_closed:
            closed_at = tracked.order.status
        assert closed_at in (None, tracked.order.status)  # it ends once

    assert tracked.order.status is end
    assert tracked.order.filled_quantity == filled
    assert tracked.order.quantity == size
    assert tracked.missing == 0
    assert end in CLOSED_STATUSES


@given(lives())
def test_news_told_twice_changes_nothing_but_fills_which_the_caller_tells_apart(life):
    size, filled, end, news = life
    tracked = TrackedOrder(order(quantity=size))
    for each in news:
        take(tracked, each)
        if not isinstance(each, Fill):
            assert take(tracked, each) == []

    assert (tracked.order.status, tracked.order.filled_quantity) == (end, filled)
