"""The shape of a book frame says the same as a look at each of its numbers."""

import gzip
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hyperliquid_recording import RECORDING

from livetrio.errors import FrameError
from livetrio.venues.hyperliquid import shape
from livetrio.venues.hyperliquid.messages import BookFrame
from livetrio.venues.hyperliquid.shape import BookShapes

read = msgspec.json.Decoder(BookFrame).decode


def book_frame(*levels, head="", separators=(",", ":")):
    """A frame whose bids are the levels (dicts or price and size)."""
    bids = [each if isinstance(each, dict) else {"px": each[0], "sz": each[1], "n": 1} for each in levels]
    data = {"coin": "BTC", "time": 1, "levels": [bids, []]}
    return head.encode() + json.dumps({"channel": "l2Book", "data": data}, separators=separators).encode()


def is_taken(shapes, frame):
    try:
        shapes.check(frame, read(frame).data)
    except FrameError:
        return False
    return True


numbers_and_others = st.sampled_from(
    [
        "1.0",
        "63457.0",
        "0.00028",
        "5",
        ".5",
        "5.",
        ".",
        "",
        "-1.0",
        "1.2.3",
        "NaN",
        "1e5",
        "1.0x",
        '1"0',
        "\\1.0",
    ]
)
extra_fields = st.dictionaries(
    st.sampled_from(["px1", "p1x", "1px", "sz0", "s0z", "x", "1", "p"]), numbers_and_others, max_size=3
)
levels = st.lists(
    st.builds(
        lambda px, sz, extra: {"px": px, "sz": sz, "n": 1} | extra,
        numbers_and_others,
        numbers_and_others,
        st.just({}) | extra_fields,
    ),
    max_size=4,
)


@settings(deadline=None)
@given(st.lists(levels, min_size=2, max_size=6))
def test_what_has_been_seen_before_never_changes_the_verdict(books):
    shapes = BookShapes()
    for book in books:
        frame = book_frame(*book)

        assert is_taken(shapes, frame) == is_taken(BookShapes(), frame)


@settings(deadline=None)
@given(st.permutations([("px", "1.0"), ("sz", "1.0"), ("px1", "NaN"), ("sz2", "NaN"), ("n", "1")]))
def test_a_field_that_looks_like_another_without_its_digits_opens_no_door(fields):
    def frame(exchange):
        pairs = [(exchange.get(key, key), value) for key, value in fields]
        level = ",".join(
            f'"{key}":{value if key == "n" else chr(34) + value + chr(34)}' for key, value in pairs
        )
        return f'{{"channel":"l2Book","data":{{"coin":"BTC","time":1,"levels":[[{{{level}}}],[]]}}}}'.encode()

    shapes = BookShapes()

    assert is_taken(shapes, frame({}))
    assert not is_taken(shapes, frame({"px": "px1", "px1": "px"}))
    assert not is_taken(shapes, frame({"sz": "sz2", "sz2": "sz"}))


def test_a_key_in_disguise_opens_no_door():
    head = b'{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{"px":"1.0","sz":"1.0","n":1,'
    other_field = head + b'"\\u0071x":"NaN"}],[]]}}'  # "qx"
    price_again = head + b'"\\u0070x":"NaN"}],[]]}}'  # "px", and the same without its digits
    shapes = BookShapes()

    assert is_taken(shapes, other_field)
    assert not is_taken(shapes, price_again)


def test_a_key_given_twice_opens_no_door():
    head = b'{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{'
    first_bad = head + b'"px":"NaN","px":"1.0","sz":"1.0","n":1}],[]]}}'
    last_bad = head + b'"px":"1.0","px":"NaN","sz":"1.0","n":1}],[]]}}'
    shapes = BookShapes()

    assert is_taken(shapes, first_bad)
    assert not is_taken(shapes, last_bad)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("level", [{"px": "NaN", "sz": "1.0"}, {"px": "1.0", "sz": "-1.0"}])
def test_both_sides_are_looked_at_down_to_the_last_level(side, level):
    frame = json.loads(book_frame(("1.0", "2.5"), ("1.1", "2.5")))
    frame["data"]["levels"][1] = list(frame["data"]["levels"][0])
    frame["data"]["levels"][side].append(level | {"n": 1})

    assert not is_taken(BookShapes(), json.dumps(frame).encode())


def test_a_good_frame_is_remembered_by_its_shape_and_not_by_its_numbers():
    shapes = BookShapes()
    shapes.check(frame := book_frame(("1.0", "2.5")), read(frame).data)
    shapes.check(frame := book_frame(("63457.0", "0.00028")), read(frame).data)
    shapes.check(frame := book_frame(("1.0", "2.5"), separators=(", ", ": ")), read(frame).data)

    assert len(shapes._good) == 2


def test_shapes_begin_anew_before_they_grow_without_end(monkeypatch):
    monkeypatch.setattr(shape, "MAX_SHAPES", 2)
    shapes = BookShapes()
    for count in range(1, 6):
        shapes.check(frame := book_frame(*[("1.0", "2.5")] * count), read(frame).data)

    assert len(shapes._good) <= 2


@pytest.mark.skipif(not RECORDING.exists(), reason="the recording is not part of the project")
def test_all_recorded_books_have_one_shape():
    shapes = BookShapes()
    with gzip.open(RECORDING) as lines:
        for line in lines:
            frame = line.rstrip(b"\n").partition(b" ")[2]
            if b"l2Book" in frame:
                shapes.check(frame, read(frame).data)

    assert len(shapes._good) == 1
