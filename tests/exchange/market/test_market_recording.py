"""The file format, what a recording knows about itself, and what it refuses."""

import gzip
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_frames import (
    BEGAN,
    MINUTE,
    REAL_RECORDING,
    bbo,
    book,
    candle,
    context,
    frame,
    recording,
    trade,
    trades,
)

from livetrio.errors import UsageError
from livetrio.exchange.market.recording import (
    BadRecording,
    Recording,
    StreamKey,
    write_recording,
)


@pytest.mark.parametrize("name", ["frames.gz", "frames.txt"])
def test_what_was_written_is_read_again_frame_by_frame(tmp_path, name):
    frames = [(BEGAN, bbo()), (BEGAN + 5, trades(trade())), (BEGAN + 5, '{"channel":"pong"}')]
    write_recording(tmp_path / name, frames)
    read = Recording.read(tmp_path / name)

    assert [(each.received, each.text) for each in read.frames] == frames


def test_the_same_frames_make_the_same_file(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_recording(tmp_path / name, [(BEGAN, bbo())])

    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_frame_of_two_lines_is_not_written(tmp_path, end):
    with pytest.raises(UsageError, match="must be one line"):
        write_recording(tmp_path / "a", [(BEGAN, f"{{{end}}}")])


def test_it_knows_its_streams_and_length():
    made = recording(
        (0, trades(trade(coin="ETH"))),
        (0.5, bbo()),
        (1, book(fast=True)),
        (1, book()),
        (1, book()),
        (2, candle(interval="5m")),
        (2, context("PURR/USDC")),
        (2.5, frame("allMids", {"mids": {"DOGE": "0.25"}})),
    )

    assert made.duration == 2.5
    assert [str(key) for key in made.keys] == [
        "trades ETH", "bbo BTC", "l2Book BTC fast", "l2Book BTC", "candle BTC 5m",
        "activeSpotAssetCtx PURR/USDC", "allMids",
    ]  # fmt: skip
    assert made.count(StreamKey("l2Book", "BTC")) == 2
    assert made.count(StreamKey("bbo", "ETH")) == 0
    assert made.first(StreamKey("bbo", "BTC")) is made.frames[1]
    assert made.first(StreamKey("bbo", "ETH")) is None
    assert repr(made) == "<Recording recording: 8 frames, 2.5 s, ETH, BTC, PURR/USDC>"


def test_it_knows_how_fine_its_numbers_are_and_where_prices_began():
    made = recording(
        (0, trades(trade("3118.20", "0.1250", coin="ETH"))),
        (1, bbo(("100.5", "2"), ("101.25", "0.10"))),
        (2, book((), (("0.18", "5"),), coin="PURR/USDC")),
        (2, context("SOL", oraclePx="141.21", markPx="141.22")),
        (2, context("HYPE", oraclePx="0.0", markPx="38.4")),
        (2, candle("XRP")),
        (3, bbo(("90.125", "2"), None)),
        (3, bbo(None, None, coin="DOGE")),
    )
    facts = {name: (coin.px_decimals, coin.sz_decimals, coin.first_px) for name, coin in made.coins.items()}

    assert facts == {
        "ETH": (1, 3, Decimal("3118.2")),
        "BTC": (3, 1, Decimal("100.875")),
        "PURR/USDC": (2, 0, Decimal("0.18")),
        "SOL": (0, 0, Decimal("141.21")),
        "HYPE": (0, 0, Decimal("38.4")),
        "XRP": (0, 0, None),
        "DOGE": (0, 0, None),
    }
    assert [name for name, coin in made.coins.items() if coin.has_oracle] == ["SOL"]


@pytest.mark.parametrize(
    "text",
    ['{"channel":"pong"}', '{"channel":"trades","data":[]}', '{"channel":"orderUpdates","data":[{}]}'],
)
def test_frames_that_are_no_market_data_are_kept_but_belong_to_no_stream(text):
    made = recording((0, text))

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
        (b"17 " + bbo(("-1", "1")).encode(), "-1 is not above 0"),
        (b"17 " + bbo(("1", "0")).encode(), "0 is not above 0"),
        (b"17 " + bbo(("1e99", "1")).encode(), "out of all bounds"),
        (b"17 " + bbo(("101", "1"), ("101", "1")).encode(), "cannot both rest"),
        (b"17 " + book((("101", "1"),), (("100", "1"),)).encode(), "cannot both rest"),
        (b"17 " + book((("99", "1"), ("100", "1"))).encode(), "from the highest down"),
        (b"17 " + book(asks=(("102", "1"), ("102", "1"))).encode(), "from the lowest up"),
        (b"17 " + trades(trade(side="C")).encode(), "Invalid enum value 'C'"),
        (b"17 " + trades(trade(), trade(coin="ETH")).encode(), "several coins: BTC, ETH"),
        (b"17 " + trades(trade("1.00001", "1.25")).encode(), "more than 6 together"),
        (b"17 " + context(oraclePx="Infinity").encode(), "Infinity is not a number"),
        (b"17 " + context(oraclePx="-3").encode(), "-3 is not above 0"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path, line, complaint):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"%d %s\n" % (BEGAN, bbo().encode()) + line + b"\n")

    with pytest.raises(BadRecording, match=complaint) as caught:
        Recording.read(path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert len(str(caught.value)) < 1000


def test_coins_that_cannot_be_listed_may_be_as_fine_as_they_like():
    made = recording((0, bbo(("1.0000001", "0.0000001"), None, coin="xyz:TSLA")))

    assert made.coins["xyz:TSLA"].px_decimals == 7


def test_what_is_no_recording_at_all_is_named(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text.gz").write_bytes(b"no gzip")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"17 {}" * 1000)[:-20])

    with pytest.raises(BadRecording, match="empty: holds no frames"):
        Recording.read(tmp_path / "empty")
    with pytest.raises(BadRecording, match=r"text\.gz, line 1: expected '<receive time in ns> <frame>'"):
        Recording.read(tmp_path / "text.gz")
    for name in ("missing.gz", "torn.gz"):
        with pytest.raises(BadRecording, match=f"{name}: cannot be read"):
            Recording.read(tmp_path / name)


def test_what_is_packed_is_read_whatever_its_name(tmp_path):
    write_recording(tmp_path / "frames.gz", [(BEGAN, bbo())])
    (tmp_path / "frames").write_bytes((tmp_path / "frames.gz").read_bytes())

    assert Recording.read(tmp_path / "frames").frames == Recording.read(tmp_path / "frames.gz").frames


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("livetrio.exchange.market.recording.MAX_RECORDING_BYTES", 1000)
    write_recording(tmp_path / "bomb.gz", [(BEGAN, bbo())] * 100)

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


def test_the_recording_that_ships_is_read():
    demo = Recording.read(MINUTE)

    assert list(demo.coins) == ["BTC", "ETH", "SOL", "PURR/USDC"]
    assert 59 < demo.duration < 60


@pytest.mark.skipif(not REAL_RECORDING.exists(), reason="the shared real recording is not here")
def test_the_real_recording_is_read():
    real = Recording.read(REAL_RECORDING)

    assert len(real.frames) == 55
    assert real.coins["BTC"].sz_decimals == 5
    assert [str(key) for key in real.keys] == ["l2Book BTC", "trades BTC"]
    assert 25 < real.duration < 26
