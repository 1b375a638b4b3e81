"""What an account did, and what was done to it: told as it happens, and the histories before that."""

import pytest
from feed_world import ALICE, NOBODY, START, Connection, Market

from livetrio.exchange.chain.events import FundingPaid, LedgerUpdate, Liquidated
from livetrio.exchange.chain.order import Status, Tif


@pytest.fixture
def market():
    return Market()


@pytest.fixture
def client(market):
    return Connection(market)


def funding(market, usdc=-3_625_312):
    return FundingPaid(market.alice, market.ledger.listing.perps[0], usdc, 1000, 125_000, market.ledger.time)


HISTORIES = {
    "userFills": "fills",
    "userFundings": "fundings",
    "userNonFundingLedgerUpdates": "nonFundingLedgerUpdates",
    "userHistoricalOrders": "orderHistory",
    "userTwapSliceFills": "twapSliceFills",
    "userTwapHistory": "history",
}


@pytest.mark.parametrize("kind", HISTORIES)
@pytest.mark.parametrize("user", [ALICE, NOBODY, ALICE.upper().replace("X", "x")])
def test_a_history_begins_with_a_snapshot_even_if_it_is_empty(client, kind, user):
    _, first = client.subscribe(type=kind, user=user)

    assert first == {
        "channel": kind,
        "data": {"isSnapshot": True, "user": user.lower(), HISTORIES[kind]: []},
    }


@pytest.mark.parametrize("kind", ["orderUpdates", "userEvents", "notification"])
def test_what_has_no_history_begins_with_nothing(market, client, kind):
    market.trade()
    market.block()

    assert len(client.subscribe(type=kind, user=ALICE)) == 1


def test_an_address_without_an_account_is_quiet_until_it_has_one(market, client):
    client.subscribe(type="userFills", user=NOBODY)
    market.trade()
    market.block()

    assert client.outbox.take() == []

    newcomer = market.open_account(NOBODY)
    market.place(market.bob, "sell", 91_000, 0.01)
    market.place(newcomer, "buy", 91_000, 0.01)
    market.block()

    assert [each["user"] for each in client.outbox.take_data("userFills")] == [NOBODY]


def test_asking_for_an_address_makes_no_account_of_it(market, client):
    for kind in ("userFills", "clearinghouseState", "spotState", "openOrders", "webData3"):
        client.subscribe(type=kind, user=NOBODY)
    market.wait(10_000)

    assert market.ledger.find(NOBODY) is None


# Orders.


def test_all_updates_of_a_block_come_in_one_frame_in_its_order(market, client):
    client.subscribe(type="orderUpdates", user=ALICE)
    market.place(market.bob, "sell", 91_000, 0.01)
    first = market.place(market.alice, "buy", 91_000, 0.01)
    second = market.place(market.alice, "buy", 3000, 1, coin="ETH")
    market.cancel(second)
    market.block()
    (updates,) = client.outbox.take_data("orderUpdates")

    assert [(each["order"]["oid"], each["status"]) for each in updates] == [
        (first.oid, "open"),
        (first.oid, "filled"),
        (second.oid, "open"),
        (second.oid, "canceled"),
    ]
    assert [each["order"]["sz"] for each in updates] == ["0.01", "0.0", "1.0", "1.0"]
    assert updates[0]["statusTimestamp"] == START


def test_the_history_of_orders_has_the_newest_first(market, client):
    order = market.place(market.alice, "buy", 91_000, 0.01)
    market.block()
    _, first = client.subscribe(type="userHistoricalOrders", user=ALICE)
    market.cancel(order)
    market.block()
    (later,) = client.outbox.take_data("userHistoricalOrders")
    _, again = Connection(market).subscribe(type="userHistoricalOrders", user=ALICE)

    assert [each["status"] for each in first["data"]["orderHistory"]] == ["open"]
    assert "isSnapshot" not in later
    assert [each["status"] for each in later["orderHistory"]] == ["canceled"]
    assert [each["status"] for each in again["data"]["orderHistory"]] == ["canceled", "open"]


# Fills.


def test_fills_come_first_as_a_snapshot_and_then_as_they_happen(market, client):
    for px in (91_000, 91_001):
        market.trade(px)
        market.block()
    _, first = client.subscribe(type="userFills", user=ALICE)
    market.trade(91_002)
    market.trade(91_003)
    market.block()
    (later,) = client.outbox.take_data("userFills")

    assert first["data"]["isSnapshot"] is True
    assert [each["px"] for each in first["data"]["fills"]] == ["91001.0", "91000.0"]
    assert list(later) == ["user", "fills"]
    assert [each["px"] for each in later["fills"]] == ["91002.0", "91003.0"]
    assert {each["side"] for each in later["fills"]} == {"B"}


def test_a_snapshot_has_no_more_than_the_last_two_thousand(market, client):
    for _ in range(2100):
        market.trade()
        market.ledger.events.clear()
    market.trade(91_555)
    market.block()
    _, first = client.subscribe(type="userFills", user=ALICE)

    assert len(first["data"]["fills"]) == 2000
    assert first["data"]["fills"][0]["px"] == "91555.0"


def test_matches_of_one_taking_order_are_one_fill_for_who_wants_it_so(market):
    plain, merged = Connection(market), Connection(market)
    plain.subscribe(type="userFills", user=ALICE)
    merged.subscribe(type="userFills", user=ALICE, aggregateByTime=True)
    market.place(market.bob, "sell", 91_000, 0.01)
    market.place(market.bob, "sell", 91_002, 0.01)
    market.place(market.alice, "buy", 91_002, 0.02)
    market.block()
    each = [client.outbox.take_data("userFills")[0]["fills"] for client in (plain, merged)]
    _, snapshot = Connection(market).subscribe(type="userFills", user=ALICE, aggregateByTime=True)

    assert [fill["sz"] for fill in each[0]] == ["0.01", "0.01"]
    assert [(fill["px"], fill["sz"]) for fill in each[1]] == [("91001.0", "0.02")]
    assert snapshot["data"]["fills"] == each[1]


def test_each_frame_of_events_has_one_kind_of_news(market, client):
    client.subscribe(type="userEvents", user=ALICE)
    market.trade()
    gone = [market.place(market.alice, "buy", 90_000 - number, 0.01) for number in range(3)]
    for order, status in zip(
        gone, (Status.MARGIN_CANCELED, Status.CANCELED, Status.SELF_TRADE_CANCELED), strict=True
    ):
        market.cancel(order, status)
    market.place(market.alice, "buy", 90_000, 0.01, tif=Tif.IOC)  # refused, not canceled
    market.tell(
        funding(market),
        funding(market, 5),
        Liquidated(
            account=market.alice,
            liquidation_id=7,
            liquidator=NOBODY,
            ntl=12_500_000,
            account_value=-1_000_000,
            time=START,
        ),
    )
    market.block()
    frames = client.outbox.take()
    news = [each["data"] for each in frames]

    assert {each["channel"] for each in frames} == {"user"}
    assert [list(each) for each in news] == [
        ["fills"],
        ["funding"],
        ["funding"],
        ["liquidation"],
        ["nonUserCancel"],
    ]
    assert len(news[0]["fills"]) == 1
    assert news[1]["funding"] == {
        "time": START,
        "coin": "BTC",
        "usdc": "-3.625312",
        "szi": "0.01",
        "fundingRate": "0.0000125",
        "nSamples": None,
    }
    assert news[3]["liquidation"] == {
        "lid": 7,
        "liquidator": NOBODY,
        "liquidated_user": ALICE,
        "liquidated_ntl_pos": "12.5",
        "liquidated_account_value": "-1.0",
    }
    assert news[4]["nonUserCancel"] == [
        {"coin": "BTC", "oid": gone[0].oid},
        {"coin": "BTC", "oid": gone[2].oid},
    ]


def test_people_get_a_text_for_each_fill_and_liquidation(market, client):
    client.subscribe(type="notification", user=market.bob.address)
    market.trade(91_000, 0.01)
    market.tell(
        Liquidated(
            account=market.bob,
            liquidation_id=7,
            liquidator=NOBODY,
            ntl=5_000_000,
            account_value=0,
            time=START,
        )
    )
    market.block()

    assert client.outbox.take_data("notification") == [
        {"notification": "Sold 0.01 BTC at 91000.0"},
        {"notification": "Positions worth 5.0 USD are being liquidated"},
    ]


# Money.


def test_fundings_and_transfers_come_as_they_happen(market, client):
    market.alice.fundings.append(funding(market))
    client.subscribe(type="userFundings", user=ALICE)
    client.subscribe(type="userNonFundingLedgerUpdates", user=ALICE)
    delta = {"type": "deposit", "usdc": "10.0"}
    market.tell(funding(market, 1), LedgerUpdate(market.alice, delta, START, "0x" + "1" * 64))
    market.block()
    fundings, updates = client.outbox.take()

    assert fundings["data"]["fundings"][0]["usdc"] == "0.000001"
    assert updates["data"] == {
        "user": ALICE,
        "nonFundingLedgerUpdates": [{"time": START, "hash": "0x" + "1" * 64, "delta": delta}],
    }

    _, first = Connection(market).subscribe(type="userFundings", user=ALICE)

    assert [each["usdc"] for each in first["data"]["fundings"]] == ["-3.625312"]
