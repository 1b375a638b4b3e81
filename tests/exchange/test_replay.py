"""Playbacks: what comes when, and what a second lap looks like."""

import json

from exchange_client import START_MS, bbo, book, candle, context, recording, trade, trades

from livetrio.exchange import Playback, StreamKey, demo_recording
from livetrio.exchange.recording import Recording


def play(playback, laps=1):
    """Everything that is played in that many laps, as (due, text)."""
    played = []
    while (due := playback.due()) is not None and playback.lap < laps:
        frame = playback.take()
        played.append((due, playback.text(frame)))
    return played


def test_frames_are_due_by_their_receive_times():
    made = recording((0, bbo()), (0.25, bbo()), (3, bbo()))

    assert [due for due, _ in play(Playback(made))] == [0, 0.25, 3]


def test_a_playback_ends_once_and_for_all():
    playback = Playback(recording((0, bbo()), (1, bbo())))
    play(playback)

    assert playback.due() is None
    assert playback.due() is None


def test_the_first_lap_is_verbatim_even_in_a_loop():
    made = recording((0, ' {"channel": "pong"} '), (1, bbo()))

    assert [text for _, text in play(Playback(made, loop=True))] == [frame.text for frame in made.frames]


def test_the_next_lap_begins_a_whole_number_of_seconds_after_the_first():
    made = recording((0, bbo()), (59.4, bbo()))

    assert [due for due, _ in play(Playback(made, loop=True), laps=3)] == [0, 59.4, 60, 119.4, 120, 179.4]


def test_a_recording_of_whole_seconds_does_not_begin_again_in_the_same_instant():
    made = recording((0, bbo()), (2, bbo()))

    assert [due for due, _ in play(Playback(made, loop=True), laps=2)] == [0, 2, 3, 5]


def test_in_later_laps_venue_times_move_on_and_the_rest_stays():
    made = recording((0, bbo(time=START_MS)), (0, book(time=START_MS)), (0.5, context()))
    laps = [text for _, text in play(Playback(made, loop=True), laps=3)]

    assert laps[3:6] == [bbo(time=START_MS + 1000), book(time=START_MS + 1000), context()]
    assert laps[6:] == [bbo(time=START_MS + 2000), book(time=START_MS + 2000), context()]


def test_candles_stay_on_their_grid():
    made = recording((0, candle()), (44, bbo()))
    starts = [
        json.loads(text)["data"]["t"] - START_MS
        for _, text in play(Playback(made, loop=True), laps=5)
        if "candle" in text
    ]

    assert starts == [0, 0, 60_000, 120_000, 180_000]


def test_trades_of_later_laps_are_new_ones():
    made = recording(
        (0, trades(trade(time=START_MS - 9000, tid=1), trade(time=START_MS - 10, tid=2))),
        (0.5, trades(trade(time=START_MS + 400, tid=2**50 - 1))),
    )
    entries = [
        entry
        for _, text in play(Playback(made, loop=True), laps=4)
        if text
        for entry in json.loads(text)["data"]
    ]
    times = [entry["time"] - START_MS for entry in entries]
    tids = [entry["tid"] for entry in entries]

    assert times == [-9000, -10, 400, 990, 1400, 1990, 2400, 2990, 3400]
    assert len(set(tids)) == len(tids)
    assert all(0 <= tid < 2**50 for tid in tids)


def test_what_is_current_is_what_went_by_last():
    key = StreamKey("bbo", "BTC")
    playback = Playback(recording((0, bbo(bid="1.0")), (1, bbo(bid="2.0"))), loop=True)
    seen = []
    for _ in range(5):
        seen.append(playback.latest(key)["bbo"][0]["px"])
        playback.due()
        playback.take()

    assert seen == ["1.0", "1.0", "2.0", "1.0", "2.0"]
    assert playback.latest(StreamKey("bbo", "ETH")) is None


def test_at_the_turn_of_a_lap_what_is_current_is_from_the_lap_before():
    key = StreamKey("bbo", "BTC")
    playback = Playback(recording((0, context()), (0.5, bbo(bid="1.0"))), loop=True)
    for _ in range(3):
        playback.due()
        playback.take()

    assert playback.lap == 1
    assert playback.latest(key)["time"] == START_MS


def test_the_demo_goes_on_without_a_seam():
    demo = Recording.read(demo_recording())
    newest = {}
    for due, text in play(Playback(demo, loop=True), laps=3):
        if text is None:
            continue
        message = json.loads(text)
        data = message["data"]
        match message["channel"]:
            case "trades":
                key, times = ("trades", data[0]["coin"]), [entry["time"] for entry in data]
            case "candle":
                key, times = ("candle", data["s"]), [data["t"]]
                assert data["t"] % 60_000 == 0
            case "bbo" | "l2Book" as channel:
                key, times = (channel, data["coin"]), [data["time"]]
            case _:
                continue
        assert times == sorted(times)
        assert times[0] >= newest.get(key, 0), (due, key)
        newest[key] = times[-1]
