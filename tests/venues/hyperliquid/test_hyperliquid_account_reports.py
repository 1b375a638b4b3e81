"""Orders, fills and payments as the venue tells them, in our words."""

from decimal import Decimal

import msgspec
import pytest
from account_samples import FILL, FOREIGN, FRONTEND_ORDER, FUNDING, ORDER, OURS, OURS_3, USER
from hypothesis import given
from hypothesis import strategies as st
from order_samples import LISTING
from test_hyperliquid_samples import BTC, HYPE_SPOT, MS, NOW, PURR_SPOT

from livetrio.errors import FrameError
from livetrio.model import (
    Fill,
    FundingPayment,
    Liquidity,
    OrderReport,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from livetrio.venues.hyperliquid.account_messages import FundingDelta, WireFill, WireOrder
from livetrio.venues.hyperliquid.account_reports import fill, funding_payment, order_report
from livetrio.venues.hyperliquid.instruments import Listing


def read_order(word="open", status=OrderStatus.ACCEPTED, base=ORDER, **given_):
    wire_order = msgspec.convert({**base, **given_}, WireOrder)
    return order_report(wire_order, status, word, LISTING, ts_event=1785261289146 * MS, ts_init=NOW)


def read_fill(listing=LISTING, **given_):
    return fill(msgspec.convert({**FILL, **given_}, WireFill), listing, USER, NOW)


# Orders.


def test_an_order_of_the_stream_is_reported_with_what_the_stream_tells():
    assert read_order() == OrderReport(
        client_order_id=FOREIGN,
        venue_order_id="57118842019",
        instrument_id=BTC,
        side=OrderSide.BUY,
        status=OrderStatus.ACCEPTED,
        quantity=Decimal("0.00037"),
        remaining_quantity=Decimal("0.00037"),
        price=Decimal("31795.0"),
        ts_event=1785261289146 * MS,
        ts_init=NOW,
    )


def test_a_question_is_answered_with_more():
    report = read_order(base=FRONTEND_ORDER, side="A", tif="Alo", reduceOnly=True, coin="PURR/USDC")

    assert report.instrument_id == PURR_SPOT
    assert (report.side, report.order_type) == (OrderSide.SELL, OrderType.LIMIT)
    assert (report.time_in_force, report.post_only, report.reduce_only) == (TimeInForce.GTC, True, True)
    assert report.trigger_price is None


def test_a_trigger_order_has_its_trigger_price_and_no_time_in_force():
    report = read_order(
        base=FRONTEND_ORDER, isTrigger=True, triggerPx="60500.0", orderType="Stop Market", tif=None
    )

    assert (report.order_type, report.trigger_price) == (OrderType.STOP_MARKET, Decimal("60500.0"))
    assert (report.time_in_force, report.post_only) == (None, None)


@pytest.mark.parametrize(
    ("order_type", "tif", "expected"),
    [
        ("Market", "FrontendMarket", (OrderType.MARKET, TimeInForce.IOC, False)),
        ("Limit", "Ioc", (OrderType.LIMIT, TimeInForce.IOC, False)),
        ("Take Profit Limit", None, (OrderType.TAKE_PROFIT_LIMIT, None, None)),
        ("Twap Slice", "LiquidationMarket", (None, TimeInForce.IOC, False)),
        ("Something New", "Fok", (None, None, None)),
    ],
)
def test_types_and_times_that_are_new_are_left_open(order_type, tif, expected):
    report = read_order(base=FRONTEND_ORDER, orderType=order_type, tif=tif)

    assert (report.order_type, report.time_in_force, report.post_only) == expected


@pytest.mark.parametrize(
    ("cloid", "expected"),
    [
        (OURS, (OURS, 0)),
        (OURS_3, (OURS, 3)),
        (OURS_3.upper().replace("X", "x"), (OURS, 3)),
        (FOREIGN, (FOREIGN, 0)),
        (None, (None, 0)),
    ],
)
def test_a_cloid_of_ours_tells_order_and_revision(cloid, expected):
    report, traded = read_order(cloid=cloid), read_fill(cloid=cloid)

    assert (report.client_order_id, report.revision) == expected
    assert (traded.client_order_id, traded.revision) == expected


def test_what_was_filled_of_a_canceled_order_is_its_size_less_what_was_open():
    report = read_order("marginCanceled", OrderStatus.CANCELED, sz="0.00007")

    assert report.filled_quantity == Decimal("0.0003")
    assert report.reason == "marginCanceled"


def test_without_a_size_nothing_is_said_of_what_was_filled():
    report = read_order(origSz=None)

    assert (report.quantity, report.filled_quantity) == (None, None)


def test_a_price_of_zero_is_none():
    assert read_order(limitPx="0.0").price is None


# Fills.


def test_a_captured_fill_is_a_fill():
    assert read_fill() == Fill(
        fill_id="BTC:1784976932073:351400627290190:502464503020",
        venue_order_id="502464503020",
        client_order_id=None,
        instrument_id=BTC,
        side=OrderSide.SELL,
        price=Decimal("64007.0"),
        quantity=Decimal("0.00018"),
        fee=Decimal("0.000829"),
        fee_currency="USDC",
        liquidity=Liquidity.MAKER,
        realized_pnl=Decimal(0),
        position_before=Decimal("-50.81882"),
        ts_event=1784976932073 * MS,
        ts_init=NOW,
    )


def test_of_spot_it_does_not_say_the_position_for_it_is_a_balance():
    bought = read_fill(coin="@107", side="B", startPosition="12.5", dir="Buy", fee="0.00035", feeToken="HYPE")

    assert bought.instrument_id == HYPE_SPOT
    assert bought.position_before is None
    assert (bought.fee, bought.fee_currency) == (Decimal("0.00035"), "HYPE")


def test_spot_is_known_by_its_name_while_nothing_is_listed():
    assert read_fill(Listing(), coin="PURR/USDC").position_before is None
    assert read_fill(Listing()).position_before is not None


def test_a_rebate_is_a_fee_below_zero_and_who_crosses_takes():
    made = read_fill(fee="-0.0004", crossed=True, closedPnl="-12.5")

    assert (made.fee, made.liquidity, made.realized_pnl) == (
        Decimal("-0.0004"),
        Liquidity.TAKER,
        Decimal("-12.5"),
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["BTC", "ETH", "@107"]), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)
        ),
        unique=True,
        max_size=20,
    )
)
def test_fills_that_differ_in_coin_time_trade_or_order_have_ids_of_their_own(keys):
    ids = {read_fill(coin=coin, time=time, tid=tid, oid=oid).fill_id for coin, time, tid, oid in keys}

    assert len(ids) == len(keys)


def test_conversions_of_dust_share_a_trade_id_of_0_and_are_still_told_apart():
    dust = [
        read_fill(coin="@107", tid=0, time=time, dir="Spot Dust Conversion", sz="0.0000086141")
        for time in (1, 2)
    ]

    assert dust[0].fill_id != dust[1].fill_id
    assert dust[0].note == "Spot Dust Conversion"


@pytest.mark.parametrize(
    "label", ["Auto-Deleveraging", "Settlement", "Net Child Vaults", "Liquidated Cross Long"]
)
def test_what_no_order_made_has_its_label_as_a_note(label):
    assert read_fill(dir=label).note == label


@pytest.mark.parametrize("label", ["Open Long", "Close Short", "Long > Short", "Buy"])
def test_an_ordinary_fill_has_no_note(label):
    assert read_fill(dir=label).note is None


def test_our_own_liquidation_is_noted():
    ours = {"liquidatedUser": USER.upper().replace("X", "x"), "markPx": "66607.0", "method": "market"}

    assert read_fill(liquidation=ours).note == "liquidation (market) at a mark price of 66607.0"
    assert (
        read_fill(
            liquidation={"markPx": "66607.0", "method": "backstop"}, dir="Liquidated Isolated Long"
        ).note
        == "Liquidated Isolated Long, liquidation (backstop) at a mark price of 66607.0"
    )


def test_who_traded_with_somebody_liquidated_was_not_liquidated():
    theirs = {"liquidatedUser": "0x" + "ee" * 20, "markPx": "66607.0", "method": "market"}

    assert read_fill(liquidation=theirs).note is None


def test_what_is_settled_may_be_worth_nothing():
    assert read_fill(px="0.0", dir="Settlement").price == 0


# Funding.


def test_funding_that_was_paid_is_below_zero():
    delta = msgspec.convert({key: FUNDING[key] for key in FUNDING if key != "time"}, FundingDelta)

    assert funding_payment(delta, FUNDING["time"], LISTING, NOW) == FundingPayment(
        instrument_id="ETH-USD-PERP.HYPERLIQUID",
        amount=Decimal("-3.625312"),
        currency="USDC",
        rate=Decimal("0.0000417"),
        quantity=Decimal("49.1477"),
        ts_event=1785261600076 * MS,
        ts_init=NOW,
    )


# What makes no sense.


@pytest.mark.parametrize(
    "wrong", [{"px": "NaN"}, {"sz": "-1"}, {"fee": "1e5"}, {"closedPnl": ""}, {"startPosition": "x"}]
)
def test_a_number_that_is_none_is_refused(wrong):
    with pytest.raises(FrameError):
        read_fill(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"sz": "-1"}, {"origSz": "x"}, {"limitPx": "-5"}, {"triggerPx": "Infinity"}]
)
def test_an_order_with_a_number_that_is_none_is_refused(wrong):
    with pytest.raises(FrameError):
        read_order(base=FRONTEND_ORDER, **wrong)


def test_a_coin_that_is_not_listed_is_refused():
    with pytest.raises(FrameError, match="unknown-instrument"):
        read_fill(coin="xyz:TSLA")
