"""MarketPrice: what an instrument costs, with its age, for those who must not act on an old price."""

from __future__ import annotations

from decimal import Decimal

import attrs

from livetrio.cache import Cache
from livetrio.model import InstrumentId, Order, OrderSide

MILLISECOND = 1_000_000


@attrs.frozen
class MarketPrice:
    """What an instrument costs now."""

    price: Decimal
    """The middle of the quote, or the venue's mark price."""
    bid: Decimal
    """As `price` where it is the mark."""
    ask: Decimal

    def touch(self, side: OrderSide) -> Decimal:
        """What an order that does not wait would be filled at, as far as the best price goes."""
        return self.ask if side is OrderSide.BUY else self.bid


def find_fresh_price(cache: Cache, instrument: InstrumentId, now: int, max_age_ms: int) -> MarketPrice | str:
    """The price to judge an order by, or in words why there is none.

    The middle of the quote; where it is old or one-sided, the mark price.
    """
    ages = []
    quote = cache.get_quote(instrument)
    if quote is not None and quote.bid_price is not None and quote.ask_price is not None:
        ages.append(now - quote.ts_init)
        if ages[0] <= max_age_ms * MILLISECOND:
            return MarketPrice((quote.bid_price + quote.ask_price) / 2, quote.bid_price, quote.ask_price)
    context = cache.get_context(instrument)
    if context is not None:
        ages.append(now - context.ts_init)
        if ages[-1] <= max_age_ms * MILLISECOND:
            return MarketPrice(context.mark_price, context.mark_price, context.mark_price)
    if not ages:
        return f"no price of {instrument} is known: subscribe to its quotes or its context"
    age = min(ages) / MILLISECOND / 1000
    return f"the last price of {instrument} is {age:.1f} s old, the limit is {max_age_ms / 1000:g} s"


def find_touch(cache: Cache, order: Order, now: int) -> tuple[Decimal, Decimal] | None:
    """Bid and ask, to find a market order's worst price from; None where nobody knows them.

    For what only closes a position the position's mark will do where there is no fresh quote: it is a limit
    there, and one that is somewhat off is better than a position that cannot be closed.
    """
    touch = cache.get_bid_ask(order.instrument_id, now=now)
    if touch is None and order.reduce_only:
        position = cache.get_position(order.instrument_id)
        if position is not None and position.mark_price:
            return position.mark_price, position.mark_price
    return touch


def find_known_price(cache: Cache, instrument: InstrumentId) -> Decimal | None:
    """The last price that is known, however old: to count by, not to trade by."""
    mid = cache.get_mid_price(instrument)
    if mid is not None:
        return mid
    context = cache.get_context(instrument)
    if context is not None:
        return context.mark_price
    position = cache.get_position(instrument)
    if position is None:
        return None
    return position.entry_price if position.mark_price is None else position.mark_price
