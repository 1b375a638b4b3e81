"""ReplayMarket: a recording's participants trade at the exchange, at their own times, with whoever comes.

What the recording shows becomes resting orders and takers (`recorded_book` has the rules), so clients meet
recorded liquidity in the exchange's own book and can trade with it. Without clients the public trades are
exactly the recorded ones, and after each frame of a book the book is that of the frame.

Frames are played in the order in which they were received, each at its time since the recording's beginning,
divided by the speed. Of those that are due in a block, the frames up to the first with trades are played
before clients' takers, and the rest after them.

- Before a stream's first frame is due, the book is already that of the frame: a market is never without a
  price. At the end the market falls silent or, with ``loop``, begins again so.
- A lap is the recording's length rounded up to a whole second. Laps that pass whole between two blocks are
  left out: nobody saw them.
- The venue begins every stream of trades with the latest ones, again after each subscription (§2.3). Those
  that are older than the recording are history and are not traded; those that came before are passed over.
- An oracle's price comes from the contexts (``activeAssetCtx``); without any, it is the middle of the
  recorded book. Candles and mids of the recording are not used: the exchange makes its own.
"""

from __future__ import annotations

from livetrio.errors import UsageError
from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.events import PublicTrade
from livetrio.exchange.chain.listing import Instrument, Listing
from livetrio.exchange.market.frames import (
    BboFrame,
    BookFrame,
    ContextFrame,
    Level,
    Trade,
    TradesFrame,
    read_frame,
    units_of,
)
from livetrio.exchange.market.recorded_book import Levels, RecordedBook
from livetrio.exchange.market.recording import RecordedFrame, Recording, StreamKey, is_tradable

_PLAYED = ("l2Book", "bbo", "trades", "activeAssetCtx")

_FAST_LEVELS = 5
"""Of a ``fast`` book (§2.4)."""

_NS_PER_MS = 1_000_000

_REMEMBERED = 1_000
"""Trades of a coin that are known again; the venue repeats about 30."""


class ReplayMarket:
    """Everybody whom a recording shows."""

    def __init__(self, recording: Recording, speed: float = 1.0, *, loop: bool = False) -> None:
        """Of a recording, for an exchange that lists what `listing_of` finds in it.

        Args:
          recording: what is played.
          speed: how many times faster than it was received.
          loop: whether it begins again at its end.

        Raises:
          UsageError: the speed is not above 0.
        """
        if not speed > 0:
            raise UsageError(f"the speed of a replay must be above 0, not {speed}")
        self.recording = recording
        self._speed = speed
        self._loop = loop
        self._frames = [
            frame
            for frame in recording.frames
            if frame.key and frame.key.channel in _PLAYED and is_tradable(frame.key.coin or "")
        ]
        self._firsts = {name: recording.first(StreamKey("trades", name)) for name in recording.coins}
        self._lap_ms = 1000 * (int(recording.duration) + 1)
        self._began: int | None = None
        self._lap = 0
        self._position = 0
        self._books: dict[str, RecordedBook] = {}
        self._tapes: dict[str, dict[tuple[int, int], None]] = {}
        """The trades that came lately, by coin."""
        self._mids: dict[str, int] = {}

    def history(self, listing: Listing, time: int) -> list[PublicTrade]:
        """The trades from before the recording, oldest first, for an exchange that begins at this time, ms.

        Their times are as long before that as they were before the recording.
        """
        move = time - self.recording.started // _NS_PER_MS
        found = []
        for name, first in self._firsts.items():
            instrument = listing.by_coin.get(name)
            if first is not None and instrument is not None:
                frame = read_frame(first.text)
                assert isinstance(frame, TradesFrame)
                old = [trade for trade in frame.trades if self._is_history(first, trade)]
                found += [_public(instrument, trade, trade.time + move) for trade in old]
        return sorted(found, key=lambda trade: trade.time)

    def start(self, desk: Desk) -> None:
        """Show the first books."""
        self._began = desk.ledger.time
        makers = desk.open_account("recorded makers")
        takers = desk.open_account("recorded takers")
        for instrument in desk.ledger.listing.instruments:
            self._books[instrument.coin] = RecordedBook(instrument, makers=makers, takers=takers)
        self._begin_lap(desk)

    def next_due(self) -> int | None:
        """When the next frame is due, ms; None at the end."""
        if self._began is None or not self._frames:
            return None
        lap, position = self._lap, self._position
        if position == len(self._frames):
            if not self._loop:
                return None
            return self._began + self._scaled(lap + 1, 0)
        offset = self._frames[position].received - self.recording.started
        return self._began + self._scaled(lap, offset)

    def quote(self, desk: Desk) -> None:
        """Frames up to the first with trades."""
        self._play(desk, until_trades=True)

    def take(self, desk: Desk) -> None:
        """All other frames that are due."""
        self._play(desk, until_trades=False)

    def _scaled(self, lap: int, offset_ns: int) -> int:
        """ms after the beginning, rounded up."""
        recorded_ns = lap * self._lap_ms * _NS_PER_MS + offset_ns
        return int(-(-recorded_ns // (self._speed * _NS_PER_MS)))

    def _play(self, desk: Desk, *, until_trades: bool) -> None:
        now = desk.ledger.time
        while True:
            due = self.next_due()
            if due is None or due > now:
                return
            if self._position == len(self._frames):
                self._lap = self._next_lap(now)
                self._position = 0
                self._begin_lap(desk)
                continue
            frame = self._frames[self._position]
            if until_trades and frame.key is not None and frame.key.channel == "trades":
                return
            self._position += 1
            self._play_frame(desk, frame)

    def _next_lap(self, now: int) -> int:
        """The one after this, or the one that it is time for by now."""
        assert self._began is not None  # or nothing would be due
        return max(self._lap + 1, int((now - self._began) * self._speed // self._lap_ms))

    def _begin_lap(self, desk: Desk) -> None:
        """Let the books be those of the first frames, and the oracle's prices too."""
        self._tapes = {}
        for coin in self._books:
            for key in (
                StreamKey("l2Book", coin),
                StreamKey("l2Book", coin, fast=True),
                StreamKey("bbo", coin),
            ):
                first = self.recording.first(key)
                if first is not None:
                    self._play_frame(desk, first, is_whole=True)
                    break
            context = self.recording.first(StreamKey("activeAssetCtx", coin))
            if context is not None:
                self._play_frame(desk, context)

    def _play_frame(self, desk: Desk, recorded: RecordedFrame, *, is_whole: bool = False) -> None:
        frame = read_frame(recorded.text)
        match frame:
            case BookFrame(coin=coin, levels=(bids, asks)):
                depth = _FAST_LEVELS if frame.fast and not is_whole else None
                self._show(desk, coin, bids, asks, depth)
            case BboFrame(coin=coin, bbo=(bid, ask)):
                depth = None if is_whole else 1
                self._show(desk, coin, [bid] if bid else [], [ask] if ask else [], depth)
            case TradesFrame(trades=trades):
                for trade in trades:
                    if not self._is_history(recorded, trade) and self._is_new(trade):
                        self._trade(desk, trade)
            case ContextFrame(coin=coin, ctx=context) if context.oracle_px is not None:
                book = self._books.get(coin)
                if book is not None:
                    px = units_of(context.oracle_px, book.instrument.px_decimals)
                    desk.set_oracle(book.instrument.asset, max(px, 1))

    def _show(self, desk: Desk, coin: str, bids: list[Level], asks: list[Level], depth: int | None) -> None:
        book = self._books.get(coin)
        if book is None:
            return
        instrument = book.instrument
        lower, upper = _levels(instrument, bids), _levels(instrument, asks)
        book.show(desk, lower, upper, depth)
        if instrument.is_perp and lower and upper and not self.recording.coins[coin].has_oracle:
            mid = (lower[0][0] + upper[0][0]) // 2
            if mid != self._mids.get(coin):
                self._mids[coin] = mid
                desk.set_oracle(instrument.asset, mid)

    def _trade(self, desk: Desk, trade: Trade) -> None:
        book = self._books.get(trade.coin)
        if book is not None:
            px, sz = _numbers(book.instrument, trade)
            book.trade(desk, trade.side == "B", px, sz)

    def _is_history(self, recorded: RecordedFrame, trade: Trade) -> bool:
        """Whether a trade was over before the recording began: then its first frame of trades tells of it."""
        is_first = recorded is self._firsts[trade.coin]
        return is_first and trade.time < self.recording.started // _NS_PER_MS

    def _is_new(self, trade: Trade) -> bool:
        """Whether a trade did not come before in this lap."""
        tape = self._tapes.setdefault(trade.coin, {})
        name = (trade.time, trade.tid)
        if name in tape:
            return False
        tape[name] = None
        if len(tape) > _REMEMBERED:
            del tape[next(iter(tape))]
        return True

    def __repr__(self) -> str:
        return f"<ReplayMarket lap {self._lap}, frame {self._position} of {len(self._frames)}>"


def _levels(instrument: Instrument, levels: list[Level]) -> Levels:
    return [_numbers(instrument, level) for level in levels]


def _numbers(instrument: Instrument, each: Level | Trade) -> tuple[int, int]:
    """A price and a size, in units."""
    return units_of(each.px, instrument.px_decimals), units_of(each.sz, instrument.sz_decimals)


def _public(instrument: Instrument, trade: Trade, time: int) -> PublicTrade:
    px, sz = _numbers(instrument, trade)
    buyer, seller = trade.users
    return PublicTrade(instrument, trade.side == "B", px, sz, time, trade.tid, trade.hash, buyer, seller)
