"""The venue's own client, hyperliquid-python-sdk, trades on the local exchange over a real port, unchanged.

It was not written by us and knows nothing of us: what it understands, the venue would have said.
"""

import contextlib
import threading
import time
from decimal import Decimal

import pytest
import trio
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange

CLOID = Cloid.from_int(0xA1F0CDDC17303D07)
OTHER = Cloid.from_int(0xA1F0CDDC17303D08)


@contextlib.asynccontextmanager
async def running_exchange(**settings):
    """An exchange on a port; its base URL and itself. Its blocks are quick, so that actions are."""
    settings = {"block_interval": 0.01, "commit_delay": 0.02, "limits": False} | settings
    local = LocalExchange(ExchangeSettings(**settings), clock=Clock.live())
    async with trio.open_nursery() as nursery:
        yield await nursery.start(local.serve), local
        nursery.cancel_scope.cancel()


def in_a_thread(scenario):
    """Let a blocking client run beside the exchange; whatever it raises, the test raises."""

    async def test():
        with trio.fail_after(60):
            async with running_exchange() as (base_url, local):
                await trio.to_thread.run_sync(scenario, base_url, local)

    test.__name__ = scenario.__name__
    test.__doc__ = scenario.__doc__
    return test


def client(base_url, local, index=0):
    return Exchange(Account.from_key(local.keys[index].secret_hex), base_url)


def statuses(answer):
    assert answer["status"] == "ok", answer
    return answer["response"]["data"]["statuses"]


def wait_until(condition, what):
    """Poll, for a client that is another program in another thread."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


@in_a_thread
def test_it_reads_everything_it_knows_to_ask_for(base_url, local):
    info = Info(base_url, skip_ws=True)
    user = Account.from_key(local.keys[0].secret_hex).address  # with capital letters, as wallets have it
    now = int(time.time() * 1000)
    wait_until(lambda: len(info.l2_snapshot("BTC")["levels"][0]) >= 5, "a book")

    assert [each["name"] for each in info.meta()["universe"]][:3] == ["BTC", "ETH", "SOL"]
    assert info.spot_meta()["universe"][0]["name"] == "PURR/USDC"
    assert len(info.meta_and_asset_ctxs()[1]) == len(info.meta()["universe"])
    assert {"markPx", "midPx"} <= info.spot_meta_and_asset_ctxs()[1][0].keys()
    assert float(info.all_mids()["BTC"]) > 1000
    assert info.user_state(user)["marginSummary"]["accountValue"] == "100000.0"
    assert info.spot_user_state(user)["balances"][0]["coin"] == "USDC"
    assert info.open_orders(user) == info.frontend_open_orders(user) == info.user_fills(user) == []
    assert info.user_fills_by_time(user, now - 1000) == []
    assert info.query_order_by_oid(user, 5) == {"status": "unknownOid"}
    assert info.query_order_by_cloid(user, CLOID) == {"status": "unknownOid"}
    assert info.funding_history("BTC", now - 3_600_000) == []
    assert info.user_funding_history(user, now - 3_600_000) == []
    assert isinstance(info.candles_snapshot("BTC", "1m", now - 600_000, now), list)
    assert info.user_fees(user)["userCrossRate"] == "0.00045"
    assert info.user_role(user) == {"role": "user"}
    assert info.user_rate_limit(user)["nRequestsCap"] == 10_000
    assert info.query_sub_accounts(user) is None
    assert info.extra_agents(user) == []
    assert info.historical_orders(user) == []
    assert info.user_non_funding_ledger_updates(user, now - 600_000)[0]["delta"]["type"] == "deposit"


@in_a_thread
def test_it_gets_every_subscription_it_knows(base_url, local):
    exchange = client(base_url, local)
    info = Info(base_url)
    user = exchange.wallet.address
    seen = {}
    lock = threading.Lock()

    def note(message):
        with lock:
            seen.setdefault(message["channel"], []).append(message)

    wanted = {
        "allMids": {"type": "allMids"},
        "l2Book": {"type": "l2Book", "coin": "BTC"},
        "trades": {"type": "trades", "coin": "BTC"},
        "bbo": {"type": "bbo", "coin": "BTC"},
        "candle": {"type": "candle", "coin": "BTC", "interval": "1m"},
        "activeAssetCtx": {"type": "activeAssetCtx", "coin": "BTC"},
        "activeSpotAssetCtx": {"type": "activeAssetCtx", "coin": "@107"},
        "user": {"type": "userEvents", "user": user},
        "userFills": {"type": "userFills", "user": user},
        "orderUpdates": {"type": "orderUpdates", "user": user},
        "userFundings": {"type": "userFundings", "user": user},
        "userNonFundingLedgerUpdates": {"type": "userNonFundingLedgerUpdates", "user": user},
        "webData2": {"type": "webData2", "user": user},
        "activeAssetData": {"type": "activeAssetData", "user": user, "coin": "BTC"},
    }
    try:
        for subscription in wanted.values():
            info.subscribe(subscription, note)
        wait_until(lambda: "l2Book" in seen, "a book")
        statuses(exchange.market_open("BTC", True, 0.01))
        wait_until(lambda: seen.keys() >= wanted.keys(), f"all but {sorted(seen)}")
        wait_until(lambda: len(seen["userFills"]) > 1, "the fill")
    finally:
        info.disconnect_websocket()
    fills = [fill for each in seen["user"] for fill in each["data"].get("fills", [])]
    updates = [each for message in seen["orderUpdates"] for each in message["data"]]

    assert sum(Decimal(each["sz"]) for each in fills) == Decimal("0.01")
    assert [each["status"] for each in updates][:1] == ["open"]
    assert updates[-1]["status"] == "filled"
    assert seen["userFills"][0]["data"]["isSnapshot"] is True
    assert {each["coin"] for each in fills} == {"BTC"}


@in_a_thread
def test_it_places_modifies_and_cancels(base_url, local):
    exchange = client(base_url, local)
    info, user = exchange.info, exchange.wallet.address
    (resting,) = statuses(exchange.order("ETH", True, 0.2, 1100, {"limit": {"tif": "Gtc"}}))
    oid = resting["resting"]["oid"]
    placed = info.query_order_by_oid(user, oid)
    (modified,) = statuses(exchange.modify_order(oid, "ETH", True, 0.1, 1105, {"limit": {"tif": "Gtc"}}))
    (order,) = info.open_orders(user)
    again = exchange.cancel("ETH", oid)
    cancel = exchange.cancel("ETH", modified["resting"]["oid"])

    assert placed["status"] == "order"
    assert placed["order"]["status"] == "open"
    assert (order["limitPx"], order["sz"], order["oid"]) == ("1105.0", "0.1", modified["resting"]["oid"])
    assert "never placed, already canceled, or filled" in statuses(again)[0]["error"]
    assert statuses(cancel) == ["success"]
    assert info.open_orders(user) == []
    assert info.query_order_by_oid(user, oid)["order"]["status"] == "canceled"


@in_a_thread
def test_it_trades_by_client_order_ids_in_batches(base_url, local):
    exchange = client(base_url, local)
    info, user = exchange.info, exchange.wallet.address
    order = {"coin": "ETH", "is_buy": True, "sz": 0.1, "limit_px": 1100, "reduce_only": False,
             "order_type": {"limit": {"tif": "Alo"}}}  # fmt: skip
    results = statuses(
        exchange.bulk_orders([order | {"cloid": CLOID}, order | {"cloid": OTHER}, order | {"sz": 0.001}])
    )
    found = info.query_order_by_cloid(user, CLOID)
    (moved,) = statuses(
        exchange.modify_order(CLOID, "ETH", True, 0.1, 1200, {"limit": {"tif": "Alo"}}, cloid=CLOID)
    )
    cancel = exchange.cancel_by_cloid("ETH", CLOID)

    assert [list(each) for each in results] == [["resting"], ["resting"], ["error"]]
    assert found["order"]["order"]["cloid"] == CLOID.to_raw()
    assert moved["resting"]["cloid"] == CLOID.to_raw()
    assert statuses(cancel) == ["success"]
    assert [each["cloid"] for each in info.open_orders(user)] == [OTHER.to_raw()]


@in_a_thread
def test_it_opens_and_closes_at_the_market(base_url, local):
    exchange = client(base_url, local)
    info, user = exchange.info, exchange.wallet.address
    wait_until(lambda: len(info.l2_snapshot("BTC")["levels"][1]) >= 5, "a book")
    opened = statuses(exchange.market_open("BTC", False, 0.02))[0]["filled"]
    (position,) = info.user_state(user)["assetPositions"]
    closed = statuses(exchange.market_close("BTC"))[0]["filled"]
    fills = list(reversed(info.user_fills(user)))
    pnl = sum(Decimal(each["closedPnl"]) - Decimal(each["fee"]) for each in fills)
    state = info.user_state(user)

    assert (opened["totalSz"], closed["totalSz"]) == ("0.02", "0.02")
    assert position["position"]["szi"] == "-0.02"
    assert state["assetPositions"] == []
    assert Decimal(state["marginSummary"]["accountValue"]) == Decimal(100_000) + pnl
    assert {each["dir"] for each in fills} == {"Open Short", "Close Short"}


@in_a_thread
def test_its_ioc_and_post_only_orders_are_refused_as_the_venue_does(base_url, local):
    exchange = client(base_url, local)
    wait_until(lambda: len(exchange.info.l2_snapshot("BTC")["levels"][1]) >= 5, "a book")
    mid = float(exchange.info.all_mids()["BTC"])
    low, high = round(mid * 0.9), round(mid * 1.1)
    (ioc,) = statuses(exchange.order("BTC", True, 0.01, low, {"limit": {"tif": "Ioc"}}))
    (alo,) = statuses(exchange.order("BTC", True, 0.01, high, {"limit": {"tif": "Alo"}}))

    assert ioc["error"].startswith("Order could not immediately match against any resting orders.")
    assert alo["error"].startswith("Post only order would have immediately matched, bbo was ")
    assert alo["error"].endswith(" asset=0")


@in_a_thread
def test_its_triggers_wait(base_url, local):
    exchange = client(base_url, local)
    info, user = exchange.info, exchange.wallet.address
    wait_until(lambda: len(info.l2_snapshot("BTC")["levels"][1]) >= 5, "a book")
    statuses(exchange.market_open("BTC", True, 0.02))
    mid = float(info.all_mids()["BTC"])
    stop, target = round(mid * 0.9), round(mid * 1.1)
    for px, tpsl in ((stop, "sl"), (target, "tp")):
        kind = {"trigger": {"triggerPx": px, "isMarket": True, "tpsl": tpsl}}
        (placed,) = statuses(exchange.order("BTC", False, 0.02, px, kind, reduce_only=True))
        assert "resting" in placed
    waiting = info.frontend_open_orders(user)
    statuses(exchange.market_close("BTC"))

    assert sorted(each["orderType"] for each in waiting) == ["Stop Market", "Take Profit Market"]
    assert all(each["isTrigger"] for each in waiting)
    wait_until(lambda: info.frontend_open_orders(user) == [], "the triggers go with the position")
    assert {each["status"] for each in info.historical_orders(user)} >= {"reduceOnlyCanceled"}


@in_a_thread
def test_it_sets_its_switch_its_leverage_and_its_margin(base_url, local):
    exchange = client(base_url, local)
    info, user = exchange.info, exchange.wallet.address
    default = {"status": "ok", "response": {"type": "default"}}
    statuses(exchange.order("ETH", True, 0.2, 1100, {"limit": {"tif": "Gtc"}}))
    switch = exchange.schedule_cancel(int(time.time() * 1000) + 5_500)
    leverage = exchange.update_leverage(11, "SOL", is_cross=False)
    wait_until(lambda: len(info.l2_snapshot("SOL")["levels"][1]) >= 3, "a book")
    statuses(exchange.market_open("SOL", True, 2))
    added = exchange.update_isolated_margin(5.5, "SOL")
    noop = exchange.noop(int(time.time() * 1000) + 60_000)
    (position,) = info.user_state(user)["assetPositions"]

    assert switch == leverage == added == noop == default
    assert position["position"]["leverage"]["type"] == "isolated"
    assert position["position"]["leverage"]["value"] == 11
    assert exchange.update_leverage(12, "BTC") == default
    assert "Cannot switch leverage type with open position" in str(exchange.update_leverage(5, "SOL"))
    wait_until(lambda: info.open_orders(user) == [], "the switch fires")


@in_a_thread
def test_it_trades_spot(base_url, local):
    exchange = client(base_url, local)
    info, user = exchange.info, exchange.wallet.address
    wait_until(lambda: len(info.l2_snapshot("PURR/USDC")["levels"][1]) >= 3, "a book")
    statuses(exchange.market_open("PURR/USDC", True, 200))
    bought = info.user_fills(user)[0]
    mid = float(info.all_mids()["PURR/USDC"])
    (resting,) = statuses(
        exchange.order("PURR/USDC", True, 100, round(mid * 0.8, 4), {"limit": {"tif": "Gtc"}})
    )
    balances = {each["coin"]: each for each in info.spot_user_state(user)["balances"]}

    assert (bought["coin"], bought["feeToken"], bought["dir"]) == ("PURR/USDC", "PURR", "Buy")
    assert Decimal(balances["PURR"]["total"]) == 200 - sum(
        Decimal(each["fee"]) for each in info.user_fills(user)
    )
    assert Decimal(balances["USDC"]["hold"]) > 0
    assert "resting" in resting


@in_a_thread
def test_it_moves_money_opens_accounts_and_appoints_agents(base_url, local):
    exchange = client(base_url, local)
    info = exchange.info
    other = local.keys[1].address
    default = {"status": "ok", "response": {"type": "default"}}
    sent = exchange.usd_transfer(12.5, other)
    moved = exchange.usd_class_transfer(100.0, to_perp=False)  # a float, which the SDK writes as it is
    approved, key = exchange.approve_agent("bot1")
    agent = Exchange(Account.from_key(key), base_url, account_address=exchange.wallet.address)
    (placed,) = statuses(agent.order("ETH", True, 0.2, 1100, {"limit": {"tif": "Gtc"}}))

    assert sent == moved == approved == default
    assert info.user_state(other)["withdrawable"] == "100012.5"
    assert "resting" in placed
    assert [each["name"] for each in info.extra_agents(exchange.wallet.address)] == ["bot1"]
    assert info.open_orders(agent.wallet.address) == []  # an agent has nothing of its own
    assert len(info.open_orders(exchange.wallet.address)) == 1


@in_a_thread
def test_an_order_that_expired_and_a_stranger_are_refused(base_url, local):
    exchange = client(base_url, local)
    exchange.set_expires_after(int(time.time() * 1000) - 60_000)
    expired = exchange.order("ETH", True, 0.2, 1100, {"limit": {"tif": "Gtc"}})
    stranger = Exchange(Account.from_key("0x" + "7" * 64), base_url)
    unknown = stranger.order("ETH", True, 0.2, 1100, {"limit": {"tif": "Gtc"}})
    address = stranger.wallet.address.lower()

    assert expired == {"status": "err", "response": "Action already expired"}
    assert unknown == {"status": "err", "response": f"User or API Wallet {address} does not exist."}


@pytest.mark.parametrize("replies_first", [False, True])
async def test_it_works_whether_news_or_replies_come_first(replies_first):
    with trio.fail_after(60):
        async with running_exchange(replies_first=replies_first) as (base_url, local):
            await trio.to_thread.run_sync(_place_and_cancel, base_url, local)


def _place_and_cancel(base_url, local):
    exchange = client(base_url, local)
    (resting,) = statuses(exchange.order("ETH", True, 0.2, 1100, {"limit": {"tif": "Gtc"}}))

    assert statuses(exchange.cancel("ETH", resting["resting"]["oid"])) == ["success"]
