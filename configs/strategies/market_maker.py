"""MarketMaker: quotes both sides around the middle, and leans against what it holds.

It places no orders: this version has none. It says what it would quote, and keeps account of what the market
would have done to that: a trade through a quote would have filled it. A trade at its very price counts for
nothing, since others were there first; so what it tells is rather too little than too much.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import AggressorSide, ConnectionEvent, ConnectionState, Quote, TickEvent, Trade

BPS = Decimal(10_000)
NANOSECONDS = 1_000_000_000


@attrs.define
class MarketMaker(Strategy):
    """Works one instrument, anew at each tick."""

    instrument: str
    size: Decimal
    """Of each quote, in the base currency."""
    half_spread_bps: Decimal = Decimal("1.5")
    """From the middle to each quote while it holds nothing."""
    skew_bps: Decimal = Decimal(1)
    """How far both quotes move away for each `size` that it holds too much."""
    max_position: Decimal | None = None
    """Beyond it, only the side that reduces is quoted. Default: ten quotes' size."""
    max_age: float = 10
    """Seconds; around an older quote it does not quote."""
    every: int = 10
    """Ticks from one line in the log to the next."""
    is_connected: bool = attrs.field(init=False, default=False)
    bid: Decimal | None = attrs.field(init=False, default=None)
    ask: Decimal | None = attrs.field(init=False, default=None)
    position: Decimal = attrs.field(init=False, default=Decimal(0))
    cash: Decimal = attrs.field(init=False, default=Decimal(0))
    fills: int = attrs.field(init=False, default=0)

    def on_start(self) -> None:
        self.ctx.subscribe_quotes(self.instrument)
        self.ctx.subscribe_trades(self.instrument)

    def on_tick(self, tick: TickEvent) -> None:
        quote = self.ctx.cache.get_quote(self.instrument)
        mid = None if quote is None else quote.mid_price
        if quote is None or mid is None or not self.is_connected or self._is_old(quote):
            self.bid = self.ask = None
            return
        self._requote(quote, mid)
        if tick.tick_number % self.every == 0:
            self.ctx.log.info(
                "would quote",
                bid=self.bid,
                ask=self.ask,
                position=self.position,
                fills=self.fills,
                pnl=round(self.cash + self.position * mid, 2),
            )

    def on_connection(self, event: ConnectionEvent) -> None:
        """Without a connection there is no price to quote around."""
        self.is_connected = event.state is ConnectionState.CONNECTED
        if not self.is_connected:
            self.bid = self.ask = None

    def on_trade(self, trade: Trade) -> None:
        """Nobody passes a better price by: a trade beyond a quote has been with it first."""
        if trade.is_history:
            return
        if trade.aggressor_side is AggressorSide.SELLER and self.bid is not None and trade.price < self.bid:
            self._fill(self.bid, self.size)
            self.bid = None
        if trade.aggressor_side is AggressorSide.BUYER and self.ask is not None and trade.price > self.ask:
            self._fill(self.ask, -self.size)
            self.ask = None

    def on_stop(self) -> None:
        self.ctx.log.info("would have traded", fills=self.fills, position=self.position)

    def _is_old(self, quote: Quote) -> bool:
        return self.ctx.now() - quote.ts_init > self.max_age * NANOSECONDS

    def _requote(self, quote: Quote, mid: Decimal) -> None:
        """New quotes around the middle, on the instrument's grid, and never through the market."""
        assert quote.bid_price is not None
        assert quote.ask_price is not None
        lean = mid * self.skew_bps * (self.position / self.size) / BPS
        width = mid * self.half_spread_bps / BPS
        limit = 10 * self.size if self.max_position is None else self.max_position
        instrument = self.ctx.cache.get_instrument(self.instrument)
        if instrument is None:
            return
        step = instrument.tick_size(mid)
        bid = min(instrument.round_price_down(mid - width - lean), quote.ask_price - step)
        ask = max(instrument.round_price_up(mid + width - lean), quote.bid_price + step)
        self.bid = bid if self.position < limit else None
        self.ask = ask if self.position > -limit else None

    def _fill(self, price: Decimal, size: Decimal) -> None:
        self.position += size
        self.cash -= price * size
        self.fills += 1
