"""The universe on the wire, in the page's shapes; and the venue's own client finds its way in it."""

import pytest
from feed_world import Market
from hyperliquid.info import Info

from livetrio.exchange.api.views import all_perp_metas, margin_table, meta, perp_dexs, spot_meta
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import USDC, Listing, Token, default_listing, perp, spot_pair


@pytest.fixture
def ledger():
    return Ledger(default_listing())


def test_a_perpetual_has_the_keys_of_the_pages_sample(ledger):
    found = meta(ledger)

    assert list(found) == ["universe", "marginTables", "collateralToken"]
    assert list(found["universe"][0].items()) == [
        ("szDecimals", 5),
        ("name", "BTC"),
        ("maxLeverage", 40),
        ("marginTableId", 40),
    ]
    assert found["collateralToken"] == 0


def test_every_margin_table_that_is_named_is_there(ledger):
    found = meta(ledger)
    tables = dict(found["marginTables"])

    assert {each["marginTableId"] for each in found["universe"]} == set(tables)
    assert tables[40] == {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}]}
    assert tables[40] == margin_table(40)


def test_what_is_special_of_a_perpetual_is_said_only_then():
    listing = Listing(
        perps=[
            perp(0, "LOOM", 1, 3, "0.1", is_delisted=True, only_isolated=True),
            perp(1, "FTM", 0, 10, "0.5", is_delisted=True),
        ],
        spots=[],
        tokens=[USDC],
    )
    loom, ftm = meta(Ledger(listing))["universe"]

    assert list(loom.items())[4:] == [
        ("isDelisted", True),
        ("onlyIsolated", True),
        ("marginMode", "strictIsolated"),
    ]
    assert list(ftm.items())[4:] == [("isDelisted", True)]


def test_metas_of_all_dexes_are_bare_and_there_is_one_dex(ledger):
    assert all_perp_metas(ledger) == [meta(ledger)]
    assert perp_dexs() == [None]


def test_pairs_and_tokens_have_the_keys_of_the_pages_sample(ledger):
    found = spot_meta(ledger)

    assert list(found) == ["universe", "tokens"]
    assert list(found["universe"][0].items()) == [
        ("tokens", [1, 0]),
        ("name", "PURR/USDC"),
        ("index", 0),
        ("isCanonical", True),
    ]
    assert found["universe"][1] == {"tokens": [2, 0], "name": "@107", "index": 107, "isCanonical": False}
    assert list(found["tokens"][0].items()) == [
        ("name", "USDC"),
        ("szDecimals", 8),
        ("weiDecimals", 8),
        ("index", 0),
        ("tokenId", "0x6d1e7cde53ba9467b783cb7c530ce054"),
        ("isCanonical", True),
        ("evmContract", None),
        ("fullName", None),
        ("deployerTradingFeeShare", "0.0"),
    ]


def test_the_official_client_finds_all_assets_in_it(ledger):
    info = Info("http://127.0.0.1:9", skip_ws=True, meta=meta(ledger), spot_meta=spot_meta(ledger))

    assert [info.name_to_asset(name) for name in ("BTC", "HYPE", "PURR/USDC", "HYPE/USDC")] == [
        0,
        3,
        10_000,
        10_107,
    ]
    assert info.asset_to_sz_decimals[0] == 5
    assert info.asset_to_sz_decimals[10_107] == 2


def test_a_token_of_another_listing_keeps_its_place():
    other = Token(index=1, name="ABC", sz_decimals=1, wei_decimals=6, token_id="0x01")
    found = spot_meta(Ledger(Listing([], [spot_pair(5, "@5", other, USDC, "2.5")], [USDC, other])))

    assert [each["index"] for each in found["tokens"]] == [0, 1]
    assert found["universe"][0]["tokens"] == [1, 0]


def test_the_universe_is_that_of_the_exchange():
    market = Market()

    assert [each["name"] for each in meta(market.ledger)["universe"]] == ["BTC", "ETH", "SOL", "HYPE"]
