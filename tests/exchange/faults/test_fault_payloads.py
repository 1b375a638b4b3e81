"""Messages as a broken venue sends them."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.edge.frames import frame_text
from livetrio.exchange.faults.payloads import (
    GIANT_BYTES,
    MAKERS,
    crossed_book,
    garbled,
    giant_frame,
    negative_size,
    price_off_tick,
    stale_snapshot,
    torn_frame,
    unknown_field,
    wrong_types,
)

BOOK = {
    "channel": "l2Book",
    "data": {
        "coin": "BTC",
        "time": 1_800_000_000_000,
        "levels": [[{"px": "1.0", "sz": "2", "n": 1}], [{"px": "1.1", "sz": "2", "n": 1}]],
        "fast": True,
        "empty": [],
        "none": {},
    },
}
FILLS = {"channel": "orderUpdates", "data": [{"status": "open"}, 7]}
PONG = {"channel": "pong"}

SEEDS = st.integers(0, 10_000).map(random.Random)
MESSAGES = st.sampled_from([json.dumps(each).encode() for each in (BOOK, FILLS, PONG)]) | st.binary(
    max_size=60
)


def read(message):
    return json.loads(message)


@given(MESSAGES, SEEDS, st.sampled_from([*MAKERS.values(), garbled]))
def test_anything_can_be_garbled(message, draw, maker):
    assert isinstance(maker(message, draw), bytes)


@given(SEEDS)
def test_bad_json_and_bad_utf8_are_neither(draw):
    message = json.dumps(BOOK).encode()

    with pytest.raises(ValueError, match=r"line 1"):
        json.loads(MAKERS["bad-json"](message, draw))
    with pytest.raises(UnicodeDecodeError):
        MAKERS["bad-utf8"](message, draw).decode()


@given(SEEDS, st.sampled_from([BOOK, FILLS]))
def test_wrong_types_and_nulls_are_json_of_the_same_channel(draw, said):
    message = json.dumps(said).encode()
    wrong, null = (read(MAKERS[name](message, draw)) for name in ("wrong-types", "null"))

    assert wrong["channel"] == said["channel"]
    assert wrong["data"] != said["data"]
    assert null is None or null["data"] != said["data"]


def test_types_are_twisted_all_the_way_down():
    draw = random.Random(0)
    wrong = read(wrong_types(json.dumps(BOOK).encode(), draw))

    assert wrong["data"]["coin"] == 3
    assert wrong["data"]["levels"][0][0]["n"] == "1"
    assert wrong["data"]["empty"] == {}
    assert wrong["data"]["none"] == []
    assert wrong["data"]["fast"] == "maybe"


@given(SEEDS)
def test_an_unknown_field_takes_nothing_away(draw):
    book = read(unknown_field(json.dumps(BOOK).encode(), draw))
    fills = read(unknown_field(json.dumps(FILLS).encode(), draw))

    assert book["data"].items() >= BOOK["data"].items()
    assert len(book["data"]) == len(BOOK["data"]) + 1
    assert fills["data"][0].items() > FILLS["data"][0].items()
    assert fills["data"][1] == 7
    assert unknown_field(b"no JSON", draw) == b"no JSON"


def test_a_crossed_book_has_its_sides_the_wrong_way_round():
    bbo = {"channel": "bbo", "data": {"bbo": [{"px": "1"}, {"px": "2"}]}}
    one_sided = {"channel": "bbo", "data": {"bbo": [{"px": "1"}, None]}}

    assert read(crossed_book(json.dumps(BOOK).encode()))["data"]["levels"] == BOOK["data"]["levels"][::-1]
    assert read(crossed_book(json.dumps(bbo).encode()))["data"]["bbo"] == [{"px": "2"}, {"px": "1"}]
    assert crossed_book(json.dumps(one_sided).encode()) is None
    assert crossed_book(json.dumps(FILLS).encode()) is None


TRADES = {"channel": "trades", "data": [{"px": "1.0", "sz": "2", "tid": 7}]}


@pytest.mark.parametrize("said", [BOOK, TRADES])
def test_one_size_is_below_zero_or_one_price_between_ticks_and_the_rest_is_true(said):
    message = json.dumps(said).encode()
    negative, off_tick = (read(maker(message)) for maker in (negative_size, price_off_tick))

    assert json.dumps(negative) == json.dumps(said).replace('"sz": "2"', '"sz": "-2"', 1)
    assert json.dumps(off_tick) == json.dumps(said).replace('"px": "1.0"', '"px": "1.00001"', 1)


@pytest.mark.parametrize("said", [FILLS, PONG, {"channel": "bbo", "data": {"bbo": [None, None]}}])
def test_what_has_neither_size_nor_price_cannot_be_wrong_in_them(said):
    message = json.dumps(said).encode()

    assert negative_size(message) is price_off_tick(message) is None


@given(SEEDS)
def test_a_stale_book_is_from_one_or_two_minutes_ago(draw):
    stale = read(stale_snapshot(json.dumps(BOOK).encode(), draw))

    assert 60_000 <= BOOK["data"]["time"] - stale["data"]["time"] < 120_000
    assert stale["data"]["levels"] == BOOK["data"]["levels"]
    assert stale_snapshot(json.dumps(FILLS).encode(), draw) is None


def test_a_giant_is_announced_and_never_sent():
    frame = giant_frame(b"{}")

    assert int.from_bytes(frame[2:10]) == GIANT_BYTES
    assert len(frame) == 12


@given(SEEDS)
def test_a_torn_frame_is_never_whole(draw):
    torn = torn_frame(draw)

    assert 0 < len(torn) < len(frame_text(b"x" * 60)) + 10
    assert len(torn) < 2 or len(torn) - 2 < torn[1]
