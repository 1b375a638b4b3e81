"""Recording: frames of a venue as they were received, one a line, and what they hold.

The format is ``<receive time in ns> <frame as received>``, gzip if the name ends in ``.gz``. It is that of
the examples of hftbacktest, and it can be read with zless.

A recording is read whole: replays jump about in it, and a bad line is found before anybody has connected
rather than in mid-play. Each frame is decoded once here, far enough to know which subscription it belongs
to and how fine its sizes are; what is delivered is the text as received.
"""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import msgspec

from livetrio.errors import UsageError
from livetrio.exchange.messages import NOT_JSON

MAX_RECORDING_BYTES = 512 * 2**20
"""Unpacked, held in memory: about a day of one coin's every channel."""


class BadRecording(UsageError):
    """A file is no recording, or a line in it is none; the message names both."""


@attrs.frozen
class StreamKey:
    """One stream of frames that can be subscribed to, as the venue names it."""

    channel: str
    coin: str | None = None
    """None for ``allMids``."""
    interval: str | None = None
    """For ``candle`` only."""
    fast: bool = False
    """For ``l2Book`` only: the frames with five levels."""

    def __str__(self) -> str:
        words = (self.channel, self.coin, self.interval, "fast" if self.fast else None)
        return " ".join(word for word in words if word)


@attrs.frozen
class RecordedFrame:
    """One line."""

    received: int
    """When it was received, UTC nanoseconds."""
    text: str
    """The frame, verbatim."""
    key: StreamKey | None
    """None for frames that are no market data (acks, pongs, news of a user): they are never played."""


class Recording:
    """The frames of one connection in the order they were received, and what is in them."""

    def __init__(self, frames: Iterable[tuple[int, str]], *, source: str = "recording") -> None:
        """Take frames as (receive time in ns, text).

        Raises:
          BadRecording: a frame makes no sense, or there is none.
        """
        self.source = source
        self.sz_decimals: dict[str, int] = {}
        """Of each coin, the most decimals seen in a size; coins in the order of their first frame."""
        self._indexes: dict[StreamKey, list[int]] = {}
        self._newest: dict[StreamKey, int] = {}
        keys: dict[StreamKey, StreamKey] = {}  # one object for each
        recorded: list[RecordedFrame] = []
        for number, (received, text) in enumerate(frames, start=1):
            try:
                key = self._examine(text)
            except NOT_JSON as error:
                raise BadRecording(
                    f"{source}, line {number}: not a frame: {error}: {_excerpt(text)}"
                ) from None
            if key is not None:
                key = keys.setdefault(key, key)
                self._indexes.setdefault(key, []).append(len(recorded))
            recorded.append(RecordedFrame(received, text, key))
        if not recorded:
            raise BadRecording(f"{source}: holds no frames")
        self.frames: tuple[RecordedFrame, ...] = tuple(recorded)

    @classmethod
    def read(cls, path: str | Path) -> Recording:
        """Read a file, gzip if its name ends in ``.gz``.

        Raises:
          BadRecording: it cannot be read, is too big, or a line makes no sense.
        """
        path = Path(path)
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                content = file.read(MAX_RECORDING_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadRecording(f"{path}: cannot be read: {error}") from error
        if len(content) > MAX_RECORDING_BYTES:
            raise BadRecording(f"{path}: larger than {MAX_RECORDING_BYTES} bytes unpacked")
        return cls(_lines(content, str(path)), source=str(path))

    # What it holds.

    @property
    def started(self) -> int:
        """When the first frame was received, UTC nanoseconds."""
        return self.frames[0].received

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return (max(frame.received for frame in self.frames) - self.started) / 1e9

    @property
    def coins(self) -> tuple[str, ...]:
        """Coins that have a stream of their own, in the order of their first frames."""
        return tuple(self.sz_decimals)

    @property
    def keys(self) -> tuple[StreamKey, ...]:
        """The streams it holds, in the order of their first frames."""
        return tuple(self._indexes)

    def count(self, key: StreamKey) -> int:
        """How many frames of that stream there are."""
        return len(self._indexes.get(key, ()))

    def has(self, key: StreamKey) -> bool:
        """Whether there is any frame of that stream."""
        return key in self._indexes

    def before(self, key: StreamKey, position: int) -> list[RecordedFrame]:
        """The stream's frames among the first ``position`` of the recording."""
        indexes = self._indexes.get(key, [])
        return [self.frames[index] for index in indexes[: bisect_right(indexes, position - 1)]]

    def latest(self, key: StreamKey, position: int) -> RecordedFrame | None:
        """The stream's last frame among the first ``position`` of the recording."""
        indexes = self._indexes.get(key, [])
        nth = bisect_right(indexes, position - 1)
        return self.frames[indexes[nth - 1]] if nth else None

    def first(self, key: StreamKey) -> RecordedFrame | None:
        """The stream's first frame."""
        indexes = self._indexes.get(key)
        return self.frames[indexes[0]] if indexes else None

    def newest_time(self, key: StreamKey) -> int:
        """The latest venue time in the stream, in ms; 0 if its frames have none."""
        return self._newest.get(key, 0)

    def __repr__(self) -> str:
        return (
            f"<Recording {self.source}: {len(self.frames)} frames, {self.duration:.1f} s, "
            f"{', '.join(self.coins)}>"
        )

    def _examine(self, text: str) -> StreamKey | None:
        """Find out where a frame belongs, and note what it tells about its coin."""
        envelope = _ENVELOPE.decode(text)
        if envelope.channel not in _DATA:
            return None
        data = _DATA[envelope.channel].decode(envelope.data)
        facts: _Facts = data.facts(envelope.channel)
        key, sizes, times = facts
        if key is None:
            return None
        if key.coin is not None:
            seen = self.sz_decimals.get(key.coin, 0)
            self.sz_decimals[key.coin] = max([seen, *map(_decimals, sizes)])
        if times:
            self._newest[key] = max(self._newest.get(key, 0), *times)
        return key


def write_recording(path: str | Path, frames: Iterable[tuple[int, str]]) -> None:
    """Write frames, given as (receive time in ns, text); gzip if the name ends in ``.gz``.

    The same frames give the same bytes: no time of writing is kept.

    Raises:
      UsageError: a frame has more than one line.
    """
    path = Path(path)
    lines = []
    for received, text in frames:
        if "\n" in text:
            raise UsageError(f"{path}: a frame must be one line: {_excerpt(text)}")
        lines.append(f"{received} {text}\n")
    content = "".join(lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def demo_recording() -> Path:
    """The recording that ships with livetrio: a minute of an invented market.

    scripts/make-demo-recording made it.
    """
    return Path(str(files("livetrio.exchange"))) / "recordings" / "demo.gz"


def _lines(content: bytes, source: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.splitlines(), start=1):
        received, _, frame = line.partition(b" ")
        try:
            if not (frame and received.isdigit()):
                raise ValueError("expected '<receive time in ns> <frame>'")
            yield int(received), frame.decode()
        except ValueError as error:
            raise BadRecording(f"{source}, line {number}: {error}: {_excerpt(line)}") from None


def _excerpt(line: str | bytes) -> str:
    return repr(line) if len(line) <= 80 else f"{line[:80]!r}..."


def _decimals(size: Decimal) -> int:
    exponent = size.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # NaN and infinity were refused when the frame was decoded
    return max(0, -exponent)


def _check_finite(*numbers: Decimal) -> None:
    for number in numbers:
        if not number.is_finite():
            raise ValueError(f"{number} is not a number")


# The shapes of the channels, as far as they matter here (protocol page §2.4).

_Facts = tuple[StreamKey | None, list[Decimal], list[int]]
"""Where a frame belongs, the sizes in it, the venue times in it."""


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw()


class _Level(msgspec.Struct):
    px: Decimal
    sz: Decimal

    def __post_init__(self) -> None:
        _check_finite(self.px, self.sz)


class _Mids(msgspec.Struct):
    mids: dict[str, Decimal]

    def __post_init__(self) -> None:
        _check_finite(*self.mids.values())

    def facts(self, channel: str) -> _Facts:
        return StreamKey(channel), [], []


class _Bbo(msgspec.Struct):
    coin: str
    time: int
    bbo: tuple[_Level | None, _Level | None]

    def facts(self, channel: str) -> _Facts:
        return StreamKey(channel, self.coin), [level.sz for level in self.bbo if level], [self.time]


class _Book(msgspec.Struct):
    coin: str
    time: int
    levels: tuple[list[_Level], list[_Level]]
    fast: bool = False

    def facts(self, channel: str) -> _Facts:
        sizes = [level.sz for side in self.levels for level in side]
        return StreamKey(channel, self.coin, fast=self.fast), sizes, [self.time]


class _Trade(msgspec.Struct):
    coin: str
    px: Decimal
    sz: Decimal
    time: int
    tid: int

    def __post_init__(self) -> None:
        _check_finite(self.px, self.sz)


class _Trades(msgspec.Struct):
    trades: list[_Trade]

    def facts(self, channel: str) -> _Facts:
        if not self.trades:
            return None, [], []
        key = StreamKey(channel, self.trades[0].coin)
        return key, [trade.sz for trade in self.trades], [trade.time for trade in self.trades]


class _Candle(msgspec.Struct):
    t: int
    T: int
    s: str
    i: str
    v: Decimal

    def __post_init__(self) -> None:
        _check_finite(self.v)

    def facts(self, channel: str) -> _Facts:
        return StreamKey(channel, self.s, self.i), [self.v], [self.t]


class _Context(msgspec.Struct):
    coin: str
    ctx: dict[str, Any]

    def facts(self, channel: str) -> _Facts:
        return StreamKey(channel, self.coin), [], []


class _TradesDecoder:
    """A bare list on the wire has no class of its own; this gives it one."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(list[_Trade])

    def decode(self, data: msgspec.Raw) -> _Trades:
        return _Trades(self._decoder.decode(data))


_ENVELOPE = msgspec.json.Decoder(_Envelope)

_DATA: dict[str, Any] = {
    "allMids": msgspec.json.Decoder(_Mids),
    "bbo": msgspec.json.Decoder(_Bbo),
    "l2Book": msgspec.json.Decoder(_Book),
    "trades": _TradesDecoder(),
    "candle": msgspec.json.Decoder(_Candle),
    "activeAssetCtx": msgspec.json.Decoder(_Context),
    "activeSpotAssetCtx": msgspec.json.Decoder(_Context),
}
