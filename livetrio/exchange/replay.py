"""Playback: one passage through a recording — where it stands, what comes next, what is current there.

Each connection has a playback of its own, which begins with the connection's first subscription. Nothing
waits here: the session asks `due` when the next frame is due, sleeps until then, and takes it.

At the end a playback either stops or, with ``loop``, begins again. Frames of later laps are the recorded
ones with their venue times (``time``, ``t``, ``T``) moved on by a whole number of laps and with new trade
ids, so that to a client the market simply goes on:

- a lap is the recording's length rounded up to a whole second, so the pause between two laps is at most
  one second;
- candles move by whole intervals, so they stay on their grid. A recording of a whole number of minutes (as
  the demo's) makes seamless candles of 1m; with others, a candle may be told twice;
- trades that would not be newer than those of the lap before (the venue's replay of 30 old trades at the
  beginning) are left out.

Prices are as recorded: where the recording's end and beginning do not fit, the market jumps.
"""

from __future__ import annotations

from typing import Any

import msgspec

from livetrio.exchange.recording import RecordedFrame, Recording, StreamKey

_NANOSECONDS = 1_000_000_000

_INTERVAL_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

_TID_BITS = 2**50 - 1
"""A tid is a 50-bit number [protocol page §2.4, docs: subscriptions]."""

_TID_STEP = 0x1E37_79B9_7F4A7 | 1
"""Any odd number of that size: its multiples differ in all 2**50 laps."""


class Playback:
    """A position in a recording. Before it has begun it stands at 0, and nothing has gone by."""

    def __init__(self, recording: Recording, *, loop: bool = False) -> None:
        self.recording = recording
        self.loop = loop
        self.lap = 0
        """How often the recording has been played to its end."""
        self.position = 0
        """How many of its frames have gone by in this lap."""
        self._lap_seconds = round(recording.duration * _NANOSECONDS) // _NANOSECONDS + 1

    def due(self) -> float | None:
        """Seconds of recorded time, from the playback's beginning, at which the next frame is due.

        None at the end. A frame received earlier than the one before it (the recorder's clock stepped
        back) is due with it, because by then its time is past.
        """
        frames = self.recording.frames
        if self.position == len(frames):
            if not self.loop:
                return None
            self.lap += 1
            self.position = 0
        offset = frames[self.position].received - self.recording.started
        return self.lap * self._lap_seconds + offset / _NANOSECONDS

    def take(self) -> RecordedFrame:
        """The next frame; from now on it has gone by."""
        frame = self.recording.frames[self.position]
        self.position += 1
        return frame

    def text(self, frame: RecordedFrame) -> str | None:
        """A frame as it reads in this lap; None if nothing of it is left."""
        return frame.text if self.lap == 0 else self._moved(frame, self.lap)

    def latest(self, key: StreamKey) -> Any:
        """The data of a stream's frame that was the last to go by.

        Before there is one, that of its first: a market is never without a price. None if the recording
        does not hold the stream.
        """
        lap = self.lap
        frame = self.recording.latest(key, self.position)
        if frame is None and lap:
            lap -= 1
            frame = self.recording.latest(key, len(self.recording.frames))
        frame = frame or self.recording.first(key)
        if frame is None:
            return None
        return _data(frame.text if lap == 0 else self._moved(frame, lap))

    def gone_by(self, key: StreamKey) -> list[Any]:
        """The data of each of a stream's frames that went by in this lap, oldest first; its first frame's
        before any has."""
        frames = self.recording.before(key, self.position)
        first = self.recording.first(key)
        if not frames and first is not None:
            frames = [first]
        texts = [self.text(frame) for frame in frames]
        return [_data(text) for text in texts if text is not None]

    def _moved(self, frame: RecordedFrame, lap: int) -> str | None:
        if frame.key is None or frame.key.channel not in _MOVES:
            return frame.text
        envelope = msgspec.json.decode(frame.text)
        move = _Move(
            milliseconds=lap * self._lap_seconds * 1000,
            lap=lap,
            known_until=self.recording.newest_time(frame.key) + (lap - 1) * self._lap_seconds * 1000,
        )
        envelope["data"] = _MOVES[frame.key.channel](envelope["data"], move)
        return msgspec.json.encode(envelope).decode() if envelope["data"] else None

    def __repr__(self) -> str:
        return f"<Playback lap {self.lap}, frame {self.position} of {len(self.recording.frames)}>"


class _Move(msgspec.Struct, frozen=True):
    """How far a frame is moved."""

    milliseconds: int
    lap: int
    known_until: int
    """The newest venue time of the stream in the lap before."""


def _data(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)["data"]


def _move_time(data: dict[str, Any], move: _Move) -> dict[str, Any]:
    data["time"] += move.milliseconds
    return data


def _move_trades(data: list[dict[str, Any]], move: _Move) -> list[dict[str, Any]]:
    for trade in data:
        trade["time"] += move.milliseconds
        trade["tid"] = (trade["tid"] + move.lap * _TID_STEP) & _TID_BITS
    return [trade for trade in data if trade["time"] > move.known_until]


def _move_candle(data: dict[str, Any], move: _Move) -> dict[str, Any]:
    count, unit = data["i"][:-1], data["i"][-1:]
    if unit in _INTERVAL_MS and count.isdigit() and int(count):  # a month (1M) has no length; it stays
        interval = int(count) * _INTERVAL_MS[unit]
        milliseconds = move.milliseconds // interval * interval
        data["t"] += milliseconds
        data["T"] += milliseconds
    return data


_MOVES: dict[str, Any] = {
    "bbo": _move_time,
    "l2Book": _move_time,
    "trades": _move_trades,
    "candle": _move_candle,
}
