"""The file format, and what a recording knows about itself."""

import gzip

import pytest
from exchange_client import (
    REAL_RECORDING,
    START,
    bbo,
    book,
    candle,
    context,
    frame,
    recording,
    trade,
    trades,
)
from hypothesis import given
from hypothesis import strategies as st

from livetrio.errors import UsageError
from livetrio.exchange import BadRecording, Recording, StreamKey, write_recording


@pytest.mark.parametrize("name", ["frames.gz", "frames.txt"])
def test_what_was_written_is_read_again_frame_by_frame(tmp_path, name):
    frames = [(START, bbo()), (START + 5, trades()), (START + 5, '{"channel":"pong"}')]
    write_recording(tmp_path / name, frames)
    read = Recording.read(tmp_path / name)

    assert [(frame.received, frame.text) for frame in read.frames] == frames


def test_the_same_frames_make_the_same_file(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_recording(tmp_path / name, [(START, bbo())])

    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_a_frame_of_two_lines_is_not_written(tmp_path):
    with pytest.raises(UsageError, match="must be one line"):
        write_recording(tmp_path / "a", [(START, "{\n}")])


def test_it_knows_its_streams_coins_and_length():
    made = recording(
        (0, trades(trade("ETH", sz="0.1250"))),
        (0.5, bbo("BTC")),
        (1, book("BTC", fast=True)),
        (1, book("BTC")),
        (2, candle("BTC", "5m")),
        (2, context("PURR/USDC")),
        (2.5, frame("allMids", {"mids": {"DOGE": "0.25"}})),
    )

    assert made.coins == ("ETH", "BTC", "PURR/USDC")
    assert made.sz_decimals == {"ETH": 3, "BTC": 1, "PURR/USDC": 0}
    assert made.duration == 2.5
    assert [str(key) for key in made.keys] == [
        "trades ETH", "bbo BTC", "l2Book BTC fast", "l2Book BTC", "candle BTC 5m",
        "activeSpotAssetCtx PURR/USDC", "allMids",
    ]  # fmt: skip
    assert made.count(StreamKey("bbo", "BTC")) == 1
    assert made.count(StreamKey("bbo", "ETH")) == 0


@pytest.mark.parametrize(
    "frame",
    ['{"channel":"pong"}', '{"channel":"trades","data":[]}', '{"channel":"orderUpdates","data":[{}]}'],
)
def test_frames_that_are_no_market_data_are_kept_but_belong_to_no_stream(frame):
    made = recording((0, frame))

    assert made.frames[0].key is None
    assert made.keys == ()


@pytest.mark.parametrize(
    "line, complaint",
    [
        (b"", "expected '<receive time in ns> <frame>'"),
        (b"17", "expected"),
        (b"soon {}", "expected"),
        (b"-5 {}", "expected"),
        (b"17 hello", "malformed"),
        (b"17 [1]", "not a frame"),
        (b"17 {}", "channel"),
        (b'17 {"channel":"bbo"}', "not a frame"),
        (b'17 {"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[]}}', "not a frame"),
        (b'17 {"channel":"bbo","data":null}', "not a frame"),
        (b'17 {"channel":"allMids","data":{"mids":{"BTC":"NaN"}}}', "NaN is not a number"),
        (b'17 {"channel":"bbo\xff"}', "utf-8"),
        (b"17 " + b"[" * 100_000, "not a frame"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path, line, complaint):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"%d %s\n" % (START, bbo().encode()) + line + b"\n")

    with pytest.raises(BadRecording, match=complaint) as caught:
        Recording.read(path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert len(str(caught.value)) < 1000


def test_what_is_no_recording_at_all_is_named(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text.gz").write_bytes(b"no gzip")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"17 {}" * 1000)[:-20])

    with pytest.raises(BadRecording, match="empty: holds no frames"):
        Recording.read(tmp_path / "empty")
    for name in ("missing.gz", "text.gz", "torn.gz"):
        with pytest.raises(BadRecording, match=f"{name}: cannot be read"):
            Recording.read(tmp_path / name)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("livetrio.exchange.recording.MAX_RECORDING_BYTES", 1000)
    write_recording(tmp_path / "bomb.gz", [(START, bbo())] * 100)

    with pytest.raises(BadRecording, match="larger than 1000 bytes"):
        Recording.read(tmp_path / "bomb.gz")


@given(st.binary())
def test_whatever_a_file_holds_it_is_a_recording_or_named_as_none(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "anything"
    path.write_bytes(content)
    named = ""
    try:
        Recording.read(path)
    except BadRecording as error:
        named = str(error)

    assert not named or str(path) in named


@pytest.mark.skipif(not REAL_RECORDING.exists(), reason="the shared real recording is not here")
def test_the_real_recording_is_read():
    real = Recording.read(REAL_RECORDING)

    assert len(real.frames) == 55
    assert real.sz_decimals == {"BTC": 5}
    assert [str(key) for key in real.keys] == ["l2Book BTC", "trades BTC"]
    assert 25 < real.duration < 26
