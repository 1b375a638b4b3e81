"""What clients may say: decoded into one form, however it was written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.api.subscriptions import NOT_JSON, Subscription, is_address, read_message

USER = "0x" + "aB" * 20
LOWER = USER.lower()


def read(subscription):
    message = {"method": "subscribe", "subscription": subscription}
    return read_message(msgspec.json.encode(message)).subscription


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
            {"fast": True, "mantissa": 2, "nSigFigs": 5, "coin": "BTC", "type": "l2Book"},
            '{"type":"l2Book","coin":"BTC","nSigFigs":5,"mantissa":2,"fast":true}',
        ),
        (
            {"type": "candle", "interval": "1m", "coin": "BTC"},
            '{"type":"candle","coin":"BTC","interval":"1m"}',
        ),
        ({"type": "allMids"}, '{"type":"allMids","dex":""}'),
        ({"type": "orderUpdates", "user": USER}, f'{{"type":"orderUpdates","user":"{LOWER}"}}'),
        (
            {"type": "userFills", "user": USER},
            f'{{"type":"userFills","user":"{LOWER}","aggregateByTime":false}}',
        ),
        ({"type": "twapStates", "user": USER}, f'{{"type":"twapStates","user":"{LOWER}","dex":""}}'),
        (
            {"type": "clearinghouseState", "user": USER},
            f'{{"type":"clearinghouseState","user":"{LOWER}","dex":""}}',
        ),
        ({"type": "openOrders", "user": USER}, f'{{"type":"openOrders","user":"{LOWER}","dex":""}}'),
        ({"type": "spotState", "user": USER}, f'{{"type":"spotState","user":"{LOWER}"}}'),
        (
            {"type": "spotState", "isPortfolioMargin": False, "user": USER},
            f'{{"type":"spotState","user":"{LOWER}","isPortfolioMargin":false}}',
        ),
        (
            {"type": "activeAssetData", "coin": "BTC", "user": USER},
            f'{{"type":"activeAssetData","user":"{LOWER}","coin":"BTC"}}',
        ),
    ],
)
def test_the_echo_is_in_the_venues_order_with_defaults_filled_and_users_in_lower_case(subscription, echo):
    assert msgspec.json.encode(read(subscription)).decode() == echo


@pytest.mark.parametrize(
    "subscription",
    [
        {},
        {"type": "weather", "coin": "BTC"},
        {"type": "bbo"},
        {"type": "bbo", "coin": ["BTC", "ETH"]},
        {"type": "bbo", "coin": None},
        {"type": "candle", "coin": "BTC", "interval": "7m"},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": -1},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 2**40},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": "5"},
        {"type": "l2Book", "coin": "BTC", "fast": 1},
        {"type": "userFills"},
        {"type": "userFills", "user": 1},
        {"type": "userFills", "user": USER, "aggregateByTime": None},
    ],
)
def test_what_does_not_fit_is_no_message(subscription):
    with pytest.raises(msgspec.ValidationError):
        read(subscription)


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_what_is_expected(message):
    try:
        read_message(message)
    except NOT_JSON:
        pass


KINDS = [kind.__struct_config__.tag for kind in Subscription.__args__]


@given(
    kind=st.sampled_from(KINDS),
    user=st.from_regex(r"0x[0-9a-fA-F]{40}", fullmatch=True),
    order=st.randoms(),
)
def test_two_ways_to_write_a_subscription_are_one(kind, user, order):
    fields = {"type": kind, "user": user, "coin": "BTC", "interval": "1m", "dex": ""}
    shuffled = list(fields.items())
    order.shuffle(shuffled)
    one, other = read(fields), read(dict(shuffled) | {"user": user.upper().replace("X", "x")})

    assert one == other
    assert hash(one) == hash(other)
    assert read(msgspec.to_builtins(one)) == one


@pytest.mark.parametrize(
    "user, expected",
    [
        (LOWER, True),
        ("", False),
        ("0x", False),
        (LOWER[:-1], False),
        (LOWER + "0", False),
        (LOWER + "\n", False),
        ("0x" + "g" * 40, False),
        ("0x" + "٣" * 40, False),
    ],
)
def test_an_address_is_forty_hexadecimal_digits(user, expected):
    assert is_address(user) is expected
