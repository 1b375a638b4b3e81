"""What meta and spotMeta say, in our words."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hyperliquid_samples import BTC, HYPE_SPOT, META, PURR_SPOT, SPOT_META

from livetrio.errors import FrameError
from livetrio.model import Instrument, InstrumentKind
from livetrio.model.identifiers import instrument_id
from livetrio.venues.hyperliquid import instruments as instruments_module
from livetrio.venues.hyperliquid.instruments import (
    Listing,
    coin_by_form,
    id_by_form,
    read_instruments,
)


def spot_meta(*pairs, names=("USDC", "PURR", "HYPE"), size_decimals=2):
    """An answer to spotMeta: pairs are (name, index, base, quote), tokens are named by index."""
    tokens = [{"name": name, "szDecimals": size_decimals, "index": index} for index, name in enumerate(names)]
    universe = [{"name": name, "index": index, "tokens": [base, quote]} for name, index, base, quote in pairs]
    return json.dumps({"universe": universe, "tokens": tokens}).encode()


NO_PERPS = b'{"universe":[]}'


def spot_ids(answer):
    return {each.venue_symbol: str(each.instrument_id) for each in read_instruments(NO_PERPS, answer)}


def test_a_perpetual_in_our_words():
    btc = read_instruments(META, SPOT_META)[0]

    assert btc == Instrument(
        instrument_id=BTC,
        kind=InstrumentKind.PERPETUAL,
        base="BTC",
        quote="USD",
        venue_symbol="BTC",
        price_step=Decimal("0.1"),
        significant_figures=5,
        size_step=Decimal("0.00001"),
        min_notional=Decimal(10),
        max_leverage=40,
        is_active=True,
    )


def test_a_delisted_perpetual_is_kept_and_not_active():
    loom = read_instruments(META, SPOT_META)[1]

    assert loom.instrument_id == "LOOM-USD-PERP.HYPERLIQUID"
    assert not loom.is_active


def test_a_spot_pair_is_named_by_its_tokens_found_by_their_index_field():
    found = {each.instrument_id: each for each in read_instruments(META, SPOT_META)}

    assert found[HYPE_SPOT] == Instrument(
        instrument_id=HYPE_SPOT,
        kind=InstrumentKind.SPOT,
        base="HYPE",
        quote="USDC",
        venue_symbol="@107",
        price_step=Decimal("0.000001"),
        significant_figures=5,
        size_step=Decimal("0.01"),
        min_notional=Decimal(10),
    )
    assert found[PURR_SPOT].venue_symbol == "PURR/USDC"
    assert found[PURR_SPOT].price_step == Decimal("0.00000001")


def test_of_two_pairs_with_one_name_the_older_keeps_it_wherever_it_stands():
    answer = spot_meta(("@9", 9, 2, 0), ("@3", 3, 1, 0), names=("USDC", "HYPE", "HYPE"))

    assert spot_ids(answer) == {
        "@3": "HYPE-USDC-SPOT.HYPERLIQUID",
        "@9": "HYPE-USDC-9-SPOT.HYPERLIQUID",
    }


def test_a_token_named_to_collide_with_a_name_already_told_apart_collides_with_none():
    answer = spot_meta(
        ("@1", 1, 1, 0), ("@2", 2, 1, 3), ("@3", 3, 2, 0), names=("USDC", "HYPE", "HYPE", "USDC-3")
    )

    assert spot_ids(answer) == {
        "@1": "HYPE-USDC-SPOT.HYPERLIQUID",
        "@2": "HYPE-USDC-3-SPOT.HYPERLIQUID",
        "@3": "HYPE-USDC-3-3-SPOT.HYPERLIQUID",
    }


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("A.B", "A_B"), ("ÄX", "_X"), ("two words", "two_words"), ("", "_"), ("k/x:1#@-", "k/x:1#@-")],
)
def test_what_no_id_can_have_becomes_an_underscore(name, symbol):
    answer = spot_meta(("@1", 1, 1, 0), names=("USDC", name))

    assert spot_ids(answer) == {"@1": f"{symbol}-USDC-SPOT.HYPERLIQUID"}


@settings(deadline=None)
@given(st.lists(st.text(max_size=4), min_size=2, max_size=6), st.data())
def test_ids_are_valid_and_unique_whatever_tokens_are_called(names, data):
    index = st.integers(0, len(names) - 1)
    pairs = data.draw(st.lists(st.tuples(index, index), max_size=8))
    answer = spot_meta(*((f"@{n}", n, base, quote) for n, (base, quote) in enumerate(pairs)), names=names)

    found = spot_ids(answer)

    assert len(set(found.values())) == len(pairs)
    assert all(instrument_id(each) for each in found.values())


GOOD_PAIR = ("@1", 1, 1, 0)
FAULTY = [
    ("bad-json", META[:-1], SPOT_META),
    ("bad-utf8", META, SPOT_META.replace(b"PURR", b"\xff\xff", 1)),
    ("null", b"null", SPOT_META),
    ("wrong-types", SPOT_META, META),
    ("wrong-types", b"{}", SPOT_META),
    ("wrong-types", META.replace(b'"szDecimals":5', b'"szDecimals":7'), SPOT_META),
    ("wrong-types", META.replace(b'"szDecimals":5', b'"szDecimals":-1'), SPOT_META),
    ("wrong-types", META.replace(b'"ETH"', b'"BTC"'), SPOT_META),
    ("wrong-types", META.replace(b'"ETH"', b'""'), SPOT_META),
    ("wrong-types", META, spot_meta(("@1", 1, 7, 0))),
    ("wrong-types", META, spot_meta(GOOD_PAIR, size_decimals=9)),
    ("wrong-types", META, spot_meta(GOOD_PAIR, GOOD_PAIR)),
]


@pytest.mark.parametrize(("kind", "perps", "spot"), FAULTY, ids=lambda each: str(each)[:40])
def test_an_answer_that_makes_no_sense_is_refused(kind, perps, spot):
    with pytest.raises(FrameError) as refused:
        read_instruments(perps, spot)

    assert refused.value.kind == kind


@settings(deadline=None)
@given(st.binary(max_size=64) | st.text(alphabet='{}[]":,0tokensuivr ', max_size=64).map(str.encode))
def test_an_answer_of_any_bytes_is_refused_or_read(answer):
    for answers in ((answer, SPOT_META), (META, answer)):
        try:
            read_instruments(*answers)
        except FrameError:
            pass


@pytest.mark.parametrize("coin", ["BTC", "kPEPE", "xyz:TSLA", "PURR/USDC", "@107"])
def test_a_coin_and_the_id_by_its_form_lead_to_each_other(coin):
    assert coin_by_form(id_by_form(coin)) == coin


@pytest.mark.parametrize("name", ["-USD-PERP.HYPERLIQUID", "-SPOT.HYPERLIQUID", "BTC.HYPERLIQUID", "BTC", ""])
def test_what_has_not_the_form_of_an_id_is_no_coin(name):
    assert coin_by_form(name) is None


def test_coins_in_no_list_begin_anew_before_they_grow_without_end(monkeypatch):
    monkeypatch.setattr(instruments_module, "MAX_COINS", 3)
    listing = Listing()
    for each in "ABCD":
        listing[each]

    assert list(listing) == ["D"]
