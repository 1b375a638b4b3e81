"""The exchange as a whole, over streams in memory: who is answered what, when, and at whose cost."""

import json

import pytest
import trio
from exchange_client import Exchange, in_a_virtual_hour, limit_order
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from livetrio.clock import Clock
from livetrio.exchange import ExchangeSettings, LocalExchange, Recording
from livetrio.exchange.server import MAX_CONNECTIONS

START_NS = 1_700_000_000_000_000_000


@pytest.fixture
async def exchange(autojump_clock, nursery):
    return await Exchange.start(nursery)


def user(exchange, index=0):
    return exchange.local.keys[index].address


# What it lists.


@pytest.mark.parametrize(
    ("most", "perps", "pairs"),
    [(1, 1, 0), (3, 3, 0), (4, 4, 0), (5, 4, 1), (6, 4, 2), (9, 4, 2), (None, 4, 2)],
)
@in_a_virtual_hour
async def test_it_lists_as_many_instruments_as_are_wanted_and_they_all_have_a_market(
    most, perps, pairs, autojump_clock, nursery
):
    exchange = await Exchange.start(nursery, regime="calm", instruments=most)
    meta, spot = await exchange.info("meta"), await exchange.info("spotMeta")
    mids = await exchange.info("allMids")

    assert [len(meta["universe"]), len(spot["universe"])] == [perps, pairs]
    assert len(mids) >= perps + pairs


# Requests and actions.


@in_a_virtual_hour
async def test_an_action_is_answered_two_blocks_after_its_own(exchange, autojump_clock):
    began = trio.current_time()
    answer = await exchange.act(limit_order("1100"))

    assert "resting" in answer["response"]["data"]["statuses"][0]
    assert 0.14 <= trio.current_time() - began <= 0.22


@in_a_virtual_hour
async def test_news_leaves_before_the_answer_unless_answers_go_first(autojump_clock, nursery):
    for replies_first in (False, True):
        exchange = await Exchange.start(nursery, replies_first=replies_first)
        client = await exchange.websocket()
        await client.subscribe(type="orderUpdates", user=user(exchange))
        await client.send_post(exchange.signed(limit_order("1100")))
        channels = [(await client.receive())["channel"] for _ in range(2)]

        assert channels == (["post", "orderUpdates"] if replies_first else ["orderUpdates", "post"])


@in_a_virtual_hour
async def test_two_clients_trade_and_each_hears_its_own_side(exchange, autojump_clock):
    maker, taker = await exchange.websocket(), await exchange.websocket()
    await maker.subscribe(type="userEvents", user=user(exchange, 0))
    await taker.subscribe(type="userEvents", user=user(exchange, 1))
    await exchange.act(limit_order("3100", buy=False), account=0)
    await exchange.act(limit_order("3100", "0.05"), account=1)
    sold, bought = await maker.next("user"), await taker.next("user")
    (mine,), (theirs,) = sold["fills"], bought["fills"]
    state = await exchange.info("clearinghouseState", user=user(exchange, 1))

    assert (mine["side"], mine["crossed"], mine["sz"]) == ("A", False, "0.05")
    assert (theirs["side"], theirs["crossed"], theirs["tid"]) == ("B", True, mine["tid"])
    assert state["assetPositions"][0]["position"]["szi"] == "0.05"
    assert exchange.local.ledger.total_cash() == 3 * 100_000 * 10**6


@in_a_virtual_hour
async def test_post_and_http_are_answered_alike(exchange, autojump_clock):
    client = await exchange.websocket()
    wrong = exchange.signed(limit_order("1100")) | {"nonce": exchange.nonce + 5}
    posted = await client.post(wrong)
    status, asked = await exchange.post("/exchange", wrong)

    assert posted == {"type": "action", "payload": asked}
    assert status == 200
    assert asked["response"].startswith("User or API Wallet 0x")
    assert asked["response"].endswith(" does not exist.")


@in_a_virtual_hour
async def test_what_fits_no_schema_is_422_and_never_reaches_the_chain(exchange, autojump_clock):
    good = exchange.signed(limit_order("1100"))
    texts = set()
    for bad in (
        {}, [], {"action": {"type": "order"}}, good | {"nonce": "1"}, good | {"signature": {}},
        good | {"action": {"type": "twapOrder"}}, good | {"action": good["action"] | {"orders": []}},
        good | {"signature": good["signature"] | {"r": "0xzz"}}, good | {"vaultAddress": "me"},
    ):  # fmt: skip
        status, text = await exchange.post("/exchange", bad)
        texts.add((status, text))

    assert texts == {(422, "Failed to deserialize the JSON body into the target type")}
    assert not exchange.local.chain.has_work


@in_a_virtual_hour
async def test_extra_keys_change_the_signer_as_they_do_at_the_venue(exchange, autojump_clock):
    action = limit_order("1100") | {"f": False}
    answer = await exchange.act(action)

    assert "does not exist" in answer["response"]


@in_a_virtual_hour
async def test_the_status_tells_the_exchanges_time(exchange, autojump_clock):
    await trio.sleep(100)
    first = await exchange.info("exchangeStatus")
    await trio.sleep(2)

    assert (await exchange.info("exchangeStatus"))["time"] == first["time"] + 2000


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/", 404), ("POST", "/nowhere", 404), ("GET", "/info", 405), ("PUT", "/exchange", 405),
        ("POST", "/ws", 405), ("GET", "/ws", 400), ("POST", "/info", 400), ("POST", "/exchange", 400),
        ("GET", "/control", 200), ("POST", "/control", 400), ("PUT", "/control", 405),
    ],
)  # fmt: skip
@in_a_virtual_hour
async def test_what_is_elsewhere_or_no_json_gets_its_status(exchange, method, path, status, autojump_clock):
    assert (await exchange.request(method, path, b"x" if method == "POST" else b""))[0] == status


# Limits.


@in_a_virtual_hour
async def test_requests_beyond_the_weight_of_a_minute_are_429_until_it_is_over(exchange, autojump_clock):
    for _ in range(60):
        await exchange.info("meta")
    refused, text = await exchange.post("/info", {"type": "meta"})
    await trio.sleep(61)

    assert (refused, text) == (429, "Too Many Requests")
    assert await exchange.info("meta")


@in_a_virtual_hour
async def test_the_eleventh_connection_of_an_address_is_refused(exchange, autojump_clock):
    clients = [await exchange.websocket() for _ in range(10)]
    stream = exchange.dial()
    await stream.send_all(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    refused = await stream.receive_some()
    await clients[0].connection.aclose()

    assert refused.startswith(b"HTTP/1.1 429 ")
    assert await exchange.websocket()


@in_a_virtual_hour
async def test_without_limits_nothing_is_counted(autojump_clock, nursery):
    exchange = await Exchange.start(nursery, limits=False)
    clients = [await exchange.websocket() for _ in range(50)]
    for _ in range(100):
        await exchange.info("userRole", user=user(exchange))

    assert await clients[-1].ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_above_all_limits_connections_are_closed_unread(exchange, monkeypatch, autojump_clock):
    monkeypatch.setattr("livetrio.exchange.server.MAX_CONNECTIONS", 2)
    first, second = await exchange.websocket(), await exchange.websocket()

    assert await exchange.dial().receive_some() == b""
    assert await first.ask({"method": "ping"}) == await second.ask({"method": "ping"})
    assert MAX_CONNECTIONS >= 1000


# A client costs itself and nobody else.


@in_a_virtual_hour
async def test_an_unknown_coin_kills_its_socket_and_no_other(exchange, autojump_clock):
    good, bad = await exchange.websocket(), await exchange.websocket()
    await bad.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "btc"}})

    assert await bad.wait_closed() == 1006
    assert await good.ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_a_silent_socket_is_dropped_after_a_minute(exchange, autojump_clock):
    client = await exchange.websocket()
    began = trio.current_time()
    code = await client.wait_closed()

    assert code == 1006
    assert trio.current_time() - began == pytest.approx(60, abs=0.5)


@in_a_virtual_hour
async def test_a_client_that_is_gone_before_its_answer_leaves_nothing_behind(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.send_post(exchange.signed(limit_order("1100")))
    await client.stream.aclose()
    await trio.sleep(1)

    assert exchange.local.connections == 0
    assert (
        len(await exchange.info("openOrders", user=user(exchange))) == 1
    )  # the order was placed all the same


WORDS = ["subscribe", "post", "method", "subscription", "type", "user", "BTC", "l2Book", "order"]


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.lists(st.binary(max_size=80) | VALUES.map(lambda each: json.dumps(each).encode()), max_size=8)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(messages=MESSAGES, path=st.sampled_from(["/info", "/exchange", "/control"]))
def test_whatever_a_client_sends_the_others_do_not_notice(messages, path):
    async def main():
        with trio.fail_after(3600):
            async with trio.open_nursery() as nursery:
                exchange = await Exchange.start(nursery, limits=False)
                witness = await exchange.websocket()
                client = await exchange.websocket()
                for message in messages:
                    await client.connection.send_message(message)
                    status, _ = await exchange.request("POST", path, message)
                    assert status in (200, 400, 413, 422)
                assert await witness.ask({"method": "ping"}) == {"channel": "pong"}
                nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))


# Markets.


@in_a_virtual_hour
async def test_a_living_market_is_there_from_the_beginning_and_moves(autojump_clock, nursery):
    exchange = await Exchange.start(nursery, regime="calm", seed=3)
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    first = await client.next("bbo")
    frames = [each["data"] for _, each in await client.read_for(60)]
    bids = {each["bbo"][0]["px"] for each in frames}

    assert all(float(each["bbo"][0]["px"]) < float(each["bbo"][1]["px"]) for each in [first, *frames])
    assert len(bids) > 20
    assert [each["time"] for each in frames] == sorted(each["time"] for each in frames)


@in_a_virtual_hour
async def test_the_same_seed_and_the_same_client_make_the_same_market(autojump_clock, nursery):
    seen = []
    for _ in range(2):
        exchange = await Exchange.start(nursery, regime="trend", seed=9)
        client = await exchange.websocket()
        await client.subscribe(type="trades", coin="ETH")
        began = exchange.local.ledger.time
        trades = [each for _, frame in await client.read_for(20) for each in frame["data"]]
        seen.append([(each["px"], each["sz"], each["tid"], each["hash"]) for each in trades])
        assert began

    assert len(seen[0]) > 5
    assert seen[0] == seen[1]


def bbo(time, bid, ask):
    sides = [{"px": px, "sz": "1.5", "n": 1} for px in (bid, ask)]
    return json.dumps({"channel": "bbo", "data": {"coin": "BTC", "time": time, "bbo": sides}})


@in_a_virtual_hour
async def test_a_replay_waits_for_somebody_who_looks_at_the_market(autojump_clock, nursery):
    exchange = await Exchange.start(nursery, recording=Recording([(START_NS, bbo(0, "100.0", "101.0"))]))
    client = await exchange.websocket()
    for kind in ("orderUpdates", "userFills", "webData2"):
        await client.subscribe(type=kind, user=exchange.local.keys[0].address)
    await exchange.act({"type": "noop"})
    await trio.sleep(100)
    before = await exchange.info("l2Book", coin="BTC")
    await client.subscribe(type="trades", coin="BTC")
    after = await exchange.info("l2Book", coin="BTC")

    assert before["levels"] == [[], []]
    assert [[level["px"] for level in side] for side in after["levels"]] == [["100.0"], ["101.0"]]


@in_a_virtual_hour
async def test_a_replay_begins_with_an_order_of_somebody_who_does_not_look(autojump_clock, nursery):
    exchange = await Exchange.start(nursery, recording=Recording([(START_NS, bbo(0, "100.0", "101.0"))]))
    await trio.sleep(100)
    filled = await exchange.act(limit_order("105", buy=True, asset=0, tif="Ioc"))

    assert filled["response"]["data"]["statuses"][0]["filled"]["avgPx"] == "101.0"


@in_a_virtual_hour
async def test_a_replay_begins_with_its_first_subscription_and_clients_trade_in_it(autojump_clock, nursery):
    frames = [
        (START_NS + second * 10**9, bbo(1000 * second, "100.0", f"{101 + second}.0")) for second in range(5)
    ]
    exchange = await Exchange.start(nursery, recording=Recording(frames))
    await trio.sleep(100)
    before = await exchange.info("l2Book", coin="BTC")
    client = await exchange.websocket()
    began = trio.current_time()
    await client.subscribe(type="bbo", coin="BTC")
    asks = [
        (round(time - began), frame["data"]["bbo"][1]["px"])
        for time, frame in await client.read_for(10)
        if frame["channel"] == "bbo"
    ]
    filled = await exchange.act(limit_order("105", buy=True, asset=0, tif="Ioc"))

    assert before["levels"] == [[], []]
    assert asks == [(0, "101.0"), (1, "102.0"), (2, "103.0"), (3, "104.0"), (4, "105.0")]
    assert filled["response"]["data"]["statuses"][0]["filled"]["avgPx"] == "105.0"


# Over TCP.


async def test_it_is_served_over_tcp_and_ends_when_cancelled():
    local = LocalExchange(ExchangeSettings(accounts=0), clock=Clock.live())
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            url = await nursery.start(local.serve)
            stream = await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))
            body = b'{"type":"meta"}'
            await stream.send_all(
                b"POST /info HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            answer = await stream.receive_some()
            await stream.aclose()
            nursery.cancel_scope.cancel()
        with pytest.raises(OSError, match=r"refused|failed"):
            await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))

    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_the_base_url_can_be_dialled_whatever_the_host(host):
    local = LocalExchange(ExchangeSettings(accounts=0), clock=Clock.live())
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            try:
                url = await nursery.start(local.serve, host)
            except* OSError:
                pytest.skip(f"this machine has no {host}")
            name, _, port = url.removeprefix("http://").rpartition(":")
            async with await trio.open_tcp_stream(name.strip("[]"), int(port)):
                nursery.cancel_scope.cancel()
