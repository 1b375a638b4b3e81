"""Which prices and sizes a venue takes.

Hyperliquid's rule, tested against its own words: "Prices can have up to 5 significant figures, but no more
than MAX_DECIMALS - szDecimals decimal places where MAX_DECIMALS is 6 for perps and 8 for spot. Integer
prices are always allowed, regardless of the number of significant figures." [docs: tick-and-lot-size]
"""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from livetrio.model import Instrument, InstrumentId, InstrumentKind

FIGURES = 5


def make(*, price_step, significant_figures=None, size_step="1"):
    return Instrument(
        instrument_id=InstrumentId("X-USD-PERP.HYPERLIQUID"),
        kind=InstrumentKind.PERPETUAL,
        base="X",
        quote="USD",
        venue_symbol="X",
        price_step=Decimal(price_step),
        significant_figures=significant_figures,
        size_step=Decimal(size_step),
    )


def with_decimals(decimals):
    """An instrument of Hyperliquid's rule."""
    return make(price_step=Decimal(1).scaleb(-decimals), significant_figures=FIGURES)


def obeys_the_rule(price, max_decimals):
    """The venue's words, on the digits of the price."""
    _, digits, exponent = price.normalize().as_tuple()
    is_whole = exponent >= 0
    return is_whole or (len(digits) <= FIGURES and -exponent <= max_decimals)


# Up to 28 digits: as many as Decimal's own context keeps.
prices = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.one_of(st.integers(1, 10**6), st.integers(1, 10**15)),
    st.integers(-12, 3),
)
max_decimals = st.integers(0, 8)


@given(prices, max_decimals)
@example(Decimal("123456"), 6)
@example(Decimal("12345.6"), 6)
@example(Decimal("1234.5"), 1)
@example(Decimal("0.0012345"), 6)
@example(Decimal("0.00012345"), 8)
@example(Decimal("1.00000"), 0)
def test_a_price_is_valid_if_and_only_if_its_digits_obey_the_rule(price, decimals):
    assert with_decimals(decimals).is_valid_price(price) == obeys_the_rule(price, decimals)


@given(prices, max_decimals)
@example(Decimal("9.99999"), 6)
@example(Decimal("99999.9"), 6)
@example(Decimal("0.0000001"), 6)
def test_rounding_brackets_the_price_with_valid_ones(price, decimals):
    instrument = with_decimals(decimals)
    down, up = instrument.round_price_down(price), instrument.round_price_up(price)

    assert down <= price <= up
    assert up - down <= instrument.tick_size(price)
    assert down == 0 or obeys_the_rule(down, decimals)
    assert obeys_the_rule(up, decimals)
    assert (down == up) == obeys_the_rule(price, decimals)


@given(prices, st.sampled_from(["0.5", "0.25", "5", "0.05", "0.01", "1"]))
@example(Decimal("0.9999999999999999999999999999"), "0.5")
def test_without_a_limit_of_figures_the_step_alone_counts(price, step):
    instrument = make(price_step=step)
    down, up = instrument.round_price_down(price), instrument.round_price_up(price)

    assert instrument.tick_size(price) == Decimal(step)
    assert down <= price <= up
    assert up - down == (0 if instrument.is_valid_price(price) else Decimal(step))
    assert instrument.is_valid_price(up)


@pytest.mark.parametrize(
    "price, tick",
    [
        ("0.5", "0.00001"),
        ("0.00005", "0.000001"),
        ("9.9999", "0.0001"),
        ("10", "0.001"),
        ("99999", "1"),
        ("123456", "1"),
        ("0", "0.000001"),
        ("-5", "0.000001"),
    ],
)
def test_the_tick_grows_with_the_price(price, tick):
    assert with_decimals(6).tick_size(Decimal(price)) == Decimal(tick)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "sNaN", "Infinity", "-Infinity", "1E+40", "0.1E-40"])
def test_what_nobody_quotes_is_no_price_and_no_error(price):
    instrument = with_decimals(6)

    assert not instrument.is_valid_price(Decimal(price))
    assert not make(price_step="1", size_step="0.001").is_valid_size(Decimal(price))


@given(prices, st.sampled_from(["1", "0.00001", "0.5", "10"]))
def test_a_size_rounded_down_is_valid_or_nothing(size, step):
    instrument = make(price_step="1", size_step=step)
    down = instrument.round_size_down(size)

    assert down <= size < down + Decimal(step)
    assert down == 0 or instrument.is_valid_size(down)
    assert instrument.is_valid_size(size) == (down == size)


def test_rounded_prices_look_like_the_step():
    instrument = with_decimals(1)

    assert str(instrument.round_price_down(Decimal("100.05000"))) == "100.0"
    assert str(instrument.round_price_up(Decimal("100.05000"))) == "100.1"
