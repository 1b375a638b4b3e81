"""OrderRules: which orders Hyperliquid knows, and what to say of the others.

Hyperliquid docs, order-types and exchange-endpoint, 2026-08-22. Its prices and sizes are the instrument's.
"""

from __future__ import annotations

from collections.abc import Callable

from livetrio.model import Instrument, InstrumentKind, OrderType, SubmitOrder, TimeInForce

Rule = Callable[[SubmitOrder, Instrument], bool]

_TRIGGERED_LIMITS = (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)

RULES: tuple[tuple[Rule, str], ...] = (
    (
        lambda order, _: order.time_in_force not in (TimeInForce.GTC, TimeInForce.IOC),
        "it knows the times in force GTC and IOC, and not {order.time_in_force.name}",
    ),
    (
        lambda order, _: order.post_only and order.order_type is OrderType.MARKET,
        "a market order takes, and so cannot be post-only",
    ),
    (
        lambda order, _: order.post_only and order.order_type.has_trigger,
        "a {order.order_type.value} order cannot be post-only there",
    ),
    (
        lambda order, _: order.post_only and order.time_in_force is TimeInForce.IOC,
        "an IOC order never rests, and so cannot be post-only",
    ),
    (
        lambda order, _: order.time_in_force is TimeInForce.IOC and order.order_type in _TRIGGERED_LIMITS,
        "a {order.order_type.value} order rests once it is triggered, and cannot be IOC there",
    ),
    (
        lambda order, instrument: _is_spot(instrument) and order.order_type.has_trigger,
        "it has no {order.order_type.value} orders on spot",
    ),
    (
        lambda order, instrument: _is_spot(instrument) and order.reduce_only,
        "spot has no positions to reduce, so an order cannot be reduce-only",
    ),
    (lambda _, instrument: not instrument.is_active, "it is delisted"),
)
"""What is not possible, each with the words for it; the first that applies is said."""


_judged: dict[object, str | None] = {}
"""What the rules say, by all that they look at: there are some hundred kinds of orders."""


def refusal(order: SubmitOrder, instrument: Instrument) -> str | None:
    """Why the venue would not take such an order, or None."""
    kind = (
        order.order_type,
        order.time_in_force,
        order.post_only,
        order.reduce_only,
        instrument.kind,
        instrument.is_active,
    )
    if kind not in _judged:
        broken = (words.format(order=order) for applies, words in RULES if applies(order, instrument))
        _judged[kind] = next(broken, None)
    words = _judged[kind]
    return None if words is None else f"{instrument.instrument_id}: {words}"


def _is_spot(instrument: Instrument) -> bool:
    return instrument.kind is InstrumentKind.SPOT
