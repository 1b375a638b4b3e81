"""Frames: the venue's market data as it came, as far as a replay needs it (protocol page §2.4).

Whatever makes no sense is refused here, so that whoever plays a frame later need not look again: numbers that
are none, levels out of order, sides that cross.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import msgspec

NOT_A_FRAME = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What reading a text raises that is no frame; the third for nesting deeper than the stack."""

_MAX_EXPONENT = 18
_MAX_DIGITS = 36
"""Far beyond every price and size there is, and small enough to count with."""


def read_frame(text: str) -> Frame | None:
    """What a frame says; None if it is no market data (acks, pongs, news of a user).

    Raises:
      NOT_A_FRAME: it is no frame, or makes no sense.
    """
    envelope = _ENVELOPE.decode(text)
    decoder = _DECODERS.get(envelope.channel)
    if decoder is None:
        return None
    data: Any = decoder.decode(envelope.data)
    return TradesFrame.of(data) if envelope.channel == "trades" else data


class Level(msgspec.Struct):
    """A price, and what stands there."""

    px: Decimal
    sz: Decimal

    def __post_init__(self) -> None:
        _check_positive(self.px, self.sz)


class BookFrame(msgspec.Struct):
    """``l2Book``: a whole book, 20 levels a side, or 5."""

    coin: str
    time: int
    levels: tuple[list[Level], list[Level]]
    fast: bool = False

    def __post_init__(self) -> None:
        bids, asks = ([level.px for level in side] for side in self.levels)
        if any(one <= next_one for one, next_one in pairwise(bids)):
            raise ValueError("bids must stand from the highest down")
        if any(one >= next_one for one, next_one in pairwise(asks)):
            raise ValueError("asks must stand from the lowest up")
        if bids and asks:
            _check_apart(bids[0], asks[0])


class BboFrame(msgspec.Struct):
    """``bbo``: the best level of each side, if there is one."""

    coin: str
    time: int
    bbo: tuple[Level | None, Level | None]

    def __post_init__(self) -> None:
        bid, ask = self.bbo
        if bid and ask:
            _check_apart(bid.px, ask.px)


class Trade(msgspec.Struct):
    """One entry of ``trades``."""

    coin: str
    side: Literal["A", "B"]
    """Of who took."""
    px: Decimal
    sz: Decimal
    time: int
    tid: int
    hash: str = "0x" + "0" * 64
    users: tuple[str, str] = ("0x" + "0" * 40, "0x" + "0" * 40)
    """Buyer, seller."""

    def __post_init__(self) -> None:
        _check_positive(self.px, self.sz)


class TradesFrame(msgspec.Struct):
    """``trades``: those of one coin, in order; perhaps none."""

    coin: str | None
    trades: list[Trade]

    @classmethod
    def of(cls, trades: list[Trade]) -> TradesFrame:
        """Of a bare list, as which they come."""
        coins = {trade.coin for trade in trades}
        if len(coins) > 1:
            raise ValueError(f"trades of several coins: {', '.join(sorted(coins))}")
        return cls(coins.pop() if coins else None, trades)


class Context(msgspec.Struct):
    """The prices of a context. 0, as of what is traded no more, is none."""

    oracle_px: Decimal | None = msgspec.field(default=None, name="oraclePx")
    mark_px: Decimal | None = msgspec.field(default=None, name="markPx")

    def __post_init__(self) -> None:
        self.oracle_px = self.oracle_px or None
        self.mark_px = self.mark_px or None
        _check_positive(*(px for px in (self.oracle_px, self.mark_px) if px is not None))


class ContextFrame(msgspec.Struct):
    """``activeAssetCtx``, ``activeSpotAssetCtx``."""

    coin: str
    ctx: Context


class CandleFrame(msgspec.Struct):
    """``candle``. It is kept, and not played: candles are made of the trades."""

    s: str
    """The coin."""
    i: str
    """The interval."""


class MidsFrame(msgspec.Struct):
    """``allMids``. It is kept, and not played: mids are made of the books."""

    mids: dict[str, Decimal]

    def __post_init__(self) -> None:
        _check_finite(*self.mids.values())


Frame = BookFrame | BboFrame | TradesFrame | ContextFrame | CandleFrame | MidsFrame


def decimals_of(number: Decimal) -> int:
    """How many decimals it needs."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # what is infinite or no number was refused
    return max(0, -exponent)


def units_of(number: Decimal, decimals: int) -> int:
    """The number in units of ``10**-decimals``, to the nearest."""
    return round(number.scaleb(decimals))


def _check_finite(*numbers: Decimal) -> None:
    for number in numbers:
        if not number.is_finite():
            raise ValueError(f"{number} is not a number")


def _check_positive(*numbers: Decimal) -> None:
    _check_finite(*numbers)
    for number in numbers:
        if number <= 0:
            raise ValueError(f"{number} is not above 0")
        if abs(number.adjusted()) > _MAX_EXPONENT or len(number.as_tuple().digits) > _MAX_DIGITS:
            raise ValueError(f"{number} is out of all bounds")


def _check_apart(bid: Decimal, ask: Decimal) -> None:
    if bid >= ask:
        raise ValueError(f"a bid of {bid} and an ask of {ask} cannot both rest")


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw()


_ENVELOPE = msgspec.json.Decoder(_Envelope)

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "allMids": msgspec.json.Decoder(MidsFrame),
    "bbo": msgspec.json.Decoder(BboFrame),
    "l2Book": msgspec.json.Decoder(BookFrame),
    "trades": msgspec.json.Decoder(list[Trade]),
    "candle": msgspec.json.Decoder(CandleFrame),
    "activeAssetCtx": msgspec.json.Decoder(ContextFrame),
    "activeSpotAssetCtx": msgspec.json.Decoder(ContextFrame),
}
