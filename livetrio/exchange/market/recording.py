"""Recording: frames of a venue as they were received, one a line, and what they hold.

The format is ``<receive time in ns> <frame as received>``, gzip if the name ends in ``.gz``. It is that of
the examples of hftbacktest, and it can be read with zless.

A recording is read whole: a bad line is found before anybody has connected rather than in mid-play. Each
frame is decoded once here, to see that it makes sense, which stream it belongs to, and how fine the numbers
of its coin are; what is kept is the text as received.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import attrs

from livetrio.errors import UsageError
from livetrio.exchange.chain.units import PERP_DECIMALS, SPOT_DECIMALS
from livetrio.exchange.market.frames import (
    NOT_A_FRAME,
    BboFrame,
    BookFrame,
    CandleFrame,
    ContextFrame,
    Frame,
    MidsFrame,
    TradesFrame,
    decimals_of,
    read_frame,
)

MAX_RECORDING_BYTES = 512 * 2**20
"""Unpacked, held in memory: about a day of one coin's every channel."""

_GZIP = b"\x1f\x8b"
"""How every such file begins."""


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


@attrs.define
class Coin:
    """What a recording tells about a coin."""

    sz_decimals: int = 0
    """The most that were seen in a size of its books and trades."""
    px_decimals: int = 0
    """The most that were seen in a price of them."""
    first_px: Decimal | None = None
    """Its first price: the middle of a book, a trade's, an oracle's or a mark."""
    has_oracle: bool = False
    """Whether any context tells its oracle's price."""


class Recording:
    """The frames of one connection in the order they were received, and what is in them."""

    def __init__(self, frames: Iterable[tuple[int, str]], *, source: str = "recording") -> None:
        """Take frames as (receive time in ns, text).

        Raises:
          BadRecording: a frame makes no sense, or there is none.
        """
        self.source = source
        self.coins: dict[str, Coin] = {}
        """By name, in the order of their first frames; those with a stream of their own."""
        self._counts: dict[StreamKey, int] = {}
        self._first: dict[StreamKey, RecordedFrame] = {}
        keys: dict[StreamKey, StreamKey] = {}  # one object for each
        recorded: list[RecordedFrame] = []
        for number, (received, text) in enumerate(frames, start=1):
            try:
                key = self._examine(text)
            except NOT_A_FRAME as error:
                raise BadRecording(
                    f"{source}, line {number}: not a frame: {error}: {_excerpt(text)}"
                ) from None
            if key is not None:
                key = keys.setdefault(key, key)
                self._counts[key] = self._counts.get(key, 0) + 1
            frame = RecordedFrame(received, text, key)
            recorded.append(frame)
            if key is not None:
                self._first.setdefault(key, frame)
        if not recorded:
            raise BadRecording(f"{source}: holds no frames")
        self.frames: tuple[RecordedFrame, ...] = tuple(recorded)

    @classmethod
    def read(cls, path: str | Path) -> Recording:
        """Read a file, as gzip if it begins as gzip does.

        Raises:
          BadRecording: it cannot be read, is too big, or a line makes no sense.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                is_packed = file.read(len(_GZIP)) == _GZIP
                file.seek(0)
                plain = gzip.GzipFile(fileobj=file) if is_packed else file
                content = plain.read(MAX_RECORDING_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error  # which does not say the name again
            raise BadRecording(f"{path}: cannot be read: {reason}") from error
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
    def keys(self) -> tuple[StreamKey, ...]:
        """The streams it holds, in the order of their first frames."""
        return tuple(self._counts)

    def count(self, key: StreamKey) -> int:
        """How many frames of that stream there are."""
        return self._counts.get(key, 0)

    def first(self, key: StreamKey) -> RecordedFrame | None:
        """The stream's first frame."""
        return self._first.get(key)

    def __repr__(self) -> str:
        return (
            f"<Recording {self.source}: {len(self.frames)} frames, {self.duration:.1f} s, "
            f"{', '.join(self.coins)}>"
        )

    def _examine(self, text: str) -> StreamKey | None:
        """Find out where a frame belongs, and note what it tells about its coin."""
        frame = read_frame(text)
        key = None if frame is None else _key_of(frame)
        if frame is None or key is None or key.coin is None:
            return key
        coin = self.coins.get(key.coin)
        if coin is None:
            coin = self.coins[key.coin] = Coin()
        first: Decimal | None = None
        match frame:
            case BookFrame(levels=levels):
                _note_numbers(coin, [level.px for side in levels for level in side], is_px=True)
                _note_numbers(coin, [level.sz for side in levels for level in side], is_px=False)
                first = _middle(*(side[0].px if side else None for side in levels))
            case BboFrame(bbo=bbo):
                _note_numbers(coin, [level.px for level in bbo if level], is_px=True)
                _note_numbers(coin, [level.sz for level in bbo if level], is_px=False)
                first = _middle(*(level.px if level else None for level in bbo))
            case TradesFrame(trades=trades):
                _note_numbers(coin, [trade.px for trade in trades], is_px=True)
                _note_numbers(coin, [trade.sz for trade in trades], is_px=False)
                first = trades[0].px
            case ContextFrame(ctx=context):
                coin.has_oracle |= context.oracle_px is not None
                first = context.oracle_px or context.mark_px
        if coin.first_px is None:
            coin.first_px = first
        most = SPOT_DECIMALS if is_spot(key.coin) else PERP_DECIMALS
        if is_tradable(key.coin) and coin.px_decimals + coin.sz_decimals > most:
            raise ValueError(
                f"{key.coin} has prices of {coin.px_decimals} decimals and sizes of {coin.sz_decimals}, "
                f"which are more than {most} together"
            )
        return key


def is_spot(coin: str) -> bool:
    """Whether a coin names a spot pair, ``PURR/USDC`` or ``@107`` (§4)."""
    return "/" in coin or coin.startswith("@")


def is_tradable(coin: str) -> bool:
    """Whether a coin is a pair or a perpetual of the first dex: no ``dex:NAME``, no outcome ``#1``."""
    return ":" not in coin and not coin.startswith("#")


def write_recording(path: str | Path, frames: Iterable[tuple[int, str]]) -> None:
    """Write frames, given as (receive time in ns, text); gzip if the name ends in ``.gz``.

    The same frames give the same bytes: no time of writing is kept.

    Raises:
      UsageError: a frame has more than one line.
    """
    path = Path(path)
    lines = []
    for received, text in frames:
        if "\n" in text or "\r" in text:
            raise UsageError(f"{path}: a frame must be one line: {_excerpt(text)}")
        lines.append(f"{received} {text}\n")
    content = "".join(lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _key_of(frame: Frame) -> StreamKey | None:
    match frame:
        case BookFrame(coin=coin, fast=fast):
            return StreamKey("l2Book", coin, fast=fast)
        case BboFrame(coin=coin):
            return StreamKey("bbo", coin)
        case TradesFrame(coin=None):
            return None
        case TradesFrame(coin=coin):
            return StreamKey("trades", coin)
        case ContextFrame(coin=coin):
            return StreamKey("activeSpotAssetCtx" if is_spot(coin) else "activeAssetCtx", coin)
        case CandleFrame(s=coin, i=interval):
            return StreamKey("candle", coin, interval)
        case MidsFrame():
            return StreamKey("allMids")


def _note_numbers(coin: Coin, numbers: list[Decimal], *, is_px: bool) -> None:
    most = max(map(decimals_of, numbers), default=0)
    if is_px:
        coin.px_decimals = max(coin.px_decimals, most)
    else:
        coin.sz_decimals = max(coin.sz_decimals, most)


def _middle(bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    """The middle of two prices, or the one that is there."""
    return bid or ask if bid is None or ask is None else (bid + ask) / 2


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
