"""A WebSocket client of the exchange: acks and errors, the pace of the frames, the end of the connection."""

import json

import pytest
import trio
from exchange_client import (
    REAL_RECORDING,
    Exchange,
    bbo,
    book,
    candle,
    context,
    frame,
    in_a_virtual_hour,
    recording,
    trades,
)

from livetrio.exchange import Recording, demo_recording
from livetrio.exchange.session import MAX_SUBSCRIPTIONS
from livetrio.exchange.websocket import MAX_MESSAGE_BYTES, SNAPSHOT_DELAY

USER = "0x" + "Ab" * 20


@pytest.fixture
def exchange(autojump_clock, nursery):
    """Two coins, little to tell."""
    frames = ((0, bbo()), (1, bbo("ETH")), (2, context("PURR/USDC")))
    return Exchange(nursery, recording(*frames))


# Acks.


@pytest.mark.parametrize(
    "subscription, echo",
    [
        ({"type": "bbo", "coin": "BTC"}, '{"type":"bbo","coin":"BTC"}'),
        ({"coin": "BTC", "type": "trades", "colour": 1}, '{"type":"trades","coin":"BTC"}'),
        (
            {"type": "l2Book", "coin": "BTC"},
            '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}',
        ),
        (
            {"type": "l2Book", "coin": "BTC", "fast": True, "nSigFigs": None},
            '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":true}',
        ),
        (
            {"type": "candle", "interval": "1m", "coin": "BTC"},
            '{"type":"candle","coin":"BTC","interval":"1m"}',
        ),
        ({"type": "activeAssetCtx", "coin": "PURR/USDC"}, '{"type":"activeAssetCtx","coin":"PURR/USDC"}'),
        ({"type": "allMids"}, '{"type":"allMids","dex":""}'),
    ],
)
@in_a_virtual_hour
async def test_an_ack_echoes_the_subscription_with_its_defaults_filled_in(
    exchange, subscription, echo, autojump_clock
):
    client = await exchange.websocket()
    for method in ("subscribe", "unsubscribe"):
        await client.send({"method": method, "subscription": subscription})
        ack = await client.receive()

        assert ack == (
            f'{{"channel":"subscriptionResponse","data":{{"method":"{method}","subscription":{echo}}}}}'
        )


@in_a_virtual_hour
async def test_the_ack_precedes_the_first_frame_of_what_it_acknowledges(autojump_clock, nursery):
    exchange = Exchange(nursery, recording((0, bbo()), *[(0, trades())] * 500), speed=None)
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")

    assert await client.receive() == bbo()

    await client.send({"method": "subscribe", "subscription": {"type": "trades", "coin": "BTC"}})
    first = json.loads(await client.receive())

    assert first["channel"] == "subscriptionResponse"


@in_a_virtual_hour
async def test_after_an_unsubscription_no_more_frames_come(autojump_clock, nursery):
    exchange = Exchange(nursery, recording(*((at, bbo()) for at in range(10))))
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await client.read_for(3.5)
    await client.unsubscribe(type="bbo", coin="BTC")

    assert await client.read_for(30) == []


# Errors.


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "",
        "[" * 100_000,
        "[]",
        "{}",
        '{"method":"shout"}',
        '{"method":"subscribe"}',
        '{"method":"subscribe","subscription":{"type":"bbo"}}',
        '{"method":"subscribe","subscription":{"type":"weather","coin":"BTC"}}',
        '{"method":"subscribe","subscription":{"type":"bbo","coin":["BTC","ETH"]}}',
        '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}',
        '{"method":"post","request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":-1,"request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":1,"request":{"type":"explorer","payload":{}}}',
    ],
)
@in_a_virtual_hour
async def test_what_is_no_request_is_quoted_back_and_the_socket_lives(exchange, message, autojump_clock):
    client = await exchange.websocket()
    answer = await client.ask(message)

    assert answer == {
        "channel": "error",
        "data": f"Error parsing JSON into valid websocket request: {message}",
    }
    assert await client.ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_a_binary_message_is_read_like_a_text(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.connection.send_message(b'{"method":"ping"}')

    assert await client.receive() == '{"channel":"pong"}'

    await client.connection.send_message(b"\xff")

    assert "Error parsing JSON" in await client.receive()


@in_a_virtual_hour
async def test_subscribing_twice_is_an_error_however_it_is_written(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="l2Book", coin="BTC")
    answer = await client.subscribe(coin="BTC", type="l2Book", nSigFigs=None, fast=False)
    echo = '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}'

    assert answer == {"channel": "error", "data": f"Already subscribed: {echo}"}


@in_a_virtual_hour
async def test_unsubscribing_from_nothing_is_an_error(exchange, autojump_clock):
    client = await exchange.websocket()
    answer = await client.unsubscribe(type="bbo", coin="NOPE")

    assert answer == {"channel": "error", "data": 'Already unsubscribed: {"type":"bbo","coin":"NOPE"}'}


@pytest.mark.parametrize(
    "subscription, echo",
    [
        ({"type": "orderUpdates", "user": USER}, f'{{"type":"orderUpdates","user":"{USER}"}}'),
        (
            {"type": "userFills", "user": USER},
            f'{{"type":"userFills","user":"{USER}","aggregateByTime":false}}',
        ),
        ({"type": "fastAssetCtxs"}, '{"type":"fastAssetCtxs"}'),
        (
            {"type": "l2Book", "coin": "BTC", "nSigFigs": 3},
            '{"type":"l2Book","coin":"BTC","nSigFigs":3,"mantissa":null,"fast":false}',
        ),
    ],
)
@in_a_virtual_hour
async def test_what_the_venue_has_and_this_exchange_has_not_is_refused(
    exchange, subscription, echo, autojump_clock
):
    client = await exchange.websocket()

    assert await client.subscribe(**subscription) == {
        "channel": "error",
        "data": f"Invalid subscription {echo}",
    }
    assert await client.ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_there_is_a_limit_to_subscriptions(autojump_clock, nursery):
    coins = [f"C{number}" for number in range(MAX_SUBSCRIPTIONS + 1)]
    exchange = Exchange(nursery, recording(*((0, bbo(coin)) for coin in coins)))
    client = await exchange.websocket()
    for coin in coins[:-1]:
        await client.send({"method": "subscribe", "subscription": {"type": "trades", "coin": coin}})
    for _ in coins[:-1]:
        assert json.loads(await client.receive())["channel"] == "subscriptionResponse"
    answer = await client.subscribe(type="trades", coin=coins[-1])

    assert answer == {"channel": "error", "data": "Cannot track more than 1000 total subscriptions."}


# The end of the connection.


@pytest.mark.parametrize(
    "subscription",
    [
        {"type": "bbo", "coin": "NOPE"},
        {"type": "l2Book", "coin": "btc"},
        {"type": "candle", "coin": "xyz:BTC", "interval": "1m"},
        {"type": "allMids", "dex": "xyz"},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
        {"type": "l2Book", "coin": "BTC", "mantissa": 2},
        {"type": "l2Book", "coin": "BTC", "mantissa": 2, "nSigFigs": 4},
    ],
)
@in_a_virtual_hour
async def test_an_unknown_coin_kills_the_socket_without_a_word(exchange, subscription, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    asked = trio.current_time()
    await client.send({"method": "subscribe", "subscription": subscription})
    code = await client.wait_closed()

    assert code == 1006  # no close frame came
    assert trio.current_time() - asked == pytest.approx(0.1)


@in_a_virtual_hour
async def test_a_killed_socket_cannot_be_kept_alive_by_pings(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "NOPE"}})
    await client.send({"method": "ping"})

    assert await client.wait_closed() == 1006
    assert trio.current_time() == pytest.approx(0.1)


@in_a_virtual_hour
async def test_a_socket_on_which_nothing_was_sent_for_a_minute_is_dropped(exchange, autojump_clock):
    client = await exchange.websocket()
    code = await client.wait_closed()

    assert code == 1006
    assert trio.current_time() == 60


@in_a_virtual_hour
async def test_app_pings_keep_a_silent_socket_alive_and_protocol_pings_do_not(exchange, autojump_clock):
    client = await exchange.websocket()
    for _ in range(10):
        await trio.sleep(50)
        assert await client.ask({"method": "ping"}) == {"channel": "pong"}
    await trio.sleep(50)
    await client.connection.ping()

    assert await client.wait_closed() == 1006
    assert trio.current_time() == 560


@in_a_virtual_hour
async def test_frames_keep_a_socket_alive_without_pings(autojump_clock, nursery):
    exchange = Exchange(nursery, recording(*((50 * number, bbo()) for number in range(10))))
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")

    assert await client.wait_closed() == 1006
    assert trio.current_time() == pytest.approx(SNAPSHOT_DELAY + 450 + 60)


@in_a_virtual_hour
async def test_a_client_that_says_goodbye_gets_its_goodbye(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    await client.connection.aclose()

    assert client.connection.closed.code == 1000

    await trio.testing.wait_all_tasks_blocked()

    assert exchange.local.connections == 0


@in_a_virtual_hour
async def test_a_message_too_long_ends_its_connection(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.send(" " * (MAX_MESSAGE_BYTES + 1))

    assert await client.wait_closed() == 1009


# The pace.


@in_a_virtual_hour
async def test_frames_come_at_the_pace_they_were_recorded_at(autojump_clock, nursery):
    offsets = [0, 0.013, 0.274, 0.274, 5, 17.25, 40]
    exchange = Exchange(nursery, recording(*((at, bbo()) for at in offsets)))
    client = await exchange.websocket()
    await trio.sleep(7)
    await client.subscribe(type="bbo", coin="BTC")
    seen = await client.read_for(50)

    assert [at for at, _ in seen] == pytest.approx([7 + SNAPSHOT_DELAY + at for at in offsets], abs=1e-6)


@pytest.mark.parametrize("speed", [0.5, 4, 1000])
@in_a_virtual_hour
async def test_they_come_n_times_faster(autojump_clock, nursery, speed):
    exchange = Exchange(nursery, recording(*((at, bbo()) for at in range(20))), speed=speed)
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    seen = await client.read_for(50)

    assert [at for at, _ in seen] == pytest.approx(
        [SNAPSHOT_DELAY + at / speed for at in range(20)], abs=1e-6
    )


@in_a_virtual_hour
async def test_as_fast_as_read_takes_no_time_at_all(autojump_clock, nursery):
    exchange = Exchange(nursery, recording(*((at, bbo()) for at in range(2000))), speed=None)
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    seen = await client.read_for(50)

    assert len(seen) == 2000
    assert {at for at, _ in seen} == {SNAPSHOT_DELAY}


@in_a_virtual_hour
async def test_each_connection_gets_the_recording_from_its_beginning(autojump_clock, nursery):
    frames = [bbo(bid=f"{number}.0") for number in range(10)]
    exchange = Exchange(nursery, recording(*enumerate(frames)))
    first = await exchange.websocket()
    await first.subscribe(type="bbo", coin="BTC")
    await trio.sleep(4.5)
    second = await exchange.websocket()
    await second.subscribe(type="bbo", coin="BTC")

    assert [text for _, text in await second.read_for(20)] == frames
    assert [text for _, text in await first.read_for(20)] == frames


@in_a_virtual_hour
async def test_who_subscribes_in_mid_play_gets_what_comes_from_then_on(autojump_clock, nursery):
    frames = [text for at in range(10) for text in (bbo(time=at), book(time=at))]
    exchange = Exchange(nursery, recording(*((number // 2, text) for number, text in enumerate(frames))))
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    early = [text for _, text in await client.read_for(4.5)]
    await client.subscribe(type="l2Book", coin="BTC")
    late = [text for _, text in await client.read_for(20)]

    assert early == frames[:10:2]
    assert late == frames[10:]


@in_a_virtual_hour
async def test_subscriptions_made_in_one_go_miss_nothing_even_at_full_speed(autojump_clock, nursery):
    frames = [bbo(), trades(), context(), candle(), frame("allMids", {"mids": {"BTC": "1.0"}})]
    exchange = Exchange(nursery, recording(*((0, text) for text in frames)), speed=None)
    client = await exchange.websocket()
    await client.subscribe(type="allMids")
    await client.subscribe(type="candle", coin="BTC", interval="1m")
    for kind in ("activeAssetCtx", "trades", "bbo"):
        await client.subscribe(type=kind, coin="BTC")

    assert [text for _, text in await client.read_for(1)] == frames


@in_a_virtual_hour
async def test_fast_and_plain_books_go_to_those_who_asked_for_them(autojump_clock, nursery):
    exchange = Exchange(nursery, recording((0, book(fast=True)), (1, book()), (2, book("ETH"))))
    fast, plain = await exchange.websocket(), await exchange.websocket()
    await fast.subscribe(type="l2Book", coin="BTC", fast=True)
    await plain.subscribe(type="l2Book", coin="BTC")

    assert [text for _, text in await fast.read_for(5)] == [book(fast=True)]
    assert [text for _, text in await plain.read_for(5)] == [book()]


@pytest.mark.parametrize("recorded, asked", [(False, True), (True, False)])
@in_a_virtual_hour
async def test_the_only_kind_of_book_there_is_goes_to_everybody(autojump_clock, nursery, recorded, asked):
    exchange = Exchange(nursery, recording((0, book(fast=recorded))))
    client = await exchange.websocket()
    await client.subscribe(type="l2Book", coin="BTC", fast=asked)

    assert [text for _, text in await client.read_for(5)] == [book(fast=recorded)]


@in_a_virtual_hour
async def test_contexts_of_spot_pairs_have_a_channel_of_their_own(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="activeAssetCtx", coin="PURR/USDC")

    assert [text for _, text in await client.read_for(5)] == [context("PURR/USDC")]


@in_a_virtual_hour
async def test_a_stream_that_was_not_recorded_is_a_quiet_market(exchange, autojump_clock):
    client = await exchange.websocket()
    ack = await client.subscribe(type="trades", coin="BTC")

    assert ack["channel"] == "subscriptionResponse"
    assert await client.read_for(50) == []


@in_a_virtual_hour
async def test_at_the_end_the_socket_stays_open_and_answers(exchange, autojump_clock):
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")

    assert [text for _, text in await client.read_for(40)] == [bbo()]
    assert await client.ask({"method": "ping"}) == {"channel": "pong"}


@in_a_virtual_hour
async def test_in_a_loop_the_market_goes_on(autojump_clock, nursery):
    exchange = Exchange(nursery, recording((0, bbo(time=1)), (0.5, bbo(time=2))), loop=True)
    client = await exchange.websocket()
    await client.subscribe(type="bbo", coin="BTC")
    seen = await client.read_for(3)

    assert [text for _, text in seen] == [bbo(time=time) for time in (1, 2, 1001, 1002, 2001, 2002)]
    assert [at for at, _ in seen] == pytest.approx([SNAPSHOT_DELAY + at / 2 for at in range(6)], abs=1e-6)


@in_a_virtual_hour
async def test_a_loop_as_fast_as_read_rests_while_nobody_listens(autojump_clock, nursery):
    exchange = Exchange(nursery, recording((0, bbo()), (0.5, bbo())), loop=True, speed=None)
    client = await exchange.websocket()
    await client.subscribe(type="trades", coin="BTC")
    await trio.sleep(30)  # under a MockClock this ends only if everybody rests
    await client.subscribe(type="bbo", coin="BTC")
    for _ in range(10):
        assert json.loads(await client.receive())["channel"] == "bbo"


# Posts.


@in_a_virtual_hour
async def test_an_info_post_is_answered_from_where_its_own_connection_stands(autojump_clock, nursery):
    exchange = Exchange(nursery, recording((0, book(bid="1.0")), (10, book(bid="2.0"))))
    client, other = await exchange.websocket(), await exchange.websocket()
    await client.subscribe(type="l2Book", coin="BTC")
    await client.read_for(30)
    await other.subscribe(type="bbo", coin="BTC")
    request = {"type": "l2Book", "coin": "BTC"}
    answers = [await each.post(request, post_id=7) for each in (client, other)]

    assert [answer["channel"] for answer in answers] == ["post", "post"]
    assert answers[0]["data"] == {
        "id": 7,
        "response": {
            "type": "info",
            "payload": {"type": "l2Book", "data": json.loads(book(bid="2.0"))["data"]},
        },
    }
    assert answers[1]["data"]["response"]["payload"]["data"]["levels"][0][0]["px"] == "1.0"


@in_a_virtual_hour
async def test_an_unknown_coin_in_a_post_is_null_and_kills_nothing(exchange, autojump_clock):
    client = await exchange.websocket()
    answer = await client.post({"type": "l2Book", "coin": "NOPE"})

    assert answer["data"]["response"]["payload"] == {"type": "l2Book", "data": None}


@pytest.mark.parametrize(
    "payload", [{"type": "weather"}, {}, [], None, "meta", {"type": "l2Book", "coin": 7}]
)
@in_a_virtual_hour
async def test_a_post_that_fits_no_schema_is_answered_with_an_error(exchange, payload, autojump_clock):
    client = await exchange.websocket()
    answer = await client.post(payload, post_id=3)

    assert answer["data"] == {
        "id": 3,
        "response": {
            "type": "error",
            "payload": "422 Unprocessable Entity: Failed to deserialize the JSON body into the target type",
        },
    }


@in_a_virtual_hour
async def test_actions_are_halted(exchange, autojump_clock):
    client = await exchange.websocket()
    answer = await client.post({"action": {"type": "noop"}}, kind="action", post_id=9)

    assert answer["data"] == {
        "id": 9,
        "response": {"type": "action", "payload": {"status": "err", "response": "Trading is halted."}},
    }


# Recordings.


@pytest.mark.skipif(not REAL_RECORDING.exists(), reason="the shared real recording is not here")
@pytest.mark.parametrize("speed", [1, 10, None])
@in_a_virtual_hour
async def test_the_real_recording_arrives_whole_verbatim_and_in_order(autojump_clock, nursery, speed):
    real = Recording.read(REAL_RECORDING)
    exchange = Exchange(nursery, real, speed=speed)
    client = await exchange.websocket()
    await client.subscribe(type="l2Book", coin="BTC")
    await client.subscribe(type="trades", coin="BTC")
    seen = await client.read_for(30)
    start = real.frames[0].received

    assert [text for _, text in seen] == [frame.text for frame in real.frames]
    if speed:
        due = [SNAPSHOT_DELAY + (frame.received - start) / 1e9 / speed for frame in real.frames]
        assert [at for at, _ in seen] == pytest.approx(due, abs=1e-6)


@in_a_virtual_hour
async def test_the_demo_recording_arrives_whole_for_who_subscribes_to_everything(autojump_clock, nursery):
    demo = Recording.read(demo_recording())
    exchange = Exchange(nursery, demo, speed=None)
    client = await exchange.websocket()
    await client.subscribe(type="allMids")
    for coin in demo.coins:
        for kind in ("bbo", "trades", "activeAssetCtx", "l2Book"):
            await client.subscribe(type=kind, coin=coin)
        await client.subscribe(type="l2Book", coin=coin, fast=True)
        await client.subscribe(type="candle", coin=coin, interval="1m")

    assert [text for _, text in await client.read_for(30)] == [frame.text for frame in demo.frames]
