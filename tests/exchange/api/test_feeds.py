"""Who gets what: shared bytes, the order of one client's frames, clocks, and clients that leave."""

import itertools

import pytest
from feed_world import ALICE, BOB, Connection, Market, Outbox
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.exchange.api.feed import Phase
from livetrio.exchange.api.feeds import FEEDS
from livetrio.exchange.api.subscriptions import Bbo, Candle, L2Book, OrderUpdates, Subscription, Trades
from livetrio.exchange.chain.order import Status


@pytest.fixture
def market():
    return Market()


def test_every_kind_of_subscription_has_a_feed():
    assert set(FEEDS) == set(Subscription.__args__)


def test_a_frame_is_made_once_and_all_get_the_same_bytes(market):
    clients = [Connection(market) for _ in range(5)]
    for client in clients:
        client.subscribe(type="trades", coin="BTC")
        client.outbox.frames.clear()
    market.trade()
    market.block()

    assert len({id(frame) for client in clients for frame in client.outbox.frames}) == 1
    assert [len(client.outbox.frames) for client in clients] == [1] * 5


def test_to_each_client_a_blocks_news_come_in_the_order_of_its_subscriptions(market):
    coins = ("BTC", "ETH", "SOL", "HYPE")
    clients = {}
    for order in itertools.permutations(coins):
        clients[order] = Connection(market)
        for coin in order:
            clients[order].subscribe(type="bbo", coin=coin)
    for coin in coins:
        market.place(market.alice, "buy", 30, 10, coin=coin)
    market.block()

    for order, client in clients.items():
        assert tuple(each["coin"] for each in client.outbox.take_data("bbo")[-4:]) == order


EVERYTHING = ("userFills", "openOrders", "userEvents", "orderUpdates", "clearinghouseState")


def subscribe_to_everything(market):
    client = Connection(market)
    for kind in EVERYTHING:
        client.subscribe(type=kind, user=ALICE)
    client.subscribe(type="bbo", coin="BTC")
    client.subscribe(type="trades", coin="BTC")
    client.outbox.take()
    return client


def test_a_blocks_news_are_market_then_orders_then_fills_then_states(market):
    client = subscribe_to_everything(market)
    market.place(market.bob, "sell", 91_000, 0.02)
    market.place(market.alice, "buy", 91_000, 0.01)
    market.block()

    assert client.outbox.channels() == [
        "bbo",
        "trades",
        "orderUpdates",
        "userFills",
        "user",
        "openOrders",
        "clearinghouseState",
    ]


def test_that_order_is_a_setting():
    market = Market(order=(Phase.STATES, Phase.FILLS, Phase.ORDERS, Phase.MARKET))
    client = subscribe_to_everything(market)
    market.place(market.bob, "sell", 91_000, 0.02)
    market.place(market.alice, "buy", 91_000, 0.01)
    market.block()

    assert client.outbox.channels() == [
        "openOrders",
        "clearinghouseState",
        "userFills",
        "user",
        "orderUpdates",
        "bbo",
        "trades",
    ]


def test_frames_of_one_feed_in_one_block_stay_in_their_order(market):
    client = Connection(market)
    client.subscribe(type="userEvents", user=ALICE)
    client.outbox.take()
    for _ in range(10):
        market.trade()
        market.cancel(market.place(market.alice, "buy", 90_000, 0.01), Status.MARGIN_CANCELED)
        market.block()

    assert [list(each) for each in client.outbox.take_data("user")] == [["fills"], ["nonUserCancel"]] * 10


def test_two_users_and_two_coins_are_kept_apart(market):
    alice, bob = Connection(market), Connection(market)
    alice.subscribe(type="orderUpdates", user=ALICE)
    bob.subscribe(type="orderUpdates", user=BOB)
    order = market.place(market.alice, "buy", 91_000, 0.01)
    market.block()

    assert [each["order"]["oid"] for each in alice.outbox.take_data("orderUpdates")[0]] == [order.oid]
    assert bob.outbox.take_data("orderUpdates") == []


def test_a_house_account_is_no_news(market):
    market.bob.is_house = True
    client = Connection(market)
    client.subscribe(type="orderUpdates", user=BOB)
    client.subscribe(type="userFills", user=BOB)
    client.outbox.take()
    market.trade()
    market.block()

    assert client.outbox.take() == []


# Coming and going.


def test_who_has_left_gets_nothing_more(market):
    stays, leaves, drops = Connection(market), Connection(market), Connection(market)
    for client in (stays, leaves, drops):
        client.subscribe(type="trades", coin="BTC")
        client.subscribe(type="l2Book", coin="BTC", fast=True)
    leaves.unsubscribe(type="trades", coin="BTC")
    leaves.unsubscribe(type="l2Book", coin="BTC", fast=True)
    drops.session.closed()
    market.trade()
    market.block(wait=3000)

    assert set(stays.outbox.channels()) == {"trades", "l2Book"}
    assert leaves.outbox.take() == []
    assert drops.outbox.take() == []


def test_a_new_subscription_brings_the_first_frames_again(market):
    client = Connection(market)
    market.trade()
    market.block()
    frames = [client.subscribe(type="trades", coin="BTC")[1:]]
    client.unsubscribe(type="trades", coin="BTC")
    frames.append(client.subscribe(type="trades", coin="BTC")[1:])

    assert frames[0] == frames[1]
    assert len(frames[0]) == 1


def test_nothing_is_due_when_nobody_listens(market):
    assert market.feeds.next_due() is None

    client = Connection(market)
    client.subscribe(type="bbo", coin="BTC")

    assert market.feeds.next_due() is None

    client.subscribe(type="allMids")
    client.subscribe(type="l2Book", coin="BTC")
    market.wait(200)

    assert market.feeds.next_due() is not None

    client.session.closed()
    market.wait(200)

    assert market.feeds.next_due() is None
    assert repr(market.feeds) == "<Feeds: 0 for 0 clients>"


def test_the_heart_is_woken_only_for_what_comes_earlier_than_planned(market):
    client = Connection(market)
    client.subscribe(type="bbo", coin="BTC")

    assert market.wakes == []

    client.subscribe(type="allMids")
    client.subscribe(type="allMids", dex="")

    assert len(market.wakes) == 1

    client.subscribe(type="l2Book", coin="BTC")
    client.subscribe(type="l2Book", coin="ETH")

    assert len(market.wakes) == 2


def test_beats_that_were_missed_are_not_made_up_for(market):
    client = Connection(market)
    client.subscribe(type="activeAssetCtx", coin="BTC")
    client.outbox.take()
    market.now += 10_500
    market.feeds.advance(market.now)

    assert client.outbox.channels() == ["activeAssetCtx"]
    assert market.feeds.next_due() == market.now + 500


def test_a_block_that_nobody_waits_for_computes_nothing(market, monkeypatch):
    client = Connection(market)
    client.subscribe(type="allMids")
    monkeypatch.setattr(market.feeds, "_sort", None)
    market.trade()
    market.block()

    assert len(client.outbox.take()) == 0


CHOICES = (
    Bbo("BTC"),
    Bbo("ETH"),
    Trades("BTC"),
    Candle("BTC", "1m"),
    L2Book("BTC", fast=True),
    OrderUpdates(ALICE),
    OrderUpdates(BOB),
)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from((*CHOICES, None, "trade", "wait"))), max_size=60
    )
)
def test_whoever_comes_and_goes_the_feeds_are_those_that_somebody_has(steps):
    market = Market()
    outboxes = [Outbox() for _ in range(3)]
    wanted = [set() for _ in range(3)]
    for number, step in steps:
        outbox, has = outboxes[number], wanted[number]
        if step is None:
            assert set(market.feeds.drop(outbox)) == has
            has.clear()
        elif step == "trade":
            market.trade()
            market.block()
        elif step == "wait":
            market.wait(777)
        elif step in has:
            market.feeds.unsubscribe(outbox, step)
            has.remove(step)
        else:
            market.feeds.subscribe(outbox, step)
            has.add(step)
    market.wait(100)

    assert all(
        market.feeds.has(outbox, each) for outbox, has in zip(outboxes, wanted, strict=True) for each in has
    )
    assert set(market.feeds._feeds) == set().union(*wanted)
    for outbox in outboxes:
        market.feeds.drop(outbox)
    assert not market.feeds._feeds
    assert not market.feeds._by_asset
    assert not market.feeds._by_user
    assert market.feeds.next_due() is None
