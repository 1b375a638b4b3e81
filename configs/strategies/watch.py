"""Watch: what the market looks like, a line for each instrument, every few ticks.

It shows the whole of a strategy: parameters, subscriptions, events, the clock, the cache.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import Bar, ConnectionEvent, FeedEvent, TickEvent, Trade


@attrs.define
class Watch(Strategy):
    """Logs bid, ask, spread, the last trade, and how old all that is."""

    instruments: list[str]
    every: int = 1
    """Ticks from one look to the next."""
    books: bool = False
    """Let the order books come as well; the page shows them then."""
    _trades: dict[str, int] = attrs.field(init=False, factory=dict)
    """How many trades there were in each instrument since the last look."""

    def on_start(self) -> None:
        for name in self.instruments:
            self.ctx.subscribe_quotes(name)
            self.ctx.subscribe_trades(name)
            self.ctx.subscribe_bars(name, "1m")
            if self.books:
                self.ctx.subscribe_book(name)

    def on_trade(self, trade: Trade) -> None:
        if not trade.is_history:  # the venue repeats old trades when one subscribes
            self._trades[trade.instrument_id] = self._trades.get(trade.instrument_id, 0) + 1

    def on_bar(self, bar: Bar) -> None:
        self.ctx.log.info(
            "bar",
            instrument=bar.instrument_id,
            open=bar.open,
            high=bar.high,
            low=bar.low,
            close=bar.close,
            volume=bar.volume,
        )

    def on_tick(self, tick: TickEvent) -> None:
        if tick.missed:
            self.ctx.log.warning("the program was busy", ticks_missed=tick.missed)
        if tick.tick_number % self.every == 0:
            for name in self.instruments:
                self._show(name)
            self._trades.clear()

    def on_connection(self, event: ConnectionEvent) -> None:
        self.ctx.log.info(
            "connection", name=event.connection, state=event.state.value, attempt=event.attempt or None
        )

    def on_feed(self, event: FeedEvent) -> None:
        self.ctx.log.warning("feed", feed=str(event.feed), state=event.state.value)

    def _show(self, name: str) -> None:
        quote = self.ctx.cache.get_quote(name)
        if quote is None or quote.bid_price is None or quote.ask_price is None:
            self.ctx.log.info("no price", instrument=name)
            return
        trade = self.ctx.cache.get_trade(name)
        self.ctx.log.info(
            "market",
            instrument=name,
            bid=quote.bid_price,
            ask=quote.ask_price,
            spread_bps=spread_bps(quote.bid_price, quote.ask_price),
            last=None if trade is None else trade.price,
            trades=self._trades.get(name, 0),
            age_ms=(self.ctx.now() - quote.ts_init) // 1_000_000,
        )


def spread_bps(bid: Decimal, ask: Decimal) -> Decimal:
    """The spread in hundredths of a percent of the mid price."""
    return round((ask - bid) / (ask + bid) * 20_000, 2)
