"""work_order: a strategy as a function that works one order to its end, and then is done."""

from __future__ import annotations

from decimal import Decimal

import trio

from livetrio import Context
from livetrio.model import Order, OrderSide


async def work_order(
    ctx: Context, instrument: str, side: OrderSide, quantity: Decimal, patience: float = 60
) -> None:
    """Rest at the best price of the own side for so many seconds; then take what is missing.

    Whatever ends the block of `ctx.working`, the order is canceled and its end waited for. So what it has
    filled is final afterwards, and nothing is bought twice.
    """
    orders: list[Order] = []
    with trio.move_on_after(patience), ctx.quotes(instrument) as quotes:
        async for _ in quotes:
            price = touch(ctx, instrument, side)
            if price is None:
                continue
            missing = quantity - filled(orders)
            order = ctx.submit_order(instrument, side, missing, price=price, post_only=True)
            orders.append(order)
            async with ctx.working(order):
                while order.is_working and touch(ctx, instrument, side) == price:
                    await quotes.receive()
            if filled(orders) == quantity:
                break
    if filled(orders) < quantity:
        order = ctx.submit_order(instrument, side, quantity - filled(orders))
        orders.append(order)
        await ctx.wait_closed(order)
    ctx.log.info("worked", instrument=instrument, side=side.value, filled=filled(orders), wanted=quantity)


def touch(ctx: Context, instrument: str, side: OrderSide) -> Decimal | None:
    """The best price of this side now, which may be newer than the quote that was read last."""
    quote = ctx.cache.get_quote(instrument)
    if quote is None:
        return None
    return quote.bid_price if side is OrderSide.BUY else quote.ask_price


def filled(orders: list[Order]) -> Decimal:
    """What they have traded together."""
    return sum((order.filled_quantity for order in orders), Decimal(0))
