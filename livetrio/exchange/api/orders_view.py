"""Orders as the wire has them: of one kind for programs, and of one with more for people (§2.5, §4.6-4.8).

An order that waits for a price says so as long as it is told of, also after the price has come: that it has
is what its status says.
"""

from __future__ import annotations

from typing import Any

from livetrio.exchange.api.texts import px_text, side_text, sz_text
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import OrderUpdate
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.order import Order, Tif, Trigger
from livetrio.exchange.chain.units import wire_units

View = dict[str, Any]

_MARKET = (Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET)


def order_view(order: Order, sz: int) -> View:
    """An entry of ``openOrders``: ``cloid`` and ``reduceOnly`` are there only if there is something to say.

    Args:
      order: whose.
      sz: what is left of it, at the moment that is told of.
    """
    instrument = order.instrument
    view: View = {
        "coin": instrument.coin,
        "limitPx": px_text(instrument, order.px),
        "oid": order.oid,
        "side": side_text(order.is_buy),
        "sz": sz_text(instrument, sz),
        "timestamp": order.timestamp,
        "origSz": sz_text(instrument, order.orig_sz),
    }
    _add_options(view, order)
    return view


def update_view(update: OrderUpdate) -> View:
    """An entry of ``orderUpdates`` (§2.5): the fields of an open order, in another order."""
    order = update.order
    instrument = order.instrument
    view: View = {
        "coin": instrument.coin,
        "side": side_text(order.is_buy),
        "limitPx": px_text(instrument, order.px),
        "sz": sz_text(instrument, update.sz),
        "oid": order.oid,
        "timestamp": order.timestamp,
        "origSz": sz_text(instrument, order.orig_sz),
    }
    _add_options(view, order)
    return {"order": view, "status": update.status.value, "statusTimestamp": update.time}


def _add_options(view: View, order: Order) -> None:
    if order.cloid is not None:
        view["cloid"] = order.cloid
    if order.reduce_only:
        view["reduceOnly"] = True


def frontend_view(order: Order, sz: int) -> View:
    """An entry of ``frontendOpenOrders``, in the order of the docs page *info-endpoint* (2026-08-22)."""
    instrument, trigger = order.instrument, order.trigger
    is_trigger = trigger is not None
    return {
        "coin": instrument.coin,
        "side": side_text(order.is_buy),
        "limitPx": px_text(instrument, order.px),
        "sz": sz_text(instrument, sz),
        "oid": order.oid,
        "timestamp": order.timestamp,
        "triggerCondition": "N/A" if trigger is None else _condition(order, trigger),
        "isTrigger": is_trigger,
        "triggerPx": px_text(instrument, 0 if trigger is None else trigger.px),
        "children": [frontend_view(child, child.sz) for child in order.children if _waits_for(child, order)],
        "isPositionTpsl": order.is_position_tpsl,
        "reduceOnly": order.reduce_only,
        "orderType": _kind(order),
        "origSz": sz_text(instrument, order.orig_sz),
        "tif": None if is_trigger else order.tif.value,
        "cloid": order.cloid,
    }


def _condition(order: Order, trigger: Trigger) -> str:
    """Prose, the price without ``.0`` [captured on mainnet, 2026-07-25: ``Price below 63515``]."""
    direction = "above" if trigger.is_take_profit != order.is_buy else "below"
    return f"Price {direction} {wire_units(trigger.px, order.instrument.px_decimals)}"


def _kind(order: Order) -> str:
    trigger = order.trigger
    if trigger is None:
        return "Market" if order.tif in _MARKET else "Limit"
    kind = "Take Profit" if trigger.is_take_profit else "Stop"
    return f"{kind} {'Market' if trigger.is_market else 'Limit'}"


def _waits_for(child: Order, parent: Order) -> bool:
    """Whether a take-profit or stop stands under its parent still, and not for itself (§7.3)."""
    alive = parent.account.orders
    return child.oid in alive and parent.oid in alive


def status_view(update: OrderUpdate) -> View:
    """An entry of ``historicalOrders``, and what ``orderStatus`` has in ``order`` (§4.7, §4.8)."""
    return {
        "order": frontend_view(update.order, update.sz),
        "status": update.status.value,
        "statusTimestamp": update.time,
    }


def order_status(order: Order | None) -> View:
    """The whole answer to ``orderStatus``, of an order that was found or not."""
    if order is None:
        return {"status": "unknownOid"}
    news = OrderUpdate(order, order.status, order.status_time, order.sz)
    return {"status": "order", "order": status_view(news)}


def open_orders(ledger: Ledger, account: Account) -> list[View]:
    """All open orders, the oldest first; those that wait for a parent are not among them."""
    return [order_view(order, order.sz) for order in _own(account)]


def frontend_orders(ledger: Ledger, account: Account) -> list[View]:
    """All open orders with all that is known of them; those that wait for a parent stand under it."""
    return [frontend_view(order, order.sz) for order in _own(account)]


def _own(account: Account) -> list[Order]:
    orders = account.orders
    return [order for order in orders.values() if order.parent is None or order.parent.oid not in orders]
