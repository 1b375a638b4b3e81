"""MarketPrice: what an instrument costs, with its age, for those who must not act on an old price."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from livetrio.cache import Cache
from livetrio.model import InstrumentId, OrderSide, venue_of

MILLISECOND = 1_000_000


@attrs.frozen
class MarketPrice:
    """What an instrument costs now."""

    price: Decimal
    """The middle of the quote or of the book, or the venue's mark price."""
    bid: Decimal
    """As `price` where it is the mark."""
    ask: Decimal

    def touch(self, side: OrderSide) -> Decimal:
        """What an order that does not wait would be filled at, as far as the best price goes."""
        return self.ask if side is OrderSide.BUY else self.bid


def find_fresh_price(cache: Cache, instrument: InstrumentId, now: int, max_age_ms: int) -> MarketPrice | str:
    """The price to judge an order by, or in words why there is none.

    The middle of the quote; where it is old or one-sided, that of the order book, then the mark price, then
    the mid price.
    """
    ages = []
    for bid, ask, ts in _find_prices(cache, instrument):
        if bid is not None and ask is not None:
            ages.append(now - ts)
            if ages[-1] <= max_age_ms * MILLISECOND:
                return MarketPrice((bid + ask) / 2, bid, ask)
    if not ages:
        return f"no price of {instrument} is known: subscribe to its quotes, book, context or mids"
    age = min(ages) / MILLISECOND / 1000
    return f"the last price of {instrument} is {age:.1f} s old, the limit is {max_age_ms / 1000:g} s"


def _find_prices(
    cache: Cache, instrument: InstrumentId
) -> Iterator[tuple[Decimal | None, Decimal | None, int]]:
    """Bid, ask and when they came, of each source."""
    quote = cache.get_quote(instrument)
    if quote is not None:
        yield quote.bid_price, quote.ask_price, quote.ts_init
    book = cache.get_book(instrument)
    if book is not None and book.best_bid is not None and book.best_ask is not None:
        yield book.best_bid.price, book.best_ask.price, book.ts_init
    context = cache.get_context(instrument)
    if context is not None:
        yield context.mark_price, context.mark_price, context.ts_init
    mids = cache.get_mids(venue_of(instrument))
    if mids is not None:
        mid = mids.prices.get(instrument)
        yield mid, mid, mids.ts_init


def find_closing_price(cache: Cache, instrument: InstrumentId) -> Decimal | None:
    """From where to find the worst price of what only closes a position, where there is no fresh one.

    It is a limit there, and one that is somewhat off is better than a position that cannot be closed. The
    venue's mark of the position comes with every comparison, and so is seldom old.
    """
    position = cache.get_position(instrument)
    return (None if position is None else position.mark_price) or find_known_price(cache, instrument)


def find_known_price(cache: Cache, instrument: InstrumentId) -> Decimal | None:
    """The last price that is known, however old: to count by, not to trade by."""
    mid = cache.get_mid_price(instrument)
    if mid is not None:
        return mid
    book = cache.get_book(instrument)
    if book is not None and book.mid_price is not None:
        return book.mid_price
    context = cache.get_context(instrument)
    if context is not None:
        return context.mark_price
    position = cache.get_position(instrument)
    if position is None:
        return None
    return position.entry_price if position.mark_price is None else position.mark_price
