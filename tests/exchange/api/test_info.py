"""Info requests: every one that clients make has an answer of the page's shape, and nothing else raises."""

import json

import pytest
from feed_world import ALICE, BOB, NOBODY, START, Market
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.exchange.api.info import SCHEMA_ERROR, CannotAnswer, answer_info
from livetrio.exchange.chain.account import Role
from livetrio.exchange.chain.agents import approve_agent, approve_builder_fee
from livetrio.exchange.chain.events import FundingPaid, FundingRate, LedgerUpdate
from livetrio.exchange.chain.order import Tif, Trigger
from livetrio.exchange.chain.sub_accounts import create_sub_account
from livetrio.exchange.outcome import Unavailable

HOUR = 3_600_000
CLOID = "0x" + "a1f0cddc17303d07" * 2
AGENT = "0x" + "c0" * 20
BUILDER = "0x" + "Bd" * 20
MIXED = "0x" + "A1" * 20
"""Alice, as the official client writes addresses: in mixed case."""

TROUBLE = Unavailable(500, "Internal Server Error")


class Asked(Market):
    """Answers, as they would come over the wire."""

    def ask(self, kind, **fields):
        answer = answer_info({"type": kind, **fields}, self.ledger, self.records)
        return json.loads(json.dumps(answer))

    def refuses(self, kind, **fields):
        with pytest.raises(CannotAnswer, match=SCHEMA_ERROR):
            self.ask(kind, **fields)
        return True

    @property
    def btc(self):
        return self.ledger.listing.by_coin["BTC"]


@pytest.fixture
def market():
    return Asked()


def keys(view):
    return set(view)


# Universes.


def test_meta_has_the_shape_of_the_page_with_dex_or_without(market):
    meta = market.ask("meta", dex="")

    assert meta == market.ask("meta") == market.ask("meta", dex=None)
    assert keys(meta) == {"universe", "marginTables", "collateralToken"}
    assert meta["universe"][0] == {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 40}
    assert market.ask("allPerpMetas") == [meta]
    assert market.ask("perpDexs") == [None]


def test_another_dex_is_answered_with_nothing(market):
    assert market.ask("meta", dex="xyz") is None
    assert market.ask("metaAndAssetCtxs", dex="xyz") is None
    assert market.ask("allMids", dex="xyz") == {}
    assert market.ask("openOrders", user=ALICE, dex="xyz") == []
    assert market.ask("frontendOpenOrders", user=ALICE, dex="xyz") == []
    assert market.ask("clearinghouseState", user=ALICE, dex="xyz") is None
    assert market.ask("perpsAtOpenInterestCap", dex="xyz") == []


def test_spot_meta_has_pairs_and_tokens(market):
    meta = market.ask("spotMeta")

    assert meta["universe"][0] == {"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True}
    assert meta["tokens"][0]["tokenId"] == "0x6d1e7cde53ba9467b783cb7c530ce054"


def test_a_margin_table_below_fifty_has_one_tier(market):
    tiers = [{"lowerBound": "0.0", "maxLeverage": 40}]

    assert market.ask("marginTable", id=40) == {"description": "", "marginTiers": tiers}
    assert market.ask("marginTable", id=50) is None
    assert market.ask("marginTable", id=0) is None


def test_what_does_not_exist_here_is_empty(market):
    assert market.ask("outcomeMeta") == {"outcomes": [], "questions": []}
    assert market.ask("maxMarketOrderNtls") == []
    assert market.ask("perpsAtOpenInterestCap") == []
    for kind in ("twapHistory", "userTwapSliceFills", "delegations", "userVaultEquities", "leadingVaults"):
        assert market.ask(kind, user=ALICE) == []
    assert market.ask("userTwapSliceFillsByTime", user=ALICE, startTime=0) == []
    assert market.ask("userToMultiSigSigners", user=ALICE) is None


# Contexts and prices.


def test_contexts_stand_beside_their_universe(market):
    meta, contexts = market.ask("metaAndAssetCtxs", dex="")
    spot_meta, spot_contexts = market.ask("spotMetaAndAssetCtxs")

    assert len(meta["universe"]) == len(contexts) == 4
    assert keys(contexts[0]) == {
        *("funding", "openInterest", "prevDayPx", "dayNtlVlm", "premium", "oraclePx", "markPx", "midPx"),
        *("impactPxs", "dayBaseVlm"),
    }
    assert [each["coin"] for each in spot_contexts] == [each["name"] for each in spot_meta["universe"]]


def test_mids_are_bare(market):
    market.place(market.bob, "sell", 91_001, 1)
    market.place(market.alice, "buy", 91_000, 1)

    assert market.ask("allMids")["BTC"] == "91000.5"
    assert keys(market.ask("allMids")) == {each.coin for each in market.ledger.listing.instruments}


def test_a_book_may_be_coarse(market):
    market.place(market.bob, "sell", 91_001, 1)
    market.place(market.bob, "sell", 91_002, 1)
    fine, coarse = market.ask("l2Book", coin="BTC"), market.ask("l2Book", coin="BTC", nSigFigs=3)

    assert keys(fine) == {"coin", "time", "levels"}
    assert fine["levels"][1][0] == {"px": "91001.0", "sz": "1.0", "n": 1}
    assert coarse["levels"][1] == [{"px": "91100.0", "sz": "2.0", "n": 2}]
    assert market.ask("l2Book", coin="BTC", nSigFigs=5, mantissa=5)["levels"][1][0]["px"] == "91005.0"


@pytest.mark.parametrize("fields", [{"nSigFigs": 6}, {"mantissa": 2}, {"nSigFigs": 5, "mantissa": 3}])
def test_a_book_that_the_venue_does_not_have_is_refused(market, fields):
    assert market.refuses("l2Book", coin="BTC", **fields)


def test_the_mantissa_that_the_docs_have_is_trouble_at_the_venue(market):
    asked = {"type": "l2Book", "coin": "BTC", "nSigFigs": 5, "mantissa": 1}

    assert answer_info(asked, market.ledger, market.records) == TROUBLE


def test_an_unknown_coin_is_answered_with_null(market):
    candles = {"coin": "NOPE", "interval": "1m", "startTime": 0, "endTime": None}

    assert market.ask("l2Book", coin="NOPE") is None
    assert market.ask("recentTrades", coin="NOPE") is None
    assert market.ask("candleSnapshot", req=candles) is None
    assert market.ask("fundingHistory", coin="NOPE", startTime=0) is None
    assert market.ask("fundingHistory", coin="PURR/USDC", startTime=0) is None
    assert market.ask("activeAssetData", user=ALICE, coin="@107") is None


# History.


def test_recent_trades_come_newest_first(market):
    for px in (91_000, 91_001):
        market.trade(px)
        market.block()
    trades = market.ask("recentTrades", coin="BTC")

    assert [each["px"] for each in trades] == ["91001.0", "91000.0"]
    assert keys(trades[0]) == {"coin", "side", "px", "sz", "time", "hash", "tid", "users"}


def test_candles_come_ascending_and_the_open_one_last(market):
    for _ in range(3):
        market.trade()
        market.block(wait=60_000)
    wanted = {"coin": "BTC", "interval": "1m", "startTime": START, "endTime": START + 60_000}

    assert [each["t"] for each in market.ask("candleSnapshot", req=wanted)] == [START, START + 60_000]
    assert len(market.ask("candleSnapshot", req={**wanted, "endTime": None})) == 3


def test_funding_history_has_five_hundred_hours_at_the_most(market):
    for hour in range(502):
        market.tell(FundingRate(market.btc, 125_000, 0, START + hour * HOUR))
    market.block()
    found = market.ask("fundingHistory", coin="BTC", startTime=START + HOUR)

    assert len(found) == 500
    assert found[0] == {"coin": "BTC", "fundingRate": "0.0000125", "premium": "0.0", "time": START + HOUR}
    assert market.ask("fundingHistory", coin="BTC", startTime=START, endTime=START) == [
        {**found[0], "time": START}
    ]


def test_the_next_funding_is_predicted_for_the_full_hour(market):
    coin, venues = market.ask("predictedFundings")[0]

    assert (coin, venues[0][0]) == ("BTC", "HlPerp")
    assert venues[0][1]["nextFundingTime"] == START + HOUR


def test_the_status_tells_the_time(market):
    assert market.ask("exchangeStatus") == {"time": START, "specialStatuses": None}


# Orders.


def test_open_orders_have_the_fields_that_live_servers_give(market):
    order = market.place(market.alice, "buy", 31_795, "0.01", cloid=CLOID)

    assert market.ask("openOrders", user=MIXED, dex="") == [
        {
            "coin": "BTC",
            "side": "B",
            "limitPx": "31795.0",
            "sz": "0.01",
            "oid": order.oid,
            "timestamp": START,
            "origSz": "0.01",
            "cloid": CLOID,
        }
    ]
    assert keys(market.ask("frontendOpenOrders", user=MIXED)[0]) >= {
        *("triggerCondition", "isTrigger", "triggerPx", "children", "isPositionTpsl", "reduceOnly"),
        *("orderType", "tif", "cloid"),
    }


def test_an_order_is_found_by_either_id_while_it_lives_and_after(market):
    order = market.place(market.alice, "buy", 31_795, "0.01", cloid=CLOID)
    live = market.ask("orderStatus", user=MIXED, oid=order.oid)
    market.block()
    market.cancel(order)
    ended = market.ask("orderStatus", user=ALICE, oid=CLOID.upper().replace("X", "x"))

    assert keys(live) == {"status", "order"}
    assert (live["status"], live["order"]["status"]) == ("order", "open")
    assert live["order"]["order"]["oid"] == order.oid
    assert ended["order"]["status"] == "canceled"
    assert ended["order"]["statusTimestamp"] == market.ledger.time
    assert ended["order"]["order"]["sz"] == "0.01"


def test_an_order_of_somebody_else_is_unknown(market):
    order = market.place(market.alice, "buy", 31_795, "0.01", cloid=CLOID)

    for user, oid in ((BOB, order.oid), (BOB, CLOID), (NOBODY, order.oid), (ALICE, 2**70)):
        assert market.ask("orderStatus", user=user, oid=oid) == {"status": "unknownOid"}


def test_a_trigger_order_is_found_as_what_it_is(market):
    trigger = Trigger(px=80_000, is_market=True, is_take_profit=False)
    order = market.place(market.alice, "sell", 80_000, "0.01", reduce_only=False, trigger=trigger)
    found = market.ask("orderStatus", user=ALICE, oid=order.oid)["order"]["order"]

    assert (found["isTrigger"], found["orderType"], found["tif"]) == (True, "Stop Market", None)


def test_historical_orders_tell_each_status_newest_first(market):
    market.trade()
    statuses = [each["status"] for each in market.ask("historicalOrders", user=ALICE)]

    assert statuses == ["filled", "open"]


# Fills.


def fill_thrice(market):
    """A sweep of two levels, and later another fill."""
    market.place(market.bob, "sell", 91_000, "0.01")
    market.place(market.bob, "sell", 91_002, "0.01")
    market.place(market.alice, "buy", 91_002, "0.02", tif=Tif.IOC)
    market.block(wait=1000)
    market.trade(91_010)
    market.block()


def test_fills_come_newest_first(market):
    fill_thrice(market)
    fills = market.ask("userFills", user=MIXED)

    assert [each["px"] for each in fills] == ["91010.0", "91002.0", "91000.0"]
    assert keys(fills[0]) == {
        *("coin", "px", "sz", "side", "time", "startPosition", "dir", "closedPnl", "hash", "oid"),
        *("crossed", "fee", "tid", "feeToken", "twapId"),
    }


def test_fills_of_one_order_and_block_may_be_put_together(market):
    fill_thrice(market)
    by_time = {"user": ALICE, "startTime": START, "endTime": None}
    latest = market.ask("userFills", user=ALICE, aggregateByTime=True)
    ascending = market.ask("userFillsByTime", **by_time, aggregateByTime=True)

    assert [(each["px"], each["sz"]) for each in latest] == [("91010.0", "0.01"), ("91001.0", "0.02")]
    assert ascending == latest[::-1]


def test_fills_of_a_time_come_ascending_both_ends_included(market):
    fill_thrice(market)
    asked = {"user": ALICE, "startTime": START, "endTime": START + 1000, "aggregateByTime": False}
    ascending = market.ask("userFillsByTime", **asked)

    assert [each["px"] for each in ascending] == ["91000.0", "91002.0", "91010.0"]
    assert market.ask("userFillsByTime", **asked, reversed=True) == ascending[::-1]
    assert len(market.ask("userFillsByTime", user=ALICE, startTime=START + 1)) == 1
    assert len(market.ask("userFillsByTime", user=ALICE, startTime=0, endTime=START + 999)) == 2


def test_an_answer_has_two_thousand_fills_at_the_most(market):
    market.trade()
    fill = market.alice.fills[0]
    market.alice.fills.extend([fill] * 2100)

    assert len(market.ask("userFills", user=ALICE)) == 2000
    assert len(market.ask("userFillsByTime", user=ALICE, startTime=0)) == 2000


# States and money.


def test_states_have_the_shapes_of_the_page(market):
    market.trade()
    state, spot = (
        market.ask("clearinghouseState", user=MIXED),
        market.ask("spotClearinghouseState", user=ALICE),
    )

    assert keys(state) == {
        *("marginSummary", "crossMarginSummary", "crossMaintenanceMarginUsed", "withdrawable"),
        *("assetPositions", "time"),
    }
    assert state["assetPositions"][0]["position"]["coin"] == "BTC"
    assert keys(spot["balances"][0]) == {"coin", "token", "hold", "total", "entryNtl"}


def test_how_a_perpetual_is_traded_is_told_without_a_position(market):
    data = market.ask("activeAssetData", user=MIXED, coin="BTC")

    assert data["user"] == ALICE
    assert data["leverage"] == {"type": "cross", "value": 20}
    assert keys(data) == {"user", "coin", "leverage", "maxTradeSzs", "availableToTrade", "markPx"}


def test_the_old_website_is_shown_everything(market):
    assert {"clearinghouseState", "openOrders", "meta", "assetCtxs", "user", "serverTime"} <= keys(
        market.ask("webData2", user=ALICE)
    )


def test_funding_of_a_user_is_nested(market):
    for hour in range(3):
        paid = FundingPaid(market.alice, market.btc, -3_625_312, 100, 125_000, START + hour * HOUR)
        market.alice.fundings.append(paid)
    found = market.ask("userFunding", user=ALICE, startTime=START + HOUR, endTime=START + HOUR)

    assert [keys(each) for each in found] == [{"time", "hash", "delta"}]
    assert found[0]["delta"] == {
        "type": "funding",
        "coin": "BTC",
        "usdc": "-3.625312",
        "szi": "0.001",
        "fundingRate": "0.0000125",
        "nSamples": None,
    }


def test_transfers_may_be_asked_for_without_a_start(market):
    for i in range(502):
        delta = {"type": "deposit", "usdc": "1.0"}
        market.alice.ledger.append(LedgerUpdate(market.alice, delta, START + i, "0x01"))
    found = market.ask("userNonFundingLedgerUpdates", user=ALICE)

    assert len(found) == 500
    assert found[0] == {"time": START, "hash": "0x01", "delta": {"type": "deposit", "usdc": "1.0"}}
    assert len(market.ask("userNonFundingLedgerUpdates", user=ALICE, startTime=START + 500)) == 2


def test_fees_and_volumes_are_told(market):
    market.trade(91_000, "0.01")
    market.block()
    fees = market.ask("userFees", user=ALICE)

    assert fees["userCrossRate"] == "0.00045"
    assert fees["userSpotAddRate"] == "0.0004"
    assert fees["dailyUserVlm"][-1] == {
        "date": "2026-01-01",
        "userCross": "910.0",
        "userAdd": "0.0",
        "exchange": "910.0",
    }
    assert market.ask("referral", user=ALICE)["cumVlm"] == "910.0"
    assert market.ask("userRateLimit", user=ALICE) == {
        "cumVlm": "910.0",
        "nRequestsUsed": 0,
        "nRequestsCap": 10_910,
        "nRequestsSurplus": 0,
    }
    assert len(market.ask("portfolio", user=ALICE)) == 8


# Who it is, and what it may do.


def test_an_address_has_a_role(market):
    market.bob.role = Role.VAULT
    approve_agent(market.ledger, market.alice, AGENT, "bot")
    sub, _ = create_sub_account(market.ledger, market.alice, "second")

    assert market.ask("userRole", user=MIXED) == {"role": "user"}
    assert market.ask("userRole", user=BOB) == {"role": "vault"}
    assert market.ask("userRole", user=AGENT) == {"role": "agent", "data": {"user": ALICE}}
    assert market.ask("userRole", user=sub) == {"role": "subAccount", "data": {"master": ALICE}}
    assert market.ask("userRole", user=NOBODY) == {"role": "missing"}


def test_agents_with_names_are_told_until_their_time(market):
    approve_agent(market.ledger, market.alice, AGENT, f"bot valid_until {START + 1000}")
    approve_agent(market.ledger, market.alice, BUILDER, None)
    found = market.ask("extraAgents", user=ALICE)
    market.ledger.time += 2000

    assert found == [{"name": "bot", "address": AGENT, "validUntil": START + 1000}]
    assert market.ask("extraAgents", user=ALICE) == []
    assert market.ask("userRole", user=AGENT) == {"role": "missing"}


def test_sub_accounts_are_told_with_their_states(market):
    none = market.ask("subAccounts", user=ALICE)
    create_sub_account(market.ledger, market.alice, "second")
    (sub,) = market.ask("subAccounts", user=MIXED)

    assert none is None
    assert keys(sub) == {"name", "subAccountUser", "master", "clearinghouseState", "spotState"}
    assert (sub["name"], sub["master"]) == ("second", ALICE)


def test_builders_are_known_in_any_case(market):
    approve_builder_fee(market.ledger, market.alice, BUILDER, "0.01%")

    assert market.ask("maxBuilderFee", user=ALICE, builder=BUILDER) == 10
    assert market.ask("maxBuilderFee", user=BOB, builder=BUILDER) == 0
    assert market.ask("approvedBuilders", user=ALICE) == [BUILDER.lower()]


def test_balances_are_not_one(market):
    assert market.ask("userAbstraction", user=ALICE) == "default"
    assert market.ask("userDexAbstraction", user=ALICE) is False


USER_REQUESTS = {
    "openOrders": {},
    "frontendOpenOrders": {},
    "historicalOrders": {},
    "userFills": {},
    "userFillsByTime": {"startTime": 0},
    "clearinghouseState": {},
    "spotClearinghouseState": {},
    "activeAssetData": {"coin": "BTC"},
    "webData2": {},
    "userFunding": {"startTime": 0},
    "userNonFundingLedgerUpdates": {},
    "userFees": {},
    "referral": {},
    "portfolio": {},
    "userRateLimit": {},
    "userRole": {},
    "extraAgents": {},
    "subAccounts": {},
    "maxBuilderFee": {"builder": BUILDER},
    "approvedBuilders": {},
    "userVaultEquities": {},
    "leadingVaults": {},
}


@pytest.mark.parametrize("kind", USER_REQUESTS)
def test_an_unknown_address_is_no_error_and_asking_makes_no_account(market, kind):
    market.trade()
    approve_agent(market.ledger, market.alice, AGENT, "bot")
    before = set(market.ledger.accounts)
    unknown = market.ask(kind, user=NOBODY, **USER_REQUESTS[kind])
    agent = market.ask(kind, user=AGENT, **USER_REQUESTS[kind])

    assert set(market.ledger.accounts) == before
    if isinstance(unknown, list) and kind != "portfolio":
        assert unknown == agent == []
    if kind == "clearinghouseState":
        assert unknown == agent
        assert (unknown["marginSummary"]["accountValue"], unknown["assetPositions"]) == ("0.0", [])


# What is refused.


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "meta",
        {},
        {"type": "nope"},
        {"type": 1},
        {"type": "l2Book"},
        {"type": "l2Book", "coin": 1},
        {"type": "openOrders"},
        {"type": "openOrders", "user": "0x12"},
        {"type": "openOrders", "user": ALICE + "\n"},
        {"type": "orderStatus", "user": ALICE, "oid": "12"},
        {"type": "orderStatus", "user": ALICE, "oid": -1},
        {"type": "userFillsByTime", "user": ALICE},
        {"type": "userFillsByTime", "user": ALICE, "startTime": "0"},
        {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "7m", "startTime": 0}},
        {"type": "vaultDetails", "vaultAddress": "0x12"},
        {"type": "\ud800"},
    ],
)
def test_what_is_no_request_is_refused_in_the_venues_words(market, payload):
    with pytest.raises(CannotAnswer, match=f"^{SCHEMA_ERROR}$"):
        answer_info(payload, market.ledger, market.records)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

KINDS = sorted(
    {
        *USER_REQUESTS,
        *(
            "meta",
            "allPerpMetas",
            "perpDexs",
            "spotMeta",
            "metaAndAssetCtxs",
            "spotMetaAndAssetCtxs",
            "l2Book",
        ),
        *("allMids", "recentTrades", "candleSnapshot", "fundingHistory", "predictedFundings", "marginTable"),
        *("exchangeStatus", "orderStatus", "outcomeMeta", "userTwapSliceFillsByTime"),
    }
)

LIKELY = {
    "user": st.sampled_from([ALICE, MIXED, NOBODY, AGENT]),
    "coin": st.sampled_from(["BTC", "PURR/USDC", "@107", "NOPE"]),
    "oid": st.sampled_from([0, 57_000_000_000, 2**80, CLOID]),
    "startTime": st.sampled_from([0, START, 2**63 - 1, 2**63]),
    "endTime": st.sampled_from([None, 0, START]),
    "dex": st.sampled_from(["", None, "xyz"]),
    "nSigFigs": st.integers(1, 6),
    "mantissa": st.sampled_from([None, 1, 2, 5]),
    "id": st.integers(-1, 60),
    "builder": st.just(BUILDER),
    "req": st.fixed_dictionaries(
        {
            "coin": st.just("BTC"),
            "interval": st.sampled_from(["1m", "1w", "1M", "7m"]),
            "startTime": st.integers(),
        }
    ),
    "aggregateByTime": st.booleans(),
    "reversed": st.booleans(),
}

REQUESTS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={name: likely | JSON for name, likely in LIKELY.items()}
)


@pytest.fixture(scope="module")
def lively():
    market = Asked()
    fill_thrice(market)
    market.place(market.alice, "buy", 31_795, "0.01", cloid=CLOID)
    return market


@settings(max_examples=400, deadline=None)
@given(payload=REQUESTS | JSON)
def test_no_payload_raises_anything_else(lively, payload):
    try:
        answer = answer_info(payload, lively.ledger, lively.records)
    except CannotAnswer:
        return
    if answer != TROUBLE:
        json.dumps(answer)
