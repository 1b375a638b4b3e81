"""move_alert: a strategy as a function. It says in one piece what happens, and waits where it has to."""

from __future__ import annotations

from decimal import Decimal

from livetrio import Context


async def move_alert(ctx: Context, instrument: str, step_bps: Decimal = Decimal(10)) -> None:
    """Log whenever an instrument's mid price has moved by so many hundredths of a percent."""
    last = None
    with ctx.quotes(instrument) as quotes:
        async for quote in quotes:
            mid = quote.mid_price
            if mid is None:
                continue
            if last is None:
                last = mid
            move = (mid / last - 1) * 10_000
            if abs(move) >= step_bps:
                ctx.log.info("moved", instrument=instrument, mid=mid, move_bps=round(move, 1))
                last = mid
