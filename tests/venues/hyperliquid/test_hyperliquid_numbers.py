"""The laws of number texts and of the price table."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hyperliquid_samples import BTC, HYPE_SPOT, META, PURR_SPOT, SPOT_META

from livetrio.errors import FrameError
from livetrio.venues.hyperliquid import numbers
from livetrio.venues.hyperliquid.instruments import read_instruments
from livetrio.venues.hyperliquid.numbers import MAX_DIGITS, MAX_PRICES, PriceTable, price, signed, size

INSTRUMENTS = {each.instrument_id: each for each in read_instruments(META, SPOT_META)}

number_texts = st.from_regex(r"-?[0-9]{0,12}\.?[0-9]{0,12}", fullmatch=True)
real_prices = st.decimals(min_value=0, max_value=10**7, places=9).map("{:f}".format) | st.from_regex(
    r"[1-9][0-9]{0,6}(\.[0-9]{1,8})?|0\.0{0,7}[0-9]{1,6}", fullmatch=True
)


@settings(deadline=None)
@given(
    instrument=st.sampled_from(sorted(INSTRUMENTS)), text=real_prices | number_texts | st.text(max_size=12)
)
def test_a_price_table_takes_just_the_valid_prices_of_its_instrument(instrument, text):
    rule = INSTRUMENTS[instrument]
    table = PriceTable(rule)
    plain = text.isascii() and text.replace(".", "", 1).isdecimal()
    expected = plain and rule.is_valid_price(Decimal(text))

    if expected:
        assert table[text] == Decimal(text)
        assert table == {text: Decimal(text)}
        return
    with pytest.raises(FrameError) as refused:
        table[text]
    assert refused.value.kind == "off-tick" if plain else refused.value.kind in ("off-tick", "wrong-types")
    assert not table


@settings(deadline=None)
@given(text=st.text(alphabet="0123456789.", max_size=MAX_DIGITS))
def test_no_text_short_enough_is_too_much_for_the_decimal_context(text):
    for rule in INSTRUMENTS.values():
        try:
            PriceTable(rule)[text]
        except FrameError:
            pass


@pytest.mark.parametrize(
    ("instrument", "text", "valid"),
    [
        (BTC, "63457.0", True),  # five figures
        (BTC, "63457.1", False),  # six
        (BTC, "6345.1", True),
        (BTC, "6345.12", False),  # 6 - szDecimals = 1 decimal
        (BTC, "123456.0", True),  # whole numbers are always valid
        (BTC, "1234567.0", True),
        (BTC, "123456.5", False),
        (BTC, "0.1", True),
        (BTC, "0.05", False),
        # Hyperliquid docs, tick-and-lot-size, 2026-08-22: the examples for szDecimals 1
        ("LOOM-USD-PERP.HYPERLIQUID", "0.01234", True),
        ("LOOM-USD-PERP.HYPERLIQUID", "0.012345", False),
        ("LOOM-USD-PERP.HYPERLIQUID", "1234.5", True),
        ("LOOM-USD-PERP.HYPERLIQUID", "1234.56", False),
        ("LOOM-USD-PERP.HYPERLIQUID", "123456.0", True),
        ("LOOM-USD-PERP.HYPERLIQUID", "12345.6", False),
        # spot: 8 - szDecimals
        (PURR_SPOT, "0.06713121", False),
        (PURR_SPOT, "0.067131", True),
        (PURR_SPOT, "0.00001234", True),
        (HYPE_SPOT, "44.9125", False),
        (HYPE_SPOT, "44.912", True),
        (HYPE_SPOT, "0.123456", False),
        (HYPE_SPOT, "0.000123", True),
        (HYPE_SPOT, "0.0000123", False),
    ],
)
def test_the_price_rule_by_example(instrument, text, valid):
    table = PriceTable(INSTRUMENTS[instrument])

    if valid:
        assert table[text] == Decimal(text)
    else:
        with pytest.raises(FrameError, match="off-tick"):
            table[text]


def test_a_price_table_begins_anew_before_it_grows_without_end(monkeypatch):
    monkeypatch.setattr(numbers, "MAX_PRICES", 3)
    table = PriceTable(None)
    for each in ("1.0", "2.0", "3.0", "4.0"):
        table[each]

    assert list(table) == ["4.0"]
    assert table["1.0"] == 1
    assert MAX_PRICES > 3


@settings(deadline=None)
@given(number_texts)
def test_a_size_is_a_number_that_is_not_negative(text):
    try:
        value = Decimal(text)
    except ArithmeticError:
        with pytest.raises(FrameError, match="wrong-types"):
            size(text)
        return

    assert signed(text) == value
    if value < 0:
        with pytest.raises(FrameError, match="negative-size"):
            size(text)
    else:
        assert size(text) == value
    if value <= 0:
        with pytest.raises(FrameError, match="off-tick"):
            price(text)
    else:
        assert price(text) == value
