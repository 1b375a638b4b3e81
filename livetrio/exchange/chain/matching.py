"""Matching: an order meets the book, in price-time priority, and orders come to their end.

What the venue does beyond that (§5.12, docs page *order-book*, 2026-08-22):

- an order never trades with one of the same account: the resting one is canceled and the taker goes on;
- a reduce-only order trades no more than what is left of the position, on either side;
- the margin of a resting order's account is checked again when it is matched; where it does not suffice the
  order is canceled and the taker goes on;
- reduce-only orders in the book take no more than the position together: a new one drives out the older ones
  that are too much (the page is not sure whether the older or the excess goes);
- when a position is gone, or has turned, the reduce-only orders that could only increase it are canceled.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.margin import can_fill
from livetrio.exchange.chain.order import Order, Status
from livetrio.exchange.chain.reserves import reserve
from livetrio.exchange.chain.settlement import settle


def take(ledger: Ledger, order: Order) -> tuple[int, int]:
    """Match an order that is not in the book for as long as anybody meets its price.

    Returns what was filled, as size and price × size.
    """
    instrument = order.instrument
    side = ledger.books[instrument.asset].side(is_buy=not order.is_buy)
    limit = order.px if order.is_buy else -order.px
    filled = ntl = 0
    while order.sz:
        maker = side.first()
        if maker is None or (maker.px if order.is_buy else -maker.px) > limit:
            break
        if maker.account is order.account:
            end(ledger, maker, Status.SELF_TRADE_CANCELED)
            continue
        sz = order.sz if order.sz < maker.sz else maker.sz
        if maker.reduce_only:
            sz = min(sz, reducible(maker))
            if not sz:
                end(ledger, maker, Status.REDUCE_ONLY_CANCELED)
                continue
        if order.reduce_only:
            sz = min(sz, reducible(order))
            if not sz:
                break
        if instrument.is_perp and not maker.account.is_house and not can_fill(ledger, maker, sz):
            end(ledger, maker, Status.MARGIN_CANCELED)
            continue
        if instrument.is_perp and not _can_take(ledger, order, sz, maker.px):
            ledger.update(order, Status.MARGIN_CANCELED)
            break
        settle(ledger, order, maker, sz)
        filled += sz
        ntl += sz * maker.px
        if not maker.sz:
            _finish(ledger, maker, Status.FILLED)
        if not maker.account.is_house:
            _follow_fill(ledger, maker)
        if not order.account.is_house:
            _follow_fill(ledger, order)
    return filled, ntl


def _can_take(ledger: Ledger, order: Order, sz: int, px: int) -> bool:
    """The same for who takes: he may lose much at once against the mark price. Liquidations have a limit."""
    account = order.account
    return account.is_house or ledger.liquidating is account or can_fill(ledger, order, sz, px)


def reducible(order: Order) -> int:
    """How much of the account's position an order can still take away."""
    position = order.account.positions.get(order.instrument.asset)
    szi = 0 if position is None else position.szi
    return max(-szi if order.is_buy else szi, 0)


def rest(ledger: Ledger, order: Order) -> None:
    """Let an order stand in the book; on spot the account's balance answers for it from now on."""
    ledger.books[order.instrument.asset].add(order)
    ledger.traded.add(order.instrument.asset)
    enter(ledger, order)
    reserve(order, order.sz)
    if order.reduce_only:
        _drive_out_reducers(ledger, order)


def enter(ledger: Ledger, order: Order) -> None:
    """An order is alive from now on, whether it rests or waits."""
    if order.cloid is not None:
        order.account.by_cloid[order.cloid] = order
    ledger.orders[order.oid] = order
    order.account.orders[order.oid] = order
    order.account.reducers += order.reduce_only


def end(ledger: Ledger, order: Order, status: Status) -> None:
    """An order that is alive ends without being filled; its children with it."""
    asset = order.instrument.asset
    if order.is_resting:
        ledger.books[asset].remove(order)
        ledger.traded.add(asset)
        reserve(order, -order.sz)
    else:
        ledger.triggers[asset].pop(order.oid, None)
    _finish(ledger, order, status)


def leave(ledger: Ledger, order: Order) -> None:
    """The opposite of `enter`."""
    if ledger.orders.pop(order.oid, None) is not None:
        del order.account.orders[order.oid]
        order.account.reducers -= order.reduce_only


def _finish(ledger: Ledger, order: Order, status: Status) -> None:
    """An order is alive no more, wherever it was; its children come to life or go with it."""
    leave(ledger, order)
    ledger.update(order, status)
    if order.children:
        settle_children(ledger, order)


def settle_children(ledger: Ledger, parent: Order) -> None:
    """A parent has ended: its children wait for their prices now, or are canceled.

    They live if it was filled, or was filled in part and then canceled for want of margin (§5.3).
    """
    lives = parent.status is Status.FILLED or (parent.status is Status.MARGIN_CANCELED and parent.filled > 0)
    for child in parent.children:
        if child.status.is_live and child.oid in ledger.orders:
            if lives:
                ledger.triggers[child.instrument.asset][child.oid] = child
                ledger.awakened.add(child.instrument.asset)
            else:
                end(ledger, child, Status.CANCELED)


def _follow_fill(ledger: Ledger, order: Order) -> None:
    """After each fill of an account: what it makes impossible ends."""
    if order.parent is not None:
        for sibling in order.parent.children:
            if sibling is not order and sibling.oid in ledger.orders:
                end(ledger, sibling, Status.SIBLING_FILLED_CANCELED)
    account, asset = order.account, order.instrument.asset
    if account.reducers and order.instrument.is_perp:
        position = account.positions[asset]
        if position.szi == 0 or (position.szi > 0) == order.is_buy:
            _cancel_idle_reducers(ledger, account, asset, position.szi)


def _cancel_idle_reducers(ledger: Ledger, account: Account, asset: int, szi: int) -> None:
    """Cancel the reduce-only orders that would not reduce a position of this size."""
    idle = [
        each
        for each in account.orders.values()
        if each.reduce_only
        and each.instrument.asset == asset
        and not _waits_for_parent(ledger, each)
        and (szi == 0 or (szi > 0) == each.is_buy)
    ]
    for each in idle:
        if each.oid in ledger.orders:
            end(ledger, each, Status.REDUCE_ONLY_CANCELED)


def _drive_out_reducers(ledger: Ledger, order: Order) -> None:
    """Cancel the oldest reduce-only orders beside this one until what rests does not exceed the position."""
    older = [
        each
        for each in order.account.orders.values()
        if each.reduce_only
        and each.is_resting
        and each.instrument is order.instrument
        and each.is_buy == order.is_buy
        and each is not order
    ]
    excess = order.sz + sum(each.sz for each in older) - reducible(order)
    for each in older:
        if excess <= 0:
            break
        excess -= each.sz
        end(ledger, each, Status.REDUCE_ONLY_CANCELED)


def _waits_for_parent(ledger: Ledger, order: Order) -> bool:
    return order.waits_for_trigger and order.oid not in ledger.triggers[order.instrument.asset]
