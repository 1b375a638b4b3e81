"""Faults as a client meets them: asked for over the control endpoint, performed on real frames in memory."""

import json
from functools import partial
from itertools import pairwise

import h11
import pytest
import trio
from exchange_client import Exchange, in_a_virtual_hour, limit_order

ACCOUNT = "0x" + "a1" * 20


@pytest.fixture
async def exchange(autojump_clock, nursery):
    return await Exchange.start(nursery, limits=False, regime="calm", seed=1)


def user(exchange, index=0):
    return exchange.local.keys[index].address


async def fault(exchange, line):
    status, answer = await exchange.control("fault", fault=line)

    assert status == 200, answer
    return answer["id"]


async def heal(exchange):
    assert (await exchange.control("heal"))[0] == 200


async def upgrade_answer(exchange):
    stream = exchange.dial()
    await stream.send_all(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    try:
        with trio.move_on_after(5):
            return bytes(await stream.receive_some())
    except trio.BrokenResourceError:
        return b"reset"
    return b"nothing"


# Connections.


@in_a_virtual_hour
async def test_connections_are_refused_or_never_answered(exchange, autojump_clock):
    await fault(exchange, "refuse for 10s")
    with pytest.raises((EOFError, trio.BrokenResourceError, h11.RemoteProtocolError)):
        await exchange.info("meta")
    await trio.sleep(11)
    await fault(exchange, "dial-hole for 10s")
    silence = await upgrade_answer(exchange)
    await trio.sleep(11)

    assert silence == b"nothing"
    assert await exchange.info("meta")


@pytest.mark.parametrize("status", [429, 503])
@in_a_virtual_hour
async def test_an_upgrade_is_refused_with_a_time_to_come_again(exchange, status, autojump_clock):
    await fault(exchange, f"handshake-{status} 7s for 10s")
    answer = await upgrade_answer(exchange)
    await trio.sleep(11)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"retry-after: 7\r\n" in answer.lower()
    assert (await upgrade_answer(exchange)).startswith(b"HTTP/1.1 101 ")


@in_a_virtual_hour
async def test_connections_are_dropped_again_and_again(exchange, autojump_clock):
    await fault(exchange, "drop-connection every 30s")
    ended = []
    for _ in range(3):
        client = await exchange.websocket()
        await client.subscribe(type="bbo", coin="BTC")
        assert await client.wait_closed() == 1006
        ended.append(trio.current_time())

    assert [round(later - earlier) for earlier, later in pairwise(ended)] == [30, 30]


@in_a_virtual_hour
async def test_a_connection_goes_dead_unnoticed_and_new_ones_are_well(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await fault(exchange, "half-open")
    await trio.sleep(0.1)
    await client.read_for(0.1)
    await client.send({"method": "ping"})
    silence = await client.read_for(50)
    other = await exchange.websocket()

    assert silence == []
    assert await other.ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_a_flapping_exchange_drops_whoever_comes(exchange, autojump_clock):
    await fault(exchange, "flap for 5s")
    first = await exchange.websocket()
    code = await first.wait_closed()
    await trio.sleep(6)
    second = await exchange.websocket()

    assert code == 1006
    assert await second.ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_a_wipe_takes_the_orders_of_all_clients(exchange, autojump_clock):
    await exchange.act(limit_order("1100"))
    await fault(exchange, "wipe 500ms")
    await trio.sleep(1)
    (last,) = await exchange.info("openOrders", user=user(exchange)) or [None]

    assert last is None
    assert (await exchange.info("historicalOrders", user=user(exchange)))[0]["status"] == "canceled"


@pytest.mark.parametrize("line", ["refuse", "dial-hole"])
@in_a_virtual_hour
async def test_whoever_shuts_the_door_can_open_it_again(exchange, line, autojump_clock):
    await fault(exchange, line)
    shut = await upgrade_answer(exchange)
    listed = (await exchange.control("faults"))[1]["faults"]
    await heal(exchange)

    assert shut in (b"", b"nothing")
    assert [each["fault"] for each in listed] == [line]
    assert (await upgrade_answer(exchange)).startswith(b"HTTP/1.1 101 ")


@in_a_virtual_hour
async def test_control_does_not_use_up_a_fault_of_connections(exchange, autojump_clock):
    await fault(exchange, "refuse once")
    await exchange.control("state")

    assert await upgrade_answer(exchange) == b""
    assert (await upgrade_answer(exchange)).startswith(b"HTTP/1.1 101 ")


@in_a_virtual_hour
async def test_a_hole_is_left_with_the_client_that_fell_into_it(exchange, autojump_clock):
    await fault(exchange, "dial-hole")
    stream = exchange.dial()
    await stream.send_all(b"POST /info HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    with trio.move_on_after(1800) as waiting:
        await stream.receive_some()
    inside = exchange.local.connections
    await stream.aclose()
    await trio.sleep(1)

    assert waiting.cancelled_caught
    assert (inside, exchange.local.connections) == (1, 0)


@pytest.mark.parametrize("line", ["rst", "drop-connection", "restart", "wipe", "gap"])
@in_a_virtual_hour
async def test_http_connections_are_dropped_with_the_others(exchange, line, autojump_clock):
    idle = exchange.dial()
    await exchange.request("POST", "/info", b'{"type":"meta"}', idle)
    await fault(exchange, "ack-lost")
    await fault(exchange, f"{line} after 5s")
    began = trio.current_time()
    with pytest.raises((EOFError, trio.BrokenResourceError, h11.RemoteProtocolError)):
        await exchange.act(limit_order("1100"))

    assert trio.current_time() - began == pytest.approx(6 if line == "gap" else 5, abs=0.01)
    assert await idle.receive_some() == b""


@in_a_virtual_hour
async def test_requests_on_a_half_open_connection_are_never_answered(exchange, autojump_clock):
    idle = exchange.dial()
    await exchange.request("POST", "/info", b'{"type":"meta"}', idle)
    await fault(exchange, "half-open")
    await trio.sleep(1)
    with trio.move_on_after(900) as waiting:
        await exchange.request("POST", "/info", b'{"type":"meta"}', idle)
    other = await exchange.info("meta")
    await trio.sleep(30)

    assert waiting.cancelled_caught
    assert other
    assert await idle.receive_some() == b""


@pytest.mark.parametrize("line", ["restart", "wipe"])
@in_a_virtual_hour
async def test_who_starts_again_is_away_for_a_while(exchange, line, autojump_clock):
    await exchange.act(limit_order("1100"))
    client = await exchange.websocket()
    await fault(exchange, f"{line} 20s after 1s")
    code = await client.wait_closed()
    answers = []
    for _ in range(3):
        answers.append(await upgrade_answer(exchange))
        await trio.sleep(9.9)
    back = await upgrade_answer(exchange)

    assert code == 1006
    assert answers == [b"", b"", b""]
    assert back.startswith(b"HTTP/1.1 101 ")
    assert len(await exchange.info("openOrders", user=user(exchange))) == (line == "restart")
    assert exchange.local.mischief.injector.is_quiet


@in_a_virtual_hour
async def test_who_is_healed_is_back_at_once(exchange, autojump_clock):
    await fault(exchange, "restart 1h")
    await trio.sleep(1)
    away = await upgrade_answer(exchange)
    states = [(await exchange.control("state"))[1]["restarting"]]
    await heal(exchange)
    states.append((await exchange.control("state"))[1]["restarting"])

    assert away == b""
    assert states == [True, False]
    assert (await upgrade_answer(exchange)).startswith(b"HTTP/1.1 101 ")


# Messages.


@in_a_virtual_hour
async def test_a_feed_falls_silent_and_its_socket_answers(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await client.subscribe(type="trades", coin="BTC")
    await fault(exchange, "silent on bbo for 20s")
    await trio.sleep(0.2)
    quiet = {frame["channel"] for _, frame in await client.read_for(15)}
    await client.send({"method": "ping"})
    after = {frame["channel"] for _, frame in await client.read_for(15)}

    assert quiet - {"subscriptionResponse"} == {"trades"}
    assert after >= {"bbo", "trades", "pong"}


@in_a_virtual_hour
async def test_a_feed_that_is_silent_does_not_end_its_connection(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await fault(exchange, "silent for 5m")
    await trio.sleep(0.2)
    await client.read_for(0.1)
    silence = await client.read_for(200)
    await trio.sleep(100)

    assert silence == []
    assert (await client.receive())["channel"] == "bbo"


@in_a_virtual_hour
async def test_what_is_due_first_comes_early_when_too_much_is_held(exchange, monkeypatch, autojump_clock):
    monkeypatch.setattr("livetrio.exchange.mischief.MAX_WAITING", 2)
    done = []
    for number, seconds in enumerate((2, 1, 3, 4)):
        exchange.local.mischief.later(seconds, partial(done.append, number))
    early = list(done)
    await trio.sleep(5)

    assert early == [1, 0]
    assert done == [1, 0, 2, 3]


@in_a_virtual_hour
async def test_latency_delays_everything_in_its_order(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await fault(exchange, "latency 2s")
    await client.read_for(3)
    began = trio.current_time()
    await client.send({"method": "ping"})
    while (await client.receive())["channel"] != "pong":
        pass

    assert trio.current_time() - began == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("line", ["latency 5s", "latency 5s for 10s"])
@in_a_virtual_hour
async def test_after_its_time_latency_is_gone_from_connections_that_had_it(exchange, line, autojump_clock):
    client = await exchange.websocket()
    await fault(exchange, line)
    await client.ask({"method": "ping"})
    await trio.sleep(20)
    await heal(exchange)
    began = trio.current_time()
    await client.ask({"method": "ping"})

    assert trio.current_time() - began < 0.1


@in_a_virtual_hour
async def test_a_fill_comes_twice(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="userFills", user=user(exchange))
    await client.next("userFills")
    await fault(exchange, "dup on userFills")
    book = await exchange.info("l2Book", coin="ETH")
    await exchange.act(limit_order(book["levels"][1][3]["px"].removesuffix(".0"), "0.05", tif="Ioc"))
    first, second = await client.next("userFills"), await client.next("userFills")

    assert first == second
    assert first["fills"]


@pytest.mark.parametrize("name", ["bad-json", "bad-utf8", "null", "wrong-types", "unknown-channel"])
@in_a_virtual_hour
async def test_garbled_frames_come_and_the_good_ones_too(exchange, name, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await client.next("bbo")
    await fault(exchange, f"{name} on bbo")
    good = bad = 0
    with trio.move_on_after(20):
        while True:
            try:
                message = await client.connection.get_message()
            except Exception:  # a client may find it unbearable
                bad += 1
                break
            try:
                quote = json.loads(message)
                good += quote["channel"] == "bbo" and isinstance(quote["data"]["bbo"][0]["px"], str)
                bad += quote["channel"] != "bbo" or not isinstance(quote["data"]["bbo"][0]["px"], str)
            except (ValueError, TypeError):
                bad += 1

    assert bad > 0
    assert good > 0 or name == "bad-utf8"


# Requests.


@in_a_virtual_hour
async def test_an_order_whose_answer_is_lost_was_placed(exchange, autojump_clock):
    client = await exchange.websocket()
    await fault(exchange, "ack-lost")
    await client.send_post(exchange.signed(limit_order("1100")))
    silence = await client.read_for(30)

    assert silence == []
    assert len(await exchange.info("openOrders", user=user(exchange))) == 1


@pytest.mark.parametrize("line", ["ack-lost", "timeout-before"])
@in_a_virtual_hour
async def test_what_is_lost_is_not_pending(line, autojump_clock, nursery):
    exchange = await Exchange.start(nursery)
    client = await exchange.websocket()
    await fault(exchange, line)
    for number in range(110):  # more than may be pending
        await client.send_post(exchange.signed({"type": "noop"}), post_id=number)
        await trio.sleep(1)
        assert await client.ask({"method": "ping"}) == {"channel": "pong"}
    await heal(exchange)
    answer = await client.post(exchange.signed({"type": "noop"}), post_id=110)

    assert answer["payload"]["status"] == "ok"


@in_a_virtual_hour
async def test_an_order_that_is_lost_before_was_not(exchange, autojump_clock):
    client = await exchange.websocket()
    await fault(exchange, "timeout-before on order once")
    await client.send_post(exchange.signed(limit_order("1100")))
    silence = await client.read_for(30)
    second = await client.post(exchange.signed(limit_order("1101")))

    assert silence == []
    assert "resting" in second["payload"]["response"]["data"]["statuses"][0]
    assert len(await exchange.info("openOrders", user=user(exchange))) == 1


@in_a_virtual_hour
async def test_an_answer_of_500_hides_an_order_that_was_placed(exchange, autojump_clock):
    await fault(exchange, "500-after")
    client = await exchange.websocket()
    posted = await client.post(exchange.signed(limit_order("1100")))
    status, _ = await exchange.post("/exchange", exchange.signed(limit_order("1101")))

    assert posted["type"] == "error"
    assert posted["payload"].startswith("500 ")
    assert status == 500
    assert len(await exchange.info("openOrders", user=user(exchange))) == 2


@in_a_virtual_hour
async def test_an_answer_comes_late_and_is_right(exchange, autojump_clock):
    client = await exchange.websocket()
    await fault(exchange, "ack-late 12s")
    began = trio.current_time()
    answer = await client.post(exchange.signed(limit_order("1100")))

    assert 12 <= trio.current_time() - began <= 12.3
    assert "resting" in answer["payload"]["response"]["data"]["statuses"][0]


@pytest.mark.parametrize(
    "line, text",
    [
        ("nonce", "Invalid nonce: duplicate nonce"),
        ("maintenance", "Trading is halted."),
        ("post-only", "Only post-only orders allowed"),
        ("reject", "Insufficient margin"),
    ],
)
@in_a_virtual_hour
async def test_an_order_is_refused_in_words(exchange, line, text, autojump_clock):
    await fault(exchange, f"{line} for 10s")
    answer = await exchange.act(limit_order("1100"))
    await trio.sleep(11)
    later = await exchange.act(limit_order("1100"))

    assert text in json.dumps(answer)
    assert "resting" in json.dumps(later)
    assert len(await exchange.info("openOrders", user=user(exchange))) == 1


@pytest.mark.parametrize("line, status", [("429", 429), ("502", 502), ("maintenance", 502)])
@in_a_virtual_hour
async def test_questions_are_refused_with_their_status(exchange, line, status, autojump_clock):
    await fault(exchange, f"{line} on info for 10s")
    refused, _ = await exchange.post("/info", {"type": "meta"})
    client = await exchange.websocket()
    posted = await client.post({"type": "meta"}, kind="info")

    assert refused == status
    assert posted["type"] == "error"
    assert posted["payload"].startswith(str(status))


@in_a_virtual_hour
async def test_an_order_that_rests_is_unknown_to_who_asks_for_it(exchange, autojump_clock):
    answer = await exchange.act(limit_order("1100"))
    (oid,) = [each["resting"]["oid"] for each in answer["response"]["data"]["statuses"]]
    client = await exchange.websocket()
    await fault(exchange, "not-found for 10s")
    asked = await exchange.info("orderStatus", user=user(exchange), oid=oid)
    posted = await client.post({"type": "orderStatus", "user": user(exchange), "oid": oid}, kind="info")
    await trio.sleep(11)
    later = await exchange.info("orderStatus", user=user(exchange), oid=oid)

    assert asked == posted["payload"]["data"] == {"status": "unknownOid"}
    assert later["status"] == "order"


@in_a_virtual_hour
async def test_questions_are_answered_late_over_both_ways(exchange, autojump_clock):
    client = await exchange.websocket()
    await fault(exchange, "latency 3s")
    began = trio.current_time()
    await exchange.info("meta")
    asked = trio.current_time()
    posted = await client.post({"type": "meta"}, kind="info")

    assert asked - began == pytest.approx(3, abs=0.01)
    assert trio.current_time() - asked == pytest.approx(3, abs=0.01)
    assert posted["payload"]["type"] == "meta"


@in_a_virtual_hour
async def test_news_and_answers_overtake_each_other(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="orderUpdates", user=user(exchange))
    await fault(exchange, "reorder 100ms..900ms")
    orders = set()
    for number in range(20):
        await client.send_post(exchange.signed(limit_order(str(1100 + number))), post_id=number)
        seen = [frame["channel"] for _, frame in await client.read_for(3)]
        assert sorted(seen) == ["orderUpdates", "post"]
        orders.add(tuple(seen))

    assert len(orders) == 2


# Control.


@in_a_virtual_hour
async def test_faults_are_listed_and_healed(exchange, autojump_clock):
    number = await fault(exchange, "502 20%")
    listed = (await exchange.control("faults"))[1]
    await heal(exchange)
    healed = (await exchange.control("faults"))[1]

    assert number == 1
    assert "502 20%" in json.dumps(listed["faults"])
    assert healed["faults"] == []
    assert exchange.local.mischief.injector.is_quiet


@in_a_virtual_hour
async def test_money_and_prices_can_be_given(exchange, autojump_clock):
    await exchange.control("fund", user=ACCOUNT, usdc="250.5")
    await exchange.control("oracle", coin="BTC", px="90000")
    funded = await exchange.info("clearinghouseState", user=ACCOUNT)
    (bad_user, _), (bad_amount, _), (bad_coin, said), (bad_px, _) = [
        await exchange.control("fund", user="me", usdc="1"),
        await exchange.control("fund", user=ACCOUNT, usdc="-1"),
        await exchange.control("oracle", coin="DOGE", px="1"),
        await exchange.control("oracle", coin="BTC", px="0"),
    ]
    state = (await exchange.control("state"))[1]

    assert funded["withdrawable"] == "250.5"
    assert (bad_user, bad_amount, bad_coin, bad_px) == (422, 422, 422, 422)
    assert "expected one of BTC, ETH, SOL, HYPE" in said["error"]
    assert state["accounts"] == 4


@in_a_virtual_hour
async def test_faults_of_the_settings_are_on_from_the_beginning(autojump_clock, nursery):
    exchange = await Exchange.start(nursery, faults=("502 on info",))

    assert (await exchange.post("/info", {"type": "meta"}))[0] == 502
