"""Candles: the prices of one instrument by the minute, and folded into all longer intervals.

A trade changes the open minute alone. When a minute is over it is folded, once, into the last candle of each
longer interval; so an interval's open candle is what is folded already and the open minute together. There
are no candles of times without a trade: whether the venue has any is not known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from livetrio.exchange.chain.events import PublicTrade

MAX_CANDLES = 5000
"""Of each interval; older ones are forgotten, as the venue does (§4.5)."""

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""ms."""

FIXED: Mapping[str, int] = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
}
"""Intervals of one length, ms. They begin at whole multiples of it since 1970, so a week begins on a Thursday
[observed 2025-10-30, github.com/rainbow-me/rainbow pull request 6920]."""

MONTH = "1M"
"""The one that is not: of the calendar, UTC."""

INTERVALS = (*FIXED, MONTH)


class Candle(msgspec.Struct, gc=False):
    """What happened in one stretch of time, in the units of the instrument."""

    start: int
    """ms."""
    open: int
    high: int
    low: int
    close: int
    volume: int
    """Lots."""
    notional: int
    """Price × size."""
    count: int
    """Trades."""

    def add(self, later: Candle) -> None:
        """What happened in a stretch after this one is part of it from now on."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.notional += later.notional
        self.count += later.count

    def copy(self, start: int) -> Candle:
        """The same, beginning earlier."""
        return Candle(
            start, self.open, self.high, self.low, self.close, self.volume, self.notional, self.count
        )


class CandleSeries:
    """All candles of one instrument."""

    __slots__ = ("_closed", "_minute", "_minute_end", "_on_close")

    def __init__(self, on_close: Callable[[Candle], None]) -> None:
        """Begin without any.

        Args:
          on_close: called with each minute that is over, before the next one begins.
        """
        self._minute: Candle | None = None
        self._minute_end = 0
        self._on_close = on_close
        self._closed: dict[str, deque[Candle]] = {
            interval: deque(maxlen=MAX_CANDLES) for interval in INTERVALS
        }
        """The open minute is in none of them."""

    @property
    def minute(self) -> Candle | None:
        """The latest one in which something was traded; perhaps it is over."""
        return self._minute

    def trade(self, trade: PublicTrade) -> None:
        """A trade that was later than all before, or as late."""
        px, sz = trade.px, trade.sz
        minute = self._minute
        if minute is None or trade.time >= self._minute_end:
            if minute is not None:
                self._close(minute)
            start = trade.time // MINUTE * MINUTE
            self._minute_end = start + MINUTE
            self._minute = Candle(start, px, px, px, px, sz, px * sz, 1)
            return
        if px > minute.high:
            minute.high = px
        elif px < minute.low:
            minute.low = px
        minute.close = px
        minute.volume += sz
        minute.notional += px * sz
        minute.count += 1

    def _close(self, minute: Candle) -> None:
        self._on_close(minute)
        for interval, candles in self._closed.items():
            start = bucket_start(interval, minute.start)
            if candles and candles[-1].start == start:
                candles[-1].add(minute)
            else:
                candles.append(minute.copy(start))

    def latest(self, interval: str) -> Candle | None:
        """The last one, which is open until there is a trade after its end."""
        minute = self._minute
        if minute is None:
            return None
        start = bucket_start(interval, minute.start)
        closed = self._closed[interval]
        if not closed or closed[-1].start != start:
            return minute.copy(start)
        candle = closed[-1].copy(start)
        candle.add(minute)
        return candle

    def between(self, interval: str, start: int, end: int | None) -> list[Candle]:
        """Those that begin in a stretch of time, both ends included, the oldest first."""
        latest = self.latest(interval)
        if latest is None:
            return []
        candles = [each for each in self._closed[interval] if each.start != latest.start]
        candles.append(latest)
        return [
            each
            for each in candles[-MAX_CANDLES:]
            if each.start >= start and (end is None or each.start <= end)
        ]


def bucket_start(interval: str, time: int) -> int:
    """The beginning of the candle that a time, ms, belongs to."""
    if interval != MONTH:
        length = FIXED[interval]
        return time // length * length
    moment = datetime.fromtimestamp(time // 1000, UTC)
    return _ms(moment.year, moment.month)


def bucket_end(interval: str, start: int) -> int:
    """The last millisecond of a candle: ``T``."""
    if interval != MONTH:
        return start + FIXED[interval] - 1
    moment = datetime.fromtimestamp(start // 1000, UTC)
    return _ms(moment.year + moment.month // 12, moment.month % 12 + 1) - 1


def _ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
