"""Numbers as the wire writes them."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.texts import (
    px_text,
    rate_text,
    ratio_text,
    side_text,
    sz_text,
    token_text,
    usd_text,
)
from livetrio.exchange.chain.listing import default_listing

LISTING = default_listing()
BTC = LISTING.by_coin["BTC"]


def test_every_number_has_a_point_and_no_trailing_zeros():
    assert px_text(BTC, 317_950) == "31795.0"
    assert sz_text(BTC, -37) == "-0.00037"
    assert usd_text(-3_625_312) == "-3.625312"
    assert rate_text(-15_186) == "-0.0000015186"
    assert token_text(LISTING.tokens[1], 12_345) == "0.12345"
    assert (side_text(True), side_text(False)) == ("B", "A")


def test_a_quotient_that_ends_is_exact():
    assert ratio_text(1, 8, 10) == "0.125"
    assert ratio_text(-10, 5, 3) == "-2.0"


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**12), st.integers(0, 12))
def test_a_quotient_is_rounded_half_to_even(dividend, divisor, decimals):
    unit = Decimal(1).scaleb(-decimals)
    with localcontext(prec=80):
        wanted = (Decimal(dividend) / divisor).quantize(unit, ROUND_HALF_EVEN)

    assert Decimal(ratio_text(dividend, divisor, decimals)) == wanted
