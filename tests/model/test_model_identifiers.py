"""Names of instruments and venues, and the nearest one to a mistyped name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.model import instrument_id, nearest, symbol_of, venue_of


@pytest.mark.parametrize(
    "text",
    [
        "BTC-USD-PERP.HYPERLIQUID",
        "PURR-USDC-SPOT.HYPERLIQUID",
        "kPEPE-USD-PERP.HYPERLIQUID",
        "@107.HYPERLIQUID",
        "a/b:c#1.V_2",
    ],
)
def test_an_id_is_its_text(text):
    assert instrument_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "BTC",
        "BTC.",
        ".HYPERLIQUID",
        "BTC.hyperliquid",
        "BTC.HYPER LIQUID",
        "B TC.X",
        "BTC.X\n",
        "BTC.1X",
        "*.X",
    ],
)
def test_what_is_no_id_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="expected an instrument id such as BTC-USD-PERP") as caught:
        instrument_id(text)

    assert repr(text) in str(caught.value)


@given(
    st.from_regex(r"[A-Za-z0-9@#:/_-]+", fullmatch=True), st.from_regex(r"[A-Z][A-Z0-9_]*", fullmatch=True)
)
def test_symbol_and_venue_are_its_two_parts(symbol, venue):
    name = instrument_id(f"{symbol}.{venue}")

    assert (symbol_of(name), venue_of(name)) == (symbol, venue)


@pytest.mark.parametrize(
    "name, known, expected",
    [
        ("sbumit", ["submit", "cancel"], "submit"),
        (
            "btc-usd-perp.hyperliquid",
            ["BTC-USD-PERP.HYPERLIQUID", "ETH-USD-PERP.HYPERLIQUID"],
            "BTC-USD-PERP.HYPERLIQUID",
        ),
        ("xyz", ["submit", "cancel"], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_name_whatever_its_case(name, known, expected):
    assert nearest(name, iter(known)) == expected
