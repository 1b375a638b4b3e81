"""Records: what everybody may look up afterwards: trades, candles, the volumes of a day, funding rates.

They are told of every block, and most blocks have a trade or none; what can be computed when somebody asks
is computed then. Everything is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from livetrio.exchange.api.candles import DAY, MINUTE, Candle, CandleSeries, bucket_end
from livetrio.exchange.api.texts import px_text, rate_text, sz_text
from livetrio.exchange.chain.events import FundingRate, PublicTrade
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Instrument, Perp
from livetrio.exchange.chain.units import SPOT_DECIMALS, USD_DECIMALS

if TYPE_CHECKING:
    from livetrio.exchange.chain.chain import Block

KEPT_TRADES = 30
"""Of each instrument: the length of the replay on subscribing (§2.3)."""

KEPT_RATES = 10_000
"""Funding rates of each perpetual: more than a year of them."""

_USD_PER_SPOT: int = 10 ** (SPOT_DECIMALS - USD_DECIMALS)


class Day(msgspec.Struct, frozen=True):
    """The last 24 hours of an instrument, to the minute."""

    volume: int
    """Lots."""
    notional: int
    """Price × size."""
    first_px: int
    """The price before them: of the last trade then; or else of the first trade ever, or if there was none,
    what the instrument was listed at."""


class Records:
    """What was, of all instruments."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], int] | None = None) -> None:
        """Begin with nothing.

        Args:
          ledger: whose instruments they are.
          now: the clock, ms. Without one the time is that of the last block.
        """
        self._ledger = ledger
        self._now = now
        self._tapes = {each.asset: _Tape(each) for each in ledger.listing.instruments}
        self._rates: dict[int, deque[FundingRate]] = {
            each.asset: deque(maxlen=KEPT_RATES) for each in ledger.listing.perps
        }

    @property
    def now(self) -> int:
        """ms."""
        return self._ledger.time if self._now is None else self._now()

    def note(self, block: Block) -> None:
        """A block was made."""
        for event in block.events:
            if isinstance(event, PublicTrade):
                self._tapes[event.instrument.asset].add(event)
            elif isinstance(event, FundingRate):
                self._rates[event.perp.asset].append(event)

    def seed_trades(self, trades: Iterable[PublicTrade]) -> None:
        """Trades from before the first block, in any order.

        Raises:
          ValueError: one is older than what is known already of its instrument.
        """
        for trade in sorted(trades, key=lambda each: each.time):
            tape = self._tapes[trade.instrument.asset]
            if tape.trades and trade.time < tape.trades[-1].time:
                raise ValueError(
                    f"{trade.instrument.coin}: a trade of {trade.time} cannot be noted after one of "
                    f"{tape.trades[-1].time}"
                )
            tape.add(trade)

    # Trades and candles.

    def trades(self, instrument: Instrument) -> Sequence[PublicTrade]:
        """The latest ones, the oldest first."""
        return self._tapes[instrument.asset].trades

    def candle(self, instrument: Instrument, interval: str) -> dict[str, Any] | None:
        """The last candle as the wire has it, which is open until a trade comes after its end."""
        candle = self._tapes[instrument.asset].candles.latest(interval)
        return None if candle is None else candle_view(instrument, interval, candle)

    def candles(
        self, instrument: Instrument, interval: str, start: int, end: int | None
    ) -> list[dict[str, Any]]:
        """Those that begin between two times, ms, both included: the oldest first, the open one last."""
        found = self._tapes[instrument.asset].candles.between(interval, start, end)
        return [candle_view(instrument, interval, each) for each in found]

    # Volumes.

    def day(self, instrument: Instrument) -> Day:
        """The last 24 hours."""
        return self._tapes[instrument.asset].day(self.now)

    def volumes(self) -> dict[int, int]:
        """What was traded on each day, all instruments together, in millionths of a USD; by the ms at which
        the day began, UTC."""
        total: dict[int, int] = {}
        for instrument in self._ledger.listing.instruments:
            for candle in self._tapes[instrument.asset].candles.between("1d", 0, None):
                total[candle.start] = total.get(candle.start, 0) + usd_of(instrument, candle.notional)
        return total

    # Funding.

    def fundings(self, perp: Perp, start: int = 0, end: int | None = None) -> list[FundingRate]:
        """What each hour's funding was, between two times, ms, both included; the oldest first."""
        return [
            rate
            for rate in self._rates[perp.asset]
            if rate.time >= start and (end is None or rate.time <= end)
        ]


class _Tape:
    """What was traded of one instrument."""

    __slots__ = ("_before", "_listed_at", "_minutes", "_notional", "_volume", "candles", "trades")

    def __init__(self, instrument: Instrument) -> None:
        self.trades: deque[PublicTrade] = deque(maxlen=KEPT_TRADES)
        self.candles = CandleSeries(self._close)
        self._listed_at = instrument.reference
        self._before: int | None = None
        """The price before the minutes that are counted."""
        self._minutes: deque[Candle] = deque()
        """Those of the last day that are over, the oldest first; and older ones until somebody asks."""
        self._volume = 0
        self._notional = 0
        """Of all of them."""

    def add(self, trade: PublicTrade) -> None:
        self.trades.append(trade)
        self.candles.trade(trade)

    def _close(self, minute: Candle) -> None:
        if self._before is None and not self._minutes:
            self._before = minute.open
        self._minutes.append(minute)
        self._volume += minute.volume
        self._notional += minute.notional
        self._forget(minute.start)

    def _forget(self, now: int) -> None:
        """Minutes that are a day old count no more."""
        oldest = now // MINUTE * MINUTE - DAY
        while self._minutes and self._minutes[0].start <= oldest:
            minute = self._minutes.popleft()
            self._volume -= minute.volume
            self._notional -= minute.notional
            self._before = minute.close

    def day(self, now: int) -> Day:
        self._forget(now)
        before, volume, notional = self._before, self._volume, self._notional
        minute = self.candles.minute
        if minute is not None:
            if minute.start <= now // MINUTE * MINUTE - DAY:
                before = minute.close
            else:
                volume += minute.volume
                notional += minute.notional
                before = minute.open if before is None else before
        return Day(volume, notional, self._listed_at if before is None else before)


def usd_of(instrument: Instrument, notional: int) -> int:
    """Price × size of an instrument, in millionths of a USD."""
    return notional if instrument.is_perp else notional // _USD_PER_SPOT


def candle_view(instrument: Instrument, interval: str, candle: Candle) -> dict[str, Any]:
    """A candle as the wire has it (§2.4)."""
    return {
        "t": candle.start,
        "T": bucket_end(interval, candle.start),
        "s": instrument.coin,
        "i": interval,
        "o": px_text(instrument, candle.open),
        "c": px_text(instrument, candle.close),
        "h": px_text(instrument, candle.high),
        "l": px_text(instrument, candle.low),
        "v": sz_text(instrument, candle.volume),
        "n": candle.count,
    }


def rate_view(rate: FundingRate) -> dict[str, Any]:
    """An entry of ``fundingHistory`` (§4.5)."""
    return {
        "coin": rate.perp.coin,
        "fundingRate": rate_text(rate.rate),
        "premium": rate_text(rate.premium),
        "time": rate.time,
    }
