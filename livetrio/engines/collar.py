"""Collar: holds the prices of orders to that of the market, which must be fresh."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from livetrio.cache import Cache
from livetrio.engines.market_price import MarketPrice, find_fresh_price
from livetrio.engines.risk_config import RiskConfig
from livetrio.engines.wish import Wish
from livetrio.model import InstrumentId, Order, OrderType

BPS = Decimal(10_000)

_STOPS = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)


class Collar:
    """Of one account; instruments and strategies may have one of their own."""

    def __init__(self, config: RiskConfig, cache: Cache, *, now: Callable[[], int]) -> None:
        """``now``: UTC nanoseconds."""
        self._config = config
        self._cache = cache
        self._now = now

    def find_price(self, instrument: InstrumentId) -> MarketPrice | str:
        """What an instrument costs now, or in words why that is not known."""
        limits = self._config.instruments.get(instrument)
        age = None if limits is None else limits.max_price_age_ms
        return find_fresh_price(self._cache, instrument, self._now(), age or self._config.max_price_age_ms)

    def refuse(self, wish: Wish, market: MarketPrice) -> str | None:
        """In words why its price is too far beyond the market, or None: it is not."""
        order, price = wish.order, wish.price
        if price is None or not order.order_type.has_limit:
            return None
        reference, words = market.price, "the market at"
        if order.order_type.has_trigger:
            trigger = wish.trigger_price or price
            if not _is_reached(wish, trigger, market.price):
                reference, words = trigger, "its trigger price"
        worse = (price - reference) * order.side.sign
        if worse <= 0:
            return None
        most = self._most(order)
        beyond = worse / reference * BPS
        if beyond <= most:
            return None
        return f"its price {price:f} is {beyond:.0f} bps beyond {words} {reference:f}, the limit is {most:f}"

    def _most(self, order: Order) -> Decimal:
        """How far beyond the market its price may be, basis points."""
        config = self._config
        narrower = [
            limits.price_collar_bps
            for limits in (
                config.instruments.get(order.instrument_id),
                None if order.strategy is None else config.strategies.get(order.strategy),
            )
            if limits is not None and limits.price_collar_bps is not None
        ]
        return min(narrower, default=config.price_collar_bps)


def _is_reached(wish: Wish, trigger: Decimal, market: Decimal) -> bool:
    """Whether it would be set off at once, and so be an order like others.

    A stop is set off when the market has gone against who holds what it closes, up for one that buys; a
    take-profit when it has gone the other way.
    """
    if wish.trigger_price is None:
        return False
    ahead = (market - trigger) * wish.order.side.sign
    return ahead > 0 if wish.order.order_type in _STOPS else ahead < 0
