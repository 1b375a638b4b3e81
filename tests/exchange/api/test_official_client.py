"""The venue's own Python client asks all that it can ask, with answers instead of a network."""

import json

import pytest
from feed_world import ALICE, START, Market
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

from livetrio.exchange.api.info import CannotAnswer, answer_info

CHECKSUMMED = "0x" + "A1" * 20
CLOID = "0x" + "a1f0cddc17303d07" * 2


class Reader(Info):
    """The client on this side of a network that is not there."""

    def __init__(self, market):
        self.market = market
        super().__init__("http://127.0.0.1:9", skip_ws=True, perp_dexs=[""])

    def post(self, url_path, payload=None):
        payload = json.loads(json.dumps(payload))
        return json.loads(json.dumps(answer_info(payload, self.market.ledger, self.market.records)))


@pytest.fixture
def market():
    market = Market()
    market.trade(91_000, 0.01)
    market.place(market.alice, "buy", 90_000, 0.02, cloid=CLOID)
    market.place(market.bob, "sell", 91_500, 0.02)
    market.block(wait=60_000)
    return market


@pytest.fixture
def info(market):
    return Reader(market)


def test_it_finds_what_is_listed(info):
    assert info.name_to_asset("BTC") == 0
    assert info.name_to_asset("HYPE/USDC") == 10_107


def test_it_reads_the_market(info):
    meta, contexts = info.meta_and_asset_ctxs()

    assert float(info.all_mids()["BTC"]) == 90_750
    assert info.l2_snapshot("BTC")["levels"][0][0] == {"px": "90000.0", "sz": "0.02", "n": 1}
    assert len(meta["universe"]) == len(contexts)
    assert len(info.spot_meta_and_asset_ctxs()[1]) == 2
    assert info.perp_dexs() == [None]
    assert info.candles_snapshot("BTC", "1m", START, START + 60_000)[0]["n"] == 1
    assert info.funding_history("BTC", START) == info.funding_history("BTC", START, START + 1) == []


def test_it_reads_an_account_however_it_writes_the_address(info):
    (order,) = info.open_orders(CHECKSUMMED)
    (fill,) = info.user_fills(CHECKSUMMED)

    assert info.frontend_open_orders(CHECKSUMMED)[0]["oid"] == order["oid"]
    assert info.query_order_by_oid(CHECKSUMMED, order["oid"])["order"]["order"]["cloid"] == CLOID
    assert info.query_order_by_cloid(CHECKSUMMED, Cloid.from_str(CLOID))["status"] == "order"
    assert info.user_fills_by_time(CHECKSUMMED, START) == [fill]
    assert info.user_fills_by_time(CHECKSUMMED, START, START + 1, True) == [fill]
    assert [each["status"] for each in info.historical_orders(CHECKSUMMED)] == ["open", "filled", "open"]


def test_it_reads_what_an_account_has(info):
    state = info.user_state(CHECKSUMMED)

    assert state["assetPositions"][0]["position"]["szi"] == "0.01"
    assert float(state["marginSummary"]["accountValue"]) > 0
    assert info.spot_user_state(CHECKSUMMED)["balances"][0]["coin"] == "USDC"
    assert info.user_funding_history(CHECKSUMMED, START) == []
    assert info.user_funding_history(CHECKSUMMED, START, START + 1) == []
    assert info.user_non_funding_ledger_updates(CHECKSUMMED, START) == []
    assert float(info.user_fees(CHECKSUMMED)["userCrossRate"]) == 0.00045
    assert info.user_rate_limit(CHECKSUMMED)["nRequestsCap"] == 10_910
    assert info.user_vault_equities(CHECKSUMMED) == []
    assert dict(info.portfolio(CHECKSUMMED))["allTime"]["vlm"] == "910.0"


def test_it_reads_who_an_account_is(info):
    assert info.user_role(CHECKSUMMED) == {"role": "user"}
    assert info.extra_agents(CHECKSUMMED) == []
    assert info.query_sub_accounts(CHECKSUMMED) is None
    assert info.query_referral_state(CHECKSUMMED)["referredBy"] is None
    assert info.query_user_to_multi_sig_signers(CHECKSUMMED) is None
    assert info.query_user_abstraction_state(CHECKSUMMED) == "default"
    assert info.query_user_dex_abstraction_state(CHECKSUMMED) is False


def test_it_reads_that_there_is_no_staking_and_no_twap(info):
    assert info.user_staking_summary(ALICE)["delegated"] == "0.0"
    assert info.user_staking_delegations(ALICE) == info.user_staking_rewards(ALICE) == []
    assert info.delegator_history(ALICE) == info.user_twap_slice_fills(ALICE) == []


def test_auctions_are_all_that_it_cannot_ask_for(info):
    with pytest.raises(CannotAnswer):
        info.query_perp_deploy_auction_status()
    with pytest.raises(CannotAnswer):
        info.query_spot_deploy_auction_status(ALICE)
