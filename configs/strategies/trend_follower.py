"""TrendFollower: holds what rises and is short of what falls, with a stop order at the venue.

It goes by bars: when the average of the last few closing prices crosses that of more of them, it turns its
position round. Each position is guarded by a stop order, which rests at the venue and so works even while
this program does not. A position without one is closed at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

import attrs

from livetrio import Strategy
from livetrio.model import Bar, Instrument, Order, OrderEvent, OrderSide, OrderStatus, OrderType

BPS = Decimal(10_000)


@attrs.define
class TrendFollower(Strategy):
    """Follows one instrument."""

    instrument: str
    size: Decimal
    """Of each position, in the base currency."""
    interval: str = "1m"
    """Of the bars."""
    fast: int = 5
    slow: int = attrs.field(default=20)
    """Bars in the shorter and in the longer average."""
    stop_bps: Decimal = Decimal(50)
    """From the price at which it traded to the stop."""
    trend: int = attrs.field(init=False, default=0)
    """Where it goes: 1 up, -1 down, 0 not known yet."""
    stop: Order | None = attrs.field(init=False, default=None)
    """What guards the position."""
    _closes: deque[Decimal] = attrs.field(init=False, factory=deque)

    @slow.validator
    def _is_slower(self, _: object, slow: int) -> None:
        if not 0 < self.fast < slow:
            raise ValueError(
                f"slow: expected more bars than fast ({self.fast}), which has one at least, found {slow}"
            )

    def on_start(self) -> None:
        self._closes = deque(maxlen=self.slow)
        self.ctx.subscribe_bars(self.instrument, self.interval)
        self.ctx.subscribe_quotes(self.instrument)  # an order is checked against a price that is fresh

    async def on_bar(self, bar: Bar) -> None:
        self._closes.append(bar.close)
        if not self.ctx.is_open(self.instrument):
            return
        trend = trend_of(self._closes, self.fast, self.slow)
        held = self.ctx.position(self.instrument)
        if trend not in (0, self.trend):
            await self._hold(trend * self.size)
            if self.ctx.position(self.instrument) * trend > 0:  # else it tries again with the next bar
                self.trend = trend
        elif held and self.stop is None:  # of an earlier run, or it could not be closed before
            await self._hold(Decimal(0))

    async def on_order(self, event: OrderEvent) -> None:
        stop = self.stop
        if event.order is stop and stop.is_closed and stop.status is not OrderStatus.FILLED:
            self.ctx.log.error("no stop, so no position", status=stop.status.value, reason=stop.reason)
            await self._hold(Decimal(0))

    async def on_stop(self) -> None:
        await self._hold(Decimal(0))

    async def _hold(self, target: Decimal) -> None:
        """Trade until so much is held, and guard it."""
        stop, self.stop = self.stop, None
        if stop is not None and stop.is_working:
            self.ctx.cancel_order(stop)
            await self.ctx.wait_closed(stop)  # only now is it sure whether it was filled
        missing = target - self.ctx.position(self.instrument)
        if missing:
            side = OrderSide.BUY if missing > 0 else OrderSide.SELL
            order = self.ctx.submit_order(self.instrument, side, abs(missing), reduce_only=not target)
            await self.ctx.wait_closed(order)
            self.ctx.log.info("traded", side=side.value, price=order.average_price, status=order.status.value)
            self._guard(order)

    def _guard(self, order: Order) -> None:
        """Let a stop order rest behind the position that an order has led to, or has failed to change."""
        held = self.ctx.position(self.instrument)
        price = order.average_price
        if price is None and self._closes:
            price = self._closes[-1]
        if held and price is not None:
            instrument = self.ctx.instrument(self.instrument)
            self.stop = self.ctx.submit_order(
                self.instrument,
                OrderSide.SELL if held > 0 else OrderSide.BUY,
                abs(held),
                order_type=OrderType.STOP_MARKET,
                trigger_price=stop_price(instrument, price, held, self.stop_bps),
                reduce_only=True,
            )


def trend_of(closes: Sequence[Decimal], fast: int, slow: int) -> int:
    """Whether the average of the last few prices is above (1) or below (-1) that of more of them.

    Without as many as the longer average needs, nobody knows: 0.
    """
    if len(closes) < slow:
        return 0
    last = list(closes)[-slow:]
    difference = sum(last[-fast:]) * slow - sum(last) * fast
    return (difference > 0) - (difference < 0)


def stop_price(instrument: Instrument, price: Decimal, held: Decimal, stop_bps: Decimal) -> Decimal:
    """Where to stop a position that was traded at a price: on the losing side of it, on the grid."""
    distance = price * stop_bps / BPS
    if held > 0:
        return instrument.round_price_down(price - distance)
    return instrument.round_price_up(price + distance)
