"""Whatever the venue sends, decoding it ends in messages or in FrameError, and in nothing else."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from test_hyperliquid_samples import FRAMES, NOW, loaded_codec

from livetrio.errors import FrameError
from livetrio.model import OrderBook
from livetrio.venues.hyperliquid import HyperliquidConfig, HyperliquidVenue

CODECS = {"loaded": loaded_codec(), "bare": HyperliquidVenue(HyperliquidConfig()).open_codec("market", 1)}
codecs = st.sampled_from(sorted(CODECS))
samples = st.sampled_from(sorted(FRAMES))

texts = st.text(max_size=8) | st.sampled_from(
    ["BTC", "@107", "#10", "NaN", "1e5", "-1.0", "5", ".", "1.0", "63457.0", "9" * 30, "B", "1m", "\ud800"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def decode(codec, frame):
    """Decodes, and looks at all that is decoded only on demand."""
    try:
        messages = CODECS[codec].decode(frame, NOW)
    except FrameError:
        return
    for each in messages:
        if isinstance(each, OrderBook):
            assert all(level.size >= 0 and level.price > 0 for level in each.bids + each.asks)
            assert each.mid_price is None or each.mid_price > 0


@settings(deadline=None)
@given(codecs, st.binary(max_size=200))
def test_any_bytes(codec, frame):
    decode(codec, frame)


@settings(deadline=None)
@given(codecs, json_values)
def test_any_json(codec, content):
    decode(codec, json.dumps(content).encode())


@settings(deadline=None)
@given(codecs, samples, json_values)
def test_any_data_on_any_channel(codec, channel, data):
    decode(codec, json.dumps({"channel": channel, "data": data}).encode())


@settings(max_examples=500, deadline=None)
@given(codecs, samples, st.data())
def test_a_real_frame_with_some_bytes_changed(codec, channel, data):
    frame = bytearray(FRAMES[channel])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame) - 1))
        change = data.draw(st.sampled_from(["replace", "remove", "insert", "cut"]))
        byte = data.draw(st.sampled_from(list(b'0123456789.-eE"{}[]:,nulNaN\\ \xff\x00')))
        if change == "replace":
            frame[at] = byte
        elif change == "insert":
            frame.insert(at, byte)
        elif change == "remove" and len(frame) > 1:
            del frame[at]
        elif change == "cut" and at:
            del frame[at:]
    decode(codec, bytes(frame))


@settings(max_examples=500, deadline=None)
@given(codecs, samples, st.data())
def test_a_real_frame_with_some_values_changed(codec, channel, data):
    content = json.loads(FRAMES[channel])
    for _ in range(data.draw(st.integers(1, 2))):
        where, key = content, data.draw(st.sampled_from(sorted(content)))
        while isinstance(where[key], dict | list) and where[key] and data.draw(st.booleans()):
            where = where[key]
            key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        where[key] = data.draw(json_values)
    decode(codec, json.dumps(content).encode())
