"""Requests over HTTP: what is asked about the market, and how HTTP itself is spoken."""

import json

import h11
import pytest
import trio
from exchange_client import (
    START_MS,
    Exchange,
    bbo,
    book,
    candle,
    context,
    frame,
    in_a_virtual_hour,
    masked_frame,
    read_to_the_end,
    recording,
    trade,
    trades,
    upgrade,
)

from livetrio.exchange.http import LINGER_LIMIT, MAX_BODY_BYTES, MAX_HEAD_BYTES
from livetrio.exchange.info import RECENT_TRADES

MINUTE_MS = 60_000
SCHEMA_ERROR = "Failed to deserialize the JSON body into the target type"
META = b'{"type":"meta"}'
MARGIN_TABLES = [[20, {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 20}]}]]


@pytest.fixture
def exchange(autojump_clock, nursery):
    """Two perpetuals, two spot pairs, an outcome and another dex's coin."""
    return Exchange(
        nursery,
        recording(
            (0, bbo("ETH", sz="0.25")),
            (0, book(bid="100.0", ask="101.0")),
            (1, context("BTC", mark="100.5")),
            (1, context("ETH", mark="7.5")),
            (1, context("@107", mark="3.0")),
            (1, context("PURR/USDC", mark="0.2")),
            (2, bbo("#10")),
            (2, bbo("xyz:GOLD")),
        ),
    )


async def play(exchange, seconds):
    """A client subscribes, and so the market moves on; info requests follow it."""
    client = await exchange.websocket()
    await client.subscribe(type="allMids")
    for _ in range(int(seconds // 50)):
        await trio.sleep(50)
        await client.ask({"method": "ping"})
    await trio.sleep(seconds % 50)


def post(path=b"/info", body=META, version=b"1.1", *headers):
    """A request as bytes."""
    lines = b"".join(b"%s\r\n" % header for header in headers)
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST %s HTTP/%s\r\nHost: exchange\r\n%s%s\r\n%s" % (path, version, length, lines, body)


async def converse(exchange, data):
    """Send bytes, then read to the end of the connection."""
    stream = exchange.dial()
    await stream.send_all(data)
    return await read_to_the_end(stream)


# Info: universes.


@in_a_virtual_hour
async def test_meta_lists_the_perpetuals_of_the_default_dex_with_their_size_decimals(
    exchange, autojump_clock
):
    status, meta = await exchange.info(type="meta")

    assert status == 200
    assert meta == {
        "universe": [
            {"szDecimals": 2, "name": "ETH", "maxLeverage": 20, "marginTableId": 20},
            {"szDecimals": 1, "name": "BTC", "maxLeverage": 20, "marginTableId": 20},
        ],
        "marginTables": MARGIN_TABLES,
        "collateralToken": 0,
    }
    assert await exchange.info(type="meta", dex="") == (200, meta)
    assert await exchange.info(type="allPerpMetas") == (200, [meta])


@in_a_virtual_hour
async def test_other_dexes_are_not_known(exchange, autojump_clock):
    assert await exchange.info(type="perpDexs") == (200, [None])
    assert await exchange.info(type="meta", dex="xyz") == (200, None)
    assert await exchange.info(type="metaAndAssetCtxs", dex="xyz") == (200, None)
    assert await exchange.info(type="allMids", dex="xyz") == (200, {})


@in_a_virtual_hour
async def test_spot_meta_lists_pairs_and_their_tokens(exchange, autojump_clock):
    status, meta = await exchange.info(type="spotMeta")

    assert status == 200
    assert meta["universe"] == [
        {"tokens": [1, 0], "name": "@107", "index": 107, "isCanonical": False},
        {"tokens": [2, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True},
    ]
    assert [(token["name"], token["index"]) for token in meta["tokens"]] == [
        ("USDC", 0),
        ("@107", 1),
        ("PURR", 2),
    ]


@in_a_virtual_hour
async def test_a_pair_without_a_number_gets_one_that_is_free(autojump_clock, nursery):
    exchange = Exchange(nursery, recording(*((0, bbo(coin)) for coin in ("@0", "A/USDC", "@2", "B/USDC"))))
    _, meta = await exchange.info(type="spotMeta")

    assert [pair["index"] for pair in meta["universe"]] == [0, 1, 2, 3]


@in_a_virtual_hour
async def test_contexts_stand_in_the_order_of_the_universe(exchange, autojump_clock):
    _, (meta, contexts) = await exchange.info(type="metaAndAssetCtxs")
    _, (spot_meta, spot_contexts) = await exchange.info(type="spotMetaAndAssetCtxs")

    assert [coin["name"] for coin in meta["universe"]] == ["ETH", "BTC"]
    assert contexts == [{"markPx": "7.5"}, {"markPx": "100.5"}]
    assert [coin["name"] for coin in spot_meta["universe"]] == ["@107", "PURR/USDC"]
    assert spot_contexts == [{"markPx": "3.0"}, {"markPx": "0.2"}]


@in_a_virtual_hour
async def test_contexts_with_a_gap_are_refused(autojump_clock, nursery):
    exchange = Exchange(nursery, recording((0, context("BTC")), (0, bbo("ETH"))))

    assert await exchange.info(type="metaAndAssetCtxs") == (
        422,
        f"{SCHEMA_ERROR}: the recording has no activeAssetCtx of ETH",
    )


@in_a_virtual_hour
async def test_there_are_no_outcomes(exchange, autojump_clock):
    assert await exchange.info(type="outcomeMeta") == (200, {"outcomes": [], "questions": []})


@in_a_virtual_hour
async def test_the_status_tells_the_exchanges_time(exchange, autojump_clock):
    _, before = await exchange.info(type="exchangeStatus")
    await trio.sleep(5)
    _, after = await exchange.info(type="exchangeStatus")

    assert after["time"] - before["time"] == 5000
    assert after["specialStatuses"] is None


# Info: prices.


@in_a_virtual_hour
async def test_mids_are_the_middles_of_the_touches(exchange, autojump_clock):
    _, mids = await exchange.info(type="allMids")

    assert mids == dict.fromkeys(("ETH", "BTC", "#10", "xyz:GOLD"), "100.5")


@in_a_virtual_hour
async def test_a_mid_comes_from_the_newest_of_what_tells_it(autojump_clock, nursery):
    one_sided = {"coin": "SOL", "time": START_MS, "bbo": [None, {"px": "9", "sz": "1", "n": 1}]}
    exchange = Exchange(
        nursery,
        recording(
            (0, frame("allMids", {"mids": {"BTC": "1.0", "OLD": "2.5"}})),
            (0, bbo("BTC", time=START_MS, bid="10", ask="12")),
            (0, book("BTC", time=START_MS + 2, bid="20", ask="20.5")),
            (0, book("BTC", time=START_MS + 1, bid="30", ask="31", fast=True)),
            (0, frame("bbo", one_sided)),
            (0, trades(trade("SOL", px="8.75"))),
            (0, bbo("ADA", bid="0.1", ask="0.3")),
            (0, bbo("BIG", bid="1000", ask="3000")),
        ),
    )
    _, mids = await exchange.info(type="allMids")

    assert mids == {"BTC": "20.25", "OLD": "2.5", "SOL": "8.75", "ADA": "0.2", "BIG": "2000.0"}


@in_a_virtual_hour
async def test_info_follows_the_playback_begun_last(autojump_clock, nursery):
    exchange = Exchange(nursery, recording(*((at, book(bid=f"{at}.0")) for at in range(10))))

    async def best_bid():
        _, answer = await exchange.info(type="l2Book", coin="BTC")
        return answer["levels"][0][0]["px"]

    assert await best_bid() == "0.0"

    await play(exchange, 5.5)

    assert await best_bid() == "5.0"

    await play(exchange, 2.5)

    assert await best_bid() == "2.0"


@pytest.mark.parametrize("fast", [False, True])
@in_a_virtual_hour
async def test_a_book_is_what_was_recorded_and_says_nothing_of_its_speed(autojump_clock, nursery, fast):
    exchange = Exchange(nursery, recording((0, book(fast=fast))))

    assert await exchange.info(type="l2Book", coin="BTC") == (200, json.loads(book())["data"])


@in_a_virtual_hour
async def test_an_unknown_coins_book_and_trades_are_null(exchange, autojump_clock):
    assert await exchange.info(type="l2Book", coin="NOPE") == (200, None)
    assert await exchange.info(type="recentTrades", coin="NOPE") == (200, None)


@pytest.mark.parametrize(
    "request_, reason",
    [
        ({"type": "l2Book", "coin": "ETH"}, "the recording has no l2Book of ETH"),
        ({"type": "recentTrades", "coin": "ETH"}, "the recording has no trades of ETH"),
        (
            {"type": "l2Book", "coin": "BTC", "nSigFigs": 3},
            "a recording cannot be asked for aggregated books",
        ),
        (
            {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m", "startTime": 0}},
            "the recording has no candle BTC 1m",
        ),
    ],
)
@in_a_virtual_hour
async def test_what_the_recording_does_not_know_is_refused_with_the_reason(
    exchange, request_, reason, autojump_clock
):
    assert await exchange.info(**request_) == (422, f"{SCHEMA_ERROR}: {reason}")


@in_a_virtual_hour
async def test_recent_trades_are_the_newest_first_and_each_once(autojump_clock, nursery):
    replayed = [trade(tid=tid) for tid in range(10)]
    later = [(tid, trades(trade(tid=tid))) for tid in range(9, 50)]
    exchange = Exchange(nursery, recording((0, trades(*replayed)), *later))
    _, at_the_beginning = await exchange.info(type="recentTrades", coin="BTC")
    await play(exchange, 12.5)
    _, soon = await exchange.info(type="recentTrades", coin="BTC")
    await trio.sleep(60)
    _, late = await exchange.info(type="recentTrades", coin="BTC")

    assert [each["tid"] for each in at_the_beginning] == list(range(9, -1, -1))
    assert [each["tid"] for each in soon] == list(range(12, -1, -1))
    assert [each["tid"] for each in late] == list(range(49, 49 - RECENT_TRADES, -1))


@in_a_virtual_hour
async def test_candles_that_have_gone_by_are_told_in_their_last_state(autojump_clock, nursery):
    starts = [START_MS + number * MINUTE_MS for number in range(4)]
    told = [
        (number * 60 + second, candle(t=start, close=f"{second}.0"))
        for number, start in enumerate(starts)
        for second in (1, 50)
    ]
    exchange = Exchange(nursery, recording(*told))
    await play(exchange, 3 * 60 + 10)

    async def snapshot(**range_):
        request = {"coin": "BTC", "interval": "1m", **range_}
        _, candles = await exchange.info(type="candleSnapshot", req=request)
        return [(each["t"], each["c"]) for each in candles]

    full = [(starts[0], "50.0"), (starts[1], "50.0"), (starts[2], "50.0"), (starts[3], "1.0")]

    assert await snapshot(startTime=0) == full
    assert await snapshot(startTime=starts[1], endTime=starts[2]) == full[1:3]
    assert await snapshot(startTime=starts[1] + 1, endTime=starts[3] - 1) == full[2:3]
    assert await snapshot(startTime=10**30) == []


@in_a_virtual_hour
async def test_in_a_second_lap_what_has_not_come_again_is_as_the_first_left_it(autojump_clock, nursery):
    frames = ((0, bbo()), (1, book(bid="1.0")), (9.5, book(bid="2.0")))
    exchange = Exchange(nursery, recording(*frames), loop=True)
    await play(exchange, 10.6)  # a lap is 10 s
    _, early = await exchange.info(type="l2Book", coin="BTC")
    await trio.sleep(1)
    _, late = await exchange.info(type="l2Book", coin="BTC")

    assert (early["time"], early["levels"][0][0]["px"]) == (START_MS, "2.0")
    assert (late["time"], late["levels"][0][0]["px"]) == (START_MS + 10_000, "1.0")


# Refusals.


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        7,
        "meta",
        {"type": "weather"},
        {"type": ["meta"]},
        {"type": "l2Book"},
        {"type": "l2Book", "coin": 7},
        {"type": "meta", "dex": 7},
        {"type": "candleSnapshot", "coin": "BTC"},
        {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "7m", "startTime": 0}},
        {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m", "startTime": "now"}},
    ],
)
@pytest.mark.parametrize("path", ["/info", "/exchange"])
@in_a_virtual_hour
async def test_what_fits_no_schema_is_422_in_plain_text(exchange, path, payload, autojump_clock):
    client = exchange.http()
    status, headers, body = await client.post(path, payload)

    assert (status, body.decode()) == (422, SCHEMA_ERROR)
    assert headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert (await client.post("/info", META))[0] == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}}", b"\xff", b'"\xff"', b'"\\ud800"', b"NaN", b"[" * 100_000, b"1" * 5000, b"1e999"],
)
@pytest.mark.parametrize("path", ["/info", "/exchange"])
@in_a_virtual_hour
async def test_what_is_no_json_is_400_in_plain_text(exchange, path, body, autojump_clock):
    client = exchange.http()
    status, headers, text = await client.post(path, body)

    assert (status, text) == (400, b"Failed to parse the request body as JSON")
    assert headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert (await client.post("/info", META))[0] == 200


@pytest.mark.parametrize(
    "method, path", [("GET", "/"), ("POST", "/infos"), ("POST", "/info/"), ("OPTIONS", "*")]
)
@in_a_virtual_hour
async def test_an_unknown_path_is_404(exchange, method, path, autojump_clock):
    status, _, body = await exchange.http().request(method, path)

    assert (status, body) == (404, b"Not Found")


@pytest.mark.parametrize(
    "method, path, allowed",
    [("GET", "/info", b"POST"), ("PUT", "/exchange", b"POST"), ("POST", "/ws", b"GET")],
)
@in_a_virtual_hour
async def test_a_wrong_method_is_405_and_told_the_right_one(exchange, method, path, allowed, autojump_clock):
    status, headers, _ = await exchange.http().request(method, path)

    assert (status, headers[b"allow"]) == (405, allowed)


@in_a_virtual_hour
async def test_an_answer_to_head_has_no_body_and_the_connection_goes_on(exchange, autojump_clock):
    client = exchange.http()
    status, headers, body = await client.request("HEAD", "/info")

    assert (status, headers[b"content-length"], body) == (405, b"18", b"")
    assert (await client.post("/info", META))[0] == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": "keep-alive"},
        {"Sec_WebSocket_Version": "12"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "short"},
    ],
)
@in_a_virtual_hour
async def test_an_upgrade_that_lacks_something_is_400(exchange, changed, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(upgrade(**changed))
    await stream.send_eof()
    answer = await read_to_the_end(stream)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"expected a WebSocket upgrade")


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /info HTTP/1.1\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /info HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
    ],
)
@in_a_virtual_hour
async def test_what_is_no_http_is_400_and_the_connection_is_closed(exchange, data, autojump_clock):
    answer = await converse(exchange, data)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close\r\n" in answer.lower()


@in_a_virtual_hour
async def test_an_unknown_transfer_coding_is_501(exchange, autojump_clock):
    answer = await converse(exchange, b"POST /info HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 501 ")


@in_a_virtual_hour
async def test_headers_too_large_are_431(exchange, autojump_clock):
    answer = await converse(exchange, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * MAX_HEAD_BYTES)

    assert answer.startswith(b"HTTP/1.1 431 ")


@in_a_virtual_hour
async def test_a_body_announced_too_large_is_413_before_it_is_sent(exchange, autojump_clock):
    head = b"POST /info HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    answer = await converse(exchange, head % (MAX_BODY_BYTES + 1))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"Payload Too Large")


@in_a_virtual_hour
async def test_a_body_of_the_largest_size_is_read(exchange, autojump_clock):
    status, _, _ = await exchange.http().post("/info", META + b" " * (MAX_BODY_BYTES - len(META)))

    assert status == 200


@in_a_virtual_hour
async def test_a_body_that_becomes_too_large_is_413_though_the_client_sends_on(exchange, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(b"POST /info HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(40):
        await stream.send_all(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    answer = await read_to_the_end(stream)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "rest, status",
    [
        (b"Content-Length: 99999999\r\n\r\n", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    ],
)
@in_a_virtual_hour
async def test_a_refusal_of_a_head_request_has_no_body_either(exchange, rest, status, autojump_clock):
    answer = await converse(exchange, b"HEAD /info HTTP/1.1\r\nHost: a\r\n" + rest)

    assert answer.startswith(b"HTTP/1.1 %s " % status)
    assert answer.endswith(b"\r\n\r\n")
    assert await exchange.info(type="perpDexs") == (200, [None])


@in_a_virtual_hour
async def test_after_a_refusal_the_exchange_does_not_listen_for_long(exchange, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(b"hello\r\n\r\n")
    await read_to_the_end(stream)
    await trio.sleep(LINGER_LIMIT + 0.1)

    assert exchange.local.connections == 0


# Connections.


@in_a_virtual_hour
async def test_a_connection_takes_one_request_after_another(exchange, autojump_clock):
    client = exchange.http()
    answers = [await client.post("/info", {"type": "perpDexs"}) for _ in range(20)]
    await trio.sleep(50)
    answers.append(await client.post("/info?colour=red", {"type": "perpDexs"}))

    assert {(status, body) for status, _, body in answers} == {(200, b"[null]")}
    assert exchange.local.connections == 1


@in_a_virtual_hour
async def test_requests_sent_in_one_go_are_answered_in_order(exchange, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(post() + post(b"/nowhere") + post(b"/exchange") + post(body=b'{"type":"perpDexs"}'))
    await stream.send_eof()
    answers = (await read_to_the_end(stream)).split(b"HTTP/1.1 ")

    assert [answer[:3] for answer in answers] == [b"", b"200", b"404", b"422", b"200"]
    assert answers[-1].endswith(b"[null]")


@in_a_virtual_hour
async def test_a_request_may_come_byte_by_byte(exchange, autojump_clock):
    stream = exchange.dial()
    for byte in post(body=b'{"type":"perpDexs"}'):
        await stream.send_all(bytes([byte]))
        await trio.sleep(0.01)
    await stream.send_eof()

    assert (await read_to_the_end(stream)).endswith(b"\r\n\r\n[null]")


@pytest.mark.parametrize(
    "data",
    [
        post(b"/info", META, b"1.0"),
        post(b"/info", META, b"1.0", b"Connection: keep-alive"),
        post(b"/info", META, b"1.1", b"Connection: close"),
    ],
)
@in_a_virtual_hour
async def test_who_wants_no_further_answer_is_closed_after_the_first(exchange, data, autojump_clock):
    answer = await converse(exchange, data + post())

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close\r\n" in answer.lower()


@in_a_virtual_hour
async def test_who_expects_to_be_told_to_continue_is_told(exchange, autojump_clock):
    stream = exchange.dial()
    request = post(b"/info", META, b"1.1", b"Expect: 100-continue", b"Connection: close")
    await stream.send_all(request.removesuffix(META))
    go_on = await stream.receive_some()
    await stream.send_all(META)
    answer = await read_to_the_end(stream)

    assert go_on.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")


@in_a_virtual_hour
async def test_a_chunked_body_is_read(exchange, autojump_clock):
    client = exchange.http()
    head = [("host", "exchange"), ("transfer-encoding", "chunked")]
    await client.stream.send_all(client.h11.send(h11.Request(method="POST", target="/info", headers=head)))
    for piece in (b'{"type":', b'"perp', b'Dexs"}'):
        await client.stream.send_all(client.h11.send(h11.Data(data=piece)))
        await trio.sleep(1)
    await client.stream.send_all(client.h11.send(h11.EndOfMessage()))
    status, _, body = await client.response()

    assert (status, body) == (200, b"[null]")
    assert (await client.post("/info", META))[0] == 200


@in_a_virtual_hour
async def test_an_offer_of_http2_is_passed_over(exchange, autojump_clock):
    status, _, _ = await exchange.http().post("/info", META, upgrade="h2c", connection="upgrade")

    assert status == 200


@in_a_virtual_hour
async def test_a_repeated_header_is_one_list(exchange, autojump_clock):
    stream = exchange.dial()
    await stream.send_all(upgrade(Connection="keep-alive\r\nConnection: Upgrade"))

    assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 ")


@in_a_virtual_hour
async def test_a_connection_turns_to_websocket_after_requests_and_takes_what_came_with_the_upgrade(
    exchange, autojump_clock
):
    client = exchange.http()
    await client.post("/info", META)
    ping = masked_frame(b'{"method":"ping"}')
    offers = {"Sec_WebSocket_Extensions": "permessage-deflate", "Sec_WebSocket_Protocol": "chat"}
    await client.stream.send_all(upgrade(**offers) + ping)
    received = b""
    while not received.endswith(b"}") and (data := await client.stream.receive_some()):
        received += data
    head, _, frames = received.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the example of RFC 6455 §1.3
    assert b"extensions" not in head.lower()
    assert b"protocol:" not in head.lower()
    assert frames == b'\x81\x12{"channel":"pong"}'


# Trading.


@in_a_virtual_hour
async def test_trading_is_halted(exchange, autojump_clock):
    signature = {"r": "0x1", "s": "0x2", "v": 27}
    action = {"type": "order", "orders": []}
    status, headers, body = await exchange.http().post(
        "/exchange", {"action": action, "nonce": START_MS, "signature": signature, "vaultAddress": None}
    )

    assert status == 200
    assert headers[b"content-type"] == b"application/json"
    assert json.loads(body) == {"status": "err", "response": "Trading is halted."}


@pytest.mark.parametrize("missing", ["action", "nonce", "signature"])
@in_a_virtual_hour
async def test_an_action_that_is_not_whole_is_422(exchange, missing, autojump_clock):
    request = {"action": {}, "nonce": 1, "signature": {"r": "0x1", "s": "0x2", "v": 27}}
    del request[missing]
    status, _, body = await exchange.http().post("/exchange", request)

    assert (status, body.decode()) == (422, SCHEMA_ERROR)


# The same over the WebSocket.


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "meta"},
        {"type": "meta", "dex": "xyz"},
        {"type": "allPerpMetas"},
        {"type": "perpDexs"},
        {"type": "spotMeta"},
        {"type": "metaAndAssetCtxs"},
        {"type": "spotMetaAndAssetCtxs"},
        {"type": "allMids"},
        {"type": "l2Book", "coin": "BTC"},
        {"type": "recentTrades", "coin": "NOPE"},
        {"type": "exchangeStatus"},
        {"type": "outcomeMeta"},
    ],
)
@in_a_virtual_hour
async def test_a_post_is_answered_as_the_request_over_http_is(exchange, request_, autojump_clock):
    client = await exchange.websocket()
    _, over_http = await exchange.info(**request_)
    answer = await client.post(request_, post_id=5)

    assert answer == {
        "channel": "post",
        "data": {
            "id": 5,
            "response": {"type": "info", "payload": {"type": request_["type"], "data": over_http}},
        },
    }


@in_a_virtual_hour
async def test_a_refusal_in_a_post_gives_the_status_and_the_reason(exchange, autojump_clock):
    client = await exchange.websocket()
    answer = await client.post({"type": "l2Book", "coin": "ETH"})

    assert answer["data"]["response"] == {
        "type": "error",
        "payload": f"422 Unprocessable Entity: {SCHEMA_ERROR}: the recording has no l2Book of ETH",
    }
