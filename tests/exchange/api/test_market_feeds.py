"""What everybody may know: what comes first, what comes later, and when."""

import base64
import json
import zlib
from itertools import pairwise

import pytest
from feed_world import BLOCK, START, Connection, Market

from livetrio.exchange.chain.events import FundingRate


@pytest.fixture
def market():
    return Market()


@pytest.fixture
def client(market):
    return Connection(market)


def inflate(data):
    return json.loads(zlib.decompress(base64.b64decode(data), wbits=-15))


# bbo


def test_the_bbo_comes_at_once_and_then_after_each_block_that_changed_it(market, client):
    market.place(market.alice, "buy", 91_000, 0.5)
    market.block()
    ack, first = client.subscribe(type="bbo", coin="BTC")
    market.place(market.bob, "sell", 91_010, 0.25)
    market.place(market.bob, "sell", 91_020, 1)
    market.block()
    market.place(market.bob, "sell", 91_030, 1)  # not the touch
    market.block()
    later = client.outbox.take()

    assert ack["channel"] == "subscriptionResponse"
    assert first["channel"] == "bbo"
    assert first["data"]["coin"] == "BTC"
    assert first["data"]["bbo"] == [{"px": "91000.0", "sz": "0.5", "n": 1}, None]
    assert [each["data"]["bbo"] for each in later] == [
        [{"px": "91000.0", "sz": "0.5", "n": 1}, {"px": "91010.0", "sz": "0.25", "n": 1}]
    ]


def test_another_order_at_the_touch_is_news_and_one_that_came_and_went_is_none(market, client):
    market.place(market.alice, "buy", 91_000, 0.5)
    market.block()
    client.subscribe(type="bbo", coin="BTC")
    market.cancel(market.place(market.bob, "buy", 91_001, 1))
    market.block()

    assert client.outbox.take() == []

    market.place(market.bob, "buy", 91_000, 0.1)
    market.block()

    assert client.outbox.take_data("bbo")[0]["bbo"][0] == {"px": "91000.0", "sz": "0.6", "n": 2}


def test_other_coins_are_no_news(market, client):
    client.subscribe(type="bbo", coin="BTC")
    client.subscribe(type="trades", coin="BTC")
    market.trade(3000, 1, coin="ETH")
    market.block()

    assert client.outbox.take() == []


# trades


def test_the_last_thirty_trades_are_replayed_in_the_order_in_which_they_happened(market, client):
    for number in range(35):
        market.trade(91_000 + number)
        market.block()
    _, first = client.subscribe(type="trades", coin="BTC")

    assert [each["px"] for each in first["data"]] == [f"{91_005 + number}.0" for number in range(30)]
    assert first["channel"] == "trades"
    assert first["data"][0]["time"] == START + 5 * BLOCK


def test_where_nothing_was_traded_nothing_is_replayed(client):
    assert [each["channel"] for each in client.subscribe(type="trades", coin="BTC")] == [
        "subscriptionResponse"
    ]


def test_a_blocks_trades_come_in_one_frame(market, client):
    client.subscribe(type="trades", coin="BTC")
    market.place(market.bob, "sell", 91_000, 0.01)
    market.place(market.bob, "sell", 91_001, 0.01)
    market.place(market.alice, "buy", 91_001, 0.02)
    market.block()
    (trades,) = client.outbox.take_data("trades")

    assert [(each["side"], each["px"], each["sz"]) for each in trades] == [
        ("B", "91000.0", "0.01"),
        ("B", "91001.0", "0.01"),
    ]
    assert trades[0]["users"] == [market.alice.address, market.bob.address]
    assert trades[0]["hash"] == trades[1]["hash"]


# candle


def test_the_open_candle_comes_at_once_and_then_after_each_block_that_traded(market, client):
    assert len(client.subscribe(type="candle", coin="ETH", interval="1m")) == 1

    market.trade(91_000)
    market.block()
    _, first = client.subscribe(type="candle", coin="BTC", interval="1m")
    market.trade(91_005)
    market.trade(90_995)
    market.block()
    market.place(market.alice, "buy", 90_000, 0.5)
    market.block()
    (later,) = client.outbox.take_data("candle")

    assert (first["data"]["s"], first["data"]["i"], first["data"]["c"]) == ("BTC", "1m", "91000.0")
    assert (later["o"], later["h"], later["l"], later["c"]) == ("91000.0", "91005.0", "90995.0", "90995.0")
    assert (later["t"], later["T"], later["n"]) == (START, START + 59_999, 3)


# l2Book


def test_books_come_after_a_tenth_of_a_second_and_then_on_a_clock_even_if_unchanged(market, client):
    market.place(market.alice, "buy", 91_000, 0.5)
    market.block()
    begun = market.now
    assert client.subscribe(type="l2Book", coin="BTC")[0]["data"]["subscription"]["fast"] is False
    times = []
    while market.now < begun + 20_000:
        market.wait(1)
        times += [market.now for _ in client.outbox.take()]

    assert times[0] == begun + 100
    assert [later - earlier for earlier, later in pairwise(times[1:])] == [5400, 5400]


def test_all_books_of_one_rhythm_share_a_clock(market, client):
    client.subscribe(type="l2Book", coin="BTC", fast=True)
    market.wait(777)
    client.subscribe(type="l2Book", coin="ETH", fast=True)
    market.wait(100)
    client.outbox.take()
    times = {"BTC": [], "ETH": []}
    for _ in range(3000):
        market.wait(1)
        for book in client.outbox.take_data("l2Book"):
            times[book["coin"]].append(market.now)

    assert times["BTC"] == times["ETH"]
    assert times["BTC"][1] - times["BTC"][0] == 540
    assert len(times["BTC"]) in (5, 6)


def test_fast_books_have_five_levels_and_say_that_they_are_fast(market, client):
    for number in range(30):
        market.place(market.alice, "buy", 91_000 - number, 0.5)
    market.block()
    client.subscribe(type="l2Book", coin="BTC")
    client.subscribe(type="l2Book", coin="BTC", fast=True)
    client.subscribe(type="l2Book", coin="BTC", nSigFigs=3)
    market.wait(100)
    plain, fast, coarse = client.outbox.take_data("l2Book")

    assert len(plain["levels"][0]) == 20
    assert "fast" not in plain
    assert len(fast["levels"][0]) == 5
    assert fast["fast"] is True
    assert [(each["px"], each["n"]) for each in coarse["levels"][0]] == [("91000.0", 1), ("90900.0", 29)]


def test_who_changes_its_mind_before_the_first_book_gets_none(market, client):
    client.subscribe(type="l2Book", coin="BTC")
    client.unsubscribe(type="l2Book", coin="BTC")
    market.wait(50)
    client.subscribe(type="l2Book", coin="BTC")
    client.unsubscribe(type="l2Book", coin="BTC")
    client.subscribe(type="l2Book", coin="BTC")
    client.outbox.take()
    market.wait(99)

    assert client.outbox.take() == []

    market.wait(1)

    assert client.outbox.channels() == ["l2Book"]


# allMids and contexts


def test_mids_come_at_once_and_each_five_seconds(market, client):
    market.wait(1)
    _, first = client.subscribe(type="allMids")
    market.wait(15_000)

    assert list(first["data"]) == ["mids"]
    assert set(first["data"]["mids"]) <= set(market.ledger.listing.by_coin)
    assert len(client.outbox.take_data("allMids")) == 3


@pytest.mark.parametrize("coin, channel", [("BTC", "activeAssetCtx"), ("@107", "activeSpotAssetCtx")])
def test_a_context_comes_at_once_and_each_second(market, client, coin, channel):
    market.wait(1)
    _, first = client.subscribe(type="activeAssetCtx", coin=coin)
    market.wait(5000)

    assert first["channel"] == channel
    assert first["data"]["coin"] == coin
    assert "markPx" in first["data"]["ctx"]
    assert len(client.outbox.take_data(channel)) == 5


def test_all_contexts_stand_in_the_order_of_the_universe(market, client):
    _, first = client.subscribe(type="allDexsAssetCtxs")
    market.wait(136_000)
    ((dex, contexts),) = first["data"]["ctxs"]

    assert dex == ""
    assert [each["markPx"] for each in contexts] == ["91374.0", "3118.2", "141.21", "38.451"]
    assert len(client.outbox.take_data("allDexsAssetCtxs")) == 10


def test_fast_contexts_are_all_prices_and_then_what_has_changed_of_them(market, client):
    _, first = client.subscribe(type="fastAssetCtxs")
    market.wait(3000)
    prices = inflate(first["data"])

    assert prices["BTC"]["markPx"] == "91374.0"
    assert set(prices) == set(market.ledger.listing.by_coin)
    assert client.outbox.take() == []  # nothing has changed

    market.place(market.bob, "sell", 91_100, 1)
    market.place(market.alice, "buy", 91_000, 1)
    market.block(wait=1000)
    (changes,) = client.outbox.take_data("fastAssetCtxs")

    assert inflate(changes) == {"BTC": {"markPx": "91100.0", "midPx": "91050.0"}}


def test_who_comes_between_two_beats_is_told_nothing_that_is_taken_back_unsaid(market):
    early, late = Connection(market), Connection(market)
    early.subscribe(type="fastAssetCtxs")
    order = market.place(market.bob, "sell", 91_100, 1)
    other = market.place(market.alice, "buy", 91_000, 1)
    market.block(wait=500)
    _, first = late.subscribe(type="fastAssetCtxs")
    market.cancel(order)
    market.cancel(other)
    market.block(wait=2000)
    known = inflate(first["data"])
    for data in late.outbox.take_data("fastAssetCtxs"):
        for coin, prices in inflate(data).items():
            known[coin].update(prices)
    _, now = Connection(market).subscribe(type="fastAssetCtxs")

    assert known == inflate(now["data"])


def test_there_are_no_outcome_markets_to_tell_of(market, client):
    assert len(client.subscribe(type="outcomeMetaUpdates")) == 1

    market.trade()
    market.block(wait=60_000)

    assert client.outbox.take() == []


def test_a_rate_of_funding_is_news_to_nobody(market, client):
    client.subscribe(type="trades", coin="BTC")
    client.subscribe(type="userEvents", user=market.alice.address)
    market.tell(FundingRate(market.ledger.listing.perps[0], 1, 1, market.now))
    market.block()

    assert client.outbox.take() == []
