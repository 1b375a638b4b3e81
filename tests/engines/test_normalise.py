"""normalise: what an instrument takes, and in words what it does not."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.engines.normalise import Terms, normalise, normalise_change
from livetrio.model import (
    Instrument,
    InstrumentKind,
    OrderSide,
    OrderType,
    SubmitOrder,
    TimeInForce,
    instrument_id,
)

BTC = instrument_id("BTC-USD-PERP.HYPERLIQUID")
INSTRUMENT = Instrument(
    instrument_id=BTC, kind=InstrumentKind.PERPETUAL, base="BTC", quote="USD", venue_symbol="BTC",
    price_step=Decimal("0.1"), significant_figures=5, size_step=Decimal("0.001"), min_notional=Decimal(10),
)  # fmt: skip
D = Decimal


def command(quantity="1", price="100", side=OrderSide.BUY, **more):
    values = {"quantity": D(quantity), "price": None if price is None else D(price)}
    return SubmitOrder(instrument_id=BTC, side=side, **values | more)


def terms(quantity="1", price="100"):
    return Terms(D(quantity), None if price is None else D(price), None)


def test_prices_are_rounded_away_from_the_market_and_sizes_down():
    assert normalise(command("1.2349", "100.27"), INSTRUMENT) == terms("1.234", "100.2")
    assert normalise(command("1.2349", "100.21", OrderSide.SELL), INSTRUMENT) == terms("1.234", "100.3")


def test_a_trigger_price_is_rounded_to_the_nearest():
    order = command(order_type=OrderType.STOP_LIMIT, trigger_price=D("99.97"))

    assert normalise(order, INSTRUMENT).trigger_price == D("100.0")
    assert normalise(attrs.evolve(order, trigger_price=D("99.94")), INSTRUMENT).trigger_price == D("99.9")


STOP = {"order_type": OrderType.STOP_MARKET}


@pytest.mark.parametrize(
    "order, words",
    [
        (command("0.0009"), "its quantity 0.0009 is less than one step, 0.001"),
        (command("1", "0.04"), "its price 0.04 is less than one step, 0.1"),
        (command("1", None, **STOP, trigger_price=D("0.01")), "its trigger price 0.01 is less than one step"),
        (command("0.01", "100"), "it is worth 1.0000 USD, and at least 10 USD is wanted"),
        (command("0.01", None, **STOP, trigger_price=D(100)), "at least 10 USD is wanted"),
        (command("-1"), "expected a quantity above zero, found -1"),
        (command("0"), "expected a quantity above zero, found 0"),
        (command("NaN"), "expected a quantity above zero, found NaN"),
        (command("sNaN"), "expected a quantity above zero, found sNaN"),
        (command("1", "Infinity"), "expected a price above zero, found Infinity"),
        (command("1E+40"), "too large a number"),
        (command("1", "1E+40"), "too large a number"),
        (command("1", None, **STOP, trigger_price=D("1E+40")), "too large a number"),
        (command("1", None, order_type=OrderType.LIMIT), "a limit order needs a price"),
        (command("1", None, **STOP), "a stop_market order needs a trigger price"),
        (command(trigger_price=D(5)), "a limit order has no trigger price"),
        (command(order_type=OrderType.MARKET), "a market order has no price"),
        (command(**STOP, trigger_price=D(5)), "a stop_market order has no price"),
        (command("1", None, post_only=True), "only a limit order that may rest can be post-only"),
        (command(post_only=True, time_in_force=TimeInForce.IOC), "can be post-only"),
        (command(post_only=True, time_in_force=TimeInForce.FOK), "can be post-only"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(order, words):
    assert words in normalise(order, INSTRUMENT)


def test_what_is_delisted_is_refused():
    assert "not traded any more" in normalise(command(), attrs.evolve(INSTRUMENT, is_active=False))


def test_what_only_reduces_may_be_worth_little():
    assert normalise(command("0.01", reduce_only=True), INSTRUMENT) == terms("0.01")


def test_a_market_order_has_no_price_to_round():
    assert normalise(command("1.2349", None), INSTRUMENT) == terms("1.234", None)


def test_an_order_that_may_rest_until_the_evening_may_be_post_only():
    order = command(post_only=True, time_in_force=TimeInForce.DAY)

    assert normalise(order, INSTRUMENT) == terms()


def test_a_change_must_leave_something_to_fill():
    assert normalise_change(command("1.5"), D(1), INSTRUMENT) == terms("1.5")
    assert normalise_change(command("1.5"), D(2), INSTRUMENT) == (
        "its new quantity 1.5 is not above what is filled already, 2"
    )
    assert "less than one step" in normalise_change(command("1.5009"), D("1.5"), INSTRUMENT)
    assert "above zero" in normalise_change(command("-1"), D(2), INSTRUMENT)


def test_of_a_change_what_is_open_is_rounded_for_that_is_what_the_venue_gets():
    assert normalise_change(command("1.5009"), D("0.5004"), INSTRUMENT) == terms("1.5004")


def test_of_a_change_what_is_open_must_be_worth_enough():
    assert "it is worth 5.0000 USD" in normalise_change(command("1.05"), D(1), INSTRUMENT)
    assert normalise_change(command("1.1"), D(1), INSTRUMENT) == terms("1.1")


def test_a_change_of_what_has_no_limit_can_ask_for_none():
    stop = command(price=None, order_type=OrderType.STOP_MARKET, trigger_price=D(90))

    assert normalise_change(stop, D(0), INSTRUMENT) == Terms(D(1), None, D(90))
    assert normalise_change(attrs.evolve(stop, price=D(91)), D(0), INSTRUMENT) == (
        "a stop_market order has no price"
    )


@given(
    st.decimals("0.11", "999999", places=4), st.decimals("0.001", "99", places=6), st.sampled_from(OrderSide)
)
def test_whatever_leaves_is_valid_and_costs_nobody_more_than_was_said(price, quantity, side):
    valid = normalise(
        SubmitOrder(instrument_id=BTC, side=side, price=price, quantity=quantity, reduce_only=True),
        INSTRUMENT,
    )

    assert INSTRUMENT.is_valid_price(valid.price)
    assert INSTRUMENT.is_valid_size(valid.quantity)
    assert valid.quantity <= quantity
    assert (price - valid.price) * side.sign >= 0
