"""What an exchange lists for a recording."""

import pytest
from recorded_frames import MINUTE, bbo, book, candle, context, recording, trade, trades

from livetrio.exchange.market.recorded_listing import listing_of
from livetrio.exchange.market.recording import BadRecording, Recording


def test_perpetuals_are_listed_in_the_order_of_their_first_frames():
    listing = listing_of(
        recording(
            (0, bbo(("3118.1", "0.1250"), ("3118.3", "2"), coin="ETH")),
            (1, trades(trade("91374", "0.00001"))),
        )
    )
    found = [
        (each.asset, each.coin, each.sz_decimals, each.px_decimals, each.reference) for each in listing.perps
    ]

    assert found == [(0, "ETH", 3, 3, 3_118_200), (1, "BTC", 5, 1, 913_740)]
    assert not listing.spots
    assert [token.name for token in listing.tokens] == ["USDC"]


def test_pairs_get_tokens_of_their_own_and_an_index():
    listing = listing_of(
        recording(
            (0, book((("0.18", "12"),), (("0.19", "12"),), coin="PURR/USDC")),
            (0, trades(trade("38.4", "0.25", coin="@0"))),
            (0, trades(trade("38.5", "1.5", coin="HYPE/USDH"))),
            (0, trades(trade("38.5", "1.25", coin="HYPE/USDC"))),
        )
    )
    found = {
        each.coin: (each.index, each.base.name, each.quote.name, each.is_canonical) for each in listing.spots
    }

    assert found == {
        "PURR/USDC": (1, "PURR", "USDC", True),
        "@0": (0, "@0", "USDC", False),
        "HYPE/USDH": (2, "HYPE", "USDH", True),
        "HYPE/USDC": (3, "HYPE", "USDC", True),
    }
    assert listing.by_coin["PURR/USDC"].reference == 18_500_000
    assert listing.by_coin["HYPE/USDH"].base is listing.by_coin["HYPE/USDC"].base
    assert listing.by_coin["HYPE/USDC"].base_scale == 10**5
    assert listing.by_coin["HYPE/USDH"].quote_scale == 10**5


def test_what_could_not_be_traded_is_left_out():
    made = recording(
        (0, bbo(coin="xyz:TSLA")), (0, bbo(coin="#12")), (0, candle("XRP")), (0, bbo(None, None, coin="DOGE"))
    )

    with pytest.raises(BadRecording, match="no price of a perpetual or a pair"):
        listing_of(made)


def test_a_price_below_the_finest_step_is_listed_at_that_step():
    made = recording((0, context("DUST", oraclePx="0.00000001")))

    assert listing_of(made).perps[0].reference == 1


def test_the_recording_that_ships_can_be_listed():
    listing = listing_of(Recording.read(MINUTE))

    assert [each.coin for each in listing.instruments] == ["BTC", "ETH", "SOL", "PURR/USDC"]
