"""Placing: an order that is asked for becomes an order, or is refused in the venue's words.

Every order gets a number of its own, those that are refused too (§4.7, captured 2026-07-25: a post-only
order that never rested had one), and its owner hears of both ends. The texts are those of §5.9; where the
page has none for a case, the text is this exchange's own and stands in `TEXTS` with that remark.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import SpotPair
from livetrio.exchange.chain.margin import can_place
from livetrio.exchange.chain.matching import enter, reducible, rest, settle_children, take
from livetrio.exchange.chain.order import Builder, NewOrder, Order, Status, Tif
from livetrio.exchange.chain.units import format_units, is_on_tick, wire_units

MIN_NOTIONAL = 10
"""USD, or units of the quote token (§5.7)."""

MAX_OPEN_ORDERS = 1_000
"""And one more for each 5 million USD of volume, up to 5000 (§1.3)."""

_TAKERS = (Tif.IOC, Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET)

TEXTS: Mapping[Status, str] = {
    Status.TICK_REJECTED: "Price must be divisible by tick size.",
    Status.MIN_TRADE_NTL_REJECTED: "Order must have minimum value of ${minimum}.",
    Status.PERP_MARGIN_REJECTED: "Insufficient margin to place order.",
    Status.REDUCE_ONLY_REJECTED: "Reduce only order would increase position.",
    Status.BAD_ALO_PX_REJECTED: "Post only order would have immediately matched, bbo was {bid}@{ask}.",
    Status.IOC_CANCEL_REJECTED: "Order could not immediately match against any resting orders.",
    Status.BAD_TRIGGER_PX_REJECTED: "Invalid TP/SL price.",
    Status.MARKET_ORDER_NO_LIQUIDITY_REJECTED: "No liquidity available for market order.",
    Status.INSUFFICIENT_SPOT_BALANCE_REJECTED: "Insufficient spot balance",
    Status.TOO_MANY_OPEN_ORDERS_REJECTED: "Too many open orders.",  # ours
}


class Placement(msgspec.Struct, frozen=True):
    """What became of an order in the transaction that placed it."""

    order: Order
    error: str | None = None
    """Why it was refused."""
    filled: int = 0
    ntl: int = 0
    """Price × size of what was filled."""
    waits: str | None = None
    """``waitingForFill`` or ``waitingForTrigger``, for the children of another order (§5.8)."""

    def as_wire(self) -> object:
        """The entry in ``statuses`` (§5.8)."""
        if self.error is not None:
            return {"error": self.error}
        if self.waits is not None:
            return self.waits
        order = self.order
        entry: dict[str, object] = {}
        if self.filled:
            instrument = order.instrument
            entry["totalSz"] = format_units(self.filled, instrument.sz_decimals)
            entry["avgPx"] = average_price(self.ntl, self.filled, instrument.px_decimals)
        entry["oid"] = order.oid
        if order.cloid is not None:
            entry["cloid"] = order.cloid
        return {"filled" if self.filled else "resting": entry}


def average_price(ntl: int, sz: int, px_decimals: int) -> str:
    """A mean price, to two decimals more than the grid has."""
    return format_units((ntl * 100 + sz // 2) // sz, px_decimals + 2)


def place(ledger: Ledger, account: Account, new: NewOrder, builder: Builder | None = None) -> Placement:
    """Place one order: refuse it, or match it, and let rest what may."""
    order = make_order(ledger, account, new, builder)
    fault = None if account.is_house else _fault(ledger, order)
    if fault is not None:
        return refuse(ledger, order, fault)
    if new.trigger is not None:
        _announce(ledger, order)
        enter(ledger, order)
        ledger.triggers[new.instrument.asset][order.oid] = order
        return Placement(order)
    return execute(ledger, order)


def place_child(ledger: Ledger, account: Account, new: NewOrder, parent: Order) -> Placement:
    """Place a take-profit or stop that comes to life when its parent is filled."""
    order = make_order(ledger, account, new, None)
    order.parent = parent
    fault = _child_fault(order)
    if fault is not None:
        return refuse(ledger, order, fault)
    parent.children.append(order)
    _announce(ledger, order)
    enter(ledger, order)
    if parent.oid in ledger.orders:
        return Placement(order, waits="waitingForFill")
    settle_children(ledger, parent)
    if order.oid not in ledger.orders:
        return Placement(order, error=f"Parent order was not filled. asset={new.instrument.asset}")  # ours
    return Placement(order, waits="waitingForTrigger")


def execute(ledger: Ledger, order: Order) -> Placement:
    """Match an order that was found to be good, and let rest what may."""
    instrument = order.instrument
    book = ledger.books[instrument.asset]
    matches = book.would_match(order.px, is_buy=order.is_buy)
    if order.tif is Tif.ALO:
        if matches:
            return refuse(ledger, order, Status.BAD_ALO_PX_REJECTED)
    elif order.tif in _TAKERS and not matches:
        no_liquidity = order.tif is not Tif.IOC
        return refuse(
            ledger,
            order,
            Status.MARKET_ORDER_NO_LIQUIDITY_REJECTED if no_liquidity else Status.IOC_CANCEL_REJECTED,
        )
    _announce(ledger, order)
    filled = ntl = 0
    if matches:
        filled, ntl = take(ledger, order)
    if order.status is Status.MARGIN_CANCELED:
        error = None if filled else explain(ledger, order, Status.PERP_MARGIN_REJECTED)
        return Placement(order, error, filled, ntl)
    if not order.sz:
        ledger.update(order, Status.FILLED)
    elif order.tif in _TAKERS:
        if not filled:  # all that it met was its own, or could not pay
            return refuse(ledger, order, Status.IOC_CANCEL_REJECTED)
        ledger.update(order, Status.CANCELED)
    elif order.reduce_only and not reducible(order):
        ledger.update(order, Status.REDUCE_ONLY_CANCELED)
    else:
        if filled:
            ledger.update(order, Status.OPEN)
        rest(ledger, order)
    return Placement(order, None, filled, ntl)


def make_order(ledger: Ledger, account: Account, new: NewOrder, builder: Builder | None) -> Order:
    """An order with its number; it is in no book yet."""
    order = Order(
        oid=ledger.take_oid(),
        account=account,
        instrument=new.instrument,
        is_buy=new.is_buy,
        px=new.px,
        sz=new.sz,
        orig_sz=new.sz,
        tif=new.tif,
        reduce_only=new.reduce_only,
        cloid=new.cloid,
        timestamp=ledger.time,
        trigger=new.trigger,
        builder=builder,
    )
    if new.cloid is not None:
        known = account.by_cloid.get(new.cloid)
        if known is None or known.oid not in account.orders:  # a refused copy must not hide a live order
            account.by_cloid[new.cloid] = order
    return order


def refuse(ledger: Ledger, order: Order, status: Status) -> Placement:
    """An order ends before it began; its owner hears of it as of any other."""
    ledger.update(order, status)
    return Placement(order, error=explain(ledger, order, status))


def explain(ledger: Ledger, order: Order, status: Status) -> str:
    """The venue's words, with its ``asset=N`` at the end (§5.8)."""
    instrument = order.instrument
    text = TEXTS[status]
    if status is Status.BAD_ALO_PX_REJECTED:
        book = ledger.books[instrument.asset]
        prices = (wire_units(px or 0, instrument.px_decimals) for px in (book.best_bid, book.best_ask))
        text = text.format(bid=next(prices), ask=next(prices))
    elif status is Status.MIN_TRADE_NTL_REJECTED:
        if isinstance(instrument, SpotPair):
            text = f"Order must have minimum value of {MIN_NOTIONAL} {instrument.quote.name}."
        else:
            text = text.format(minimum=MIN_NOTIONAL)
    return f"{text} asset={instrument.asset}"


def _announce(ledger: Ledger, order: Order) -> None:
    """An order that passed: its owner hears ``open`` first, also if it fills at once (§2.5)."""
    if not order.account.is_house:
        ledger.update(order, Status.OPEN)


def _child_fault(order: Order) -> Status | None:
    """Why a child is refused before its parent has been filled."""
    if not _is_on_grid(order):
        return Status.TICK_REJECTED
    if order.px * order.sz < _minimum(order):
        return Status.MIN_TRADE_NTL_REJECTED
    return Status.TOO_MANY_OPEN_ORDERS_REJECTED if len(order.account.orders) >= MAX_OPEN_ORDERS else None


def _is_on_grid(order: Order) -> bool:
    prices = [order.px] if order.trigger is None else [order.px, order.trigger.px]
    return all(is_on_tick(px, order.instrument.px_decimals) for px in prices)


def _fault(ledger: Ledger, order: Order) -> Status | None:
    """Why an order is refused before it meets the book."""
    instrument, account, trigger = order.instrument, order.account, order.trigger
    if not _is_on_grid(order):
        return Status.TICK_REJECTED
    if order.px * order.sz < _minimum(order) and not _closes_all(order):
        return Status.MIN_TRADE_NTL_REJECTED
    if len(account.orders) >= MAX_OPEN_ORDERS:
        limit = min(5_000, MAX_OPEN_ORDERS + account.volume // (5_000_000 * 10**6))
        if len(account.orders) >= limit or order.reduce_only or trigger is not None:
            return Status.TOO_MANY_OPEN_ORDERS_REJECTED
    if order.reduce_only and not reducible(order):
        return Status.REDUCE_ONLY_REJECTED
    if trigger is not None:
        mark = ledger.marks[instrument.asset]
        return Status.BAD_TRIGGER_PX_REJECTED if trigger.fires(mark, is_buy=order.is_buy) else None
    if isinstance(instrument, SpotPair):
        return None if _can_pay(order, instrument) else Status.INSUFFICIENT_SPOT_BALANCE_REJECTED
    if order.reduce_only or can_place(ledger, account, order):
        return None
    return Status.PERP_MARGIN_REJECTED


def _minimum(order: Order) -> int:
    instrument = order.instrument
    return int(MIN_NOTIONAL * 10 ** (instrument.px_decimals + instrument.sz_decimals))


def _closes_all(order: Order) -> bool:
    """A reduce-only order for the whole position may be as small as that is (§5.7)."""
    return order.reduce_only and 0 < reducible(order) <= order.sz


def _can_pay(order: Order, pair: SpotPair) -> bool:
    """Whether a spot balance, less what open orders hold, covers an order at its limit price."""
    account = order.account
    if order.is_buy:
        token, amount = pair.quote.index, order.px * order.sz * pair.quote_scale
    else:
        token, amount = pair.base.index, order.sz * pair.base_scale
    return amount <= account.balances.get(token, 0) - account.holds.get(token, 0)
