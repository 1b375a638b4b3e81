"""One client: acks, errors, offences, posts, limits; and nothing it says can raise."""

import json

import pytest
from feed_world import ALICE, NOBODY, Connection, Market
from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.exchange.api.session import KILL_DELAY
from livetrio.exchange.api.signed import CannotRead
from livetrio.exchange.api.subscriptions import Subscription
from livetrio.exchange.limits import Caps, Limits

MIXED = "0x" + "Ab" * 20
"""As the SDK sends them."""

PONG = [{"channel": "pong"}]


@pytest.fixture
def market():
    return Market()


@pytest.fixture
def client(market):
    return Connection(market)


def limited(market, **caps):
    return Limits(lambda: market.now / 1000, Caps(**caps))


def error(text):
    return [{"channel": "error", "data": text}]


# Acks.


def test_a_pong_has_no_data(client):
    client.session.receive(b'{"method":"ping"}')

    assert client.outbox.texts == ['{"channel":"pong"}']


@pytest.mark.parametrize(
    "subscription, echo",
    [
        ({"type": "bbo", "coin": "BTC"}, '{"type":"bbo","coin":"BTC"}'),
        (
            {"type": "l2Book", "coin": "BTC"},
            '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}',
        ),
        (
            {"type": "userFills", "user": MIXED},
            f'{{"type":"userFills","user":"{MIXED.lower()}","aggregateByTime":false}}',
        ),
        ({"type": "allMids"}, '{"type":"allMids","dex":""}'),
    ],
)
def test_an_ack_echoes_the_subscription_and_precedes_all_frames_of_it(client, subscription, echo):
    for method in ("subscribe", "unsubscribe", "subscribe"):
        client.session.receive(json.dumps({"method": method, "subscription": subscription}).encode())

        assert client.outbox.take_texts()[0] == (
            f'{{"channel":"subscriptionResponse","data":{{"method":"{method}","subscription":{echo}}}}}'
        )


# Errors.


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "",
        "[" * 100_000,
        '{"method":"post","id":1,"request":{"type":"info","payload":' + "[" * 100_000,
        "[]",
        "{}",
        "1e999",
        '{"method":"shout"}',
        '{"method":"subscribe"}',
        '{"method":"subscribe","subscription":{"type":"bbo"}}',
        '{"method":"subscribe","subscription":{"type":"weather","coin":"BTC"}}',
        '{"method":"subscribe","subscription":{"type":"bbo","coin":["BTC","ETH"]}}',
        '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}',
        '{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs":1e30}}',
        '{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs":' + "9" * 400 + "}}",
        '{"method":"subscribe","subscription":{"type":"userFills","user":7}}',
        '{"method":"post","request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":-1,"request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":1e400,"request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":1,"request":{"type":"explorer","payload":{}}}',
    ],
)
def test_what_is_no_request_is_quoted_back_and_the_socket_lives(client, message):
    assert client.say(message) == error(f"Error parsing JSON into valid websocket request: {message}")
    assert client.say({"method": "ping"}) == PONG


def test_bytes_that_are_no_text_are_quoted_as_far_as_they_are(client):
    assert client.say(b'\xff{"method":"ping"}') == error(
        'Error parsing JSON into valid websocket request: �{"method":"ping"}'
    )


def test_subscribing_twice_is_an_error_however_it_is_written(client):
    client.subscribe(type="l2Book", coin="BTC")
    echo = '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}'

    assert client.subscribe(coin="BTC", type="l2Book", nSigFigs=None, fast=False) == error(
        f"Already subscribed: {echo}"
    )

    client.subscribe(type="orderUpdates", user=MIXED)

    assert client.subscribe(type="orderUpdates", user=MIXED.lower()) == error(
        f'Already subscribed: {{"type":"orderUpdates","user":"{MIXED.lower()}"}}'
    )


def test_unsubscribing_from_nothing_is_an_error(client):
    assert client.unsubscribe(type="bbo", coin="NOPE") == error(
        'Already unsubscribed: {"type":"bbo","coin":"NOPE"}'
    )


@pytest.mark.parametrize(
    "subscription, echo",
    [
        ({"type": "orderUpdates", "user": "0xAB"}, '{"type":"orderUpdates","user":"0xab"}'),
        ({"type": "userEvents", "user": ""}, '{"type":"userEvents","user":""}'),
        (
            {"type": "activeAssetData", "user": ALICE, "coin": "@107"},
            f'{{"type":"activeAssetData","user":"{ALICE}","coin":"@107"}}',
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_the_socket_lives(client, subscription, echo):
    assert client.subscribe(**subscription) == error(f"Invalid subscription {echo}")
    assert client.outbox.kills == []
    assert client.say({"method": "ping"}) == PONG


# The end of the connection.


@pytest.mark.parametrize(
    "subscription",
    [
        {"type": "bbo", "coin": "NOPE"},
        {"type": "l2Book", "coin": "btc"},
        {"type": "trades", "coin": ""},
        {"type": "candle", "coin": "xyz:BTC", "interval": "1m"},
        {"type": "allMids", "dex": "xyz"},
        {"type": "clearinghouseState", "user": ALICE, "dex": "xyz"},
        {"type": "activeAssetData", "user": ALICE, "coin": "NOPE"},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
        {"type": "l2Book", "coin": "BTC", "mantissa": 2},
        {"type": "l2Book", "coin": "BTC", "mantissa": 2, "nSigFigs": 4},
        {"type": "l2Book", "coin": "BTC", "mantissa": 3, "nSigFigs": 5},
    ],
)
def test_an_unknown_coin_kills_the_socket_without_a_word(client, subscription):
    assert client.subscribe(**subscription) == []
    assert client.outbox.kills == [KILL_DELAY]


# Posts.


def test_an_info_post_is_answered_with_what_http_would_say(market, client):
    market.place(market.alice, "buy", 91_000, 0.5)
    market.block()
    ((answer,), book) = (
        client.post({"type": "l2Book", "coin": "BTC"}, post_id=2**53),
        {"px": "91000.0", "sz": "0.5", "n": 1},
    )

    assert answer["channel"] == "post"
    assert answer["data"]["id"] == 2**53
    assert answer["data"]["response"]["type"] == "info"
    assert answer["data"]["response"]["payload"]["type"] == "l2Book"
    assert answer["data"]["response"]["payload"]["data"]["levels"] == [[book], []]


def test_an_unknown_coin_in_a_post_is_null_and_kills_nothing(client):
    (answer,) = client.post({"type": "l2Book", "coin": "NOPE"})

    assert answer["data"]["response"]["payload"] == {"type": "l2Book", "data": None}
    assert client.outbox.kills == []


@pytest.mark.parametrize(
    "payload", [{"type": "weather"}, {}, [], None, "meta", {"type": 7}, {"type": "l2Book", "coin": 7}]
)
def test_a_post_that_fits_no_schema_is_answered_with_an_error(client, payload):
    assert client.post(payload, post_id=3)[0]["data"] == {
        "id": 3,
        "response": {
            "type": "error",
            "payload": "422 Unprocessable Entity: Failed to deserialize the JSON body into the target type",
        },
    }


def test_info_posts_weigh_as_much_as_info_requests(market):
    limits = limited(market, rest_weight=43)
    market.trade()
    market.block()
    client = Connection(market, limits=limits)
    for _ in range(2):
        (answer,) = client.post({"type": "recentTrades", "coin": "BTC"})  # 20, and 1 for one trade

        assert answer["data"]["response"]["type"] == "info"

    (answer,) = client.post({"type": "l2Book", "coin": "BTC"})

    assert answer["data"]["response"] == {"type": "error", "payload": "429 Too Many Requests"}


def test_actions_are_answered_when_there_is_an_answer_in_any_order(client):
    assert client.post({"action": 1}, "action", post_id=5) == []
    assert client.post({"action": 2}, "action", post_id=5) == []

    (first, second) = client.acted

    assert [first[0], second[0]] == [{"action": 1}, {"action": 2}]

    second[1]({"status": "err", "response": "no"})
    first[1]({"status": "ok", "response": {"type": "default"}})
    first[1]({"status": "ok", "response": {"type": "default"}})

    assert [each["data"] for each in client.outbox.take()] == [
        {"id": 5, "response": {"type": "action", "payload": {"status": "err", "response": "no"}}},
        {
            "id": 5,
            "response": {"type": "action", "payload": {"status": "ok", "response": {"type": "default"}}},
        },
    ]


def test_an_action_may_be_answered_at_once(market):
    client = Connection(market, act=lambda payload, done: done({"status": "err", "response": "halted"}))
    (answer,) = client.post({}, "action", post_id=9)

    assert answer["data"]["response"]["payload"] == {"status": "err", "response": "halted"}


def test_an_action_that_fits_no_schema_is_answered_with_an_error(market):
    def act(payload, done):
        raise CannotRead("Object missing required field `action`")

    limits = limited(market, pending_posts=1)
    client = Connection(market, act=act, limits=limits)
    for _ in range(2):
        (answer,) = client.post({}, "action", post_id=9)

        assert answer["data"]["response"] == {
            "type": "error",
            "payload": "422 Unprocessable Entity: Failed to deserialize the JSON body into the target type: "
            "Object missing required field `action`",
        }


def test_who_is_gone_gets_no_answer_and_its_limits_are_free_again(market):
    limits = limited(market, pending_posts=1, subscriptions=2, users=1)
    gone, other = Connection(market, limits=limits), Connection(market, limits=limits)
    gone.subscribe(type="userFills", user=ALICE)
    gone.subscribe(type="bbo", coin="BTC")
    gone.post({}, "action", post_id=1)
    gone.outbox.take()
    gone.session.closed()
    gone.acted[0][1]({"status": "ok", "response": {"type": "default"}})

    assert gone.outbox.take() == []
    assert other.post({}, "action", post_id=2) == []
    assert other.subscribe(type="userFills", user=NOBODY)[0]["channel"] == "subscriptionResponse"
    assert other.subscribe(type="bbo", coin="BTC")[0]["channel"] == "subscriptionResponse"


# Limits.


def test_too_many_posts_on_their_way_are_refused_by_number(market):
    client = Connection(market, limits=limited(market, pending_posts=2))
    for number in (1, 2):
        assert client.post({}, "action", post_id=number) == []

    assert client.post({}, "action", post_id=3) == error("too many pending post requests id=3")
    assert client.post({"type": "meta"}, post_id=4) == error("too many pending post requests id=4")

    client.acted[0][1]({"status": "ok"})
    client.outbox.take()

    assert client.post({"type": "exchangeStatus"}, post_id=5)[0]["data"]["id"] == 5


def test_the_fifteenth_user_is_one_too_many_and_the_next_is_not_after_an_unsubscription(market, client):
    users = [f"0x{number:040x}" for number in range(15)]
    for user in users[:14]:
        for kind in ("userFills", "orderUpdates"):
            assert client.subscribe(type=kind, user=user)[0]["channel"] == "subscriptionResponse"

    assert client.subscribe(type="userFills", user=users[14]) == error(
        "Cannot track more than 15 total users."
    )

    for kind in ("userFills", "orderUpdates"):
        client.unsubscribe(type=kind, user=users[3])

    assert client.subscribe(type="userFills", user=users[14])[0]["channel"] == "subscriptionResponse"


def test_there_is_a_limit_to_subscriptions(market):
    client = Connection(market, limits=limited(market, subscriptions=1))
    client.subscribe(type="bbo", coin="BTC")

    assert client.subscribe(type="bbo", coin="ETH") == error("Cannot subscribe to more than 1 channels.")

    client.unsubscribe(type="bbo", coin="BTC")

    assert client.subscribe(type="bbo", coin="ETH")[0]["channel"] == "subscriptionResponse"


def test_beyond_the_messages_of_a_minute_nothing_is_done(market):
    client = Connection(market, limits=limited(market, messages=2))
    client.say({"method": "ping"})

    assert client.say({"method": "ping"}) == PONG
    assert client.subscribe(type="bbo", coin="BTC") == error("Cannot send more than 2 messages per minute.")

    market.wait(61_000)

    assert client.subscribe(type="bbo", coin="BTC")[0]["channel"] == "subscriptionResponse"


# Whatever it says.

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(("BTC", "@107", "NOPE", "1m", ALICE, "0x", "meta", "l2Book", "userFills", 2**70)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("type", "coin", "user", "dex", "interval", "nSigFigs", "oid", "req"))
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from([kind.__struct_config__.tag for kind in Subscription.__args__])
SUBSCRIPTIONS = st.fixed_dictionaries(
    {"type": KINDS},
    optional={
        "coin": st.sampled_from(("BTC", "@107", "NOPE")) | JSON,
        "user": st.sampled_from((ALICE, MIXED, "0x")) | JSON,
        "interval": st.just("1m") | JSON,
        "nSigFigs": st.integers(0, 7) | JSON,
        "mantissa": st.integers(0, 7) | JSON,
        "fast": st.booleans() | JSON,
        "dex": st.just("") | JSON,
    },
)
MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"method": st.sampled_from(("subscribe", "unsubscribe")), "subscription": SUBSCRIPTIONS | JSON}
    ),
    st.fixed_dictionaries(
        {
            "method": st.just("post"),
            "id": st.integers(0, 2**64) | JSON,
            "request": st.fixed_dictionaries(
                {"type": st.sampled_from(("info", "action", "explorer")), "payload": SUBSCRIPTIONS | JSON}
            ),
        }
    ),
    st.fixed_dictionaries({"method": JSON}),
    JSON,
)


@settings(deadline=None)
@given(
    messages=st.lists(
        st.binary() | st.text().map(str.encode) | MESSAGES.map(lambda each: json.dumps(each).encode()),
        max_size=8,
    )
)
def test_nothing_that_a_client_says_raises_and_the_next_ping_is_answered(messages):
    market = Market()
    client, witness = Connection(market), Connection(market)
    witness.subscribe(type="bbo", coin="BTC")
    witness.outbox.take()
    for message in messages:
        client.session.receive(message)
    client.outbox.take()

    assert client.say({"method": "ping"}) == PONG

    market.trade()
    market.block(wait=1000)
    for text in client.outbox.texts:
        json.loads(text)
    client.session.closed()

    assert witness.outbox.channels() == ["bbo"] * bool(witness.outbox.texts)
    assert witness.outbox.kills == []
