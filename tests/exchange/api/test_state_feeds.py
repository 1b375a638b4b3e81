"""What an account has, whole in every frame: at once, when it changes, and as marks move."""

import pytest
from feed_world import ALICE, NOBODY, Connection, Market

from livetrio.exchange.chain.events import AccountChanged


@pytest.fixture
def market():
    return Market()


@pytest.fixture
def client(market):
    return Connection(market)


MOVING = {
    "clearinghouseState": {},
    "allDexsClearinghouseState": {},
    "activeAssetData": {"coin": "BTC"},
    "webData2": {},
    "webData3": {},
}
STILL = {"openOrders": {}, "spotState": {}}


@pytest.mark.parametrize("kind, more", [*MOVING.items(), *STILL.items(), ("twapStates", {})])
@pytest.mark.parametrize("user", [ALICE, NOBODY])
def test_a_state_comes_at_once_of_whomever(client, kind, more, user):
    _, first = client.subscribe(type=kind, user=user, **more)

    assert first["channel"] == kind
    assert first["data"].get("user") or first["data"]["userState"]["user"] == user


@pytest.mark.parametrize("kind, more", [*MOVING.items(), *STILL.items()])
def test_it_comes_again_after_each_block_in_which_the_account_changed(market, client, kind, more):
    client.subscribe(type=kind, user=ALICE, **more)
    market.place(market.bob, "sell", 91_000, 0.01)
    market.block()

    assert client.outbox.take() == []

    market.place(market.alice, "buy", 91_000, 0.01)
    market.place(market.alice, "buy", 91_000, 0.01)
    market.block()
    market.tell(AccountChanged(market.alice, market.now))
    market.block()

    assert client.outbox.channels() == [kind, kind]


@pytest.mark.parametrize("kind, more", MOVING.items())
def test_what_depends_on_marks_comes_each_five_seconds(market, client, kind, more):
    market.wait(1)
    client.subscribe(type=kind, user=ALICE, **more)
    client.outbox.take()
    market.wait(20_000)

    assert client.outbox.channels() == [kind] * 4


@pytest.mark.parametrize("kind", [*STILL, "twapStates"])
def test_what_does_not_is_not_told_again(market, client, kind):
    client.subscribe(type=kind, user=ALICE)
    market.wait(60_000)

    assert client.outbox.take() == []


def test_open_orders_are_told_as_a_whole(market, client):
    _, first = client.subscribe(type="openOrders", user=ALICE)
    orders = [market.place(market.alice, "buy", 90_000 - number, 0.01) for number in range(3)]
    market.block()
    market.cancel(orders[1])
    market.block()
    seen = client.outbox.take_data("openOrders")

    assert first["data"] == {"dex": "", "user": ALICE, "orders": []}
    assert [len(each["orders"]) for each in seen] == [3, 2]
    assert {each["oid"] for each in seen[-1]["orders"]} == {orders[0].oid, orders[2].oid}


def test_positions_stand_in_their_envelopes(market, client):
    market.trade()
    market.block()
    one = client.subscribe(type="clearinghouseState", user=ALICE)[1]["data"]
    every = client.subscribe(type="allDexsClearinghouseState", user=ALICE)[1]["data"]
    spot = client.subscribe(type="spotState", user=ALICE)[1]["data"]
    asset = client.subscribe(type="activeAssetData", user=ALICE, coin="BTC")[1]["data"]

    assert (one["dex"], one["user"]) == ("", ALICE)
    assert one["clearinghouseState"]["assetPositions"][0]["position"]["szi"] == "0.01"
    assert every == {"user": ALICE, "clearinghouseStates": [["", one["clearinghouseState"]]]}
    assert list(spot) == ["user", "spotState"]
    assert "balances" in spot["spotState"]
    assert (asset["user"], asset["coin"]) == (ALICE, "BTC")


def test_twap_orders_there_are_none(market, client):
    _, first = client.subscribe(type="twapStates", user=ALICE)
    market.trade()
    market.block()

    assert first["data"] == {"dex": "", "user": ALICE, "states": []}
    assert client.outbox.take() == []
