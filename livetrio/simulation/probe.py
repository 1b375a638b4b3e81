"""Probe: does an engine trade? An order of the world's own, which can only rest and is then canceled.

A strategy may have reasons to do nothing, so that the world does not wait for one. The order is as small as
the venue takes and far below the market. Where limits refuse it, or there is no price to go by, nothing is
found out and nothing is held against the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import trio

from livetrio.app.engine import LiveTradingEngine
from livetrio.model import Instrument, Order, OrderSide, SubmitOrder

BELOW = Decimal("0.97")
"""Of the bid: inside the usual price collar, and seldom reached while the order rests."""

ENOUGH = Decimal("1.2")
"""Times the least that the venue takes."""


async def probe(
    engine: LiveTradingEngine, limit: float, tell: Callable[[Order], None] = lambda _: None
) -> str | None:
    """Let an order rest and cancel it; what did not come within so many seconds, or None.

    Args:
      tell: hears which order that is.
    """
    desk = engine.desk
    command = _make_command(engine)
    if desk is None or command is None:
        return None
    order = desk.execution.submit_order(command)
    tell(order)
    name = f"order {order.client_order_id}, which the world had it place,"
    with trio.move_on_after(limit):
        while order.is_inflight:
            await desk.tracker.progress().wait()
    if order.is_inflight:
        return f"{name} is {order.status.value} after {limit:g} s"
    if order.is_working:
        desk.execution.cancel_order(order.client_order_id)
        with trio.move_on_after(limit):
            await desk.tracker.closed_event(order).wait()
    return None if order.is_closed else f"{name} cannot be canceled: {_describe(order)}"


def _make_command(engine: LiveTradingEngine) -> SubmitOrder | None:
    for instrument in engine.cache.get_all_instruments():
        quote = engine.cache.get_quote(instrument.instrument_id)
        if quote is not None and quote.bid_price is not None and instrument.is_active:
            return _command(instrument, quote.bid_price)
    return None


def _command(instrument: Instrument, bid: Decimal) -> SubmitOrder:
    price = instrument.round_price_down(bid * BELOW)
    size = instrument.round_size_down(instrument.min_notional * ENOUGH / price) + instrument.size_step
    return SubmitOrder(
        instrument_id=instrument.instrument_id,
        side=OrderSide.BUY,
        quantity=size,
        price=price,
        post_only=True,
    )


def _describe(order: Order) -> str:
    return f"{order.status.value} {order.reason or ''}".rstrip()
