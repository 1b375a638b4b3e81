"""scripts/make-demo-recording, and what it has made."""

import gzip
import itertools
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from livetrio.exchange import Recording, demo_recording

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/make-demo-recording"


def test_the_demo_recording_can_be_made_again_as_it_was_shipped(tmp_path):
    made = tmp_path / "demo.gz"
    subprocess.run([sys.executable, SCRIPT, made], check=True, capture_output=True, timeout=60)

    # Unpacked, for not every zlib packs alike.
    assert gzip.decompress(made.read_bytes()) == gzip.decompress(demo_recording().read_bytes())


@pytest.fixture(scope="module")
def demo():
    return Recording.read(demo_recording())


@pytest.fixture(scope="module")
def story(demo):
    """The frames decoded, each with the touch of its coin that bbo told last, as ((bid), (ask))."""
    told, touches = [], {}
    for frame in demo.frames:
        message = json.loads(frame.text)
        channel, data = message["channel"], message["data"]
        touch = touches.get(frame.key.coin)
        told.append((frame, channel, data, touch))
        if channel == "bbo":
            touches[frame.key.coin] = tuple(data["bbo"])
    return told


def test_it_is_a_minute_of_three_perpetuals_and_a_pair_and_small(demo):
    assert demo.coins == ("BTC", "ETH", "SOL", "PURR/USDC")
    assert 59 < demo.duration < 60
    assert demo_recording().stat().st_size < 400_000


def test_frames_are_received_in_order_and_after_their_venue_times(story):
    received = [frame.received for frame, *_ in story]
    late = [
        frame.received / 1e6 - data["time"]
        for frame, channel, data, _ in story
        if channel in ("bbo", "l2Book")
    ]

    assert received == sorted(received)
    assert all(0 < milliseconds < 500 for milliseconds in late)


def test_prices_are_on_the_tick_grid_and_sizes_are_whole_lots(demo, story):
    for frame, channel, data, _ in story:
        match channel:
            case "bbo":
                levels = data["bbo"]
            case "l2Book":
                levels = [level for side in data["levels"] for level in side]
            case "trades":
                levels = data
            case _:
                continue
        sz_decimals = demo.sz_decimals[frame.key.coin]
        for level in levels:
            price, size = Decimal(level["px"]).normalize(), Decimal(level["sz"]).normalize()
            assert len(price.as_tuple().digits) <= 5
            assert -price.as_tuple().exponent <= (8 if "/" in frame.key.coin else 6) - sz_decimals
            assert size > 0
            assert -size.as_tuple().exponent <= sz_decimals


def test_trades_hit_the_touch_that_was_told_last(story):
    hits = 0
    for _, channel, data, touch in story:
        if channel != "trades" or touch is None:
            continue
        for side, level in zip("AB", touch, strict=True):
            fills = [trade for trade in data if trade["side"] == side]
            hits += len(fills)
            assert all(trade["px"] == level["px"] for trade in fills)
            assert sum(Decimal(trade["sz"]) for trade in fills) <= Decimal(level["sz"])

    assert hits > 200


def test_quotes_are_told_when_they_change_and_never_cross(story):
    for _, channel, data, touch in story:
        if channel == "bbo":
            bid, ask = data["bbo"]
            assert Decimal(bid["px"]) < Decimal(ask["px"])
            assert (bid, ask) != touch


def test_books_begin_with_the_touch_and_go_outwards(story):
    for _, channel, data, touch in story:
        if channel == "l2Book":
            bids, asks = data["levels"]
            prices = [Decimal(level["px"]) for level in (*reversed(bids), *asks)]
            assert (bids[0], asks[0]) == touch
            assert len(bids) == len(asks) == (5 if data.get("fast") else 20)
            assert all(lower < upper for lower, upper in itertools.pairwise(prices))


def test_mids_are_the_middle_of_the_touch(story):
    touches = {}
    for frame, channel, data, _ in story:
        if channel == "bbo":
            touches[frame.key.coin] = [Decimal(level["px"]) for level in data["bbo"]]
        elif channel == "allMids":
            mids = {coin: Decimal(mid) for coin, mid in data["mids"].items()}
            assert mids == {coin: sum(touch) / 2 for coin, touch in touches.items()}
        elif "Ctx" in channel:
            assert Decimal(data["ctx"]["midPx"]) == sum(touches[frame.key.coin]) / 2


def test_candles_are_made_of_the_trades(story):
    trades = {}
    for frame, channel, data, _ in story:
        coin = frame.key.coin
        if channel == "trades":
            trades.setdefault(coin, []).extend(data)
        elif channel == "candle":
            inside = [trade for trade in trades[coin] if data["t"] <= trade["time"] <= data["T"]]
            prices = [Decimal(trade["px"]) for trade in inside]
            expected = [prices[0], max(prices), min(prices), prices[-1]]
            expected.append(sum(Decimal(trade["sz"]) for trade in inside))

            assert [Decimal(data[name]) for name in "ohlcv"] == expected
            assert data["n"] == len(inside)


def test_the_first_trades_are_a_replay_of_thirty_old_ones(demo, story):
    for coin in demo.coins:
        first = next(
            data for frame, channel, data, _ in story if channel == "trades" and frame.key.coin == coin
        )
        times = [trade["time"] for trade in first]

        assert len(first) == 30
        assert times == sorted(times)
        assert times[-1] * 1_000_000 < demo.started


def test_no_trade_is_told_twice(story):
    tids = [trade["tid"] for _, channel, data, _ in story if channel == "trades" for trade in data]

    assert len(set(tids)) == len(tids)
    assert all(0 <= tid < 2**50 for tid in tids)


def test_fields_stand_in_the_venues_order(story):
    order = {
        "bbo": ["coin", "time", "bbo"],
        "candle": ["t", "T", "s", "i", "o", "c", "h", "l", "v", "n"],
        "activeAssetCtx": ["coin", "ctx"],
        "activeSpotAssetCtx": ["coin", "ctx"],
        "allMids": ["mids"],
    }
    perp = ["funding", "openInterest", "prevDayPx", "dayNtlVlm", "premium", "oraclePx", "markPx", "midPx"]
    for _, channel, data, _ in story:
        if channel == "trades":
            fields = [list(trade) for trade in data]
            assert fields == [["coin", "side", "px", "sz", "time", "hash", "tid", "users"]] * len(data)
        elif channel == "l2Book":
            assert list(data) == ["coin", "time", "levels", *(["fast"] if "fast" in data else [])]
            assert all(list(level) == ["px", "sz", "n"] for side in data["levels"] for level in side)
        else:
            assert list(data) == order[channel]
        if channel == "activeAssetCtx":
            assert list(data["ctx"]) == [*perp, "impactPxs", "dayBaseVlm"]
